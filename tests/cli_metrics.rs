//! What was reported, on the command line; and the synthetic host against the real application.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::apps::{close, open_watching, report};
use crate::support::serving::{Serving, flagctl, get, sample};

fn said(folder: &TempDir, arguments: &[&str]) -> String {
    let output = flagctl(folder, arguments).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn nothing_reported_is_said_with_a_way_on() {
    let folder = tempfile::tempdir().unwrap();
    let text = said(&folder, &["metrics"]);
    assert!(text.contains("Nothing was ever reported here"), "{text}");
    assert!(text.contains("flagctl demo"), "{text}");
    assert_eq!(said(&folder, &["metrics", "--json"]).trim(), "null");
}

#[test]
fn no_calculation_is_zero_a_second_without_a_sign() {
    let folder = tempfile::tempdir().unwrap();
    let app = open_watching(folder.path());
    let usage = r#"{"type":"ml:usage","source":"web"}"#;
    assert_eq!(report(&app, usage).unwrap().accepted, 1);
    close(app);
    let text = said(&folder, &["metrics"]);
    assert!(text.contains("0 calculations of all components"), "{text}");
    assert!(text.contains(", 0.0 a second now"), "{text}");
}

/// The summary is read from the folder, while another program collects and after it has ended.
#[test]
fn a_synthetic_host_is_counted_whole_and_summarised() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&folder);
    let url = format!("http://{}", serving.address);
    let demo = [
        "demo",
        "--url",
        &url,
        "--for",
        "2s",
        "--rate",
        "400",
        "--regression",
        "--json",
    ];
    let told = said(&folder, &demo);
    let last: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(last["ended"], true);
    assert_eq!(last["refused"], 0);
    let sent = last["sent"].as_u64().unwrap();
    assert!(sent > 100, "{told}");
    let exposed = get(&serving.address, "/metrics");
    assert_eq!(sample(&exposed, "flagdeck_events_accepted_total"), sent);

    let text = said(&folder, &["metrics"]);
    assert!(text.contains("synthetic-demo (made up)"), "{text}");
    assert!(text.contains(&format!("{sent} events in all")), "{text}");
    let json: Value = serde_json::from_str(&said(&folder, &["metrics", "--json"])).unwrap();
    let totals = json["totals"].as_array().unwrap();
    let count = |name: &str| -> u64 { totals.iter().map(|row| row[name].as_u64().unwrap()).sum() };
    assert_eq!(json["recent"]["sources"][0]["isSynthetic"], true);
    let recent = json["recent"]["calculations"].as_u64().unwrap();
    assert_eq!(
        recent,
        count("calculations"),
        "all of it was in the last minutes"
    );
    assert!(recent > 100 && recent + count("errors") <= sent, "{json}");
    // Killed: what was acknowledged is there all the same.
    drop(serving);
    let text = said(&folder, &["metrics"]);
    assert!(text.contains(&format!("{sent} events in all")), "{text}");
}

#[test]
fn the_doctor_reports_a_damaged_file() {
    let folder = tempfile::tempdir().unwrap();
    drop(Serving::start(&folder));
    let file = folder.path().join("metrics.db");
    let connection = rusqlite::Connection::open(file).unwrap();
    let row = "INSERT OR REPLACE INTO checkpoint VALUES (1, 0, zeroblob(16), x'00')";
    connection.execute(row, []).unwrap();
    drop(connection);
    let output = flagctl(&folder, &["doctor"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success(), "{text}");
    assert!(text.contains("metrics.db is damaged"), "{text}");
}
