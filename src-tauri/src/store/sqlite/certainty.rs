//! Telling damage from a disk that fails: what looks damaged is read again before it counts.
//!
//! SQLite calls a database malformed if the disk fails to read it (`EIO`), so its word alone is no
//! evidence. Damage is certain once two connections found it, and the files could be read from
//! beginning to end after each of them.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::ErrorCode;

use super::connection::{Source, check_structure};
use super::folder::{file_failed, is_disk_full};
use super::holders;
use super::place::beside;
use crate::store::StoreError;

/// How often to look at a database that seems damaged or cannot be read.
const LOOKS_MAX: u32 = 4;

/// The pause before the second look, which doubles with each: a disk that wakes up, or a cable that
/// moved, is back within a second.
const PAUSE: Duration = Duration::from_millis(50);

/// Bytes that are read at once: a page, so that a disk on which one read in so many fails is met
/// as surely as by SQLite.
const CHUNK_BYTES: usize = 4096;

/// Looks at a database until the result is certain. `look` opens a fresh connection each time.
///
/// # Errors
/// Those of `look`: [`StoreError::Damaged`] only if that is certain, and [`StoreError::File`] in
/// place of any failure of the disk that stays.
pub(crate) fn look<T>(
    database: &Path,
    look: impl FnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    look_and_read(look, || read_through(database), database)
}

fn look_and_read<T>(
    mut look: impl FnMut() -> Result<T, StoreError>,
    mut read: impl FnMut() -> Result<(), StoreError>,
    database: &Path,
) -> Result<T, StoreError> {
    let (mut is_suspected, mut pause) = (false, PAUSE);
    let mut looks = 0;
    loop {
        let error = match look() {
            Err(error) if is_doubtful(&error) => error,
            certain => return certain,
        };
        if is_disk_full(database) && is_failed_disk(&error) {
            return Err(StoreError::DiskFull);
        }
        let found = read().map(|()| error);
        if let Ok(StoreError::Damaged { .. }) = found
            && std::mem::replace(&mut is_suspected, true)
        {
            return Err(found.expect("it is one"));
        }
        looks += 1;
        if looks == LOOKS_MAX {
            return Err(failed(database, found.unwrap_or_else(|error| error)));
        }
        tracing::warn!(database = %database.display(), "a database is read again");
        thread::sleep(pause);
        pause *= 2;
    }
}

/// Checks a database, and returns what `check` found, with the problems that are certain. `check`
/// opens a fresh connection each time.
///
/// # Errors
/// Those of `check`; [`StoreError::File`] for a disk that fails, which is no damage.
pub(crate) fn check<T>(
    database: &Path,
    mut check: impl FnMut() -> Result<(T, Vec<String>), StoreError>,
) -> Result<(T, Vec<String>), StoreError> {
    let mut damaged = None;
    let sound = look(database, || {
        let (found, problems) = check()?;
        match problems.first().cloned() {
            None => Ok((found, problems)),
            Some(what) => {
                damaged = Some((found, problems));
                Err(StoreError::Damaged { what })
            }
        }
    });
    match (sound, damaged) {
        (Err(StoreError::Damaged { .. }), Some(damaged)) => Ok(damaged),
        (found, _) => found,
    }
}

/// Tells whether an error of a call that cannot be repeated was damage: reads the whole database
/// again if it may have been a disk that failed once. Names the program that keeps it locked.
pub(crate) fn judge(database: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Busy => return holders::held(database),
        ref doubtful if doubtful.is_malformed() || is_failed_disk(doubtful) => {}
        certain => return certain,
    }
    let source = Source {
        path: database.to_owned(),
        immutable: false,
        patience: Duration::ZERO,
    };
    match look(database, || check_structure(&source.open()?)) {
        Ok(()) => {
            let once = "the disk failed to read it once; nothing was saved, try again";
            file_failed(database, io::Error::other(once))
        }
        Err(StoreError::Busy) => error,
        Err(certain) => certain,
    }
}

/// Returns whether an error may mean that the disk fails, or that the file is damaged.
pub(super) fn is_doubtful(error: &StoreError) -> bool {
    matches!(error, StoreError::Damaged { .. }) || is_failed_disk(error)
}

/// Returns whether the disk failed, as opposed to being full or write-protected.
pub(super) fn is_failed_disk(error: &StoreError) -> bool {
    match error {
        StoreError::Sqlite(error) => error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure),
        StoreError::File { source, .. } => is_io(source),
        _ => false,
    }
}

fn is_io(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    error.raw_os_error() == Some(EIO)
}

/// Makes the error of a disk that fails: it names the file.
fn failed(database: &Path, error: StoreError) -> StoreError {
    match error {
        error @ (StoreError::File { .. } | StoreError::DiskFull) => error,
        other => file_failed(
            database,
            io::Error::other(match other {
                StoreError::Sqlite(error) => format!("the disk fails ({error})"),
                _ => "the disk fails: what it reads differs from one time to the next".into(),
            }),
        ),
    }
}

/// Reads the files of a database from the disk, from beginning to end.
fn read_through(database: &Path) -> Result<(), StoreError> {
    for file in [database, &beside(database, "-wal")] {
        match read_file(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => read.map_err(|error| file_failed(file, error))?,
        }
    }
    Ok(())
}

fn read_file(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    forget_cached(&file);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut at = 0;
    loop {
        // At a position, as SQLite reads.
        match file.read_at(&mut chunk, at)? {
            0 => return Ok(()),
            read => at += read as u64,
        }
    }
}

/// Has the system read the file from the disk again, as far as it can.
#[cfg(target_os = "linux")]
fn forget_cached(file: &File) {
    use rustix::fs::{Advice, fadvise};
    let _ = fadvise(file, 0, None, Advice::DontNeed);
}

#[cfg(not(target_os = "linux"))]
fn forget_cached(_file: &File) {}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    /// What a look, or the reading after it, finds.
    #[derive(Clone, Copy)]
    enum Found {
        Sound,
        Damage,
        FailedDisk,
    }
    use Found::{Damage, FailedDisk, Sound};

    fn result(found: Found) -> Result<(), StoreError> {
        match found {
            Sound => Ok(()),
            Damage => Err(StoreError::damaged("the database is malformed")),
            FailedDisk => {
                let error = ffi::Error::new(ffi::SQLITE_IOERR_READ);
                Err(rusqlite::Error::SqliteFailure(error, None).into())
            }
        }
    }

    /// Looks at a database whose looks, and readings after them, find these.
    fn looked(finds: &[(Found, Found)]) -> Result<(), StoreError> {
        let (mut looks, mut reads) = (finds.iter(), finds.iter());
        look_and_read(
            || result(looks.next().expect("so many looks").0),
            || result(reads.next().expect("so many looks").1),
            Path::new("/data/state.db"),
        )
    }

    #[test]
    fn damage_counts_once_it_was_found_twice_on_a_disk_that_reads() {
        assert!(looked(&[(Sound, Sound)]).is_ok());
        assert!(looked(&[(Damage, Sound), (Sound, Sound)]).is_ok());
        let damaged = looked(&[(Damage, Sound), (Damage, Sound)]);
        assert!(
            matches!(damaged, Err(StoreError::Damaged { .. })),
            "{damaged:?}"
        );
    }

    #[test]
    fn a_disk_that_fails_is_never_damage_and_is_named() {
        assert!(looked(&[(FailedDisk, Sound), (Sound, Sound)]).is_ok());
        assert!(looked(&[(Damage, FailedDisk), (Damage, Sound), (Sound, Sound)]).is_ok());
        for finds in [
            [(FailedDisk, Sound); 4],
            [(Damage, FailedDisk); 4],
            [(FailedDisk, FailedDisk); 4],
        ] {
            let failed = looked(&finds);
            let Err(StoreError::File { path, source }) = failed else {
                panic!("{failed:?}");
            };
            assert_eq!(path, Path::new("/data/state.db"));
            assert!(source.to_string().contains("the disk fails"), "{source}");
        }
    }

    #[test]
    fn what_no_second_look_changes_is_certain_at_once() {
        let mut looks = 0;
        let busy = look(Path::new("/data/state.db"), || {
            looks += 1;
            Err::<(), _>(StoreError::Busy)
        });
        assert!(matches!(busy, Err(StoreError::Busy)));
        assert_eq!(looks, 1);
    }
}
