//! Events that happened before they are reported: totals have them, charts show them where they
//! belong, over restarts and in every program, and verdicts are of what happens now.

use std::time::Duration;

use flagdeck::App;
use flagdeck::metrics::exposition;
use flagdeck::metrics::frame::Frame;
use flagdeck::wire::ChartQuery;
use serde_json::json;

use crate::support::apps::{Place, close, open_watching_by, report};
use crate::support::waiting::{let_pass, let_pass_until};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Counts the calculations in the frames of a length on disk, by when they begin.
fn on_disk(place: &Place, step_s: u32) -> Vec<(i64, u64)> {
    let reader = place.measured();
    let mut found = Vec::new();
    let visit = |at_s, frame: &Frame| match frame.sum(|_, _| true).total() {
        0 => {}
        total => found.push((at_s, total)),
    };
    reader.each_frame(step_s, 0, i64::MAX, visit).unwrap();
    found
}

/// Reports calculations that happened at a moment; returns how many were accepted.
fn report_of(app: &App, at_ms: i64, count: usize) -> usize {
    let event = json!({"type": "ml:calculation:complete", "source": "web", "duration": 0.25,
        "component": "tracker", "exposed": true, "confidence": 0.5, "timestamp": at_ms});
    let lines = format!("{event}\n").repeat(count);
    report(app, &lines).unwrap().accepted
}

fn total(app: &App) -> f64 {
    let text = app.metrics_text(exposition::Format::Classic).unwrap();
    let name = r#"ml_calculations_total{source="web",component="tracker",arm="exposed"} "#;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0.0, |value| value.parse().unwrap())
}

/// How many calculations the charts of a span hold.
fn drawn(app: &App, from_ms: i64, to_ms: i64) -> u64 {
    let query = ChartQuery {
        from_ms,
        to_ms,
        points_max: 600,
        component: None,
        own: false,
    };
    let charts = app.charts(&query).unwrap();
    charts.durations.iter().flatten().sum()
}

#[test]
fn what_happened_earlier_is_counted_where_it_belongs() {
    let place = Place::new();
    let app = place.open();
    let other = place.open();
    let now_ms = app.now_ms();
    let then_ms = now_ms - 3 * HOUR_MS;
    assert_eq!(report_of(&app, now_ms, 2), 2);
    assert_eq!(report_of(&app, then_ms, 3), 3);
    assert_eq!(report_of(&app, now_ms - 60_000, 4), 4);
    assert_eq!(total(&app), 9.0, "at once");
    let is_right = |app: &App| {
        total(app) == 9.0
            && drawn(app, then_ms - 60_000, then_ms + 60_000) == 3
            && drawn(app, now_ms - 90_000, now_ms - 30_000) == 4
            && drawn(app, now_ms - 10_000, app.now_ms()) == 2
            && drawn(app, then_ms - HOUR_MS, app.now_ms()) == 9
    };
    let_pass_until(&place.clock, "the charts", || {
        is_right(&app) && is_right(&other)
    });

    // Hours later, when the minutes and hours of it were summed up, more of it comes.
    let_pass(&place.clock, Duration::from_secs(20));
    let hour_s = then_ms / 1000;
    assert_eq!(on_disk(&place, 3600)[0], (hour_s, 3));
    assert_eq!(report_of(&other, then_ms + 1000, 5), 5);
    let_pass(&place.clock, Duration::from_secs(20));
    assert_eq!(on_disk(&place, 10)[0], (hour_s, 8));
    assert_eq!(on_disk(&place, 60)[0], (hour_s, 8));
    assert_eq!(on_disk(&place, 3600)[0], (hour_s, 8));
    close(app);
    close(other);
    let app = place.open();
    assert_eq!(total(&app), 14.0);
    assert_eq!(drawn(&app, then_ms - 60_000, then_ms + 60_000), 8);
    assert_eq!(drawn(&app, then_ms - HOUR_MS, app.now_ms()), 14);
}

/// A program that is killed has counted what it acknowledged, and has not kept it yet.
#[test]
fn what_happened_earlier_is_read_again_from_the_log() {
    let place = Place::new();
    let app = place.open();
    let then_ms = app.now_ms() - HOUR_MS;
    assert_eq!(report_of(&app, then_ms, 3), 3);
    let copy = tempfile::tempdir().unwrap();
    for file in ["metrics.db", "metrics.db-wal"] {
        std::fs::copy(place.folder.path().join(file), copy.path().join(file)).unwrap();
    }
    close(app);
    let killed = open_watching_by(copy.path(), &place.clock);
    let_pass(&place.clock, Duration::from_secs(20));
    assert_eq!(total(&killed), 3.0);
    assert_eq!(drawn(&killed, then_ms - 60_000, then_ms + 60_000), 3);
}

#[test]
fn what_happened_earlier_is_no_evidence_and_leaves_what_there_is() {
    let place = Place::new();
    let app = place.open();
    let judged = |app: &App| {
        let pulse = app.pulse(None).unwrap().unwrap();
        serde_json::to_string(&pulse.components).unwrap()
    };
    for _ in 0..30 {
        assert_eq!(report_of(&app, app.now_ms(), 20), 20);
        let_pass(&place.clock, Duration::from_secs(1));
    }
    let before = judged(&app);
    assert!(before.contains("tracker"), "{before}");
    let failed = json!({"type": "ml:calculation:error", "source": "web", "component": "tracker",
        "exposed": true, "timestamp": app.now_ms() - HOUR_MS});
    report(&app, &format!("{failed}\n").repeat(500)).unwrap();
    assert_eq!(judged(&app), before);
}
