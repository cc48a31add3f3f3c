//! What is known of one component, changed where it stands, and why a user sees it.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::rig::{Window, Workplace};

#[tokio::test]
async fn what_people_should_know_is_stored_field_by_field() {
    let place = Workplace::new();
    let window = open_on(&place, "tracker").await;
    for (field, text) in [
        ("title", "Follows people"),
        ("owner", "Growth team"),
        ("expires", "2031-05-17"),
    ] {
        window.click(&format!("about-{field}")).await;
        window.enter(&format!("about-{field}-input"), text).await;
        let stored = async || place.stored()["about"]["tracker"][field] == text;
        window
            .until(&format!("the {field} is stored"), stored)
            .await;
    }
    for tag in ["launch", "core"] {
        window.enter("tag-input", tag).await;
        window.until_told(&format!("tag-{tag}"), tag).await;
    }
    let known = json!({
        "title": "Follows people",
        "owner": "Growth team",
        "tags": ["launch", "core"],
        "expires": "2031-05-17",
    });
    let stored = async || place.stored()["about"]["tracker"] == known;
    window.until("all of it is stored", stored).await;
    assert_eq!(place.history(&["--component", "tracker"]).len(), 5);
}

#[tokio::test]
async fn a_day_that_does_not_exist_is_refused_and_stays_to_be_mended() {
    let place = Workplace::new();
    let window = open_on(&place, "tracker").await;
    window.click("about-expires").await;
    window.enter("about-expires-input", "2031-02-30").await;
    window.until_told("about", "There is no such day").await;
    assert_eq!(window.field("about-expires-input").await, "2031-02-30");
    assert!(place.history(&[]).is_empty(), "nothing was stored");
    window.enter("about-expires-input", "2031-02-28").await;
    let stored = async || place.stored()["about"]["tracker"]["expires"] == "2031-02-28";
    window.until("the mended day is stored", stored).await;
}

#[tokio::test]
async fn a_requirement_that_would_go_in_a_circle_cannot_be_chosen() {
    let place = Workplace::new();
    let mut document = place.stored();
    document["requires"] = json!({ "orchestrator": ["tracker"], "tracker": ["calculator"] });
    place.import(&document);
    let window = open_on(&place, "calculator").await;
    window.click("requires-input").await;
    window.write("orchestrator").await;
    window
        .until_told("requires", "requires it already, through tracker")
        .await;
    let option =
        "return document.querySelector('[data-testid=requires] [role=option]').ariaDisabled";
    assert_eq!(window.eval(option).await, "true");
    window.press(Key::Enter).await;
    window.press(Key::Escape).await;
    window.press(Key::Escape).await;

    window.write("dashboard").await;
    window.press(Key::Enter).await;
    let stored = async || place.stored()["requires"]["calculator"] == json!(["ui.dashboard"]);
    window
        .until("only what makes no circle is stored", stored)
        .await;
}

#[tokio::test]
async fn a_user_is_explained_by_keys_alone_and_anew_as_things_change() {
    let place = Workplace::new();
    place.flagctl(&["master", "on"]);
    place.flagctl(&["set", "calculator", "on"]);
    let window = place.open().await;
    window.write("2").await;
    window.tab_to("row-*").await;
    window.press(Key::Down).await;
    window.press(Key::Enter).await;
    window.write("e").await;
    window.until_focus("explain-user").await;
    window.write("user0").await;
    window.until_told("decision", "Off for user0").await;
    window
        .until_told("decision", "calculator is switched on")
        .await;
    let bucket = explained_bucket(&place);
    window.until_told("decision", &bucket).await;

    place.flagctl(&["rollout", "--percentage", "100"]);
    window.until_told("decision", "On for user0").await;
    assert_eq!(window.focus().await, "explain-user");
    assert_eq!(window.field("explain-user").await, "user0");
}

#[tokio::test]
async fn a_group_in_use_elsewhere_is_completed() {
    let place = Workplace::new();
    place.flagctl(&["rollout", "--groups", "beta-testers"]);
    place.flagctl(&["rollout", "ui.badges", "--groups", ""]);
    let window = open_on(&place, "ui.badges").await;
    window.click("group-input").await;
    window.write("bet").await;
    window.until_told("rollout-editor", "beta-testers").await;
    window.press(Key::Down).await;
    window.press(Key::Enter).await;
    let stored =
        async || place.stored()["rollouts"]["ui.badges"]["userGroups"] == json!(["beta-testers"]);
    window.until("the whole name is stored", stored).await;
    window
        .until_told("group-beta-testers", "beta-testers")
        .await;
}

/// Opens the window on the details of a component.
async fn open_on<'a>(place: &'a Workplace, component: &str) -> Window<'a> {
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click(&format!("row-{component}")).await;
    window.until_told("explain", "Off for").await;
    window
}

/// The bucket of `user0` for the calculator, as people write the number.
fn explained_bucket(place: &Workplace) -> String {
    let explained = place.flagctl(&["explain", "calculator", "--user", "user0", "--json"]);
    let explained: Value = serde_json::from_str(&explained).expect("JSON");
    let bucket = explained["bucket"].as_u64().expect("a bucket");
    format!("{},{:03}", bucket / 1000, bucket % 1000)
}
