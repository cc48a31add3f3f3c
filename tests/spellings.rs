//! What programs write in several ways is read in all of them, by one rule on every way in: states
//! with what is around them, whole numbers, names.

use flagdeck::metrics::event::Format;
use flagdeck::wire::{RestoreRequest, StateAt, StateDifferenceOptions};
use serde_json::{Value, json};

use crate::http_support::Running;
use crate::states::{at, everything, me, now, take, web};
use crate::support::apps::open;
use crate::support::cli::Cli;

#[test]
fn a_state_object_with_other_keys_is_kept_and_the_rest_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let sent = |text: &str| {
        let put = app.put_state(&web(), text.as_bytes(), None, None).unwrap();
        (now(&app).to_string(), put.warnings.join(" "))
    };
    let state = |text: &str| format!(r#"{{"timestamp":1.7e12,"ml":{{"v":1}},"files":12.0{text}}}"#);
    assert_eq!(sent(&state("")), (r#"{"v":1}"#.into(), String::new()));
    assert_eq!(app.current_state(&web()).unwrap().files, 12);
    let (ml, told) = sent(&state(r#","app":"web","tab":2"#));
    assert_eq!(ml, r#"{"v":1}"#);
    assert_eq!(
        told,
        r#"Only ml, timestamp and files are kept of a state, not "app", "tab"."#
    );
    assert_eq!(
        sent(r#"{"ml":{"v":1}}"#),
        (r#"{"v":1}"#.into(), String::new())
    );
    // Of a bare tree that has an ml of its own, nothing is guessed.
    for bare in [
        r#"{"version":"6","ml":{"v":1}}"#,
        r#"{"timestamp":1,"ml":{"v":1},"app":"web"}"#,
        r#"{"timestamp":1,"files":["a"],"ml":{"v":1},"app":"web"}"#,
        r#"{"timestamp":"now","files":2,"ml":{"v":1},"app":"web"}"#,
    ] {
        let (ml, told) = sent(bare);
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let mut found = value(&ml);
        found.as_object_mut().unwrap().shift_remove("history");
        assert_eq!(found, value(bare));
        assert!(told.starts_with("The ml in it is kept as ml.ml"), "{told}");
    }
    assert_eq!(sent(r#"{"timestamp":1,"files":2,"ml":[1],"x":0}"#).1, "");
    let refused = |text: &str| {
        let put = app.put_state(&web(), text.as_bytes(), None, None);
        put.unwrap_err().to_string()
    };
    assert!(
        refused(r#"{"ml":{},"files":14.5}"#).contains("files must be a whole number from 0 to")
    );
    assert!(refused(r#"{"ml":{},"timestamp":-1}"#).contains("timestamp must be a whole number"));
}

#[test]
fn other_keys_in_the_file_of_a_state_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let file = br#"{"timestamp":1.7e12,"ml":{"v":1},"files":3.0,"app":"web"}"#;
    let taken = app.import_snapshots(file, "desk").unwrap();
    assert_eq!((taken[0].at_ms, taken[0].files), (1_700_000_000_000, 3));
    assert_eq!(at(&app, taken[0].id), json!({"v": 1}));
    let told = app.notices().pop().unwrap().message;
    assert!(
        told.starts_with("desk: Only ml, timestamp and files are kept"),
        "{told}"
    );
}

#[test]
fn a_bundle_may_have_whole_numbers_as_floats() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let bundle = |files: &str| {
        format!(
            r#"{{"format":"flagdeck-snapshots","version":1.0,"snapshots":[
                {{"timestamp":1.7e12,"ml":{{}},"files":{files},"revision":2.0}}]}}"#
        )
    };
    let taken = app
        .import_snapshots(bundle("12.0").as_bytes(), "desk")
        .unwrap();
    assert_eq!((taken[0].files, taken[0].revision), (12, 2));
    let refused = app
        .import_snapshots(bundle("12.5").as_bytes(), "desk")
        .unwrap_err();
    assert!(
        refused.to_string().contains("12.5 is no whole number"),
        "{refused}"
    );
}

#[test]
fn names_with_dots_and_names_of_javascript_are_the_same_on_every_way_in() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let whole = r#"{"versions":{"v1.2":1},"__proto__":{"constructor":1}}"#;
    app.put_state(&web(), whole.as_bytes(), None, None).unwrap();
    let shown = || {
        let mut ml = now(&app);
        ml.as_object_mut().unwrap().shift_remove("history");
        ml.to_string()
    };
    assert_eq!(shown(), whole);
    let value = |number: u64| Some(json!(number).into());
    let recorded = |key: &str, number: u64| {
        let change = json!([{"key": key, "newValue": number}]).to_string();
        let receipt = app.record_changes(&web(), change.as_bytes(), Format::Json);
        receipt.unwrap().accepted == 1
    };
    for key in [
        "ml.versions.v1.2",
        r#"ml.versions["v1.2"]"#,
        "/versions/v1.2",
    ] {
        let is_pointer = key.starts_with('/');
        assert!(
            app.set_state(&web(), key, value(2), &me()).unwrap(),
            "{key}"
        );
        assert!(
            shown().contains(r#""versions":{"v1.2":2}"#),
            "{key}: {}",
            shown()
        );
        let set_again = match is_pointer {
            true => app.set_state(&web(), key, value(3), &me()).unwrap(),
            false => recorded(key, 3),
        };
        assert!(
            set_again && shown().contains(r#""versions":{"v1.2":3}"#),
            "{key}"
        );
    }
    assert!(recorded(r#"ml.versions["v1.3"]"#, 1));
    app.set_state(&web(), r#"ml.versions["v1.4"]"#, value(1), &me())
        .unwrap();
    app.set_state(&web(), "/versions/v1.5", value(1), &me())
        .unwrap();
    let versions = r#""versions":{"v1.2":3,"v1.3":1,"v1.4":1,"v1.5":1}"#;
    assert!(shown().contains(versions), "{}", shown());
    for (key, number) in [
        ("ml.__proto__.constructor", 2),
        ("ml.__proto__.prototype", 3),
    ] {
        assert!(recorded(key, number));
        app.set_state(&web(), key, value(number + 1), &me())
            .unwrap();
    }
    assert!(
        shown().contains(r#""__proto__":{"constructor":3,"prototype":4}"#),
        "{}",
        shown()
    );
    // What set a name with dots is found, and all of it is there after a restart.
    let blame = app.blame(
        &StateAt::Now {
            source: "web".into(),
        },
        r#"ml.versions["v1.4"]"#,
    );
    assert_eq!(blame.unwrap().key, r#"ml.versions["v1.4"]"#);
    let before = shown();
    drop(app);
    let app = open(folder.path());
    let mut ml = now(&app);
    ml.as_object_mut().unwrap().shift_remove("history");
    assert_eq!(ml.to_string(), before);
    let id = take(&app).id;
    app.set_state(&web(), r#"ml.versions["v1.4"]"#, value(9), &me())
        .unwrap();
    let restore = RestoreRequest {
        only: vec![r#"ml.versions["v1.4"]"#.into()],
        ..everything(id)
    };
    let preview = app.preview_restore(&restore, &StateDifferenceOptions::default());
    assert_eq!(preview.unwrap().total, 1);
}

#[test]
fn a_state_over_http_is_answered_with_what_is_not_kept() {
    let server = Running::collecting();
    let bearer = format!("Bearer {}", server.token);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
    ];
    let put = |query: &str, body: &str| {
        server.request("PUT", &format!("/api/ml/state/web{query}"), &headers, body)
    };
    let body = r#"{"timestamp":1,"ml":{"v":1},"files":2,"app":"web"}"#;
    let answer = put("?files=1.2e1", body).json();
    assert_eq!(answer["changed"], true);
    let told = answer["warnings"][0].as_str().unwrap();
    assert!(told.contains(r#"not "app""#), "{told}");
    let read = server.get("/api/ml/state/web", &headers).json();
    assert_eq!(
        (&read["ml"], &read["files"]),
        (&json!({"v": 1}), &json!(12))
    );
    assert_eq!(put("", r#"{"v":1}"#).json().get("warnings"), None);
    assert_eq!(put("?files=1.5", "{}").status, 400);
}

#[test]
fn flagctl_reports_what_it_does_not_keep_and_ignores_order() {
    let (cli, folder) = (Cli::new(), tempfile::tempdir().unwrap());
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let state = r#"{"timestamp":1.7e12,"ml":{"a":1,"b":{"c":2,"d":3}},"files":3.0,"app":"web"}"#;
    let one = file("one.json", state);
    let other = file("other.json", r#"{"b":{"d":3,"c":2},"a":1}"#);
    for options in [&["--exit-code"][..], &["--exit-code", "--patch"]] {
        let words = [&["snapshot", "diff", &one, &other][..], options].concat();
        let ran = cli.run_with(&words);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.err.contains(r#"not "app""#), "{ran:?}");
    }
    let ran = cli.run_with(&["snapshot", "import", &one]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err
            .contains("one.json: Only ml, timestamp and files are kept"),
        "{ran:?}"
    );

    let document = r#"{"enabled":true,"components":{"a":true,"ui":{"x":true,"y":false}}}"#;
    let reversed = r#"{"components":{"ui":{"y":false,"x":true},"a":true},"enabled":true}"#;
    cli.run_with(&["import", &file("first.json", document)]);
    let before = cli.ok("get");
    let again = cli.run_with(&["import", &file("second.json", reversed), "--json"]);
    let outcome: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(
        (&outcome["changed"], &outcome["revision"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(cli.ok("get"), before);
}
