//! Edits by example: each with a document, and what that becomes. The page shows an edit before it
//! is stored, and its tests read the same file (`ui/tests/edit.test.ts`), so the two agree.

use std::fs;

use flagdeck::wire;
use flagdeck_core::tree::{self, Tree};
use flagdeck_core::{Edit, apply, read_document};

const EXAMPLES: &str = "tests/fixtures/edits.json";

/// Applies the edit of an example to its document; null if it is refused.
fn after(example: &Tree) -> Tree {
    let text = |name: &str| example.get(name).expect("an example has it").to_string();
    let read = read_document(text("document").as_bytes());
    let document = read.expect("the document is valid").document;
    let edit: wire::Edit = serde_json::from_str(&text("edit")).expect("it is an edit");
    let made = Edit::try_from(edit).map(|edit| apply(&document, &edit));
    match made {
        Ok(Ok(checked)) => checked.document.to_tree(),
        _ => Tree::Null,
    }
}

/// `UPDATE_EDITS=1` writes what the edits make of the documents; read it before it is committed.
#[test]
fn every_example_is_what_its_edit_makes_of_its_document() {
    let text = fs::read(EXAMPLES).expect("the examples are there");
    let mut examples = tree::read(&text).expect("they are JSON");
    let update = std::env::var_os("UPDATE_EDITS").is_some();
    let Tree::Array(each) = &mut examples else {
        panic!("the examples are a list");
    };
    for example in each {
        let made = after(example);
        match (update, example) {
            (true, Tree::Object(members)) => {
                members.insert("after", made);
            }
            (_, example) => {
                // As text, because the order is that in which components are shown.
                let told = example.get("after").map(ToString::to_string);
                assert_eq!(told, Some(made.to_string()), "{:?}", example.get("name"));
            }
        }
    }
    if update {
        fs::write(EXAMPLES, format!("{examples:#}\n")).expect("the tree can be written");
    }
}
