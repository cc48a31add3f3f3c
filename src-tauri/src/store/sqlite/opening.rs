//! From a data folder to open connections: whose file it is, whether it is sound, and
//! whether it can be written.
//!
//! Examining the folder needs only a shared lock. Obstacles (nothing there yet, an older format,
//! damage) are removed by the program that gets the lock exclusively; the others look again and
//! find it done.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::commits::{self, Commit};
use super::connection::{self, Source};
use super::folder::{self, Folder};
use super::recovery::{self, Recovery};
use super::schema::{self, Migration, Owner};
use super::writer::Writer;
use super::{Access, backup, certainty, patience, revision};
use crate::store::sqlite::holders;
use crate::store::{RevisionNumber, StoreError};

/// How a store is opened.
#[derive(Debug)]
pub(super) struct Settings {
    /// The time, in milliseconds since 1970.
    pub(super) now_ms: i64,
    /// How long to wait for locks of other programs.
    pub(super) patience: Duration,
    /// The steps to the format that is wanted.
    pub(super) migrations: &'static [Migration],
}

/// The open connections of a store.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) source: Source,
    pub(super) reader: Mutex<Connection>,
    pub(super) watcher: Mutex<Connection>,
    pub(super) access: Access,
}

/// What is in the way of opening.
#[derive(Debug)]
enum Obstacle {
    /// The store has to be moved to quarantine.
    Damaged(String),
    /// It has an older format, or (0) none yet.
    OldFormat(usize),
    /// It cannot be removed.
    Failed(StoreError),
}

impl From<StoreError> for Obstacle {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged { what } => Self::Damaged(named(what)),
            other => Self::Failed(other),
        }
    }
}

impl From<rusqlite::Error> for Obstacle {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl Obstacle {
    /// Returns the error if it stays.
    fn into_error(self, folder: &Folder) -> StoreError {
        match self {
            Self::Failed(error) => error,
            Self::Damaged(what) if folder.has_lock() => folder.unusable(format!(
                "its store is damaged ({what}) and another program has it open; \
                 close every Flagdeck window and every flagctl, then start again"
            )),
            Self::Damaged(what) => StoreError::Damaged { what },
            Self::OldFormat(0) => {
                folder.unusable("there is no store yet, and the folder cannot be written")
            }
            Self::OldFormat(_) if folder.has_lock() => folder.unusable(
                "its store has an older format and another program has it open; \
                 close every Flagdeck window and every flagctl, then start again",
            ),
            Self::OldFormat(_) => folder.unusable(
                "its store has an older format, and the folder cannot be written to renew it",
            ),
        }
    }
}

/// Opens the store of a folder, and removes any obstacle.
pub(super) fn open(
    folder: &Folder,
    settings: &Settings,
) -> Result<(Connections, Option<Recovery>), StoreError> {
    let patience_max = if folder.has_lock() {
        settings.patience
    } else {
        Duration::ZERO
    };
    let mut last_obstacle = None;
    let opened = patience::wait(patience_max, || {
        if folder.try_share()? {
            match look(folder, settings) {
                Ok(connections) => return Ok(Some((connections, None))),
                Err(Obstacle::Failed(error)) => return Err(error),
                Err(obstacle) => last_obstacle = Some(obstacle),
            }
        }
        if !folder.try_alone()? {
            return Ok(None);
        }
        let opened = open_alone(folder, settings)?;
        folder.share()?;
        Ok(Some(opened))
    });
    let opened = opened.map_err(|error| match error {
        StoreError::Busy => holders::held(&folder.database()),
        other => other,
    })?;
    opened.ok_or_else(|| match last_obstacle {
        Some(obstacle) => obstacle.into_error(folder),
        None => holders::held(&folder.lock_file()),
    })
}

/// Opens the store after removing what is in the way.
fn open_alone(
    folder: &Folder,
    settings: &Settings,
) -> Result<(Connections, Option<Recovery>), StoreError> {
    let mut recovery = None;
    let mut found = look(folder, settings);
    if let Err(Obstacle::Damaged(what)) = found {
        let recovered = recovery::recover(folder, what.clone(), settings.now_ms);
        recovery = Some(recovered.map_err(|error| {
            folder.unusable(format!(
                "its store is damaged ({what}) and could not be moved to quarantine ({error})"
            ))
        })?);
        found = look(folder, settings);
    }
    if let Err(Obstacle::OldFormat(format)) = found {
        renew(folder, format, settings)?;
        found = look(folder, settings);
    }
    match found {
        Ok(connections) => Ok((connections, recovery)),
        Err(Obstacle::Damaged(what)) => Err(StoreError::Damaged { what }),
        Err(obstacle) => Err(obstacle.into_error(folder)),
    }
}

/// Brings a store to the wanted format, after a backup of what it holds.
fn renew(folder: &Folder, format: usize, settings: &Settings) -> Result<(), StoreError> {
    if format == 0 {
        return make_new(folder, settings).map_err(|error| match unwritable(&error, folder) {
            Some(reason) => folder.unusable(reason),
            None => error,
        });
    }
    let mut connection = connection::writing(&folder.database(), false, settings.patience)?;
    let renewed = backup::make_anyway(folder, &connection, settings.patience)
        .and_then(|_| schema::migrate(&mut connection, settings.migrations));
    renewed.map_err(|error| StoreError::Migration {
        from: format,
        to: settings.migrations.len(),
        source: Box::new(error),
    })
}

/// Refuses to create or restore a store in place of a removed one that another program still has
/// open: it can be written back.
pub(super) fn refuse_beside_removed(data_dir: &Path) -> Result<(), StoreError> {
    // Before the folder is created: a moved folder can be moved back.
    if folder::is_there(&folder::database_of(data_dir))? {
        return Ok(());
    }
    let holders = holders::of_removed(data_dir);
    let Some(holder) = holders.first() else {
        return Ok(());
    };
    Err(StoreError::Folder {
        path: data_dir.to_owned(),
        reason: format!(
            "its store was removed or moved away while {} had it open, which still holds all of \
             it; write it back with flagctl doctor --write-back, or close that program to begin a \
             new store",
            holder.describe()
        ),
    })
}

fn make_new(folder: &Folder, settings: &Settings) -> Result<(), StoreError> {
    let mut connection = connection::writing(&folder.database(), true, settings.patience)?;
    connection::use_log(&connection)?;
    schema::migrate(&mut connection, settings.migrations)
}

/// Opens the store if nothing is in the way. Changes nothing but the row that proves it
/// can be written.
fn look(folder: &Folder, settings: &Settings) -> Result<Connections, Obstacle> {
    let written = certainly(folder, || {
        look_at_files(folder)?;
        look_and_write(folder, settings)
    });
    match written {
        Err(Obstacle::Failed(error)) => match unwritable(&error, folder) {
            Some(reason) => certainly(folder, || look_and_read(folder, settings, reason.clone())),
            None => Err(Obstacle::Failed(error)),
        },
        other => other,
    }
}

/// Looks until it is certain whether the store is damaged.
fn certainly(
    folder: &Folder,
    look: impl Fn() -> Result<Connections, Obstacle>,
) -> Result<Connections, Obstacle> {
    certainty::look(&folder.database(), || match look() {
        Ok(connections) => Ok(Ok(connections)),
        Err(Obstacle::Damaged(what)) => Err(StoreError::Damaged { what }),
        Err(Obstacle::Failed(error)) => Err(error),
        Err(old @ Obstacle::OldFormat(_)) => Ok(Err(old)),
    })?
}

/// Names the file in the message: there are four databases.
fn named(what: String) -> String {
    match what.contains("flagdeck.db") {
        true => what,
        false => format!("flagdeck.db: {what}"),
    }
}

/// Finds what is visible from outside: missing files, and a mark that is not Flagdeck's.
/// Before SQLite opens anything, because that may already change or remove files.
fn look_at_files(folder: &Folder) -> Result<(), Obstacle> {
    if recovery::is_unfinished(folder)? {
        return Err(damaged("setting it aside was cut short"));
    }
    if folder::length(&folder.database())? > 0 {
        return match mark(folder)? {
            None => Err(damaged("flagdeck.db is not a database")),
            Some(0 | schema::APPLICATION_ID) => Ok(()),
            Some(other) => Err(Obstacle::Failed(foreign(folder, other))),
        };
    }
    if folder::length(&folder.log())? > 0 {
        return Err(damaged("flagdeck.db is gone, its log is not"));
    }
    Err(nothing_yet(folder)?)
}

/// Decides what a folder without any tables is: a fresh start, or the loss of everything.
fn nothing_yet(folder: &Folder) -> Result<Obstacle, StoreError> {
    let was_saved = commits::noted(&folder.database()).is_some();
    match was_saved || !backup::list(folder)?.is_empty() {
        true => Ok(damaged("flagdeck.db is gone or empty")),
        false => Ok(Obstacle::OldFormat(0)),
    }
}

fn damaged(what: &str) -> Obstacle {
    Obstacle::Damaged(what.into())
}

/// Reads the mark from a database's header, where SQLite's file format places it; `None` if there
/// is no such header.
fn mark(folder: &Folder) -> Result<Option<u32>, StoreError> {
    let path = folder.database();
    let mut header = [0; 72];
    match File::open(&path).and_then(|mut file| file.read_exact(&mut header)) {
        Ok(()) if header.starts_with(b"SQLite format 3\0") => {
            let [.., a, b, c, d] = header;
            Ok(Some(u32::from_be_bytes([a, b, c, d])))
        }
        Ok(()) => Ok(None),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Err(folder.unusable("you may not read its flagdeck.db"))
        }
        Err(error) => Err(folder::file_failed(&path, error)),
    }
}

fn foreign(folder: &Folder, application_id: u32) -> StoreError {
    folder.unusable(format!(
        "its flagdeck.db belongs to another program (mark {application_id:#010x}) and was \
         left as it is; choose another folder, or move that file away"
    ))
}

fn look_and_write(folder: &Folder, settings: &Settings) -> Result<Connections, Obstacle> {
    let noted = commits::noted(&folder.database());
    let connection = connection::writing(&folder.database(), false, settings.patience)?;
    let wanted = settings.migrations.len();
    match schema::owner(&connection)? {
        Owner::Other { application_id } => {
            return Err(Obstacle::Failed(foreign(folder, application_id)));
        }
        Owner::Flagdeck { format: 0 } => {
            commits::check_empty(noted)?;
            return Err(nothing_yet(folder)?);
        }
        Owner::Flagdeck { format } if format < wanted => return Err(Obstacle::OldFormat(format)),
        Owner::Flagdeck { format } if format > wanted => {
            drop(connection);
            return look_and_read(folder, settings, newer(format, wanted));
        }
        Owner::Flagdeck { .. } => {}
    }
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(Obstacle::Failed(StoreError::ReadOnly {
            reason: write_protected(folder),
        }));
    }
    connection::use_log(&connection)?;
    check_end(folder, noted, &connection)?;
    check_head(folder, &connection)?;
    prove_writable(&connection, settings.now_ms).map_err(missing_tables)?;
    connection::tidy_on_close(&connection)?;
    let source = Source {
        path: folder.database(),
        immutable: false,
        patience: settings.patience,
    };
    let writer = Writer::start(connection)
        .map_err(|error| folder.unusable(format!("no thread could be started: {error}")))?;
    Ok(connect(source, Access::Writable(writer))?)
}

/// Opens what can only be read.
fn look_and_read(
    folder: &Folder,
    settings: &Settings,
    reason: String,
) -> Result<Connections, Obstacle> {
    let noted = commits::noted(&folder.database());
    let mut source = Source {
        path: folder.database(),
        immutable: false,
        patience: settings.patience,
    };
    let owner_of = |source: &Source| schema::owner(&source.open()?);
    let mut owner = owner_of(&source);
    let is_unwritable = |error: &StoreError| unwritable(error, folder).is_some();
    // A database with a log needs a file of shared memory next to it even to be read. If none can
    // be made, no process writes either; and an empty log has nothing to say.
    if owner.as_ref().is_err_and(is_unwritable) && folder::length(&folder.log())? == 0 {
        source.immutable = true;
        owner = owner_of(&source);
    }
    match owner? {
        Owner::Other { application_id } => Err(Obstacle::Failed(foreign(folder, application_id))),
        Owner::Flagdeck { format } if format < settings.migrations.len() => Err(Obstacle::Failed(
            Obstacle::OldFormat(format).into_error(folder),
        )),
        Owner::Flagdeck { format } => {
            let is_newer = format > settings.migrations.len();
            let access = match is_newer {
                true => Access::ReadOnly(reason.clone()),
                false => Access::ReadOnlyForNow(reason.clone()),
            };
            let connections = connect(source, access)?;
            match read_head(folder, noted, &connections) {
                // What a newer format means by its tables and hashes is not known here.
                Err(_) if is_newer => Err(Obstacle::Failed(folder.unusable(reason))),
                Err(error) => Err(error.into()),
                Ok(()) => Ok(connections),
            }
        }
    }
}

fn read_head(
    folder: &Folder,
    noted: Option<Commit>,
    connections: &Connections,
) -> Result<(), StoreError> {
    let reader = crate::lock::lock(&connections.reader);
    check_end(folder, noted, &reader)?;
    revision::head(&reader).map(drop).map_err(missing_tables)
}

/// Finds the loss of commits that were noted, with the log for example.
fn check_end(
    folder: &Folder,
    noted: Option<Commit>,
    connection: &Connection,
) -> Result<(), StoreError> {
    let without_log = Source {
        path: folder.database(),
        immutable: true,
        patience: Duration::ZERO,
    };
    commits::check(noted, connection, || without_log.open()).map_err(missing_tables)
}

fn connect(source: Source, access: Access) -> Result<Connections, StoreError> {
    Ok(Connections {
        reader: Mutex::new(source.open()?),
        watcher: Mutex::new(source.open()?),
        source,
        access,
    })
}

/// Finds damage of the latest revision, and the loss of the latest ones.
fn check_head(folder: &Folder, connection: &Connection) -> Result<(), StoreError> {
    let head = revision::head(connection).map_err(missing_tables)?;
    let latest = head.map_or(RevisionNumber::NONE, |head| head.number);
    let Some(newest) = backup::list(folder)?.into_iter().next() else {
        return Ok(());
    };
    if newest.revision > latest && continues(&newest, latest, connection)? {
        return Err(StoreError::damaged(format!(
            "it ends at revision {latest}, but revision {} had been saved",
            newest.revision
        )));
    }
    Ok(())
}

/// Returns whether a backup holds everything up to `latest`, hash for hash, and more. Then the
/// store has lost its latest revisions; it is not just another store's backup.
fn continues(
    newest: &backup::Backup,
    latest: RevisionNumber,
    connection: &Connection,
) -> Result<bool, StoreError> {
    let there = backup::open(&newest.path).and_then(|there| revision::hash_of(&there, latest));
    match there {
        Ok(hash) => Ok(hash == revision::hash_of(connection, latest)?),
        // A damaged backup proves nothing.
        Err(StoreError::Damaged { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A marked file without a table or column is damaged.
pub(super) fn missing_tables(error: StoreError) -> StoreError {
    match error {
        StoreError::Sqlite(sqlite)
            if matches!(sqlite.sqlite_error_code(), Some(ErrorCode::Unknown)) =>
        {
            StoreError::damaged(format!("its tables are altered: {sqlite}"))
        }
        other => other,
    }
}

/// Writes a row, through to the disk.
fn prove_writable(connection: &Connection, now_ms: i64) -> Result<(), StoreError> {
    let written = connection.execute("INSERT OR REPLACE INTO opening VALUES (1, ?1)", [now_ms]);
    match written.map_err(StoreError::from) {
        // Another connection is writing, which is proof enough.
        Err(StoreError::Busy) | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns why nothing can be written, if the error means that.
fn unwritable(error: &StoreError, folder: &Folder) -> Option<String> {
    match error {
        StoreError::DiskFull => Some("the disk is full; free some space".into()),
        StoreError::File { source, .. } if certainty::is_doubtful(error) => {
            Some(format!("the disk fails ({source})"))
        }
        StoreError::ReadOnly { .. } => Some(write_protected(folder)),
        StoreError::Sqlite(error) => match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Some(write_protected(folder))
            }
            // SQLite returns this if it cannot create its shared memory.
            Some(ErrorCode::SystemIoFailure) if folder.is_disk_full() => {
                unwritable(&StoreError::DiskFull, folder)
            }
            Some(ErrorCode::SystemIoFailure) => Some(format!("the disk fails ({error})")),
            _ => None,
        },
        _ => None,
    }
}

fn write_protected(folder: &Folder) -> String {
    format!(
        "the folder {} or a file in it is write-protected",
        folder.path().display()
    )
}

fn newer(format: usize, known: usize) -> String {
    format!(
        "flagdeck.db was last used by a newer Flagdeck (its format is {format}, this one \
         writes {known}); update Flagdeck to change flags"
    )
}
