//! The recipes run as they are written, but for the address.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::driver::Driver;
use crate::flagdeck::{ADDRESS, Flagdeck, built, client, output, path};

const ON: &str = "ui.badges is on for user42";
const OFF: &str = "ui.badges is off for user42";

#[test]
fn curl() {
    let told = |flagdeck: &Flagdeck| {
        let told = run(client("sh").arg("-s"), "curl.sh", flagdeck);
        let answer: Value = serde_json::from_str(&told).expect(&told);
        assert_eq!(answer["key"], "ui.badges");
        match answer["value"].as_bool().unwrap() {
            true => ON.to_owned(),
            false => OFF.to_owned(),
        }
    };
    follows_the_switch(told);
}

#[test]
fn node() {
    follows_the_switch(|flagdeck| {
        let mut node = client("node");
        run(
            node.args(["--input-type=module", "-"]),
            "node.mjs",
            flagdeck,
        )
    });
}

#[test]
fn python() {
    follows_the_switch(|flagdeck| {
        let mut python = client("target/clients/venv/bin/python");
        run(python.arg("-"), "python.py", flagdeck)
    });
}

#[test]
fn rust() {
    follows_the_switch(|flagdeck| {
        let mut built = client(&built("released-client-recipe"));
        output(built.env("FLAGDECK", flagdeck.url()), "")
    });
}

/// A page that is open while the switch is turned, and while Flagdeck is away.
#[test]
fn browser() {
    let mut flagdeck = Flagdeck::start();
    let mut page = Driver::start(client("node").arg("page.mjs"));
    let origin = page.line()["origin"].as_str().unwrap().to_owned();
    flagdeck.allow(&origin);
    page.ask(&json!({ "html": text_of("browser.html", &flagdeck) }));
    let badges = json!({ "text": "#badges" });
    page.wait_for_answer(&badges, |text| text == ON);
    flagdeck.run("set ui.badges off");
    page.wait_for_answer(&badges, |text| text == OFF);
    assert_eq!(page.ask(&json!({ "told": true })), json!([]));
    flagdeck.stop();
    flagdeck.run("set ui.badges on");
    assert_eq!(page.ask(&badges), OFF);
    flagdeck.start_again();
    page.wait_for_answer(&badges, |text| text == ON);
}

#[track_caller]
fn follows_the_switch(told: impl Fn(&Flagdeck) -> String) {
    let mut flagdeck = Flagdeck::start();
    assert_eq!(told(&flagdeck), ON);
    flagdeck.stop();
    flagdeck.run("set ui.badges off");
    flagdeck.start_again();
    assert_eq!(told(&flagdeck), OFF);
}

/// Runs a recipe that is read from standard input.
#[track_caller]
fn run(command: &mut Command, recipe: &str, flagdeck: &Flagdeck) -> String {
    output(command, &text_of(recipe, flagdeck))
}

/// Returns a recipe with the address at which Flagdeck is.
#[track_caller]
fn text_of(recipe: &str, flagdeck: &Flagdeck) -> String {
    let text = fs::read_to_string(path("docs/recipes").join(recipe)).unwrap();
    assert!(text.contains(ADDRESS), "{recipe}");
    text.replace(ADDRESS, &flagdeck.url())
}
