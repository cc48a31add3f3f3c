//! The calls between page and backend are declared once, in `src-tauri/src/wire/calls.rs`: the
//! window's list of handlers and the page's interface are made of that. What it says of each
//! command's parameters and answer is what the command has.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const COMMANDS: &str = "src-tauri/src/desktop/commands";

/// What is known of each command, by its module and name: its parameters with their types, and
/// the type of its answer.
type Calls = BTreeMap<String, (Vec<String>, String)>;

/// Splits what stands between brackets at the commas that are in no further ones; returns the
/// rest of the text, too.
fn list(text: &str) -> (Vec<String>, &str) {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '<' if depth == 0 => depth = 1,
            ')' | '>' if depth == 1 => {
                parts.retain(|part| !part.is_empty());
                return (parts, &text[at + 1..]);
            }
            ',' if depth == 1 => parts.push(String::new()),
            c => {
                depth += i32::from(matches!(c, '(' | '<')) - i32::from(matches!(c, ')' | '>'));
                let part = parts.last_mut().expect("one at least");
                part.extend((!c.is_whitespace()).then_some(c));
            }
        }
    }
    panic!("a bracket that is not closed: {text}");
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("a file of the tree")
}

/// Reads the declaration.
fn declared() -> Calls {
    let text = text(&Path::new(ROOT).join("src-tauri/src/wire/calls.rs"));
    let (_, list_of_calls) = text.split_once("$with! {").expect("the calls");
    let (list_of_calls, _) = list_of_calls.split_once('}').expect("their end");
    let lines = list_of_calls
        .lines()
        .filter(|line| !line.trim().starts_with("///"));
    let code: String = lines.collect::<Vec<_>>().join("\n");
    let calls = code.split(';').filter(|call| !call.trim().is_empty());
    calls
        .map(|call| {
            let open = call.find('(').expect("parameters");
            let (parameters, rest) = list(&call[open..]);
            let answer = rest.trim().strip_prefix("->").expect("an answer");
            let name = without_blanks(&call[..open]);
            (name, (parameters, without_blanks(answer)))
        })
        .collect()
}

/// Reads the commands. What tauri hands over by itself is no parameter of a call, and each answer
/// may be a failure instead.
fn commands() -> Calls {
    const GIVEN: [&str; 3] = ["State<", "WebviewWindow", "AppHandle"];
    let mut calls = Calls::new();
    for entry in fs::read_dir(Path::new(ROOT).join(COMMANDS)).expect("a folder") {
        let path = entry.expect("an entry").path();
        let module = path
            .file_stem()
            .expect("a name")
            .to_str()
            .expect("UTF-8")
            .to_owned();
        let text = text(&path);
        for command in text.split("#[tauri::command").skip(1) {
            let (_, signature) = command.split_once("fn ").expect("a function");
            let open = signature.find('(').expect("parameters");
            let (mut parameters, rest) = list(&signature[open..]);
            parameters.retain(|it| !GIVEN.iter().any(|given| it.contains(given)));
            let (answer, _) = rest.split_once('{').expect("a body");
            let answer = without_blanks(answer.trim().trim_start_matches("->"));
            let answer = match answer.strip_prefix("Answer") {
                Some(wrapped) => list(wrapped).0.concat(),
                None if answer.is_empty() => "()".to_owned(),
                None => answer,
            };
            calls.insert(
                format!("{module}::{}", &signature[..open]),
                (parameters, answer),
            );
        }
    }
    calls
}

#[test]
fn every_command_is_what_its_declaration_says() {
    let (declared, commands) = (declared(), commands());
    assert!(declared.len() > 40, "{declared:?}");
    for (name, declaration) in &declared {
        assert_eq!(commands.get(name), Some(declaration), "{name}");
    }
    let undeclared: Vec<_> = commands
        .keys()
        .filter(|name| !declared.contains_key(*name))
        .collect();
    assert!(undeclared.is_empty(), "no page can call {undeclared:?}");
}
