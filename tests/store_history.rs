//! What every store promises of finding revisions: pages, conditions, renames.
//!
//! Clauses of the contract in `store_contract.rs`, which lists them.

use flagdeck::store::{
    Actor, Cause, Draft, HistoryFilter, HistoryPage, LastChange, RevisionNumber, Store, Via,
};
use flagdeck_core::{Rename, Trace};

use crate::store_contract::{Place, append_with, draft};

/// What is found where nothing is.
const NOTHING: [u64; 0] = [];

/// A trace of these paths, and of what was renamed.
fn trace(touched: &[&str], renames: &[(&str, &str)]) -> Trace {
    let rename = |(from, to): &(&str, &str)| Rename {
        from: (*from).into(),
        to: (*to).into(),
    };
    Trace {
        touched: touched.iter().map(|path| (*path).into()).collect(),
        renames: renames.iter().map(rename).collect(),
    }
}

/// Appends a revision that touched these paths and renamed these.
fn touch(store: &dyn Store, touched: &[&str], renames: &[(&str, &str)]) {
    append_with(store, draft(b"{}"), trace(touched, renames));
}

fn page(store: &dyn Store, filter: &HistoryFilter, offset: usize, limit: usize) -> HistoryPage {
    store
        .history(filter, offset, limit)
        .expect("it can be read")
}

fn numbers(page: &HistoryPage) -> Vec<u64> {
    page.revisions.iter().map(|found| found.number.0).collect()
}

/// Everything a filter lets through; its total is checked against it.
fn found(store: &dyn Store, filter: &HistoryFilter) -> Vec<u64> {
    let page = page(store, filter, 0, usize::MAX);
    assert_eq!(page.total, page.revisions.len());
    numbers(&page)
}

fn found_of(store: &dyn Store, component: &str) -> Vec<u64> {
    let filter = HistoryFilter {
        component: Some(component.into()),
        ..HistoryFilter::default()
    };
    found(store, &filter)
}

fn found_with(store: &dyn Store, text: &str) -> Vec<u64> {
    let filter = HistoryFilter {
        text: Some(text.into()),
        ..HistoryFilter::default()
    };
    found(store, &filter)
}

pub fn the_history_of_an_empty_store_is_empty(place: &dyn Place) {
    let store = place.open();
    assert_eq!(found(&*store, &HistoryFilter::default()), NOTHING);
    assert_eq!(found_of(&*store, "ui"), NOTHING);
    assert_eq!(store.actors().expect("it can be read"), []);
    let last = store.last_changes(RevisionNumber::NONE);
    assert_eq!(last.expect("it can be read"), []);
}

pub fn history_comes_in_pages_with_its_total(place: &dyn Place) {
    let store = place.open();
    (0..7).for_each(|_| touch(&*store, &[], &[]));
    let all = HistoryFilter::default();
    let shown = |filter: &HistoryFilter, offset, limit| {
        let page = page(&*store, filter, offset, limit);
        (page.total, numbers(&page))
    };
    assert_eq!(shown(&all, 0, 3), (7, vec![7, 6, 5]));
    assert_eq!(shown(&all, 3, 3), (7, vec![4, 3, 2]));
    assert_eq!(shown(&all, 6, 3), (7, vec![1]));
    assert_eq!(shown(&all, 7, 3), (7, vec![]));
    assert_eq!(shown(&all, usize::MAX, usize::MAX), (7, vec![]));
    assert_eq!(shown(&all, 0, 0), (7, vec![]));
    let up_to = |number| HistoryFilter {
        up_to: Some(RevisionNumber(number)),
        ..HistoryFilter::default()
    };
    assert_eq!(shown(&up_to(4), 1, 2), (4, vec![3, 2]));
    assert_eq!(shown(&up_to(0), 0, 9), (0, vec![]));
    assert_eq!(shown(&up_to(u64::MAX), 0, 1), (7, vec![7]));
}

pub fn pages_stay_in_place_while_revisions_are_added(place: &dyn Place) {
    const REVISIONS: u64 = 5000;
    const PAGE: usize = 333;
    let store = place.open();
    let add = |number: u64| {
        let path = ["even", "odd"][(number % 2) as usize];
        touch(&*store, &[path], &[]);
    };
    (1..=REVISIONS).for_each(add);
    let filters = [None, Some("odd")].map(|component| HistoryFilter {
        component: component.map(str::to_owned),
        up_to: Some(RevisionNumber(REVISIONS)),
        ..HistoryFilter::default()
    });
    let expected = [
        (1..=REVISIONS).rev().collect::<Vec<u64>>(),
        (1..=REVISIONS)
            .rev()
            .filter(|number| number % 2 == 1)
            .collect(),
    ];
    for (filter, expected) in filters.iter().zip(expected) {
        let mut seen = Vec::new();
        for offset in (0..expected.len()).step_by(PAGE) {
            let page = page(&*store, filter, offset, PAGE);
            assert_eq!(page.total, expected.len());
            seen.extend(numbers(&page));
            let latest = store.head().expect("it can be read").expect("there is one");
            add(latest.number.0 + 1);
        }
        assert_eq!(seen, expected);
    }
}

pub fn revisions_are_found_by_whom_and_when(place: &dyn Place) {
    let store = place.open();
    let people = [
        (Via::Window, "maria", 100),
        (Via::Flagctl, "maria", 200),
        // The clock was set back.
        (Via::Http, "ci", 150),
        (Via::Window, "Maria", 300),
    ];
    for (via, name, at_ms) in people {
        let actor = Actor {
            via,
            name: name.into(),
        };
        let draft = Draft {
            actor,
            at_ms,
            ..draft(b"{}")
        };
        append_with(&*store, draft, Trace::default());
    }
    let by = |via: Option<Via>, name: Option<&str>| HistoryFilter {
        via,
        name: name.map(str::to_owned),
        ..HistoryFilter::default()
    };
    assert_eq!(found(&*store, &by(Some(Via::Window), None)), [4, 1]);
    assert_eq!(found(&*store, &by(None, Some("maria"))), [2, 1]);
    assert_eq!(found(&*store, &by(Some(Via::Flagctl), Some("maria"))), [2]);
    assert_eq!(found(&*store, &by(Some(Via::Http), Some("maria"))), NOTHING);
    let within = |since_ms, until_ms| HistoryFilter {
        since_ms,
        until_ms,
        ..HistoryFilter::default()
    };
    assert_eq!(found(&*store, &within(Some(150), None)), [4, 3, 2]);
    assert_eq!(found(&*store, &within(None, Some(200))), [3, 1]);
    assert_eq!(found(&*store, &within(Some(150), Some(200))), [3]);
    assert_eq!(
        found(&*store, &within(Some(i64::MIN), Some(i64::MAX))),
        [4, 3, 2, 1]
    );

    let told = store.actors().expect("it can be read");
    let told: Vec<_> = told
        .iter()
        .map(|actor| (actor.name.as_str(), actor.via))
        .collect();
    let everybody = [
        ("Maria", Via::Window),
        ("ci", Via::Http),
        ("maria", Via::Flagctl),
        ("maria", Via::Window),
    ];
    assert_eq!(told, everybody);
}

pub fn revisions_are_found_by_words_in_any_case(place: &dyn Place) {
    let store = place.open();
    let say = |changes: &[&str], note: Option<&str>| {
        let draft = Draft {
            changes: changes.iter().map(|sentence| (*sentence).into()).collect(),
            note: note.map(str::to_owned),
            ..draft(b"{}")
        };
        append_with(&*store, draft, Trace::default());
    };
    say(&["Master switch on", "ui.badges off"], None);
    say(&["tracker on"], Some("for the Straße, ΟΔΟΣ"));
    say(&["100 % of_all"], Some("nothing\u{0}after"));
    say(&[], None);
    assert_eq!(found_with(&*store, "MASTER"), [1]);
    assert_eq!(found_with(&*store, "badges"), [1]);
    assert_eq!(found_with(&*store, " on"), [2, 1]);
    assert_eq!(found_with(&*store, "STRASSE"), [2]);
    assert_eq!(found_with(&*store, "οδος"), [2]);
    assert_eq!(found_with(&*store, "0 %"), [3]);
    assert_eq!(found_with(&*store, "of_all"), [3]);
    assert_eq!(found_with(&*store, "\u{0}AFTER"), [3]);
    assert_eq!(found_with(&*store, "on ui"), NOTHING, "sentences are apart");
    assert_eq!(found_with(&*store, "%"), [3], "no wildcard");
    assert_eq!(found_with(&*store, ""), [4, 3, 2, 1]);
}

pub fn conditions_hold_together(place: &dyn Place) {
    let store = place.open();
    for (name, path) in [
        ("maria", "ui.a"),
        ("ci", "ui.a"),
        ("maria", "b"),
        ("maria", "ui.a"),
    ] {
        let draft = Draft {
            actor: Actor {
                via: Via::Window,
                name: name.into(),
            },
            changes: vec![format!("{path} on")],
            ..draft(b"{}")
        };
        append_with(&*store, draft, trace(&[path], &[]));
    }
    let filter = HistoryFilter {
        component: Some("ui".into()),
        name: Some("maria".into()),
        text: Some("A ON".into()),
        ..HistoryFilter::default()
    };
    assert_eq!(found(&*store, &filter), [4, 1]);
    let page = page(&*store, &filter, 1, 1);
    assert_eq!((page.total, numbers(&page)), (2, vec![1]));
    let before = HistoryFilter {
        up_to: Some(RevisionNumber(3)),
        ..filter
    };
    assert_eq!(found(&*store, &before), [1]);
}

pub fn a_group_is_found_by_everything_in_it(place: &dyn Place) {
    let store = place.open();
    touch(&*store, &["ui"], &[]);
    touch(&*store, &["ui.badges"], &[]);
    touch(&*store, &["ui-2", "ui2", "u"], &[]);
    touch(&*store, &["ui.menu.open", "ui.menu"], &[]);
    touch(&*store, &[""], &[]);
    assert_eq!(found_of(&*store, "ui"), [4, 2, 1]);
    assert_eq!(found_of(&*store, "ui.menu"), [4]);
    assert_eq!(found_of(&*store, "ui.badges"), [2]);
    assert_eq!(found_of(&*store, "UI"), NOTHING);
    assert_eq!(found_of(&*store, ""), [5], "the document as a whole");
}

pub fn renames_are_followed_back(place: &dyn Place) {
    let store = place.open();
    touch(&*store, &["a"], &[]);
    touch(&*store, &["other"], &[]);
    touch(&*store, &["a", "b"], &[("a", "b")]);
    touch(&*store, &["b"], &[]);
    touch(&*store, &["b", "g.c"], &[("b", "g.c")]);
    touch(&*store, &["g.c"], &[]);
    touch(&*store, &["g", "g.c", "h", "h.c"], &[("g", "h")]);
    touch(&*store, &["h.c"], &[]);
    assert_eq!(found_of(&*store, "h.c"), [8, 7, 6, 5, 4, 3, 1]);
    let then = HistoryFilter {
        component: Some("b".into()),
        up_to: Some(RevisionNumber(4)),
        ..HistoryFilter::default()
    };
    assert_eq!(found(&*store, &then), [4, 3, 1], "as of revision 4");
    assert_eq!(
        found_of(&*store, "a"),
        [3, 1],
        "a name that is nobody's any more"
    );
}

pub fn a_name_taken_again_is_another_components(place: &dyn Place) {
    let store = place.open();
    touch(&*store, &["a"], &[]);
    touch(&*store, &["a", "b"], &[("a", "b")]);
    touch(&*store, &["a"], &[]);
    assert_eq!(found_of(&*store, "a"), [3]);
    assert_eq!(found_of(&*store, "b"), [2, 1]);
}

pub fn a_name_that_came_back_with_an_earlier_document_is_still_the_same(place: &dyn Place) {
    let store = place.open();
    touch(&*store, &["a"], &[]);
    touch(&*store, &["a", "b"], &[("a", "b")]);
    touch(&*store, &["b"], &[]);
    let restore = Draft {
        cause: Cause::Restore(RevisionNumber(1)),
        ..draft(b"{}")
    };
    append_with(&*store, restore, trace(&["a", "b"], &[]));
    touch(&*store, &["a"], &[]);
    assert_eq!(found_of(&*store, "a"), [5, 4, 2, 1]);
    assert_eq!(found_of(&*store, "b"), [4, 3, 2, 1]);
}

pub fn a_rename_taken_back_is_followed_both_ways(place: &dyn Place) {
    let store = place.open();
    touch(&*store, &["a"], &[]);
    touch(&*store, &["a", "b"], &[("a", "b")]);
    touch(&*store, &["b"], &[]);
    touch(&*store, &["a", "b"], &[("b", "a")]);
    touch(&*store, &["a"], &[]);
    assert_eq!(found_of(&*store, "a"), [5, 4, 3, 2, 1]);
}

pub fn the_last_change_of_every_path_is_told(place: &dyn Place) {
    let store = place.open();
    for (at_ms, path) in [(10, "a"), (20, "b"), (30, "a")] {
        let draft = Draft {
            at_ms,
            ..draft(b"{}")
        };
        append_with(&*store, draft, trace(&[path], &[]));
    }
    let last = |after| {
        let last = store.last_changes(RevisionNumber(after));
        last.expect("it can be read")
    };
    let change = |path: &str, revision, at_ms| LastChange {
        path: path.into(),
        revision: RevisionNumber(revision),
        at_ms,
    };
    assert_eq!(last(0), [change("a", 3, 30), change("b", 2, 20)]);
    assert_eq!(last(2), [change("a", 3, 30)]);
    assert_eq!(last(3), []);
    assert_eq!(last(u64::MAX), []);
}

pub fn who_loses_leaves_no_trace(place: &dyn Place) {
    let store = place.open();
    touch(&*store, &["a"], &[]);
    let late = store.append(
        RevisionNumber::NONE,
        draft(b"{}"),
        trace(&["b"], &[("a", "b")]),
    );
    assert!(late.is_ok(), "{late:?}");
    assert_eq!(found_of(&*store, "b"), NOTHING);
    assert_eq!(found_of(&*store, "a"), [1]);
    let last = store.last_changes(RevisionNumber::NONE);
    assert_eq!(last.expect("it can be read").len(), 1);
}

pub fn a_revision_may_touch_ten_thousand_paths(place: &dyn Place) {
    let store = place.open();
    let paths: Vec<String> = (0..10_000)
        .map(|index| format!("area{}.c{index}", index % 10))
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    touch(&*store, &paths, &[]);
    touch(&*store, &["area3.c3"], &[]);
    assert_eq!(found_of(&*store, "area3"), [2, 1]);
    assert_eq!(found_of(&*store, "area9.c9999"), [1]);
    let last = store
        .last_changes(RevisionNumber::NONE)
        .expect("it can be read");
    assert_eq!(last.len(), 10_000);
}
