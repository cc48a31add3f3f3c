//! `flagctl demo` and `doctor` find where the programs on a data folder serve.

use std::net::TcpListener;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::cli::Cli;
use crate::support::processes::send;

/// A port at which no program listens.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// What `doctor` says of serving.
fn served(cli: &Cli) -> Vec<String> {
    let ran = cli.run("doctor --json");
    let said: Value = serde_json::from_str(&ran.out).unwrap();
    let findings = said["findings"].as_array().unwrap().iter();
    let texts = findings.map(|finding| finding["text"].as_str().unwrap().to_owned());
    texts.filter(|text| text.contains("served at")).collect()
}

fn play(cli: &Cli) -> String {
    let ran = cli.run("demo --for 1s --rate 5 --users 10 --state-size small");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out
}

#[test]
fn a_server_at_any_port_is_found_until_it_ends() {
    let cli = Cli::new();
    let unused = free_port();
    cli.ok(&format!("config set http.port {unused}"));
    let mut serving = cli.serve();
    assert!(play(&cli).contains(&serving.address), "{}", serving.address);
    let found = served(&cli);
    assert_eq!(found.len(), 1, "{found:?}");
    let expected = format!(
        "flags are served at http://{} by flagctl (process",
        serving.address
    );
    assert!(found[0].starts_with(&expected), "{found:?}");

    // It cannot tidy up after itself.
    send(Signal::KILL, &serving.child);
    serving.child.wait().unwrap();
    assert!(served(&cli).is_empty());
    let said = format!("othing answers at http://127.0.0.1:{unused}");
    cli.refused("demo", 1, &said);
}

#[test]
fn of_two_servers_the_one_at_the_usual_port_is_taken() {
    let cli = Cli::new();
    let (one, other) = (cli.serve(), cli.serve());
    assert_eq!(served(&cli).len(), 2);
    for serving in [&one, &other] {
        let (_, port) = serving.address.rsplit_once(':').unwrap();
        cli.ok(&format!("config set http.port {port}"));
        assert!(play(&cli).contains(&serving.address));
    }
    // What is said on the command line counts, whatever runs.
    let unused = free_port();
    let said = format!("othing answers at http://127.0.0.1:{unused}");
    cli.refused(&format!("demo --config http.port={unused}"), 1, &said);
}
