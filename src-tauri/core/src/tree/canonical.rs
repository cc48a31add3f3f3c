//! The text of a tree, in its own order or in a canonical one, and the hash of that.

use serde::Serialize;

use super::{Object, Tree};

/// Writes a tree as JSON text without white space, keys in their order.
pub fn write(tree: &Tree) -> Vec<u8> {
    let mut text = Vec::new();
    write_plain(tree, &mut text);
    text
}

/// Returns the BLAKE3 hash of a tree in canonical form: JSON text without white space, keys
/// sorted by their bytes, numbers and strings as `serde_json` writes them. Trees that differ in
/// the order of keys alone have the same hash.
pub fn hash(tree: &Tree) -> [u8; 32] {
    let mut text = Vec::new();
    write_canonical(tree, &mut text);
    *blake3::hash(&text).as_bytes()
}

/// Writes a tree in canonical form.
pub fn canonical(tree: &Tree) -> Vec<u8> {
    let mut text = Vec::new();
    write_canonical(tree, &mut text);
    text
}

fn write_plain(value: &(impl Serialize + ?Sized), text: &mut Vec<u8>) {
    serde_json::to_writer(text, value).expect("a tree is JSON, and memory takes it");
}

fn write_canonical(tree: &Tree, text: &mut Vec<u8>) {
    match tree {
        Tree::Array(elements) => {
            text.push(b'[');
            for (place, element) in elements.iter().enumerate() {
                separate(place, text);
                write_canonical(element, text);
            }
            text.push(b']');
        }
        Tree::Object(members) => write_members(members, text),
        leaf => write_plain(leaf, text),
    }
}

fn write_members(members: &Object, text: &mut Vec<u8>) {
    let mut sorted: Vec<(&str, &Tree)> = members.iter().collect();
    sorted.sort_unstable_by(|(one, _), (other, _)| one.as_bytes().cmp(other.as_bytes()));
    text.push(b'{');
    for (place, (key, value)) in sorted.into_iter().enumerate() {
        separate(place, text);
        write_plain(key, text);
        text.push(b':');
        write_canonical(value, text);
    }
    text.push(b'}');
}

fn separate(place: usize, text: &mut Vec<u8>) {
    if place > 0 {
        text.push(b',');
    }
}
