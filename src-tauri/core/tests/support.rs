//! Shared by the tests: documents to start from, any documents, and a plain second opinion.

pub mod arbitrary;
pub mod json_logic;
pub mod plain;
pub mod rosters;
#[macro_use]
pub mod states;

use flagdeck_core::Change;
use flagdeck_core::{FlagDocument, Problem, validate};
use serde::Serialize;
use serde_json::Value;

/// What is written as `serde_json` has it, for tests that change it or look into it.
pub trait Written: Serialize {
    /// Writes it in its published form.
    fn to_value(&self) -> Value {
        serde_json::to_value(self).expect("it is JSON")
    }
}

impl<T: Serialize> Written for T {}

/// Lists what differs between two documents.
pub fn changes(before: &Value, after: &Value) -> Vec<Change> {
    flagdeck_core::changes(&before.clone().into(), &after.clone().into())
}

/// Reads a document that must be valid.
pub fn document(text: &str) -> FlagDocument {
    match validate(text.as_bytes()) {
        Ok(checked) => checked.document,
        Err(problems) => panic!("refused: {}", listing(&problems)),
    }
}

/// Reads a document, given as a tree, that must be valid.
pub fn document_of(tree: &Value) -> FlagDocument {
    document(&tree.to_string())
}

/// Returns the problems that refuse a document.
#[track_caller]
pub fn refusal(bytes: impl AsRef<[u8]>) -> Vec<Problem> {
    validate(bytes.as_ref()).expect_err("the document must be refused")
}

/// Writes problems one a line, as a test's reader wants them: `code pointer: message`.
pub fn listing(problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let code = serde_json::to_value(problem.code).expect("a code is a word");
        let code = code.as_str().expect("a code is a word").to_owned();
        let pointer = match problem.pointer.as_str() {
            "" => "(document)",
            pointer => pointer,
        };
        format!("{code} {pointer}: {}", problem.message)
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A tree of `count` components, `c0`, `c1`, …, all on.
pub fn flat_components(count: usize) -> Value {
    let entries = (0..count).map(|i| (format!("c{i}"), Value::Bool(true)));
    Value::Object(entries.collect())
}
