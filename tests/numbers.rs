//! Numbers and texts that are unusual: kept digit for digit and compared by value, on every way in.

use std::fs;

use flagdeck::metrics::event::{self, Callbacks, Format};
use flagdeck::state::{compare_files, patch_files};
use flagdeck::wire::{StateAt, StateDifferenceOptions};
use flagdeck_core::measure::Arm;
use flagdeck_core::{state, tree};
use serde_json::json;

use crate::cli_state::report;
use crate::states::{take, web};
use crate::support::apps::open;
use crate::support::cli::Cli;

/// Numbers that no double holds, and some that one does.
const STATE: &str = r#"{"n":18446744073709551616,"pi":3.14159265358979323846,"huge":1e400,"tiny":-1e-400,"deep":{"list":[9007199254740993.0,1.0,100,-0.0]}}"#;

fn text(app: &flagdeck::App) -> String {
    state::without_history(&app.current_state(&web()).unwrap().ml).to_string()
}

fn is_changed_by(app: &flagdeck::App, state: &str) -> bool {
    let put = app.put_state(&web(), state.as_bytes(), None, None);
    put.unwrap().changed
}

#[test]
fn a_state_is_kept_digit_for_digit() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    assert!(is_changed_by(&app, STATE));
    assert_eq!(text(&app), STATE);
    let snapshot = take(&app).id;
    let changes = br#"[{"key": "ml.deep.more", "newValue": [0.10000000000000000555, 1E+500]}]"#;
    app.record_changes(&web(), changes, Format::Json).unwrap();
    drop(app);
    let app = open(folder.path());
    let changed = STATE.replace("]}}", "],\"more\":[0.10000000000000000555,1E+500]}}");
    assert_eq!(text(&app), changed);
    let next = take(&app).id;
    let at = |id| {
        app.state_at(&StateAt::Snapshot { id })
            .unwrap()
            .ml
            .to_string()
    };
    assert_eq!((at(snapshot), at(next)), (STATE.to_owned(), changed));
    let bundle = app.export_snapshots(&[snapshot, next]).unwrap().text;
    assert!(bundle.contains(STATE), "{bundle}");
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn numbers_that_round_to_one_double_are_two_states() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    assert!(is_changed_by(&app, r#"{"n":18446744073709551616}"#));
    assert!(is_changed_by(&app, r#"{"n":18446744073709551617}"#));
    assert_eq!(text(&app), r#"{"n":18446744073709551617}"#);
    assert!(is_changed_by(
        &app,
        r#"{"n":18446744073709551617.00000001}"#
    ));
}

#[test]
fn a_value_that_is_only_spelled_otherwise_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let first = r#"{"a":1,"b":[100,2.5],"c":{"d":0,"e":18446744073709551616}}"#;
    is_changed_by(&app, first);
    let tag = app.current_state(&web()).unwrap().etag.clone();
    let other = r#"{"a":1.0,"b":[1e2,25e-1],"c":{"d":-0.0,"e":1844674407370955161.6e1}}"#;
    assert!(!is_changed_by(&app, other));
    assert_eq!(text(&app), first);
    assert_eq!(app.current_state(&web()).unwrap().etag, tag);
    // With another value beside them, too.
    assert!(is_changed_by(&app, &other.replace("25e-1", "3.5")));
    assert_eq!(text(&app), first.replace("2.5", "3.5"));
    let change = br#"[{"key": "ml.c", "newValue": {"d": 0.0, "e": 7}}]"#;
    app.record_changes(&web(), change, Format::Json).unwrap();
    assert_eq!(text(&app), r#"{"a":1,"b":[100,3.5],"c":{"d":0,"e":7}}"#);
}

#[test]
fn a_bundle_may_be_written_again_but_not_altered() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    is_changed_by(
        &app,
        r#"{"a":1.0,"b":-0.0,"c":1e21,"d":12345678901234567890123,"e":0.1}"#,
    );
    let snapshot = take(&app).id;
    let bundle = app.export_snapshots(&[snapshot]).unwrap().text;
    // As jq and others write it: in lines, keys sorted, other spellings of the same numbers.
    let state = r#"{"e": 1e-1, "d": 12345678901234567890123.0, "c": 1000000000000000000000, "b": 0, "a": 1}"#;
    let written = r#"{"a":1.0,"b":-0.0,"c":1e+21,"d":12345678901234567890123,"e":0.1}"#;
    assert!(bundle.contains(written), "{bundle}");
    let again = bundle.replace(written, state).replace(",\"", ",\n  \"");
    assert_eq!(
        app.import_snapshots(again.as_bytes(), "again")
            .unwrap()
            .len(),
        1
    );
    for altered in [
        state.replace("890123", "890124"),
        state.replace("1e-1", "0.10000000000000001"),
    ] {
        let altered = bundle.replace(written, &altered);
        let refused = app.import_snapshots(altered.as_bytes(), "altered");
        assert!(refused.unwrap_err().to_string().contains("altered"));
    }
}

#[test]
fn a_bundle_of_version_1_has_hashes_over_the_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let state = r#"{"a":1.0,"b":-0.0,"c":1e+21}"#;
    let hash = blake3::hash(state.as_bytes()).to_hex();
    let bundle = |state: &str| {
        format!(
            r#"{{"format":"flagdeck-snapshots","version":1,"snapshots":[{{"timestamp":1,"ml":{state},"files":0,"hash":"{hash}"}}]}}"#
        )
    };
    let import = |text: String| app.import_snapshots(text.as_bytes(), "web");
    assert_eq!(import(bundle(state)).unwrap().len(), 1);
    assert!(import(bundle(r#"{"a":1.5,"b":-0.0,"c":1e+21}"#)).is_err());
}

/// A file of the Flagdeck before: two snapshots, in one chain, of states with floats.
#[test]
fn a_state_db_of_format_2_is_still_known() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    fs::write(&file, include_bytes!("fixtures/state-format-2.db")).unwrap();
    let app = open(folder.path());
    let whole = |id| {
        let state = app.state_at(&StateAt::Snapshot { id }).unwrap();
        state.ml.get("whole").unwrap().to_string()
    };
    assert_eq!((whole(1), whole(2)), ("2.0".into(), "3.0".into()));
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
    let old = "old".parse().unwrap();
    let put = app.put_state(&old, br#"{"whole": 3}"#, None, None).unwrap();
    assert!(put.changed);
    take(&app);
    assert_eq!(app.check().unwrap().problems, Vec::<String>::new());
    assert_eq!(
        (whole(1), whole(2), whole(3)),
        ("2.0".into(), "3.0".into(), "3.0".into())
    );
}

#[test]
fn files_are_compared_by_value() {
    let (one, other) = (br#"{"a": 1, "b": [100]}"#, br#"{"a": 1.0, "b": [1e2]}"#);
    assert_eq!(patch_files(one, other).unwrap().to_string(), "[]");
    let options = StateDifferenceOptions::default();
    assert_eq!(compare_files(one, other, &options).unwrap().total, 0);
    let (one, other) = (br#"{"a": 1e400}"#, br#"{"a": 1e401}"#);
    let found = compare_files(one, other, &options).unwrap();
    let after = found.changes[0].after.as_ref().unwrap();
    assert_eq!(after.text, "1e401");
}

#[test]
fn half_of_a_surrogate_pair_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    is_changed_by(
        &app,
        r#"{"title": "cut \ud83d", "\udc00": 1, "whole": "\ud83d\ude00"}"#,
    );
    assert_eq!(
        text(&app),
        "{\"title\":\"cut \u{fffd}\",\"\u{fffd}\":1,\"whole\":\"😀\"}"
    );
    let array = br#"[{"key": "ml.title", "newValue": "\ude00"}, {"key": "ml.n", "newValue": 1}]"#;
    let receipt = app.record_changes(&web(), array, Format::Json).unwrap();
    assert_eq!((receipt.accepted, receipt.rejected), (2, 0));
    let lines =
        b"{\"key\": \"ml.n\", \"newValue\": \"\\ud83d\"}\n{\"key\": \"ml.m\", \"newValue\": 1}\n";
    let receipt = app.record_changes(&web(), lines, Format::NdJson).unwrap();
    assert_eq!((receipt.accepted, receipt.rejected), (2, 0));
    let state = br#"{"timestamp": 1, "ml": {"t": "\ud83d"}, "files": 0}"#;
    assert_eq!(app.import_snapshots(state, "web").unwrap().len(), 1);
}

#[test]
fn an_event_with_half_of_a_surrogate_pair_counts() {
    let event = r#"{"type":"ml:usage","source":"web \ud83d","user":"\ude00"}"#;
    let arm_unknown = |_: &str, _: &str, _: &[&str]| Arm::Unknown;
    for (text, format) in [
        (format!("[{event}, {event}]"), Format::Json),
        (format!("{event}\n{event}\n"), Format::NdJson),
    ] {
        let batch = event::read(text.as_bytes(), format, Callbacks::new(&arm_unknown), 0).unwrap();
        assert_eq!((batch.events.len(), batch.rejected), (2, 0), "{text}");
        assert_eq!(batch.events[0].source(), "web \u{fffd}");
    }
    let large = r#"{"type":"ml:memory","source":"web","bytes":1e400}"#;
    let batch = event::read(
        large.as_bytes(),
        Format::NdJson,
        Callbacks::new(&arm_unknown),
        0,
    )
    .unwrap();
    let message = &batch.problems[0].message;
    assert!(
        message.starts_with("bytes must be a number from 0"),
        "{message}"
    );
}

#[test]
fn flagctl_prints_every_digit() {
    let cli = Cli::new();
    report(&cli, "web", &json!({"a": 1}));
    cli.ok("state set ml.n 18446744073709551617");
    assert_eq!(cli.ok("state get ml.n"), "18446744073709551617\n");
    assert_eq!(cli.ok("state get ml.n --json"), "18446744073709551617\n");
    let same = cli.ok("state set ml.n 18446744073709551617.0");
    assert!(same.starts_with("Nothing to change"), "{same}");
    assert!(
        !cli.ok("state set ml.n 18446744073709551616")
            .starts_with("Nothing")
    );
}

#[test]
fn a_flag_document_keeps_the_digits_of_what_it_does_not_know() {
    let cli = Cli::new();
    let document = |number: &str| {
        format!(
            r#"{{"enabled": true, "x-build": {number}, "x-list": [1.0, 0.1000000000000000000001]}}"#
        )
    };
    let import = |number: &str| cli.run_with_input("import -", &document(number)).out;
    import("12345678901234567890123");
    let exported = cli.ok("export");
    assert!(exported.contains("12345678901234567890123"), "{exported}");
    assert!(exported.contains("0.1000000000000000000001"), "{exported}");
    let same = import("12345678901234567890123.0");
    assert!(same.starts_with("No change"), "{same}");
    let other = import("12345678901234567890124");
    assert!(!other.starts_with("No change"), "{other}");
    let document = tree::read(cli.ok("get --json").as_bytes()).unwrap();
    let number = document.get("x-build").unwrap().to_string();
    assert_eq!(number, "12345678901234567890124");
}
