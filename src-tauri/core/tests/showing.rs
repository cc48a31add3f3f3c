//! Texts of others, shown so that they do nothing and hide nothing.

use flagdeck_core::tree::Tree;
use flagdeck_core::{visible, visible_json};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    text: String,
    shown: String,
    json: Option<String>,
}

fn vectors() -> Vec<Vector> {
    let text = include_str!("../../../tests/fixtures/visible.json");
    let vectors: Vectors = serde_json::from_str(text).expect("the vectors are JSON");
    vectors.vectors
}

#[test]
fn texts_are_shown_as_the_vectors_say() {
    for Vector { text, shown, json } in vectors() {
        assert_eq!(visible(&text), shown);
        let quoted = Value::from(text.as_str()).to_string();
        let expected = json.map_or_else(|| quoted.clone(), |json| format!("\"{json}\""));
        assert_eq!(visible_json(&quoted), expected);
    }
}

/// Every character by itself, as the Unicode standard classes those that a name could hide.
#[test]
fn no_control_and_no_character_without_width_is_shown_as_itself() {
    let hidden = [
        0x00..=0x1f,
        0x7f..=0x9f,
        0xad..=0xad,
        0x34f..=0x34f,
        0x61c..=0x61c,
        0x115f..=0x1160,
        0x17b4..=0x17b5,
        0x180b..=0x180f,
        0x200b..=0x200f,
        0x2028..=0x202e,
        0x2060..=0x206f,
        0x3164..=0x3164,
        0xfe00..=0xfe0f,
        0xfeff..=0xfeff,
        0xffa0..=0xffa0,
        0xfff0..=0xfffb,
        0x1bca0..=0x1bca3,
        0x1d173..=0x1d17a,
        0xe0000..=0xe0fff,
    ];
    for c in ('\0'..=char::MAX).take_while(|c| *c < '\u{f0000}') {
        let is_hidden = hidden.iter().any(|range| range.contains(&u32::from(c)));
        let text = format!("a{c}b");
        assert_eq!(visible(&text) != text, is_hidden, "U+{:04X}", u32::from(c));
    }
}

#[test]
fn keys_of_values_are_one_line_and_are_read_back() {
    for name in [
        "a\nb",
        "\u{1b}[2J",
        "x\u{9b}y",
        "pay\u{202e}lap",
        "a\u{200b}b",
    ] {
        for tree in [
            json!({name: {"on": 1}}),
            json!([{"id": name, "on": 1}, {"id": "b", "on": 2}]),
        ] {
            let tree = Tree::from(tree);
            let pointer = match &tree {
                Tree::Array(_) => "/0/on".to_owned(),
                _ => format!("/{name}/on"),
            };
            let key = flagdeck_core::tree::Path::of(&tree, &pointer)
                .unwrap()
                .rooted();
            assert_eq!(visible(&key), key);
            let read: flagdeck_core::tree::Path = key.parse().unwrap();
            assert_eq!(read.find(&tree), Some(pointer));
        }
    }
}

/// Texts that are mostly of characters that matter.
fn texts() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        any::<char>(),
        prop::char::range('\0', '\u{ff}'),
        prop::char::range('\u{2000}', '\u{206f}'),
        prop::sample::select(vec![
            'a',
            '\u{200d}',
            '\u{fe0f}',
            '😀',
            'क',
            '葛',
            '\u{e0100}'
        ]),
    ];
    prop::collection::vec(c, 0..12).prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn what_is_shown_is_shown_as_itself(text in texts()) {
        let shown = visible(&text);
        prop_assert!(!shown.contains(char::is_control));
        prop_assert_eq!(visible(&shown), shown.as_ref());
    }

    #[test]
    fn json_that_is_shown_is_of_the_same_value(name in texts(), text in texts()) {
        let value = json!({ name: [text, 1.5, null] });
        for json in [value.to_string(), format!("{value:#}")] {
            let shown = visible_json(&json);
            prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
            prop_assert_eq!(&serde_json::from_str::<Value>(&shown).unwrap(), &value);
        }
    }
}
