//! States as trees, keys that lead into them, and the difference of two.

use std::mem::{Discriminant, discriminant};

use flagdeck::fuzzing;
use flagdeck_core::chain::Chain;
use flagdeck_core::limits::{HISTORY_DEPTH_MAX, TREE_DEPTH_MAX};
use flagdeck_core::tree::patch::codec;
use flagdeck_core::tree::path::{Path, PathError};
use flagdeck_core::tree::{self, Tree};
use flagdeck_core::{ComponentPath, KeyError, compare};

use super::{gist, kind};

pub const WORDS: &[&str] = &[
    "\"timestamp\"",
    "\"ml\"",
    "\"files\"",
    "\"history\"",
    "\"id\"",
    "\"metrics\"",
    "\"quality\"",
    "1.7e12",
    "12.0",
];

pub const KEY_WORDS: &[&str] = &[
    "ml.",
    "[id=7]",
    "[0]",
    "[\"v1.2\"]",
    "[-1]",
    "..",
    "/a~1b",
    "versions",
    "\"v1.2\"",
    "\"id\"",
    "[id=\"x\"]",
    "[01]",
    "[\"\"]",
    "[",
    "]",
];

/// A state is written and read again as equal, with the same hash, and is never nested too deep.
pub fn state(bytes: &[u8]) -> u64 {
    let ml = match fuzzing::state(bytes) {
        Ok(ml) => ml,
        Err(error) => return kind(gist(&error)),
    };
    assert!(tree::depth(&ml) <= TREE_DEPTH_MAX);
    let again = fuzzing::state(format!(r#"{{"ml":{ml}}}"#).as_bytes());
    let again = again.expect("what was written is readable");
    assert_eq!(again, ml, "written and read again");
    assert_eq!(tree::hash(&again), tree::hash(&ml));
    kind((
        tree::depth(&ml),
        ml.as_object().map(|members| members.len().min(9)),
    ))
}

/// A key is in the first line, the tree it leads into is the rest. What a key finds is there, is
/// found again by the key that is printed of it, and what is set is what is read.
pub fn keys(bytes: &[u8]) -> u64 {
    let (key, rest) = split_line(bytes);
    let key = String::from_utf8_lossy(key);
    let _ = key.parse::<ComponentPath>();
    let Ok(tree) = tree::read(rest) else {
        return kind("no tree");
    };
    kind((found(&key, &tree), set(&key, &tree)))
}

/// Returns what is wrong with the key, and how deep it leads, or would lead.
fn found(key: &str, tree: &Tree) -> (Option<Discriminant<PathError>>, usize) {
    let path = match key.parse::<Path>() {
        Ok(path) => path,
        Err(error) => return (Some(discriminant(&error)), 0),
    };
    let Some(pointer) = path.find(tree) else {
        return (None, usize::from(path.target(tree).is_some()));
    };
    assert!(
        tree::get(tree, &pointer).is_some(),
        "nothing at {pointer:?}"
    );
    let printed = Path::of(tree, &pointer).expect("there is something");
    let again: Path = printed.rooted().parse().expect("a printed key is readable");
    assert_eq!(again.find(tree), Some(pointer), "{printed} leads elsewhere");
    (
        None,
        2 + printed.rooted().matches(['.', '[']).count().min(9),
    )
}

fn set(key: &str, tree: &Tree) -> Option<Discriminant<KeyError>> {
    let mut changed = tree.clone();
    let value = Tree::from("set by the test");
    // By its place: an element that is told by a name in it may have that no longer.
    let pointer = tree::keys::pointer_of(tree, key);
    match tree::set_key(&mut changed, key, Some(value.clone())) {
        Ok(_) => {
            let set = tree::get(&changed, &pointer);
            assert_eq!(set, Some(&value), "what was set is read");
            assert!(tree::depth(&changed) <= tree::depth(tree).max(HISTORY_DEPTH_MAX));
            None
        }
        Err(error) => {
            assert_eq!(&changed, tree, "an error changes nothing");
            Some(discriminant(&error))
        }
    }
}

/// Two trees, as an array. Whatever form their difference takes, applying it to the one gives
/// the other: as it is, as bytes, as a step of a chain, and as RFC 6902 by another reading of it.
pub fn difference(bytes: &[u8]) -> u64 {
    let Ok(Tree::Array(pair)) = tree::read(bytes) else {
        return kind("no array");
    };
    let [before, after] = &pair[..] else {
        return kind("no pair");
    };
    let patch = compare(before, after);
    let applied = |apply: &dyn Fn(&mut Tree)| {
        let mut tree = before.clone();
        apply(&mut tree);
        assert_eq!(&tree, after);
    };
    applied(&|tree| patch.apply(tree).expect("it is of this tree"));
    let packed = codec::write(&patch, before);
    let unpacked = codec::read(&packed, before).expect("it was written");
    applied(&|tree| unpacked.apply(tree).expect("it is of this tree"));
    let mut chain = Chain::start(before.clone());
    let step = chain.encode(after);
    chain.advance(&step.bytes).expect("it was encoded");
    assert_eq!(chain.tree(), after);
    let operations = patch.to_json_patch();
    let patched = operations.iter().fold(before.clone(), operate);
    assert_eq!(&patched, after, "{operations:?}");
    kind((
        patch.is_same(),
        patch.changes().min(20),
        operations.len().min(20),
    ))
}

/// Applies an operation of RFC 6902.
fn operate(mut whole: Tree, operation: &Tree) -> Tree {
    let member = |name: &str| operation.get(name).expect("the operation has it");
    let text = |name: &str| member(name).as_str().expect("a text");
    let value = || member("value").clone();
    match (text("op"), text("path")) {
        ("add" | "replace", "") => return value(),
        ("add", path) => add(&mut whole, path, value()),
        ("replace", path) => *at(&mut whole, path) = value(),
        ("remove", path) => drop(remove(&mut whole, path)),
        ("move", path) => {
            let moved = remove(&mut whole, text("from"));
            add(&mut whole, path, moved);
        }
        ("copy", path) => {
            let copied = at(&mut whole, text("from")).clone();
            add(&mut whole, path, copied);
        }
        ("test", path) => assert_eq!(at(&mut whole, path), member("value")),
        (other, _) => panic!("{other} is no operation"),
    }
    whole
}

/// Returns the value at a JSON Pointer, which is there.
fn at<'a>(whole: &'a mut Tree, pointer: &str) -> &'a mut Tree {
    if pointer.is_empty() {
        return whole;
    }
    let (parent, name) = place(pointer);
    match at(whole, parent) {
        Tree::Array(list) => &mut list[name.parse::<usize>().expect("an index")],
        Tree::Object(members) => members.get_mut(&name).expect("it is there"),
        other => panic!("{other} has no parts"),
    }
}

fn add(whole: &mut Tree, path: &str, value: Tree) {
    let (parent, name) = place(path);
    match at(whole, parent) {
        Tree::Array(list) => match name.as_str() {
            "-" => list.push(value),
            index => list.insert(index.parse().expect("an index"), value),
        },
        Tree::Object(members) => members.insert(name, value),
        other => panic!("{other} has no parts"),
    }
}

fn remove(whole: &mut Tree, path: &str) -> Tree {
    let (parent, name) = place(path);
    match at(whole, parent) {
        Tree::Array(list) => list.remove(name.parse().expect("an index")),
        Tree::Object(members) => members.remove(&name).expect("it is there"),
        other => panic!("{other} has no parts"),
    }
}

fn place(path: &str) -> (&str, String) {
    let (parent, name) = path.rsplit_once('/').expect("a pointer");
    (parent, name.replace("~1", "/").replace("~0", "~"))
}

/// Splits off the first line.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}
