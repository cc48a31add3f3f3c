//! What every store promises, whatever it is made of.
//!
//! A backend takes part by a [`Place`] and one line of [`contract!`].

use std::fmt::Debug;
use std::sync::Arc;
use std::thread;

use flagdeck::store::sqlite::SqliteStore;
use flagdeck::store::{
    Actor, Appended, Cause, Draft, Revision, RevisionNumber, RevisionSummary, Store, StoreError,
    Via,
};
use flagdeck_core::Trace;

use crate::store_history::*;

/// An empty place for a store, that can be opened any number of times, also at once.
pub trait Place: Sync {
    /// Opens the store there; each call is another handle, as another program has it.
    fn open(&self) -> Arc<dyn Store>;
}

struct Folder(tempfile::TempDir);

impl Place for Folder {
    fn open(&self) -> Arc<dyn Store> {
        let opened = SqliteStore::open(self.0.path(), 0).expect("the store opens");
        assert_eq!(opened.recovery, None);
        Arc::new(opened.store)
    }
}

/// Makes a test of every clause, for each backend.
macro_rules! contract {
    ($($backend:ident: $place:expr;)*) => { $(
        contract!(@clauses $backend, $place,
            an_empty_store_holds_nothing,
            a_revision_comes_back_as_it_went_in,
            every_cause_and_actor_comes_back,
            the_latest_of_several_is_the_head,
            a_stale_expectation_loses_to_the_whole_winner,
            an_expectation_from_the_future_loses,
            an_expectation_of_an_empty_store_is_refused,
            everything_outlives_a_restart,
            handles_see_each_other,
            summaries_come_in_pages_latest_first,
            a_document_of_four_mebibytes_fits,
            any_text_comes_back,
            bytes_are_kept_not_interpreted,
            appenders_at_once_lose_nothing,
            the_version_moves_with_every_change_by_anyone,
            the_version_rests_while_nothing_happens,
            a_sound_store_has_no_problems,
            a_backup_gives_its_latest_revision_back,
            the_history_of_an_empty_store_is_empty,
            history_comes_in_pages_with_its_total,
            pages_stay_in_place_while_revisions_are_added,
            revisions_are_found_by_whom_and_when,
            revisions_are_found_by_words_in_any_case,
            conditions_hold_together,
            a_group_is_found_by_everything_in_it,
            renames_are_followed_back,
            a_name_taken_again_is_another_components,
            a_name_that_came_back_with_an_earlier_document_is_still_the_same,
            a_rename_taken_back_is_followed_both_ways,
            the_last_change_of_every_path_is_told,
            who_loses_leaves_no_trace,
            a_revision_may_touch_ten_thousand_paths,
        );
    )* };
    (@clauses $backend:ident, $place:expr, $($clause:ident,)*) => {
        mod $backend { $(
            #[test]
            fn $clause() {
                super::$clause(&$place);
            }
        )* }
    };
}

contract! {
    sqlite: super::Folder(tempfile::tempdir().expect("a temporary folder"));
}

/// A revision-to-be with this document.
pub fn draft(document: &[u8]) -> Draft {
    Draft {
        at_ms: 1_767_225_600_000,
        actor: Actor {
            via: Via::Flagctl,
            name: "ada".into(),
        },
        cause: Cause::Edit,
        note: None,
        changes: vec!["Tracker was switched on.".into()],
        document: document.into(),
        followed: None,
    }
}

/// Appends where nobody is in the way.
pub fn append(store: &dyn Store, expected: u64, draft: Draft) -> RevisionNumber {
    match store.append(RevisionNumber(expected), draft, Trace::default()) {
        Ok(Appended::Saved(number)) => number,
        other => panic!("not saved: {other:?}"),
    }
}

/// Appends after however many there are, where nobody is in the way.
pub fn append_with(store: &dyn Store, draft: Draft, trace: Trace) {
    let latest = number_of_head(store);
    match store.append(latest, draft, trace) {
        Ok(Appended::Saved(_)) => {}
        other => panic!("not saved: {other:?}"),
    }
}

/// Appends `count` revisions after however many there are, against anybody else.
pub fn append_many(store: &dyn Store, count: usize, document: impl Fn(usize) -> Vec<u8>) {
    let mut latest = number_of_head(store);
    for index in 0..count {
        loop {
            match store
                .append(latest, draft(&document(index)), Trace::default())
                .expect("it can be written")
            {
                Appended::Saved(number) => {
                    assert_eq!(number, latest.next());
                    latest = number;
                    break;
                }
                Appended::Conflict(winner) => {
                    assert!(winner.number > latest);
                    latest = winner.number;
                }
            }
        }
    }
}

/// Returns the number of the latest revision.
pub fn number_of_head(store: &dyn Store) -> RevisionNumber {
    let head = store.head().expect("it can be read");
    head.map_or(RevisionNumber::NONE, |head| head.number)
}

/// Fails unless everything in the store is sound, and there are this many revisions.
pub fn assert_sound(store: &dyn Store, revisions: u64) {
    let report = store.check().expect("everything can be read");
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(report.revisions, revisions);
}

fn assert_same(left: &impl Debug, right: &impl Debug) {
    assert_eq!(format!("{left:?}"), format!("{right:?}"));
}

fn load(store: &dyn Store, number: u64) -> Revision {
    store
        .revision(RevisionNumber(number))
        .expect("it can be read")
        .expect("it is there")
}

fn summaries(store: &dyn Store, before: Option<u64>, limit: usize) -> Vec<RevisionSummary> {
    store
        .summaries(before.map(RevisionNumber), limit)
        .expect("they can be read")
}

fn numbers(summaries: &[RevisionSummary]) -> Vec<u64> {
    summaries.iter().map(|summary| summary.number.0).collect()
}

fn an_empty_store_holds_nothing(place: &dyn Place) {
    let store = place.open();
    assert!(store.head().expect("it can be read").is_none());
    for number in [0, 1, u64::MAX] {
        let revision = store
            .revision(RevisionNumber(number))
            .expect("it can be read");
        assert!(revision.is_none(), "{number}");
    }
    assert!(summaries(&*store, None, 10).is_empty());
    assert_eq!(store.read_only(), None);
    assert_sound(&*store, 0);
}

fn a_revision_comes_back_as_it_went_in(place: &dyn Place) {
    let store = place.open();
    let draft = Draft {
        note: Some("after the review".into()),
        changes: vec!["One.".into(), "Two.".into()],
        ..draft(b"{\"enabled\":true}")
    };
    assert_eq!(append(&*store, 0, draft.clone()), RevisionNumber(1));
    let head = store.head().expect("it can be read").expect("it is there");
    assert_eq!(head.number, RevisionNumber(1));
    assert_same(&head.draft, &draft);
    assert_same(&load(&*store, 1), &head);
    assert_same(
        &summaries(&*store, None, 1)[0],
        &RevisionSummary {
            number: RevisionNumber(1),
            at_ms: draft.at_ms,
            actor: draft.actor,
            cause: draft.cause,
            note: draft.note,
            changes: draft.changes,
            is_damaged: false,
        },
    );
}

fn every_cause_and_actor_comes_back(place: &dyn Place) {
    let store = place.open();
    let causes = [
        Cause::Edit,
        Cause::Import,
        Cause::Undo(RevisionNumber(2)),
        Cause::Redo(RevisionNumber(3)),
        Cause::Restore(RevisionNumber(1)),
        Cause::Follow,
        Cause::Adopt,
        Cause::Publish,
        Cause::Unfollow,
        Cause::Ramp(7),
        Cause::RollBack(8),
    ];
    let faces = [
        Via::Window,
        Via::Flagctl,
        Via::Http,
        Via::Followed,
        Via::Rollout,
    ];
    let moments = [0, -1, i64::MAX, i64::MIN];
    for (index, cause) in causes.into_iter().enumerate() {
        let actor = Actor {
            via: faces[index % faces.len()],
            name: format!("person {index}"),
        };
        let draft = Draft {
            cause,
            actor,
            at_ms: moments[index % moments.len()],
            followed: (index % 2 == 1).then(|| format!("{{\"from\":\"{index}\"}}").into()),
            ..draft(b"{}")
        };
        let number = append(&*store, index as u64, draft.clone());
        assert_same(&load(&*store, number.0).draft, &draft);
    }
    assert_sound(&*store, 11);
}

fn the_latest_of_several_is_the_head(place: &dyn Place) {
    let store = place.open();
    for index in 0..12 {
        append(
            &*store,
            index,
            draft(format!("{{\"n\":{index}}}").as_bytes()),
        );
    }
    let head = store.head().expect("it can be read").expect("it is there");
    assert_eq!(head.number, RevisionNumber(12));
    assert_eq!(&*head.draft.document, b"{\"n\":11}");
    assert_eq!(&*load(&*store, 3).draft.document, b"{\"n\":2}");
}

fn a_stale_expectation_loses_to_the_whole_winner(place: &dyn Place) {
    let store = place.open();
    append(&*store, 0, draft(b"{}"));
    append(&*store, 1, draft(b"{\"winner\":true}"));
    for stale in [0, 1] {
        let answer = store.append(
            RevisionNumber(stale),
            draft(b"{\"loser\":true}"),
            Trace::default(),
        );
        let Ok(Appended::Conflict(winner)) = answer else {
            panic!("{answer:?}");
        };
        assert_same(&*winner, &load(&*store, 2));
    }
    assert_sound(&*store, 2);
}

fn an_expectation_from_the_future_loses(place: &dyn Place) {
    let store = place.open();
    append(&*store, 0, draft(b"{}"));
    let answer = store.append(RevisionNumber(7), draft(b"{}"), Trace::default());
    let Ok(Appended::Conflict(winner)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(winner.number, RevisionNumber(1));
    assert_sound(&*store, 1);
}

fn an_expectation_of_an_empty_store_is_refused(place: &dyn Place) {
    let store = place.open();
    let answer = store.append(RevisionNumber(7), draft(b"{}"), Trace::default());
    assert!(
        matches!(answer, Err(StoreError::Missing { number }) if number.0 == 7),
        "{answer:?}"
    );
    assert_sound(&*store, 0);
}

fn everything_outlives_a_restart(place: &dyn Place) {
    let store = place.open();
    append(&*store, 0, draft(b"{\"first\":1}"));
    append(&*store, 1, draft(b"{\"second\":2}"));
    drop(store);
    let store = place.open();
    assert_eq!(&*load(&*store, 1).draft.document, b"{\"first\":1}");
    assert_eq!(number_of_head(&*store), RevisionNumber(2));
    append(&*store, 2, draft(b"{}"));
    assert_sound(&*store, 3);
}

fn handles_see_each_other(place: &dyn Place) {
    let (left, right) = (place.open(), place.open());
    append(&*left, 0, draft(b"{\"from\":\"left\"}"));
    assert_eq!(number_of_head(&*right), RevisionNumber(1));
    append(&*right, 1, draft(b"{\"from\":\"right\"}"));
    assert_eq!(&*load(&*left, 2).draft.document, b"{\"from\":\"right\"}");
    assert_sound(&*left, 2);
}

fn summaries_come_in_pages_latest_first(place: &dyn Place) {
    let store = place.open();
    append_many(&*store, 7, |_| b"{}".to_vec());
    assert_eq!(numbers(&summaries(&*store, None, 3)), [7, 6, 5]);
    assert_eq!(numbers(&summaries(&*store, Some(5), 3)), [4, 3, 2]);
    assert_eq!(numbers(&summaries(&*store, Some(2), 3)), [1]);
    assert_eq!(numbers(&summaries(&*store, Some(1), 3)), Vec::<u64>::new());
    assert_eq!(numbers(&summaries(&*store, None, 0)), Vec::<u64>::new());
    assert_eq!(summaries(&*store, Some(u64::MAX), usize::MAX).len(), 7);
}

fn a_document_of_four_mebibytes_fits(place: &dyn Place) {
    let store = place.open();
    let document: Vec<u8> = (0..4 * 1024 * 1024_u32)
        .map(|index| (index % 251) as u8)
        .collect();
    append(&*store, 0, draft(&document));
    append(&*store, 1, draft(b"{}"));
    assert!(*load(&*store, 1).draft.document == *document);
    assert_sound(&*store, 2);
}

fn any_text_comes_back(place: &dyn Place) {
    let store = place.open();
    let texts = [
        "",
        "'; DROP TABLE revision; --",
        "<img src=x onerror=alert(1)>",
        "e\u{301} is not \u{e9}",
        "\u{202e}backwards\u{200d}",
        "nothing\u{0}after",
        "🦀\n\t\"\\",
    ];
    for (index, text) in texts.into_iter().enumerate() {
        let draft = Draft {
            actor: Actor {
                via: Via::Http,
                name: text.into(),
            },
            note: Some(text.into()),
            changes: vec![text.into(), String::new()],
            ..draft(text.as_bytes())
        };
        let number = append(&*store, index as u64, draft.clone());
        assert_same(&load(&*store, number.0).draft, &draft);
        assert_eq!(summaries(&*store, None, 1)[0].note.as_deref(), Some(text));
    }
    assert_sound(&*store, texts.len() as u64);
}

fn bytes_are_kept_not_interpreted(place: &dyn Place) {
    let store = place.open();
    let bytes: Vec<u8> = (0..=255).collect();
    append(&*store, 0, draft(&bytes));
    append(&*store, 1, draft(b""));
    assert_eq!(&*load(&*store, 1).draft.document, bytes);
    assert_eq!(&*load(&*store, 2).draft.document, b"");
}

fn appenders_at_once_lose_nothing(place: &dyn Place) {
    const HANDLES: usize = 4;
    const APPENDS: usize = 50;
    thread::scope(|scope| {
        for handle in 0..HANDLES {
            scope.spawn(move || {
                let name = |index| format!("[{handle},{index}]").into_bytes();
                append_many(&*place.open(), APPENDS, name);
            });
        }
    });
    let store = place.open();
    assert_sound(&*store, (HANDLES * APPENDS) as u64);
    let mut found: Vec<Vec<u8>> = (1..=(HANDLES * APPENDS) as u64)
        .map(|number| load(&*store, number).draft.document.to_vec())
        .collect();
    found.sort();
    found.dedup();
    assert_eq!(found.len(), HANDLES * APPENDS, "each draft is there once");
}

fn the_version_moves_with_every_change_by_anyone(place: &dyn Place) {
    let (own, other) = (place.open(), place.open());
    let mut seen = own.version().expect("it can be read");
    for index in 0..6 {
        let writer = if index % 2 == 0 { &own } else { &other };
        append(&**writer, index, draft(b"{}"));
        let version = own.version().expect("it can be read");
        assert_ne!(version, seen, "revision {}", index + 1);
        seen = version;
    }
}

fn the_version_rests_while_nothing_happens(place: &dyn Place) {
    let (own, other) = (place.open(), place.open());
    append(&*own, 0, draft(b"{}"));
    let seen = own.version().expect("it can be read");
    other.head().expect("it can be read");
    other.summaries(None, 5).expect("it can be read");
    assert_eq!(own.version().expect("it can be read"), seen);
}

fn a_sound_store_has_no_problems(place: &dyn Place) {
    let store = place.open();
    append_many(&*store, 5, |index| vec![b' '; index * 5000]);
    assert_sound(&*store, 5);
}

fn a_backup_gives_its_latest_revision_back(place: &dyn Place) {
    let store = place.open();
    assert_eq!(store.backups().expect("a list"), []);
    for count in [2, 3] {
        append_many(&*store, count, |_| b"{}".to_vec());
        let made = store.back_up(0, 0).expect("it can be written");
        assert!(made.is_some());
    }
    let backups = store.backups().expect("a list");
    let revisions: Vec<u64> = backups.iter().map(|backup| backup.revision.0).collect();
    assert_eq!(revisions, [5, 2], "newest first");
    for backup in backups {
        let expected = load(&*store, backup.revision.0);
        let found = store.backed_up(&backup.name).expect("it can be read");
        assert_same(&found.expect("it is there"), &expected);
        assert_eq!(backup.at_ms, expected.draft.at_ms);
        assert!(backup.bytes > 0);
    }
    let missing = store.backed_up("nothing").expect("it can be looked for");
    assert!(missing.is_none());
}
