//! The history in the window: what was changed, by whom and why; looked through and put back.

use fantoccini::key::Key;

use crate::rig::{Window, Workplace};

#[tokio::test]
async fn a_change_from_elsewhere_comes_in_at_the_top_with_its_note() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    let window = open_activity(&place).await;
    window.until_told("revision-1", "tracker on").await;
    place.flagctl(&["set", "calculator", "on", "--note", "The launch is today"]);
    window.until_told("revision-2", "The launch is today").await;
    assert_eq!(listed(&window).await, ["revision-2", "revision-1"]);
    window.click("revision-2").await;
    window.until_told("details", "The launch is today").await;
    window.until_told("details", "maria").await;
}

#[tokio::test]
async fn the_history_of_one_component_can_be_singled_out() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    place.flagctl(&["set", "calculator", "on"]);
    place.flagctl(&["set", "tracker", "off"]);
    let window = open_activity(&place).await;
    window.until_told("count", "3 changes").await;
    window.enter("activity-component", "tracker").await;
    window.until_told("count", "2 of 3 changes").await;
    assert_eq!(listed(&window).await, ["revision-3", "revision-1"]);
    window.click("clear-filters").await;
    window.until_told("count", "3 changes").await;
}

#[tokio::test]
async fn an_earlier_state_is_restored_after_a_preview_and_that_can_be_undone() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    let earlier = place.stored();
    place.flagctl(&["set", "calculator", "on"]);
    place.flagctl(&["rollout", "--percentage", "40"]);
    let latest = place.stored();
    let window = open_activity(&place).await;
    window.click("revision-1").await;
    window.click("restore").await;
    window
        .until_told("restore-dialog", "2 values will change")
        .await;
    window.until_told("restore-dialog", "calculator").await;
    assert_eq!(place.stored(), latest);

    window.click("restore-now").await;
    let restored = async || place.stored() == earlier;
    window.until("it is as it was", restored).await;
    let history = place.history(&[]);
    assert_eq!(history.len(), 4);
    assert_eq!(history[0]["cause"]["kind"], "restore");
    window.click("toast-action").await;
    let undone = async || place.stored() == latest;
    window.until("Undo takes it back", undone).await;
}

#[tokio::test]
async fn a_change_is_copied_as_a_report() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    let window = open_activity(&place).await;
    window.click("revision-1").await;
    window.click("copy-report").await;
    window.until_told("toast", "The report was copied.").await;
}

#[tokio::test]
async fn an_earlier_state_is_found_and_restored_by_keys_alone() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on", "--note", "The good state"]);
    let earlier = place.stored();
    place.flagctl(&["set", "calculator", "on"]);
    place.flagctl(&["set", "orchestrator", "on"]);
    let window = place.open().await;
    window.write("6").await;
    window.until_told("count", "3 changes").await;
    window.write("/").await;
    window.until_focus("activity-text").await;
    window.write("good").await;
    window.until_told("count", "1 of 3 changes").await;
    // The number is told before the rows of the list are those that were found.
    let found = async || listed(&window).await == ["revision-1"];
    window.until("what was found is listed", found).await;
    window.press(Key::Enter).await;
    window.until_focus("revision-1").await;
    window.press(Key::Enter).await;
    window.tab_to("restore").await;
    window.press(Key::Enter).await;
    window.until_told("restore-dialog", "2 values").await;
    window.tab_to("restore-now").await;
    window.press(Key::Enter).await;
    let restored = async || place.stored() == earlier;
    window.until("it is as it was", restored).await;
}

async fn open_activity(place: &Workplace) -> Window<'_> {
    let window = place.open().await;
    window.click("nav-activity").await;
    window
}

/// The rows of the list, top to bottom.
async fn listed(window: &Window<'_>) -> Vec<String> {
    let script = "return [...document.querySelectorAll('[role=listbox] [data-testid^=revision-]')]
        .map((row) => row.dataset.testid)";
    let rows = window.eval(script).await;
    let rows = rows.as_array().expect("a list");
    let names = rows.iter().filter_map(|row| row.as_str());
    names.map(str::to_owned).collect()
}
