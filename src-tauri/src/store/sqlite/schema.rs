//! What the database is made of: its mark, its format, and how an older format becomes this one.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};

use super::{commits, followed, index};
use crate::store::StoreError;

/// Marks a database as Flagdeck's: "FLDG" in ASCII.
pub(super) const APPLICATION_ID: u32 = 0x464c_4447;

/// A step from one format to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Migration {
    /// What it makes.
    pub(super) sql: &'static str,
    /// How it fills that from existing data.
    pub(super) fill: fn(&Connection) -> Result<(), StoreError>,
}

/// The steps from an empty file to this program's format, which is their number.
/// A step that was ever released is never edited; another one follows it.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        sql: REVISIONS,
        fill: |_| Ok(()),
    },
    Migration {
        sql: INDEX,
        fill: index::fill,
    },
    Migration {
        sql: CHAINS,
        fill: |_| Ok(()),
    },
    Migration {
        sql: "",
        fill: accept_any_kind,
    },
    Migration {
        sql: commits::TABLE,
        fill: |_| Ok(()),
    },
    Migration {
        sql: followed::TABLE,
        fill: |_| Ok(()),
    },
    // Revisions by ramps, and those that rolled a rollout back.
    Migration {
        sql: "",
        fill: |_| Ok(()),
    },
];

/// The first format that keeps what is followed.
const FORMAT_WITH_FOLLOWED: i64 = 6;

// `document` comes last: SQLite reads the columns before it without walking through it. The kinds
// that formats 1 to 3 list here are dropped by format 4.
const REVISIONS: &str = "
CREATE TABLE revision (
    number        INTEGER PRIMARY KEY CHECK (number > 0),
    at_ms         INTEGER NOT NULL,
    via           TEXT    NOT NULL CHECK (via IN ('window', 'flagctl', 'http')),
    actor         TEXT    NOT NULL,
    cause         TEXT    NOT NULL CHECK (cause IN ('edit', 'import', 'undo', 'redo', 'restore')),
    cause_of      INTEGER CHECK ((cause IN ('undo', 'redo', 'restore')) = (cause_of IS NOT NULL)),
    note          TEXT,
    changes       TEXT    NOT NULL,
    document_hash BLOB    NOT NULL CHECK (length(document_hash) = 32),
    previous_hash BLOB    NOT NULL CHECK (length(previous_hash) = 32),
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    document      BLOB    NOT NULL
) STRICT;

CREATE TRIGGER revision_follows_the_latest BEFORE INSERT ON revision
WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM revision)
BEGIN SELECT RAISE(ABORT, 'a revision follows the latest one'); END;

CREATE TRIGGER revision_is_never_edited BEFORE UPDATE ON revision
BEGIN SELECT RAISE(ABORT, 'a revision is never edited'); END;

CREATE TRIGGER revision_is_never_deleted BEFORE DELETE ON revision
BEGIN SELECT RAISE(ABORT, 'a revision is never deleted'); END;

-- One row, written whenever the store is opened: proof that it can be written.
CREATE TABLE opening (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    at_ms    INTEGER NOT NULL
) STRICT;
";

// The index of revisions. All of it derives from the revisions and is written with them; the
// content of a revision is read from its row. Folding a text is Flagdeck's own, so that letters of
// any script are found.
const INDEX: &str = "
CREATE INDEX revision_by_actor ON revision (actor, via, at_ms);

CREATE TABLE revision_words (
    revision INTEGER PRIMARY KEY REFERENCES revision (number),
    folded   TEXT NOT NULL
) STRICT;

CREATE TABLE path (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    last_revision INTEGER NOT NULL REFERENCES revision (number)
) STRICT;

CREATE TABLE touch (
    path     INTEGER NOT NULL REFERENCES path (id),
    revision INTEGER NOT NULL REFERENCES revision (number),
    PRIMARY KEY (path, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE rename (
    name_before TEXT    NOT NULL,
    name_after  TEXT    NOT NULL,
    revision    INTEGER NOT NULL REFERENCES revision (number),
    PRIMARY KEY (revision, name_after)
) STRICT, WITHOUT ROWID;

CREATE INDEX rename_by_name_before ON rename (name_before, revision);
CREATE INDEX rename_by_name_after ON rename (name_after, revision);
";

// Documents that are stored as patches, with the whole revision that their chain begins with. All
// others are whole: plain, as everything was in formats 1 and 2, or packed.
const CHAINS: &str = "
CREATE TABLE revision_chain (
    revision INTEGER PRIMARY KEY REFERENCES revision (number),
    first    INTEGER NOT NULL REFERENCES revision (number) CHECK (first < revision)
) STRICT;

CREATE TRIGGER revision_chain_is_never_edited BEFORE UPDATE ON revision_chain
BEGIN SELECT RAISE(ABORT, 'a revision is never edited'); END;

CREATE TRIGGER revision_chain_is_never_deleted BEFORE DELETE ON revision_chain
BEGIN SELECT RAISE(ABORT, 'a revision is never deleted'); END;
";

/// The columns of `revision` that formats 1 to 3 restrict to the kinds there were, and what they
/// are in format 4.
const KINDS: [(&str, &str); 3] = [
    (
        "via           TEXT    NOT NULL CHECK (via IN ('window', 'flagctl', 'http')),",
        "via           TEXT    NOT NULL,",
    ),
    (
        "cause         TEXT    NOT NULL CHECK (cause IN ('edit', 'import', 'undo', 'redo', 'restore')),",
        "cause         TEXT    NOT NULL,",
    ),
    (
        "cause_of      INTEGER CHECK ((cause IN ('undo', 'redo', 'restore')) = (cause_of IS NOT NULL)),",
        "cause_of      INTEGER,",
    ),
];

/// Drops the lists of kinds from the definition of `revision`: kinds are checked when a revision
/// is read. A program that writes a new kind adds a migration that does nothing, so that an older
/// program refuses the file by its format instead of finding it damaged.
///
/// Other tables refer to `revision` and a trigger forbids deletions, so it cannot be copied to a
/// new table. Only the definition is edited, which SQLite allows for changes that leave the rows as
/// they are: <https://www.sqlite.org/lang_altertable.html#otheralter>.
fn accept_any_kind(connection: &Connection) -> Result<(), StoreError> {
    const DEFINITION: &str =
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'revision'";
    let before: String = connection.query_row(DEFINITION, [], |row| row.get(0))?;
    let mut after = before.clone();
    for (restricted, free) in KINDS {
        if !before.contains(restricted) {
            return Err(StoreError::damaged("the definition of revision is altered"));
        }
        after = after.replace(restricted, free);
    }
    let is_defensive = connection.db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
    let edited = edit_definition(connection, &after);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, is_defensive)?;
    edited
}

fn edit_definition(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let version: i64 = connection.pragma_query_value(None, "schema_version", |row| row.get(0))?;
    connection.pragma_update(None, "writable_schema", true)?;
    let edited = connection.execute(
        "UPDATE sqlite_schema SET sql = ?1 WHERE type = 'table' AND name = 'revision'",
        [sql],
    );
    // Every connection reads the definitions again, this one at once: it fails here if SQLite
    // does not understand them.
    connection.pragma_update(None, "schema_version", version + 1)?;
    connection.pragma_update(None, "writable_schema", "RESET")?;
    edited?;
    connection.prepare("SELECT number FROM revision")?;
    Ok(())
}

/// The owner of a database.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Flagdeck, in this format; 0 for an empty file.
    Flagdeck {
        /// The number of migrations applied to it.
        format: usize,
    },
    /// Another program.
    Other {
        /// Its mark; 0 for a program that sets none.
        application_id: u32,
    },
}

/// Reads the owner of a database. Changes nothing.
pub(super) fn owner(connection: &Connection) -> Result<Owner, StoreError> {
    let application_id: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let application_id = application_id as u32;
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if application_id == APPLICATION_ID {
        // Mark and format are written together, so a mark without a format is damage.
        let format = usize::try_from(format).ok().filter(|format| *format > 0);
        let format = format.ok_or_else(|| StoreError::damaged("flagdeck.db has no format"))?;
        return Ok(Owner::Flagdeck { format });
    }
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application_id == 0 && format == 0 && objects == 0 {
        return Ok(Owner::Flagdeck { format: 0 });
    }
    Ok(Owner::Other { application_id })
}

/// Returns whether a database keeps what is followed. One of an older format is read before it is
/// migrated, and in quarantine.
pub(super) fn has_followed(connection: &Connection) -> Result<bool, StoreError> {
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(format >= FORMAT_WITH_FOLLOWED)
}

/// Applies all pending `migrations`, or none.
pub(super) fn migrate(
    connection: &mut Connection,
    migrations: &[Migration],
) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(done).unwrap_or(migrations.len());
    for migration in migrations.iter().skip(done) {
        transaction.execute_batch(migration.sql)?;
        (migration.fill)(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", migrations.len() as i64)?;
    transaction.commit()?;
    Ok(())
}

/// Lists missing or altered parts of the database's structure, for its format; nothing for a newer
/// format, whose structure is not known here.
pub(super) fn differences(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let migrations = usize::try_from(format)
        .ok()
        .and_then(|format| MIGRATIONS.get(..format));
    let Some(migrations) = migrations else {
        return Ok(Vec::new());
    };
    let mut model = Connection::open_in_memory()?;
    migrate(&mut model, migrations)?;
    let found = objects(connection)?;
    let differences = objects(&model)?
        .into_iter()
        .filter(|object| !found.contains(object))
        .map(|(name, _)| format!("the definition of {name} is missing or altered"))
        .collect();
    Ok(differences)
}

fn objects(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Connection {
        Connection::open_in_memory().expect("a database in memory")
    }

    fn migrated() -> Connection {
        let mut connection = memory();
        migrate(&mut connection, MIGRATIONS).expect("the migrations are sound");
        connection
    }

    #[test]
    fn an_empty_file_becomes_flagdecks() {
        let mut connection = memory();
        assert_eq!(
            owner(&connection).expect("readable"),
            Owner::Flagdeck { format: 0 }
        );
        migrate(&mut connection, MIGRATIONS).expect("sound");
        assert_eq!(
            owner(&connection).expect("readable"),
            Owner::Flagdeck {
                format: MIGRATIONS.len()
            }
        );
        assert_eq!(
            differences(&connection).expect("readable"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn migrating_twice_does_nothing() {
        let mut connection = migrated();
        migrate(&mut connection, MIGRATIONS).expect("nothing to do");
        assert_eq!(
            differences(&connection).expect("readable"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_file_with_tables_and_no_mark_is_somebody_elses() {
        let connection = memory();
        connection
            .execute_batch("CREATE TABLE t (x)")
            .expect("a table");
        assert_eq!(
            owner(&connection).expect("readable"),
            Owner::Other { application_id: 0 }
        );
    }

    #[test]
    fn a_dropped_trigger_is_noticed() {
        let connection = migrated();
        connection
            .execute_batch("DROP TRIGGER revision_is_never_edited")
            .expect("it exists");
        assert_eq!(
            differences(&connection).expect("readable"),
            ["the definition of revision_is_never_edited is missing or altered"]
        );
    }

    #[test]
    fn a_revision_of_any_kind_can_be_kept() {
        let connection = migrated();
        for (number, (via, cause, cause_of)) in
            (1..).zip([("guard", "ramp", None), ("http", "follow", Some(1))])
        {
            let kept = connection.execute(
                "INSERT INTO revision VALUES \
                 (?1, 0, ?2, 'a', ?3, ?4, NULL, '[]', zeroblob(32), zeroblob(32), zeroblob(32), x'7b7d')",
                (number, via, cause, cause_of),
            );
            assert_eq!(kept.expect("kinds are not listed"), 1, "{via} {cause}");
        }
    }

    #[test]
    fn a_definition_that_was_altered_is_not_edited() {
        let mut connection = memory();
        migrate(&mut connection, &MIGRATIONS[..3]).expect("sound");
        connection
            .execute_batch("ALTER TABLE revision RENAME COLUMN via TO way")
            .expect("SQLite alters it");
        let refused = migrate(&mut connection, MIGRATIONS).expect_err("it is altered");
        assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
        let format = owner(&connection).expect("readable");
        assert_eq!(format, Owner::Flagdeck { format: 3 });
    }

    #[test]
    fn revisions_are_never_edited_deleted_replaced_or_skipped() {
        let connection = migrated();
        let insert = |number: i64| {
            connection.execute(
                "INSERT OR REPLACE INTO revision VALUES \
                 (?1, 0, 'window', 'a', 'edit', NULL, NULL, '[]', zeroblob(32), zeroblob(32), zeroblob(32), '{}')",
                [number],
            )
        };
        // The document must be a BLOB in a STRICT table.
        insert(1).expect_err("a text document is refused");
        connection
            .execute(
                "INSERT INTO revision VALUES \
                 (1, 0, 'window', 'a', 'edit', NULL, NULL, '[]', zeroblob(32), zeroblob(32), zeroblob(32), x'7b7d')",
                [],
            )
            .expect("the first revision");
        for (statement, refusal) in [
            ("UPDATE revision SET note = 'x'", "never edited"),
            ("DELETE FROM revision", "never deleted"),
            (
                "INSERT OR REPLACE INTO revision SELECT * FROM revision",
                "follows the latest",
            ),
            (
                "INSERT INTO revision SELECT 3, at_ms, via, actor, cause, cause_of, note, changes, \
                 document_hash, previous_hash, hash, document FROM revision",
                "follows the latest",
            ),
        ] {
            let refused = connection.execute(statement, []).expect_err(statement);
            assert!(
                refused.to_string().contains(refusal),
                "{statement}: {refused}"
            );
        }
    }
}
