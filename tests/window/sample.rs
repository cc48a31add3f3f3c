//! The sample app in a browser beside the window: what is asked for here happens there.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser::Chromium;
use crate::rig::{Window, Workplace};

/// What the page calls itself.
const SOURCE: &str = "synthetic-sample";

/// A workplace where the page analyses files, for everyone.
fn place() -> Workplace {
    let place = Workplace::new();
    place.flagctl(&["master", "on"]);
    place.flagctl(&["set", "calculator", "on"]);
    place.flagctl(&["rollout", "--percentage", "100"]);
    place
}

/// Opens the page, as the window does in the person's own browser, with its four sample files.
async fn open_sample(place: &Workplace, window: &Window<'_>) -> Chromium {
    let (address, token) = (window.address().await, place.flagctl(&["token"]));
    let address = format!("http://{address}/sample/#token={}", token.trim());
    let page = Chromium::open(&address).await;
    page.until_told("connection", "Connected").await;
    page.click("samples").await;
    page.until_count("file", 4).await;
    let analysed = async || reported(place, "ml.metrics.usage.filesAnalyzed") == json!(4);
    window.until("the page reports its files", analysed).await;
    page
}

/// Returns what the page has reported under a key; `null` while it has reported nothing at all.
fn reported(place: &Workplace, key: &str) -> Value {
    let read = |arguments: &[&str]| -> Value {
        serde_json::from_str(&place.flagctl(arguments)).expect("flagctl prints JSON")
    };
    match read(&["state", "list", "--json"]) == json!([]) {
        true => Value::Null,
        false => read(&["state", "get", "--source", SOURCE, key, "--json"]),
    }
}

/// Takes a snapshot of the page in the window, and compares it with what the page has from then on.
async fn take_snapshot(place: &Workplace, window: &Window<'_>) {
    window.write("5").await;
    window.until_told("snapshots", SOURCE).await;
    window.run_command("Take a snapshot").await;
    window.until_focus("snapshot-name").await;
    window.write("All files").await;
    window.press(Key::Enter).await;
    window.until_gone("take-dialog").await;
    let named = place.flagctl(&["snapshot", "list", "--text", "All files", "--json"]);
    let named: Value = serde_json::from_str(&named).expect("flagctl prints JSON");
    // It is compared with the one before, which was taken as soon as the page had reported anything.
    let id = &named[0]["id"];
    window.click(&format!("snapshot-{id}")).await;
    window.click(&format!("snapshot-menu-{id}")).await;
    window.click("menu-with-now").await;
}

/// Opens the question before a restore, with the keyboard on what asks for it.
async fn go_to_restore(window: &Window<'_>) {
    window.tab_to("compare-restore").await;
    window.press(Key::Enter).await;
    window.until_told("restore-count", "change").await;
    window.tab_to("restore-state-now").await;
}

/// Returns the restores that were asked for, the latest first.
fn restores(place: &Workplace) -> Vec<Value> {
    let listed = place.flagctl(&["snapshot", "restores", "--json"]);
    serde_json::from_str(&listed).expect("flagctl prints JSON")
}

#[tokio::test]
async fn a_restore_asked_for_in_the_window_is_applied_and_confirmed_by_the_page() {
    let place = place();
    let window = place.open().await;
    let page = open_sample(&place, &window).await;
    take_snapshot(&place, &window).await;
    page.click("clear").await;
    page.until_count("file", 0).await;
    window.until_told("comparison", "results").await;
    go_to_restore(&window).await;
    window.press(Key::Enter).await;
    window.until_gone("restore-state").await;
    page.until_told("note", "Flagdeck restored an earlier state: 4 files")
        .await;
    page.until_count("file", 4).await;
    let confirmed = format!("Confirmed by {SOURCE}, exactly as asked");
    window.until_told("restore-status", &confirmed).await;
    assert_eq!(page.errors().await, Vec::<String>::new());
    page.close().await;
}

/// Changes go out a moment after they were made.
#[tokio::test]
async fn a_restore_asked_for_before_the_latest_change_is_reported_is_applied_after_it() {
    const ROUNDS: usize = 3;
    let place = place();
    let window = place.open().await;
    let page = open_sample(&place, &window).await;
    take_snapshot(&place, &window).await;
    for round in 1..=ROUNDS {
        page.click("clear").await;
        window.until_told("comparison", "results").await;
        go_to_restore(&window).await;
        page.click("samples").await;
        window.press(Key::Enter).await;
        page.until_told("note", "Flagdeck restored an earlier state: 4 files")
            .await;
        let confirmed = async || {
            let restores = restores(&place);
            restores[0]["id"] == round && restores[0]["status"] == "confirmed"
        };
        window.until("the page confirms", confirmed).await;
        assert_eq!(restores(&place)[0]["isExact"], true);
    }
    page.until_count("file", 4).await;
    assert_eq!(page.errors().await, Vec::<String>::new());
    page.close().await;
}
