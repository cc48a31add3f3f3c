//! The flag document, patches of it, and rosters.

use std::collections::BTreeSet;

use flagdeck_core::limits::PROBLEMS_MAX;
use flagdeck_core::tree::{self, Object, Tree};
use flagdeck_core::validate::read_patch;
use flagdeck_core::{
    Compiled, Problem, Severity, User, UserIds, changes, validate, validate_value,
};

use super::kind;

pub const WORDS: &[&str] = &[
    "\"enabled\"",
    "\"components\"",
    "\"rollout\"",
    "\"rollouts\"",
    "\"percentage\"",
    "\"userGroups\"",
    "\"strategy\"",
    "\"requires\"",
    "\"about\"",
    "\"bucketing\"",
    "\"canary\"",
    "\"blue-green\"",
    "\"feature\"",
    "\"flagd-2\"",
    "\"ui.badges\"",
    "\"Components\"",
    "\"data\"",
    "\"flags\"",
    "100.0001",
    "12.5",
    "\"expires\"",
    "\"2027-02-30\"",
];

/// A document that is valid is written and read again as equal, decides for every component, and
/// differs in nothing from itself; any other is refused with a bounded list of problems.
pub fn document(bytes: &[u8]) -> u64 {
    let checked = match validate(bytes) {
        Ok(checked) => checked,
        Err(problems) => return refused(&problems),
    };
    let document = checked.document;
    let again = validate(&document.to_bytes()).expect("what was written is valid");
    assert_eq!(again.document, document, "written and read again");
    let tree = document.to_tree();
    assert!(changes(&tree, &tree).is_empty());
    let compiled = Compiled::new(&document);
    let mut on = 0;
    document.for_each_component(|component, _| {
        on += usize::from(compiled.evaluate(component, &User::id("user42")).value);
    });
    bounded(&checked.warnings);
    kind((
        codes(&checked.warnings),
        document.count().0.min(9),
        on.min(9),
    ))
}

fn refused(problems: &[Problem]) -> u64 {
    bounded(problems);
    let is_error = |problem: &Problem| problem.severity == Severity::Error;
    assert!(problems.iter().any(is_error), "refused without an error");
    kind(codes(problems))
}

fn bounded(problems: &[Problem]) {
    // One more says how many are not listed.
    assert!(problems.len() <= PROBLEMS_MAX + 1, "{}", problems.len());
    for problem in problems {
        let Problem {
            pointer, message, ..
        } = problem;
        assert!(pointer.is_empty() || pointer.starts_with('/'), "{pointer}");
        assert!(!message.is_empty());
    }
}

fn codes(problems: &[Problem]) -> BTreeSet<String> {
    let codes = problems.iter().map(|problem| format!("{:?}", problem.code));
    codes.collect()
}

/// A merge patch is written and read again as equal, and its result is validated whatever it is.
pub fn patch(bytes: &[u8]) -> u64 {
    let patch = match read_patch(bytes) {
        Ok(patch) => patch,
        Err(problems) => return refused(&problems),
    };
    let patch = Tree::from(patch);
    let again = read_patch(&tree::write(&patch)).expect("what was written is readable");
    assert_eq!(Tree::from(again), patch, "written and read again");
    let founding = flagdeck_core::FlagDocument::default().to_tree();
    let merged = merged(founding, patch);
    match validate_value(&merged) {
        Ok(checked) => kind((true, codes(&checked.warnings))),
        Err(problems) => kind((false, refused(&problems))),
    }
}

/// RFC 7396, section 2, to the letter.
fn merged(target: Tree, patch: Tree) -> Tree {
    let Tree::Object(patch) = patch else {
        return patch;
    };
    let mut members = match target {
        Tree::Object(members) => *members,
        _ => Object::default(),
    };
    for (name, value) in patch.iter() {
        if *value == Tree::Null {
            members.remove(name);
        } else {
            let before = members.get(name).cloned().unwrap_or_default();
            members.insert(name, merged(before, value.clone()));
        }
    }
    members.into()
}

/// Ids of a roster are those of its lines: written a line each, they are read again.
pub fn roster(bytes: &[u8]) -> u64 {
    let Ok((ids, reading)) = UserIds::from_lines(bytes) else {
        return kind("refused");
    };
    let listed: Vec<&str> = ids.iter().collect();
    assert_eq!(listed.len(), ids.len());
    assert_eq!(ids.range(0..ids.len()).count(), ids.len());
    // After one id that is plain: a text that begins with a letter and a NUL is taken for UTF-16.
    let listed: Vec<&str> = ["plain"].into_iter().chain(listed).collect();
    let written: String = listed.iter().map(|id| format!("{id}\n")).collect();
    let (again, _) = UserIds::from_lines(written.as_bytes()).expect("one more than before");
    assert!(
        again.iter().eq(listed.iter().copied()),
        "written and read again"
    );
    kind((ids.len().min(20), reading.to_string().len()))
}
