//! Nothing goes live by accident: not by another program that takes the keyboard, not by closing,
//! not by a key that acts on what is not shown.

use fantoccini::key::Key;
use serde_json::json;

use crate::rig::{Window, Workplace};

#[tokio::test]
async fn a_half_typed_percentage_outlives_another_program_and_is_asked_about_before_closing() {
    let place = Workplace::new();
    let _manager = place.manage_windows();
    let window = place.open().await;
    type_half_a_percentage(&window).await;
    let before = place.stored();

    let other = place.open_another_program().await;
    assert!(!window.is_in_front(), "another program has the keyboard");
    window.until_told("percent-note", "Unsaved").await;
    assert_eq!(place.stored(), before);
    assert_eq!(window.field("percent-input").await, "7");
    drop(other);

    window.ask_to_close();
    window.until_told("closing", "Percentage of all").await;
    assert!(window.is_open());
    assert_eq!(place.stored(), before);
    // By keys of the display: the driver does not answer for a window that is gone.
    window.until_focus("keep-editing").await;
    window.strike("shift+Tab");
    window.until_focus("close-anyway").await;
    window.strike("Return");
    let closed = || !window.is_open();
    window.until_outside("it closes at once", closed).await;
    assert_eq!(place.stored(), before);
    assert!(place.history(&[]).is_empty());
}

#[tokio::test]
async fn a_window_with_nothing_unsaved_closes_at_the_first_request() {
    let place = Workplace::new();
    let _manager = place.manage_windows();
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("row-*").await;
    // What is saved, and what is discarded, is nothing to ask about.
    window.enter("percent-input", "3").await;
    let saved = async || place.stored()["rollout"]["percentage"] == json!(3);
    window.until("it is saved", saved).await;
    window.click("percent-input").await;
    window.write("9").await;
    window.press(Key::Escape).await;
    window.until_gone("percent-discard").await;
    window.ask_to_close();
    let closed = || !window.is_open();
    window.until_outside("it closes", closed).await;
    assert_eq!(place.stored()["rollout"]["percentage"], json!(3));
}

#[tokio::test]
async fn a_name_that_is_typed_in_a_dialog_is_asked_about_before_closing() {
    let place = Workplace::new();
    let _manager = place.manage_windows();
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("row-*").await;
    window.chord(&[Key::Control], 'n').await;
    window.until_focus("name").await;
    window.write("sonar").await;
    window.ask_to_close();
    window.until_told("closing", "sonar").await;
    window.click("keep-editing").await;
    window.until_gone("closing").await;
    assert_eq!(window.field("name").await, "sonar");
    assert!(window.is_open());
}

#[tokio::test]
async fn a_window_ends_by_a_signal_whatever_is_unsaved() {
    let place = Workplace::new();
    let window = place.open().await;
    type_half_a_percentage(&window).await;
    window.terminate();
    let ended = || !window.is_open();
    window.until_outside("it ends", ended).await;
    assert!(place.history(&[]).is_empty());
}

#[tokio::test]
async fn an_edit_key_acts_on_the_row_that_the_arrows_went_to_and_the_details_show() {
    let place = Workplace::new();
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("row-calculator").await;
    window.press(Key::Down).await;
    window.until_focus("row-tracker").await;
    let shown = async || window.attribute("row-tracker", "aria-current").await == "true";
    window.until("the details follow", shown).await;
    window.press(Key::Delete).await;
    let removed = async || place.stored()["components"].get("tracker").is_none();
    window.until("what is shown is removed", removed).await;
    assert_eq!(place.stored()["components"]["calculator"], false);
    let neighbour = async || window.focus().await == "row-orchestrator";
    window
        .until("the next row has the keyboard", neighbour)
        .await;
    let shown = window.attribute("row-orchestrator", "aria-current").await;
    assert_eq!(shown, "true");
}

#[tokio::test]
async fn undo_in_the_settings_changes_no_flag_and_undo_of_another_programs_change_asks() {
    let place = Workplace::new();
    place.flagctl(&["rollout", "--percentage", "10"]);
    let window = place.open().await;
    window.click("nav-settings").await;
    window.strike("ctrl+z");
    window
        .until_told("toast", "Nothing to undo in Settings")
        .await;
    window.click("nav-flags").await;
    window.click("row-*").await;
    window.strike("ctrl+z");
    window.until_told("step-dialog", "with flagctl").await;
    assert_eq!(place.stored()["rollout"]["percentage"], json!(10));
    window.click("step-go").await;
    let undone = async || place.stored()["rollout"]["percentage"] == json!(0);
    window
        .until("it is taken back once confirmed", undone)
        .await;
}

#[tokio::test]
async fn a_double_click_on_a_switch_turns_it_once() {
    const TRIES_MAX: usize = 20;
    for _ in 0..TRIES_MAX {
        let place = Workplace::new();
        let window = place.open().await;
        window.click("nav-flags").await;
        // Two clicks with a pause between them turn it twice: nothing is shown by that.
        if !window.double_click("switch-tracker").await {
            continue;
        }
        let stored = async || place.stored()["components"]["tracker"] == true;
        window.until("it is stored", stored).await;
        // The window is told of what is stored, a moment later on a busy machine.
        let shown = async || window.switch("tracker").await == "true";
        window.until("it is shown", shown).await;
        assert_eq!(place.history(&[]).len(), 1);
        return;
    }
    panic!("this machine was too slow for a double click, {TRIES_MAX} times");
}

/// Types over the percentage of all components and confirms nothing.
async fn type_half_a_percentage(window: &Window<'_>) {
    window.click("nav-flags").await;
    window.click("row-*").await;
    window.click("percent-input").await;
    window.chord(&[Key::Control], 'a').await;
    window.write("7").await;
    window.until_told("percent-note", "Unsaved").await;
}
