//! The first view: what `ml-dashboard.html` promised, in both themes.

use serde_json::json;

use crate::rig::{Window, Workplace};

#[tokio::test]
async fn the_window_opens_on_the_dashboard_with_its_three_cards() {
    let place = Workplace::new();
    let window = place.open().await;
    for id in [
        "dashboard",
        "feature-flags-status",
        "performance-metrics",
        "state-health",
    ] {
        let shown = async || window.shows_css(&format!("#{id}")).await;
        window.until(&format!("#{id} is shown"), shown).await;
    }
    let cards = "return document.querySelectorAll('#dashboard .metrics-grid .metric-card').length";
    assert_eq!(window.eval(cards).await, json!(3));
    let heading = "return document.querySelector('h1').textContent.trim()";
    assert_eq!(window.eval(heading).await, "ML Infrastructure Status");
}

#[tokio::test]
async fn the_master_switch_stands_on_the_dashboard_too() {
    let place = Workplace::new();
    let window = place.open().await;
    window.click("master-switch").await;
    window
        .until("the master switch is stored", async || {
            place.stored()["enabled"] == true
        })
        .await;
    let switched = async || window.attribute("master-switch", "aria-checked").await == "true";
    window.until("the switch shows it", switched).await;
}

#[tokio::test]
async fn both_views_have_a_light_and_a_dark_face() {
    let place = Workplace::new();
    place.flagctl(&["master", "on"]);
    place.flagctl(&["set", "calculator", "on"]);
    place.flagctl(&["set", "ui.badges", "on"]);
    place.flagctl(&["rollout", "--percentage", "50"]);
    place.flagctl(&[
        "rollout",
        "ui.badges",
        "--percentage",
        "12.5",
        "--groups",
        "beta",
    ]);
    let window = place.open_for_pictures().await;
    window.resize(1280, 800).await;
    for theme in ["light", "dark"] {
        window.click("nav-dashboard").await;
        window.click(&format!("theme-{theme}")).await;
        let dressed = async || (text_is_bright(&window).await) == (theme == "dark");
        window
            .until(&format!("the window is {theme}"), dressed)
            .await;
        let told = async || window.page_text().await.contains("50");
        window.until("the dashboard tells the rollout", told).await;
        window.picture(&format!("dashboard-{theme}")).await;
        window.click("nav-flags").await;
        window.click("row-ui.badges").await;
        let told = async || window.slider("percent-slider").await == 12.5;
        window
            .until("the editor shows the component's rollout", told)
            .await;
        window.picture(&format!("flags-{theme}")).await;
    }
}

#[tokio::test]
async fn nothing_the_page_does_offends_its_own_security_policy() {
    let place = Workplace::new();
    let window = place.open().await;
    window
        .eval(
            "window.offences = [];
            document.addEventListener('securitypolicyviolation', (offence) => {
                window.offences.push(`${offence.violatedDirective} ${offence.blockedURI}`);
            })",
        )
        .await;
    for part in [
        "nav-flags",
        "row-*",
        "switch-calculator",
        "theme-dark",
        "nav-dashboard",
    ] {
        window.click(part).await;
    }
    assert_eq!(window.eval("return window.offences").await, json!([]));
}

/// Tells light text, as on a dark ground, from dark text.
async fn text_is_bright(window: &Window<'_>) -> bool {
    let script = "return getComputedStyle(document.body).color.match(/[0-9.]+/g).map(Number)";
    let colour = window.eval(script).await;
    let channels = colour.as_array().expect("a colour has channels");
    let sum: f64 = channels
        .iter()
        .take(3)
        .filter_map(serde_json::Value::as_f64)
        .sum();
    sum > 1.5 * 255.0
}
