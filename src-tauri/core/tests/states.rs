//! The state of a source: read and set by dotted key, every change recorded.

use flagdeck_core::state::{self, Change};
use flagdeck_core::tree::{self, Tree};
use proptest::prelude::*;

use crate::support::states::any_tree;

fn change(key: &str, new: Option<Tree>) -> Change {
    Change {
        key: key.into(),
        old: None,
        new,
        at_ms: 1_764_000_000_000,
        origin: "Error\n    at toggle (panel.js:7:9)".into(),
        hint: None,
    }
}

/// Sets something in a new state, and returns why not or the state.
fn set(key: &str, value: Tree) -> Result<Tree, String> {
    let mut ml = state::initial();
    match state::track(&mut ml, &change(key, Some(value))) {
        Ok(_) => Ok(ml),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_source_begins_as_the_specification_says() {
    let ml = state::initial();
    assert_eq!(ml.get("version"), Some(&tree!("6.0.0")));
    let keys: Vec<&str> = ml.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["version", "flags", "metrics", "cache"]);
    let times = tree::get_key(&ml, "metrics.performance.calculationTime");
    assert_eq!(times, Some(&tree!([])));
}

#[test]
fn a_change_is_applied_and_returned_with_what_was_there() {
    let mut ml = state::initial();
    let mut track = |value| {
        let change = change("ml.usage.filesAnalyzed", Some(tree!(value)));
        state::track(&mut ml, &change)
            .expect("it can be set")
            .expect("it is tracked")
    };
    assert_eq!(track(3).old, None);
    let tracked = track(4);
    assert_eq!((tracked.old, tracked.new), (Some(tree!(3)), Some(tree!(4))));
    assert_eq!(tracked.origin, "Error\n    at toggle (panel.js:7:9)");
    assert_eq!(tree::get_key(&ml, "usage.filesAnalyzed"), Some(&tree!(4)));
}

#[test]
fn what_the_source_says_was_there_counts() {
    let mut said = change("ml.version", Some(tree!("7")));
    said.old = Some(tree!("5"));
    let tracked = state::track(&mut state::initial(), &said).expect("it can be set");
    assert_eq!(tracked.and_then(|change| change.old), Some(tree!("5")));
}

#[test]
fn readers_find_the_ring_in_the_state_as_the_specification_has_it() {
    let mut first = change("ml.a", Some(tree!(1)));
    first.old = Some(tree!(0));
    let ring = [first, change("ml.b", None)];
    let served = state::with_ring(tree!({ "a": 1 }), &ring);
    let origin = "Error\n    at toggle (panel.js:7:9)";
    let at_ms = 1_764_000_000_000_i64;
    let expected = tree!({ "a": 1, "history": [
        { "key": "ml.a", "oldValue": 0, "newValue": 1, "timestamp": at_ms, "source": origin },
        { "key": "ml.b", "timestamp": at_ms, "source": origin },
    ]});
    assert!(tree::same(&served, &expected), "{served}");
    let mut taken = served;
    assert_eq!(state::take_ring(&mut taken), ring);
    assert_eq!(taken, tree!({ "a": 1 }));
}

#[test]
fn a_ring_that_is_reported_back_is_no_history_of_the_sources_own() {
    let ring = [change("ml.a", Some(tree!(1))), change("ml.b", None)];
    let after = |before: Tree, records: &[Change]| {
        let mut ml = state::with_ring(tree!({ "a": 1 }), records);
        state::without_known(&mut ml, &before, &ring);
        ml
    };
    assert_eq!(after(tree!({}), &ring), tree!({ "a": 1 }));
    assert_eq!(
        after(tree!({ "history": [] }), &ring[1..]),
        tree!({ "a": 1, "history": [] })
    );
    let own = [ring[0].clone(), change("ml.c", None)];
    assert_eq!(state::records(&after(tree!({}), &own)).count(), 2);
}

#[test]
fn a_history_of_the_sources_own_is_left_alone() {
    let ring = [change("ml.a", Some(tree!(1)))];
    for history in [tree!("x"), tree!([{ "key": 1 }])] {
        let own = tree!({ "a": 1, "history": history });
        assert_eq!(state::with_ring(own.clone(), &ring), own);
    }
    let begun = state::with_ring(tree!({ "history": [], "a": 1 }), &ring);
    assert!(
        begun
            .to_string()
            .starts_with(r#"{"history":[{"key":"ml.a""#),
        "{begun}"
    );
    let own = tree!({ "history": [{ "seen": true }] });
    let mut kept = own.clone();
    assert_eq!(state::take_ring(&mut kept), []);
    assert_eq!(kept, own);
    assert_eq!(state::with_ring(tree!({ "a": 1 }), &[]), tree!({ "a": 1 }));
}

#[test]
fn what_a_source_reports_in_seconds_is_no_change() {
    let record = |at_ms: i64| {
        state::record(&Change {
            at_ms,
            ..change("ml.a", None)
        })
    };
    let in_seconds = [1_000_000_000, 1_764_000_000, 99_999_999_999].map(record);
    let others = [0, 999_999_999, 100_000_000_000, 1_764_000_000_000].map(record);
    for record in &in_seconds {
        assert_eq!(state::read_reported(record), None, "{record}");
        assert!(state::read(record).is_some(), "what was kept is still read");
    }
    for record in &others {
        assert_eq!(state::read_reported(record), state::read(record));
    }
    let all = [&in_seconds[..], &others[..], &[tree!({ "seen": true })]].concat();
    assert_eq!(state::count_in_seconds(&all), 3);
    assert_eq!(state::records(&tree!({ "history": all })).count(), 4);
}

#[test]
fn what_is_outside_of_ml_is_left_alone() {
    let mut ml = state::initial();
    for key in ["files", "mlx.a", "ui.ml.a", "ml"] {
        assert_eq!(
            state::track(&mut ml, &change(key, Some(tree!(1)))),
            Ok(None),
            "{key}"
        );
    }
    assert_eq!(ml, state::initial());
}

#[test]
fn keys_with_dots_lists_and_ends_of_lists_are_found() {
    let mut tree =
        tree!({ "flags": { "ui.badges": { "on": true }, "ui": { "x": 1 } }, "list": [1, 2] });
    assert_eq!(
        tree::get_key(&tree, "flags.ui.badges.on"),
        Some(&tree!(true))
    );
    assert_eq!(tree::get_key(&tree, "flags.ui.x"), Some(&tree!(1)));
    assert_eq!(tree::get_key(&tree, "list.1"), Some(&tree!(2)));
    assert_eq!(tree::get_key(&tree, "list.01"), None);
    assert_eq!(
        tree::set_key(&mut tree, "flags.ui.badges.on", Some(tree!(false))),
        Ok(Some(tree!(true)))
    );
    assert_eq!(tree::set_key(&mut tree, "list.2", Some(tree!(3))), Ok(None));
    assert_eq!(tree::set_key(&mut tree, "list.0", None), Ok(Some(tree!(1))));
    assert_eq!(
        tree::set_key(&mut tree, "new.way.on", Some(tree!(1))),
        Ok(None)
    );
    assert_eq!(tree::set_key(&mut tree, "not.there", None), Ok(None));
    assert_eq!(
        tree,
        tree!({ "flags": { "ui.badges": { "on": false }, "ui": { "x": 1 } }, "list": [2, 3], "new": { "way": { "on": 1 } } })
    );
}

#[test]
fn the_place_behind_the_last_element_appends_with_dots_and_in_brackets() {
    let mut tree = tree!({ "list": [1], "lists": [[]] });
    let mut set = |key: &str| tree::set_key(&mut tree, key, Some(tree!(2))).map(drop);
    assert_eq!(set("list.1"), Ok(()));
    assert_eq!(set("list[2]"), Ok(()));
    assert_eq!(set("lists[0][0]"), Ok(()));
    assert!(set("list[4]").is_err());
    assert!(set("lists[0][0][0]").is_err());
    assert!(set("new[0]").is_err());
    assert_eq!(tree, tree!({ "list": [1, 2, 2], "lists": [[2]] }));
}

#[test]
fn a_key_that_leads_nowhere_is_refused_by_name() {
    let refused = |key: &str| set(key, tree!(1)).expect_err(key);
    assert!(refused("ml.a..b").contains("empty part"));
    assert!(refused("ml.").contains("empty part"));
    assert!(refused(r#"ml.history[id=7].x"#).contains("nothing that it could be added to"));
    assert_eq!(state::tracked("ml["), None);
    assert_eq!(state::tracked(r#"ml["a.b"]"#), Some(r#"["a.b"]"#));
    assert!(refused("ml.version.x").contains("neither an object nor a list"));
    assert!(refused("ml.metrics.performance.memoryUsage.5").contains("an index is from 0 to 0"));
    assert!(refused(&format!("ml.{}x", "a.".repeat(100))).contains("100 levels"));
    let mut deep = tree!(0);
    for _ in 0..100 {
        deep = tree!([deep]);
    }
    assert!(
        set("ml.cache", deep)
            .expect_err("too deep")
            .contains("100 levels")
    );
}

#[test]
fn the_ring_keeps_the_beginning_of_a_large_value() {
    let mut ml = state::initial();
    let large = change("ml.cache.text", Some(tree!("x".repeat(100_000))));
    let tracked = state::track(&mut ml, &large).expect("it can be set");
    let kept = tracked.and_then(|change| change.new).expect("it was set");
    let length = |tree: &Tree, key| {
        tree::get_key(tree, key)
            .and_then(Tree::as_str)
            .map(str::len)
    };
    assert_eq!(length(&ml, "cache.text"), Some(100_000));
    assert_eq!(kept.get("bytes"), Some(&tree!(100_002)));
    assert_eq!(length(&kept, "excerpt"), Some(200));
    assert!(state::is_cut(&kept));
    assert!(!state::is_cut(&tree!({ "excerpt": "x" })));
}

#[test]
fn a_dotted_key_leads_into_objects_first_and_then_to_a_name_with_dots() {
    let both = tree!({"a": {"b": 1}, "a.b": 2});
    let flat = tree!({"a": {}, "a.b": 2});
    assert_eq!(tree::get_key(&both, "a.b"), Some(&tree!(1)));
    assert_eq!(tree::get_key(&both, r#"["a.b"]"#), Some(&tree!(2)));
    assert_eq!(tree::get_key(&flat, "a.b"), Some(&tree!(2)));
    let after = |before: &Tree, key: &str| {
        let mut tree = before.clone();
        tree::set_key(&mut tree, key, Some(tree!(9))).expect("it can be set");
        tree.to_string()
    };
    assert_eq!(after(&both, "a.b"), r#"{"a":{"b":9},"a.b":2}"#);
    assert_eq!(after(&flat, "a.b"), r#"{"a":{},"a.b":9}"#);
    let none = tree!({"v": {"v1.2": 0}});
    assert_eq!(after(&none, "v.v1.2"), r#"{"v":{"v1.2":9}}"#);
    assert_eq!(after(&none, "v.v1.3"), r#"{"v":{"v1.2":0,"v1":{"3":9}}}"#);
    assert_eq!(after(&none, r#"v["v1.3"]"#), r#"{"v":{"v1.2":0,"v1.3":9}}"#);
    assert_eq!(
        after(&none, r#"["x.y"].z"#),
        r#"{"v":{"v1.2":0},"x.y":{"z":9}}"#
    );
    // Brackets that hold nothing they could are part of a name.
    assert_eq!(
        after(&tree!({}), "pages.[slug].n"),
        r#"{"pages":{"[slug]":{"n":9}}}"#
    );
}

#[test]
fn a_key_is_recorded_with_dots_alone() {
    let ml = tree!({"files": [{"id": 7, "n": 1}], "v": {}});
    let recorded = |key: &str| state::recorded(key, &ml).map(std::borrow::Cow::into_owned);
    assert_eq!(recorded("ml.v.v1.2").as_deref(), Ok("ml.v.v1.2"));
    assert_eq!(
        recorded(r#"ml.v["v1.2"].x"#).as_deref(),
        Ok(r#"ml.v["v1.2"].x"#)
    );
    assert_eq!(recorded("ml.files[id=7].n").as_deref(), Ok("ml.files.0.n"));
    assert_eq!(recorded("ml.files[0].n").as_deref(), Ok("ml.files.0.n"));
    assert_eq!(recorded(r#"ml["v"].x"#).as_deref(), Ok("ml.v.x"));
    assert!(recorded("ml.files[id=8].n").is_err());
    assert_eq!(tree::keys::flattened(r#"v["v1.2"].x"#), "v.v1.2.x");
}

#[test]
fn what_was_recorded_when_brackets_were_part_of_names_is_applied_so() {
    let mut ml = tree!({});
    let old = change("ml.items[0].n", Some(tree!(1)));
    state::replay(&mut ml, &old).expect("it was applied before");
    assert_eq!(ml, tree!({"items[0]": {"n": 1}}));
    let gone = change("ml.files..n", Some(tree!(1)));
    assert!(state::replay(&mut ml, &gone).is_err());
}

#[test]
fn any_text_is_a_name_also_one_of_javascript() {
    for name in ["__proto__", "constructor", "prototype"] {
        let mut ml = tree!({});
        let set = state::track(&mut ml, &change(&format!("ml.{name}.x"), Some(tree!(1))));
        assert!(set.is_ok(), "{name}");
        assert_eq!(ml.to_string(), format!(r#"{{"{name}":{{"x":1}}}}"#));
    }
}

proptest! {
    #[test]
    fn what_is_set_is_got(tree in any_tree(), key in "[a-d]{1,2}(\\.[a-d0-9]{1,2}){0,3}", value in any_tree()) {
        let mut changed = tree.clone();
        match tree::set_key(&mut changed, &key, Some(value.clone())) {
            Ok(before) => {
                prop_assert_eq!(before.as_ref(), tree::get_key(&tree, &key));
                prop_assert_eq!(tree::get_key(&changed, &key), Some(&value));
                let pointer = tree::keys::pointer_of(&changed, &key);
                prop_assert_eq!(tree::get(&changed, &pointer), Some(&value));
            }
            Err(_) => prop_assert_eq!(changed, tree),
        }
    }
}
