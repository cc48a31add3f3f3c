//! Every view of the window and everything that lies over it, one after the other.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::rig::{Window, Workplace, http};

/// The colours of the window.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What a team has after a while. Its days are so far away that they read the same on any day.
pub fn lived_in() -> Value {
    json!({
        "enabled": true,
        "components": {
            "calculator": true, "tracker": true, "orchestrator": false,
            "ui": {"badges": true, "dashboard": true, "curationPanel": false},
            "search": {"ranking": {"neural": true, "feedback": false}, "suggestions": true}
        },
        "rollout": {"percentage": 50, "userGroups": [], "strategy": "canary"},
        "rollouts": {
            "calculator": {"percentage": 100, "userGroups": [], "strategy": "blue-green"},
            "ui.badges": {"percentage": 12.5, "userGroups": ["beta"], "strategy": "canary"},
            "search.ranking.neural":
                {"percentage": 25, "userGroups": ["staff", "search team"], "strategy": "feature"}
        },
        "requires": {
            "ui.dashboard": ["tracker"],
            "search.suggestions": ["search.ranking.feedback", "tracker"]
        },
        "about": {
            "calculator": {"title": "Confidence from content and use", "owner": "search team"},
            "tracker": {"title": "Learns from feedback"},
            "orchestrator": {"title": "Schedules recalculation", "expires": "2020-12-02"},
            "ui": {"title": "What people see"},
            "ui.badges": {
                "title": "Confidence badges", "owner": "search team", "tags": ["ui", "confidence"],
                "description": "Shown next to each file once its confidence has converged.",
                "expires": "2099-01-31"
            },
            "ui.dashboard": {"title": "Quality overview"}
        }
    })
}

/// A workplace with a past: a document, and changes by several hands.
pub fn lived_in_workplace(theme: Theme) -> Workplace {
    let place = Workplace::new();
    place.prefer(&json!({ "theme": theme.name(), "isToured": true }));
    place.import(&lived_in());
    place.flagctl(&["set", "orchestrator", "on"]);
    place.flagctl(&["undo"]);
    let note = "After the talk with support";
    place.flagctl(&["rollout", "ui.badges", "--percentage", "25", "--note", note]);
    hand_in(&place);
    import_roster(&place, 4000);
    place
}

/// Imports a roster of so many people in groups, with weights and two bad rows.
pub fn import_roster(place: &Workplace, people: usize) {
    let mut text = "id;groups;weight;plan\n;beta;1;free\n".to_owned();
    for at in 0..people {
        let groups = ["", "beta", "eu", "eu;staff", "eu"][at % 5];
        let plan = ["free", "premium"][at % 2];
        text += &format!("user-{at:06};\"{groups}\";{};{plan}\n", at % 3 + 1);
    }
    text += "user-000001;beta;heavy;free\n";
    let file = place.data_dir().with_file_name("customers-eu.csv");
    std::fs::write(&file, text).expect("a file beside the data folder");
    let file = file.to_str().expect("a plain path");
    place.flagctl(&["roster", "import", file, "--name", "Customers EU", "--yes"]);
}

/// Takes in a morning of snapshots, so far away that it reads the same on any day.
fn hand_in(place: &Workplace) {
    const MORNING_MS: i64 = 1_606_896_000_000;
    let snapshots: Vec<Value> = (0..24)
        .map(|step| {
            let ring = |scale: f64| -> Vec<f64> {
                let numbers = step * 5..step * 5 + 60;
                numbers.map(|n| ((n * 7919) % 97) as f64 * scale).collect()
            };
            let ml = json!({
                "version": "6.0.0",
                "flags": { "ui": { "badges": step > 6, "dashboard": step % 11 == 0 } },
                "metrics": {
                    "performance": { "calculationTime": ring(1.5), "memoryUsage": ring(1024.0) },
                    "usage": { "filesAnalyzed": 1204 + step * 7 },
                    "quality": { "avgConfidence": (800 + step) as f64 / 1000.0 }
                },
                "cache": { "entries": step / 5 }
            });
            let at_ms = MORNING_MS + step * 300_000;
            let name = (step == 20).then_some("release 6.0 candidate");
            json!({ "timestamp": at_ms, "ml": ml, "files": 900, "name": name })
        })
        .collect();
    let bundle = json!({ "format": "flagdeck-snapshots", "version": 1, "snapshots": snapshots });
    let file = place.data_dir().join("morning.json");
    std::fs::write(&file, bundle.to_string()).expect("the folder is writable");
    let file = file.to_str().expect("a plain path");
    place.flagctl(&["snapshot", "import", file, "--name", "knowledge-base"]);
}

/// The views, as they are opened.
pub const VIEWS: [&str; 8] = [
    "dashboard",
    "flags",
    "rollouts",
    "metrics",
    "snapshots",
    "activity",
    "rosters",
    "settings",
];

/// Shows a view, and in the flags a component.
pub async fn show(window: &Window<'_>, view: &str) {
    window.click(&format!("nav-{view}")).await;
    let ready = match view {
        "dashboard" => "master-switch",
        "flags" => {
            window.click("row-ui.badges").await;
            window
                .until("the people are counted", async || {
                    window.shows("on-for").await
                })
                .await;
            "component-history"
        }
        "metrics" => "nothing-reported",
        "snapshots" => "changes",
        "activity" => "copy-report",
        "rosters" => "find-person",
        "rollouts" => {
            window.click("rollout-ui.badges").await;
            "rules-card"
        }
        _ => "find-setting",
    };
    window
        .until(&format!("{view} is shown"), async || {
            window.shows(ready).await
        })
        .await;
}

/// Calls `look` with everything there is to see, each by a name.
pub async fn visit(theme: Theme, mut look: impl AsyncFnMut(&Window<'_>, &str)) {
    let place = lived_in_workplace(theme);
    let window = place.open().await;
    for view in VIEWS {
        show(&window, view).await;
        look(&window, view).await;
    }
    report_to(&place, &window).await;
    for (view, ready) in [("dashboard", "reporting"), ("metrics", "card-rate")] {
        window.click(&format!("nav-{view}")).await;
        window
            .until(&format!("{ready} is shown"), async || {
                window.shows(ready).await
            })
            .await;
        look(&window, &format!("{view}, with reports")).await;
    }
    visit_affected(&window, &mut look).await;
    window.click("nav-settings").await;
    for part in ["connect", "access", "backups", "about"] {
        window.click(&format!("part-{part}")).await;
        look(&window, &format!("settings, {part}")).await;
    }

    show(&window, "flags").await;
    for (name, key, part) in [
        ("palette", 'k', "palette"),
        ("JSON", 'j', "json-text"),
        ("adding a component", 'n', "add-dialog"),
    ] {
        window.chord(&[Key::Control], key).await;
        window
            .until(&format!("{part} is shown"), async || {
                window.shows(part).await
            })
            .await;
        look(&window, name).await;
        window.press(Key::Escape).await;
        window
            .until(&format!("{part} is closed"), async || {
                !window.shows(part).await
            })
            .await;
    }
    for (label, part) in [
        ("Keyboard shortcuts", "shortcuts"),
        ("Help", "help"),
        ("Take the tour", "tour"),
    ] {
        window.run_command(label).await;
        window
            .until(&format!("{part} is shown"), async || {
                window.shows(part).await
            })
            .await;
        look(&window, part).await;
        window.press(Key::Escape).await;
        window
            .until(&format!("{part} is closed"), async || {
                !window.shows(part).await
            })
            .await;
    }
    window.close().await;

    let empty = Workplace::new();
    empty.prefer(&json!({ "theme": theme.name(), "isToured": true }));
    empty.import(&json!({ "components": {} }));
    // A setting that cannot be is told in a banner.
    let config = "[http]\nport = 0\n[metrics]\ninterval = 1\n";
    std::fs::write(empty.data_dir().join("config.toml"), config).expect("a config");
    let window = empty.open().await;
    window.click("nav-flags").await;
    window
        .until("the trouble is told", async || window.shows("banner").await)
        .await;
    look(&window, "no components, and trouble").await;
    window.close().await;

    let full = Workplace::new();
    full.prefer(&json!({ "theme": theme.name(), "isToured": true }));
    full.import(&extreme());
    let window = full.open().await;
    for view in ["dashboard", "flags", "metrics", "snapshots", "activity"] {
        window.click(&format!("nav-{view}")).await;
        // A view is loaded when it is first opened.
        window
            .until(&format!("{view} is shown"), async || {
                window.shows_css("h1").await
            })
            .await;
        look(&window, &format!("{view}, as much as there may be")).await;
    }
}

/// Calls `look` with who gains and who loses, as it is shown beside what is about to be done.
async fn visit_affected(window: &Window<'_>, look: &mut impl AsyncFnMut(&Window<'_>, &str)) {
    show(window, "rosters").await;
    window.enter("person-id", "user-000003").await;
    let found = async || window.shows("given").await;
    window.until("the person is found", found).await;
    look(window, "rosters, a person").await;
    show(window, "flags").await;
    window.click("percent-input").await;
    window.chord(&[Key::Control], 'a').await;
    window.write("5").await;
    let counted = async || window.shows("affected-details").await;
    window.until("who is affected is counted", counted).await;
    window.click("affected-details").await;
    look(window, "flags, who is affected").await;
    window.click("affected-show").await;
    let listed = async || window.text("people-count").await.contains("people");
    window.until("the people are listed", listed).await;
    look(window, "people").await;
    window.click("people-close").await;
    window.click("percent-discard").await;
}

/// Reports what a host with some trouble does: calculations of two components in both arms.
pub async fn report_to(place: &Workplace, window: &Window<'_>) {
    let mut lines = String::new();
    for index in 0..400 {
        let component = ["ui.badges", "calculator"][index % 2];
        let exposed = index % 4 < 2;
        let mut event = match index % 40 {
            0 => json!({ "type": "ml:calculation:error" }),
            _ => json!({
                "type": "ml:calculation:complete",
                "duration": ([0.004, 0.06, 0.25, 1.5, 9.0][index % 5]),
                "confidence": 0.6 + 0.001 * (index % 300) as f64,
                "iterations": 8 + index % 40,
            }),
        };
        event["source"] = json!("knowledge-base");
        event["component"] = json!(component);
        event["exposed"] = json!(exposed);
        lines += &format!("{event}\n");
    }
    lines += &json!({ "type": "ml:memory", "source": "knowledge-base", "bytes": 90e6 }).to_string();
    report_lines_to(place, window, &lines).await;
}

/// Reports events to a window, one in each line.
pub async fn report_lines_to(place: &Workplace, window: &Window<'_>, lines: &str) {
    let token = place.flagctl(&["token"]);
    let status = http::report(window.address().await, token.trim(), lines);
    assert_eq!(status, 200, "the reports are taken in");
}

/// Names as long as they may be, a thousand groups, and as many components.
fn extreme() -> Value {
    let long = |index: usize| format!("{:a<60}{index:04}", "component");
    let components: serde_json::Map<String, Value> = (0..10_000 / 100)
        .map(|area| {
            let inside = (0..100).map(|index| (long(index), json!(index % 3 > 0)));
            (long(area), Value::Object(inside.collect()))
        })
        .collect();
    let groups: Vec<String> = (0..1000).map(|index| format!("group {index}")).collect();
    json!({
        "enabled": true,
        "components": components,
        "rollout": { "percentage": 33.333, "userGroups": groups, "strategy": "feature" },
    })
}
