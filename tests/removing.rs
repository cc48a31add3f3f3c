//! Sources and snapshots that are removed: nothing of them is left, for any program on the folder
//! and after a restart, and nothing of others is lost.

use flagdeck::error::Code;
use flagdeck::metrics::exposition;
use flagdeck::metrics::frame::Frame;
use flagdeck::state::SourceName;
use flagdeck::wire::{ChartQuery, SnapshotFilter, SnapshotLabel};
use flagdeck::{App, Options};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::states::{at, everything, me, now, put, take, web};
use crate::support::apps::{Place, close, open, open_watching_by, report};
use crate::support::waiting::{let_pass, let_pass_until};

const TEN_SECONDS: std::time::Duration = std::time::Duration::from_secs(10);

/// Counts the calculations and the sources with memory in the frames on disk, of all tiers.
fn on_disk(place: &Place) -> (u64, usize) {
    let reader = place.measured();
    let (mut calculations, mut memory) = (0, 0);
    for step_s in [10, 60, 3600] {
        let visit = |_, frame: &Frame| {
            calculations += frame.sum(|_, _| true).total();
            memory += frame.memory.len();
        };
        reader.each_frame(step_s, 0, i64::MAX, visit).unwrap();
    }
    (calculations, memory)
}

fn shop() -> SourceName {
    "shop".parse().unwrap()
}

/// Reports calculations, memory and a use of a source.
fn measure(app: &App, source: &SourceName, calculations: usize) {
    let source = source.as_str();
    let event = json!({"type": "ml:calculation:complete", "source": source,
        "component": "ui.badges", "duration": 0.25, "confidence": 0.5, "exposed": true});
    let memory = json!({"type": "ml:memory", "source": source, "bytes": 5e6});
    let usage = json!({"type": "ml:usage", "source": source});
    let lines = format!("{event}\n").repeat(calculations) + &format!("{memory}\n{usage}\n");
    assert_eq!(report(app, &lines).unwrap().accepted, calculations + 2);
}

/// The lines of `/metrics` that name a source.
fn series(app: &App, source: &SourceName) -> usize {
    let text = app.metrics_text(exposition::Format::Classic).unwrap();
    let label = format!("source=\"{source}\"");
    text.lines().filter(|line| line.contains(&label)).count()
}

/// How many calculations the charts of the last minutes hold.
fn drawn(app: &App) -> u64 {
    let query = ChartQuery {
        from_ms: app.now_ms() - 600_000,
        to_ms: app.now_ms() + 1000,
        points_max: 600,
        component: None,
        own: false,
    };
    let charts = app.charts(&query).unwrap();
    charts.durations.iter().flatten().sum()
}

fn snapshots_of(app: &App, source: &SourceName) -> usize {
    let filter = SnapshotFilter {
        source: Some(source.to_string()),
        ..SnapshotFilter::default()
    };
    app.snapshots(&filter, 0, 10).unwrap().total
}

fn names(app: &App) -> Vec<String> {
    let sources = app.state_sources().unwrap().into_iter();
    sources.map(|source| source.name).collect()
}

#[test]
fn a_removed_source_is_as_if_it_had_never_been_there() {
    let place = Place::new();
    let app = place.open();
    app.put_state(&shop(), br#"{"n":1}"#, None, None).unwrap();
    put(&app, &json!({ "n": 1 }));
    let pinned = SnapshotLabel {
        is_pinned: Some(true),
        ..SnapshotLabel::default()
    };
    let id = app.take_snapshots(Some(&web()), &pinned).unwrap()[0].id;
    app.take_snapshots(Some(&shop()), &SnapshotLabel::default())
        .unwrap();
    app.restore_state(&everything(id), &me()).unwrap();
    measure(&app, &web(), 3);
    measure(&app, &shop(), 2);
    let_pass_until(&place.clock, "the frames", || on_disk(&place).0 == 5);

    let there = app.removable(&web()).unwrap();
    let removed = app.remove_source(&web()).unwrap();
    assert_eq!(there, removed);
    assert_eq!(
        serde_json::to_value(&removed).unwrap(),
        json!({"source": "web", "hasState": true, "snapshots": 2, "pinned": 1, "restores": 1,
            "calculations": 3})
    );
    let check = |app: &App| {
        assert_eq!(names(app), ["shop"]);
        assert_eq!(snapshots_of(app, &shop()), 1);
        assert!(app.open_restores().unwrap().is_empty());
        assert_eq!(series(app, &web()), 0);
        assert!(series(app, &shop()) > 0);
        assert_eq!(drawn(app), 2);
        assert_eq!(on_disk(&place), (2, 1));
        assert_eq!(
            app.remove_source(&web()).unwrap_err().code(),
            Code::NotFound
        );
        let findings = app.check_each();
        assert!(findings.iter().all(|finding| finding.ok), "{findings:?}");
    };
    check(&app);
    let_pass(&place.clock, TEN_SECONDS);
    check(&app);
    close(app);
    let app = place.open();
    check(&app);

    // What it reports from now on counts from the beginning.
    put(&app, &json!({ "n": 7 }));
    assert_eq!(now(&app), json!({ "n": 7 }));
    measure(&app, &web(), 1);
    let removed = app.remove_source(&web()).unwrap();
    assert_eq!((removed.calculations, removed.snapshots), (1, 0));
}

/// A program that keeps the totals may have counted reports of the source that it has not saved
/// yet, and hears of the removal later.
#[test]
fn a_removal_by_another_program_holds_in_every_program() {
    let place = Place::new();
    let leader = place.open();
    let other = place.open();
    measure(&leader, &web(), 3);
    measure(&other, &web(), 4);
    measure(&other, &shop(), 2);
    let_pass_until(&place.clock, "both to count all", || {
        series(&leader, &shop()) > 0 && drawn(&leader) == 9 && drawn(&other) == 9
    });
    measure(&leader, &web(), 5);
    // As flagctl does it: without counting anything itself.
    let options = Options {
        clock: place.clock.clone(),
        ..Options::new(place.folder.path())
    };
    let brief = App::open(options).unwrap();
    assert_eq!(brief.removable(&web()).unwrap().calculations, 12);
    assert_eq!(brief.remove_source(&web()).unwrap().calculations, 12);
    measure(&other, &web(), 1);
    let_pass_until(&place.clock, "both to forget it", || {
        drawn(&leader) == 3 && drawn(&other) == 3
    });
    let_pass(&place.clock, TEN_SECONDS * 2);
    assert_eq!(on_disk(&place), (3, 2));
    close(leader);
    close(other);
    let app = place.open();
    assert_eq!(
        (drawn(&app), app.removable(&web()).unwrap().calculations),
        (3, 1)
    );
}

/// The removal is in the log; the totals it changes are kept only some seconds later.
#[test]
fn a_removal_is_read_again_from_the_log() {
    let place = Place::new();
    let app = place.open();
    measure(&app, &web(), 3);
    measure(&app, &shop(), 2);
    let_pass_until(&place.clock, "the frames", || on_disk(&place).0 == 5);
    let copy = tempfile::tempdir().unwrap();
    app.remove_source(&web()).unwrap();
    measure(&app, &web(), 1);
    // What a program would find that was killed now.
    for file in ["metrics.db", "metrics.db-wal"] {
        let path = place.folder.path().join(file);
        std::fs::copy(path, copy.path().join(file)).unwrap();
    }
    close(app);
    let killed = open_watching_by(copy.path(), &place.clock);
    let_pass(&place.clock, TEN_SECONDS * 2);
    assert_eq!(killed.removable(&web()).unwrap().calculations, 1);
    assert_eq!(killed.removable(&shop()).unwrap().calculations, 2);
    assert_eq!(drawn(&killed), 3);
}

/// Totals are forgotten a month after the last report, charts a year after.
#[test]
fn a_source_of_which_only_charts_are_left_is_removed() {
    let place = Place::new();
    let app = place.open();
    measure(&app, &web(), 3);
    let_pass_until(&place.clock, "the frames", || on_disk(&place).0 == 3);
    close(app);
    let late = open(place.folder.path());
    assert_eq!(late.removable(&web()).unwrap().calculations, 0);
    late.remove_source(&web()).unwrap();
    assert_eq!(on_disk(&place), (0, 0));
    assert_eq!(late.removable(&web()).unwrap_err().code(), Code::NotFound);
}

#[test]
fn damage_to_a_source_does_not_prevent_its_removal() {
    let damages = [
        "UPDATE source SET seal = x'00'",
        "UPDATE source SET records = -1",
        "UPDATE whole SET text = x'00'",
        "UPDATE journal SET change = x'00'",
        "UPDATE snapshot SET coding = x'00'",
        "UPDATE snapshot SET cause = 'unknown'",
        "UPDATE restore SET status = 'unknown'",
        "UPDATE asked SET text = x'00'",
    ];
    for damage in damages {
        let folder = tempfile::tempdir().unwrap();
        let app = open(folder.path());
        put(&app, &json!({ "n": 1 }));
        app.set_state(&web(), "ml.n", Some(2_u64.into()), &me())
            .unwrap();
        app.restore_state(&everything(take(&app).id), &me())
            .unwrap();
        close(app);
        let connection = Connection::open(folder.path().join("state.db")).unwrap();
        assert!(connection.execute(damage, []).unwrap() > 0, "{damage}");
        drop(connection);
        let app = open(folder.path());
        assert!(app.remove_source(&web()).unwrap().snapshots > 0, "{damage}");
        assert!(names(&app).is_empty(), "{damage}");
        let findings = app.check_each();
        assert!(
            findings.iter().all(|finding| finding.ok),
            "{damage}: {findings:?}"
        );
        put(&app, &json!({ "n": 3 }));
        assert_eq!(now(&app), json!({ "n": 3 }), "{damage}");
    }
}

/// Programs hold the states of sources in memory by number.
#[test]
fn a_source_that_begins_afresh_is_not_taken_for_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(folder.path()), open(folder.path()));
    put(&one, &json!({ "before": 1 }));
    other.remove_source(&web()).unwrap();
    put(&other, &json!({ "after": 1 }));
    one.set_state(&web(), "ml.n", Some(1_u64.into()), &me())
        .unwrap();
    assert_eq!(without_history(&one, &web()), json!({ "after": 1, "n": 1 }));
    other.remove_source(&web()).unwrap();
    other
        .put_state(&shop(), br#"{"other":1}"#, None, None)
        .unwrap();
    let set = one.set_state(&shop(), "ml.n", Some(1_u64.into()), &me());
    set.unwrap();
    assert_eq!(
        without_history(&one, &shop()),
        json!({ "other": 1, "n": 1 })
    );
}

fn without_history(app: &App, source: &SourceName) -> Value {
    let state = app.current_state(source).unwrap();
    let mut state = serde_json::to_value(&*state.ml).unwrap();
    state.as_object_mut().unwrap().remove("history");
    state
}

#[test]
fn a_snapshot_is_removed_and_all_others_stay_as_they_were() {
    let state = |n: u64| json!({ "n": n, "same": vec![n / 3; 40] });
    for removed in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let app = open(folder.path());
        let mut kept: Vec<(u64, Value)> = Vec::new();
        for n in 0..6 {
            put(&app, &state(n));
            kept.push((take(&app).id, state(n)));
        }
        let (id, _) = kept.remove(removed);
        let refused = app.remove_snapshot(id, Some(&shop())).unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        app.remove_snapshot(id, Some(&web())).unwrap();
        for (id, state) in &kept {
            assert_eq!(at(&app, *id), *state, "without {removed}");
        }
        assert_eq!(app.snapshot(id).unwrap_err().code(), Code::NotFound);
        let again = app.remove_snapshot(id, None).unwrap_err();
        assert_eq!(again.code(), Code::NotFound);
        assert_eq!(now(&app), state(5));
        let findings = app.check_each();
        assert!(findings.iter().all(|finding| finding.ok), "{findings:?}");
    }
}

#[test]
fn a_pinned_snapshot_is_removed_once_it_is_unpinned() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    put(&app, &json!({ "n": 1 }));
    let id = take(&app).id;
    let pinned = |is_pinned| SnapshotLabel {
        is_pinned: Some(is_pinned),
        ..SnapshotLabel::default()
    };
    app.label_snapshot(id, &pinned(true)).unwrap();
    let refused = app.remove_snapshot(id, None).unwrap_err();
    assert_eq!(refused.code(), Code::Pinned);
    assert_eq!(at(&app, id), json!({ "n": 1 }));
    app.label_snapshot(id, &pinned(false)).unwrap();
    app.remove_snapshot(id, None).unwrap();
    assert_eq!(snapshots_of(&app, &web()), 0);
}

#[test]
fn removing_what_is_not_there_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let refused = app.remove_source(&web()).unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(
        app.remove_snapshot(1, None).unwrap_err().code(),
        Code::NotFound
    );
    for file in ["state.db", "metrics.db"] {
        assert!(!folder.path().join(file).exists(), "{file}");
    }
}
