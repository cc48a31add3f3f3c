//! The window beside the other faces on one data folder: each sees what the others do.

use serde_json::json;

use crate::rig::Workplace;

#[tokio::test]
async fn a_change_by_flagctl_appears_in_the_open_window() {
    let place = Workplace::new();
    let window = place.open().await;
    window.click("nav-flags").await;
    let listed = async || window.switch("calculator").await == "false";
    window.until("the component is shown, off", listed).await;
    window.eval("window.neverReloaded = true").await;

    place.flagctl(&["set", "calculator", "on"]);
    let appeared = async || window.switch("calculator").await == "true";
    window.until("the switch moves by itself", appeared).await;
    assert_eq!(
        window.eval("return window.neverReloaded").await,
        json!(true)
    );
}

#[tokio::test]
async fn a_change_in_the_window_is_served_and_read_by_others() {
    let place = Workplace::new();
    let window = place.open().await;
    assert_eq!(
        window.get("/api/ml/flags").await["components"]["tracker"],
        json!(false)
    );
    window.click("nav-flags").await;
    window.click("switch-tracker").await;
    let served = async || window.get("/api/ml/flags").await["components"]["tracker"] == true;
    window.until("the change is served", served).await;
    assert_eq!(place.stored()["components"]["tracker"], json!(true));
}
