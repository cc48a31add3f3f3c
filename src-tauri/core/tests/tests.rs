//! What the core promises, in one binary: modules by behaviour.

#![allow(
    clippy::needless_pass_by_value,
    reason = "helpers take what `json!` makes as it is"
)]

#[macro_use]
mod support;

mod affecting;
mod aligning;
mod all_at_once;
mod bad_input;
mod bucketing;
mod counting;
mod document_differences;
mod editing;
mod evaluation;
mod explaining;
mod flagd;
mod folding;
mod guarding;
mod histories;
mod losing;
mod measuring;
mod numbers;
mod ordering;
mod origins;
mod overriding;
mod paths;
mod properties;
mod ramps;
mod reaching;
mod recognising;
mod restoring;
mod retention;
mod rolling_back;
mod rosters;
mod showing;
mod sliding;
mod state_differences;
mod states;
mod structure;
mod summing_up;
mod texts;
mod trees;
mod trusting;
mod typing;
mod validation;
mod verdicts;
mod whole_numbers;
