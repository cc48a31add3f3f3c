//! The window without a pointer.

use fantoccini::key::Key;

use crate::rig::Workplace;

#[tokio::test]
async fn a_component_is_switched_and_rolled_out_by_keys_alone() {
    let place = Workplace::new();
    let window = place.open().await;
    window.tab_to("nav-flags").await;
    window.press(Key::Enter).await;
    let listed = async || window.shows("row-*").await;
    window.until("the flags are shown", listed).await;

    window.tab_to("row-*").await;
    window.press(Key::Down).await;
    let moved = async || window.focus().await == "row-calculator";
    window
        .until("the arrow moves to the first component", moved)
        .await;
    window.press(Key::Space).await;
    let switched = async || place.stored()["components"]["calculator"] == true;
    window.until("Space switches it on", switched).await;

    window.press(Key::Up).await;
    let moved = async || window.focus().await == "row-*";
    window.until("the arrow moves back", moved).await;
    window.tab_to("percent-slider").await;
    window.press(Key::Right).await;
    window.press(Key::Right).await;
    let saved = async || place.stored()["rollout"]["percentage"].as_f64() == Some(2.0);
    window.until("two presses make two per cent", saved).await;
}

#[tokio::test]
async fn escape_puts_a_moved_slider_back() {
    let place = Workplace::new();
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("row-*").await;
    window.grab("percent-slider").await;
    window.pull_to("percent-slider", 40.0).await;
    window.press(Key::Escape).await;
    let back = async || window.slider("percent-slider").await == 0.0;
    window.until("the slider is back", back).await;
    window.release().await;
    window.click("switch-tracker").await;
    let switched = async || place.stored()["components"]["tracker"] == true;
    window.until("a later change is stored", switched).await;
    assert_eq!(place.stored()["rollout"]["percentage"].as_f64(), Some(0.0));
}

#[tokio::test]
async fn ten_thousand_components_are_walked_from_the_first_to_the_last() {
    let place = Workplace::new();
    let file = place.data_dir().with_extension("json");
    std::fs::write(&file, ten_thousand_components()).expect("a file beside the data folder");
    let import = ["import", file.to_str().expect("a path of letters")];
    place.flagctl(&import);
    let window = place.open().await;
    window.click("nav-flags").await;
    window.tab_to("row-*").await;
    window.press(Key::End).await;
    let last = async || window.focus().await == "row-g99.c99";
    window.until("End brings the last one", last).await;
    window.press(Key::Space).await;
    let switched = async || place.stored()["components"]["g99"]["c99"] == true;
    window.until("Space switches it on", switched).await;
    let rows = "return document.querySelectorAll('[data-testid^=row-]').length";
    let rows = window.eval(rows).await.as_u64().expect("a number of rows");
    assert!(rows < 200, "{rows} rows are in the page");
    window.press(Key::Home).await;
    let first = async || window.focus().await == "row-*";
    window.until("Home brings the first one", first).await;
}

fn ten_thousand_components() -> String {
    let group = |g: usize| {
        let names: Vec<String> = (0..100).map(|c| format!("\"c{c}\":false")).collect();
        format!("\"g{g}\":{{{}}}", names.join(","))
    };
    let groups: Vec<String> = (0..100).map(group).collect();
    format!("{{\"components\":{{{}}}}}", groups.join(","))
}
