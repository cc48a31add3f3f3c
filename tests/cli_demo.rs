//! `flagctl demo`, as a process, against a server that is like Flagdeck and keeps a ledger.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::cli::{Cli, Ran};
use crate::support::fake_flagdeck::{Fake, HEALTHY, Reaction, document};
use crate::support::observers::Stranger;
use crate::support::waiting::wait_for;

/// A `flagctl demo` that is ended by its process id, whatever the test does.
struct Playing(Child);

impl Playing {
    fn start(cli: &Cli, arguments: &str) -> Self {
        let mut command = cli.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Reads the next line that it prints.
    fn line(&mut self) -> String {
        let mut line = String::new();
        // A byte at a time, so that what comes after the line stays where it is.
        let out = self.0.stdout.as_mut().unwrap();
        BufReader::with_capacity(1, out)
            .read_line(&mut line)
            .unwrap();
        line
    }

    /// Asks it to end; returns what it printed, and how long it took to end.
    fn end(mut self) -> (Ran, Duration) {
        let asked = Instant::now();
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        let code = self.0.wait().unwrap().code();
        let took = asked.elapsed();
        let (mut out, mut err) = (String::new(), String::new());
        let (stdout, stderr) = (self.0.stdout.take(), self.0.stderr.take());
        stdout.unwrap().read_to_string(&mut out).unwrap();
        stderr.unwrap().read_to_string(&mut err).unwrap();
        (Ran { code, out, err }, took)
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn json_lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn everything_is_sent_once_through_every_kind_of_trouble() {
    let cli = Cli::new();
    let fake = Fake::start(&cli);
    let reactions = [Reaction::Full, Reaction::TakeAndCut, Reaction::Fail];
    fake.ledger().reactions = reactions.into();
    let url = fake.url();
    let playing = Playing::start(
        &cli,
        &format!("demo --url {url} --rate 400 --seed 7 --component ui.badges --json"),
    );
    fake.wait("enough events", |ledger| {
        ledger.taken.values().sum::<usize>() > 600
    });
    let (ran, _) = playing.end();
    let ledger = fake.ledger();

    let figures = json_lines(&ran.out);
    let last = figures.last().unwrap();
    assert!(figures.len() >= 2, "{ran:?}");
    for one in &figures {
        assert_eq!(one["synthetic"], true);
        assert_eq!(one["source"], "synthetic-demo");
        assert_eq!(one["users"], 4000);
    }
    assert_eq!(last["ended"], true);
    assert_eq!(last["dropped"], 0);
    assert_eq!(last["trouble"], Value::Null);
    let taken: usize = ledger.taken.values().sum();
    assert_eq!(last["sent"], taken);

    // The three that went wrong are one batch, sent four times.
    let tries = &ledger.arrivals[..4];
    assert!(tries.iter().all(|one| one.key == tries[0].key));
    assert!(tries.iter().all(|one| one.body == tries[0].body));
    assert_eq!(ledger.arrivals.len(), ledger.taken.len() + 3);
    let asked_for = tries[1].at - tries[0].at;
    assert!(asked_for >= Duration::from_secs(1), "{asked_for:?}");

    let first = cli.ok("demo --dry-run --rate 400 --seed 7 --component ui.badges");
    assert_eq!(tries[0].body, first);
    for event in ledger.events() {
        assert_eq!(event["source"], "synthetic-demo");
        assert_eq!(event.get("exposed"), None, "Flagdeck evaluates it");
    }
}

#[test]
fn a_change_of_the_flags_is_followed() {
    let cli = Cli::new();
    let fake = Fake::start(&cli);
    let url = fake.url();
    let playing = Playing::start(&cli, &format!("demo --url {url} --users 1000 --json"));
    // After the first figures, which come after a second.
    fake.wait("an unchanged answer", |ledger| ledger.not_modified > 1);
    fake.ledger().flags = ("\"r1\"".into(), document(true, 50));
    let before = fake.ledger().not_modified;
    // Asked with what was answered a second ago.
    fake.wait("the changed flags", |ledger| ledger.not_modified > before);
    let (ran, _) = playing.end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let figures = json_lines(&ran.out);
    let component = |figures: &Value| figures["components"][0].clone();
    let off = json!({"component": "ui.badges", "exposed": 0});
    assert_eq!(component(&figures[0]), off);
    let on = component(figures.last().unwrap());
    let on = on["exposed"].as_u64().unwrap();
    assert!((430..570).contains(&on), "{on}");
}

#[test]
fn a_regression_shows_where_a_component_is_on() {
    let cli = Cli::new();
    let fake = Fake::start(&cli);
    fake.ledger().flags = ("\"r1\"".into(), document(true, 100));
    let play = |more: &str| {
        let url = fake.url();
        let run = format!("demo --url {url} --for 1s --rate 5000 --seed 8");
        cli.ok(&format!("{run} --component ui.badges {more}"));
        let events = fake.ledger().events();
        fake.ledger().arrivals.clear();
        let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count() as f64;
        let errors = count("ml:calculation:error");
        errors / (errors + count("ml:calculation:complete"))
    };
    let (healthy, regressed) = (play(""), play("--regression"));
    assert!((0.005..0.017).contains(&healthy), "{healthy}");
    assert!((0.045..0.075).contains(&regressed), "{regressed}");
}

#[test]
fn it_ends_soon_after_it_is_asked_to_and_sums_up() {
    let cli = Cli::new();
    let fake = Fake::start(&cli);
    let port = fake.address.port();
    let playing = Playing::start(&cli, &format!("demo --config http.port={port} --seed 9"));
    fake.wait("a batch", |ledger| !ledger.taken.is_empty());
    let (ran, took) = playing.end();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        lines[0],
        format!(
            "Synthetic host: 4 000 made-up users of ui.badges, tracker, reported to \
             http://127.0.0.1:{port}; the seed is 9"
        )
    );
    let taken: usize = fake.ledger().taken.values().sum();
    assert!(lines[1].starts_with("Synthetic host ended after "));
    let sum = format!("{taken} sent, 0 refused, 0 dropped, 0 not sent");
    assert!(lines[1].ends_with(&sum), "{}", lines[1]);
    assert_eq!(lines.len(), 2);
}

#[test]
fn it_ends_soon_also_where_nobody_answers_any_more() {
    let cli = Cli::new();
    let fake = Fake::start(&cli);
    let mut playing = Playing::start(&cli, &format!("demo --url {} --json", fake.url()));
    fake.wait("a batch", |ledger| !ledger.taken.is_empty());
    drop(fake);
    wait_for(
        "trouble",
        || playing.line(),
        |line| json_lines(line)[0]["trouble"].is_string(),
    );
    let (ran, took) = playing.end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let last = json_lines(&ran.out).pop().unwrap();
    assert!(last["waiting"].as_u64() > Some(0), "{last}");
    let trouble = last["trouble"].as_str().unwrap();
    assert!(
        trouble.starts_with("nothing answers at http://"),
        "{trouble}"
    );
}

#[test]
fn whoever_else_answers_is_not_sent_the_token() {
    let cli = Cli::new();
    let fake = Fake::start(&cli);
    for other in [
        "<html>Hello</html>",
        r#"{"status":"ok"}"#,
        r#"{"status":"ok","version":"1","revision":"3","writable":true}"#,
        "",
    ] {
        fake.ledger().health = other.into();
        let said = "is not Flagdeck; the token was not sent to it";
        cli.refused(&format!("demo --url {}", fake.url()), 1, said);
    }
    let ledger = fake.ledger();
    assert_eq!((ledger.with_token, ledger.requests), (0, 4));
}

#[test]
fn what_leads_elsewhere_or_speaks_no_http_is_not_sent_the_token() {
    let cli = Cli::new();
    let elsewhere = Fake::start(&cli);
    let to = elsewhere.url();
    let redirect =
        format!("HTTP/1.1 307 Go\r\nLocation: {to}/healthz\r\nContent-Length: 0\r\n\r\n");
    for said in [redirect.as_str(), "SSH-2.0-OpenSSH_9.2\r\n"] {
        let stranger = Stranger::saying(said);
        let refused = "is not Flagdeck; the token was not sent to it";
        cli.refused(&format!("demo --url {}", stranger.url()), 1, refused);
        assert_eq!(stranger.requests().len(), 1);
    }
    assert_eq!(elsewhere.ledger().requests, 0);
}

#[test]
fn whoever_takes_the_port_meanwhile_is_not_sent_the_token_either() {
    let cli = Cli::new();
    let fake = Fake::start(&cli);
    let mut playing = Playing::start(&cli, &format!("demo --url {} --json", fake.url()));
    fake.wait("a batch", |ledger| !ledger.taken.is_empty());
    let before = {
        let mut ledger = fake.ledger();
        ledger.health = "{}".into();
        ledger.requests = 0;
        ledger.with_token
    };
    // What was on its way behind the last good answer: one of events, of states, of the stream.
    fake.wait("a question", |ledger| ledger.requests > 3);
    let after = fake.ledger().with_token;
    assert!(
        after <= before + 3,
        "sent {before} times before, then {after}"
    );
    fake.wait("another question", |ledger| ledger.requests > 6);
    let last = fake.ledger().with_token;
    assert_eq!(
        last, after,
        "the token is sent to none that is not Flagdeck"
    );
    fake.ledger().health = HEALTHY.into();
    fake.wait("the next batch", |ledger| ledger.with_token > after);
    // Less than a second's events: those of the time before have been sent.
    let few = |line: &String| json_lines(line)[0]["waiting"].as_u64() < Some(100);
    wait_for("what waited to be sent", || playing.line(), few);
    let (ran, _) = playing.end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(json_lines(&ran.out).pop().unwrap()["waiting"], 0);
}

#[test]
fn a_flagdeck_that_keeps_its_data_elsewhere_refuses_the_token() {
    let cli = Cli::new();
    let fake = Fake::start(&cli);
    fake.ledger().reactions = [Reaction::Refuse].into();
    let ran = cli.run_with(&["demo", "--url", &fake.url()]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("does not accept the token in "), "{ran:?}");
    assert!(ran.out.contains("Synthetic host ended after "), "{ran:?}");
    assert_eq!(fake.ledger().arrivals.len(), 1, "it is not tried again");
}

#[test]
fn where_nothing_answers_it_is_said_how_to_begin() {
    let cli = Cli::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    cli.ok("token");
    let said = format!(
        "othing answers at http://127.0.0.1:{port}: no program listens there; open the window, \
         or run flagctl serve, and try again"
    );
    cli.refused(&format!("demo --config http.port={port}"), 1, &said);
    let said = "at a port of its own choice, because http.port is 0; say where with --url";
    cli.refused("demo --config http.port=0", 1, said);
}

#[test]
fn where_there_is_no_data_none_is_made() {
    let cli = Cli::new();
    let nowhere = tempfile::tempdir().unwrap();
    let missing = nowhere.path().join("gone");
    for folder in [nowhere.path(), &missing] {
        let folder = folder.to_str().unwrap();
        let said = format!("{folder} holds no data of Flagdeck");
        cli.refused(&format!("demo --data-dir {folder}"), 1, &said);
    }
    assert!(!missing.exists());
    assert_eq!(nowhere.path().read_dir().unwrap().count(), 0);
}

#[test]
fn bad_arguments_are_refused_before_anybody_is_contacted() {
    let cli = Cli::new();
    let foreign = "the token must not leave this machine";
    for url in [
        "http://example.com:4680",
        "http://192.168.1.2:4680",
        "http://127.0.0.1.example.com:4680",
        "http://0.0.0.0:4680",
    ] {
        cli.refused(&format!("demo --url {url}"), 2, foreign);
    }
    let malformed = "it must be like http://127.0.0.1:4680";
    cli.refused("demo --url https://127.0.0.1:4680", 2, malformed);
    cli.refused("demo --url http://a@127.0.0.1:4680", 2, malformed);
    cli.refused("demo --for 0s", 2, "a time such as 90s, 10m or 2h");
    cli.refused("demo --for soon", 2, "a time such as 90s, 10m or 2h");
    cli.refused("demo --users 0", 2, "1..=100000");
    cli.refused("demo --rate 0", 2, "1..=5000");
    cli.refused("demo --component a..b", 2, "--component");
}

#[test]
fn only_components_of_the_document_calculate() {
    let cli = Cli::new();
    let fake = Fake::start(&cli);
    let run = format!("demo --url {}", fake.url());
    let said = "did you mean ui.badges?";
    cli.refused(&format!("{run} --component ui.badge"), 3, said);
    let said = "nly a component can calculate, and ui is a group";
    cli.refused(&format!("{run} --component ui"), 3, said);
    fake.ledger().flags.1["components"] = json!({});
    cli.refused(&run, 1, "here are no components that could calculate");
    assert_eq!(fake.ledger().with_token, 0);
}

#[test]
fn a_dry_run_prints_what_would_be_sent_and_touches_nothing() {
    let cli = Cli::new();
    let nowhere = tempfile::tempdir().unwrap();
    let missing = nowhere.path().join("gone");
    let run = format!("demo --dry-run --seed 10 --data-dir {}", missing.display());
    let out = cli.ok(&run);
    assert_eq!(cli.ok(&run), out, "a seed says everything");
    assert_ne!(cli.ok("demo --dry-run --seed 11"), out);
    let events = json_lines(&out);
    assert!((20..90).contains(&events.len()), "{}", events.len());
    assert!(
        events
            .iter()
            .all(|event| event["source"] == "synthetic-demo")
    );
    assert_eq!(events[0]["type"], "ml:memory");
    assert!(!missing.exists());
}

#[test]
fn state_is_reported_as_it_changes_and_what_is_restored_is_taken_in() {
    let cli = Cli::new();
    let fake = Fake::start(&cli);
    fake.ledger().keeps_states = true;
    let arguments = format!(
        "demo --url {} --rate 50 --seed 3 --state-size small --json",
        fake.url()
    );
    let playing = Playing::start(&cli, &arguments);
    fake.wait("the changes", |ledger| ledger.changes > 8);
    {
        let ledger = fake.ledger();
        let whole = &ledger.wholes[0];
        assert_eq!(whole.address, "/api/ml/state/synthetic-demo?files=30");
        assert_eq!(whole.restore, None);
        assert_eq!(whole.ml["flags"], document(false, 0));
        assert_eq!(whole.ml["version"], "6.0.0");
        assert_eq!(ledger.wholes.len(), 1, "only what changes is sent then");
    }
    fake.ledger().flags = ("\"r1\"".into(), document(true, 50));
    fake.wait("the flags", |ledger| {
        ledger.state["flags"] == document(true, 50)
    });

    let mut restored = fake.ledger().wholes[0].ml.clone();
    restored["version"] = "5.0.0".into();
    restored["odd"] = json!([1.5, null]);
    let announcement = |id: u64| {
        let href = format!("/api/ml/state/synthetic-demo/restores/{id}");
        let data = json!({"restore": id, "source": "synthetic-demo", "href": href});
        format!("event: ml:state:restored\ndata: {data}\n\n")
    };
    let mut ledger = fake.ledger();
    ledger.asked = Some(restored.clone());
    // One that was cancelled since, which is nothing to take, and the one that is open.
    ledger.announcement = Some(announcement(6) + &announcement(7));
    drop(ledger);
    fake.wait("a confirmation", |ledger| {
        let last = ledger.wholes.last().unwrap();
        last.restore.as_deref() == Some("7") && last.ml == restored
    });
    let before = fake.ledger().changes;
    fake.wait("more changes", |ledger| ledger.changes > before);
    let (ran, _) = playing.end();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let last = json_lines(&ran.out).pop().unwrap();
    assert_eq!(last["state"]["restores"], 1);
    assert_eq!(last["state"]["trouble"], Value::Null);
    assert!(last["state"]["changes"].as_u64() > Some(8), "{last}");
}

#[test]
fn a_flagdeck_that_keeps_no_states_is_reported_events_all_the_same() {
    let cli = Cli::new();
    let fake = Fake::start(&cli);
    let url = fake.url();
    let out = cli.ok(&format!("demo --url {url} --for 1500ms --json"));
    let last = json_lines(&out).pop().unwrap();
    assert_eq!(last["state"]["trouble"], Value::Null);
    assert_eq!(last["state"]["wholes"], 0);
    assert!(last["sent"].as_u64() > Some(0), "{last}");
}
