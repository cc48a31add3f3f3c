//! The text of a tree, in its own order or in a canonical one, and the hash of that.

use std::cmp::Ordering;

use serde::Serialize;

use super::{Number, Object, Tree};

/// Writes a tree as JSON text without white space, keys in their order.
pub fn write(tree: &Tree) -> Vec<u8> {
    let mut text = Vec::new();
    write_plain(tree, &mut text);
    text
}

/// Returns the BLAKE3 hash of a tree in canonical form; see [`canonical`]. Equal trees have the
/// same hash, whatever the order of their keys and the spelling of their numbers is.
pub fn hash(tree: &Tree) -> [u8; 32] {
    *blake3::hash(&canonical(tree)).as_bytes()
}

/// Says whether a hash is that of a tree: the one of [`hash`], or the one that was taken over
/// keys sorted by their UTF-8 bytes and numbers as `serde_json` writes them, which files and
/// stores made until version 0.1 have.
pub fn is_hash_of(hash: &[u8; 32], tree: &Tree) -> bool {
    let is_of = |form| blake3::hash(&written(tree, form)) == *hash;
    is_of(&VALUES) || is_of(&SPELLING)
}

/// Writes a tree in canonical form, that of RFC 8785 (JSON Canonicalization Scheme): without white
/// space, keys sorted by their UTF-16 code units, strings and numbers as ECMAScript writes them.
///
/// Goes beyond it in numbers that a double does not hold, which it has no form for: they are
/// written by the same rules, with all their digits.
pub fn canonical(tree: &Tree) -> Vec<u8> {
    written(tree, &VALUES)
}

/// What canonical forms differ in.
struct Form {
    order: fn(&str, &str) -> Ordering,
    number: fn(&Number, &mut Vec<u8>),
}

const VALUES: Form = Form {
    order: by_utf16,
    number: Number::write_canonical,
};

const SPELLING: Form = Form {
    order: str::cmp,
    number: |number, text| write_plain(number, text),
};

fn written(tree: &Tree, form: &Form) -> Vec<u8> {
    let mut text = Vec::new();
    form.write(tree, &mut text);
    text
}

fn write_plain(value: &(impl Serialize + ?Sized), text: &mut Vec<u8>) {
    serde_json::to_writer(text, value).expect("a tree is JSON, and memory takes it");
}

impl Form {
    fn write(&self, tree: &Tree, text: &mut Vec<u8>) {
        match tree {
            Tree::Array(elements) => {
                text.push(b'[');
                for (place, element) in elements.iter().enumerate() {
                    separate(place, text);
                    self.write(element, text);
                }
                text.push(b']');
            }
            Tree::Object(members) => self.write_members(members, text),
            Tree::Number(number) => (self.number)(number, text),
            leaf => write_plain(leaf, text),
        }
    }

    fn write_members(&self, members: &Object, text: &mut Vec<u8>) {
        let mut sorted: Vec<(&str, &Tree)> = members.iter().collect();
        sorted.sort_unstable_by(|(one, _), (other, _)| (self.order)(one, other));
        text.push(b'{');
        for (place, (key, value)) in sorted.into_iter().enumerate() {
            separate(place, text);
            write_plain(key, text);
            text.push(b':');
            self.write(value, text);
        }
        text.push(b'}');
    }
}

/// Compares texts by their UTF-16 code units. UTF-8 has the same order but for characters
/// beyond U+FFFF, whose surrogates come before U+E000.
fn by_utf16(one: &str, other: &str) -> Ordering {
    let differing = one
        .bytes()
        .zip(other.bytes())
        .find(|(one, other)| one != other);
    match differing {
        Some((0xee.., 0xee..)) => one.encode_utf16().cmp(other.encode_utf16()),
        Some((one, other)) => one.cmp(&other),
        None => one.len().cmp(&other.len()),
    }
}

fn separate(place: usize, text: &mut Vec<u8>) {
    if place > 0 {
        text.push(b',');
    }
}
