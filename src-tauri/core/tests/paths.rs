//! Keys as a difference prints them, read and found.

use flagdeck_core::diff::states::{Kind, Options, difference};
use flagdeck_core::tree::{self, Path, Tree, slot};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::states::{any_tree, object, tree_and_next};

fn state() -> Tree {
    tree!({
        "list": [{"id": "alpha", "n": 1}, {"id": "gamma", "n": 2}, {"id": "7", "n": 3}],
        "files": [{"id": 6, "name": "a"}, {"id": 7, "name": "b", "tags": ["x", "y"]}],
        "plain": [[10, 11], [20]],
        "flags": {"rollouts": {"ui.badges": {"percentage": 25}}},
        "a.b": {"c": 2},
        "a": {"b": 3},
        "odd": {"": 1, "a b": 2, "x[0]": 3, "/p": 4, "say \"hi\"": 5},
        "ml": {"inner": 1}
    })
}

#[track_caller]
fn check(key: &str, pointer: &str) {
    let path: Path = key.parse().expect("a key");
    assert_eq!(path.find(&state()).as_deref(), Some(pointer), "{key}");
}

#[track_caller]
fn printed(pointer: &str, key: &str) {
    let path = Path::of(&state(), pointer).expect("it is there");
    assert_eq!(path.to_string(), key);
    check(key, pointer);
    check(&path.rooted(), pointer);
}

#[track_caller]
fn refused(key: &str, message: &str) {
    let error = key.parse::<Path>().expect_err("it is no key").to_string();
    assert_eq!(error, message);
}

#[test]
fn a_key_is_found_by_identity_by_place_and_by_name() {
    check("ml.list[id=gamma].n", "/list/1/n");
    check("ml.files[id=7].name", "/files/1/name");
    check("files[id=7].tags[1]", "/files/1/tags/1");
    check("ml.list[1].n", "/list/1/n");
    check("ml.list.1.n", "/list/1/n");
    check("ml.plain[0][1]", "/plain/0/1");
    check("/list/1/n", "/list/1/n");
    check("ml", "");
    check("", "");
    check("ml.ml.inner", "/ml/inner");
    check("ml.[\"a.b\"].c", "/a.b/c");
}

#[test]
fn a_number_and_a_text_are_two_identities() {
    check("list[id=\"7\"].n", "/list/2/n");
    let number: Path = "list[id=7]".parse().expect("a key");
    assert_eq!(number.find(&state()), None);
    printed("/list/2/n", "list[id=\"7\"].n");
    printed("/files/1", "files[id=7]");
}

#[test]
fn names_with_dots_are_found_where_nothing_else_is_meant() {
    check(
        "ml.flags.rollouts.ui.badges.percentage",
        "/flags/rollouts/ui.badges/percentage",
    );
    check("ml.a.b.c", "/a.b/c");
    check("ml.a.b", "/a/b");
    check("ml[\"a.b\"]", "/a.b");
}

#[test]
fn what_could_be_misread_is_quoted() {
    printed("/a.b/c", "[\"a.b\"].c");
    printed("/odd/", "odd[\"\"]");
    printed("/odd/a b", "odd[\"a b\"]");
    printed("/odd/x[0]", "odd[\"x[0]\"]");
    printed("/odd/~1p", "odd[\"/p\"]");
    printed("/odd/say \"hi\"", "odd[\"say \\\"hi\\\"\"]");
    printed("/ml/inner", "[\"ml\"].inner");
    printed("/plain/1", "plain[1]");
}

#[test]
fn an_identity_that_is_too_long_is_a_place() {
    let id = "x".repeat(129);
    let state = tree!({ "list": [{ "id": id }, { "id": "y" }] });
    let key = |pointer| Path::of(&state, pointer).expect("it is there").to_string();
    assert_eq!(key("/list/0"), "list[0]");
    assert_eq!(key("/list/1"), "list[id=y]");
}

#[test]
fn what_is_no_key_is_refused_with_what_is_wrong() {
    refused(
        "ml.",
        "ml. has an empty part; a key is such as ml.files[id=7].name",
    );
    refused(
        "a..b",
        "a..b has an empty part; a key is such as ml.files[id=7].name",
    );
    refused(
        "a.",
        "a. has an empty part; a key is such as ml.files[id=7].name",
    );
    refused(
        "a[3",
        "a[3 is not readable from [3; a key is such as ml.files[id=7].name",
    );
    refused(
        "a]",
        "a] is not readable from ]; a key is such as ml.files[id=7].name",
    );
    refused(
        "a[3]b",
        "a[3]b is not readable from b; a key is such as ml.files[id=7].name",
    );
    refused(
        "a[b]",
        "a[b] has [b]; brackets hold a place, [id=7], or a name in quotes",
    );
    refused(
        "a[]",
        "a[] has []; brackets hold a place, [id=7], or a name in quotes",
    );
    refused(
        "a[01]",
        "a[01] has [01]; brackets hold a place, [id=7], or a name in quotes",
    );
}

#[test]
fn what_is_missing_goes_beside_what_it_was_beside() {
    let then = tree!({"list": [{"id": 1}, {"id": 2}, {"id": 3}], "a": 1, "b": 2, "c": 3});
    let mut now = tree!({"list": [{"id": 9}, {"id": 3}, {"id": 1}, {"id": 4}], "c": 3, "a": 1});
    let lost = |pointer: &str| tree::get(&then, pointer).expect("it was there").clone();
    for pointer in ["/list/1", "/b"] {
        let slot = slot(&then, pointer, &now).expect("its container is there");
        assert!(slot.insert(&mut now, lost(pointer)));
    }
    let expected = r#"{"list":[{"id":9},{"id":3},{"id":1},{"id":2},{"id":4}],"c":3,"a":1,"b":2}"#;
    assert_eq!(now.to_string(), expected);
    assert_eq!(slot(&then, "/list/1", &tree!({"list": {}})), None);
    assert_eq!(slot(&then, "/list/1", &tree!({})), None);
    assert_eq!(slot(&then, "", &now), None);
}

#[test]
fn a_record_that_is_lost_within_another_goes_into_that_one() {
    let then = tree!({"groups": [{"id": "a", "of": []}, {"id": "b", "of": [{"key": "x"}]}]});
    let now = tree!({"groups": [{"id": "b", "of": []}]});
    let slot = slot(&then, "/groups/1/of/0", &now).expect("its list is there");
    assert_eq!((slot.container.as_str(), slot.index), ("/groups/0/of", 0));
}

/// Returns the JSON Pointer of every part of a tree.
fn pointers(tree: &Tree, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let mut inner = |key: &str, value| pointers(value, &tree::keys::at(at, key), found);
    match tree {
        Tree::Object(members) => members.iter().for_each(|(key, value)| inner(key, value)),
        Tree::Array(list) => {
            for (place, value) in list.iter().enumerate() {
                inner(&place.to_string(), value);
            }
        }
        _ => {}
    }
}

/// Lists of records, told apart by odd texts and numbers.
fn records() -> impl Strategy<Value = Tree> {
    let id = prop_oneof![
        "\\PC{0,4}".prop_map(Tree::from),
        "[\\[\\]\"=7. \\\\…/]{0,4}".prop_map(Tree::from),
        any::<i64>().prop_map(Tree::from),
        any::<i32>().prop_map(|number| tree!(f64::from(number) / 8.0)),
    ];
    let record = (id, any_tree())
        .prop_map(|(id, value)| object([("id".into(), id), ("value".into(), value)]));
    let list = prop::collection::vec(record, 0..6).prop_map(Tree::from);
    ("[a.\\[\\]\"/ml]{0,3}", list).prop_map(|(name, list)| object([(name, list)]))
}

fn states() -> impl Strategy<Value = Tree> {
    prop_oneof![any_tree(), records()]
}

proptest! {
    #[test]
    fn the_key_of_every_part_is_read_as_that_part(tree in states()) {
        let mut all = Vec::new();
        pointers(&tree, "", &mut all);
        for pointer in all {
            let key = Path::of(&tree, &pointer).expect("it is there");
            for text in [key.to_string(), key.rooted()] {
                let read: Path = text.parse().expect("what is printed is a key");
                prop_assert_eq!(read.find(&tree), Some(pointer.clone()), "{}", text);
                prop_assert_eq!(read.to_string(), key.to_string());
            }
        }
    }

    #[test]
    fn what_a_difference_prints_leads_to_what_differs(
        (before, after) in prop_oneof![tree_and_next(), (records(), records())],
    ) {
        for change in difference(&before, &after, &Options::default()).changes {
            let tree = if change.kind == Kind::Removed { &before } else { &after };
            let path: Path = change.path.parse().expect("what is printed is a key");
            prop_assert_eq!(path.find(tree), Some(change.pointer), "{}", change.path);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ml.\\[\\]\"=/a7\\\\ ]{0,12}") {
        if let Ok(path) = text.parse::<Path>() {
            let printed = path.to_string();
            let read: Path = printed.parse().expect("what is printed is a key");
            prop_assert_eq!(read.to_string(), printed);
        }
    }

    #[test]
    fn what_is_taken_away_can_be_put_where_it_was(tree in states(), which in any::<Index>()) {
        let mut all = Vec::new();
        pointers(&tree, "", &mut all);
        let pointer = which.get(&all);
        prop_assume!(!pointer.is_empty());
        let mut without = tree.clone();
        let value = tree::put(&mut without, pointer, None).expect("it is there");
        let slot = slot(&tree, pointer, &without);
        prop_assume!(slot.is_some());
        let slot = slot.expect("it was looked at");
        prop_assert!(slot.insert(&mut without, value.expect("it was there")));
        prop_assert!(tree::same(&without, &tree), "{}", pointer);
    }
}
