//! Detects the loss of the latest commits of a database.
//!
//! SQLite reads the first damaged frame of a write-ahead log as the end of an interrupted write, so
//! all commits after it disappear without an error; so do those of a log that was removed. Each
//! transaction therefore increments a counter in the database and, after the commit, writes the
//! counter to a small file beside it, the note. A database whose counter is below the noted one has
//! lost commits.
//!
//! The note is never synced. After a power cut it can be out of date; a loss can then go undetected,
//! but none is reported that did not happen.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::place::beside;
use crate::private;
use crate::store::StoreError;

/// What the note's name ends with, after the database's.
const SUFFIX: &str = "-commits";

/// The count, and a random number that tells this database from another one under its name.
pub(crate) const TABLE: &str = "
CREATE TABLE commits (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    store    BLOB    NOT NULL CHECK (length(store) = 16),
    number   INTEGER NOT NULL
) STRICT;
INSERT INTO commits VALUES (1, randomblob(16), 0);
";

/// Bytes of a note: the store, the number and a hash of both, in hexadecimal, and a line break.
const NOTE_BYTES: usize = 32 + 1 + 16 + 1 + 16 + 1;

/// The latest commit of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Commit {
    store: [u8; 16],
    number: u64,
}

impl Commit {
    pub(super) fn number(self) -> u64 {
        self.number
    }
}

/// Begins to count in a database of a format that did not.
pub(crate) fn add(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    Ok(transaction.execute_batch(TABLE)?)
}

/// Counts the commit that a transaction is about to make.
pub(crate) fn count(transaction: &Connection) -> Result<Commit, StoreError> {
    read(
        transaction,
        "UPDATE commits SET number = number + 1 RETURNING store, number",
    )
}

/// Reads which commit a database had last.
pub(super) fn latest(connection: &Connection) -> Result<Commit, StoreError> {
    read(connection, "SELECT store, number FROM commits")
}

fn read(connection: &Connection, sql: &str) -> Result<Commit, StoreError> {
    let commit = connection.prepare_cached(sql)?.query_row([], |row| {
        Ok(Commit {
            store: row.get(0)?,
            number: row.get::<_, i64>(1)?.cast_unsigned(),
        })
    });
    let missing = || StoreError::damaged("its count of commits is missing");
    commit.optional()?.ok_or_else(missing)
}

/// Fails if a database lacks commits that were noted before it was opened. `main` reads the
/// database without its log.
pub(super) fn check(
    noted: Option<Commit>,
    connection: &Connection,
    main: impl FnOnce() -> Result<Connection, StoreError>,
) -> Result<(), StoreError> {
    let Some(noted) = noted else {
        return Ok(());
    };
    let there = latest(connection)?;
    if there.store != noted.store {
        // Another database was put here, unless only the log is another one's.
        let is_own = main().and_then(|main| latest(&main));
        return match is_own {
            Ok(own) if own.store == noted.store => {
                Err(StoreError::damaged("its log belongs to another database"))
            }
            _ => Ok(()),
        };
    }
    match noted.number.saturating_sub(there.number) {
        0 => Ok(()),
        lost => Err(StoreError::damaged(lacking(lost))),
    }
}

/// Fails if a database that is there, but without tables, had commits: it lost all of them.
pub(super) fn check_empty(noted: Option<Commit>) -> Result<(), StoreError> {
    match noted {
        Some(Commit { number, .. }) if number > 0 => {
            let writes = if number == 1 { "write" } else { "writes" };
            let what = format!("it is empty, but {number} {writes} had been saved to it");
            Err(StoreError::damaged(what))
        }
        _ => Ok(()),
    }
}

fn lacking(lost: u64) -> String {
    let writes = match lost {
        1 => "write that was".to_owned(),
        lost => format!("{lost} writes that were"),
    };
    format!(
        "it lacks the last {writes} saved to it: its log is damaged or missing, or it is an older \
         copy"
    )
}

/// Whether a copy has everything that was noted for the database it was made of.
pub(super) fn is_all(noted: Option<Commit>, copy: &Connection) -> bool {
    let is_all = |noted: Commit| {
        let copied = latest(copy);
        copied.is_ok_and(|it| it.store == noted.store && it.number >= noted.number)
    };
    noted.is_some_and(is_all)
}

/// Reads the note beside a database. To be called before the database is opened: another program
/// may be committing. `None` if there is none that is whole.
pub(super) fn noted(database: &Path) -> Option<Commit> {
    decode(&read_note(&File::open(note_path(database)).ok()?)?)
}

/// Names the note of a database.
pub(super) fn note_path(database: &Path) -> PathBuf {
    beside(database, SUFFIX)
}

/// The note of an open database.
#[derive(Debug)]
pub(crate) struct Note {
    path: PathBuf,
    /// Opened by the first commit; `None` if it cannot be written.
    file: OnceLock<Option<File>>,
}

impl Note {
    /// Notes nothing yet.
    pub(crate) fn beside(database: &Path) -> Self {
        Self {
            path: note_path(database),
            file: OnceLock::new(),
        }
    }

    /// Notes a commit that is durable. Not being able to is no error: the commit was made, and an
    /// older note is true as well.
    pub(crate) fn write(&self, commit: Commit) {
        let file = self
            .file
            .get_or_init(|| match private::open_or_create(&self.path) {
                Ok(file) => Some(file),
                Err(error) => {
                    tracing::warn!(path = %self.path.display(), %error, "commits are not noted");
                    None
                }
            });
        let Some(file) = file else {
            return;
        };
        // Another program may have noted a later one.
        let before = read_note(file).and_then(|note| decode(&note));
        if before.is_some_and(|it| it.store == commit.store && it.number >= commit.number) {
            return;
        }
        if let Err(error) = file.write_all_at(&encode(commit), 0) {
            tracing::debug!(path = %self.path.display(), %error, "a commit is not noted");
        }
    }
}

fn read_note(file: &File) -> Option<[u8; NOTE_BYTES]> {
    let mut note = [0; NOTE_BYTES];
    file.read_exact_at(&mut note, 0).ok()?;
    Some(note)
}

fn encode(commit: Commit) -> [u8; NOTE_BYTES] {
    let Commit { store, number } = commit;
    let content = format!("{:032x} {number:016x}", u128::from_be_bytes(store));
    let line = format!("{content} {:016x}\n", seal(&content));
    line.as_bytes().try_into().expect("each part has its width")
}

fn decode(note: &[u8; NOTE_BYTES]) -> Option<Commit> {
    let line = std::str::from_utf8(note).ok()?;
    let [store, number, _] = line.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let store = u128::from_str_radix(store, 16).ok()?;
    let commit = Commit {
        store: store.to_be_bytes(),
        number: u64::from_str_radix(number, 16).ok()?,
    };
    (encode(commit) == *note).then_some(commit)
}

/// A hash that tells a note which was written in part.
fn seal(content: &str) -> u64 {
    let hash = blake3::hash(content.as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const STORE: [u8; 16] = [7; 16];

    fn commit(number: u64) -> Commit {
        Commit {
            store: STORE,
            number,
        }
    }

    fn counted(store: u8, number: u64) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLE).unwrap();
        let row = "UPDATE commits SET store = ?1, number = ?2";
        let values = (vec![store; 16], number.cast_signed());
        connection.execute(row, values).unwrap();
        connection
    }

    #[track_caller]
    fn assert_lost(noted: u64, there: &Connection, main: Connection, expected: &str) {
        let found = check(Some(commit(noted)), there, || Ok(main));
        match found {
            Err(StoreError::Damaged { what }) => assert!(what.contains(expected), "{what}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_database_with_fewer_commits_than_noted_lost_its_end() {
        assert_lost(
            8,
            &counted(7, 3),
            counted(7, 0),
            "the last 5 writes that were saved",
        );
        assert_lost(
            4,
            &counted(7, 3),
            counted(7, 0),
            "the last write that was saved",
        );
        for noted in 0..=3 {
            check(Some(commit(noted)), &counted(7, 3), || Ok(counted(7, 0))).unwrap();
        }
        check(None, &counted(7, 3), || Ok(counted(7, 0))).unwrap();
    }

    #[test]
    fn another_database_may_be_put_there_but_not_its_log_alone() {
        check(Some(commit(9)), &counted(1, 3), || Ok(counted(1, 2))).unwrap();
        check(Some(commit(9)), &counted(1, 3), || Err(StoreError::Busy)).unwrap();
        assert_lost(
            9,
            &counted(1, 30),
            counted(7, 9),
            "belongs to another database",
        );
    }

    #[test]
    fn a_note_holds_the_highest_count() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("state.db");
        let connection = counted(7, 0);
        assert_eq!(noted(&database), None);
        let note = Note::beside(&database);
        for number in 1..=3 {
            note.write(count(&connection).unwrap());
            assert_eq!(noted(&database), Some(commit(number)));
        }
        // Of another program, which was faster.
        note.write(commit(2));
        assert_eq!(noted(&database), Some(commit(3)));
        assert!(is_all(noted(&database), &connection));
        note.write(commit(4));
        assert!(!is_all(noted(&database), &connection));
    }

    #[test]
    fn a_note_that_is_not_whole_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("state.db");
        let whole = encode(commit(u64::MAX));
        for length in 0..whole.len() {
            fs::write(note_path(&database), &whole[..length]).unwrap();
            assert_eq!(noted(&database), None, "{length}");
        }
        for at in 0..whole.len() {
            let mut flipped = whole;
            flipped[at] ^= 1;
            fs::write(note_path(&database), flipped).unwrap();
            assert_eq!(noted(&database), None, "{at}");
        }
        fs::write(note_path(&database), whole).unwrap();
        assert_eq!(noted(&database), Some(commit(u64::MAX)));
    }
}
