//! Every view looks as it did when somebody looked at it and found it good.

use serde_json::json;

use crate::baseline::assert_like;
use crate::rig::Window;
use crate::views::{self, Theme, VIEWS};

#[tokio::test]
async fn views_look_good_in_light_colours_in_a_small_window() {
    look(Theme::Light, 1000, 700).await;
}

#[tokio::test]
async fn views_look_good_in_dark_colours_in_a_small_window() {
    look(Theme::Dark, 1000, 700).await;
}

#[tokio::test]
async fn views_look_good_in_light_colours_in_a_large_window() {
    look(Theme::Light, 1600, 1000).await;
}

#[tokio::test]
async fn views_look_good_in_dark_colours_in_a_large_window() {
    look(Theme::Dark, 1600, 1000).await;
}

async fn look(theme: Theme, width: u32, height: u32) {
    let place = views::lived_in_workplace(theme);
    let window = place.open_for_pictures().await;
    window.resize(width, height).await;
    for view in VIEWS {
        views::show(&window, view).await;
        still(&window).await;
        let name = format!("{view}-{}-{width}", theme.name());
        assert_like(&name, &window.picture(&name).await);
    }
}

/// Makes alike what differs from run to run: the address, the time, the memory Flagdeck uses.
/// Nothing has the keyboard.
async fn still(window: &Window<'_>) {
    window
        .eval(
            "document.activeElement?.blur();
            const alike = [
                [/127\\.0\\.0\\.1:\\d+/g, '127.0.0.1:4680'],
                [/\\w{3} \\d+, \\d{4}, \\d+:\\d\\d:\\d\\d\\s[AP]M/g, 'Nov 23, 2026, 2:02:07 PM'],
                [/\\b\\d+:\\d\\d(:\\d\\d)?\\s[AP]M/g, '2:02 PM'],
                [/^\\d+ MiB$/g, '160 MiB'],
                [/\\d+ (seconds?|minutes?|min\\.?|m) ago/g, 'just now'],
            ];
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const text = walker.currentNode;
                const said = alike.reduce((data, [from, to]) => data.replace(from, to), text.data);
                if (said !== text.data) text.data = said;
            }",
        )
        .await;
    assert_eq!(
        window.eval("return document.fonts.status").await,
        json!("loaded")
    );
}
