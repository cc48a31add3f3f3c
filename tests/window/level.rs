//! Whether the memory of the page's process stays level while the window is left open: over
//! changes that arrive in each view, and over an hour of a source that reports every second.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::measuring::sized;
use crate::rig::{Window, Workplace, http};

/// Every view, by the name of its button.
const VIEWS: [&str; 8] = [
    "dashboard",
    "flags",
    "rollouts",
    "metrics",
    "snapshots",
    "activity",
    "rosters",
    "settings",
];

/// The views of what sources report.
const REPORTED_IN: [&str; 3] = ["dashboard", "metrics", "snapshots"];

/// The source that reports.
const SOURCE: &str = "kanban";

/// How many times faster than its clock the page waits, so that an hour takes minutes.
const HASTE: u32 = 20;

/// Changes that arrive in a view.
fn change_count() -> u64 {
    sized(5_000, 3)
}

/// Changes before the first look: an announcement is a script, and the engine keeps the latest two
/// thousand that it compiled.
fn warm_up_count() -> u64 {
    sized(2_500, 1)
}

/// Reports that arrive in a view: those of an hour.
fn report_count() -> u64 {
    sized(3_600, 3)
}

/// Reports between two snapshots: five minutes, the default of `state.snapshotInterval`.
fn reports_between_snapshots() -> u64 {
    sized(300, 2)
}

/// Measures the page in one window, in one view after the other.
#[expect(clippy::print_stdout, reason = "it is there to print")]
pub async fn measure() {
    let place = Workplace::new();
    place.import(&json!({ "enabled": true, "components": components() }));
    let window = place.open().await;
    window.resize(1280, 800).await;
    let mut app = Arriving::at(&place, &window).await;
    for _ in 0..warm_up_count() {
        app.change().await;
    }
    println!("The page's memory over {} changes:", change_count());
    for view in VIEWS {
        let level = level(&window, view, change_count(), async |_| app.change().await).await;
        println!("  {view:<26} {level}");
    }
    println!(
        "The page's memory over {} reports, an hour of a source that reports every second, with \
         the page's pauses cut to a {HASTE}th:",
        report_count()
    );
    hasten(&window).await;
    for view in REPORTED_IN {
        let level = level(&window, view, report_count(), async |count| {
            app.report(count).await;
        });
        println!("  {view:<26} {}", level.await);
    }
    window.close().await;
}

/// What arrives at the window from outside.
struct Arriving<'a> {
    place: &'a Workplace,
    window: &'a Window<'a>,
    address: SocketAddr,
    token: String,
    revision: u64,
}

impl<'a> Arriving<'a> {
    async fn at(place: &'a Workplace, window: &'a Window<'a>) -> Self {
        Self {
            place,
            window,
            address: window.address().await,
            token: place.flagctl(&["token"]).trim().to_owned(),
            revision: 1,
        }
    }

    /// Changes the flags, and waits until the page shows the revision.
    async fn change(&mut self) {
        self.revision += 1;
        let patch =
            json!({ "components": { "area0": { "component0": self.revision.is_multiple_of(2) } } });
        let status = http::patch(self.address, "/api/ml/flags", &self.token, &patch);
        assert_eq!(status, 200, "revision {}", self.revision);
        // One script for all: the engine keeps each that it has compiled.
        let shown = "const [revision, done] = arguments;
            const look = () => document.querySelector('[data-testid=revision]')
                ?.textContent.replace(/\\D/g, '') === revision ? done() : requestAnimationFrame(look);
            look();";
        let revision = json!(self.revision.to_string());
        self.window.eval_later_with(shown, vec![revision]).await;
    }

    /// Reports a state and a calculation, and waits until the page has painted since.
    async fn report(&self, count: u64) {
        let path = format!("/api/ml/state/{SOURCE}");
        let status = http::put(self.address, &path, &self.token, &state(count));
        assert!(status < 300, "a state: {status}");
        let status = http::report(self.address, &self.token, &calculation(count));
        assert!(status < 300, "an event: {status}");
        if count.is_multiple_of(reports_between_snapshots()) {
            self.place
                .flagctl(&["snapshot", "take", "--source", SOURCE]);
        }
        // A second of the page, as it waits.
        self.window
            .eval_later("const done = arguments[0]; setTimeout(() => requestAnimationFrame(() => done()), 1000)")
            .await;
    }
}

/// Memory at the start and at the end of something.
struct Level {
    start: u64,
    end: u64,
    took: Duration,
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const MB: f64 = 1_000_000.0;
        let (start, end) = (self.start as f64, self.end as f64);
        write!(
            f,
            "{:6.1} MB, then {:6.1} MB: {:.2} (target 1.2), in {:.0} s",
            start / MB,
            end / MB,
            end / start,
            self.took.as_secs_f64()
        )
    }
}

/// Does something so many times in a view, after a tenth of that to warm up: an engine compiles
/// and caches what it meets first.
async fn level(
    window: &Window<'_>,
    view: &str,
    count: u64,
    mut arrives: impl AsyncFnMut(u64),
) -> Level {
    window.click(&format!("nav-{view}")).await;
    let warm_up = count / 10;
    for each in 0..warm_up {
        arrives(each).await;
    }
    let start = settled(window).await;
    let begun = Instant::now();
    for each in warm_up..warm_up + count {
        arrives(each).await;
    }
    let took = begun.elapsed();
    let end = settled(window).await;
    Level { start, end, took }
}

/// Returns the memory of the page after the engine has collected.
///
/// No page can ask for a collection. One that says that it holds much gets one: these buffers are
/// never written to, so no memory stands behind them.
async fn settled(window: &Window<'_>) -> u64 {
    const ROUNDS: u32 = 5;
    let mut least = u64::MAX;
    for _ in 0..ROUNDS {
        window
            .eval("for (let count = 0; count < 64; count += 1) new Uint8Array(16 << 20);")
            .await;
        tokio::time::sleep(sized(Duration::from_secs(1), Duration::ZERO)).await;
        least = least.min(window.page_memory());
    }
    least
}

/// Shortens the page's pauses between two readings, but not the time limits of its driver.
async fn hasten(window: &Window<'_>) {
    window
        .eval(&format!(
            "const wait = window.setTimeout.bind(window);
            window.setTimeout = (work, ms = 0, ...rest) =>
                wait(work, ms <= 3000 ? ms / {HASTE} : ms, ...rest);"
        ))
        .await;
}

/// Four groups of ten components.
fn components() -> Value {
    let group = |area: usize| {
        let names = (0..10).map(|index| (format!("component{index}"), json!(area > 0)));
        (format!("area{area}"), Value::Object(names.collect()))
    };
    Value::Object((0..4).map(group).collect())
}

/// A state of 200 parts, some of which differ from one report to the next.
fn state(count: u64) -> Value {
    let part = |index: u64| {
        let value = json!({ "size": index * count % 97, "name": format!("file {index}") });
        (format!("file{index}"), value)
    };
    let files: Map<String, Value> = (0..200).map(part).collect();
    json!({ "count": count, "files": files })
}

fn calculation(count: u64) -> String {
    let duration = (count % 90 + 1) as f64 / 1000.0;
    json!({ "type": "ml:calculation:complete", "source": SOURCE, "duration": duration }).to_string()
}
