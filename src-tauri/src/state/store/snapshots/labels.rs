//! Labels of snapshots: name, note and pin.

use rusqlite::{Connection, params};

use super::load;
use crate::state::StateError;
use crate::state::limits::{NAME_CHARS_MAX, NOTE_CHARS_MAX};
use crate::state::shapes::{Snapshot, SnapshotLabel};
use crate::store::StoreError;

/// Changes the label of a snapshot.
pub(in crate::state::store) fn label(
    connection: &Connection,
    id: u64,
    label: &SnapshotLabel,
) -> Result<(), StateError> {
    let mut row = load(connection, id)?;
    apply_label(&mut row.snapshot, label)?;
    let Snapshot {
        name,
        note,
        is_pinned,
        ..
    } = &row.snapshot;
    connection
        .execute(
            "UPDATE snapshot SET name = ?2, note = ?3, pinned = ?4, seal = ?5 WHERE id = ?1",
            params![row.id(), name, note, is_pinned, row.seal()],
        )
        .map_err(StoreError::from)?;
    Ok(())
}

pub(super) fn apply_label(
    snapshot: &mut Snapshot,
    label: &SnapshotLabel,
) -> Result<(), StateError> {
    let bounded = |field, text: &Option<String>, most| match text {
        Some(text) if text.chars().nth(most).is_some() => Err(StateError::Invalid {
            message: format!("the {field} of a snapshot has at most {most} characters"),
        }),
        _ => Ok(()),
    };
    bounded("name", &label.name, NAME_CHARS_MAX)?;
    bounded("note", &label.note, NOTE_CHARS_MAX)?;
    let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(name) = &label.name {
        snapshot.name = said(name);
    }
    if let Some(note) = &label.note {
        snapshot.note = said(note);
    }
    snapshot.is_pinned = label.is_pinned.unwrap_or(snapshot.is_pinned);
    Ok(())
}
