//! The native menu: made of the catalogue of commands that the page has too. The page runs what is
//! chosen, except for what has to work while the page hangs.

use flagdeck::wire::Announcement;
use flagdeck_core::visible;
use serde::Deserialize;
use tauri::menu::{Menu, MenuBuilder, MenuItem, MenuItemBuilder, SubmenuBuilder};
use tauri::{AppHandle, Wry};

use crate::desk::Desk;
use crate::window;

const CATALOGUE: &str = include_str!("../../../ui/src/commands/catalogue.json");

/// The command that works while the page hangs.
pub const ALL_OFF: &str = "all_off";

const QUIT: &str = "quit";
const UNDO: &str = "undo";
const REDO: &str = "redo";

/// Characters of a step that a label shows: a menu as wide as half a small screen.
const STEP_CHARS_MAX: usize = 60;

#[derive(Debug, Deserialize)]
struct Heading {
    menu: String,
    commands: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    id: String,
    label: String,
    #[serde(default)]
    keys: String,
}

/// Builds the menu.
pub fn build(app: &AppHandle) -> tauri::Result<Menu<Wry>> {
    let mut menu = MenuBuilder::new(app);
    for heading in catalogue() {
        let mut submenu = SubmenuBuilder::new(app, verbatim(&heading.menu));
        for entry in heading.commands {
            submenu = submenu.item(&item(app, &entry)?);
        }
        menu = menu.item(&submenu.build()?);
    }
    menu.build()
}

/// Does what was chosen.
pub fn choose(app: &AppHandle, desk: &Desk, id: &str) {
    match id {
        ALL_OFF => desk.all_off(),
        QUIT => window::ask_to_close(app),
        id => desk.tell(Announcement::Command { id: id.to_owned() }),
    }
}

/// Labels undo and redo with what they would act on in the current view. Does not wait for the
/// window.
pub fn name_steps(app: &AppHandle, undo: Option<String>, redo: Option<String>) {
    let handle = app.clone();
    let named = app.run_on_main_thread(move || {
        name_step(&handle, UNDO, undo.as_deref());
        name_step(&handle, REDO, redo.as_deref());
    });
    if let Err(error) = named {
        tracing::warn!(%error, "the menu does not name the steps");
    }
}

fn catalogue() -> Vec<Heading> {
    serde_json::from_str(CATALOGUE).expect("a test reads the catalogue")
}

fn item(app: &AppHandle, entry: &Entry) -> tauri::Result<MenuItem<Wry>> {
    let item = MenuItemBuilder::with_id(&entry.id, verbatim(&entry.label));
    let item = match accelerator(&entry.keys) {
        Some(keys) => item.accelerator(keys),
        None => item,
    };
    item.build(app)
}

/// Returns the keys that the toolkit takes before the page sees them. Single letters and the like
/// stay with the page, which knows when a text field has the focus; so do signs whose key differs
/// between keyboards.
fn accelerator(keys: &str) -> Option<&str> {
    let last = keys.rsplit('+').next().filter(|key| !key.is_empty())?;
    let is_function = last.len() > 1 && last.starts_with('F');
    let is_plain = last == "-" || last.chars().all(|key| key.is_ascii_alphanumeric());
    (is_function || keys.starts_with("Ctrl+") && is_plain).then_some(keys)
}

fn name_step(app: &AppHandle, id: &str, sentence: Option<&str>) {
    let entries = catalogue().into_iter().flat_map(|heading| heading.commands);
    let entry = entries.into_iter().find(|entry| entry.id == id);
    let (Some(entry), Some(item)) = (entry, find(app, id)) else {
        return;
    };
    let label = match sentence {
        Some(sentence) => format!("{} “{}”", entry.label, shortened(&visible(sentence))),
        None => entry.label,
    };
    if let Err(error) = item.set_text(verbatim(&label)) {
        tracing::warn!(%error, "the menu does not name a step");
    }
}

fn find(app: &AppHandle, id: &str) -> Option<MenuItem<Wry>> {
    let submenus = app.menu()?.items().ok()?;
    let mut found = submenus
        .iter()
        .filter_map(|submenu| submenu.as_submenu()?.get(id));
    found.next()?.as_menuitem().cloned()
}

fn shortened(sentence: &str) -> String {
    match sentence.char_indices().nth(STEP_CHARS_MAX) {
        Some((end, _)) => format!("{}…", sentence[..end].trim_end()),
        None => sentence.to_owned(),
    }
}

/// In a menu's label, `&` marks the letter to press.
fn verbatim(label: &str) -> String {
    label.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_catalogue_can_be_read_and_names_every_command_once() {
        let mut seen = HashSet::new();
        for heading in catalogue() {
            assert!(!heading.commands.is_empty(), "{} is empty", heading.menu);
            for entry in heading.commands {
                assert!(!entry.label.is_empty(), "{} has no label", entry.id);
                assert!(seen.insert(entry.id.clone()), "{} is there twice", entry.id);
            }
        }
        for needed in [ALL_OFF, QUIT, UNDO, REDO] {
            assert!(seen.contains(needed), "{needed} is missing");
        }
    }

    #[test]
    fn letters_and_signs_stay_with_the_page() {
        for (keys, taken) in [
            ("Ctrl+Shift+Z", true),
            ("Ctrl+0", true),
            ("Ctrl+-", true),
            ("F2", true),
            ("Ctrl++", false),
            ("Ctrl+?", false),
            ("E", false),
            ("F", false),
            ("1", false),
            ("/", false),
            ("Delete", false),
            ("", false),
        ] {
            assert_eq!(accelerator(keys).is_some(), taken, "{keys}");
        }
    }

    #[test]
    fn a_long_step_is_cut_between_characters() {
        let long = "ü".repeat(STEP_CHARS_MAX + 1);
        assert_eq!(shortened(&long).chars().count(), STEP_CHARS_MAX + 1);
        let fits = "ü".repeat(STEP_CHARS_MAX);
        assert_eq!(shortened(&fits), fits);
        assert_eq!(verbatim("R&D"), "R&&D");
    }
}
