//! `flagctl clients`, as a process, against a real server: who uses it, and what stands in the way.

use flagdeck::clients::{CLIENTS_MAX, Interface};
use flagdeck_core::visible;
use serde_json::Value;

use crate::http_support::Running;
use crate::support::cli::{Cli, Ran};
use crate::support::fake_flagdeck::Fake;
use crate::support::observers::Stranger;

const HOSTILE: &str = "w\u{202e}be\u{2066}\u{200b}\u{2028}  FORGED";

/// Runs `flagctl clients` on the data folder of a server.
fn run(server: &Running, more: &[&str]) -> Ran {
    let data_dir = server.data_dir().to_str().unwrap();
    let url = format!("http://{}", server.address);
    let mut arguments = vec!["--data-dir", data_dir, "clients", "--url", &url];
    arguments.extend(more);
    let ran = Cli::new().run_with(&arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran
}

#[test]
fn clients_are_listed_with_the_program_that_serves_them() {
    let server = Running::start();
    let ran = run(&server, &[]);
    let place = format!(
        "(process {}) at http://{}",
        std::process::id(),
        server.address
    );
    assert!(
        ran.out
            .starts_with("No client was seen in the last 15 minutes by "),
        "{}",
        ran.out
    );
    assert!(ran.out.contains(&place), "{}", ran.out);

    server.get("/api/ml/flags?source=shop", &[("User-Agent", "node")]);
    server.get("/api/ml/flags", &[("User-Agent", "curl/8.5.0")]);
    let ran = run(&server, &[]);
    assert!(
        ran.out.starts_with("Seen in the last 15 minutes by "),
        "{}",
        ran.out
    );
    assert!(ran.out.contains(&place), "{}", ran.out);
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = ran.out.lines().skip(1).map(words).collect();
    assert_eq!(
        rows[0].join(" "),
        "SOURCE PROGRAM LAST SEEN REQUESTS INTERFACES"
    );
    let named = |name: &str| rows.iter().find(|row| row[0] == name).unwrap();
    assert_eq!(named("shop")[1], "node");
    assert_eq!(named("shop")[4..], ["1", "document"]);
    assert_eq!(named("-")[1], "curl");
}

#[test]
fn programs_get_what_the_window_gets() {
    let server = Running::start();
    server.get("/api/ml/flags?source=shop", &[]);
    let printed: Value = serde_json::from_str(&run(&server, &["--json"]).out).unwrap();
    assert_eq!(
        printed,
        serde_json::to_value(server.app.connected()).unwrap()
    );
}

#[test]
fn a_full_list_of_the_longest_hostile_names_is_printed_whole_and_harmless() {
    let server = Running::start();
    let long = HOSTILE.to_owned() + &"検".repeat(128 - HOSTILE.chars().count() - 4);
    for number in 0..CLIENTS_MAX {
        let source = format!("{long}{number:04}").parse().unwrap();
        for over in Interface::ALL {
            let now_ms = server.app.now_ms();
            server
                .app
                .clients()
                .note(Some(&source), "a'b&c;$(d)", over, now_ms);
        }
    }
    let ran = run(&server, &[]);
    assert_eq!(ran.out.lines().count(), CLIENTS_MAX + 2);
    for line in ran.out.lines() {
        assert_eq!(visible(line), line);
    }
    let printed: Value = serde_json::from_str(&run(&server, &["--json"]).out).unwrap();
    assert_eq!(printed["clients"].as_array().unwrap().len(), CLIENTS_MAX);
}

#[test]
fn what_stands_in_the_way_is_told_and_the_token_goes_to_no_stranger() {
    let cli = Cli::new();
    let ran = cli.run("clients");
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("holds no data of Flagdeck"), "{}", ran.err);

    cli.ok("get");
    let ran = cli.run("clients --url http://127.0.0.1:1");
    assert!(
        ran.err.contains("open the window, or run flagctl serve"),
        "{}",
        ran.err
    );

    let stranger = Stranger::saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let ran = cli.run(&format!("clients --url {}", stranger.url()));
    assert!(
        ran.err.contains("is not Flagdeck; the token was not sent"),
        "{}",
        ran.err
    );

    let fake = Fake::start(&cli);
    fake.ledger().keeps_states = false;
    let ran = cli.run(&format!("clients --url {}", fake.url()));
    assert!(
        ran.err.contains("is older than this flagctl"),
        "{}",
        ran.err
    );
    assert_eq!(ran.code, Some(1));
}

#[test]
fn a_flagdeck_with_another_folder_is_told_apart() {
    let server = Running::start();
    let cli = Cli::new();
    cli.ok("token");
    let ran = cli.run(&format!("clients --url http://{}", server.address));
    assert!(ran.err.contains("does not accept the token"), "{}", ran.err);
}
