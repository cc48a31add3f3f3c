//! Looking back through the application: what was changed, what differs, what would change.

use flagdeck::error::Code;
use flagdeck::store::{Actor, HistoryFilter, RevisionNumber, Via};
use flagdeck::wire::{AsOf, DIFFERENCE_CHANGES_MAX};
use flagdeck::{App, wire};
use flagdeck_core::{Edit, Severity, User};
use serde_json::{Value, json};

use crate::support::apps::{self, open, request, someone};
use crate::support::stores::leave_out;

/// Makes a change that changes something.
#[track_caller]
fn change(app: &App, edit: Edit) {
    assert!(apps::change(app, edit).changed);
}

fn switch(app: &App, path: &str, on: bool) {
    let paths = vec![path.parse().unwrap()];
    change(app, Edit::SetComponents { paths, on });
}

fn relocate(app: &App, from: &str, to: &str) {
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    change(app, Edit::Move { from, to });
}

fn import(app: &App, document: &Value) {
    change(app, Edit::Replace(document.to_string().into_bytes()));
}

fn filter(component: &str) -> HistoryFilter {
    HistoryFilter {
        component: Some(component.into()),
        ..HistoryFilter::default()
    }
}

/// The numbers of the revisions that changed a component.
fn revisions_of(app: &App, component: &str) -> Vec<u64> {
    let page = app.flags().history(&filter(component), 0, 100).unwrap();
    page.revisions.iter().map(|found| found.number.0).collect()
}

/// A document of `count` components, `c0`, `c1`, …, switched on where `is_on` says so.
fn flat(count: usize, is_on: impl Fn(usize) -> bool) -> Value {
    let components = (0..count).map(|index| (format!("c{index}"), Value::Bool(is_on(index))));
    json!({"components": components.collect::<serde_json::Map<_, _>>()})
}

#[test]
fn the_history_of_a_component_follows_its_renames() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    switch(&app, "ui.badges", true);
    switch(&app, "tracker", true);
    relocate(&app, "ui.badges", "ui.marks");
    relocate(&app, "ui", "page");
    switch(&app, "page.marks", false);
    assert_eq!(
        app.flags().live().origin.as_ref().unwrap().changes,
        ["page.marks off"]
    );
    assert_eq!(revisions_of(&app, "page.marks"), [5, 4, 3, 1]);
    assert_eq!(revisions_of(&app, "page"), [5, 4, 3, 1]);
    assert_eq!(revisions_of(&app, "tracker"), [2]);
    let page = app.flags().history(&filter("page.marks"), 1, 2).unwrap();
    let told: Vec<_> = page
        .revisions
        .iter()
        .flat_map(|found| &found.changes)
        .collect();
    assert_eq!(
        told,
        ["Group ui renamed to page", "ui.badges renamed to ui.marks"]
    );
    app.flags().undo(&someone()).unwrap();
    app.flags().undo(&someone()).unwrap();
    assert_eq!(revisions_of(&app, "ui.marks"), [7, 6, 5, 4, 3, 1]);
}

#[test]
fn the_last_change_is_listed_for_each_component_that_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    switch(&app, "ui.badges", true);
    switch(&app, "tracker", true);
    relocate(&app, "ui.badges", "ui.marks");
    change(&app, Edit::SetMaster { on: true });
    let last = |after| {
        let last = app.flags().last_changes(RevisionNumber(after)).unwrap();
        last.into_iter()
            .map(|change| (change.path, change.revision.0))
            .collect::<Vec<_>>()
    };
    let change = |path: &str, revision| (path.to_owned(), revision);
    assert_eq!(last(0), [change("tracker", 2), change("ui.marks", 3)]);
    assert_eq!(last(2), [change("ui.marks", 3)]);
    assert_eq!(last(4), []);
}

#[test]
fn any_two_revisions_are_compared_and_the_safe_default_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    switch(&app, "ui.badges", true);
    relocate(&app, "ui.badges", "ui.marks");
    let between = |from, to| {
        let difference = app
            .flags()
            .difference(RevisionNumber(from), RevisionNumber(to))
            .unwrap();
        let sentences = difference.changes.iter().map(ToString::to_string);
        sentences.collect::<Vec<_>>()
    };
    assert_eq!(between(0, 1), ["ui.badges on"]);
    assert_eq!(between(1, 2), ["ui.badges renamed to ui.marks"]);
    assert_eq!(between(2, 1), ["ui.marks renamed to ui.badges"]);
    assert_eq!(between(2, 2), Vec::<String>::new());
    assert_eq!(between(0, 0), Vec::<String>::new());
    let refused = app
        .flags()
        .difference(RevisionNumber(1), RevisionNumber(3))
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[test]
fn a_long_difference_is_cut_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let count = DIFFERENCE_CHANGES_MAX + 500;
    import(&app, &flat(count, |_| false));
    import(&app, &flat(count, |_| true));
    let difference = app
        .flags()
        .difference(RevisionNumber(1), RevisionNumber(2))
        .unwrap();
    assert_eq!(difference.changes.len(), count);
    let shown = wire::Difference::from(difference);
    assert_eq!(shown.changes.len(), DIFFERENCE_CHANGES_MAX);
    assert_eq!(shown.total, count);
}

#[test]
fn a_list_shows_twenty_sentences_of_a_revision_and_how_many_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    import(&app, &flat(300, |_| false));
    import(&app, &flat(300, |index| index >= 200));
    let page = wire::HistoryPage::of(&app, &HistoryFilter::default(), 0, usize::MAX).unwrap();
    let latest = &page.revisions[0];
    assert_eq!(
        (latest.revision.changes.len(), latest.changes_total),
        (20, 100)
    );
    assert_eq!(page.total, 2);
}

#[test]
fn a_review_says_what_is_wrong_or_else_what_would_change_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    switch(&app, "tracker", true);
    let mut document = serde_json::to_value(&app.flags().live().document).unwrap();
    document["enabled"] = json!(true);
    document["colour"] = json!("red");
    let review = app.flags().review(document.to_string().as_bytes());
    assert_eq!(review.revision, RevisionNumber(1));
    let severities: Vec<_> = review
        .problems
        .iter()
        .map(|problem| problem.severity)
        .collect();
    assert_eq!(severities, [Severity::Warning]);
    let sentences = review.difference.changes.iter().map(ToString::to_string);
    let sentences: Vec<_> = sentences.collect();
    assert_eq!(sentences, ["Master switch on", "\"/colour\" changed"]);

    document["rollout"]["percentage"] = json!(101);
    let review = app.flags().review(document.to_string().as_bytes());
    assert!(
        review
            .problems
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    );
    assert!(review.difference.changes.is_empty());
    assert!(!app.flags().review(b"not JSON").problems.is_empty());
    assert_eq!(app.flags().live().revision, RevisionNumber(1));
    assert!(!app.flags().live().document.enabled);
}

#[test]
fn a_decision_is_explained_as_of_any_revision() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    change(&app, Edit::SetMaster { on: true });
    switch(&app, "tracker", true);
    let explain = |component: &str, at: Option<u64>| {
        let at = at.map(AsOf::Revision);
        let (live, told) = app
            .flags()
            .explain(component, &User::id("user1"), at)
            .unwrap();
        (live.revision.0, told.reason)
    };
    assert_eq!(explain("tracker", None), (2, "zero"));
    assert_eq!(explain("tracker", Some(1)), (1, "component_off"));
    assert_eq!(explain("nothing", None), (2, "unknown_component"));
    let missing = app
        .flags()
        .explain("tracker", &User::id("user1"), Some(AsOf::Revision(9)));
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);
    let shown = wire::Explanation::of(&app, "tracker", "user1", &[], None).unwrap();
    assert_eq!(shown.explanation.threshold, Some(0));
    assert!(!shown.explanation.steps.last().unwrap().ok);
}

#[test]
fn the_text_of_the_document_keeps_unknown_keys_and_the_order_of_the_tree() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let text = r#"{"components":{"z":true,"a":{"y":false,"b":true}},"colour":{"z":1.50,"a":[]}}"#;
    change(&app, Edit::Replace(text.into()));
    let shown = app.flags().document_text();
    assert!(shown.starts_with("{\n  \"enabled\": false,\n  \"components\": {\n    \"z\": true,\n"));
    assert!(
        shown.ends_with("  \"colour\": {\n    \"z\": 1.5,\n    \"a\": []\n  }\n}"),
        "{shown}"
    );
    let again = request(Edit::Replace(shown.into_bytes()));
    assert!(!app.flags().change(again).unwrap().changed);
}

#[test]
fn an_order_alone_is_no_change_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    import(
        &app,
        &json!({"components": {"a": true, "g": {"x": true, "y": true}}, "note": {"p": 1, "q": 2}}),
    );
    let before = app.flags().document_text();
    let again = |text: &str| {
        let request = request(Edit::Replace(text.into()));
        let outcome = app.flags().change(request).unwrap();
        (outcome.changed, app.flags().document_text())
    };
    let reversed =
        r#"{"note": {"q": 2, "p": 1}, "components": {"g": {"y": true, "x": true}, "a": true}}"#;
    assert_eq!(again(reversed), (false, before.clone()));
    let with_one_more = reversed.replace(r#""y": true"#, r#""y": true, "z": true"#);
    let (changed, after) = again(&with_one_more);
    assert!(changed);
    let expected = before.replace("\"y\": true", "\"y\": true,\n      \"z\": true");
    assert_eq!(after, expected);
    let origin = app.flags().live().origin.clone().unwrap();
    assert_eq!(
        (origin.changes.len(), revisions_of(&app, "a")),
        (1, vec![1])
    );
}

/// A log without a number: so is one whose revisions another server numbered.
#[test]
fn a_change_is_taken_back_to_the_revision_before_it_whatever_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    for path in ["tracker", "calculator", "orchestrator"] {
        switch(&app, path, true);
    }
    leave_out(folder.path(), 2);
    let before = |number| app.flags().before(RevisionNumber(number)).unwrap();
    assert_eq!(before(3), RevisionNumber(1));
    assert_eq!(before(1), RevisionNumber::NONE);
    app.flags()
        .undo(&Actor::new(Via::Window, "someone"))
        .unwrap();
    let first = app.flags().at(RevisionNumber(1)).unwrap();
    assert_eq!(app.flags().live().document, first.document);
}

#[test]
fn lists_and_differences_count_revisions_whatever_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    for path in ["tracker", "calculator", "orchestrator", "ui.badges"] {
        switch(&app, path, true);
    }
    leave_out(folder.path(), 2);
    let page = |up_to: Option<u64>, offset, limit| {
        let filter = HistoryFilter {
            up_to: up_to.map(RevisionNumber),
            ..HistoryFilter::default()
        };
        let page = app.flags().history(&filter, offset, limit).unwrap();
        let numbers = page.revisions.iter().map(|it| it.number.0);
        (page.total, numbers.collect::<Vec<_>>())
    };
    assert_eq!(page(None, 0, 10), (3, vec![4, 3, 1]));
    assert_eq!(page(None, 2, 10), (3, vec![1]));
    assert_eq!(page(Some(2), 0, 10), (1, vec![1]));
    let (before, difference) = app.flags().changed_by(RevisionNumber(3)).unwrap();
    assert_eq!(before, RevisionNumber(1));
    assert_eq!(difference.changes.len(), 2, "two switches were made since");
    let (before, _) = app.flags().changed_by(RevisionNumber(1)).unwrap();
    assert_eq!(before, RevisionNumber::NONE);
}
