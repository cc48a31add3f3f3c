//! The window beside the other faces on one data folder: each sees what the others do, and where
//! two want different things the person chooses.

use fantoccini::key::Key;
use serde_json::json;

use crate::rig::{Window, Workplace};

#[tokio::test]
async fn a_change_by_flagctl_appears_in_the_open_window() {
    let place = Workplace::new();
    let window = place.open().await;
    window.click("nav-flags").await;
    let listed = async || window.switch("calculator").await == "false";
    window.until("the component is shown, off", listed).await;
    window.eval("window.neverReloaded = true").await;

    place.flagctl(&["set", "calculator", "on"]);
    let appeared = async || window.switch("calculator").await == "true";
    window.until("the switch moves by itself", appeared).await;
    assert_eq!(
        window.eval("return window.neverReloaded").await,
        json!(true)
    );
}

#[tokio::test]
async fn a_change_in_the_window_is_served_and_read_by_others() {
    let place = Workplace::new();
    let window = place.open().await;
    assert_eq!(
        window.get("/api/ml/flags").await["components"]["tracker"],
        json!(false)
    );
    window.click("nav-flags").await;
    window.click("switch-tracker").await;
    let served = async || window.get("/api/ml/flags").await["components"]["tracker"] == true;
    window.until("the change is served", served).await;
    assert_eq!(place.stored()["components"]["tracker"], json!(true));
}

#[tokio::test]
async fn a_typed_percentage_that_meets_another_leaves_the_choice_to_the_person() {
    for (choice, percentage) in [("keep-theirs", 60.0), ("use-mine", 25.0)] {
        let place = Workplace::new();
        let window = open_rollout(&place).await;
        window.click("percent-input").await;
        window.chord(&[Key::Control], 'a').await;
        window.write("25").await;
        set_elsewhere(&place, &window).await;
        assert_eq!(window.field("percent-input").await, "25");

        window.press(Key::Enter).await;
        window.until_told("conflict-mine", "25 %").await;
        window.until_told("conflict-theirs", "60 %").await;
        assert_eq!(stored_percentage(&place), 60.0);
        window.click(choice).await;
        window.until_gone("conflict").await;
        let chosen = async || window.slider("percent-slider").await == percentage;
        window.until(&format!("{choice} is shown"), chosen).await;
        assert_eq!(stored_percentage(&place), percentage);
    }
}

#[tokio::test]
async fn a_dragged_percentage_that_meets_another_is_chosen_by_keys() {
    let place = Workplace::new();
    let window = open_rollout(&place).await;
    window.grab("percent-slider").await;
    window.pull_to("percent-slider", 30.0).await;
    let mine = window.slider("percent-slider").await;
    set_elsewhere(&place, &window).await;
    assert_eq!(window.slider("percent-slider").await, mine);

    window.release().await;
    window.until_told("conflict-theirs", "60 %").await;
    window.tab_to("use-mine").await;
    window.press(Key::Enter).await;
    let stored = async || stored_percentage(&place) == mine;
    window.until("what was dragged is stored", stored).await;
}

/// Opens the window on the rollout of all components.
async fn open_rollout(place: &Workplace) -> Window<'_> {
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("row-*").await;
    window
}

/// Sets the percentage by `flagctl` and waits until the window knows.
async fn set_elsewhere(place: &Workplace, window: &Window<'_>) {
    place.flagctl(&["rollout", "--percentage", "60"]);
    window.until_told("row-*", "60 %").await;
}

fn stored_percentage(place: &Workplace) -> f64 {
    let percentage = &place.stored()["rollout"]["percentage"];
    percentage.as_f64().expect("a percentage is a number")
}
