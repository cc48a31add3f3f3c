//! Commands, however they are called: palette, keys and sheet; help, tour, size and messages.

use fantoccini::key::Key;

use crate::rig::{Window, Workplace};

#[tokio::test]
async fn the_palette_runs_a_command_by_a_few_of_its_letters() {
    let place = Workplace::new();
    place.flagctl(&["master", "on"]);
    let window = open_flags(&place).await;
    ask_palette(&window, "flgoff").await;
    window
        .until_told("found-command:all_off", "All flags off")
        .await;
    window.press(Key::Enter).await;
    let off = async || place.stored()["enabled"] == false;
    window.until("everything is off", off).await;
    window.until_gone("palette").await;
}

#[tokio::test]
async fn the_palette_goes_to_any_component_and_any_revision() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    place.flagctl(&["set", "calculator", "on"]);
    let window = place.open().await;
    window.click("search").await;
    window.until_focus("palette-input").await;
    window.write("curation").await;
    window.click("found-component:ui.curationPanel").await;
    window.until_focus("row-ui.curationPanel").await;
    assert_eq!(
        window
            .attribute("row-ui.curationPanel", "aria-selected")
            .await,
        "true"
    );

    ask_palette(&window, "r1").await;
    window.until_told("found-revision:1", "1").await;
    window.click("found-revision:1").await;
    window.until_told("details", "Revision 1").await;
    window.until_told("details", "tracker").await;
}

#[tokio::test]
async fn what_was_run_last_comes_first_in_the_palette() {
    let place = Workplace::new();
    let window = open_flags(&place).await;
    ask_palette(&window, "dark colours").await;
    window.press(Key::Enter).await;
    let kept = async || place.preferences().contains("command:theme_dark");
    window.until("it is remembered", kept).await;
    window.chord(&[Key::Control], 'k').await;
    window.until_focus("palette-input").await;
    let first = "return document.querySelector('[role=option]').dataset.testid";
    assert_eq!(window.eval(first).await, "found-command:theme_dark");
}

#[tokio::test]
async fn every_shortcut_stands_on_one_sheet_and_help_is_read_offline() {
    let place = Workplace::new();
    let window = open_flags(&place).await;
    window.chord(&[Key::Control, Key::Shift], '?').await;
    window.until_told("shortcuts", "All flags off").await;
    window.press(Key::Escape).await;
    window.until_gone("shortcuts").await;
    window.until_focus("row-*").await;

    window.press(Key::F1).await;
    window.until_focus("help-search").await;
    window.write("blue-green").await;
    window.until_told("help-page", "lue-green").await;
    window.press(Key::Escape).await;
    window.press(Key::Escape).await;
    window.until_gone("help").await;
}

/// The dashboard gets an offer above its cards shortly after the tour began.
#[tokio::test]
async fn the_tour_rings_the_switch_also_when_that_moves() {
    let place = Workplace::never_used();
    let window = place.open().await;
    window.until_told("tour", "1 of 3").await;
    window.until_told("demo-offer", "No application").await;
    let is_around = "const middle = (selector) => {
            const box = document.querySelector(selector)?.getBoundingClientRect();
            return box && [box.left + box.width / 2, box.top + box.height / 2].map(Math.round);
        };
        const [ring, target] = [middle('.ring'), middle('main [role=switch]')];
        return ring?.every((at, axis) => Math.abs(at - target[axis]) <= 1);";
    let is_around = async || window.eval(is_around).await == true;
    window
        .until("the ring is around the switch", is_around)
        .await;
}

#[tokio::test]
async fn the_tour_comes_once_can_be_skipped_and_be_called_again() {
    let place = Workplace::never_used();
    let window = place.open().await;
    window.until_told("tour", "1 of 3").await;
    window.click("tour-next").await;
    window.until_told("tour", "2 of 3").await;
    window.click("tour-skip").await;
    window.until_gone("tour").await;
    let kept = async || place.preferences().contains("\"isToured\": true");
    window.until("it is remembered", kept).await;
    window.close().await;

    let window = open_flags(&place).await;
    assert!(!window.shows("tour").await);
    ask_palette(&window, "tour").await;
    window.press(Key::Enter).await;
    window.until_focus("tour").await;
    window.press(Key::Escape).await;
    window.until_gone("tour").await;
}

#[tokio::test]
async fn keys_make_everything_larger_and_put_it_back() {
    let place = Workplace::new();
    let window = open_flags(&place).await;
    let width = window.eval("return innerWidth").await;
    window.chord(&[Key::Control], '+').await;
    let larger = async || window.eval("return innerWidth").await.as_f64() < width.as_f64();
    window.until("less of it fits the window", larger).await;
    window.chord(&[Key::Control], '0').await;
    let back = async || window.eval("return innerWidth").await == width;
    window.until("it has its size again", back).await;
}

#[tokio::test]
async fn a_change_elsewhere_leaves_the_keyboard_and_what_is_typed_alone() {
    let place = Workplace::new();
    let window = open_flags(&place).await;
    window.click("row-tracker").await;
    window.click("about-owner").await;
    window.until_focus("about-owner-input").await;
    window.write("Growth").await;
    place.flagctl(&["set", "tracker", "on"]);
    let appeared = async || window.switch("tracker").await == "true";
    window.until("the change appears", appeared).await;
    assert_eq!(window.focus().await, "about-owner-input");
    assert_eq!(window.field("about-owner-input").await, "Growth");
    window.write(" team").await;
    window.press(Key::Enter).await;
    let stored = async || place.stored()["about"]["tracker"]["owner"] == "Growth team";
    window.until("what was typed is stored", stored).await;
    assert_eq!(place.stored()["components"]["tracker"], true);
}

#[tokio::test]
async fn a_message_offers_its_way_back_to_the_keyboard() {
    let place = Workplace::new();
    let window = open_flags(&place).await;
    window.press(Key::Down).await;
    window.until_focus("row-calculator").await;
    window.press(Key::Space).await;
    window.until_told("toast", "calculator").await;
    for _ in 0..8 {
        window.press(Key::F6).await;
        if window.focus().await == "toast-action" {
            break;
        }
    }
    window.until_focus("toast-action").await;
    window.press(Key::Enter).await;
    let undone = async || place.stored()["components"]["calculator"] == false;
    window.until("it is taken back", undone).await;
}

/// Opens the window on the flags, with the keyboard in the tree.
async fn open_flags(place: &Workplace) -> Window<'_> {
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("row-*").await;
    window.tab_to("row-*").await;
    window
}

/// Opens the palette by its keys and types into it.
async fn ask_palette(window: &Window<'_>, query: &str) {
    window.chord(&[Key::Control], 'k').await;
    window.until_focus("palette-input").await;
    window.write(query).await;
}
