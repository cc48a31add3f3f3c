//! Snapshots by keys alone: compared, blamed, restored, undone; and the flags as of the past.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::rig::{Window, Workplace, http};

/// A workplace with a state that was 1, then 2, and a snapshot of each.
fn place() -> Workplace {
    let place = Workplace::new();
    for number in ["1", "2"] {
        place.flagctl(&["state", "set", "--source", "shop", "ml.usage.n", number]);
        place.flagctl(&["snapshot", "take", "--source", "shop"]);
    }
    place
}

fn number(place: &Workplace) -> Value {
    let told = place.flagctl(&["state", "get", "--source", "shop", "ml.usage.n", "--json"]);
    serde_json::from_str(&told).expect("flagctl writes JSON")
}

async fn open(place: &Workplace) -> Window<'_> {
    let window = place.open().await;
    window.write("5").await;
    window.until_told("comparison", "usage").await;
    window
}

#[tokio::test]
async fn a_value_is_copied_by_a_key() {
    let place = place();
    let window = open(&place).await;
    window.click("state-change").await;
    window.write("v").await;
    window.until_told("toast", "copied").await;
}

#[tokio::test]
async fn a_state_is_asked_for_confirmed_and_that_undone_by_keys_alone() {
    let place = place();
    let token = place.flagctl(&["token"]);
    let window = open(&place).await;
    let confirm = async |restore| {
        let status = http::confirm(window.address().await, token.trim(), "shop", restore);
        assert_eq!(status, 200, "restore {restore} is confirmed");
    };
    window.tab_to("compare-restore").await;
    window.press(Key::Enter).await;
    window.until_told("restore-count", "1 value").await;
    window.tab_to("restore-state-now").await;
    window.press(Key::Enter).await;
    window
        .until_told("restore-status", "Waiting for shop")
        .await;
    assert_eq!(number(&place), json!(2), "nothing but the source says so");
    confirm(1).await;
    window
        .until_told("restore-status", "exactly as asked")
        .await;
    assert_eq!(number(&place), json!(1));
    window.tab_to("restore-undo").await;
    window.press(Key::Enter).await;
    window.until_told("restore-status", "Undo").await;
    window
        .until_told("restore-status", "Waiting for shop")
        .await;
    confirm(2).await;
    window
        .until_told("restore-status", "exactly as asked")
        .await;
    assert_eq!(number(&place), json!(2));
    window.close().await;
}

#[tokio::test]
async fn a_restore_is_cancelled_and_told_of_in_activity() {
    let place = place();
    let window = open(&place).await;
    window.run_command("Restore snapshot").await;
    window.until_told("restore-count", "1 value").await;
    window.click("extent-only").await;
    window.click("part-ml.usage.n").await;
    window.until_told("restore-count", "1 value").await;
    window.tab_to("restore-state-now").await;
    window.press(Key::Enter).await;
    window.until_told("restore-status", "ml.usage.n").await;
    window.tab_to("restore-cancel").await;
    window.press(Key::Enter).await;
    window.until_told("restore-status", "Cancelled by").await;
    window.write("6").await;
    window.until_told("restore-row-1", "Cancelled").await;
    window.until_told("restore-details", "ml.usage.n").await;
    window.close().await;
}

#[tokio::test]
async fn a_dialog_is_as_high_as_what_is_in_it_whatever_is_checked() {
    let place = Workplace::new();
    for number in [0, 1] {
        let many: serde_json::Map<_, _> = (0..2000)
            .map(|key| (format!("k{key}"), json!(key * 2 + number)))
            .collect();
        let many = Value::Object(many).to_string();
        place.flagctl(&["state", "set", "--source", "shop", "ml.cache", &many]);
        place.flagctl(&["snapshot", "take", "--source", "shop"]);
    }
    let window = place.open().await;
    window.write("5").await;
    window.until_told("comparison", "cache").await;
    window.resize(1000, 700).await;
    window.tab_to("compare-restore").await;
    window.press(Key::Enter).await;
    window.until_told("restore-count", "2,00").await;
    let spare = window
        .eval(
            "const content = document.querySelector('dialog[open] > .content');
            const end = content.lastElementChild.getBoundingClientRect().bottom;
            return Math.round(content.getBoundingClientRect().bottom - end);",
        )
        .await;
    assert!(
        spare.as_i64().is_some_and(|px| (0..=24).contains(&px)),
        "{spare} px are left over"
    );
    let height = async || {
        window
            .eval("return document.querySelector('dialog[open]').getBoundingClientRect().height;")
            .await
    };
    let before = height().await;
    for part in [
        "extent-only",
        "part-ml.cache",
        "open-ml.cache",
        "part-ml.cache.k3",
    ] {
        window.click(part).await;
        assert_eq!(height().await, before, "{part} was pressed");
    }
    window.until_told("restore-count", "1,999 of 2,000").await;
    assert_eq!(height().await, before);
    window.close().await;
}

#[tokio::test]
async fn what_set_a_value_is_told_by_keys_alone() {
    let place = place();
    let window = open(&place).await;
    window.tab_to("change-group").await;
    window.press(Key::Down).await;
    window.until_focus("state-change").await;
    window.write("b").await;
    window.until_told("blame-panel", "Flagdeck, by").await;
    window.press(Key::Escape).await;
    window.until_gone("blame-panel").await;
    window.close().await;
}

#[tokio::test]
async fn a_state_that_another_program_hands_in_appears() {
    let place = Workplace::new();
    let window = place.open().await;
    window.write("5").await;
    window.until_told("nothing-kept", "No application").await;
    place.flagctl(&["state", "set", "--source", "shop", "ml.usage.n", "7"]);
    window.until_told("snapshots", "shop").await;
    window.close().await;
}

#[tokio::test]
async fn the_flags_of_an_earlier_revision_are_shown_and_cannot_be_changed() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    place.flagctl(&["set", "tracker", "off"]);
    let window = place.open().await;
    window.write("2").await;
    window.chord(&[Key::Control], 't').await;
    window.until_focus("as-of-field").await;
    window.write("r1").await;
    window.press(Key::Enter).await;
    window.until_told("as-of", "Read-only").await;
    window.until_told("as-of", "revision 1").await;
    window.press(Key::Escape).await;
    window.until_gone("as-of").await;
    assert_eq!(place.history(&[]).len(), 2);
    window.close().await;
}
