//! The tree as people shape it: added to, renamed, moved, removed from, marked and filtered.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::rig::{Window, Workplace};

#[tokio::test]
async fn a_component_is_added_together_with_the_groups_its_path_names() {
    let place = Workplace::new();
    let window = open_flags(&place).await;
    window.click("add-component").await;
    window.enter("name", "calculator").await;
    window.until_told("name-note", "already").await;
    assert!(place.history(&[]).is_empty(), "nothing was stored");

    window.enter("name", "search.ranking").await;
    let stored = async || place.stored()["components"]["search"]["ranking"] == false;
    window.until("it is stored, off", stored).await;
    window.until_gone("add-dialog").await;
    let chosen = async || {
        window
            .attribute("row-search.ranking", "aria-selected")
            .await
            == "true"
    };
    window.until("the tree shows it", chosen).await;
    assert_eq!(place.history(&[]).len(), 1);
}

#[tokio::test]
async fn a_renamed_component_keeps_its_rollout_requirements_and_history() {
    let place = Workplace::new();
    place.import(&with_requirements());
    place.flagctl(&["rollout", "ui.badges", "--percentage", "25"]);
    let window = open_flags(&place).await;
    window.click("menu-ui.badges").await;
    window.click("menu-rename").await;
    window.enter("name", "marks").await;
    let renamed = async || place.stored()["components"]["ui"]["marks"] == true;
    window
        .until("it is stored under its other name", renamed)
        .await;

    let stored = place.stored();
    assert_eq!(stored["components"]["ui"].get("badges"), None);
    assert_eq!(stored["rollouts"]["ui.marks"]["percentage"], 25.0);
    assert_eq!(stored["requires"]["ui.marks"], json!(["tracker"]));
    assert_eq!(stored["requires"]["orchestrator"], json!(["ui.marks"]));

    let history = place.history(&["--component", "ui.marks"]);
    assert_eq!(numbers(&history), [3, 2, 1]);
    assert_eq!(place.history(&["--component", "ui.badges"]), history);
    let listed = async || window.shows("history-2").await && window.shows("history-3").await;
    window
        .until("the details list what came before", listed)
        .await;
}

#[tokio::test]
async fn what_another_requires_is_removed_after_a_question_and_comes_back_whole() {
    let place = Workplace::new();
    place.import(&with_requirements());
    let before = place.stored();
    let window = open_flags(&place).await;
    window.click("menu-ui.badges").await;
    window.click("menu-remove").await;
    window.until_told("dependents", "orchestrator").await;
    window.click("go-on").await;
    let removed = async || place.stored()["components"]["ui"].get("badges").is_none();
    window.until("it is removed", removed).await;
    assert_eq!(place.stored()["requires"].get("orchestrator"), None);
    assert_eq!(place.history(&[]).len(), 2);

    window.click("undo").await;
    let back = async || place.stored() == before;
    window
        .until("one step back brings everything back", back)
        .await;
}

#[tokio::test]
async fn all_that_is_marked_is_switched_off_in_one_step() {
    let place = Workplace::new();
    place.import(&with_requirements());
    let before = place.stored();
    let window = open_flags(&place).await;
    window.click("row-calculator").await;
    window.click_holding(Key::Control, "row-tracker").await;
    window.click_holding(Key::Control, "row-ui").await;
    window.until_told("bulk-count", "5").await;
    window.click("bulk-off").await;
    let off = async || {
        let components = &place.stored()["components"];
        components["calculator"] == false
            && components["tracker"] == false
            && components["ui"] == json!({ "badges": false, "dashboard": false, "panel": false })
    };
    window.until("all of them are off", off).await;
    assert_eq!(place.stored()["components"]["orchestrator"], true);
    assert_eq!(place.history(&[]).len(), 2);

    window.click("undo").await;
    let back = async || place.stored() == before;
    window
        .until("one step back switches them on again", back)
        .await;
}

#[tokio::test]
async fn a_tag_leaves_only_what_bears_it() {
    let place = Workplace::new();
    let mut document = with_requirements();
    document["about"] = json!({
        "ui.badges": { "tags": ["launch"] },
        "tracker": { "tags": ["core"], "title": "Follows people" },
    });
    place.import(&document);
    let window = open_flags(&place).await;
    window.click("labels").await;
    window.click("label-launch").await;
    window.until_gone("row-tracker").await;
    assert!(window.shows("row-ui.badges").await);
    assert!(!window.shows("row-ui.dashboard").await);
    window.press(Key::Escape).await;
    window.click("clear-labels").await;
    let all = async || window.shows("row-tracker").await;
    window.until("everything is listed again", all).await;

    window.write("/").await;
    window.until_focus("filter").await;
    window.write("follows").await;
    window.until_gone("row-calculator").await;
    assert!(window.shows("row-tracker").await, "its title has the word");
}

#[tokio::test]
async fn a_component_is_added_moved_renamed_and_removed_by_keys_alone() {
    let place = Workplace::new();
    let window = place.open().await;
    window.write("2").await;
    window.tab_to("row-*").await;
    window.chord(&[Key::Control], 'n').await;
    window.until_focus("name").await;
    window.write("search").await;
    window.press(Key::Enter).await;
    window.until_focus("row-search").await;
    assert_eq!(place.stored()["components"]["search"], false);

    window.chord(&[Key::Control, Key::Shift], 'm').await;
    window.until_focus("group").await;
    window.write("ui").await;
    window.press(Key::Enter).await;
    window.until_focus("row-ui.search").await;
    assert_eq!(place.stored()["components"]["ui"]["search"], false);

    window.press(Key::F2).await;
    window.until_focus("name").await;
    window.write("finder").await;
    window.press(Key::Enter).await;
    window.until_focus("row-ui.finder").await;
    assert_eq!(place.stored()["components"]["ui"]["finder"], false);

    window.press(Key::Delete).await;
    let removed = async || place.stored()["components"]["ui"].get("finder").is_none();
    window.until("Delete removes it", removed).await;
    assert!(window.focus().await.starts_with("row-"));
    window.chord(&[Key::Control], 'z').await;
    let back = async || place.stored()["components"]["ui"]["finder"] == false;
    window.until("Ctrl+Z brings it back", back).await;
}

async fn open_flags(place: &Workplace) -> Window<'_> {
    let window = place.open().await;
    window.click("nav-flags").await;
    window
}

/// Everything on; `orchestrator` requires `ui.badges`, which requires `tracker`.
fn with_requirements() -> Value {
    json!({
        "enabled": true,
        "components": {
            "calculator": true,
            "tracker": true,
            "orchestrator": true,
            "ui": { "badges": true, "dashboard": true, "panel": true },
        },
        "requires": { "ui.badges": ["tracker"], "orchestrator": ["ui.badges"] },
    })
}

fn numbers(history: &[Value]) -> Vec<u64> {
    let numbers = history.iter().map(|revision| revision["revision"].as_u64());
    numbers.flatten().collect()
}
