//! Settings that are changed while Flagdeck runs: through it, by hand, by several at once.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use flagdeck::config::{Given, Setting, Source};
use flagdeck::error::Code;
use flagdeck::{App, Error, Event, Options};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::apps::{open, open_watching_by, standing_clock};
use crate::support::disks::{folder_of_own_process, on_a_small_disk};
use crate::support::waiting::let_pass;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

fn temporary() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes the file as careful editors do: whole, or not at all.
fn write(folder: &Path, text: &str) {
    let beside = folder.join("config.toml~");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, folder.join("config.toml")).unwrap();
}

fn text(folder: &Path) -> String {
    fs::read_to_string(folder.join("config.toml")).unwrap()
}

#[track_caller]
fn change(app: &App, name: &str, value: &Value) {
    app.change_setting(name, value).unwrap();
}

#[track_caller]
fn setting(app: &App, name: &str) -> Setting {
    let mut settings = app.settings().into_iter();
    settings.find(|setting| setting.key.name == name).unwrap()
}

#[track_caller]
fn refused(app: &App, name: &str, value: &Value) -> Error {
    app.change_setting(name, value).unwrap_err()
}

#[test]
fn a_change_counts_at_once_and_after_a_restart() {
    let folder = temporary();
    let app = open(folder.path());
    let mut events = app.subscribe();
    let origins = json!(["http://localhost:5173"]);
    change(&app, "http.allowedOrigins", &origins);
    assert_eq!(app.config().http.allowed_origins, ["http://localhost:5173"]);
    assert_eq!(events.try_recv(), Ok(Event::Status));
    let changed = setting(&app, "http.allowedOrigins");
    assert_eq!((&changed.value, &changed.in_file), (&origins, &origins));
    assert!(matches!(changed.source, Source::File(_)) && !changed.is_waiting);
    drop(app);
    let app = open(folder.path());
    assert_eq!(setting(&app, "http.allowedOrigins").value, origins);
    change(&app, "http.allowedOrigins", &Value::Null);
    let reset = setting(&app, "http.allowedOrigins");
    assert_eq!((reset.value, reset.in_file), (json!([]), Value::Null));
    assert_eq!(reset.source, Source::Default);
}

#[test]
fn a_setting_that_needs_a_restart_waits_for_it_and_can_be_taken_back() {
    let folder = temporary();
    let app = open(folder.path());
    change(&app, "http.port", &json!(4700));
    let waiting = setting(&app, "http.port");
    assert!(waiting.is_waiting);
    assert_eq!((waiting.value, waiting.in_file), (json!(4680), json!(4700)));
    assert_eq!(app.config().http.port, 4680);
    change(&app, "http.port", &Value::Null);
    assert!(!setting(&app, "http.port").is_waiting);
    change(&app, "http.port", &json!(4701));
    drop(app);
    let app = open(folder.path());
    assert_eq!(app.config().http.port, 4701);
    assert!(!setting(&app, "http.port").is_waiting);
}

#[test]
fn a_value_that_others_overrule_is_kept_and_not_in_force() {
    let folder = temporary();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let given = Given {
        environment: vec![pair("FLAGDECK_METRICS_INTERVAL", "3000")],
        command_line: vec![pair("http.port", "4703")],
    };
    let app = App::open(Options {
        given,
        ..Options::new(folder.path())
    })
    .unwrap();
    change(&app, "metrics.interval", &json!(2000));
    change(&app, "http.port", &json!(4701));
    let interval = setting(&app, "metrics.interval");
    assert_eq!(
        (interval.value, interval.in_file),
        (json!(3000), json!(2000))
    );
    let variable = "FLAGDECK_METRICS_INTERVAL".to_owned();
    assert_eq!(interval.source, Source::Environment(variable));
    let port = setting(&app, "http.port");
    assert_eq!((port.value, port.in_file), (json!(4703), json!(4701)));
    assert_eq!(port.source, Source::CommandLine);
    assert!(!port.is_waiting, "a restart would change nothing");
}

#[test]
fn a_value_that_cannot_be_is_refused_with_its_key_and_range() {
    let folder = temporary();
    let app = open(folder.path());
    for (name, value, said) in [
        (
            "http.port",
            json!(70_000),
            "http.port must be a whole number from 0 to 65535 (port), not 70000",
        ),
        (
            "http.port",
            json!("4680"),
            "http.port must be a whole number from 0 to 65535 (port), not \"4680\"",
        ),
        (
            "rollback.triggers.errorRate",
            json!(1.5),
            "rollback.triggers.errorRate must be a number from 0 to 1, not 1.5",
        ),
        (
            "http.allowedOrigins",
            json!(["http://localhost:5173", 5]),
            "http.allowedOrigins must be a list of origins such as http://localhost:5173 or \
             tauri://localhost, without a path, \
             not [\"http://localhost:5173\",5]",
        ),
    ] {
        let error = refused(&app, name, &value);
        assert_eq!(
            (error.code(), error.to_string()),
            (Code::Invalid, said.into())
        );
    }
    let error = refused(&app, "http.prt", &json!(1));
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.to_string(), "http.prt is not a setting");
    assert!(!folder.path().join("config.toml").exists());
}

#[test]
fn a_file_that_is_not_toml_is_kept_as_it_is_and_its_line_named() {
    let folder = temporary();
    let app = open(folder.path());
    let broken = "[http]\nport 4680 # the proxy's\n";
    write(folder.path(), broken);
    for value in [json!(4700), Value::Null] {
        let error = refused(&app, "http.port", &value);
        assert_eq!(error.code(), Code::Invalid);
        let said = error.to_string();
        assert!(said.contains("is not valid TOML in line 2"), "{said}");
        assert!(said.contains("stays as it is"), "{said}");
        assert_eq!(text(folder.path()), broken);
    }
}

#[test]
fn a_file_edited_by_hand_counts_and_its_errors_are_shown_until_they_are_fixed() {
    let folder = temporary();
    let clock = standing_clock();
    let app = open_watching_by(folder.path(), &clock);
    write(folder.path(), "[metrics]\ninterval = 2000\n");
    let_pass(&clock, LOOK_EVERY);
    assert_eq!(app.config().metrics.interval_ms, 2000);
    write(
        folder.path(),
        "[metrics]\ninterval = 3000\nbufferSize = 0\n",
    );
    let mut events = app.subscribe();
    let_pass(&clock, LOOK_EVERY);
    assert_eq!(app.config().metrics.interval_ms, 3000);
    let notices = app.notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].message.starts_with("metrics.bufferSize in "));
    fs::remove_file(folder.path().join("config.toml")).unwrap();
    let_pass(&clock, LOOK_EVERY);
    assert_eq!(app.notices(), []);
    assert_eq!(app.config().metrics.interval_ms, 10_000);
    assert_eq!(events.blocking_recv(), Ok(Event::Status));
}

#[test]
fn a_broken_file_leaves_the_last_good_values_in_force() {
    let folder = temporary();
    write(folder.path(), "[metrics]\ninterval = 2000\n");
    let clock = standing_clock();
    let app = open_watching_by(folder.path(), &clock);
    write(folder.path(), "[metrics]\ninterval = 3000\nbuffer");
    let_pass(&clock, LOOK_EVERY);
    let said = &app.notices()[0].message;
    assert!(said.contains("is not valid TOML in line 3"), "{said}");
    assert_eq!(app.config().metrics.interval_ms, 2000);
    assert_eq!(setting(&app, "metrics.interval").in_file, json!(2000));
    write(folder.path(), "[metrics]\ninterval = 3000\nbufferSize = 9");
    let_pass(&clock, LOOK_EVERY);
    assert_eq!(app.notices(), []);
    assert_eq!(app.config().metrics.interval_ms, 3000);
}

#[test]
fn what_several_change_at_once_is_all_kept() {
    const ROUNDS: u64 = 20;
    let folder = temporary();
    write(folder.path(), "# ours\n");
    let names = [
        "metrics.interval",
        "featureFlags.refreshInterval",
        "state.snapshotInterval",
        "rollback.triggers.responseTime",
    ];
    std::thread::scope(|scope| {
        for name in names {
            let app = open(folder.path());
            scope.spawn(move || {
                for round in 1..=ROUNDS {
                    change(&app, name, &json!(1000 * round));
                }
            });
        }
    });
    let app = open(folder.path());
    for name in names {
        assert_eq!(setting(&app, name).in_file, json!(1000 * ROUNDS), "{name}");
    }
    assert!(text(folder.path()).contains("# ours\n"));
    assert_eq!(app.notices(), []);
}

#[test]
fn a_file_keeps_its_mode_and_a_link_stays_one() {
    let (folder, elsewhere) = (temporary(), temporary());
    let target = elsewhere.path().join("mine.toml");
    fs::write(&target, "[http]\n").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("config.toml");
    symlink(&target, &link).unwrap();
    change(&open(folder.path()), "http.port", &json!(4700));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(
        fs::read_to_string(&target).unwrap(),
        "[http]\nport = 4700\n"
    );
    let mode = fs::metadata(&target).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn a_file_that_flagdeck_makes_is_for_its_owner_only() {
    let folder = temporary();
    change(&open(folder.path()), "http.port", &json!(4700));
    let file = fs::metadata(folder.path().join("config.toml")).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_write_protected_file_is_left_alone() {
    let folder = temporary();
    write(folder.path(), "[http]\n");
    let path = folder.path().join("config.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let app = open(folder.path());
    let error = refused(&app, "http.port", &json!(4700));
    assert_eq!(error.code(), Code::ReadOnly);
    assert_eq!(
        error.in_full(),
        format!("{} is write-protected", path.display())
    );
    assert_eq!(text(folder.path()), "[http]\n");
}

#[test]
fn a_full_or_protected_disk_takes_nothing_and_says_so() {
    on_a_small_disk("settings::child_fills_then_protects_the_disk");
}

#[test]
#[ignore = "the body of a process that a test starts on a small disk"]
fn child_fills_then_protects_the_disk() {
    let folder = folder_of_own_process();
    let app = open(&folder);
    change(&app, "http.port", &json!(4700));
    let before = text(&folder);
    let mut ballast = fs::File::create(folder.join("ballast")).unwrap();
    while ballast.write(&[0; 512]).is_ok() {}
    let error = refused(&app, "http.port", &json!(4701));
    assert!(error.to_string().starts_with("the disk is full"), "{error}");
    assert_eq!(text(&folder), before);
    fs::remove_file(folder.join("ballast")).unwrap();
    drop((ballast, app));

    let protected = std::process::Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&folder)
        .status();
    assert!(protected.unwrap().success());
    let app = open(&folder);
    let error = refused(&app, "http.port", &json!(4701));
    assert_eq!(error.code(), Code::ReadOnly);
    assert_eq!(text(&folder), before);
}
