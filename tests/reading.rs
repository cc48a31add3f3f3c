//! Texts as people and programs hand them over, on every way in.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Output;

use flagdeck::wire;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http_support::Running;
use crate::support::apps::{change, open};
use crate::support::serving::flagctl;

pub const MARK: &str = "\u{feff}";

pub const ENDLESS: &str = "it is a link that leads back to itself, or through more than 40 others";

/// A data folder, and a folder with files of a person.
pub struct Place {
    pub data: TempDir,
    pub files: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            data: tempfile::tempdir().unwrap(),
            files: tempfile::tempdir().unwrap(),
        }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Writes a file, and returns its path for an argument.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.at(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    pub fn config(&self) -> PathBuf {
        self.data.path().join("config.toml")
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        flagctl(&self.data, arguments).output().unwrap()
    }

    /// Runs a command that does what it is asked, and returns what it prints and tells.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {err}");
        (out, err)
    }

    #[track_caller]
    pub fn refused(&self, arguments: &[&str], code: i32, said: &str) {
        let output = self.run(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {err}");
        assert_eq!((out.as_str(), err.as_str()), ("", said), "{arguments:?}");
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_roster_gives_the_same_users_in_every_text_format() {
    let place = Place::new();
    place.ok(&["master", "on"]);
    place.ok(&["set", "tracker", "on"]);
    place.ok(&["rollout", "--percentage", "50"]);
    let eval = |file: &str| place.ok(&["eval", "tracker", "--users", file]);
    let (expected, silence) = eval(&place.file("plain", "user0\nuser1\nuser2\n"));
    assert_eq!((expected.lines().count(), silence.as_str()), (4, ""));
    let count = |file: &str| place.ok(&["eval", "tracker", "--users", file, "--count"]).0;
    let all = count(&place.file("plain", "user0\nuser1\nuser2\n"));
    assert!(all.ends_with(" of 3\n"), "{all}");
    for (name, text, said) in [
        (
            "crlf",
            "user0\r\nuser1\r\nuser2\r\n",
            "CRLF was read as a line end",
        ),
        ("cr", "user0\ruser1\ruser2", "CR was read as a line end"),
        (
            "mark",
            "\u{feff}user0\nuser1\nuser2",
            "skipped 1 byte order mark",
        ),
        (
            "blank",
            "\nuser0\n  \nuser1\n\nuser2\n\n",
            "skipped 4 blank lines",
        ),
        (
            "all",
            "\u{feff}user0\r\n\r\n\u{feff}user1\ruser2\r\n",
            "skipped 2 byte order marks and 1 blank line; CRLF and CR were read as line ends",
        ),
    ] {
        let file = place.file(name, text);
        let told = format!("flagctl: {file}: {said}\n");
        assert_eq!(eval(&file), (expected.clone(), told));
        assert_eq!(count(&file), all);
        let (rows, told) = place.ok(&["eval", "tracker", "--users", &file, "--json"]);
        let rows: Value = serde_json::from_str(&rows).unwrap();
        assert_eq!(rows.as_array().unwrap().len(), 3);
        assert_eq!(told.lines().count(), 1, "it is told once: {told}");
    }
}

#[test]
fn blanks_around_an_id_count_and_are_reported() {
    let place = Place::new();
    place.ok(&["master", "on"]);
    let file = place.file("roster", "user0 \r\nuser1\r\n\tuser2\r\n");
    let (rows, told) = place.ok(&["eval", "tracker", "--users", &file, "--json"]);
    let rows: Value = serde_json::from_str(&rows).unwrap();
    let ids: Vec<&Value> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["user"])
        .collect();
    assert_eq!(ids, ["user0 ", "user1", "\tuser2"]);
    assert_eq!(
        told,
        format!(
            "flagctl: {file}: CRLF was read as a line end; 2 lines begin or end with blanks, \
             which count\n"
        )
    );
}

#[test]
fn a_text_in_another_encoding_is_refused_by_name_and_place() {
    let place = Place::new();
    place.ok(&["master", "on"]);
    let document = r#"{"enabled": true, "components": {"a": true}}"#;
    let wide = "is UTF-16; save it as UTF-8";
    for (name, bytes, said) in [
        ("utf-16", utf_16(&format!("{MARK}{document}")), wide),
        ("utf-16-bare", utf_16(document), wide),
        (
            "latin-1",
            b"{\r\n\"j\xF6rg\": 1}\n".to_vec(),
            "is not UTF-8 text: byte 3 of line 2 cannot be read",
        ),
    ] {
        let (file, other) = (place.file(name, bytes), place.file("other", "{}"));
        let told = format!("flagctl: The file {file} {said}.\n");
        for arguments in [
            &["eval", "tracker", "--users", &file][..],
            &["import", &file],
            &["import", "--check", &file],
            &["snapshot", "import", &file],
            &["snapshot", "diff", &file, &other],
            &["snapshot", "diff", &other, &file],
        ] {
            place.refused(arguments, 2, &told);
        }
    }
}

#[test]
fn json_behind_a_byte_order_mark_is_read_from_every_file() {
    let place = Place::new();
    let skipped = |file: &str| format!("flagctl: {file}: skipped 1 byte order mark\n");
    let document = r#"{"enabled": true, "components": {"a": true, "b": false}}"#;
    let file = place.file("flags.json", format!("{MARK}{document}\r\n"));
    let (_, told) = place.ok(&["import", &file]);
    assert_eq!(told, skipped(&file));
    let flags: Value = serde_json::from_str(&place.ok(&["get", "--json"]).0).unwrap();
    assert_eq!(flags["components"], json!({"a": true, "b": false}));

    let state = place.file("state.json", format!("{MARK}{{\"usage\":{{\"n\":1}}}}"));
    let (_, told) = place.ok(&["snapshot", "import", &state, "--name", "shop"]);
    assert_eq!(told, skipped(&state));
    let other = place.file("other.json", format!("{MARK}{{\"usage\":{{\"n\":2}}}}"));
    let (found, told) = place.ok(&["snapshot", "diff", &state, &other]);
    assert!(found.contains("1 change"), "{found}");
    assert_eq!(told, skipped(&state) + &skipped(&other));

    let id = "1";
    let bundle = place.at("bundle.json").display().to_string();
    place.ok(&["snapshot", "export", id, "-o", &bundle]);
    let marked = format!("{MARK}{}", fs::read_to_string(&bundle).unwrap());
    fs::write(&bundle, marked).unwrap();
    let (_, told) = place.ok(&["snapshot", "import", &bundle, "--name", "again"]);
    assert_eq!(told, skipped(&bundle));

    let input = fs::File::open(&file).unwrap();
    let output = flagctl(&place.data, &["import", "-", "--check"])
        .stdin(input)
        .output()
        .unwrap();
    assert_eq!(text(&output.stderr), skipped("standard input"));
    assert!(output.status.success());
}

#[test]
fn json_behind_a_byte_order_mark_is_read_over_http() {
    let server = Running::collecting();
    let json = ("Content-Type", "application/json");
    let any = ("If-Match", "*");
    let document = r#"{"enabled": true, "components": {"a": true}, "rollout": {"percentage": 5}}"#;
    let put = server.write("PUT", &[json, any], &format!("{MARK}{document}"));
    assert_eq!(put.status, 200, "{}", put.text());
    assert!(put.text().starts_with('{'));
    let patch = server.write(
        "PATCH",
        &[json, any],
        &format!("{MARK}{{\"enabled\": false}}"),
    );
    assert_eq!(patch.json()["enabled"], false);

    let usage = r#"{"type":"ml:usage","source":"web"}"#;
    for text in [
        format!("{MARK}{usage}\n{usage}\n"),
        format!("{usage}\r{usage}\r"),
        format!("{MARK}{usage}\r\n\r\n{MARK}{usage}"),
    ] {
        let answer = server.report(&[], &text);
        assert_eq!(answer.json()["accepted"], 2, "{text:?}: {}", answer.text());
        assert_eq!(answer.json()["rejected"], 0);
    }
    let answer = server.report(&[json], &format!("{MARK}[{usage}]"));
    assert_eq!(answer.json()["accepted"], 1);

    let bearer = format!("Bearer {}", server.token);
    let send = |method: &str, path: &str, media: &str, body: &str| {
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", media)];
        server.request(method, path, &headers, body)
    };
    let state = format!("{MARK}{{\"usage\":{{\"n\":1}}}}");
    let put = send("PUT", "/api/ml/state/web", json.1, &state);
    assert_eq!(put.status, 200, "{}", put.text());
    let change = r#"{"key":"ml.usage.n","newValue":2}"#;
    let path = "/api/ml/state/web/changes";
    let lines = format!("{MARK}{change}\r\n\r{change}");
    let taken = send("POST", path, "application/x-ndjson", &lines);
    assert_eq!(taken.json()["accepted"], 2, "{}", taken.text());
    let taken = send("POST", path, json.1, &format!("{MARK}[{change}]"));
    assert_eq!(taken.json()["accepted"], 1, "{}", taken.text());

    for (method, path, body) in [
        ("PUT", "/api/ml/state/web", "{}"),
        ("POST", path, "[]"),
        ("POST", "/api/ml/events", "[]"),
    ] {
        let wide = text(&utf_16(&format!(" {body} ")));
        let refused = send(method, path, json.1, &wide);
        assert_eq!(refused.problem(400), "malformed", "{path}");
        let detail = refused.json()["detail"].clone();
        let detail = detail.as_str().unwrap();
        assert!(
            detail.ends_with(" is UTF-16; save it as UTF-8."),
            "{detail}"
        );
    }
}

#[test]
fn blanks_in_lists_of_groups_are_no_part_of_the_names() {
    let place = Place::new();
    place.ok(&["master", "on"]);
    place.ok(&["set", "tracker", "on"]);
    place.ok(&[
        "rollout",
        "--percentage",
        "1",
        "--strategy",
        "feature",
        "--groups",
        " staff , beta",
    ]);
    let file = place.file("roster", "user0\n");
    let reason = |arguments: &[&str]| {
        let (rows, _) =
            place.ok(&[&["eval", "tracker", "--users", &file, "--json"], arguments].concat());
        let rows: Value = serde_json::from_str(&rows).unwrap();
        rows[0]["reason"].clone()
    };
    let explained = |arguments: &[&str]| {
        let (told, _) = place.ok(&[
            &["explain", "tracker", "--user", "user0", "--json"],
            arguments,
        ]
        .concat());
        serde_json::from_str::<Value>(&told).unwrap()["reason"].clone()
    };
    for groups in [
        "staff",
        "other, staff",
        " staff",
        "other,\tstaff ,",
        ", staff,,",
    ] {
        assert_eq!(reason(&["--groups", groups]), "split", "{groups:?}");
        assert_eq!(explained(&["--groups", groups]), "split", "{groups:?}");
    }
    for groups in ["other", "", " ", ", ,"] {
        assert_eq!(reason(&["--groups", groups]), "not_in_group", "{groups:?}");
        assert_eq!(
            explained(&["--groups", groups]),
            "not_in_group",
            "{groups:?}"
        );
    }
}

#[test]
fn blanks_around_groups_that_the_window_sends_are_no_part_of_the_names() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let edits = vec![
        wire::Edit::SetMaster { on: true },
        wire::Edit::SetComponents {
            paths: vec!["tracker".into()],
            on: true,
        },
        wire::Edit::SetRollout {
            component: None,
            percentage: Some(1.0),
            user_groups: Some(vec![" staff ".into(), " ".into()]),
            strategy: None,
        },
    ];
    change(&app, wire::Edit::Batch { edits }.try_into().unwrap());
    assert_eq!(app.flags().live().document.rollout.user_groups, ["staff"]);
    let groups = ["\tstaff".to_owned()];
    let told = wire::Explanation::of(&app, "tracker", "user0", &groups, None).unwrap();
    assert_eq!(told.explanation.reason, "group");
}

#[test]
fn groups_of_an_event_are_those_without_blanks() {
    let server = Running::collecting();
    let headers = [("Content-Type", "application/json"), ("If-Match", "*")];
    let document = r#"{"enabled": true, "components": {"a": true},
        "rollout": {"percentage": 1, "userGroups": ["staff "], "strategy": "canary"}}"#;
    assert_eq!(server.write("PUT", &headers, document).status, 200);
    let event = r#"{"type":"ml:calculation:error","source":"web","component":"a","user":"user0","groups":[" staff"]}"#;
    assert_eq!(server.report(&[], event).json()["accepted"], 1);
    let metrics = server.get("/metrics", &[]);
    let exposed = metrics
        .text()
        .lines()
        .any(|line| line.starts_with("ml_errors_total{") && line.contains("\"exposed\""));
    assert!(exposed, "{}", metrics.text());
}

#[test]
fn an_exported_file_follows_the_link_that_is_there() {
    let place = Place::new();
    let state = place.file("state.json", "{\"usage\":{\"n\":1}}");
    place.ok(&["snapshot", "import", &state, "--name", "shop"]);
    let export = |name: &str| {
        let path = place.at(name).display().to_string();
        place.run(&["snapshot", "export", "1", "-o", &path])
    };
    symlink("target.json", place.at("link.json")).unwrap();
    for _ in ["it dangles", "it leads to a file"] {
        assert!(export("link.json").status.success());
        assert!(place.at("link.json").is_symlink());
        let written = fs::read_to_string(place.at("target.json")).unwrap();
        assert!(
            written.starts_with("{\"format\":\"flagdeck-snapshots\""),
            "{written}"
        );
    }
    let check_refused = |name: &str, said: &str| {
        let output = export(name);
        assert_eq!(output.status.code(), Some(1));
        let path = place.at(name);
        let expected = format!(
            "flagctl: The file {} cannot be written: {said}.\n",
            path.display()
        );
        assert_eq!(text(&output.stderr), expected);
        assert!(path.is_symlink(), "it is as it was");
    };
    symlink("loop.json", place.at("loop.json")).unwrap();
    check_refused("loop.json", ENDLESS);
    symlink(place.data.path(), place.at("folder.json")).unwrap();
    let folder = place.data.path().display().to_string();
    check_refused(
        "folder.json",
        &format!("it is a link to a folder, {folder}"),
    );
}
