//! What is understood of files of users: as spreadsheets of several countries write them, as
//! programs do, and with rows that cannot be read.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use flagdeck::rosters::shapes::{Look, Person, Understood};
use flagdeck::rosters::{Encoding, FileFormat, ImportRequest, Taken};
use flagdeck::{App, Error, Options};
use proptest::prelude::*;
use tempfile::TempDir;

/// A data folder, and a folder for files.
pub struct Desk {
    pub app: App,
    pub folder: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(Options::new(&folder.path().join("data"))).unwrap();
        Self { app, folder }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn request(&self, bytes: &[u8], name: &str) -> ImportRequest {
        let file = self.folder.path().join("users.txt");
        fs::write(&file, bytes).unwrap();
        request(&file, name)
    }

    pub fn look(&self, bytes: &[u8]) -> Result<Look, Error> {
        let looked = self
            .app
            .rosters()
            .look(&self.request(bytes, "all"), &mut go_on);
        Ok(looked?.expect("nothing breaks it off"))
    }

    #[track_caller]
    pub fn import(&self, bytes: impl AsRef<[u8]>, name: &str) -> Look {
        let request = self.request(bytes.as_ref(), name);
        let imported = self.app.rosters().import(&request, &mut go_on);
        imported.unwrap().expect("nothing breaks it off")
    }
}

pub fn request(file: &Path, name: &str) -> ImportRequest {
    ImportRequest {
        file: file.to_owned(),
        table: None,
        name: name.parse().unwrap(),
    }
}

pub fn go_on(_: flagdeck::rosters::Done) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn understood(bytes: impl AsRef<[u8]>) -> Understood {
    Desk::new().look(bytes.as_ref()).unwrap().understood
}

#[track_caller]
fn refused(bytes: impl AsRef<[u8]>, said: &str) {
    let error = Desk::new().look(bytes.as_ref()).unwrap_err();
    let (code, text) = (error.code(), error.to_string());
    assert!(text.contains(said), "{text}");
    assert_eq!(code, flagdeck::error::Code::Malformed, "{text}");
}

/// Writes a user as one line: `ada [beta;staff] 1.5 {plan: pro}`.
fn shown(person: &Person) -> String {
    let attributes = person.attributes.iter();
    let attributes: Vec<String> = attributes
        .map(|(name, text)| format!("{name}: {text}"))
        .collect();
    let Person {
        id, groups, weight, ..
    } = person;
    format!(
        "{id} [{}] {weight} {{{}}}",
        groups.join(";"),
        attributes.join(", ")
    )
}

#[track_caller]
fn check(bytes: impl AsRef<[u8]>, people: &[&str]) -> Understood {
    let understood = understood(bytes);
    let first: Vec<String> = understood.first.iter().map(shown).collect();
    assert_eq!(first, people, "{understood:?}");
    assert_eq!(understood.bad_rows, [], "all rows can be read");
    understood
}

fn bad(bytes: impl AsRef<[u8]>) -> Vec<(u64, String)> {
    let rows = understood(bytes).bad_rows.into_iter();
    rows.map(|row| (row.line, row.reason)).collect()
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let marked = format!("\u{feff}{text}");
    marked.encode_utf16().flat_map(unit).collect()
}

#[test]
fn csv_is_read_as_spreadsheets_of_three_countries_write_it() {
    let people = ["ada [beta;staff] 1.5 {plan: pro}", "ben [] 1 {plan: free}"];
    let american = check(
        "id,groups,weight,plan\r\nada,beta;staff,1.5,pro\r\nben,,,free\r\n",
        &people,
    );
    assert_eq!(american.form.separator, Some(','));
    assert_eq!(american.form.format, FileFormat::Csv);
    let german = check(
        "\u{feff}ID;Groups;Weight;plan\r\nada;\"beta;staff\";1,5;pro\r\nben;;;free\r\n",
        &people,
    );
    assert_eq!(german.form.separator, Some(';'));
    assert!(german.has_weights);
    let taken: Vec<Taken> = german.form.columns.iter().map(|it| it.taken).collect();
    assert_eq!(
        taken,
        [Taken::Id, Taken::Groups, Taken::Weight, Taken::Attribute]
    );
    let text = "weight\tplan\tid\tGROUPS\r\n1,5\tpro\tada\tbeta|staff\r\n\tfree\tben\t\r\n";
    for (bytes, encoding) in [
        (utf16(text, u16::to_le_bytes), Encoding::Utf16Le),
        (utf16(text, u16::to_be_bytes), Encoding::Utf16Be),
    ] {
        let japanese = check(bytes, &people);
        assert_eq!(japanese.form.separator, Some('\t'));
        assert_eq!(japanese.form.encoding, Some(encoding));
    }
    check("sep=;\r\nid;groups\r\nada;a|b\r\n", &["ada [a;b] 1 {}"]);
    check(
        "id\tgroups\rada\ta, b\rben\t\r",
        &["ada [a;b] 1 {}", "ben [] 1 {}"],
    );
}

#[test]
fn quotes_hold_separators_quotes_and_line_ends() {
    let text = "id,note,groups\n\"a,b\",\"say \"\"hi\"\"\",\"x, y\"\n\"c\",\"two\nlines\",\n";
    let people = [
        "a,b [x;y] 1 {note: say \"hi\"}",
        "c [] 1 {note: two\nlines}",
    ];
    check(text, &people);
    check("\"ada\"\r\n\"b,b\"\r\n", &["ada [] 1 {}", "b,b [] 1 {}"]);
}

#[test]
fn a_file_of_one_column_without_a_name_is_one_id_a_line() {
    let lines = check(
        "\u{feff}ada\r\n\r\n ben\r\n=1+1\r\n\"x\r\n",
        &["ada [] 1 {}", " ben [] 1 {}", "=1+1 [] 1 {}", "\"x [] 1 {}"],
    );
    assert_eq!(lines.form.format, FileFormat::Lines);
    assert_eq!((lines.people, lines.padded), (4, 1));
    check("{3F2504E0}\n", &["{3F2504E0} [] 1 {}"]);
    check("id\nada\n", &["ada [] 1 {}"]);
    refused("ada,beta\nben,staff\n", "names none of them id");
}

#[test]
fn ndjson_has_ids_as_text_or_whole_numbers() {
    let text = r#"{"id": "ada", "groups": ["beta", " staff "], "weight": 2.5, "plan": "pro", "n": 7}

{"id": 12345678901234567890123, "groups": "beta;staff", "weight": "0,5", "n": null}
{"plan": {"a": 1}, "ID2": true, "id": "\ud83d"}
"#;
    let read = check(
        text,
        &[
            "ada [beta;staff] 2.5 {plan: pro, n: 7}",
            "12345678901234567890123 [beta;staff] 0.5 {}",
            "\u{fffd} [] 1 {plan: {\"a\":1}, ID2: true}",
        ],
    );
    assert_eq!(read.form.format, FileFormat::Ndjson);
    let names: Vec<&str> = read
        .form
        .columns
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["id", "groups", "weight", "plan", "n", "ID2"]);
    refused("[{\"id\": 1}]", "is a JSON list");
}

#[test]
fn bad_rows_are_counted_and_told_and_good_ones_count() {
    let text =
        "id,weight,groups\nada,1,\n,2,\nben,zero,\nben,-1,\nben,0,\neve,1,5,x\n\"open,1,\nfay,1,\n";
    assert_eq!(
        bad(text),
        [
            (3, "it has no id".into()),
            (4, "its weight is not a number above 0: zero".into()),
            (5, "its weight is not a number above 0: -1".into()),
            (6, "its weight is not a number above 0: 0".into()),
            (7, "it has 4 cells, the first line 3".into()),
            (8, "a quote in it is opened and not closed".into()),
        ]
    );
    let read = understood(text);
    assert_eq!((read.good, read.bad, read.people), (2, 6, 2));
    let long = format!("ada\n{}\nben\n", "x".repeat(1025));
    assert_eq!(bad(&long), [(2, "its id has more than 1024 bytes".into())]);
    let endless = format!("ada\n{}\nben\n", "x".repeat(1024 * 1024));
    assert_eq!(bad(&endless), [(2, "its line is too long".into())]);
    assert_eq!(
        bad(b"id\nada\nb\xffn\n"),
        [(3, "it is not UTF-8 text".into())]
    );
    let json = "{\"id\": \"ada\"}\n{\"id\": 1.5}\n{\"id\": tru\n7\n{\"groups\": \"a\"}\n{\"id\":\"b\",\"groups\":[1]}\n{\"id\":\"b\",\"weight\":0}\n";
    let lines: Vec<u64> = bad(json).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 7]);
    let many = format!("id,weight\nada,1\n{}", "ben,x\n".repeat(30));
    let read = understood(&many);
    assert_eq!((read.bad, read.bad_rows.len()), (30, 20));
}

#[test]
fn a_later_row_of_an_id_replaces_the_earlier_one() {
    let read = understood("id,groups\nada,beta\nben,\nada,staff;beta\n");
    assert_eq!(
        (read.good, read.people, read.duplicates, read.ungrouped),
        (3, 2, 1, 1)
    );
    let groups: Vec<(&str, u64)> = read
        .groups
        .iter()
        .map(|group| (group.name.as_str(), group.people))
        .collect();
    assert_eq!(groups, [("beta", 1), ("staff", 1)]);
}

#[test]
fn what_can_be_no_roster_is_refused_in_one_sentence() {
    refused("", "has no user id in it");
    refused(" \r\n\n", "has no user id in it");
    refused("id,weight\n", "has no user id in it");
    refused(
        "id,weight\nada,x\n",
        "has no row that can be read: line 2: its weight",
    );
    refused(b"PK\x03\x04rest", "save the sheet as CSV");
    refused(b"\x1f\x8b\x08\x00rest", "is ");
    refused(
        b"SQLite format 3\0 and nothing else",
        "is a database that cannot be read",
    );
    let desk = Desk::new();
    let missing = desk.app.rosters().look(
        &request(&desk.folder.path().join("none"), "all"),
        &mut go_on,
    );
    assert!(
        Error::from(missing.unwrap_err())
            .in_full()
            .contains("cannot be read: ")
    );
}

#[test]
fn a_table_of_a_database_is_read_and_the_file_stays_as_it_is() {
    let desk = Desk::new();
    let file = desk.folder.path().join("crm.sqlite");
    let database = rusqlite::Connection::open(&file).unwrap();
    database
        .execute_batch(
            "CREATE TABLE users (Plan TEXT, id, groups TEXT, weight REAL);
             INSERT INTO users VALUES
                ('pro', 'ada', 'beta;staff', 1.5), (NULL, 9007199254740993, NULL, NULL),
                ('x', NULL, NULL, NULL), ('x', 1.5, NULL, NULL), ('x', 'b', NULL, -1);
             CREATE TABLE other (x); CREATE VIEW id_view AS SELECT 1 AS id;",
        )
        .unwrap();
    drop(database);
    let before = fs::read(&file).unwrap();
    let look = |table: Option<&str>| {
        let request = ImportRequest {
            table: table.map(str::to_owned),
            ..request(&file, "crm")
        };
        let looked = desk.app.rosters().look(&request, &mut go_on);
        looked.map(|look| look.unwrap().understood)
    };
    let read = look(None).unwrap();
    let first: Vec<String> = read.first.iter().map(shown).collect();
    assert_eq!(
        first,
        [
            "ada [beta;staff] 1.5 {Plan: pro}",
            "9007199254740993 [] 1 {}"
        ]
    );
    let lines: Vec<u64> = read.bad_rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [3, 4, 5]);
    assert_eq!(read.form.table.as_deref(), Some("users"));
    assert!(
        look(Some("other"))
            .unwrap_err()
            .to_string()
            .contains("has no column id")
    );
    assert!(
        look(Some("gone"))
            .unwrap_err()
            .to_string()
            .contains("has no table gone")
    );
    assert_eq!(fs::read(&file).unwrap(), before);
    let beside = fs::read_dir(desk.folder.path()).unwrap().count();
    assert_eq!(beside, 2, "the data folder and the file");
    let database = rusqlite::Connection::open(&file).unwrap();
    database
        .execute_batch("CREATE TABLE more (id TEXT)")
        .unwrap();
    assert!(
        look(None)
            .unwrap_err()
            .to_string()
            .contains("several tables")
    );
    assert!(look(Some("USERS")).is_ok());
}

#[test]
fn reading_tells_how_far_it_is_and_can_be_broken_off() {
    let desk = Desk::new();
    let text: String = (0..50_000).map(|at| format!("user{at}\n")).collect();
    let request = desk.request(text.as_bytes(), "all");
    let mut told = Vec::new();
    let broken_off = desk.app.rosters().look(&request, &mut |done| {
        told.push(done);
        match told.len() {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    assert_eq!(broken_off.unwrap(), None);
    assert!(
        told.iter()
            .all(|done| done.total == text.len() as u64 && done.done <= done.total)
    );
    assert!(told.is_sorted_by_key(|done| done.done));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_stops_a_reader(text in "([a-z{}\\[\\]\",;|\t\r\n=1.0 ]|id|groups|weight|sep=){0,60}") {
        let _ = Desk::new().look(text.as_bytes());
    }

    /// What is written as CSV comes back, whatever the separator.
    #[test]
    fn ids_and_notes_come_back_as_they_were(
        rows in prop::collection::vec(("[a-z;,\t\" ]{0,8}[a-z]", "[a-z;,\t\"\n ]{0,8}"), 1..5),
        separator in prop::sample::select(vec![',', ';', '\t']),
    ) {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut text = format!("note{separator}id\n");
        for (id, note) in &rows {
            text += &format!("{}{separator}{}\n", quoted(note), quoted(id));
        }
        let read = understood(text);
        let first: Vec<(&str, &str)> = read.first.iter().map(|person| {
            let note = person.attributes.get("note").map_or("", String::as_str);
            (person.id.as_str(), note)
        }).collect();
        let rows: Vec<(&str, &str)> = rows.iter().map(|(id, note)| (id.as_str(), note.as_str())).collect();
        prop_assert_eq!(first, rows);
    }
}
