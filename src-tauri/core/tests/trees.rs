//! JSON trees as this crate holds them: the same as those of `serde_json`, to the last detail.

use std::collections::HashSet;
use std::fmt::{self, Write};

use flagdeck_core::tree::{self, Tree, same};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::states::{any_tree, tree_and_next};

/// Takes so many bytes, and counts what it was asked to take.
struct Short {
    left: usize,
    asked: usize,
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.asked += text.len();
        self.left = self.left.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

proptest! {
    #[test]
    fn a_tree_is_written_and_read_as_serde_json_does(tree in any_tree()) {
        let value = Value::from(tree.clone());
        prop_assert_eq!(tree.to_string(), value.to_string());
        prop_assert_eq!(tree::write(&tree), serde_json::to_vec(&value).expect("it is JSON"));
        prop_assert!(same(&value.into(), &tree));
        let read: Tree = serde_json::from_str(&tree.to_string()).expect("it is JSON");
        prop_assert!(same(&read, &tree));
    }

    #[test]
    fn trees_are_equal_where_those_of_serde_json_are((one, other) in tree_and_next()) {
        let are_equal = one == other;
        prop_assert_eq!(are_equal, Value::from(one.clone()) == Value::from(other.clone()));
        let distinct = HashSet::from([&one, &other]).len();
        prop_assert_eq!(distinct, if are_equal { 1 } else { 2 });
    }
}

#[test]
fn a_node_is_a_third_of_one_of_serde_json() {
    assert_eq!(size_of::<Tree>(), 24);
    assert_eq!(size_of::<Value>(), 72);
}

#[test]
fn of_two_members_of_one_name_the_last_counts() {
    let read: Tree = serde_json::from_str(r#"{"a": 1, "b": 2, "a": 3}"#).expect("it is JSON");
    assert_eq!(read.to_string(), r#"{"a":3,"b":2}"#);
}

#[test]
fn who_needs_the_beginning_of_a_text_need_not_write_all_of_it() {
    let list = Tree::from(vec![Tree::from("text"); 10_000]);
    let mut short = Short { left: 20, asked: 0 };
    assert!(write!(short, "{list}").is_err());
    assert!(short.asked < 100, "{} bytes were written", short.asked);
}

#[test]
fn what_is_no_tree_is_refused() {
    for text in ["", "{", "[1,]", "{\"a\":}", "nul", "1 2", "\u{feff}1"] {
        assert!(serde_json::from_str::<Tree>(text).is_err(), "{text}");
    }
    let deep = "[".repeat(200) + &"]".repeat(200);
    assert!(serde_json::from_str::<Tree>(&deep).is_err());
}
