//! Answers of the application by example. The page's tests run over a backend in memory, which
//! answers by plainer means; they read the same file (`ui/tests/answers.test.ts`), so that what the
//! page is shown there is what Flagdeck would say.

use std::fs;

use flagdeck::store::{Actor, RevisionNumber, Via};
use flagdeck::wire::{
    Edit, Explanation, Flags, Review, StateAt, StateDifferenceOptions, Widenings,
};
use flagdeck::{App, ChangeRequest, Options};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::states::{put, take};

const EXAMPLES: &str = "tests/fixtures/answers.json";

/// `UPDATE_ANSWERS=1` writes what Flagdeck answers; read it before it is committed.
#[test]
fn every_example_is_answered_as_it_says() {
    let text = fs::read_to_string(EXAMPLES).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    let document = file["document"].clone();
    for example in file["examples"].as_array_mut().unwrap() {
        let made = answer(&document, example);
        if std::env::var_os("UPDATE_ANSWERS").is_some() {
            example["answer"] = made;
        } else {
            assert_eq!(example["answer"], made, "{}", example["name"]);
        }
    }
    if std::env::var_os("UPDATE_ANSWERS").is_some() {
        fs::write(EXAMPLES, format!("{file:#}\n")).unwrap();
    }
}

/// Puts the document in force as revision 1, takes the steps of the example, and asks.
fn answer(document: &Value, example: &Value) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let app = App::open(Options::new(folder.path())).unwrap();
    change(
        &app,
        flagdeck_core::Edit::Replace(document.to_string().into_bytes()),
    );
    for step in example["steps"].as_array().into_iter().flatten() {
        make(&app, step);
    }
    let (kind, asked) = example["ask"].as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "flags" => flags(&app),
        "explain" => explain(&app, asked),
        "review" => json!(Review::from(app.flags().review(text(asked).as_bytes()))),
        "widenings" => {
            let found = app.flags().widenings(&edit(asked)).unwrap();
            json!(Widenings::from(found))
        }
        "states" => difference(&app, asked),
        other => panic!("{other} cannot be asked"),
    }
}

fn make(app: &App, step: &Value) {
    let (kind, what) = step.as_object().unwrap().iter().next().unwrap();
    let number = || RevisionNumber(what.as_u64().unwrap());
    match kind.as_str() {
        "change" => change(app, edit(what)),
        "undo" => drop(app.flags().undo_revision(number(), &someone()).unwrap()),
        "redo" => drop(app.flags().redo_revision(number(), &someone()).unwrap()),
        "restore" => drop(app.restore(number(), &someone(), None).unwrap()),
        other => panic!("{other} is not a step"),
    }
}

fn change(app: &App, edit: flagdeck_core::Edit) {
    let request = ChangeRequest {
        edit,
        actor: someone(),
        note: None,
        base: None,
    };
    app.flags().change_confirmed(request).unwrap();
}

/// What the page shows of the flags as a whole, without times and sentences.
fn flags(app: &App) -> Value {
    let flags = Flags::of(app, &someone());
    let of = |step: Option<flagdeck::wire::Step>| step.map(|step| step.step.revision);
    json!({
        "revision": flags.revision,
        "document": flags.document,
        "components": flags.components,
        "componentsOn": flags.components_on,
        "reach": flags.reach,
        "undo": of(flags.undo),
        "redo": of(flags.redo),
    })
}

fn explain(app: &App, asked: &Value) -> Value {
    let groups: Vec<String> = read(&asked["groups"]);
    let (component, user) = (text(&asked["component"]), text(&asked["user"]));
    let mut explanation = json!(Explanation::of(app, component, user, &groups, None).unwrap());
    // They say when; `tests/provenance.rs` shows them.
    explanation.as_object_mut().unwrap().remove("layers");
    explanation
}

fn difference(app: &App, asked: &Value) -> Value {
    put(app, &asked["from"]);
    let from = StateAt::Snapshot { id: take(app).id };
    put(app, &asked["to"]);
    let to = StateAt::Snapshot { id: take(app).id };
    let options: StateDifferenceOptions = read(&asked["options"]);
    let mut difference = json!(app.state_difference(&from, &to, &options).unwrap());
    // Whether a change was recorded, and when, is not of the states.
    difference.as_object_mut().unwrap().remove("records");
    for change in difference["changes"].as_array_mut().unwrap() {
        change["record"] = Value::Null;
    }
    difference
}

fn someone() -> Actor {
    Actor::new(Via::Window, "someone")
}

fn edit(of: &Value) -> flagdeck_core::Edit {
    read::<Edit>(of).try_into().unwrap()
}

fn text(of: &Value) -> &str {
    of.as_str().unwrap()
}

fn read<T: DeserializeOwned>(of: &Value) -> T {
    serde_json::from_value(of.clone()).unwrap()
}
