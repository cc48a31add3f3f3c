//! Snapshots by keys alone: compared, blamed, restored, undone; and the flags as of the past.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::rig::{Window, Workplace};

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
    window.write("4").await;
    window.until_told("comparison", "usage").await;
    window
}

#[tokio::test]
async fn a_state_is_restored_and_that_undone_by_keys_alone() {
    let place = place();
    let window = open(&place).await;
    window.tab_to("compare-restore").await;
    window.press(Key::Enter).await;
    window.until_told("restore-count", "2").await;
    window.tab_to("restore-state-now").await;
    window.press(Key::Enter).await;
    window
        .until("it is as it was", async || number(&place) == json!(1))
        .await;
    window.until_told("restore-status", "waiting").await;
    window.tab_to("restore-undo").await;
    window.press(Key::Enter).await;
    window
        .until("it is as before", async || number(&place) == json!(2))
        .await;
    window.close().await;
}

#[tokio::test]
async fn a_dialog_is_as_high_as_what_is_in_it() {
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
    window.write("4").await;
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
    window.close().await;
}

#[tokio::test]
async fn what_set_a_value_is_told_by_keys_alone() {
    let place = place();
    let window = open(&place).await;
    window.tab_to("state-change").await;
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
    window.write("4").await;
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
