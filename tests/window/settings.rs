//! Settings, the token, backups and licences, as the window shows and changes them.

use std::fs;
use std::path::Path;
use std::process::Command;

use fantoccini::key::Key;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::rig::{Window, Workplace, http};

const FLAGS: &str = "/api/ml/flags";

#[tokio::test]
async fn a_changed_setting_is_in_the_file_and_in_force() {
    let place = Workplace::new();
    let window = open_settings(&place).await;
    window.enter("field-performance.workerPoolSize", "7").await;
    let in_force = async || value_of(&place, "performance.workerPoolSize") == "7";
    window.until("it is in force for others", in_force).await;
    assert!(config(&place).contains("workerPoolSize = 7"));
    let told = "setting-performance.workerPoolSize";
    window.until_told(told, "config.toml").await;

    window.click("reset-performance.workerPoolSize").await;
    let reset = async || !config(&place).contains("workerPoolSize");
    window.until("it is taken out of the file", reset).await;
    window.until_told(told, "Default").await;
}

#[tokio::test]
async fn a_bad_setting_is_refused_in_a_sentence_and_writes_nothing() {
    let place = Workplace::new();
    let before = config(&place);
    let window = open_settings(&place).await;
    for bad in ["0", "1025", "many"] {
        window.enter("field-performance.workerPoolSize", bad).await;
        window
            .until_told("note-performance.workerPoolSize", "from 1 to 1,024")
            .await;
        assert_eq!(window.field("field-performance.workerPoolSize").await, bad);
    }
    assert_eq!(config(&place), before);
    window.press(Key::Escape).await;
    let mended = async || {
        !window
            .text("note-performance.workerPoolSize")
            .await
            .contains("enter")
    };
    window.until("Escape puts it back", mended).await;
}

#[tokio::test]
async fn an_address_is_saved_only_once_a_dialog_of_the_desktop_confirms_it() {
    const GATEWAY: &str = "metrics.pushGateway";
    let place = Workplace::new();
    let before = config(&place);
    let window = open_settings(&place).await;
    window
        .enter(
            &format!("field-{GATEWAY}"),
            "http://me:secret@gate.example:9091/push",
        )
        .await;
    // A page that was taken over cannot cover the screen with questions.
    let another = "window.__TAURI_INTERNALS__.invoke('change_setting', {
        name: 'metrics.prometheus', value: 'http://127.0.0.1:1',
    }).then(arguments[0])";
    let question = "Connect to http://.*@gate.example:9091/push\\?$";
    window.dialog(question).await;
    assert!(window.eval_later(another).await.is_null());
    // The button that does nothing has the keyboard.
    window.answer_question(question, &["Return"]).await;
    window
        .until_told(&format!("note-{GATEWAY}"), "was not confirmed")
        .await;
    assert_eq!(config(&place), before);

    window.click(&format!("field-{GATEWAY}")).await;
    window.press(Key::Enter).await;
    window.answer_question(question, &["Tab", "Return"]).await;
    let saved = async || config(&place).contains("http://me:secret@gate.example:9091/push");
    window.until("it is in the file", saved).await;

    // What sends nothing elsewhere asks nothing.
    window.click(&format!("reset-{GATEWAY}")).await;
    let reset = async || !config(&place).contains("pushGateway");
    window.until("it is taken out of the file", reset).await;
}

#[tokio::test]
async fn a_setting_is_found_and_switched_by_keys_alone() {
    let place = Workplace::new();
    let window = place.open().await;
    window.write("8").await;
    window.tab_to("find-setting").await;
    window.write("compress").await;
    window.until_gone("setting-http.port").await;
    window.tab_to("switch-state.compressionEnabled").await;
    window.press(Key::Space).await;
    let off = async || value_of(&place, "state.compressionEnabled") == "false";
    window.until("it is off", off).await;
}

#[tokio::test]
async fn the_token_is_shown_on_request_and_a_rotated_one_is_worth_nothing() {
    let place = Workplace::new();
    let window = open_settings(&place).await;
    let address = window.address().await;
    window.click("part-access").await;
    let token = place.flagctl(&["token"]).trim().to_owned();
    assert!(!window.text("access-token").await.contains(&token));
    window.click("show-token").await;
    window.until_told("token", &token).await;

    let mut document = place.stored();
    document["enabled"] = json!(true);
    assert_eq!(http::put(address, FLAGS, &token, &document), 200);
    window.click("rotate-token").await;
    window.click("rotate-now").await;
    window.until_gone("rotate-dialog").await;
    document["enabled"] = json!(false);
    assert_eq!(http::put(address, FLAGS, &token, &document), 401);
    assert_eq!(place.stored()["enabled"], true);
    let other = place.flagctl(&["token"]).trim().to_owned();
    assert_eq!(http::put(address, FLAGS, &other, &document), 200);
    assert_eq!(place.stored()["enabled"], false);
}

#[tokio::test]
async fn the_token_is_copied_though_it_is_read_only_then() {
    let place = Workplace::new();
    let window = open_settings(&place).await;
    window.click("part-access").await;
    window.click("copy-token").await;
    window.until_told("copy-token", "Copied").await;
    window.click("part-configuration").await;
    window.click("find-setting").await;
    window.chord(&[Key::Control], 'v').await;
    let token = place.flagctl(&["token"]).trim().to_owned();
    let pasted = async || window.field("find-setting").await == token;
    window.until("it is pasted", pasted).await;
}

#[tokio::test]
async fn a_backup_is_made_and_restored_after_a_preview() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    let earlier = place.stored();
    let window = open_settings(&place).await;
    window.click("part-backups").await;
    window.click("back-up").await;
    window.until_told("backups", "1").await;
    let listed = async || window.shows("restore-1").await;
    window.until("the backup is listed", listed).await;

    place.flagctl(&["set", "calculator", "on"]);
    window.until_told("revision", "2").await;
    window.click("restore-1").await;
    window
        .until_told("restore-backup-dialog", "calculator")
        .await;
    assert_eq!(place.stored()["components"]["calculator"], true);
    window.click("restore-now").await;
    let restored = async || place.stored() == earlier;
    window.until("it is as it was", restored).await;
    window.until_gone("restore-backup-dialog").await;

    window.click("toast-action").await;
    let undone = async || place.stored()["components"]["calculator"] == true;
    window
        .until("a restored backup can be undone", undone)
        .await;
}

#[tokio::test]
async fn what_was_set_aside_is_found_and_taken_back_by_keys_alone() {
    let place = Workplace::new();
    place.flagctl(&["set", "tracker", "on"]);
    place.flagctl(&["backup", "make"]);
    place.flagctl(&["set", "calculator", "on"]);
    let database = Connection::open(place.data_dir().join("flagdeck.db")).expect("a store");
    let damage = database.pragma_update(None, "user_version", 0);
    damage.expect("it can be changed");
    drop(database);

    let window = place.open().await;
    window
        .until_told("banner", "The saved flags were damaged")
        .await;
    assert_eq!(place.stored()["components"]["calculator"], false);
    window.tab_to("banner-way").await;
    window.press(Key::Enter).await;
    window
        .until_told("readable", "2 revisions (1 to 2) can be read.")
        .await;
    window.tab_to("take-back").await;
    window.press(Key::Enter).await;
    window.until_told("would-change", "calculator").await;
    window.tab_to("take-back-now").await;
    window.press(Key::Enter).await;
    let taken = async || place.stored()["components"]["calculator"] == true;
    window.until("it is in force for others", taken).await;
    window.until_gone("take-back").await;
    // What was taken back counts as seen.
    window.until_gone("mark-seen").await;
    window.until_gone("banner-way").await;
}

#[tokio::test]
async fn everything_it_is_made_of_is_listed_with_its_licence() {
    let place = Workplace::new();
    let window = open_settings(&place).await;
    window.click("part-about").await;
    window.until_told("about", env!("CARGO_PKG_VERSION")).await;
    window.click("find-package").await;
    window.write("rusqlite").await;
    window.until_told("package", "rusqlite").await;
    window.until_told("package", "MIT").await;
}

/// As `make package` writes them.
#[test]
fn the_packages_carry_the_licence_text_of_everything_they_are_made_of() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("copyright");
    let written = Command::new("node")
        .arg(root.join("tools/licences.mjs"))
        .arg(&to)
        .output()
        .expect("node starts");
    let error = String::from_utf8_lossy(&written.stderr);
    assert!(written.status.success(), "{error}");
    let texts = fs::read_to_string(to).expect("the texts");
    let listed = root.join("src-tauri/src/build_info/packages.json");
    let listed = fs::read_to_string(listed).expect("a list of packages");
    let listed: Vec<Value> = serde_json::from_str(&listed).expect("JSON");
    for package in listed {
        let text = |field: &str| package[field].as_str().expect("a text").to_owned();
        let (name, version, license) = (text("name"), text("version"), text("license"));
        let headline = format!("\n{name} {version} ({license})\n");
        assert!(texts.contains(&headline), "{name}");
    }
}

async fn open_settings(place: &Workplace) -> Window<'_> {
    let window = place.open().await;
    window.click("nav-settings").await;
    window
}

/// The value in force, as another process reads it.
fn value_of(place: &Workplace, setting: &str) -> String {
    let value = place.flagctl(&["config", "get", setting]);
    value.trim().to_owned()
}

fn config(place: &Workplace) -> String {
    fs::read_to_string(place.data_dir().join("config.toml")).expect("a config")
}
