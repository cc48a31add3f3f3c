//! The window as a part of the desktop: its menu and keys, its place, one of it, its end; and
//! everything off while its page hangs.

use std::time::Duration;

use fantoccini::key::Key;
use serde_json::json;

use crate::rig::{Window, Workplace, http};

#[tokio::test]
async fn the_emergency_key_turns_everything_off_while_the_page_hangs() {
    let place = Workplace::new();
    place.flagctl(&["master", "on"]);
    let window = place.open().await;
    let address = window.address().await;
    assert_eq!(http::get(address, "/api/ml/flags")["enabled"], true);
    window.hang().await;
    window.strike("ctrl+shift+0");
    let off = || http::get(address, "/api/ml/flags")["enabled"] == false;
    window.until_outside("everything is off", off).await;
    let stored = || place.stored()["enabled"] == false;
    window.until_outside("it is stored", stored).await;
}

#[tokio::test]
async fn the_emergency_key_is_told_with_a_way_back() {
    let place = Workplace::new();
    place.flagctl(&["master", "on"]);
    let window = place.open().await;
    let on = async || window.attribute("master-switch", "aria-checked").await == "true";
    window.until("the master switch is on", on).await;
    window.strike("ctrl+shift+0");
    let told = async || window.shows("toast").await && window.text("toast").await.contains("off");
    window.until("a toast tells it", told).await;
    window.strike("ctrl+z");
    window.until("undo turns everything on again", on).await;
}

#[tokio::test]
async fn keys_of_the_menu_do_a_thing_once() {
    let place = Workplace::new();
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("row-*").await;
    for percentage in [10.0, 20.0, 30.0] {
        window.enter("percent-input", &percentage.to_string()).await;
        let stored = async || place.stored()["rollout"]["percentage"].as_f64() == Some(percentage);
        window.until("it is stored", stored).await;
    }
    for (keys, per_cent) in [
        ("ctrl+z", 20.0),
        ("ctrl+z", 10.0),
        ("ctrl+shift+z", 20.0),
        ("ctrl+shift+z", 30.0),
    ] {
        window.strike(keys);
        let reached = async || window.slider("percent-slider").await == per_cent;
        window
            .until(&format!("{keys} leads to {per_cent} %"), reached)
            .await;
    }
    let history = place.flagctl(&["history", "--json"]);
    let history: serde_json::Value = serde_json::from_str(&history).expect("JSON");
    assert_eq!(history.as_array().map(Vec::len), Some(7));
}

#[tokio::test]
async fn undo_from_the_menu_means_the_text_where_one_types() {
    let place = Workplace::new();
    place.flagctl(&["rollout", "--percentage", "10"]);
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("row-*").await;
    window.click("percent-input").await;
    window.chord(&[Key::Control], 'a').await;
    window.write("77").await;
    window.strike("ctrl+z");
    let back = async || !window.field("percent-input").await.contains("77");
    window.until("the text is as it was", back).await;
    assert_eq!(place.stored()["rollout"]["percentage"], json!(10));
}

#[tokio::test]
async fn the_size_of_text_and_of_the_window_are_as_they_were_left() {
    let place = Workplace::new();
    let window = place.open().await;
    window.resize(1300, 700).await;
    for _ in 0..3 {
        window.strike("ctrl+plus");
    }
    // A window of 1300 pixels shows 1000 where each is drawn at 130 %.
    let larger = async || window.eval("return innerWidth").await == json!(1000);
    window.until("the text is larger", larger).await;
    let kept = async || place.preferences().contains("130");
    window.until("that is kept", kept).await;
    window.quit().await;
    let left_behind = place.data_dir().join("window.sock");
    assert!(!left_behind.exists(), "it came to its end");

    let window = place.open().await;
    let as_left = async || window.eval("return innerWidth").await == json!(1000);
    window.until("both are as they were", as_left).await;
}

#[tokio::test]
async fn a_second_start_shows_the_window_that_is_open_and_ends() {
    let place = Workplace::new();
    let window = place.open().await;
    assert!(!window.is_in_front(), "nobody gave it the keyboard yet");
    let second = place.start_again().await;
    assert_eq!(second.code(), Some(0));
    let shown = || window.is_in_front();
    window.until_outside("the window is in front", shown).await;
    assert!(window.is_open());
}

#[tokio::test]
async fn a_killed_window_is_no_obstacle_to_the_next() {
    let place = Workplace::new();
    drop(place.open().await);
    assert!(place.data_dir().join("window.sock").exists());
    let window = place.open().await;
    assert!(window.is_open());
}

#[tokio::test]
async fn the_window_asks_before_it_closes_over_what_is_unsaved_and_closes_when_told_twice() {
    let place = Workplace::new();
    let window = place.open().await;
    leave_something_unsaved(&window).await;
    window.strike("ctrl+q");
    let asked = async || window.shows("closing").await;
    window.until("the window asks", asked).await;
    assert!(window.is_open());
    window.strike("ctrl+q");
    window.strike("ctrl+q");
    assert!(window.is_open(), "a key that is held is no answer");
    // A real pause: an answer counts only if the question was shown for a second.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    window.strike("ctrl+q");
    let closed = || !window.is_open();
    window.until_outside("the window closes", closed).await;
}

#[tokio::test]
async fn a_window_whose_page_hangs_closes_whatever_is_unsaved() {
    let place = Workplace::new();
    let window = place.open().await;
    leave_something_unsaved(&window).await;
    window.hang().await;
    window.strike("ctrl+q");
    let closed = || !window.is_open();
    window.until_outside("the window closes", closed).await;
}

#[tokio::test]
async fn a_document_is_written_and_read_through_the_desktops_dialogs() {
    let place = Workplace::new();
    let file = place.data_dir().with_file_name("flags.json");
    let window = place.open().await;
    call(
        &window,
        "save_file",
        json!({"name": "f.json", "text": "{}"}),
    )
    .await;
    window.answer_dialog("Export the document", &file).await;
    let written = async || window.eval("return window.answer").await == json!(file);
    window.until("the page is told the place", written).await;
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), "{}");

    call(&window, "choose_file", json!({})).await;
    window.answer_dialog("Import a document", &file).await;
    let chosen = json!({"name": "flags.json", "text": "{}", "leftOut": []});
    let read = async || window.eval("return window.answer").await == chosen;
    window.until("the page is told the text", read).await;
}

/// Has the page call a command, and note the answer.
async fn call(window: &Window<'_>, command: &str, arguments: serde_json::Value) {
    let script = format!(
        "const answered = window.__TAURI_INTERNALS__.invoke('{command}', {arguments});
        answered.then((answer) => {{ window.answer = answer; }});"
    );
    window.eval(&script).await;
}

/// Types into the document's text without saving it, and waits until the backend knows.
async fn leave_something_unsaved(window: &Window<'_>) {
    let filled = async || window.shows_css("#dashboard").await;
    window.until("the page is filled", filled).await;
    window.strike("ctrl+j");
    window.click("json-text").await;
    window.write("x").await;
    // Answered after what the page has said before.
    call(window, "preferences", json!({})).await;
    let answered = async || window.eval("return window.answer?.zoom").await == json!(100);
    window.until("the backend answers", answered).await;
}
