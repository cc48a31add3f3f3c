//! The tree and the rollout editor: changed, saved, refused, taken back, and found again.

use fantoccini::key::Key;

use crate::rig::{Window, Workplace};

#[tokio::test]
async fn a_component_is_switched_on_and_off() {
    let place = Workplace::new();
    let window = place.open().await;
    window.click("nav-flags").await;
    for on in [true, false] {
        window.click("switch-calculator").await;
        let stored = async || place.stored()["components"]["calculator"] == on;
        window.until("the store has it", stored).await;
        let shown = async || window.switch("calculator").await == on.to_string();
        window.until("the switch shows it", shown).await;
    }
}

#[tokio::test]
async fn a_group_stands_for_everything_in_it() {
    let place = Workplace::new();
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("switch-ui.badges").await;
    let mixed = async || window.switch("ui").await == "mixed";
    window.until("the group is partly on", mixed).await;
    window.click("switch-ui").await;
    let stored = async || {
        let ui = &place.stored()["components"]["ui"];
        ui.as_object()
            .is_some_and(|ui| ui.values().all(|on| *on == true))
    };
    window.until("all of it is stored as on", stored).await;
    let shown = async || window.switch("ui.curationPanel").await == "true";
    window.until("it is shown", shown).await;
    assert_eq!(window.switch("calculator").await, "false");
}

#[tokio::test]
async fn a_dragged_slider_saves_once_and_only_when_it_is_let_go() {
    let place = Workplace::new();
    let window = open_rollout(&place).await;
    window.grab("percent-slider").await;
    window.pull_to("percent-slider", 40.0).await;
    assert_eq!(stored_percentage(&place), 0.0);
    window.release().await;
    let saved = async || stored_percentage(&place) >= 40.0;
    window.until("the store has what was dragged", saved).await;
    assert_eq!(
        window.slider("percent-slider").await,
        stored_percentage(&place)
    );
    assert_eq!(revisions(&place), 1);
}

#[tokio::test]
async fn a_typed_percentage_is_saved_to_the_last_digit() {
    let place = Workplace::new();
    let window = open_rollout(&place).await;
    type_percentage(&place, &window, "12.345", 12.345).await;
    assert_eq!(window.slider("percent-slider").await, 12.345);
    assert!(window.field("percent-input").await.contains("12.345"));
}

#[tokio::test]
async fn a_bad_percentage_is_refused_in_a_sentence_and_changes_nothing() {
    let place = Workplace::new();
    let window = open_rollout(&place).await;
    type_percentage(&place, &window, "25", 25.0).await;
    for (bad, word) in [
        ("101", "100"),
        ("-1", "0"),
        ("1.2345", "0.001"),
        ("many", "number"),
    ] {
        window.enter("percent-input", bad).await;
        let told = async || {
            window.shows("percent-error").await && window.text("percent-error").await.contains(word)
        };
        window
            .until(&format!("{bad} is refused with a word of {word}"), told)
            .await;
    }
    type_percentage(&place, &window, "30", 30.0).await;
    let silent = async || !window.shows("percent-error").await;
    window
        .until("the sentence goes once the entry is good", silent)
        .await;
    assert_eq!(revisions(&place), 2);
}

#[tokio::test]
async fn changes_are_undone_and_redone_by_button_and_by_keys() {
    let place = Workplace::new();
    let window = open_rollout(&place).await;
    type_percentage(&place, &window, "10", 10.0).await;
    type_percentage(&place, &window, "20", 20.0).await;
    for (button, percentage) in [
        ("undo", 10.0),
        ("undo", 0.0),
        ("redo", 10.0),
        ("redo", 20.0),
    ] {
        window.click(button).await;
        let shown = async || window.slider("percent-slider").await == percentage;
        window
            .until(&format!("{button} leads to {percentage} %"), shown)
            .await;
        assert_eq!(stored_percentage(&place), percentage);
    }
    window.click("row-*").await;
    window.chord(&[Key::Control], 'z').await;
    let undone = async || window.slider("percent-slider").await == 10.0;
    window.until("Ctrl+Z undoes", undone).await;
    window.chord(&[Key::Control, Key::Shift], 'z').await;
    let redone = async || stored_percentage(&place) == 20.0;
    window.until("Ctrl+Shift+Z redoes", redone).await;
}

#[tokio::test]
async fn a_change_is_told_with_a_way_back() {
    let place = Workplace::new();
    let window = open_rollout(&place).await;
    type_percentage(&place, &window, "25", 25.0).await;
    let told = async || window.shows("toast").await && window.text("toast").await.contains("25");
    window.until("a toast tells the change", told).await;
    assert!(window.text("toast").await.contains("Undo"));
}

#[tokio::test]
async fn a_component_gets_a_rollout_of_its_own_and_gives_it_back() {
    let place = Workplace::new();
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("row-ui.badges").await;
    window.click("scope-own").await;
    window.enter("percent-input", "12.5").await;
    let own = async || place.stored()["rollouts"]["ui.badges"]["percentage"] == 12.5;
    window.until("its own rollout is stored", own).await;
    assert_eq!(stored_percentage(&place), 0.0);
    window.click("strategy-feature").await;
    window
        .until_told("group-needed", "until then nothing changes")
        .await;
    let waiting = &place.stored()["rollouts"]["ui.badges"]["strategy"];
    assert_eq!(*waiting, "canary", "no group is named yet");
    window.enter("group-input", "beta").await;
    let stored = async || place.stored()["rollouts"]["ui.badges"]["strategy"] == "feature";
    window.until("the strategy is stored", stored).await;
    window.click("scope-all").await;
    let given_back = async || place.stored()["rollouts"]["ui.badges"].is_null();
    window
        .until("it follows the document's rollout again", given_back)
        .await;
}

#[tokio::test]
async fn all_off_switches_everything_off_at_once() {
    let place = Workplace::new();
    place.flagctl(&["master", "on"]);
    let window = place.open().await;
    window.click("all-off").await;
    let off = async || place.stored()["enabled"] == false;
    window.until("the master switch is off", off).await;
    window.click("undo").await;
    let on = async || place.stored()["enabled"] == true;
    window.until("undo switches it on again", on).await;
}

#[tokio::test]
async fn a_closed_window_opens_again_with_everything_as_it_was() {
    let place = Workplace::new();
    let window = open_rollout(&place).await;
    type_percentage(&place, &window, "33.333", 33.333).await;
    window.click("switch-tracker").await;
    let stored = async || place.stored()["components"]["tracker"] == true;
    window.until("the store has the component", stored).await;
    window.click("theme-dark").await;
    let before = place.stored();
    let dark = "return getComputedStyle(document.body).color";
    window
        .until("the theme is kept", async || {
            place.preferences().contains("dark")
        })
        .await;
    let colour = window.eval(dark).await;
    window.close().await;

    let window = place.open().await;
    let listed = async || window.shows("row-*").await;
    window.until("the last view is shown", listed).await;
    window.click("row-*").await;
    let shown = async || window.slider("percent-slider").await == 33.333;
    window.until("the rollout is as it was", shown).await;
    assert_eq!(window.switch("tracker").await, "true");
    assert_eq!(window.switch("calculator").await, "false");
    assert_eq!(window.eval(dark).await, colour);
    assert_eq!(place.stored(), before);
    window.click("undo").await;
    let undone = async || window.switch("tracker").await == "false";
    window
        .until("what was done before can still be undone", undone)
        .await;
}

/// Opens the window on the rollout of all components.
async fn open_rollout(place: &Workplace) -> Window<'_> {
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("row-*").await;
    window
}

async fn type_percentage(place: &Workplace, window: &Window<'_>, text: &str, percentage: f64) {
    window.enter("percent-input", text).await;
    let stored = async || stored_percentage(place) == percentage;
    window.until(&format!("{text} % is stored"), stored).await;
}

fn stored_percentage(place: &Workplace) -> f64 {
    let percentage = &place.stored()["rollout"]["percentage"];
    percentage.as_f64().expect("a percentage is a number")
}

fn revisions(place: &Workplace) -> usize {
    let history = place.flagctl(&["history", "--json"]);
    let history: serde_json::Value = serde_json::from_str(&history).expect("JSON");
    history.as_array().expect("a list").len()
}
