//! `config.toml`, the token and the environment as people leave them: encodings, line ends and links
//! are kept, and what is not read is told.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::reading::{ENDLESS, MARK, Place, text, utf_16};
use crate::support::serving::{Serving, flagctl};

/// Changes a setting in a `config.toml` of these bytes, and returns what is in it then.
#[track_caller]
fn set_in(before: &str, arguments: &[&str]) -> String {
    let place = Place::new();
    fs::write(place.config(), before).unwrap();
    let (_, told) = place.ok(&[&["config"], arguments].concat());
    assert!(!told.contains("config.toml"), "{told}");
    fs::read_to_string(place.config()).unwrap()
}

#[test]
fn config_toml_keeps_its_byte_order_mark_and_its_line_ends() {
    let port = ["set", "metrics.interval", "5000"];
    let text = "# ours\n[http]\nport = 4700 # agreed\n\n[metrics]\ninterval = 9000\n# end\n";
    let expected = text.replace("9000", "5000");
    for end in ["\n", "\r\n", "\r"] {
        for mark in ["", MARK] {
            let lay = |text: &str| format!("{mark}{}", text.replace('\n', end));
            assert_eq!(set_in(&lay(text), &port), lay(&expected));
            let less = text.replace("interval = 9000\n", "");
            assert_eq!(
                set_in(&lay(text), &["reset", "metrics.interval"]),
                lay(&less)
            );
            let more = text.replace("9000\n", "9000\nenabled = false\n");
            assert_eq!(
                set_in(&lay(text), &["set", "metrics.enabled", "false"]),
                lay(&more)
            );
        }
    }
}

#[test]
fn config_toml_keeps_lines_that_end_differently_and_an_open_last_line() {
    let set = ["set", "http.port", "4800"];
    assert_eq!(set_in("[http]\nport = 4700", &set), "[http]\nport = 4800");
    assert_eq!(
        set_in(
            "[http]\r\nport = 4700",
            &["set", "http.allowedOrigins", "http://a"]
        ),
        "[http]\r\nport = 4700\r\nallowedOrigins = [\"http://a\"]"
    );
    assert_eq!(
        set_in("# a\r\n[http]\nport = 1\r\n# b\n", &set),
        "# a\r\n[http]\nport = 4800\r\n# b\n",
    );
    assert_eq!(set_in("# ours", &set), "[http]\nport = 4800\n# ours");
    assert_eq!(set_in("", &set), "[http]\nport = 4800\n");
}

#[test]
fn config_toml_that_is_a_link_stays_one() {
    let place = Place::new();
    let target = place.at("mine.toml");
    symlink(&target, place.config()).unwrap();
    place.ok(&["config", "set", "http.port", "4800"]);
    assert!(place.config().is_symlink());
    assert_eq!(
        fs::read_to_string(&target).unwrap(),
        "[http]\nport = 4800\n"
    );
    let mode = fs::metadata(&target).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let config = place.config();
    fs::remove_file(&config).unwrap();
    symlink(&config, &config).unwrap();
    let (loops, path) = (ENDLESS, config.display());
    let told = format!("flagctl: {path} cannot be read ({loops}); it is not used.\n");
    let failed = format!("flagctl: Cannot use {path}: {loops}.\n");
    place.refused(
        &["config", "set", "http.port", "4800"],
        1,
        &(told + &failed),
    );
}

#[test]
fn a_token_that_is_a_link_stays_one() {
    let place = Place::new();
    let (token, target) = (place.data.path().join("token"), place.at("secret"));
    symlink(&target, &token).unwrap();
    let (first, _) = place.ok(&["token"]);
    assert_eq!(
        place.ok(&["token", "--rotate"]).0,
        fs::read_to_string(&target).unwrap()
    );
    assert_ne!(place.ok(&["token"]).0, first);
    assert!(token.is_symlink());

    fs::remove_file(&token).unwrap();
    symlink("token", &token).unwrap();
    let path = token.display();
    let refused = format!("flagctl: Cannot use {path}: {ENDLESS}.\n");
    place.refused(&["token"], 1, &refused);
    let doctor = text(&place.run(&["doctor"]).stdout);
    assert!(
        doctor.contains(&format!("✗ {path} cannot be read: {ENDLESS}\n")),
        "{doctor}"
    );
}

#[test]
fn config_toml_in_another_encoding_is_named_and_left_alone() {
    let place = Place::new();
    let bytes = utf_16("\u{feff}[http]\r\nport = 4700\r\n");
    fs::write(place.config(), &bytes).unwrap();
    let path = place.config();
    let path = path.display();
    let told = format!("flagctl: {path} is UTF-16; save it as UTF-8; it is not used.\n");
    let refused = format!(
        "flagctl: {path} is UTF-16; save it as UTF-8; the file stays as it is, please mend it \
         and try again.\n"
    );
    place.refused(&["config", "set", "http.port", "1"], 2, &(told + &refused));
    assert_eq!(fs::read(place.config()).unwrap(), bytes);
}

/// `flagctl` without a data folder on its command line, in an environment of its own.
fn bare(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flagctl"));
    command
        .env_clear()
        .env("HOME", home)
        .env("USER", "ada")
        .args(arguments);
    command
}

#[test]
fn an_empty_variable_is_not_set() {
    let place = Place::new();
    let home = place.files.path();
    let mut command = bare(home, &["master", "on"]);
    let variables = [
        "FLAGDECK_DATA_DIR",
        "FLAGDECK_LOG",
        "FLAGDECK_HTTP_PORT",
        "XDG_DATA_HOME",
    ];
    let output = command
        .envs(variables.map(|name| (name, "")))
        .output()
        .unwrap();
    assert_eq!(text(&output.stderr), "");
    assert!(home.join(".local/share/flagdeck/flagdeck.db").exists());

    let output = bare(home, &["--data-dir", "", "get"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--data-dir"));

    let named = place.data.path();
    bare(home, &["master", "on"])
        .env("FLAGDECK_DATA_DIR", named)
        .output()
        .unwrap();
    assert!(named.join("flagdeck.db").exists());
}

#[test]
fn doctor_and_serve_report_a_variable_that_is_not_read() {
    let place = Place::new();
    let told = "Flagdeck reads no environment variable FLAGDECK_HTTP_PROT; did you mean \
                FLAGDECK_HTTP_PORT?";
    let mistyped = |arguments: &[&str]| {
        let mut command = flagctl(&place.data, arguments);
        command
            .env("FLAGDECK_HTTP_PROT", "4700")
            .env("FLAGDECK_HTTP_PORT", "0");
        command
    };
    let output = mistyped(&["doctor"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains(&format!("✗ {told}\n")));
    let output = mistyped(&["doctor", "--json"]).output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = found["findings"].as_array().unwrap();
    assert!(
        findings.contains(&json!({ "ok": false, "text": told })),
        "{found}"
    );
    let output = mistyped(&["get"]).output().unwrap();
    assert_eq!(
        text(&output.stderr),
        "All flags are off (never turned on)\n".replace("All", "flagctl: All")
    );

    let mut command = mistyped(&["serve", "--port", "0"]);
    command.stderr(Stdio::piped());
    let mut serving = Serving::run(command);
    let err = serving.child.stderr.take().unwrap();
    drop(serving);
    let said = std::io::read_to_string(err).unwrap();
    assert_eq!(said, format!("flagctl: {told}\n"));
}
