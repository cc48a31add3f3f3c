//! What holds for every document and every user.

use flagdeck_core::tree::Tree;
use flagdeck_core::{
    Compiled, ComponentPath, Edit, FlagDocument, Percentage, Reaches, Reason, Rename,
    Strategy as Way, Trace, apply, explain, validate, validate_value,
};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use crate::support::arbitrary::{documents, json, paths, people, percentages};
use crate::support::{Written, changes, plain};

/// Raises the rollout that decides for `path` alone, or for everyone, to at least `to`.
fn raised(document: &FlagDocument, path: Option<&ComponentPath>, to: Percentage) -> FlagDocument {
    let mut raised = document.clone();
    let rollout = match path {
        Some(path) => raised.rollouts.get_mut(path.as_str()),
        None => Some(&mut raised.rollout),
    };
    if let Some(rollout) = rollout {
        let whole = rollout.strategy == Way::BlueGreen && to > Percentage::ZERO;
        let to = if whole { Percentage::FULL } else { to };
        rollout.percentage = rollout.percentage.max(to);
    }
    raised
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn compiled_and_plain_evaluation_agree(
        document in documents(),
        people in prop::collection::vec(people(), 1..8),
    ) {
        let compiled = Compiled::new(&document);
        for person in &people {
            let user = person.user();
            for path in paths(&document) {
                let got = compiled.evaluate(path.as_str(), &user);
                let plain = plain::evaluate(&document, path.as_str(), &user);
                let failing = match got.reason {
                    Reason::Prerequisite(id) => Some(compiled.path(id).to_owned()),
                    _ => None,
                };
                prop_assert_eq!(got.value, plain.value, "{}", &path);
                prop_assert_eq!(got.reason.as_str(), plain.reason, "{}", &path);
                prop_assert_eq!(failing, plain.failing_prerequisite, "{}", &path);
            }
        }
    }

    #[test]
    fn all_at_once_is_each_by_itself(document in documents(), person in people()) {
        let compiled = Compiled::new(&document);
        let mut all = Vec::new();
        compiled.evaluate_all(&person.user(), |id, evaluation| all.push((id, evaluation)));
        let each = compiled.components();
        let each: Vec<_> = each.map(|id| (id, compiled.evaluate_id(id, &person.user()))).collect();
        prop_assert_eq!(all, each);
    }

    #[test]
    fn raising_a_percentage_removes_nobody(
        document in documents(),
        which in prop::option::of(any::<Index>()),
        to in percentages(),
        people in prop::collection::vec(people(), 1..8),
    ) {
        let paths = paths(&document);
        let which = which.map(|index| index.get(&paths));
        let before = Compiled::new(&document);
        let after = Compiled::new(&raised(&document, which, to));
        for person in &people {
            for path in &paths {
                let was_on = before.evaluate(path.as_str(), &person.user()).value;
                let is_on = after.evaluate(path.as_str(), &person.user()).value;
                prop_assert!(is_on || !was_on, "{path} was taken from {person:?}");
            }
        }
    }

    #[test]
    fn a_document_is_read_as_it_was_written(document in documents()) {
        let checked = validate(&document.to_bytes());
        let checked = checked.map_err(|problems| TestCaseError::fail(format!("{problems:?}")))?;
        prop_assert_eq!(&checked.document, &document);
        prop_assert_eq!(checked.document.to_bytes(), document.to_bytes());
        let by_tree = validate_value(&document.to_tree());
        prop_assert_eq!(by_tree.map(|checked| checked.document), Ok(document));
    }

    #[test]
    fn an_empty_patch_and_the_document_itself_change_nothing(document in documents()) {
        let patched = |patch: &Value| {
            let edit = Edit::Patch(patch.to_string().into_bytes());
            apply(&document, &edit).map(|checked| checked.document)
        };
        let empty = Value::Object(serde_json::Map::new());
        prop_assert_eq!(patched(&empty), Ok(document.clone()));
        // In a patch null means "remove", so a document with nulls is no patch for itself.
        let value = document.to_value();
        prop_assume!(!has_null_member(&value));
        prop_assert_eq!(patched(&value), Ok(document.clone()));
    }

    #[test]
    fn changes_are_all_that_differs(before in documents(), after in documents()) {
        let (before, after) = (before.to_value(), after.to_value());
        check_changes(&before, &after)?;
        prop_assert_eq!(changes(&before, &before), []);
    }

    #[test]
    fn changes_of_any_json_are_all_that_differs(before in json(), after in json()) {
        check_changes(&before, &after)?;
    }

    #[test]
    fn a_move_is_exactly_one_rename(
        document in documents(),
        which in any::<Index>(),
        depth in any::<Index>(),
        name in "[d-f][a-z]{0,3}",
        into in prop::option::of("[g-h]"),
    ) {
        let paths = paths(&document);
        let segments: Vec<&str> = which.get(&paths).segments().collect();
        let from = segments[..=depth.index(segments.len())].join(".");
        let from: ComponentPath = from.parse().expect("a path");
        let to = into.map_or(name.clone(), |group| format!("{group}.{name}"));
        let to: ComponentPath = to.parse().expect("a path");
        let edit = Edit::Move { from: from.clone(), to: to.clone() };
        let moved = apply(&document, &edit).expect("nothing is there yet").document;
        let found = changes(&document.to_value(), &moved.to_value());
        let trace = Trace::of(&found);
        prop_assert_eq!(found.len(), 1, "{:?}", found);
        prop_assert_eq!(trace.renames, [Rename { from: from.to_string(), to: to.to_string() }]);
    }

    #[test]
    fn a_trace_names_everything_that_differs(before in documents(), after in documents()) {
        let trace = Trace::of(&changes(&before.to_value(), &after.to_value()));
        for path in paths(&before).iter().chain(&paths(&after)) {
            let said = |document: &FlagDocument| (
                document.node(path).cloned(),
                document.rollouts.get(path).cloned(),
                document.about.get(path).cloned(),
            );
            let is_touched = trace.touched.contains(path.as_str());
            prop_assert!(said(&before) == said(&after) || is_touched, "{path}: {:?}", trace);
        }
    }

    #[test]
    fn every_change_has_a_sentence(before in documents(), after in documents()) {
        for change in changes(&before.to_value(), &after.to_value()) {
            prop_assert!(!change.to_string().is_empty(), "{change:?}");
        }
    }

    #[test]
    fn an_explanation_says_what_evaluation_says(document in documents(), person in people()) {
        let compiled = Compiled::new(&document);
        let reaches = Reaches::of(&compiled, !document.enabled);
        for path in paths(&document) {
            let evaluation = compiled.evaluate(path.as_str(), &person.user());
            let explanation = explain(&document, &compiled, &reaches, path.as_str(), &person.user());
            prop_assert_eq!(explanation.value, evaluation.value);
            prop_assert_eq!(explanation.reason, evaluation.reason.as_str());
            let last = explanation.steps.last().expect("there is always a step");
            prop_assert_eq!(last.ok, evaluation.value);
            let (_, earlier) = explanation.steps.split_last().expect("there is always a step");
            prop_assert!(earlier.iter().all(|step| step.ok), "{:?}", explanation.steps);
            if let Some(bucket) = evaluation.bucket {
                prop_assert_eq!(explanation.bucket, Some(bucket));
            }
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check_answer(&bytes)?;
    }

    #[test]
    fn any_json_is_answered(tree in json()) {
        check_answer(tree.to_string().as_bytes())?;
    }

    #[test]
    fn any_json_in_the_place_of_a_part_is_answered(
        document in documents(),
        key in prop::sample::select(vec![
            "enabled", "components", "rollout", "rollouts", "requires", "about", "bucketing",
        ]),
        part in json(),
    ) {
        let mut tree = document.to_value();
        tree[key] = part;
        check_answer(tree.to_string().as_bytes())?;
    }

    #[test]
    fn a_cut_document_is_answered(document in documents(), at in any::<Index>()) {
        let bytes = document.to_bytes();
        let cut = &bytes[..at.index(bytes.len())];
        prop_assert!(validate(cut).is_err(), "no beginning of a document is a document");
    }
}

/// A document that is accepted is read as it was written; one that is refused is told why.
fn check_answer(bytes: &[u8]) -> Result<(), TestCaseError> {
    match validate(bytes) {
        Ok(checked) => {
            let again = validate(&checked.document.to_bytes());
            prop_assert_eq!(again.map(|again| again.document), Ok(checked.document));
        }
        Err(problems) => prop_assert!(!problems.is_empty()),
    }
    Ok(())
}

fn has_null_member(value: &Value) -> bool {
    match value {
        Value::Object(object) => object
            .values()
            .any(|it| it.is_null() || has_null_member(it)),
        _ => false,
    }
}

fn value(tree: &Option<Tree>) -> Option<Value> {
    tree.as_ref().map(Written::to_value)
}

/// Each change points at a difference, and all of them together lead from one to the other.
fn check_changes(before: &Value, after: &Value) -> Result<(), TestCaseError> {
    let found = changes(before, after);
    prop_assert_eq!(found.is_empty(), before == after);
    let mut result = before.clone();
    for change in &found {
        let (was, is) = (value(&change.before), value(&change.after));
        prop_assert_eq!(after.pointer(&change.pointer), is.as_ref());
        if let Some(from) = &change.from {
            prop_assert_eq!(result.pointer(from), was.as_ref());
            prop_assert_eq!(&change.before, &change.after);
            relocate(&mut result, from, &change.pointer);
        } else {
            prop_assert_eq!(result.pointer(&change.pointer), was.as_ref());
            prop_assert_ne!(&change.before, &change.after);
            put(&mut result, &change.pointer, is);
        }
    }
    prop_assert_eq!(&result, after);
    Ok(())
}

fn put(tree: &mut Value, pointer: &str, value: Option<Value>) {
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        *tree = value.expect("a whole document stays a document");
        return;
    };
    let key = key.replace("~1", "/").replace("~0", "~");
    let parent = tree
        .pointer_mut(parent)
        .expect("a parent of a change is there");
    let parent = parent
        .as_object_mut()
        .expect("only members of objects change");
    match value {
        Some(value) => parent.insert(key, value),
        None => parent.shift_remove(&key),
    };
}

/// Gives a part of the tree another pointer, and everything said about it with it.
fn relocate(tree: &mut Value, from: &str, to: &str) {
    let node = tree.pointer(from).cloned();
    put(tree, from, None);
    let mut group = String::new();
    for key in to.split('/').skip(1) {
        if !group.is_empty() && tree.pointer(&group).is_none() {
            put(tree, &group, Some(Value::Object(serde_json::Map::new())));
        }
        group = format!("{group}/{key}");
    }
    put(tree, to, node);
    let path = |pointer: &str| pointer.replace('/', ".").replacen(".components.", "", 1);
    let (from, to) = (path(from), path(to));
    let follow = |path: &str| match path.strip_prefix(&from) {
        Some(rest) if rest.is_empty() || rest.starts_with('.') => format!("{to}{rest}"),
        _ => path.to_owned(),
    };
    for section in ["rollouts", "about", "requires"] {
        let Some(Value::Object(entries)) = tree.get_mut(section) else {
            continue;
        };
        for (path, mut said) in std::mem::take(entries) {
            if let Value::Array(required) = &mut said {
                for required in required {
                    *required = required
                        .as_str()
                        .map_or(required.clone(), |it| follow(it).into());
                }
            }
            entries.insert(follow(&path), said);
        }
    }
}
