//! In which snapshots a text appeared or disappeared.
//!
//! Like `git log -S`: a snapshot is found if the text is in a changed key, or occurs in the added
//! values another number of times than in the removed ones. There is no index: snapshots are stored
//! as changes, and reading one takes some tens of microseconds.

use std::collections::HashSet;

use flagdeck_core::tree::Tree;
use flagdeck_core::{Patch, fold};
use rusqlite::Connection;

use super::store::{self, Changed, Row};
use crate::state::shapes::Snapshot;
use crate::store::StoreError;

/// Keeps the snapshots in which a text appeared, disappeared, is in a changed key, or is in the
/// label. Returns them with how many could not be searched.
pub(super) fn with_text(
    connection: &Connection,
    rows: Vec<Row>,
    text: &str,
) -> Result<(Vec<Snapshot>, u32), StoreError> {
    let wanted = fold(text);
    let (mut found, mut searched) = (HashSet::new(), 0);
    let mut sorted = rows;
    sorted.sort_by_key(|row| (row.source, row.snapshot.id));
    for source in sorted.chunk_by(|one, next| one.source == next.source) {
        let mut before: Option<Tree> = None;
        for chain in source.chunk_by(|one, next| one.chain == next.chain) {
            before = store::each_change(connection, chain, before.as_ref(), |row, changed| {
                searched += 1;
                if has(changed, &wanted) {
                    found.insert(row.snapshot.id);
                }
            })?;
        }
    }
    let unsearched = sorted.len().saturating_sub(searched);
    let snapshots = sorted.into_iter().map(|row| row.snapshot);
    let found = snapshots.filter(|it| found.contains(&it.id) || is_called(it, &wanted));
    Ok((
        found.collect(),
        u32::try_from(unsearched).unwrap_or(u32::MAX),
    ))
}

fn is_called(snapshot: &Snapshot, wanted: &str) -> bool {
    [&snapshot.name, &snapshot.note]
        .into_iter()
        .flatten()
        .any(|text| fold(text).contains(wanted))
}

fn has(changed: &Changed<'_>, wanted: &str) -> bool {
    match changed {
        Changed::First(state) => count(state, wanted) > 0,
        Changed::Since(patch, before) => patch_has(patch, before, wanted),
    }
}

fn patch_has(patch: &Patch<'_>, before: &Tree, wanted: &str) -> bool {
    let (mut is_key, mut went, mut came) = (false, 0, 0);
    patch.visit(before, |place, old, new| {
        is_key = is_key
            || fold(&place.printed()).contains(wanted)
            || fold(&place.dotted()).contains(wanted);
        went += old.map_or(0, |old| count(old, wanted));
        came += new.map_or(0, |new| count(new, wanted));
    });
    is_key || went != came
}

/// Counts the keys and leaves of a value that have a text.
fn count(value: &Tree, wanted: &str) -> usize {
    let is_in = |text: &str| usize::from(fold(text).contains(wanted));
    match value {
        Tree::Object(members) => members
            .iter()
            .map(|(key, value)| is_in(key) + count(value, wanted))
            .sum(),
        Tree::Array(elements) => elements.iter().map(|value| count(value, wanted)).sum(),
        Tree::String(text) => is_in(text),
        other => usize::from(other.to_string().contains(wanted)),
    }
}
