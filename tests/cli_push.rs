//! Pushes that fail, as they are seen without a window: in `serve`, `/healthz`, `metrics` and
//! `doctor`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::observers::{Stranger, answer};
use crate::support::serving::{Serving, flagctl, get};
use crate::support::waiting::{wait_for, wait_until};

/// A `flagctl serve` that pushes every second, and what it says on standard error.
struct Pushing {
    folder: TempDir,
    serving: Serving,
    errors: PathBuf,
}

impl Pushing {
    fn to(gateway: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let errors = folder.path().join("errors.txt");
        let mut command = serve(&folder, gateway);
        command.stderr(Stdio::from(fs::File::create(&errors).unwrap()));
        Self {
            serving: Serving::run(command),
            folder,
            errors,
        }
    }

    fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap()
    }

    fn health(&self) -> Value {
        let answer = get(&self.serving.address, "/healthz");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    #[track_caller]
    fn until(&self, status: &str) -> Value {
        let push = || self.health()["push"].clone();
        wait_for(status, push, |push| push["status"] == status)
    }
}

fn serve(folder: &TempDir, gateway: &str) -> Command {
    let mut command = flagctl(folder, &["serve", "--port", "0"]);
    command
        .env("PROMETHEUS_GATEWAY", gateway)
        .env("FLAGDECK_METRICS_INTERVAL", "1000");
    command
}

/// Runs a command that knows nothing of the gateway. Returns whether it found all well, and what
/// it printed.
fn said(folder: &TempDir, arguments: &[&str]) -> (bool, String) {
    let output = flagctl(folder, arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), text)
}

/// An address that nothing listens at.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("{}", listener.local_addr().unwrap())
}

#[test]
fn a_gateway_that_cannot_be_reached_is_reported_by_every_command() {
    let gateway = nowhere();
    let pushing = Pushing::to(&format!("http://user:secret@{gateway}/?token=secret"));
    let push = pushing.until("failing");
    let error = push["error"].as_str().unwrap();
    assert!(error.starts_with("it cannot be reached: "), "{error}");
    assert_eq!(push["gateway"], format!("http://{gateway}/"));
    assert!(push["failingSinceMs"].is_u64(), "{push}");
    let health = pushing.health();
    assert_eq!(health["status"], "ok", "the store is well");
    assert_eq!(health["writable"], true);

    wait_until("many attempts to fail", || {
        pushing.health()["push"]["failures"].as_u64().unwrap() >= 4
    });
    let told = pushing.errors();
    let line = format!("flagctl: cannot push metrics to http://{gateway}/: {error}\n");
    assert_eq!(told, line, "once, not at every attempt");

    let fails = format!("✗ pushing metrics to http://{gateway}/ fails: ");
    let (_, metrics) = said(&pushing.folder, &["metrics"]);
    assert!(metrics.contains(&fails), "{metrics}");
    assert!(metrics.contains(" attempts failed since 20"), "{metrics}");
    assert!(
        metrics.contains(&format!("; the last: {error}")),
        "{metrics}"
    );
    let (_, json) = said(&pushing.folder, &["metrics", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["recent"]["push"]["error"], error);
    let (is_well, doctor) = said(&pushing.folder, &["doctor"]);
    assert!(!is_well && doctor.contains(&fails), "{doctor}");
    for text in [health.to_string(), told, metrics, json.to_string(), doctor] {
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn a_gateway_that_refuses_and_then_accepts_is_reported_twice() {
    let works = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&works);
    let gateway = Stranger::answering(move |_| {
        let text = match asked.load(Ordering::SeqCst) {
            true => answer("200 OK", ""),
            false => answer("400 Bad Request", "no such metric"),
        };
        text.into_bytes()
    });
    let pushing = Pushing::to(&gateway.url());
    let push = pushing.until("failing");
    assert_eq!(push["error"], "the gateway refused it: 400 Bad Request");
    works.store(true, Ordering::SeqCst);
    let push = pushing.until("ok");
    assert_eq!(
        (&push["failingSinceMs"], &push["failures"]),
        (&Value::Null, &Value::from(0))
    );
    wait_until("the end to be told", || {
        pushing.errors().lines().count() == 2
    });
    let told = pushing.errors();
    let again = format!("flagctl: metrics are pushed to {} again: ", gateway.url());
    assert!(told.lines().nth(1).unwrap().starts_with(&again), "{told}");
    let (_, metrics) = said(&pushing.folder, &["metrics"]);
    let well = format!("✓ metrics are pushed to {}, last at 20", gateway.url());
    assert!(metrics.contains(&well), "{metrics}");
}

/// A failure of a program that was killed is not told as if it went on.
#[test]
fn what_does_not_push_any_more_does_not_fail() {
    let pushing = Pushing::to("http://user:pa/ss@127.0.0.1:1");
    let push = pushing.until("failing");
    assert_eq!(push["error"], "its address cannot be used");
    let Pushing {
        folder, serving, ..
    } = pushing;
    drop(serving);
    assert!(folder.path().join("push.json").exists(), "it was killed");
    let (_, metrics) = said(&folder, &["metrics"]);
    assert!(!metrics.contains("push"), "{metrics}");
    let (is_well, doctor) = said(&folder, &["doctor"]);
    assert!(is_well && !doctor.contains("push"), "{doctor}");
    drop(Serving::start(&folder));
    assert!(!folder.path().join("push.json").exists());
}

#[test]
fn a_gateway_in_the_settings_is_shown_before_anything_is_pushed() {
    let folder = tempfile::tempdir().unwrap();
    let set = |gateway: &str| {
        let config = format!("[metrics]\npushGateway = \"{gateway}\"\n");
        let file = folder.path().join("config.toml");
        fs::write(&file, config).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        said(&folder, &["doctor"])
    };
    let (is_well, doctor) = set("http://user:secret@127.0.0.1:9");
    assert!(is_well, "{doctor}");
    let text = "✓ no program pushes metrics to http://127.0.0.1:9 at present";
    assert!(doctor.contains(text), "{doctor}");
    let (is_well, doctor) = set("http://user:se/cret@127.0.0.1");
    assert!(
        !is_well && doctor.contains("the address cannot be used"),
        "{doctor}"
    );
    assert!(!doctor.contains("cret"), "{doctor}");
}
