//! Restores: what each asks its source to become, and how it ended.
//!
//! [`flagdeck_core::restore`] decides; this keeps. A row says who asked for what, and its status;
//! while it is open, its tree is in `asked`, so that thinning cannot remove it. At most one restore
//! of a source is open: asking for one supersedes it within the same transaction.

mod formats;
mod rows;

use flagdeck_core::restore::{Asked, Parts, Status, Transition, Verdict};
use flagdeck_core::tree::{self, Tree};
use rusqlite::{Connection, OptionalExtension, params};

pub(super) use self::formats::{migrate_restores, seal_restores};
pub(super) use self::rows::{all_damaged, seal_row, status_text};
pub(in crate::state) use self::rows::{all_open, last_id, latest, list, load};
use self::rows::{find, write_keys};
use super::seal::{SEAL_BYTES, mismatch, seal};
use super::sources::Source;
use crate::state::limits::STATE_BYTES_MAX;
use crate::state::shapes::{RestoreStatus, StateRestore};
use crate::state::{Confirmation, StateError};
use crate::store::Actor;
use crate::store::StoreError;
use crate::store::sqlite::write_via;

/// The level of zstd: a restore waits for it.
const PACKING_LEVEL: i32 = 1;

/// A new restore, without its state.
#[derive(Debug)]
pub(in crate::state) struct NewRestore<'a> {
    /// The snapshot it is from.
    pub(in crate::state) snapshot: u64,
    /// When it is asked, in milliseconds since 1970.
    pub(in crate::state) at_ms: i64,
    pub(in crate::state) actor: &'a Actor,
    /// The revision the flags became with it.
    pub(in crate::state) revision: Option<u64>,
    /// The restore that it undoes.
    pub(in crate::state) undoes: Option<u64>,
    /// How many files the source is to have; `None` for as many as it has.
    pub(in crate::state) files: Option<u64>,
}

/// What an open restore asks for.
#[derive(Debug)]
pub(in crate::state) struct OpenRestore {
    pub(in crate::state) restore: StateRestore,
    pub(in crate::state) asked: Asked,
    /// How many files the source is to have; `None` for as many as it has.
    pub(in crate::state) files: Option<u64>,
}

/// How a restore ends.
struct End<'a> {
    status: Status,
    at_ms: i64,
    by: Option<&'a Actor>,
    verdict: Option<Verdict>,
}

/// Asks a source for parts of a state. A restore of it that is open is superseded.
pub(super) fn ask(
    connection: &Connection,
    source: &Source,
    safety: u64,
    new_restore: &NewRestore<'_>,
    asked: &Asked,
) -> Result<u64, StoreError> {
    let at_ms = new_restore.at_ms;
    supersede(connection, source, new_restore.actor, at_ms)?;
    connection.execute(
        "INSERT INTO restore (source, snapshot, safety, at_ms, via, actor, revision, only_parts, \
         except_parts, undoes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            source.id,
            new_restore.snapshot as i64,
            safety as i64,
            at_ms,
            write_via(new_restore.actor.via),
            new_restore.actor.name,
            new_restore.revision.map(|revision| revision as i64),
            write_keys(&asked.parts().only()),
            write_keys(&asked.parts().except()),
            new_restore.undoes.map(|restore| restore as i64),
        ],
    )?;
    let id = connection.last_insert_rowid();
    seal_row(connection, id)?;
    keep_asked(connection, id, new_restore.files, asked)?;
    Ok(id.unsigned_abs())
}

fn supersede(
    connection: &Connection,
    source: &Source,
    actor: &Actor,
    at_ms: i64,
) -> Result<(), StoreError> {
    for restore in rows::open_of(connection, source.id)? {
        if let Some(status) = restore.status.after(Transition::Supersede) {
            let end = End {
                status,
                at_ms,
                by: Some(actor),
                verdict: None,
            };
            write_end(connection, restore.id, &end)?;
        }
    }
    // What a damaged one asked for is not needed any more, either.
    connection.execute(
        "DELETE FROM asked WHERE restore IN (SELECT id FROM restore WHERE source = ?1)",
        [source.id],
    )?;
    Ok(())
}

/// Notes that a source confirms a restore, and what it reported with that. An unknown number, or
/// that of a restore that has ended or is damaged, changes nothing.
pub(super) fn confirm(
    connection: &Connection,
    source: &Source,
    id: u64,
    report: &Tree,
    at_ms: i64,
) -> Result<Confirmation, StateError> {
    let is_asked = |it: &StateRestore| {
        // Whose a damaged one is, is not certain.
        it.status == RestoreStatus::Damaged || it.source == source.name.as_str()
    };
    let Some(restore) = find(connection, id)?.filter(is_asked) else {
        return Ok(Confirmation::unknown(id));
    };
    let Some(status) = restore.status.after(Transition::Confirm) else {
        return Ok(Confirmation::of(&restore));
    };
    let verdict = match open(connection, restore) {
        Ok(open) => Some(open.asked.verdict(report)),
        // A report is never refused, even if what to compare it with is lost.
        Err(StateError::Store(StoreError::Damaged { what })) => {
            tracing::error!(what, "what a restore asks for is damaged");
            None
        }
        Err(error) => return Err(error),
    };
    let end = End {
        status,
        at_ms,
        by: None,
        verdict,
    };
    write_end(connection, id, &end)?;
    Ok(Confirmation::of(&load(connection, id)?))
}

/// Cancels a restore that is open.
pub(super) fn cancel(
    connection: &Connection,
    id: u64,
    actor: &Actor,
    at_ms: i64,
) -> Result<StateRestore, StateError> {
    let restore = load(connection, id)?;
    let status = restore.status.after(Transition::Cancel);
    let status = status.ok_or_else(|| StateError::ended(&restore))?;
    let end = End {
        status,
        at_ms,
        by: Some(actor),
        verdict: None,
    };
    write_end(connection, id, &end)?;
    load(connection, id)
}

/// Removes a damaged restore. Its number is given to no other one.
///
/// # Errors
/// [`StateError::NotFound`] if there is none of that number, [`StateError::SoundRestore`] if it is
/// not damaged.
pub(super) fn remove_damaged(connection: &Connection, id: u64) -> Result<(), StateError> {
    match load(connection, id) {
        Err(StateError::DamagedRestore { .. }) => {}
        Err(error) => return Err(error),
        Ok(_) => return Err(StateError::SoundRestore { id }),
    }
    Ok(remove(connection, id)?)
}

/// Removes a restore with what it asks for.
pub(super) fn remove(connection: &Connection, id: u64) -> Result<(), StoreError> {
    connection.execute("DELETE FROM asked WHERE restore = ?1", [id as i64])?;
    connection.execute("DELETE FROM restore WHERE id = ?1", [id as i64])?;
    Ok(())
}

/// Writes how a restore that is sound ended. What it asked for is not needed any more.
fn write_end(connection: &Connection, id: u64, end: &End<'_>) -> Result<(), StoreError> {
    let differing = end
        .verdict
        .as_ref()
        .map(|verdict| verdict.differing.as_slice());
    connection.execute(
        "UPDATE restore SET status = ?2, ended_ms = ?3, ended_via = ?4, ended_actor = ?5, \
         exact = ?6, differing = ?7 WHERE id = ?1",
        params![
            id as i64,
            status_text(end.status),
            end.at_ms,
            end.by.map(|actor| write_via(actor.via)),
            end.by.map(|actor| &actor.name),
            end.verdict.as_ref().map(|verdict| verdict.is_exact),
            write_keys(differing.unwrap_or_default()),
        ],
    )?;
    seal_row(connection, id as i64)?;
    connection.execute("DELETE FROM asked WHERE restore = ?1", [id as i64])?;
    Ok(())
}

// What is asked for.

fn keep_asked(
    connection: &Connection,
    id: i64,
    files: Option<u64>,
    asked: &Asked,
) -> Result<(), StoreError> {
    let text = tree::write(asked.then());
    let packed = zstd::bulk::compress(&text, PACKING_LEVEL).map_err(|source| StoreError::File {
        path: "state.db".into(),
        source,
    })?;
    let (only, except) = (asked.parts().only(), asked.parts().except());
    connection.execute(
        "INSERT INTO asked (restore, files, seal, text) VALUES (?1, ?2, ?3, ?4)",
        params![
            id,
            files.map(|files| files as i64),
            asked_seal(id, &only, &except, files, &packed),
            packed
        ],
    )?;
    Ok(())
}

/// Loads what a restore asks for.
///
/// # Errors
/// [`StateError::Ended`] if it is not open.
pub(in crate::state) fn open(
    connection: &Connection,
    restore: StateRestore,
) -> Result<OpenRestore, StateError> {
    if restore.status != RestoreStatus::Open {
        return Err(StateError::ended(&restore));
    }
    let row = connection
        .prepare_cached("SELECT files, seal, text FROM asked WHERE restore = ?1")
        .and_then(|mut statement| {
            let row = statement.query_row([restore.id as i64], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            });
            row.optional()
        });
    let row: Option<(Option<i64>, [u8; SEAL_BYTES], Vec<u8>)> = row.map_err(StoreError::from)?;
    let what = || mismatch(&format!("what restore {} asks for", restore.id));
    let (files, sealed, packed) = row.ok_or_else(what)?;
    let files = files.map(i64::unsigned_abs);
    let StateRestore { only, except, .. } = &restore;
    if asked_seal(restore.id as i64, only, except, files, &packed) != sealed {
        return Err(what().into());
    }
    let text = zstd::bulk::decompress(&packed, STATE_BYTES_MAX).map_err(|_| what())?;
    let then = tree::read(&text).map_err(|_| what())?;
    let parts = Parts::read(only, except).map_err(|_| what())?;
    Ok(OpenRestore {
        asked: Asked::new(parts, then),
        restore,
        files,
    })
}

fn asked_seal(
    id: i64,
    only: &[String],
    except: &[String],
    files: Option<u64>,
    packed: &[u8],
) -> [u8; SEAL_BYTES] {
    seal(&[
        &id.to_le_bytes(),
        write_keys(only).as_bytes(),
        write_keys(except).as_bytes(),
        &files.unwrap_or(u64::MAX).to_le_bytes(),
        packed,
    ])
}

/// Checks every restore, and what the open ones ask for.
pub(super) fn check(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let damaged = all_damaged(connection)?.into_iter();
    let damaged = damaged.map(|id| StateError::DamagedRestore { id }.to_string());
    let unreadable = |restore| open(connection, restore).err();
    let open = all_open(connection)?.into_iter().filter_map(unreadable);
    Ok(damaged.chain(open.map(|error| error.to_string())).collect())
}
