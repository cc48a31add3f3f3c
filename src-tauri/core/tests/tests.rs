//! What the core promises, in one binary: modules by behaviour.

#![allow(
    clippy::needless_pass_by_value,
    reason = "helpers take what `json!` makes as it is"
)]

#[macro_use]
mod support;

mod aligning;
mod bad_input;
mod bucketing;
mod comparing;
mod counting;
mod difference;
mod editing;
mod evaluation;
mod explaining;
mod folding;
mod histories;
mod measuring;
mod origins;
mod paths;
mod properties;
mod reaching;
mod restoring;
mod retention;
mod rolling_back;
mod states;
mod structure;
mod summing_up;
mod trees;
mod typing;
mod validation;
mod verdicts;
