//! JSON trees as this crate holds them: those of `serde_json`, with numbers of any length.

use std::collections::HashSet;
use std::fmt::{self, Write};

use flagdeck_core::tree::{self, Number, Object, Tree, same};
use flagdeck_core::validate::read_patch;
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

/// A tree whose numbers are no more than doubles, as `serde_json` reads them.
fn rounded(tree: &Tree) -> Tree {
    match tree {
        Tree::Number(number) if number.as_u64().is_none() && number.as_i64().is_none() => number
            .as_f64()
            .and_then(Number::from_f64)
            .map_or(Tree::Null, Tree::Number),
        Tree::Array(elements) => elements.iter().map(rounded).collect::<Vec<_>>().into(),
        Tree::Object(members) => {
            let members = members.iter();
            let members = members.map(|(key, value)| (key.into(), rounded(value)));
            members.collect::<Object>().into()
        }
        other => other.clone(),
    }
}

fn is_of_range(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

fn has_surrogates(text: &str) -> bool {
    text.to_ascii_lowercase().contains("\\ud")
}

proptest! {
    #[test]
    fn a_tree_is_written_and_read_again(tree in any_tree()) {
        let text = tree.to_string();
        prop_assert_eq!(tree::write(&tree), text.as_bytes());
        let read = tree::read(text.as_bytes()).expect("it is JSON");
        prop_assert!(same(&read, &tree));
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn a_tree_is_read_as_serde_json_reads_it(tree in any_tree()) {
        let text = serde_json::to_string_pretty(&tree).expect("it is JSON");
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            let read = tree::read(text.as_bytes()).expect("it is JSON");
            prop_assert_eq!(rounded(&read), rounded(&value.into()));
        }
    }

    #[test]
    fn any_text_is_taken_or_refused_as_by_serde_json(text in "[\\[\\]{}:,\"\\\\u0-9eE.+ \t\nabtrufalsn-]{0,24}") {
        let read = tree::read(text.as_bytes()).map(|tree| rounded(&tree));
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => prop_assert_eq!(read.map_err(|error| error.to_string()), Ok(rounded(&value.into()))),
            Err(error) if is_of_range(&error) || has_surrogates(&text) => {}
            Err(_) if text.trim().is_empty() => {
                prop_assert_eq!(read.unwrap_err().to_string(), "it is empty");
            }
            Err(error) => prop_assert_eq!(read.unwrap_err().to_string(), error.to_string()),
        }
    }

    #[test]
    fn any_string_is_read_as_serde_json_reads_it(inner in "[\\x00-\\x7f\u{e9}\u{20ac}\u{1f600}]{0,40}|[a-z\u{e9}]{0,40}[\\x00-\\x7f]?") {
        let text = format!("[\"{inner}\", 1]");
        let read = tree::read(text.as_bytes()).map_err(|error| error.to_string());
        let expected = serde_json::from_str::<Value>(&text).map(Tree::from);
        prop_assert_eq!(read, expected.map_err(|error| error.to_string()));
    }

    #[test]
    fn surrogates_are_read_as_if_they_were_mended_first(inner in "(\\\\u[dD][8-9a-fA-F][0-9a-f]{2}|\\\\{1,2}|\\\\n|u|[a-f]){0,12}") {
        let text = format!("{{\"{inner}\": \"{inner}\"}}");
        let mended = tree::mended(text.as_bytes());
        let expected = serde_json::from_slice::<Value>(&mended).map(Tree::from);
        let read = tree::read(text.as_bytes()).map_err(|error| error.to_string());
        prop_assert_eq!(read, expected.map_err(|error| error.to_string()));
    }

    #[test]
    fn what_is_read_strictly_is_what_is_read(tree in any_tree()) {
        let text = format!("{{\"state\": {tree:#}}}");
        let read = read_patch(text.as_bytes()).map(|object| Tree::from(object).to_string());
        let lax = tree::read(text.as_bytes()).expect("it is JSON");
        prop_assert_eq!(read, Ok(lax.to_string()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = tree::read(&bytes);
    }

    #[test]
    fn equal_trees_have_one_hash((one, other) in tree_and_next()) {
        let are_equal = one == other;
        prop_assert_eq!(tree::hash(&one) == tree::hash(&other), are_equal);
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
    let read = tree::read(br#"{"a": 1, "b": 2, "a": 3}"#).expect("it is JSON");
    assert_eq!(read.to_string(), r#"{"a":3,"b":2}"#);
}

#[test]
fn a_tree_is_written_in_lines_too() {
    let tree = tree::read(br#"{"n":1e400,"list":[1,{}]}"#).expect("it is JSON");
    let lines = "{\n  \"n\": 1e400,\n  \"list\": [\n    1,\n    {}\n  ]\n}";
    assert_eq!(format!("{tree:#}"), lines);
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
        assert!(tree::read(text.as_bytes()).is_err(), "{text}");
    }
    let deep = "[".repeat(200) + &"]".repeat(200);
    assert!(tree::read(deep.as_bytes()).is_err());
    assert!(tree::read(b"\"\xff\"").is_err());
}

#[test]
fn a_key_that_is_there_twice_is_refused_with_its_place() {
    let check = |text: &str, expected: &str| {
        let refused = tree::read_unique(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(refused, expected, "{text}");
        assert!(tree::read(text.as_bytes()).is_ok(), "{text}");
    };
    check(
        r#"{"a": 1, "a": 1}"#,
        r#"an object has the key "a" twice, at the root"#,
    );
    check(
        r#"{"x": [0, {"a/b": {"~": {"k": 1, "n": 2e400, "k": {"k": 3}}}}], "y": 1}"#,
        r#"an object has the key "k" twice, at /x/1/a~1b/~0"#,
    );
    check(
        r#"[[], [{"\u0061": 1, "a": 2}]]"#,
        r#"an object has the key "a" twice, at /1/0"#,
    );
    let twice = tree::read_unique(br#"{"a": {"a": {"a": 1}}, "b": {"a": 1}}"#);
    assert!(twice.is_ok(), "in different objects");
    for text in ["", "{", r#"{"a": 1,}"#, "nul", r#"{"a": 1} {"a": 1}"#] {
        let refused = tree::read_unique(text.as_bytes()).unwrap_err().to_string();
        let json = tree::read(text.as_bytes()).unwrap_err();
        assert_eq!(refused, format!("it is no JSON: {json}"));
    }
}

proptest! {
    #[test]
    fn what_has_each_key_once_is_read_alike(state in any_tree()) {
        let text = state.to_string();
        prop_assert_eq!(tree::read_unique(text.as_bytes()).unwrap(), state);
    }
}
