//! Following the document of a team, which a real second Flagdeck serves: overrides, publishing,
//! a server that ends, and a document that is held.

use serde_json::{Value, json};

use crate::accessibility::assert_accessible;
use crate::rig::team::Team;
use crate::rig::{Window, Workplace};

fn document() -> Value {
    json!({
        "enabled": true,
        "components": {"search": false, "cart": true, "ui": {"badges": false, "hints": true}},
        "rollout": {"percentage": 50, "userGroups": [], "strategy": "canary"},
    })
}

/// Opens the flags of a window that follows a team.
async fn follow<'a>(place: &'a Workplace, team: &Team) -> Window<'a> {
    team.is_followed_at(place);
    let window = place.open().await;
    window.until_told("follow-state", "Up to date").await;
    window.click("nav-flags").await;
    window
}

#[tokio::test]
async fn an_override_is_made_returned_and_published() {
    let (place, team) = (Workplace::new(), Team::serving(&document()));
    let window = follow(&place, &team).await;

    window.click("switch-search").await;
    window.until_told("show-overrides", "1 override").await;
    window.click("row-search").await;
    let entry = "override-/components/search";
    window.until_told(entry, "Followed\nOff").await;
    assert_accessible(&window, "an override").await;
    window.click("return-/components/search").await;
    window.until_gone(entry).await;
    let is_off = async || window.switch("search").await == "false";
    window.until("the followed value is in force", is_off).await;

    window.click("switch-search").await;
    window.until_told("show-overrides", "1 override").await;
    assert_eq!(team.stored()["components"]["search"], json!(false));
    window.run_command("Publish overrides").await;
    window.until_told("publish", "search on").await;
    window.until_focus("publish-cancel").await;
    assert_accessible(&window, "publishing").await;
    window.click("publish-go").await;
    window.until_gone("publish").await;
    window.until_gone("show-overrides").await;
    assert_eq!(team.stored()["components"]["search"], json!(true));
    assert_eq!(place.stored()["components"]["search"], json!(true));
}

#[tokio::test]
async fn a_team_that_is_gone_and_one_that_lost_most_components_change_nothing_unasked() {
    let (place, mut team) = (Workplace::new(), Team::serving(&document()));
    let window = follow(&place, &team).await;

    team.stop();
    window.until_told("follow-state", "Stale since").await;
    window
        .until_told("follow-state", "The last good document stays in force")
        .await;
    assert_eq!(window.switch("cart").await, "true");
    assert_accessible(&window, "stale").await;
    team.start();
    window.click("fetch-now").await;
    window.until_told("follow-state", "Up to date").await;

    let mut small = document();
    small["components"] = json!({"cart": true});
    team.import(&small);
    window.until_told("follow-state", "A change is held").await;
    assert_eq!(window.switch("search").await, "false");
    window.click("review-held").await;
    window
        .until_told("held-loss", "removes 3 of 4 components")
        .await;
    window.until_focus("held-cancel").await;
    assert_accessible(&window, "held").await;
    window.click("held-accept").await;
    window.until_gone("held").await;
    window.until_gone("row-search").await;
    window.until_told("follow-state", "Up to date").await;
}
