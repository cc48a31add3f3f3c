//! Many changes in one line: counted right, the weightiest first.

use flagdeck_core::diff::documents::thousands;
use flagdeck_core::summary;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Written, changes, document_of, flat_components};

/// Sums up what differs between two documents.
fn summed(before: &Value, after: &Value) -> String {
    let (before, after) = (document_of(before), document_of(after));
    let found = changes(&before.to_value(), &after.to_value());
    let sentences: Vec<String> = found.iter().map(ToString::to_string).collect();
    summary(&sentences)
}

fn said(sentences: &[&str]) -> String {
    summary(sentences)
}

#[test]
fn removed_components_are_counted_and_named() {
    let names = ["calculator", "tracker", "a", "b", "c", "d"];
    let sentences: Vec<String> = names.iter().map(|name| format!("{name} removed")).collect();
    assert_eq!(
        summary(&sentences),
        "6 components removed: calculator, tracker and 4 more"
    );
    assert_eq!(
        summary(&sentences[..3]),
        "3 components removed: calculator, tracker, a"
    );
    assert_eq!(summary(&sentences[..1]), "calculator removed");
}

#[test]
fn an_import_is_told_by_what_it_adds_not_by_what_is_listed_first() {
    let before = json!({"enabled": false, "components": {"kept": true}});
    let mut components = flat_components(2000);
    components["kept"] = json!(true);
    let after = json!({"enabled": true, "components": components});
    assert_eq!(
        summed(&before, &after),
        "2,000 components added: c0, c1 and 1,998 more; master switch on"
    );
}

#[test]
fn components_inside_of_groups_count() {
    let before = json!({"components": {"kept": true}});
    let after = json!({"components": {
        "kept": true, "svc": flat_components(100), "a": true, "b": true, "empty": {}
    }});
    assert_eq!(
        summed(&before, &after),
        "102 components added: Group svc, a, b; group empty added"
    );
    assert_eq!(
        summed(&after, &before),
        "102 components removed: Group svc, a, b; group empty removed"
    );
}

#[test]
fn changes_of_one_thing_are_told_together() {
    assert_eq!(
        said(&[
            "ui.badges: 10 % → 25 %",
            "ui.badges: groups +beta",
            "ui.badges: canary → groups only",
        ]),
        "ui.badges: 10 % → 25 %, groups +beta, canary → groups only"
    );
    assert_eq!(
        said(&[
            "ui.badges on",
            "Default rollout: 0 % → 5 %",
            "Master switch on"
        ]),
        "Master switch on; default rollout: 0 % → 5 %; ui.badges on"
    );
}

#[test]
fn what_does_not_fit_is_counted() {
    let many = [
        "a removed",
        "b removed",
        "c on",
        "d off",
        "Master switch off",
        "e: 1 % → 2 %",
        "f requires a",
    ];
    assert_eq!(
        said(&many),
        "2 components removed: a, b; master switch off; d off; and 3 more changes"
    );
    assert_eq!(said(&[]), "No change");
    assert_eq!(
        said(&["\"/x\" changed", "\"/y\" changed", "\"/z\" changed"]),
        "\"/x\" changed and 2 more"
    );
}

#[test]
fn sentences_of_earlier_versions_are_understood() {
    assert_eq!(
        said(&["Everyone: 0 % → 5 %", "Everyone: groups +beta"]),
        "Everyone: 0 % → 5 %, groups +beta"
    );
    assert_eq!(
        said(&[
            "a: own rollout, feature 5 %",
            "b follows the rollout for everyone"
        ]),
        "2 rollouts changed: a, b"
    );
}

#[test]
fn components_with_names_that_are_words_of_sentences_stay_components() {
    assert_eq!(
        said(&["Master on", "Default on"]),
        "2 components on: Master, Default"
    );
    assert_eq!(
        said(&["Group removed", "Group.a on"]),
        "Group removed; Group.a on"
    );
}

#[test]
fn counts_are_written_with_commas() {
    let written = [0, 7, 999, 1000, 1981, 10_000, 1_234_567].map(thousands);
    assert_eq!(
        written,
        ["0", "7", "999", "1,000", "1,981", "10,000", "1,234,567"]
    );
}

/// Returns the number that a text begins with, commas or not.
fn number(text: &str) -> Option<usize> {
    text.split(' ').next()?.replace(',', "").parse().ok()
}

/// Returns how many things a part of a summary tells of, and how many of them it leaves unnamed.
fn told(part: &str) -> (usize, usize) {
    if let Some(rest) = part.strip_prefix("and ") {
        let left_out = number(rest).expect("it is a count");
        return (left_out, left_out);
    }
    let Some(total) = number(part) else {
        return (1, 0);
    };
    let names = part.split_once(": ").expect("names follow").1;
    let (names, more) = names.split_once(" and ").unwrap_or((names, "0 more"));
    let more = number(more).expect("it is a count");
    assert_eq!(names.split(", ").count() + more, total, "{part}");
    (total, more)
}

proptest! {
    /// Each of these is a change of a thing of its own.
    #[test]
    fn what_is_shown_and_what_is_left_out_is_all(
        counts in proptest::collection::vec(0_usize..40, 7),
    ) {
        let kinds = [" removed", " added, on", " on", " off", ": 1 % → 2 %", " requires x", ": title a → b"];
        let sentences: Vec<String> = kinds
            .iter()
            .zip(&counts)
            .flat_map(|(kind, count)| (0..*count).map(move |i| format!("c{i}{kind}")))
            .collect();
        prop_assume!(!sentences.is_empty());
        let line = summary(&sentences);
        let parts: Vec<(usize, usize)> = line.split("; ").map(told).collect();
        let total: usize = parts.iter().map(|(count, _)| count).sum();
        prop_assert_eq!(total, sentences.len(), "{}", line);
        let shown: Vec<usize> = parts.iter().map(|(count, _)| *count).take(3).collect();
        prop_assert!(shown.is_sorted_by(|a, b| a >= b), "{}", line);
        prop_assert!(line.len() < 300, "{}", line);
    }
}
