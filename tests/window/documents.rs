//! The whole document: edited as text, and taken in from a file.

use std::fs;

use fantoccini::key::Key;
use serde_json::json;

use crate::rig::{Window, Workplace};

#[tokio::test]
async fn a_mistake_in_the_text_is_marked_and_cannot_be_saved() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    let window = open_text(&place).await;
    replace_text(
        &window,
        r#"{ "enabled": true, "rollout": { "percentage": 101 } }"#,
    )
    .await;
    window.until_told("problems", "line 1").await;
    window.until_told("json-status", "cannot be saved").await;
    assert_eq!(window.attribute("json-text", "aria-invalid").await, "true");
    window.chord(&[Key::Control], 's').await;
    assert!(window.shows("json-editor").await);

    replace_text(&window, r#"{ "enabled": true "#).await;
    window.until_told("problems", "line 1").await;
    window.press(Key::Escape).await;
    window.until_gone("json-editor").await;
    assert_eq!(place.history(&[]).len(), 1);
}

#[tokio::test]
async fn a_good_text_becomes_a_revision_by_keys_alone() {
    let place = Workplace::new();
    let window = open_text(&place).await;
    let wanted = r#"{ "enabled": true, "components": { "search": true } }"#;
    replace_text(&window, wanted).await;
    window.until_told("json-status", "not saved yet").await;
    window.chord(&[Key::Control], 's').await;
    window.until_gone("json-editor").await;
    let stored = place.stored();
    assert_eq!(stored["enabled"], true);
    assert_eq!(stored["components"], json!({ "search": true }));
    assert_eq!(place.history(&[]).len(), 1);
    window.chord(&[Key::Control], 'z').await;
    let undone = async || place.stored()["components"]["tracker"] == false;
    window.until("it can be undone", undone).await;
}

#[tokio::test]
async fn a_chosen_document_is_shown_before_it_is_taken_in() {
    let place = Workplace::new();
    let before = place.stored();
    let window = place.open().await;
    let document = json!({ "enabled": true, "components": { "search": true } });
    choose(&place, &window, "flags.json", &document.to_string()).await;
    window.until_told("import", "flags.json").await;
    window.until_told("import", "search").await;
    assert_eq!(place.stored(), before);
    window.click("import-go").await;
    window.until_gone("import").await;
    assert_eq!(place.stored()["components"], json!({ "search": true }));
    assert_eq!(place.history(&[])[0]["cause"]["kind"], "import");
}

#[tokio::test]
async fn a_chosen_file_that_is_no_document_is_refused_and_changes_nothing() {
    let place = Workplace::new();
    let window = place.open().await;
    choose(&place, &window, "notes.json", "not a document").await;
    window
        .until_told(
            "import",
            "notes.json cannot be imported. Nothing was changed.",
        )
        .await;
    window.click("import-go").await;
    assert!(window.shows("import").await);
    assert!(place.history(&[]).is_empty());
}

#[tokio::test]
async fn most_components_are_removed_only_after_a_second_choice() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    let before = place.stored();
    let window = place.open().await;
    let document = json!({ "enabled": true, "components": { "search": true } });
    choose(&place, &window, "flags.json", &document.to_string()).await;
    // What was on and is on by another name was renamed.
    window
        .until_told("loss", "This removes 5 of 6 components")
        .await;
    window.click("import-go").await;
    assert!(window.shows("import").await);
    assert_eq!(place.stored(), before);
    window.click("confirm-loss").await;
    window.click("import-go").await;
    window.until_gone("import").await;
    assert_eq!(place.stored()["components"], json!({ "search": true }));
}

#[tokio::test]
async fn the_buttons_of_an_import_stay_where_they_were_when_it_asked() {
    const NOTE_WHERE_IT_IS: &str = "
        const top = () => document.querySelector('[data-testid=import-go]')
            .getBoundingClientRect().top;
        new MutationObserver((_, observer) => {
            if (document.querySelector('[data-testid=loss]') === null) return;
            observer.disconnect();
            const then = top();
            requestAnimationFrame(() => requestAnimationFrame(() => {
                window.tops = [then, top()];
            }));
        }).observe(document, { childList: true, subtree: true })";
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    let window = place.open().await;
    window.eval(NOTE_WHERE_IT_IS).await;
    let few = json!({ "enabled": true, "components": { "search": true } });
    choose(&place, &window, "flags.json", &few.to_string()).await;
    let tops = async || window.eval("return window.tops ?? null").await;
    let is_painted = async || !tops().await.is_null();
    window.until("the question is painted", is_painted).await;
    let tops = tops().await;
    assert!(tops[0].is_number() && tops[0] == tops[1], "{tops}");
}

#[tokio::test]
async fn an_import_that_removes_most_is_cancelled_confirmed_and_undone_by_keys_alone() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    let before = place.stored();
    let window = place.open().await;
    window.write("2").await;
    window.tab_to("row-*").await;
    let few = json!({ "enabled": true, "components": { "search": true } }).to_string();
    let ask = async || {
        choose(&place, &window, "flags.json", &few).await;
        let question = "This removes 5 of 6 components";
        window.until_told("loss", question).await;
        window.until_focus("import-cancel").await;
    };

    // Unconfirmed, the button does nothing; nor does Enter confirm. On Cancel it is safe.
    ask().await;
    window.press(Key::Tab).await;
    window.until_focus("import-go").await;
    window.press(Key::Enter).await;
    window.chord(&[Key::Shift], Key::Tab.into()).await;
    window.chord(&[Key::Shift], Key::Tab.into()).await;
    window.until_focus("confirm-loss").await;
    window.press(Key::Enter).await;
    assert!(window.shows("import").await);
    assert_eq!(
        window.text("import-status").await,
        "Confirm the removal first"
    );
    window.press(Key::Tab).await;
    window.until_focus("import-cancel").await;
    window.press(Key::Enter).await;
    window.until_gone("import").await;
    window.until_focus("row-*").await;
    assert_eq!(place.stored(), before);

    ask().await;
    window.chord(&[Key::Shift], Key::Tab.into()).await;
    window.until_focus("confirm-loss").await;
    window.write(" ").await;
    let is_offered = async || {
        window
            .attribute("import-go", "aria-disabled")
            .await
            .is_empty()
    };
    window.until("the import is offered", is_offered).await;
    window.tab_to("import-go").await;
    window.press(Key::Enter).await;
    window.until_gone("import").await;
    assert_eq!(place.stored()["components"], json!({ "search": true }));
    window.until_focus("row-*").await;
    window.chord(&[Key::Control], 'z').await;
    let is_undone = async || place.stored() == before;
    window.until("it is undone", is_undone).await;
}

#[tokio::test]
async fn a_text_that_removes_most_is_cancelled_confirmed_and_undone_by_keys_alone() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    let before = place.stored();
    let window = open_text(&place).await;
    let few = r#"{ "enabled": true, "components": { "search": true } }"#;
    let question = "This removes 5 of 6 components";
    replace_text(&window, few).await;
    window.until_told("loss", question).await;

    // The key that saves leads to the question; neither it nor Enter answers it.
    window.chord(&[Key::Control], 's').await;
    window.until_focus("confirm-loss").await;
    window.chord(&[Key::Control], Key::Enter.into()).await;
    window.press(Key::Enter).await;
    let status = window.text("json-status").await;
    assert_eq!(status, "Confirm the removal first");
    window.press(Key::Escape).await;
    window.until_gone("json-editor").await;
    window.until_focus("row-*").await;
    assert_eq!(place.stored(), before);

    // What was typed is there again, and is asked about again.
    window.chord(&[Key::Control], 'j').await;
    window.until_focus("json-text").await;
    window.until_told("loss", question).await;
    window.press(Key::Tab).await;
    window.until_focus("confirm-loss").await;
    window.write(" ").await;
    window.until_told("json-status", "not saved yet").await;
    window.chord(&[Key::Control], 's').await;
    window.until_gone("json-editor").await;
    assert_eq!(place.stored()["components"], json!({ "search": true }));
    window.until_focus("row-*").await;
    window.chord(&[Key::Control], 'z').await;
    let is_undone = async || place.stored() == before;
    window.until("it is undone", is_undone).await;
}

#[tokio::test]
async fn a_chosen_file_of_another_format_is_named() {
    let place = Workplace::new();
    let window = place.open().await;
    let text = r#"{ "name": "shop", "version": "1.0.0" }"#;
    choose(&place, &window, "shop.json", text).await;
    window
        .until_told("import", "This is a package.json, not a flag document.")
        .await;
    assert!(place.history(&[]).is_empty());
}

/// Chooses a file of this name and text in the desktop's dialog, called by the menu's key.
async fn choose(place: &Workplace, window: &Window<'_>, name: &str, text: &str) {
    const TRIES_MAX: usize = 5;
    let file = place.data_dir().with_file_name(name);
    fs::write(&file, text).expect("a file beside the data folder");
    for _ in 0..TRIES_MAX {
        window.strike("ctrl+o");
        window.answer_dialog("Import a document", &file).await;
        let is_read = async || window.shows("import").await;
        let is_told = async || is_read().await || window.shows("toast").await;
        window
            .until("the file is read, or cannot be", is_told)
            .await;
        if is_read().await {
            return;
        }
        // A busy desktop loses keys that come before its dialog is ready: it named another file.
        let said = window.text("toast").await;
        assert!(said.contains("cannot be read: it is not there"), "{said}");
        window
            .eval("document.querySelector('[data-testid=toast] .close').click()")
            .await;
        window.until_gone("toast").await;
    }
    panic!("{TRIES_MAX} times, the dialog named another file than {name}");
}

/// Opens the window, and in it the document as text.
async fn open_text(place: &Workplace) -> Window<'_> {
    let window = place.open().await;
    window.write("2").await;
    window.tab_to("row-*").await;
    window.chord(&[Key::Control], 'j').await;
    window.until_focus("json-text").await;
    window
}

async fn replace_text(window: &Window<'_>, text: &str) {
    window.chord(&[Key::Control], 'a').await;
    window.write(text).await;
}
