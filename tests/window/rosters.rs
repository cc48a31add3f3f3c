//! Who gains and who loses, in the real window: beside a slider that moves, beside a control that has
//! the keyboard, and over a roster that was imported in it.

use std::fs;

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::rig::{Window, Workplace};
use crate::views::{import_roster, lived_in};

/// A workplace with a roster, and its window with a component selected.
async fn open_counted(place: &Workplace, people: usize) -> Window<'_> {
    place.import(&lived_in());
    import_roster(place, people);
    let window = place.open().await;
    window.click("nav-flags").await;
    window.click("row-ui.badges").await;
    window
}

/// What flagctl says of an edit.
fn sentence_of(place: &Workplace, edit: &[&str]) -> String {
    let told = place.flagctl(&[&["preview"], edit, &["--json"]].concat());
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let sentence = told["sentence"].as_str().expect("a sentence");
    format!("{sentence}.")
}

async fn until_said(window: &Window<'_>, part: &str, sentence: &str) {
    let said = async || {
        window.shows(part).await && letters(&window.text(part).await).contains(&letters(sentence))
    };
    window.until(&format!("it says {sentence:?}"), said).await;
}

/// Without the marks that keep a name in its own direction, and with plain blanks.
fn letters(text: &str) -> String {
    let is_mark = |c: char| ('\u{2066}'..='\u{2069}').contains(&c);
    let plain = text.chars().filter(|c| !is_mark(*c));
    plain
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect::<String>()
        .to_lowercase()
}

#[tokio::test]
async fn a_slider_says_what_flagctl_says_and_saves_nothing_until_it_is_let_go() {
    let place = Workplace::new();
    let window = open_counted(&place, 4000).await;
    until_said(&window, "on-for", "of 4,000 people (Customers EU)").await;
    window.grab("percent-slider").await;
    for reached in [30.0, 60.0] {
        window.pull_to("percent-slider", reached).await;
        let percentage = window.slider("percent-slider").await.to_string();
        let sentence = sentence_of(&place, &["rollout", "ui.badges", &percentage]);
        until_said(&window, "affected-sentence", &sentence).await;
    }
    assert_eq!(place.stored()["rollouts"]["ui.badges"]["percentage"], 12.5);
    window.release().await;
    let saved = async || place.stored()["rollouts"]["ui.badges"]["percentage"] != 12.5;
    window.until("what was dragged is stored", saved).await;
    // Lower again, as it is typed: somebody loses it.
    window.click("percent-input").await;
    window.chord(&[Key::Control], 'a').await;
    window.write("1").await;
    let sentence = sentence_of(&place, &["rollout", "ui.badges", "1"]);
    until_said(&window, "affected-sentence", &sentence).await;
    until_said(&window, "affected-warning", "people lose what they have").await;
}

#[tokio::test]
async fn a_million_people_are_counted_while_the_slider_moves() {
    let place = Workplace::new();
    let window = open_counted(&place, 1_000_000).await;
    window.click("row-*").await;
    window.grab("percent-slider").await;
    for reached in [60.0, 80.0, 95.0] {
        window.pull_to("percent-slider", reached).await;
        let percentage = window.slider("percent-slider").await.to_string();
        let sentence = sentence_of(&place, &["rollout", "--percentage", &percentage]);
        until_said(&window, "affected-sentence", &sentence).await;
    }
    window.press(Key::Escape).await;
}

#[tokio::test]
async fn a_control_that_has_the_keyboard_says_who_is_affected() {
    let place = Workplace::new();
    let window = open_counted(&place, 500).await;
    window.tab_to("all-off").await;
    let sentence = sentence_of(&place, &["master", "off"]);
    until_said(&window, "aimed-tip", &sentence).await;
    until_said(&window, "aimed-tip", "500 people lose what they have").await;
    assert_eq!(
        window.attribute("all-off", "aria-describedby").await,
        "aimed-tip"
    );
    window.press(Key::Tab).await;
    window.until_gone("aimed-tip").await;
    assert_eq!(place.stored()["enabled"], json!(true));
}

#[tokio::test]
async fn a_roster_is_imported_searched_and_removed_in_the_window() {
    let place = Workplace::new();
    place.import(&lived_in());
    let file = place.data_dir().with_file_name("staff.csv");
    fs::write(&file, "id,groups\nada,beta\nben,\n,nobody\nada,staff\n").expect("a file");
    let window = place.open().await;
    window.click("nav-rosters").await;
    window.click("import-roster").await;
    window.answer_dialog("Import a roster", &file).await;
    let looked = async || window.shows("import-roster-dialog").await;
    window.until("the file is looked at", looked).await;
    let understood = async || {
        let said = letters(&window.page_text().await);
        ["2 people", "ada", "it has no id"]
            .iter()
            .all(|part| said.contains(part))
    };
    window
        .until("it says what was understood", understood)
        .await;
    assert_eq!(place.flagctl(&["roster", "list", "--json"]).trim(), "[]");
    window.click("import-roster-go").await;
    let listed = async || {
        place
            .flagctl(&["roster", "list", "--json"])
            .contains("\"staff\"")
    };
    window.until("it is imported", listed).await;
    window.until_gone("import-roster-dialog").await;
    window.enter("person-id", "ada").await;
    let found =
        async || window.shows("given").await && window.text("find-person").await.contains("staff");
    window.until("the person is found", found).await;
    // It leads to why, for this person.
    window.click("given-ui.badges").await;
    let explained = async || window.page_text().await.contains("ada");
    window.until("the component says why", explained).await;
    window.click("nav-rosters").await;
    window.run_command("Forget a person").await;
    window.until_focus("forget-id").await;
    window.write("ada").await;
    window.click("forget-go").await;
    let forgotten = async || {
        let kept = place.flagctl(&["roster", "show", "staff", "--json"]);
        kept.contains("\"people\": 1")
    };
    window.until("the person is forgotten", forgotten).await;
    assert!(
        !found_anywhere(&place, "ada"),
        "nothing of the person is left"
    );
}

/// Whether an id is in any file of the rosters.
fn found_anywhere(place: &Workplace, id: &str) -> bool {
    let files = fs::read_dir(place.data_dir()).expect("the data folder");
    let paths = files.map(|entry| entry.expect("an entry").path());
    let mut of_rosters = paths.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("rosters.db")
    });
    of_rosters.any(|path| {
        let bytes = fs::read(path).expect("it can be read");
        memchr::memmem::find(&bytes, id.as_bytes()).is_some()
    })
}
