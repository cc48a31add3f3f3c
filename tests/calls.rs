//! The calls between page and backend have a name and parameters on either side, as strings: what
//! the page calls in `ui/src/host/tauri.ts` is what `src-tauri/src/desktop/commands/` declares, and
//! what `src-tauri/src/desktop/main.rs` hands to the window.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The parameters of each call, by its name.
type Calls = BTreeMap<String, BTreeSet<String>>;

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).expect("a file of the tree")
}

/// Returns what stands between a bracket at the beginning and the one that closes it.
fn inside(text: &str) -> &str {
    let mut depth = 0_i32;
    let end = text.char_indices().find(|(_, c)| {
        depth += match c {
            '(' | '{' | '[' | '<' => 1,
            ')' | '}' | ']' | '>' => -1,
            _ => 0,
        };
        depth == 0
    });
    &text[1..end.expect("a bracket that closes").0]
}

/// Splits a list at the commas that are in no bracket.
fn parts(list: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    list.split(|c: char| {
        depth += match c {
            '(' | '{' | '[' | '<' => 1,
            ')' | '}' | ']' | '>' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (initial, rest) = word.split_at(1);
        text + &initial.to_uppercase() + rest
    })
}

/// Reads what the backend declares. What tauri hands over by itself is no parameter of a call.
fn declared() -> Calls {
    const GIVEN: [&str; 3] = ["State<", "WebviewWindow", "AppHandle"];
    let mut calls = Calls::new();
    for entry in fs::read_dir(Path::new(ROOT).join("src-tauri/src/desktop/commands")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for command in text.split("#[tauri::command").skip(1) {
            let (_, signature) = command.split_once(" fn ").expect("a function");
            let open = signature.find('(').expect("parameters");
            let parameters = parts(inside(&signature[open..])).into_iter();
            let asked = parameters.filter(|it| !GIVEN.iter().any(|given| it.contains(given)));
            let names = asked.filter_map(|it| it.split_once(':'));
            let names = names.map(|(name, _)| camel_case(name.trim_start_matches("mut ").trim()));
            calls.insert(signature[..open].trim().to_owned(), names.collect());
        }
    }
    calls
}

/// Reads what the page calls.
fn called() -> Calls {
    let text = text("ui/src/host/tauri.ts");
    let mut calls = Calls::new();
    for call in text.split("invoke(").skip(1) {
        let whole = format!("({call}");
        let [name, rest @ ..] = &parts(inside(&whole))[..] else {
            panic!("a call without a name: {call}");
        };
        let keys = rest.iter().flat_map(|object| parts(inside(object)));
        let keys = keys.map(|key| key.split(':').next().unwrap_or_default().trim().to_owned());
        calls.insert(name.trim_matches('"').to_owned(), keys.collect());
    }
    calls
}

#[test]
fn the_page_calls_what_the_backend_declares() {
    let (declared, called) = (declared(), called());
    assert!(declared.len() > 40, "{declared:?}");
    for (name, parameters) in &called {
        assert_eq!(declared.get(name), Some(parameters), "{name}");
    }
    let uncalled: Vec<_> = declared
        .keys()
        .filter(|name| !called.contains_key(*name))
        .collect();
    assert!(uncalled.is_empty(), "the page never calls {uncalled:?}");
}

#[test]
fn the_window_is_handed_every_command() {
    let main = text("src-tauri/src/desktop/main.rs");
    let (_, list) = main
        .split_once("generate_handler!")
        .expect("a list of commands");
    let handed: BTreeSet<String> = parts(inside(list))
        .into_iter()
        .map(|path| path.rsplit("::").next().unwrap_or_default().to_owned())
        .collect();
    let declared: BTreeSet<String> = declared().into_keys().collect();
    assert_eq!(handed, declared);
}
