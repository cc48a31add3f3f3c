//! Formats of the SQLite store: those of other programs, newer and older ones, and what this one
//! keeps beside the revisions.

use std::fs;
use std::path::Path;

use flagdeck::ChangeRequest;
use flagdeck::store::sqlite::SqliteStore;
use flagdeck::store::{
    Actor, Appended, Cause, Draft, HistoryFilter, RevisionNumber, Store, StoreError, Via,
};
use flagdeck_core::{Edit, Trace};
use rusqlite::Connection;

use crate::store_contract::{append_many, append_with, assert_sound, draft, number_of_head};
use crate::support::apps::{open, request_by};
use crate::support::stores::{NOW_MS, database, document, open_sound, tamper, temporary};

#[test]
fn another_programs_file_is_refused_and_left_as_it_is() {
    for mark in [0, 0x1234_5678] {
        let place = temporary();
        let connection = Connection::open(database(place.path())).expect("SQLite opens it");
        connection
            .execute_batch(&format!(
                "PRAGMA application_id = {mark}; CREATE TABLE theirs (x)"
            ))
            .expect("a table");
        drop(connection);
        let before = fs::read(database(place.path())).expect("it can be read");
        let refused = SqliteStore::open(place.path(), NOW_MS).expect_err("it is not ours");
        assert!(
            refused.to_string().contains("belongs to another program"),
            "{refused}"
        );
        assert_eq!(
            fs::read(database(place.path())).expect("it can be read"),
            before
        );
        assert!(!place.path().join("quarantine").exists());
    }
}

#[test]
fn a_newer_format_is_read_and_never_written() {
    let place = temporary();
    append_many(&open_sound(place.path()), 2, document);
    let connection = Connection::open(database(place.path())).expect("SQLite opens it");
    connection
        .pragma_update(None, "user_version", 99)
        .expect("it can be written");
    drop(connection);
    let store = open_sound(place.path());
    let reason = store.read_only().expect("it cannot be written");
    assert!(reason.contains("newer Flagdeck"), "{reason}");
    assert_eq!(number_of_head(&store), RevisionNumber(2));
    let refused = store.append(RevisionNumber(2), draft(b"{}"), Trace::default());
    assert!(
        matches!(refused, Err(StoreError::ReadOnly { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_newer_format_that_cannot_be_understood_is_refused_not_set_aside() {
    let place = temporary();
    append_many(&open_sound(place.path()), 2, document);
    tamper(
        place.path(),
        "PRAGMA user_version = 99; ALTER TABLE revision RENAME TO version;",
    );
    let refused = SqliteStore::open(place.path(), NOW_MS).expect_err("it is unknown");
    assert!(refused.to_string().contains("newer Flagdeck"), "{refused}");
    assert!(!place.path().join("quarantine").exists());
}

/// Everything that revisions are found by.
fn index(folder: &Path) -> Vec<String> {
    let connection = Connection::open(database(folder)).expect("SQLite opens it");
    let mut rows = Vec::new();
    for query in [
        "SELECT revision, folded, '' FROM revision_words ORDER BY 1",
        "SELECT touch.revision, path.name, path.last_revision FROM touch \
         JOIN path ON path.id = touch.path ORDER BY 1, 2",
        "SELECT revision, name_before, name_after FROM rename ORDER BY 1, 2",
    ] {
        let mut statement = connection.prepare(query).expect("the tables are there");
        let row = |row: &rusqlite::Row<'_>| {
            let cell = |index| row.get::<_, rusqlite::types::Value>(index);
            Ok(format!("{:?} {:?} {:?}", cell(0)?, cell(1)?, cell(2)?))
        };
        let found = statement.query_map([], row).expect("they can be read");
        rows.extend(found.map(|row| row.expect("it can be read")));
    }
    rows
}

#[test]
fn a_store_from_before_the_index_gets_the_one_it_would_have_had() {
    let place = temporary();
    let app = open(place.path());
    let path = |name: &str| name.parse().expect("a path");
    let edits = [
        Edit::SetMaster { on: true },
        Edit::SetComponents {
            paths: vec![path("ui")],
            on: true,
        },
        Edit::Move {
            from: path("ui.badges"),
            to: path("search.Marks"),
        },
        Edit::Replace(br#"{"components":{"search":{"Marks":true},"new":{"a":false}}}"#.to_vec()),
    ];
    for edit in edits {
        let request = ChangeRequest {
            note: Some("Über".into()),
            ..request_by(&Actor::new(Via::Window, "ada"), edit)
        };
        app.flags().change_confirmed(request).expect("it is valid");
    }
    app.flags()
        .undo(&Actor::new(Via::Http, "ada"))
        .expect("there is a step");
    drop(app);
    let expected = index(place.path());
    assert!(
        expected.iter().any(|row| row.contains("search.Marks")),
        "{expected:?}"
    );

    tamper(place.path(), "DROP INDEX revision_by_actor; DROP TABLE revision_words; DROP TABLE touch;
             DROP TABLE path; DROP TABLE rename; DROP TABLE revision_chain; DROP TABLE commits;
             DROP TABLE revision_followed;
             PRAGMA user_version = 1;
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(replace(replace(sql,
                 'via           TEXT    NOT NULL,',
                 'via           TEXT    NOT NULL CHECK (via IN (''window'', ''flagctl'', ''http'')),'),
                 'cause         TEXT    NOT NULL,',
                 'cause         TEXT    NOT NULL CHECK (cause IN (''edit'', ''import'', ''undo'', ''redo'', ''restore'')),'),
                 'cause_of      INTEGER,',
                 'cause_of      INTEGER CHECK ((cause IN (''undo'', ''redo'', ''restore'')) = (cause_of IS NOT NULL)),')
             WHERE name = 'revision';");
    let store = open_sound(place.path());
    assert_sound(&store, 5);
    drop(store);
    assert_eq!(index(place.path()), expected);
}

/// Written by the last version of format 3: an import, an edit, its undo and redo, and a restore.
#[test]
fn a_store_of_format_3_is_brought_to_this_one_with_all_it_holds() {
    let place = temporary();
    fs::copy(
        "tests/fixtures/flagdeck-format-3.db",
        database(place.path()),
    )
    .expect("it is copied");
    let before = index(place.path());
    let hashes = |connection: &Connection| -> Vec<Vec<u8>> {
        let mut statement = connection
            .prepare("SELECT hash FROM revision ORDER BY number")
            .expect("a table");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("hashes")
    };
    let raw = || Connection::open(database(place.path())).expect("SQLite opens it");
    let hashes_before = hashes(&raw());

    let store = open_sound(place.path());
    assert_sound(&store, 5);
    let summaries = store.summaries(None, 10).expect("they are readable");
    let causes: Vec<Cause> = summaries
        .iter()
        .rev()
        .map(|summary| summary.cause)
        .collect();
    let of = RevisionNumber;
    assert_eq!(
        causes,
        [
            Cause::Import,
            Cause::Edit,
            Cause::Undo(of(2)),
            Cause::Redo(of(2)),
            Cause::Restore(of(1)),
        ]
    );
    assert_eq!(summaries[4].note.as_deref(), Some("Übernahme"));
    drop(store);
    assert_eq!(index(place.path()), before);
    assert_eq!(hashes(&raw()), hashes_before);
    for check in ["integrity_check", "foreign_key_check"] {
        let raw = raw();
        let mut statement = raw.prepare(&format!("PRAGMA {check}")).expect("a pragma");
        let said: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .and_then(Iterator::collect)
            .expect("an answer");
        assert!(said.is_empty() || said == ["ok"], "{check}: {said:?}");
    }

    let app = open(place.path());
    app.flags()
        .undo(&Actor::new(Via::Window, "ada"))
        .expect("there is a step");
    assert_eq!(app.flags().live().revision, RevisionNumber(6));
    assert_eq!(
        app.check().expect("it is readable").problems,
        Vec::<String>::new()
    );
}

/// The folding of an earlier version left `ß` of `ẞ`, which is `ss` by now: what is indexed is
/// folded again when it is searched.
#[test]
fn words_that_an_earlier_version_folded_are_found() {
    let place = temporary();
    let store = open_sound(place.path());
    let noted = Draft {
        note: Some("DIE STRAẞE".into()),
        ..draft(b"{}")
    };
    append_with(&store, noted, Trace::default());
    drop(store);
    tamper(
        place.path(),
        "UPDATE revision_words SET folded = replace(folded, 'strasse', 'straße')",
    );
    let store = open_sound(place.path());
    for text in ["strasse", "STRASSE", "straße", "STRAẞE"] {
        let filter = HistoryFilter {
            text: Some(text.into()),
            ..HistoryFilter::default()
        };
        let page = store.history(&filter, 0, 10).expect("it can be searched");
        assert_eq!(page.total, 1, "{text}");
    }
}

#[test]
fn a_check_finds_what_the_index_has_too_little_or_too_much() {
    for (tampering, said) in [
        ("DELETE FROM revision_words WHERE revision = 2", "1 short"),
        (
            "INSERT INTO rename VALUES ('a', 'b', 9)",
            "names what is not there, 1 times",
        ),
    ] {
        let place = temporary();
        append_many(&open_sound(place.path()), 3, document);
        let connection = Connection::open(database(place.path())).expect("SQLite opens it");
        connection
            .execute_batch(&format!("PRAGMA foreign_keys = OFF; {tampering}"))
            .expect("it can be tampered with");
        drop(connection);
        let report = open_sound(place.path()).check().expect("it can be read");
        let [problem] = report.problems.as_slice() else {
            panic!("one problem: {:?}", report.problems);
        };
        assert!(problem.contains(said), "{problem}");
    }
}

#[test]
fn what_is_found_is_checked_against_its_hash() {
    let place = temporary();
    append_many(&open_sound(place.path()), 3, document);
    tamper(
        place.path(),
        "DROP TRIGGER revision_is_never_edited;
             UPDATE revision SET actor = 'eve' WHERE number = 2;",
    );
    let store = open_sound(place.path());
    let filter = HistoryFilter {
        name: Some("eve".into()),
        ..HistoryFilter::default()
    };
    let page = store.history(&filter, 0, 10).expect("it can be read");
    let [found] = page.revisions.as_slice() else {
        panic!("{page:?}");
    };
    assert!(
        found.is_damaged && found.number == RevisionNumber(2),
        "{found:?}"
    );
}

/// Documents that are kept as what changed come back to the byte, in any order, and one altered
/// bit is noticed.
#[test]
fn large_documents_come_back_to_the_byte() {
    let place = temporary();
    let store = open_sound(place.path());
    let document = |number: u64| -> Vec<u8> {
        let components: serde_json::Map<String, serde_json::Value> = (0..1000)
            .map(|n| {
                (
                    format!("component{n:04}"),
                    (n % 7 < number % 7 || n == number).into(),
                )
            })
            .collect();
        let note = if number.is_multiple_of(50) { "  " } else { "" };
        let components = serde_json::Value::Object(components);
        format!("{{\"enabled\":true,{note}\"components\":{components}}}").into_bytes()
    };
    for number in 1..=150 {
        let draft = draft(&document(number));
        let saved = store.append(RevisionNumber(number - 1), draft, Trace::default());
        assert!(matches!(saved, Ok(Appended::Saved(_))), "{saved:?}");
    }
    for number in (1..=150).map(|n| n * 37 % 151) {
        let found = store.revision(RevisionNumber(number)).unwrap().unwrap();
        assert_eq!(
            &*found.draft.document,
            &document(number)[..],
            "revision {number}"
        );
    }
    assert_eq!(store.check().unwrap().problems, Vec::<String>::new());
    let bytes = std::fs::metadata(place.path().join("flagdeck.db"))
        .unwrap()
        .len();
    assert!(bytes < 150 * 21 * 1024 / 4, "{bytes} bytes");
}
