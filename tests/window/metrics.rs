//! What applications report, in the window: two cards that live, and the charts.

use std::fs;

use fantoccini::key::Key;
use serde_json::json;

use crate::rig::{Window, Workplace};
use crate::views::{report_lines_to, report_to};

/// What is said of the chart that has the keyboard. It is not to be seen.
const READING: &str = "[data-testid=chart-reading]";

#[tokio::test]
async fn what_is_reported_appears_on_the_cards_and_in_the_charts() {
    let place = Workplace::new();
    let window = place.open().await;
    window
        .until_told("performance-metrics-verdict", "Nothing reports yet")
        .await;
    report_to(&place, &window).await;
    window.until_told("reporting", "1 source reporting").await;
    let errors = async || {
        window
            .text_css("#performance-metrics")
            .await
            .contains("2.5 %")
    };
    window.until("the share of errors is told", errors).await;
    let memory = async || {
        window
            .text_css("#state-health")
            .await
            .contains("86 of 150 MiB")
    };
    window.until("the memory is told", memory).await;

    window.click("open-charts").await;
    for chart in [
        "rate",
        "errors",
        "durations",
        "heat",
        "confidence",
        "iterations",
        "memory",
    ] {
        let shown = async || window.shows(&format!("card-{chart}")).await;
        window.until(&format!("the chart {chart}"), shown).await;
    }
    window.until_told("card-durations", ">5 s").await;
    assert!(!window.shows("metrics-source").await);
}

#[tokio::test]
async fn a_component_that_does_harm_is_rolled_back_by_one_click_and_back_again_by_another() {
    let place = Workplace::new();
    for arguments in [
        &["master", "on"][..],
        &["set", "ui.badges", "on"],
        &["rollout", "ui.badges", "--percentage", "5"],
        &["rollout", "ui.badges", "--percentage", "25"],
    ] {
        place.flagctl(arguments);
    }
    let window = place.open_for_pictures().await;
    report_lines_to(&place, &window, &harm()).await;
    window
        .until_told(
            "performance-metrics-verdict",
            "ui.badges: 10 % errors on, 1.1 % off since revision 4",
        )
        .await;
    window
        .until_told(
            "performance-metrics-detail",
            "Sets ui.badges back to 5 % (it is 25 %)",
        )
        .await;
    window.picture("verdict").await;
    let share = || place.stored()["rollouts"]["ui.badges"]["percentage"].clone();
    // A click counts once what it is about has been seen for half a second.
    let rolled_back = async || {
        if share() == json!(25) && window.shows("roll-back").await {
            window.click("roll-back").await;
        }
        share() == json!(5)
    };
    window.until("it is rolled back", rolled_back).await;
    let history = place.flagctl(&["history", "--limit", "1"]);
    assert!(
        history.contains("10 % errors on, 1.1 % off since revision 4"),
        "{history}"
    );
    window.chord(&[Key::Control], 'z').await;
    window
        .until("it is as it was", async || share() == json!(25))
        .await;
}

/// Events of which a twentieth are of users who see the component. A tenth of those fail, of the
/// others a hundredth.
fn harm() -> String {
    let event = |index: usize| {
        let exposed = index.is_multiple_of(20);
        let fails = if exposed {
            index.is_multiple_of(200)
        } else {
            index % 95 == 1
        };
        let mut event = match fails {
            true => json!({ "type": "ml:calculation:error" }),
            false => json!({
                "type": "ml:calculation:complete", "duration": 0.05, "confidence": 0.8,
            }),
        };
        event["source"] = json!("knowledge-base");
        event["component"] = json!("ui.badges");
        event["exposed"] = json!(exposed);
        format!("{event}\n")
    };
    (0..4000).map(event).collect()
}

impl Window<'_> {
    /// What an element of the page's contract says.
    async fn text_css(&self, selector: &str) -> String {
        let script = format!("return document.querySelector('{selector}').textContent");
        let text = self.eval(&script).await;
        text.as_str().unwrap_or_default().to_owned()
    }
}

#[tokio::test]
async fn a_change_of_the_flags_is_marked_and_leads_to_its_revision() {
    let place = Workplace::new();
    let window = place.open().await;
    place.flagctl(&["set", "calculator", "on"]);
    report_to(&place, &window).await;
    window.click("nav-metrics").await;
    let marked = async || window.shows("mark-rate-1").await;
    window.until("the change is marked", marked).await;
    window.click("mark-rate-1").await;
    let shown = async || window.shows("copy-report").await;
    window.until("its revision is shown", shown).await;
    assert!(window.page_text().await.contains("calculator on"));
}

#[tokio::test]
async fn values_are_read_by_keyboard_and_a_part_is_looked_at_closely() {
    let place = Workplace::new();
    let window = place.open().await;
    report_to(&place, &window).await;
    window.write("4").await;
    let shown = async || window.shows("chart-rate").await;
    window.until("the charts are shown", shown).await;
    window.tab_to("chart-rate").await;
    // What was reported is in one of the last points, once its second is over.
    let reads = async || {
        window.press(Key::End).await;
        for _ in 0..3 {
            if window.text_css(READING).await.contains("Mean 40") {
                return true;
            }
            window.press(Key::Left).await;
        }
        false
    };
    window.until("the value is read", reads).await;
    let live = async || window.shows("metrics-pause").await;
    window.until("the charts are live", live).await;
    window.write("+").await;
    let zoomed = async || window.shows("metrics-live").await;
    window.until("the charts stand still", zoomed).await;
    window.press(Key::Escape).await;
    window.until("they are live again", live).await;
}

#[tokio::test]
async fn charts_are_exported_as_a_table_and_as_a_picture() {
    let place = Workplace::new();
    let window = place.open().await;
    report_to(&place, &window).await;
    window.click("nav-metrics").await;
    let shown = async || window.shows("chart-rate").await;
    window.until("the charts are shown", shown).await;
    let table = place.data_dir().with_file_name("charts.csv");
    window.click("export-csv").await;
    window.answer_dialog("Export the table", &table).await;
    window
        .until_outside("the table is there", || table.exists())
        .await;
    let text = fs::read_to_string(&table).expect("a table");
    assert!(text.lines().count() > 1, "{text}");
    let picture = place.data_dir().with_file_name("charts.png");
    window.click("export-png").await;
    window.answer_dialog("Export the picture", &picture).await;
    window
        .until_outside("the picture is there", || picture.exists())
        .await;
    let bytes = fs::read(&picture).expect("a picture");
    assert!(bytes.starts_with(b"\x89PNG"), "it is no PNG");
}

#[tokio::test]
async fn what_is_made_up_never_passes_for_real() {
    let place = Workplace::new();
    let window = place.open().await;
    let url = format!("http://{}", window.address().await);
    place.flagctl(&["demo", "--url", &url, "--for", "2s", "--rate", "50"]);
    for card in ["performance-metrics", "state-health"] {
        let told = async || window.shows(&format!("{card}-synthetic")).await;
        window.until("it is told", told).await;
    }
    window.until_told("sources", "synthetic").await;
}

/// A page that is hidden costs nothing.
#[tokio::test]
async fn a_window_that_is_not_seen_asks_for_nothing() {
    let place = Workplace::new();
    let window = place.open().await;
    report_to(&place, &window).await;
    let taken = async |count: &str| window.text_css("#state-health").await.contains(count);
    window
        .until("all are told", async || taken("401 accepted").await)
        .await;
    // As the desktop hides it, and shows it again.
    let hide = |hidden: bool| {
        format!(
            "Object.defineProperty(document, 'hidden', {{ configurable: true, get: () => {hidden} }});
            document.dispatchEvent(new Event('visibilitychange'))"
        )
    };
    window.eval(&hide(true)).await;
    report_to(&place, &window).await;
    // A real pause: long enough for several answers, if the page asked.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert!(taken("401 accepted").await);
    window.eval(&hide(false)).await;
    window
        .until("it asks again", async || taken("802 accepted").await)
        .await;
}
