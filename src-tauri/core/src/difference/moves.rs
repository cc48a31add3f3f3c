//! What went in one place and came in another is not gone: it moved, or was renamed.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Kind, Raw};
use crate::limits::MOVED_BYTES_MIN;
use crate::tree::align::digest;
use crate::tree::{is_larger, same};

/// Joins what went with an equal value that came, if no other could be meant.
pub(super) fn joined(mut changes: Vec<Raw<'_>>) -> Vec<Raw<'_>> {
    let gone = lone(&changes, Kind::Removed, |raw| raw.before);
    let come = lone(&changes, Kind::Added, |raw| raw.after);
    let mut gone_since = HashSet::new();
    for (digest, to) in come {
        let Some(from) = gone.get(&digest).copied() else {
            continue;
        };
        let (Some(before), Some(after)) = (changes[from].before, changes[to].after) else {
            continue;
        };
        if same(before, after) {
            changes[to].kind = Kind::Moved;
            changes[to].before = Some(before);
            changes[to].from = Some(changes[from].place.clone());
            gone_since.insert(from);
        }
    }
    let mut place = 0;
    changes.retain(|_| {
        place += 1;
        !gone_since.contains(&(place - 1))
    });
    changes
}

/// Finds values of a kind of change by their digest; those that are alike are left out.
fn lone<'a>(
    changes: &[Raw<'a>],
    kind: Kind,
    value: impl Fn(&Raw<'a>) -> Option<&'a Value>,
) -> HashMap<u64, usize> {
    let mut found: HashMap<u64, Option<usize>> = HashMap::new();
    for (place, raw) in changes
        .iter()
        .enumerate()
        .filter(|(_, raw)| raw.kind == kind)
    {
        if let Some(value) = value(raw).filter(|value| is_larger(value, MOVED_BYTES_MIN)) {
            let entry = found.entry(digest(value));
            entry
                .and_modify(|place| *place = None)
                .or_insert(Some(place));
        }
    }
    let lone = found.into_iter();
    lone.filter_map(|(digest, place)| Some((digest, place?)))
        .collect()
}
