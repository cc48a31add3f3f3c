//! JSON trees: places in them, their text, and how two of them differ exactly.
//!
//! A place is a JSON Pointer (RFC 6901) where programs name it, and a dotted key, as in
//! `metrics.usage.filesAnalyzed`, where sources do. Knows nothing of what a tree means.

pub mod align;
pub mod canonical;
pub mod keys;
pub mod patch;

use serde_json::{Number, Value};

pub use self::align::{Alignment, Run, align};
pub use self::canonical::{hash, write};
pub use self::keys::{KeyError, dotted, get, get_key, put, set_key};
pub use self::patch::{Patch, compare};

/// Says whether two trees are the same to the last detail: the order of keys and the sign of
/// zero count, which `==` passes over.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => same_number(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((key, one), (name, other))| key == name && same(one, other))
        }
        _ => one == other,
    }
}

fn same_number(one: &Number, other: &Number) -> bool {
    match (one.is_f64(), other.is_f64()) {
        (true, true) => one.as_f64().map(f64::to_bits) == other.as_f64().map(f64::to_bits),
        _ => one == other,
    }
}

/// Says whether a value has more than about so many bytes as text. Stops looking once it has.
pub fn is_larger(value: &Value, bytes: usize) -> bool {
    left(value, bytes).is_none()
}

/// Takes the length of a value's text from a budget; none where that does not suffice.
fn left(value: &Value, budget: usize) -> Option<usize> {
    match value {
        Value::String(text) => budget.checked_sub(text.len() + 2),
        Value::Array(elements) => elements
            .iter()
            .try_fold(budget.checked_sub(2)?, |budget, element| {
                left(element, budget.checked_sub(1)?)
            }),
        Value::Object(members) => members
            .iter()
            .try_fold(budget.checked_sub(2)?, |budget, (key, value)| {
                left(value, budget.checked_sub(key.len() + 4)?)
            }),
        // The shortest and the longest of these differ by little.
        _ => budget.checked_sub(5),
    }
}

/// Returns how deep a value is nested: 0 for one without parts.
pub fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(elements) => elements.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + deepest.unwrap_or(0)
}
