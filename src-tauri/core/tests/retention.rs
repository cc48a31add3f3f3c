//! Which snapshots go: thinned with age, then by size, never a pinned one.

use std::collections::HashSet;

use flagdeck_core::retention::{Kept, Retention};
use proptest::prelude::*;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

fn every_five_minutes(days: i64) -> Vec<Kept> {
    let count = days * 288;
    (0..count)
        .map(|id| Kept {
            id,
            at_ms: id * 5 * MINUTE_MS,
            bytes: 1000,
            is_pinned: false,
        })
        .collect()
}

#[test]
fn snapshots_are_thinned_to_one_an_hour_then_one_a_day() {
    let kept = every_five_minutes(120);
    let now_ms = 120 * DAY_MS;
    let dropped: HashSet<i64> = Retention::default()
        .to_drop(&kept, now_ms)
        .into_iter()
        .collect();
    let left = |from_day: i64, to_day: i64| {
        let is_left = |snapshot: &&Kept| {
            let age_ms = now_ms - snapshot.at_ms;
            age_ms > from_day * DAY_MS
                && age_ms <= to_day * DAY_MS
                && !dropped.contains(&snapshot.id)
        };
        kept.iter().filter(is_left).count()
    };
    assert_eq!(left(0, 15), 15 * 288);
    assert_eq!(left(15, 90), 75 * 24);
    assert_eq!(left(90, 120), 30);
}

#[test]
fn the_oldest_go_where_there_is_no_room() {
    let kept = every_five_minutes(1);
    let retention = Retention {
        bytes_max: 100_000,
        ..Retention::default()
    };
    let dropped = retention.to_drop(&kept, DAY_MS);
    assert_eq!(dropped, (0..188).collect::<Vec<i64>>());
}

proptest! {
    #[test]
    fn no_pinned_one_ever_goes_and_thinning_again_drops_nothing(
        ages in prop::collection::vec((0..900i64, 0..288i64, any::<bool>(), 0..5000u64), 1..200),
        bytes_max in 0..200_000u64,
    ) {
        let now_ms = 1000 * DAY_MS;
        let kept: Vec<Kept> = ages.iter().zip(0..).map(|((days, fives, is_pinned, bytes), id)| Kept {
            id,
            at_ms: now_ms - days * DAY_MS - fives * 5 * MINUTE_MS,
            bytes: *bytes,
            is_pinned: *is_pinned,
        }).collect();
        let retention = Retention { bytes_max, ..Retention::default() };
        let dropped: HashSet<i64> = retention.to_drop(&kept, now_ms).into_iter().collect();
        prop_assert!(kept.iter().all(|snapshot| !snapshot.is_pinned || !dropped.contains(&snapshot.id)));
        let left: Vec<Kept> = kept.into_iter().filter(|snapshot| !dropped.contains(&snapshot.id)).collect();
        prop_assert!(!left.is_empty());
        prop_assert_eq!(retention.to_drop(&left, now_ms), Vec::<i64>::new());
    }
}
