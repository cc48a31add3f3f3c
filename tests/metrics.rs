//! What applications report, over the application itself: counted exactly, even if programs end
//! and begin at the same time, and kept for the charts.

use std::time::{Duration, Instant};

use flagdeck::App;
use flagdeck::metrics::{IntakeError, exposition};
use flagdeck::wire::ChartQuery;
use flagdeck_core::Edit;

use crate::support::apps::{Place, change, close, open, report, report_under, switch, turn_master};
use crate::support::folders::quarantined;
use crate::support::waiting::{let_pass, let_pass_until, wait_until};

const SECOND: Duration = Duration::from_secs(1);

impl Place {
    fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("metrics.db")
    }

    #[track_caller]
    fn let_pass_until(&self, what: &str, is_so: impl FnMut() -> bool) {
        let_pass_until(&self.clock, what, is_so);
    }
}

fn complete(count: usize) -> String {
    let line = r#"{"type":"ml:calculation:complete","source":"web","component":"ui.badges",
        "duration":0.25,"confidence":0.5,"iterations":12,"exposed":true}"#;
    format!("{}\n", line.replace('\n', " ")).repeat(count)
}

/// The value of a sample in the classic text.
#[track_caller]
fn sample(app: &App, name: &str) -> f64 {
    let text = app.metrics_text(exposition::Format::Classic).unwrap();
    value(&text, name)
}

#[track_caller]
fn value(text: &str, name: &str) -> f64 {
    let mut lines = text.lines();
    let line = lines.find(|line| {
        line.strip_prefix(name)
            .is_some_and(|it| it.starts_with(' '))
    });
    let line = line.unwrap_or_else(|| panic!("no sample {name} in {text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

const TOTAL: &str = r#"ml_calculations_total{source="web",component="ui.badges",arm="exposed"}"#;

fn last_minutes(app: &App) -> ChartQuery {
    ChartQuery {
        from_ms: app.now_ms() - 600_000,
        to_ms: app.now_ms() + 1000,
        points_max: 600,
        component: None,
        own: false,
    }
}

/// How many calculations the charts of the last minutes hold.
fn drawn(app: &App) -> u64 {
    let charts = app.charts(&last_minutes(app)).unwrap();
    charts.durations.iter().flatten().sum()
}

#[test]
fn what_is_reported_counts_at_once() {
    let place = Place::new();
    let app = place.open();
    let receipt = report(&app, &(complete(3) + "5\n")).unwrap();
    assert_eq!((receipt.accepted, receipt.rejected), (3, 1));
    assert_eq!(sample(&app, TOTAL), 3.0);
    assert_eq!(sample(&app, "flagdeck_events_accepted_total"), 3.0);
    assert_eq!(sample(&app, "flagdeck_events_rejected_total"), 1.0);
    let edge = TOTAL.replace(
        "ml_calculations_total",
        "ml_calculation_duration_seconds_bucket",
    );
    assert_eq!(sample(&app, &edge.replace('}', ",le=\"0.1\"}")), 0.0);
    assert_eq!(sample(&app, &edge.replace('}', ",le=\"0.5\"}")), 3.0);
    place.let_pass_until("the chart to have them", || drawn(&app) == 3);
}

#[test]
fn totals_and_charts_go_on_after_a_restart() {
    let place = Place::new();
    for round in 1..=4_u64 {
        let app = place.open();
        assert_eq!(report(&app, &complete(100)).unwrap().accepted, 100);
        assert_eq!(sample(&app, TOTAL), round as f64 * 100.0);
        place.let_pass_until("the charts to have all", || drawn(&app) == round * 100);
    }
}

#[test]
fn two_programs_on_one_folder_count_the_same() {
    let place = Place::new();
    let (one, other) = (place.open(), place.open());
    std::thread::scope(|scope| {
        for app in [&one, &other] {
            scope.spawn(|| {
                for _ in 0..50 {
                    report(app, &complete(10)).unwrap();
                }
            });
        }
    });
    for app in [&one, &other] {
        place.let_pass_until("both to have counted all", || sample(app, TOTAL) == 1000.0);
        place.let_pass_until("both to draw all", || drawn(app) == 1000);
    }
    // Who kept the checkpoint ends; the other one takes over.
    drop(one);
    report(&other, &complete(5)).unwrap();
    assert_eq!(sample(&other, TOTAL), 1005.0);
    drop(other);
    let third = place.open();
    place.let_pass_until("nothing lost or doubled", || {
        sample(&third, TOTAL) == 1005.0
    });
    place.let_pass_until("the same on the charts", || drawn(&third) == 1005);
}

#[test]
fn a_batch_that_is_sent_again_counts_once() {
    let place = Place::new();
    let app = place.open();
    let first = report_under(&app, &(complete(2) + "5\n"), Some("batch-1")).unwrap();
    assert!(!first.is_duplicate);
    let again = report_under(&app, &(complete(2) + "5\n"), Some("batch-1")).unwrap();
    assert!(again.is_duplicate);
    assert_eq!((again.accepted, again.rejected), (2, 1));
    drop(app);
    let app = place.open();
    assert!(
        report_under(&app, &(complete(2) + "5\n"), Some("batch-1"))
            .unwrap()
            .is_duplicate
    );
    assert!(
        !report_under(&app, &complete(2), Some("batch-2"))
            .unwrap()
            .is_duplicate
    );
    assert_eq!(sample(&app, TOTAL), 4.0);
}

/// More sources and components than are kept apart: none of them is lost over a restart.
#[test]
fn many_sources_and_components_go_on_after_a_restart() {
    let place = Place::new();
    let lines: String = (0..700)
        .map(|index| {
            format!(
                "{{\"type\":\"ml:calculation:error\",\"source\":\"pod{}\",\
                 \"component\":\"c{index}\"}}\n",
                index % 100
            )
        })
        .collect();
    let total = |app: &App| -> f64 {
        let text = app.metrics_text(exposition::Format::Classic).unwrap();
        let samples = text
            .lines()
            .filter(|line| line.starts_with("ml_errors_total{"));
        samples
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    };
    let app = place.open();
    report(&app, &lines).unwrap();
    assert_eq!(total(&app), 700.0);
    drop(app);
    let app = place.open();
    assert_eq!(total(&app), 700.0);
    report(&app, &lines).unwrap();
    drop(app);
    assert_eq!(total(&place.open()), 1400.0);
}

/// What is in no frame is kept all the same, so that the log does not grow without end.
#[test]
fn uses_alone_are_kept_too() {
    let place = Place::new();
    let app = place.open();
    report(&app, r#"{"type":"ml:usage","source":"web"}"#).unwrap();
    close(app);
    let mut reader = place.measured();
    let past = reader.past().unwrap();
    assert_eq!((past.checkpoint.through, past.batches.len()), (1, 0));
}

/// The lock of another program on the metrics keeps nobody from their flags, nor from a scrape.
#[test]
fn flags_never_wait_for_metrics() {
    let place = Place::new();
    let app = place.open();
    let holder = rusqlite::Connection::open(place.database()).unwrap();
    for name in ["a", "b", "c"] {
        report(&app, &complete(1).replace("ui.badges", name)).unwrap();
    }
    report(&app, &complete(1)).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The second ends, and its names have to be stored: the thread waits for the lock.
    place.clock.advance(SECOND);
    let begin = Instant::now();
    let other = open(place.folder.path());
    turn_master(&other, true);
    wait_until("the change to be seen", || {
        place.clock.advance(Duration::from_millis(100));
        app.flags().live().document.enabled
    });
    assert_eq!(sample(&app, TOTAL), 1.0);
    // Each of four names would have been waited for as long as the store has patience: 5 s.
    assert!(begin.elapsed() < Duration::from_secs(10));
    holder.execute_batch("ROLLBACK").unwrap();
    place.let_pass_until("the charts to have all once those have names", || {
        drawn(&app) == 4
    });
}

#[test]
fn the_flags_decide_whether_a_user_is_exposed_if_the_event_does_not_say() {
    let place = Place::new();
    let app = place.open();
    let document = br#"{"enabled":true,"components":{"search":true},
        "rollout":{"percentage":50,"userGroups":["beta"],"strategy":"canary"}}"#;
    change(&app, Edit::Replace(document.to_vec()));
    let lines: String = (0..1000)
        .map(|index| {
            format!(
                "{{\"type\":\"ml:calculation:error\",\"source\":\"web\",\
                 \"component\":\"search\",\"user\":\"user{index}\"}}\n"
            )
        })
        .collect();
    report(&app, &lines).unwrap();
    let arm = |arm| format!(r#"ml_errors_total{{source="web",component="search",arm="{arm}"}}"#);
    let exposed = sample(&app, &arm("exposed"));
    assert_eq!(exposed + sample(&app, &arm("control")), 1000.0);
    assert_eq!(exposed, 498.0, "as the makers of the bucketing count them");
    report(
        &app,
        r#"{"type":"ml:calculation:error","source":"x","component":"search","user":"user1","groups":["beta"]}"#,
    )
    .unwrap();
    let grouped = arm("exposed").replace("web", "x");
    assert_eq!(sample(&app, &grouped), 1.0);
    report(
        &app,
        r#"{"type":"ml:calculation:error","source":"x","component":"gone","user":"user1"}"#,
    )
    .unwrap();
    let unknown = r#"ml_errors_total{source="x",component="gone",arm=""}"#;
    assert_eq!(sample(&app, unknown), 1.0);
}

#[test]
fn switches_by_every_program_are_counted_over_restarts() {
    const TOGGLES: &str = "ml_feature_flag_toggles_total";
    let place = Place::new();
    let app = place.open();
    place.let_pass_until("counting to begin, and that to be kept", || {
        let mut reader = place.measured();
        let past = reader.past().unwrap();
        past.checkpoint.toggles.through.is_some()
    });
    let steps = || sample(&app, TOGGLES);
    let before = steps();
    switch(&app, "ui.badges", true);
    place.let_pass_until("one more switch", || steps() == before + 1.0);
    assert_eq!(sample(&app, "ml_feature_flag_toggles"), before + 1.0);
    drop(app);
    // Nobody looks while this one is made.
    let quick = open(place.folder.path());
    turn_master(&quick, true);
    drop(quick);
    let app = place.open();
    place.let_pass_until("that to be made up for", || {
        sample(&app, TOGGLES) == before + 2.0
    });
}

#[test]
fn a_damaged_file_is_set_aside_and_reported() {
    let place = Place::new();
    close(place.open());
    std::fs::write(
        place.database(),
        b"not a database, but longer than a header of one would be".repeat(9),
    )
    .unwrap();
    let app = place.open();
    let notices = app.notices();
    assert!(
        notices.iter().any(|it| it.message.contains("was moved to")),
        "{notices:?}"
    );
    report(&app, &complete(1)).unwrap();
    assert_eq!(sample(&app, TOTAL), 1.0);
    assert_eq!(quarantined(place.folder.path()).len(), 1);
}

#[test]
fn totals_that_rot_are_noticed() {
    let place = Place::new();
    let app = place.open();
    report(&app, &complete(10)).unwrap();
    close(app);
    let connection = rusqlite::Connection::open(place.database()).unwrap();
    connection
        .execute(
            "UPDATE checkpoint SET totals = zeroblob(length(totals))",
            [],
        )
        .unwrap();
    drop(connection);
    let mut reader = place.measured();
    let problems = reader.check().unwrap();
    assert!(problems[0].contains("do not match"), "{problems:?}");
    drop(reader);
    let app = place.open();
    assert!(app.notices()[0].message.contains("do not match their hash"));
}

#[test]
fn a_folder_that_cannot_be_written_refuses_reports_and_shows_the_flags() {
    let place = Place::new();
    close(place.open());
    // A folder where the file should be: not to be opened by anybody.
    std::fs::remove_file(place.database()).unwrap();
    std::fs::create_dir(place.database()).unwrap();
    let app = place.open();
    let refused = report(&app, &complete(1)).unwrap_err();
    assert!(
        matches!(refused, IntakeError::Unavailable { .. }),
        "{refused:?}"
    );
    assert!(!refused.to_string().contains("metrics.db"), "{refused}");
    let pulse = app.pulse(None).unwrap().unwrap();
    assert!(pulse.trouble.unwrap().contains("cannot be kept"));
    turn_master(&app, true);
}

#[test]
fn metrics_that_are_switched_off_take_nothing_in() {
    let place = Place::new();
    let app = place.open();
    app.change_setting("metrics.enabled", &false.into())
        .unwrap();
    let refused = report(&app, &complete(1)).unwrap_err();
    assert!(refused.to_string().contains("metrics.enabled"), "{refused}");
    app.change_setting("metrics.enabled", &true.into()).unwrap();
    report(&app, &complete(1)).unwrap();
}

#[test]
fn a_pulse_covers_the_last_minutes_and_repeats_nothing() {
    let place = Place::new();
    let app = place.open();
    let lines = complete(99)
        + r#"{"type":"ml:calculation:error","source":"web","component":"ui.badges"}
        {"type":"ml:memory","source":"synthetic-demo","bytes":96000000}"#;
    turn_master(&app, true);
    report(&app, &lines).unwrap();
    place.let_pass_until("the second to be over", || {
        let pulse = app.pulse(None).unwrap().unwrap();
        pulse.calculations == 99
    });
    let pulse = app.pulse(None).unwrap().unwrap();
    assert_eq!((pulse.errors.part, pulse.errors.whole), (1, 100));
    assert!(pulse.errors.low.unwrap() < 0.01 && pulse.errors.high.unwrap() > 0.01);
    assert!(pulse.p50_s.unwrap() > 0.1 && pulse.p50_s.unwrap() < 0.5);
    assert_eq!(pulse.per_second, 10.0);
    assert_eq!(pulse.memory.host_bytes, Some(96e6));
    assert_eq!(pulse.marks.len(), 1);
    let columns: u64 = pulse.columns.iter().flat_map(|it| &it.durations).sum();
    assert_eq!(columns, 99);
    let synthetic = pulse.sources.iter().find(|it| it.is_synthetic);
    assert_eq!(synthetic.unwrap().name, "synthetic-demo");
    place.let_pass_until("quiet", || {
        let pulse = app.pulse(None).unwrap().unwrap();
        pulse.per_second == 0.0
    });
    place.let_pass_until("a second in which nothing changes", || {
        let version = app.pulse(None).unwrap().unwrap().version;
        let_pass(&place.clock, SECOND);
        app.pulse(Some(version)).unwrap().is_none()
    });
}
