//! A rollout that does harm, in the real window: collecting, then rolled back, told on the desktop, and
//! off after a restart; and a ramp that is started and steered in it.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::rig::{Window, Workplace, http};

/// `tracker`, on for a tenth of the users.
fn partly_on() -> Value {
    json!({
        "enabled": true,
        "components": {"tracker": true, "orchestrator": false},
        "rollout": {"percentage": 100, "userGroups": [], "strategy": "canary"},
        "rollouts": {"tracker": {"percentage": 10, "userGroups": [], "strategy": "canary"}},
    })
}

/// Two hundred calculations, of which a tenth are with it on; those fail if it does harm.
fn calculations(does_harm: bool) -> String {
    let lines = (0..200).map(|index| {
        let exposed = index % 10 == 0;
        let mut event = match exposed && does_harm {
            true => json!({"type": "ml:calculation:error"}),
            false => json!({"type": "ml:calculation:complete", "duration": 0.01, "confidence": 1}),
        };
        event["source"] = json!("shop");
        event["component"] = json!("tracker");
        event["exposed"] = json!(exposed);
        format!("{event}\n")
    });
    lines.collect()
}

/// What is said on the bus to whoever shows notifications.
struct Overheard {
    listening: Child,
    said: std::path::PathBuf,
}

impl Overheard {
    fn on(place: &Workplace, window: &Window<'_>) -> Self {
        let said = place.data_dir().with_file_name("notifications.txt");
        let listening = Command::new("dbus-monitor")
            .args(["--address", &window.bus()])
            .arg("interface='org.freedesktop.Notifications'")
            .stdout(Stdio::from(File::create(&said).expect("a file")))
            .spawn()
            .expect("dbus-monitor is installed");
        Self { listening, said }
    }

    fn has(&self, text: &str) -> bool {
        fs::read_to_string(&self.said).is_ok_and(|said| said.contains(text))
    }
}

impl Drop for Overheard {
    fn drop(&mut self) {
        // It may have ended with its bus.
        let _ = self.listening.kill();
        let _ = self.listening.wait();
    }
}

async fn until_verdict(window: &Window<'_>, word: &str) {
    let says = async || {
        window.shows("rollout-verdict").await && window.text("rollout-verdict").await.contains(word)
    };
    window.until(&format!("the verdict is {word}"), says).await;
}

#[tokio::test]
async fn what_does_harm_is_seen_collecting_and_then_rolled_back_and_stays_off() {
    let place = Workplace::new();
    place.import(&partly_on());
    let window = place.open().await;
    let overheard = Overheard::on(&place, &window);
    window.click("nav-rollouts").await;
    window.click("rollout-tracker").await;
    until_verdict(&window, "Collecting").await;
    let token = place.flagctl(&["token"]);
    let address = window.address().await;
    let report = |does_harm| http::report(address, token.trim(), &calculations(does_harm));
    assert_eq!(report(false), 200);
    let is_off = async || {
        report(true);
        place.stored()["components"]["tracker"] == json!(false)
    };
    window.until("tracker is switched off", is_off).await;
    until_verdict(&window, "Rolled back").await;
    window
        .until_outside("the desktop is told", || {
            overheard.has("tracker was rolled back") && overheard.has("failed for users with it on")
        })
        .await;

    // The decision can be opened and judged again.
    window
        .until("the decision is listed", async || {
            window.shows_css("[data-testid=decision-1]").await
        })
        .await;
    window
        .eval("document.querySelector('[data-testid=decision-1]').click()")
        .await;
    window
        .until_told("decision-replay", "the same verdict")
        .await;
    window.press(Key::Escape).await;
    window.until_gone("decision-dialog").await;

    window.click("nav-dashboard").await;
    window.until_told("state-health-verdict", "tracker").await;
    drop(overheard);
    window.close().await;
    let window = place.open().await;
    window.click("nav-rollouts").await;
    window.click("rollout-tracker").await;
    until_verdict(&window, "Rolled back").await;
    assert_eq!(place.stored()["components"]["tracker"], json!(false));
}

#[tokio::test]
async fn a_ramp_is_started_paused_skipped_and_ended_by_keyboard() {
    let place = Workplace::new();
    place.import(&partly_on());
    let window = place.open().await;
    window.click("nav-rollouts").await;
    window.click("rollout-tracker").await;
    window.tab_to("start-ramp").await;
    window.press(Key::Enter).await;
    window
        .until("the dialog is open", async || {
            window.shows("ramp-steps").await
        })
        .await;
    // Enter starts it.
    window.enter("ramp-steps", "25-50-100").await;
    window.until_gone("ramp-dialog").await;
    let percentage = || place.stored()["rollouts"]["tracker"]["percentage"].clone();
    let reached = |wanted: u64| {
        let percentage = &percentage;
        async move || percentage() == json!(wanted)
    };
    window.until("the first step is made", reached(25)).await;
    window.tab_to("pause-ramp").await;
    window.press(Key::Enter).await;
    window
        .until("it is paused", async || window.shows("resume-ramp").await)
        .await;
    window.tab_to("resume-ramp").await;
    window.press(Key::Enter).await;
    window
        .until("it goes on", async || window.shows("skip-ramp").await)
        .await;
    window.tab_to("skip-ramp").await;
    window.press(Key::Enter).await;
    window.until("the next step is made", reached(50)).await;
    let told = place.flagctl(&["history", "--via", "rollout"]);
    assert!(told.contains("25 % → 50 %"), "{told}");
}
