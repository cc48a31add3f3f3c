//! The data folder is removed or replaced under the open window, which says so and puts it back.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::rig::{Window, Workplace};

/// The window's data folder, with one revision in it.
async fn open_with_a_revision(place: &Workplace) -> (Window<'_>, PathBuf) {
    place.flagctl(&["set", "calculator", "on"]);
    let window = place.open_for_pictures().await;
    window.until_told("source", "Local store").await;
    (window, place.data_dir())
}

#[tokio::test]
async fn a_removed_data_folder_is_told_and_written_back() {
    let place = Workplace::new();
    let (window, data) = open_with_a_revision(&place).await;
    fs::remove_dir_all(&data).expect("the folder is removed");
    window.until_told("source", "Not saved").await;
    window
        .until_told("store-gone", "was removed while Flagdeck had it open")
        .await;
    window.picture("store-gone").await;

    window.click("all-off").await;
    window.until_told("toast", "in force, not stored").await;
    window
        .until_told("store-gone", "in force, not stored")
        .await;
    window.click("write-back").await;
    window.until_gone("store-gone").await;
    window.until_told("source", "Local store").await;
    let history = place.history(&[]);
    assert!(!history.is_empty(), "{history:?}");
    place.flagctl(&["undo"]);
    window.close().await;
}

#[tokio::test]
async fn a_store_in_its_place_is_shown_and_used_when_the_person_says_so() {
    let place = Workplace::new();
    place.prefer(&json!({ "isToured": true, "theme": "dark" }));
    let (window, data) = open_with_a_revision(&place).await;
    // Made elsewhere: no command begins a store in the place of one that is still open.
    let other = Workplace::new();
    other.flagctl(&["set", "tracker", "on"]);
    other.flagctl(&["set", "orchestrator", "on"]);
    fs::rename(&data, data.with_extension("away")).expect("the folder is moved");
    fs::rename(other.data_dir(), &data).expect("another one takes its place");
    window
        .until_told("store-gone", "was replaced while Flagdeck had it open")
        .await;
    window
        .until_told("store-gone", "2 revisions; latest: orchestrator on")
        .await;
    window.picture("store-replaced").await;
    window.click("use-new-store").await;
    window.until_gone("store-gone").await;
    window.until_told("revision", "Revision 2").await;
    window.close().await;
}
