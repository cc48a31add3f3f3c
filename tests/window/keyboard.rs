//! The window without a pointer.

use fantoccini::key::Key;

use crate::rig::{Window, Workplace};

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

/// Presses Tab until a part has the keyboard, and shows that it has.
async fn go_to(window: &Window<'_>, part: &str) {
    window.tab_to(part).await;
    assert_seen(window).await;
}

/// Waits until a part has the keyboard without a key pressed for that, and shows that it has.
async fn stay_at(window: &Window<'_>, part: &str) {
    window.until_focus(part).await;
    assert_seen(window).await;
}

async fn assert_seen(window: &Window<'_>) {
    // The outline of a field goes around the unit beside it, too.
    let script = "const part = document.activeElement;
        const isOutlined = (it) => getComputedStyle(it).outlineStyle !== 'none';
        return part.matches(':focus-visible') && [part, part.parentElement].some(isOutlined)";
    let is_outlined = window.eval(script).await;
    assert_eq!(is_outlined, true, "the focus on {}", window.focus().await);
    // What appears above may push it away again after Tab brought it into view.
    let script = "const part = document.activeElement;
        part.scrollIntoView({ block: 'nearest' });
        const { top, bottom } = part.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight";
    let in_view = async || window.eval(script).await == true;
    window
        .until("what has the keyboard is in view", in_view)
        .await;
}

#[tokio::test]
async fn a_newcomer_gets_from_the_tour_to_a_removed_demo_by_keys_alone() {
    let place = Workplace::never_used();
    let window = place.open().await;
    window.resize(1000, 700).await;
    window.until_told("tour", "1 of 3").await;
    go_to(&window, "tour-next").await;
    for _ in 0..3 {
        window.press(Key::Enter).await;
    }
    window.until_gone("tour").await;

    go_to(&window, "start-demo").await;
    go_to(&window, "open-sample").await;
    go_to(&window, "connect-first").await;
    window.chord(&[Key::Shift], char::from(Key::Tab)).await;
    window.chord(&[Key::Shift], char::from(Key::Tab)).await;
    stay_at(&window, "start-demo").await;
    window.press(Key::Enter).await;
    stay_at(&window, "stop-demo").await;
    window.until_told("sources", "synthetic").await;
    let began = place.stored();
    go_to(&window, "master-switch").await;
    go_to(&window, "card-undo").await;
    go_to(&window, "recent-1").await;

    window.write("2").await;
    switch_and_roll_out(&place, &window).await;
    assert_eq!(place.stored(), began, "all of it is undone");
    copy_a_recipe(&window).await;

    window.write("1").await;
    go_to(&window, "stop-demo").await;
    window.press(Key::Enter).await;
    stay_at(&window, "start-demo").await;
    go_to(&window, "remove-demo").await;
    window.press(Key::Enter).await;
    window
        .until_told("remove-demo-dialog", "synthetic-demo")
        .await;
    window.press(Key::Escape).await;
    stay_at(&window, "remove-demo").await;
    window.press(Key::Enter).await;
    go_to(&window, "remove-demo-now").await;
    window.press(Key::Enter).await;
    window
        .until_told("demo-offer", "No application reports")
        .await;
    stay_at(&window, "start-demo").await;
    assert_eq!(place.stored()["enabled"], false, "flags are as they were");
}

/// Switches a component off and on, and moves the rollout to a number and back.
async fn switch_and_roll_out(place: &Workplace, window: &Window<'_>) {
    let calculator = || place.stored()["components"]["calculator"].clone();
    go_to(window, "row-*").await;
    window.press(Key::Down).await;
    stay_at(window, "row-calculator").await;
    for on in [false, true] {
        window.press(Key::Space).await;
        window
            .until("Space switches it", async || calculator() == on)
            .await;
        stay_at(window, "row-calculator").await;
    }
    window.press(Key::Home).await;
    go_to(window, "percent-input").await;
    window.chord(&[Key::Control], 'a').await;
    window.write("12.345").await;
    window.press(Key::Enter).await;
    let share = || place.stored()["rollout"]["percentage"].as_f64();
    let is_saved = async || share() == Some(12.345);
    window.until("Enter saves the number", is_saved).await;
    stay_at(window, "percent-input").await;
    window.chord(&[Key::Control], 'z').await;
    window
        .until("it is undone", async || share() == Some(50.0))
        .await;
}

async fn copy_a_recipe(window: &Window<'_>) {
    window.run_command("Connect an application").await;
    window.until_told("recipe", "MLFeatureFlags").await;
    go_to(window, "copy-recipe").await;
    window.press(Key::Enter).await;
    window.until_told("copy-recipe", "Copied").await;
    stay_at(window, "copy-recipe").await;
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
