//! The demo in the real window: one click starts it, and one takes away everything it left.

use serde_json::{Value, json};

use crate::rig::Workplace;

#[tokio::test]
async fn the_demo_is_started_by_a_click_and_taken_away_again() {
    let place = Workplace::new();
    let before = place.stored();
    let window = place.open().await;
    window
        .until_told("demo-offer", "No application reports yet")
        .await;

    window.click("start-demo").await;
    window.until_told("demo-strip", "The demo is playing").await;
    let sources = || -> Value {
        let listed = place.flagctl(&["state", "list", "--json"]);
        serde_json::from_str(&listed).expect("JSON")
    };
    window
        .until("its state is kept", async || sources() != json!([]))
        .await;
    assert_eq!(sources()[0]["name"], "synthetic-demo");
    assert_eq!(place.stored()["enabled"], true, "its flags are on");

    window.click("remove-demo").await;
    window
        .until_told("remove-demo-dialog", "synthetic-demo")
        .await;
    window.click("remove-demo-now").await;
    window
        .until_told("demo-offer", "No application reports yet")
        .await;
    assert_eq!(sources(), json!([]));
    assert_eq!(place.stored(), before, "flags are as they were");
    assert_eq!(place.history(&[]).len(), 2, "by one more revision");
}
