//! Which snapshots to remove: thinned with age, then by size. A pinned one is never removed.
//!
//! A decision over a list; knows neither clock nor disk.

use std::collections::HashSet;

use crate::limits::{
    SNAPSHOTS_ALL_FOR_MS, SNAPSHOTS_BYTES_MAX, SNAPSHOTS_DAILY_FOR_MS, SNAPSHOTS_HOURLY_FOR_MS,
};

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What the decision about a snapshot depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// When it was taken, in milliseconds since 1970.
    pub at_ms: i64,
    /// What it takes on disk.
    pub bytes: u64,
    /// Whether it is always kept: pinned, or named by a person.
    pub is_pinned: bool,
}

/// How long snapshots are kept, and how much room they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Every snapshot is kept until this age.
    pub all_for_ms: i64,
    /// Then the first of every hour, until this age.
    pub hourly_for_ms: i64,
    /// Then the first of every day, until this age.
    pub daily_for_ms: i64,
    /// Beyond this many bytes of one source, the oldest are removed.
    pub bytes_max: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            all_for_ms: SNAPSHOTS_ALL_FOR_MS,
            hourly_for_ms: SNAPSHOTS_HOURLY_FOR_MS,
            daily_for_ms: SNAPSHOTS_DAILY_FOR_MS,
            bytes_max: SNAPSHOTS_BYTES_MAX,
        }
    }
}

impl Retention {
    /// Lists the snapshots of one source to remove at `now_ms`, earliest first.
    ///
    /// `kept` are all there are of it, in any order. The latest is always kept: the next one is
    /// compared with it.
    pub fn to_drop(&self, kept: &[Kept], now_ms: i64) -> Vec<i64> {
        let mut kept = kept.to_vec();
        kept.sort_by_key(|snapshot| (snapshot.at_ms, snapshot.id));
        let latest = kept.iter().map(|snapshot| snapshot.id).max();
        let may_go = |snapshot: &Kept| !snapshot.is_pinned && Some(snapshot.id) != latest;
        let mut spans = HashSet::new();
        let mut dropped = Vec::new();
        kept.retain(|snapshot| {
            let stays = self.stays(snapshot.at_ms, now_ms, &mut spans) || !may_go(snapshot);
            if !stays {
                dropped.push(*snapshot);
            }
            stays
        });
        let mut bytes: u64 = kept.iter().map(|snapshot| snapshot.bytes).sum();
        for snapshot in kept.iter().filter(|snapshot| may_go(snapshot)) {
            if bytes <= self.bytes_max {
                break;
            }
            bytes -= snapshot.bytes;
            dropped.push(*snapshot);
        }
        dropped.sort_by_key(|snapshot| (snapshot.at_ms, snapshot.id));
        dropped.into_iter().map(|snapshot| snapshot.id).collect()
    }

    /// Returns whether a snapshot is kept by its age: all young ones, then the first of each span.
    fn stays(&self, at_ms: i64, now_ms: i64, spans: &mut HashSet<(i64, i64)>) -> bool {
        let age_ms = now_ms.saturating_sub(at_ms);
        let span_ms = match age_ms {
            age if age <= self.all_for_ms => return true,
            age if age <= self.hourly_for_ms => HOUR_MS,
            age if age <= self.daily_for_ms => DAY_MS,
            _ => return false,
        };
        spans.insert((span_ms, at_ms.div_euclid(span_ms)))
    }
}
