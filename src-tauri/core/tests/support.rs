//! Shared by the tests: documents to start from, any documents, and a plain second opinion.

pub mod arbitrary;
pub mod plain;
#[macro_use]
pub mod states;

use flagdeck_core::{FlagDocument, Problem, validate};
use serde_json::Value;

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
