//! What applications report, over the application itself: counted exactly, whatever ends and
//! begins meanwhile, and kept for the charts.

use std::path::Path;
use std::time::{Duration, Instant};

use flagdeck::metrics::event::Format;
use flagdeck::metrics::store::MetricsReader;
use flagdeck::metrics::{IntakeError, Receipt, exposition};
use flagdeck::store::{Actor, Via};
use flagdeck::wire::ChartQuery;
use flagdeck::{App, ChangeRequest, Options};
use flagdeck_core::{ComponentPath, Edit};
use tempfile::TempDir;

/// Far longer than a second's end takes, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn open(folder: &TempDir) -> App {
    open_at(folder.path())
}

fn open_at(folder: &Path) -> App {
    App::open(Options {
        watch: true,
        ..Options::new(folder)
    })
    .unwrap()
}

/// Closes it now, whoever still has a hold on it.
fn close(app: App) {
    app.close();
    drop(app);
}

fn report(app: &App, lines: &str) -> Result<Receipt, IntakeError> {
    report_as(app, lines, None)
}

fn report_as(app: &App, lines: &str, key: Option<&str>) -> Result<Receipt, IntakeError> {
    let key = key.map(Into::into);
    let delivery = app.report(lines.as_bytes(), Format::NdJson, key)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(delivery.stored())
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

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(
            begin.elapsed() < PATIENCE,
            "{what}: not within {PATIENCE:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn last_minutes() -> ChartQuery {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    ChartQuery {
        from_ms: now_ms - 600_000,
        to_ms: now_ms + 1000,
        points_max: 600,
        component: None,
        own: false,
    }
}

/// How many calculations the charts of the last minutes hold.
fn drawn(app: &App) -> u64 {
    let charts = app.charts(&last_minutes()).unwrap();
    charts.durations.iter().flatten().sum()
}

#[test]
fn what_is_reported_counts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
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
    until("the chart has them", || drawn(&app) == 3);
}

#[test]
fn totals_and_charts_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=4_u64 {
        let app = open(&folder);
        assert_eq!(report(&app, &complete(100)).unwrap().accepted, 100);
        assert_eq!(sample(&app, TOTAL), round as f64 * 100.0);
        until("the charts have all", || drawn(&app) == round * 100);
    }
}

#[test]
fn two_programs_on_one_folder_count_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(&folder), open(&folder));
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
        until("both have counted all", || sample(app, TOTAL) == 1000.0);
        until("both draw all", || drawn(app) == 1000);
    }
    // Who kept the checkpoint ends; the other one takes over.
    drop(one);
    report(&other, &complete(5)).unwrap();
    assert_eq!(sample(&other, TOTAL), 1005.0);
    drop(other);
    let third = open(&folder);
    until("nothing was lost or doubled", || {
        sample(&third, TOTAL) == 1005.0
    });
    until("nor on the charts", || drawn(&third) == 1005);
}

#[test]
fn a_batch_that_is_sent_again_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    let first = report_as(&app, &(complete(2) + "5\n"), Some("batch-1")).unwrap();
    assert!(!first.is_duplicate);
    let again = report_as(&app, &(complete(2) + "5\n"), Some("batch-1")).unwrap();
    assert!(again.is_duplicate);
    assert_eq!((again.accepted, again.rejected), (2, 1));
    drop(app);
    let app = open(&folder);
    assert!(
        report_as(&app, &(complete(2) + "5\n"), Some("batch-1"))
            .unwrap()
            .is_duplicate
    );
    assert!(
        !report_as(&app, &complete(2), Some("batch-2"))
            .unwrap()
            .is_duplicate
    );
    assert_eq!(sample(&app, TOTAL), 4.0);
}

/// More sources and components than are kept apart: none of them is lost over a restart.
#[test]
fn many_sources_and_components_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
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
    let app = open(&folder);
    report(&app, &lines).unwrap();
    assert_eq!(total(&app), 700.0);
    drop(app);
    let app = open(&folder);
    assert_eq!(total(&app), 700.0);
    report(&app, &lines).unwrap();
    drop(app);
    assert_eq!(total(&open(&folder)), 1400.0);
}

/// What is in no frame is kept all the same, so that the log does not grow without end.
#[test]
fn uses_alone_are_kept_too() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    report(&app, r#"{"type":"ml:usage","source":"web"}"#).unwrap();
    close(app);
    let mut reader = MetricsReader::open(folder.path()).unwrap().unwrap();
    let past = reader.past().unwrap();
    assert_eq!((past.checkpoint.through, past.batches.len()), (1, 0));
}

/// The lock of another program on the metrics keeps nobody from their flags, nor from a scrape.
#[test]
fn flags_never_wait_for_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    let holder = rusqlite::Connection::open(folder.path().join("metrics.db")).unwrap();
    for name in ["a", "b", "c"] {
        report(&app, &complete(1).replace("ui.badges", name)).unwrap();
    }
    report(&app, &complete(1)).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The second ends, and its names have to be stored.
    std::thread::sleep(Duration::from_millis(1500));
    let begin = Instant::now();
    let other = App::open(Options::new(folder.path())).unwrap();
    change(&other, Edit::SetMaster { on: true });
    until("the change is seen", || app.flags().live().document.enabled);
    assert_eq!(sample(&app, TOTAL), 1.0);
    // Each of four names would have been waited for as long as the store has patience: 5 s.
    assert!(begin.elapsed() < Duration::from_secs(10));
    holder.execute_batch("ROLLBACK").unwrap();
    until("the charts have all once those have names", || {
        drawn(&app) == 4
    });
}

#[test]
fn who_does_not_say_whether_a_user_is_exposed_is_told_by_the_flags() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
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

fn change(app: &App, edit: Edit) {
    let request = ChangeRequest {
        edit,
        actor: Actor::new(Via::Window, "ada"),
        note: None,
        base: None,
    };
    app.flags().change(request).unwrap();
}

#[test]
fn switches_are_counted_over_restarts_whoever_switches() {
    const TOGGLES: &str = "ml_feature_flag_toggles_total";
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    until("counting has begun, and that is kept", || {
        let mut reader = MetricsReader::open(folder.path()).unwrap().unwrap();
        let past = reader.past().unwrap();
        past.checkpoint.toggles.through.is_some()
    });
    let steps = || sample(&app, TOGGLES);
    let before = steps();
    let badges: ComponentPath = "ui.badges".parse().unwrap();
    change(
        &app,
        Edit::SetComponents {
            paths: vec![badges],
            on: true,
        },
    );
    until("one more", || steps() == before + 1.0);
    assert_eq!(sample(&app, "ml_feature_flag_toggles"), before + 1.0);
    drop(app);
    // Nobody looks while this one is made.
    let quick = App::open(Options::new(folder.path())).unwrap();
    change(&quick, Edit::SetMaster { on: true });
    drop(quick);
    let app = open(&folder);
    until("that is made up for", || {
        sample(&app, TOGGLES) == before + 2.0
    });
}

#[test]
fn a_damaged_file_is_set_aside_and_people_are_told() {
    let folder = tempfile::tempdir().unwrap();
    close(open(&folder));
    let file = folder.path().join("metrics.db");
    std::fs::write(
        &file,
        b"not a database, but longer than a header of one would be".repeat(9),
    )
    .unwrap();
    let app = open(&folder);
    let notices = app.notices();
    assert!(
        notices.iter().any(|it| it.message.contains("was moved to")),
        "{notices:?}"
    );
    report(&app, &complete(1)).unwrap();
    assert_eq!(sample(&app, TOTAL), 1.0);
    let kept = std::fs::read_dir(folder.path().join("quarantine")).unwrap();
    assert_eq!(kept.count(), 1);
}

#[test]
fn totals_that_rot_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    report(&app, &complete(10)).unwrap();
    close(app);
    let file = folder.path().join("metrics.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute(
            "UPDATE checkpoint SET totals = zeroblob(length(totals))",
            [],
        )
        .unwrap();
    drop(connection);
    let mut reader = MetricsReader::open(folder.path()).unwrap().unwrap();
    let problems = reader.check().unwrap();
    assert!(problems[0].contains("do not match"), "{problems:?}");
    drop(reader);
    let app = open(&folder);
    assert!(app.notices()[0].message.contains("do not match their hash"));
}

#[test]
fn a_folder_that_cannot_be_written_refuses_reports_and_shows_the_flags() {
    let folder = tempfile::tempdir().unwrap();
    close(open(&folder));
    // A folder where the file should be: not to be opened by anybody.
    std::fs::remove_file(folder.path().join("metrics.db")).unwrap();
    std::fs::create_dir(folder.path().join("metrics.db")).unwrap();
    let app = open(&folder);
    let refused = report(&app, &complete(1)).unwrap_err();
    assert!(
        matches!(refused, IntakeError::Unavailable { .. }),
        "{refused:?}"
    );
    assert!(!refused.to_string().contains("metrics.db"), "{refused}");
    let pulse = app.pulse(None).unwrap().unwrap();
    assert!(pulse.trouble.unwrap().contains("cannot be kept"));
    change(&app, Edit::SetMaster { on: true });
}

#[test]
fn metrics_that_are_switched_off_take_nothing_in() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    app.change_setting("metrics.enabled", &false.into())
        .unwrap();
    let refused = report(&app, &complete(1)).unwrap_err();
    assert!(refused.to_string().contains("metrics.enabled"), "{refused}");
    app.change_setting("metrics.enabled", &true.into()).unwrap();
    report(&app, &complete(1)).unwrap();
}

#[test]
fn a_pulse_tells_of_the_last_minutes_and_of_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    let lines = complete(99)
        + r#"{"type":"ml:calculation:error","source":"web","component":"ui.badges"}
        {"type":"ml:memory","source":"synthetic-demo","bytes":96000000}"#;
    change(&app, Edit::SetMaster { on: true });
    report(&app, &lines).unwrap();
    until("the second is over", || {
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
    until("it is quiet again", || {
        let pulse = app.pulse(None).unwrap().unwrap();
        pulse.per_second == 0.0
    });
    until("nothing changes any more", || {
        let version = app.pulse(None).unwrap().unwrap().version;
        app.pulse(Some(version)).unwrap().is_none()
    });
}
