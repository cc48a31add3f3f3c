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

/// Returns whether a hash is that of a tree: the one of [`hash`], or the one that was taken over
/// keys sorted by their UTF-8 bytes and numbers as `serde_json` writes them, which files and stores
/// made until version 0.1 have.
pub fn is_hash_of(hash: &[u8; 32], tree: &Tree) -> bool {
    let is_of = |form| blake3::hash(&written(tree, form)) == *hash;
    is_of(&VALUES) || is_of(&SPELLING)
}

/// Writes a tree in canonical form, that of RFC 8785 (JSON Canonicalization Scheme): without white
/// space, keys sorted by their UTF-16 code units, strings and numbers as ECMAScript writes them.
///
/// Goes beyond it in numbers that a double does not hold, for which it has no form: they are
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
    let mut writer = Writer {
        form,
        text: Vec::new(),
        members: Vec::new(),
    };
    writer.write(tree);
    writer.text
}

fn write_plain(value: &(impl Serialize + ?Sized), text: &mut Vec<u8>) {
    serde_json::to_writer(text, value).expect("a tree is JSON, and memory takes it");
}

struct Writer<'a> {
    form: &'a Form,
    text: Vec<u8>,
    /// The members of the objects that are being written, outer ones first, each object's in
    /// order: one list, so that sorting allocates nothing for each object.
    members: Vec<(&'a str, &'a Tree)>,
}

impl<'a> Writer<'a> {
    fn write(&mut self, tree: &'a Tree) {
        match tree {
            Tree::Array(elements) => {
                self.text.push(b'[');
                for (place, element) in elements.iter().enumerate() {
                    self.separate(place);
                    self.write(element);
                }
                self.text.push(b']');
            }
            Tree::Object(members) => self.write_members(members),
            Tree::Number(number) => (self.form.number)(number, &mut self.text),
            leaf => write_plain(leaf, &mut self.text),
        }
    }

    fn write_members(&mut self, members: &'a Object) {
        let begin = self.members.len();
        self.members.extend(members.iter());
        // Texts of ASCII have one order in all forms.
        let order = match members.keys().all(str::is_ascii) {
            true => <str as Ord>::cmp,
            false => self.form.order,
        };
        self.members[begin..].sort_unstable_by(|(one, _), (other, _)| order(one, other));
        self.text.push(b'{');
        for place in 0..members.len() {
            let (key, value) = self.members[begin + place];
            self.separate(place);
            write_plain(key, &mut self.text);
            self.text.push(b':');
            self.write(value);
        }
        self.text.push(b'}');
        self.members.truncate(begin);
    }

    fn separate(&mut self, place: usize) {
        if place > 0 {
            self.text.push(b',');
        }
    }
}

/// Compares texts by their UTF-16 code units. UTF-8 has the same order except for characters beyond
/// U+FFFF, whose surrogates come before U+E000.
fn by_utf16(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}
