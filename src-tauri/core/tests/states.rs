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
    }
}

/// Sets something in a new state, and returns why not or the state.
fn set(key: &str, value: Tree) -> Result<Tree, String> {
    let mut ml = state::initial();
    match state::track(&mut ml, &change(key, Some(value)), 100) {
        Ok(_) => Ok(ml),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_source_begins_as_the_specification_says() {
    let ml = state::initial();
    assert_eq!(ml.get("version"), Some(&tree!("6.0.0")));
    let keys: Vec<&str> = ml.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["version", "flags", "metrics", "history", "cache"]);
    let times = tree::get_key(&ml, "metrics.performance.calculationTime");
    assert_eq!(times, Some(&tree!([])));
}

#[test]
fn a_change_is_applied_and_recorded() {
    let ml = set("ml.usage.filesAnalyzed", tree!(3)).expect("it can be set");
    assert_eq!(tree::get_key(&ml, "usage.filesAnalyzed"), Some(&tree!(3)));
    let records: Vec<Change> = state::records(&ml).collect();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].key, "ml.usage.filesAnalyzed");
    assert_eq!(
        (records[0].old.clone(), records[0].new.clone()),
        (None, Some(tree!(3)))
    );
    assert_eq!(records[0].origin, "Error\n    at toggle (panel.js:7:9)");
}

#[test]
fn the_ring_holds_the_latest_changes() {
    let mut ml = state::initial();
    for number in 0..250 {
        state::track(&mut ml, &change("ml.a", Some(tree!(number))), 100).expect("it can be set");
    }
    let records: Vec<Change> = state::records(&ml).collect();
    assert_eq!(records.len(), 100);
    assert_eq!(records[0].new, Some(tree!(249)));
    assert_eq!(records[0].old, Some(tree!(248)));
    assert_eq!(records[99].new, Some(tree!(150)));
}

#[test]
fn what_is_outside_of_ml_is_left_alone() {
    let mut ml = state::initial();
    for key in ["files", "mlx.a", "ui.ml.a", "ml"] {
        assert_eq!(
            state::track(&mut ml, &change(key, Some(tree!(1))), 100),
            Ok(false),
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
fn a_key_that_leads_nowhere_is_refused_by_name() {
    let refused = |key: &str| set(key, tree!(1)).expect_err(key);
    assert!(refused("ml.a..b").contains("empty part"));
    assert!(refused("ml.").contains("empty part"));
    assert!(refused("ml.__proto__.x").contains("__proto__"));
    assert!(refused("ml.version.x").contains("neither an object nor a list"));
    assert!(refused("ml.history.5").contains("there is 0 to 0"));
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
    let ml = set("ml.cache.text", tree!("x".repeat(100_000))).expect("it can be set");
    let length = |key| tree::get_key(&ml, key).and_then(Tree::as_str).map(str::len);
    assert_eq!(length("cache.text"), Some(100_000));
    let bytes = tree::get_key(&ml, "history.0.newValue.bytes");
    assert_eq!(bytes, Some(&tree!(100_002)));
    assert_eq!(length("history.0.newValue.excerpt"), Some(200));
    let recorded = tree::get_key(&ml, "history.0.newValue");
    assert!(recorded.is_some_and(state::is_cut));
    assert!(!state::is_cut(&tree!({ "excerpt": "x" })));
}

#[test]
fn a_state_without_a_ring_gets_one() {
    for history in [Tree::Null, tree!("x"), tree!({ "a": 1 })] {
        let mut ml = tree!({ "history": history });
        state::track(&mut ml, &change("ml.a", Some(tree!(1))), 100).expect("it can be set");
        assert_eq!(state::records(&ml).count(), 1);
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
