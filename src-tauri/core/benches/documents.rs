//! Documents to measure with.

use flagdeck_core::{FlagDocument, validate};
use serde_json::{Value, json};

/// The names of so many components, in ten groups.
pub fn names(count: usize) -> Vec<String> {
    (0..count)
        .map(|i| format!("area{}.component{i}", i % 10))
        .collect()
}

/// A document of so many components, all on, each with its own `rollout`; that of the document is
/// at 25 %.
pub fn document(count: usize, rollout: &Value) -> Value {
    let mut tree = json!({"enabled": true, "components": {}, "rollouts": {}, "about": {},
        "rollout": {"percentage": 25}});
    for name in names(count) {
        let (group, leaf) = name.split_once('.').expect("a group and a leaf");
        tree["components"][group][leaf] = json!(true);
        tree["rollouts"][name] = rollout.clone();
    }
    tree
}

/// Reads a document that is valid.
pub fn read_valid(tree: &Value) -> FlagDocument {
    let bytes = tree.to_string().into_bytes();
    validate(&bytes).expect("the document is valid").document
}
