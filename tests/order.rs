//! The order of keys is never a change: in states, snapshots, bundles and flag documents.

use flagdeck::wire::SnapshotFilter;
use flagdeck_core::tree;
use serde_json::{Value, json};

use crate::http_support::Running;
use crate::states::{at, me, now, put, take, web};
use crate::support::apps::open;

/// Writes JSON text with the keys of every object the other way round.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members = members.iter().rev();
            let members = members.map(|(key, value)| format!("{}:{}", json!(key), reversed(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(reversed).collect();
            format!("[{}]", elements.join(","))
        }
        leaf => leaf.to_string(),
    }
}

fn state(step: u64) -> Value {
    let file = |id: u64| json!({"id": id, "path": format!("src/module{}/file{id}.js", id % 17), "size": id * 7919});
    json!({
        "version": "6.0.0",
        "metrics": {"usage": {"files": step, "feedback": 3}, "quality": {"avg": 0.5}},
        "cache": {"files": (0..600).map(file).collect::<Vec<_>>()},
    })
}

#[test]
fn a_state_that_is_put_in_another_order_is_unchanged_and_keeps_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &state(1));
    take(&app);
    let before = now(&app).to_string();
    let again = app.put_state(&web(), reversed(&state(1)).as_bytes(), None, None);
    let again = again.unwrap();
    assert_eq!((again.changed, again.changes), (false, 0));
    assert_eq!(now(&app).to_string(), before);
    let one_more = app.put_state(&web(), reversed(&state(2)).as_bytes(), None, None);
    assert_eq!(one_more.unwrap().changes, 1);
    let expected = before.replace(r#""files":1,"#, r#""files":2,"#);
    let mut found = now(&app);
    // The ring of changes follows what was reported.
    found.as_object_mut().unwrap().shift_remove("history");
    assert_eq!(found.to_string(), expected);
}

#[test]
fn a_value_that_is_set_in_another_order_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({"flags": {"a": {"on": true, "share": 5}}}));
    let set = |value: &str| {
        let value = tree::read(value.as_bytes()).unwrap();
        app.set_state(&web(), "ml.flags.a", Some(value), &me())
            .unwrap()
    };
    assert!(!set(r#"{"share": 5, "on": true}"#));
    assert!(set(r#"{"share": 6, "on": true}"#));
    assert_eq!(
        now(&app)["flags"].to_string(),
        r#"{"a":{"on":true,"share":6}}"#
    );
}

#[test]
fn snapshots_of_shuffled_states_are_kept_as_small_as_others() {
    let bytes_of = |is_shuffled: bool| {
        let folder = tempfile::tempdir().unwrap();
        let app = open(folder.path());
        for step in 0..40 {
            let text = match is_shuffled && step % 2 == 1 {
                true => reversed(&state(step)),
                false => state(step).to_string(),
            };
            app.put_state(&web(), text.as_bytes(), None, None).unwrap();
            let taken = take(&app);
            assert_eq!(at(&app, taken.id), state(step));
        }
        app.state_sources().unwrap()[0].snapshot_bytes
    };
    let (plain, shuffled) = (bytes_of(false), bytes_of(true));
    assert!(
        shuffled <= plain + plain / 20,
        "{shuffled} bytes instead of {plain}"
    );
}

#[test]
fn a_bundle_in_another_order_is_taken_and_differs_in_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &state(1));
    let one = take(&app).id;
    put(&app, &state(2));
    let other = take(&app).id;
    let bundle: Value =
        serde_json::from_str(&app.export_snapshots(&[one, other]).unwrap().text).unwrap();
    let imported = app
        .import_snapshots(reversed(&bundle).as_bytes(), "shuffled")
        .unwrap();
    assert_eq!(imported.len(), 2);
    let pairs = [one, other].into_iter().zip(&imported);
    for (was, is) in pairs {
        assert_eq!(at(&app, is.id), at(&app, was));
    }
    let page = app.snapshots(&SnapshotFilter::default(), 0, 10).unwrap();
    assert_eq!(page.snapshots.len(), 4);
}

#[test]
fn a_flag_document_put_in_another_order_makes_no_revision() {
    let server = Running::start();
    let both = [("If-Match", "*"), ("Content-Type", "application/json")];
    let document = json!({
        "enabled": true,
        "components": {"a": true, "ui": {"x": true, "y": false}},
        "rollout": {"percentage": 10, "userGroups": ["b", "a"], "strategy": "canary"},
        "owner": {"team": "search", "room": 7}
    });
    let first = server.write("PUT", &both, &document.to_string());
    assert_eq!(first.status, 200, "{}", first.text());
    let second = server.write("PUT", &both, &reversed(&document));
    assert_eq!(second.text(), first.text());
    assert_eq!(second.header("etag"), first.header("etag"));
    let other_list = document.to_string().replace(r#"["b","a"]"#, r#"["a","b"]"#);
    let third = server.write("PUT", &both, &other_list);
    assert_ne!(
        third.header("etag"),
        first.header("etag"),
        "lists have an order"
    );
}
