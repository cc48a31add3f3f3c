//! One shape for one noun: `flagctl --json` prints what the window gets, and `docs/json.md` shows
//! an example of each.

use std::collections::BTreeMap;
use std::fs;

use flagdeck::clients::Interface;
use flagdeck::error::Code;
use flagdeck::store::{Actor, HistoryFilter, RevisionNumber, Via};
use flagdeck::wire::{
    self, RestoreFilter, RestoreRequest, SnapshotFilter, StateAt, StateDifferenceOptions,
};
use flagdeck::{App, ChangeRequest};
use flagdeck_core::Edit;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli_snapshot::take;
use crate::cli_state::{app, ml, report};
use crate::following::{FROM, follow, team};
use crate::support::cli::Cli;

const PAGE: &str = "docs/json.md";

/// An entry of the quarantine.
const SET_ASIDE: &str = "state-7.db";

/// What `flagctl` prints and what the window gets, by noun.
type Shown = BTreeMap<&'static str, (Value, Value)>;

/// A folder with something of every noun in it.
fn folder() -> Cli {
    let cli = Cli::new();
    cli.ok("master on");
    cli.ok("rollout ui.badges --percentage 12.5 --groups beta --note first");
    cli.ok("set ui.badges on");
    cli.ok("set tracker on");
    cli.ok("backup make");
    cli.ok("undo");
    report(&cli, "shop", &ml(0.812, &[100, 110]));
    take(&cli, "--name start --pin");
    report(&cli, "shop", &ml(0.829, &[120, 130]));
    take(&cli, "");
    cli.ok("snapshot restore 1");
    set_aside(&cli);
    cli
}

/// Puts states with a snapshot into the quarantine, which are in use nowhere.
fn set_aside(cli: &Cli) {
    let other = Cli::new();
    report(&other, "lab", &ml(0.5, &[1, 2]));
    take(&other, "");
    let quarantine = cli.data_dir().join("quarantine");
    fs::create_dir(&quarantine).unwrap();
    let entry = quarantine.join(SET_ASIDE);
    fs::copy(other.data_dir().join("state.db"), entry).unwrap();
}

fn json(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("plain data")
}

/// Shows every noun of which the window asks, as both show it.
fn shown(cli: &Cli, app: &App) -> Shown {
    let mut shown = Shown::new();
    let mut add = |noun, arguments: &str, window: Value| {
        shown.insert(noun, (cli.json(arguments), window));
    };
    let history = wire::HistoryPage::of(app, &HistoryFilter::default(), 0, 500).unwrap();
    add("Revision", "history", json(history.revisions));
    let told = wire::Explanation::of(app, "ui.badges", "ada", &["beta".into()], None);
    let explain = "explain ui.badges --user ada --groups beta";
    add("Explanation", explain, json(told.unwrap()));
    let (first, second) = (RevisionNumber(0), RevisionNumber(3));
    let difference = app.flags().difference(first, second).unwrap();
    let difference = wire::Difference::from(difference);
    add("Difference", "diff 0 3", json(difference));
    let settings = app.settings().into_iter().map(wire::Setting::from);
    add("Setting", "config list", json(settings.collect::<Vec<_>>()));
    add(
        "Backup",
        "backup list",
        json(app.flags().backups().unwrap()),
    );
    add(
        "Quarantined",
        "quarantine list",
        json(app.quarantine().unwrap()),
    );
    let survey = app.survey(SET_ASIDE).unwrap();
    let show = format!("quarantine show {SET_ASIDE}");
    add("Survey", &show, json(survey));
    let document = wire::Flags::of(app, &Actor::local(Via::Window)).document;
    add("Document", "get", json(document));
    let component = "ui.badges".parse().unwrap();
    let plan = app.rollback_plan(&component).unwrap();
    add("RollbackPlan", "rollback ui.badges --check", json(plan));
    add_states(&mut add, app);
    shown
}

fn add_states(add: &mut impl FnMut(&'static str, &str, Value), app: &App) {
    add(
        "StateSource",
        "state list",
        json(app.state_sources().unwrap()),
    );
    let page = app.snapshots(&SnapshotFilter::default(), 0, 500).unwrap();
    add("Snapshot", "snapshot list", json(page.snapshots));
    let page = app.state_restores(&RestoreFilter::default(), 0, 500);
    let restores = json(page.unwrap().restores);
    add("StateRestore", "snapshot restores", restores);
    let at = |id| StateAt::Snapshot { id };
    let options = StateDifferenceOptions::default();
    let difference = app.state_difference(&at(1), &at(2), &options).unwrap();
    add("StateDifference", "snapshot diff 1 2", json(difference));
    let now = StateAt::Now {
        source: "shop".into(),
    };
    let key = "ml.metrics.quality.avgConfidence";
    let blame = app.blame(&now, key).unwrap();
    add("Blame", &format!("snapshot blame {key}"), json(blame));
    let removable = app.removable(&"shop".parse().unwrap()).unwrap();
    add("RemovedSource", "state remove shop --yes", json(removable));
}

/// A folder whose flags follow a document of which something is overridden.
fn following_folder() -> Cli {
    let cli = Cli::new();
    cli.ok(&format!("config set featureFlags.endpoint {FROM}"));
    let app = app(&cli);
    assert!(follow(&app, &team(&serde_json::json!({}))));
    app.close();
    cli.ok("set ui.badges on");
    cli.ok("overrides set ui.badges off --source shop-dev");
    cli
}

/// Shows what is followed, as both show it.
fn shown_following(cli: &Cli, app: &App) -> Shown {
    let live = app.flags().live();
    let status = app.following().expect("the settings name a document");
    let following = json(wire::Following::of(status, &live));
    let overrides = json(wire::Overrides::of(app));
    Shown::from([
        ("Following", (cli.json("follow --no-fetch"), following)),
        ("Override", (cli.json("overrides"), overrides)),
    ])
}

/// Shows what is told of rosters, of which the window does not ask.
fn shown_rosters(cli: &Cli) -> [(&'static str, Value); 6] {
    let file = cli.data_dir().join("eu.csv");
    let users = "id,groups,weight,plan\nada,beta,2,pro\nben,,,\n,,,\n";
    fs::write(&file, users).expect("a file beside the databases");
    cli.ok(&format!("roster import {} --yes", file.display()));
    cli.ok("overrides set tracker on --user ada");
    let look = format!("roster import {} --dry-run", file.display());
    let change = "preview rollout ui.badges --percentage 100 --groups beta";
    [
        ("RosterLook", cli.json(&look)),
        ("Roster", cli.json("roster list")),
        ("RosterUser", cli.json("roster show eu --id ada")),
        ("Preview", cli.json(change)),
        ("PreviewUsers", cli.json(&format!("{change} --list gain"))),
        ("ForgottenUser", cli.json("roster forget ada")),
    ]
}

#[test]
fn flagctl_prints_what_the_window_gets() {
    let cli = folder();
    let following = following_folder();
    let of_following = shown_following(&following, &app(&following));
    for (noun, (printed, window)) in shown(&cli, &app(&cli)).into_iter().chain(of_following) {
        assert_eq!(printed, window, "{noun}");
    }
}

#[test]
fn what_a_document_or_a_backup_would_change_is_told_alike() {
    let cli = folder();
    let app = app(&cli);
    let document = r#"{"enabled": true, "components": {"a": true}, "colour": "red"}"#;
    let ran = cli.run_with_input("import - --check --json", document);
    let printed: Value = serde_json::from_str(&ran.out).unwrap();
    let review = app.flags().review(document.as_bytes());
    assert_eq!(printed, json(wire::Review::from(review)));
    assert!(printed["loss"].is_object(), "{printed}");

    let backups = app.flags().backups().unwrap();
    let backup = backups.first().expect("one was made");
    let printed = cli.json(&format!("backup restore {} --check", backup.name));
    let difference = app.flags().backup_difference(&backup.name).unwrap();
    assert_eq!(printed, json(wire::Difference::from(difference)));
}

/// What comes of two changes is not equal, but has one shape.
#[test]
fn what_came_of_a_change_is_told_alike() {
    let cli = folder();
    let printed = cli.json("set calculator on");
    let app = app(&cli);
    let paths = vec!["orchestrator".parse().unwrap()];
    let made = app.flags().change(ChangeRequest {
        edit: Edit::SetComponents { paths, on: true },
        actor: Actor::local(Via::Window),
        note: None,
        base: None,
    });
    let window = json(wire::Outcome::from(made.unwrap()));
    assert_same_shape("Outcome", &printed, &window);

    let request = RestoreRequest {
        snapshot: 2,
        only: Vec::new(),
        except: Vec::new(),
        with_flags: false,
    };
    let printed = cli.json("snapshot restore 2");
    let window = app.restore_state(&request, &Actor::local(Via::Window));
    assert_same_shape("StateRestore", &printed["restore"], &json(window.unwrap()));

    let printed = cli.json("doctor --yes --salvage");
    let window = app.take_back(SET_ASIDE).unwrap();
    assert_same_shape("TakenBack", &printed[0], &json(window));
}

#[test]
fn why_a_command_failed_is_told_as_in_the_window_by_the_code_that_its_exit_code_is_of() {
    let cli = folder();
    let app = app(&cli);
    let missing = app.flags().at(RevisionNumber(99)).unwrap_err();
    let refused = app
        .cancel_restore(1, &Actor::local(Via::Window))
        .map(|_| ());
    refused.unwrap();
    let ended = app.cancel_restore(1, &Actor::local(Via::Window));
    let failures = [
        ("restore 99", missing),
        ("snapshot cancel 1", ended.unwrap_err()),
    ];
    for (arguments, error) in failures {
        let ran = cli.run_with(
            &["--json"]
                .into_iter()
                .chain(arguments.split(' '))
                .collect::<Vec<_>>(),
        );
        let exit = error.code().exit_code().map(i32::from);
        assert_eq!(ran.code, exit, "{arguments}");
        let printed: Value = serde_json::from_str(last_line(&ran.err)).unwrap();
        assert_eq!(printed, json(wire::Failure::from(error)), "{arguments}");
    }
}

/// A program that asks for JSON reads JSON, also if it asks for what cannot be.
#[test]
fn arguments_that_cannot_be_are_refused_in_json_if_that_is_asked_for() {
    let cli = Cli::new();
    let mistakes: [(&[&str], &str); 5] = [
        (&["--json", "get", "--nonsense"], "'--nonsense'"),
        (&["--json", "set"], "<COMPONENT>"),
        (&["history", "--since", "soon", "--json"], "'soon'"),
        (&["backup", "restore", "x", "--json"], "no backup"),
        (
            &["--json", "state", "set", "ml.a", "{a: 1}"],
            "begins as JSON",
        ),
    ];
    for (arguments, said) in mistakes {
        let ran = cli.run_with(arguments);
        let failure: Value = serde_json::from_str(last_line(&ran.err)).unwrap();
        let message = failure["message"].as_str().unwrap();
        assert!(message.contains(said), "{failure}");
        assert!(!message.contains("Usage"), "{failure}");
        assert_eq!(ran.out, "");
    }
    let own = cli.run_with(&["get", "--nonsense", "--", "--json"]);
    assert!(own.err.contains("Usage: flagctl"), "{}", own.err);
}

fn last_line(text: &str) -> &str {
    text.trim_end().lines().next_back().unwrap_or_default()
}

#[test]
fn the_page_on_json_has_an_example_of_every_noun() {
    let cli = folder();
    let app = app(&cli);
    let examples = examples();
    let following = following_folder();
    let of_following = shown_following(&following, &self::app(&following));
    let mut nouns: BTreeMap<&str, Value> = shown(&cli, &app)
        .into_iter()
        .chain(of_following)
        .map(|(noun, (printed, _))| (noun, printed))
        .collect();
    nouns.insert("Outcome", cli.json("set calculator on"));
    nouns.insert("TakenBack", cli.json("doctor --yes --salvage"));
    let document = r#"{"enabled": true, "components": {"a": true}, "colour": "red"}"#;
    let review = app.flags().review(document.as_bytes());
    nouns.insert("Review", json(wire::Review::from(review)));
    let file = cli.data_dir().join("all.flagdeck");
    let exported = cli.json(&format!("export --workspace {}", file.display()));
    nouns.insert("WorkspaceFile", exported);
    let (shop, now_ms) = ("shop".parse().unwrap(), app.now_ms());
    let clients = app.clients();
    clients.note(Some(&shop), "node", Interface::Document, now_ms);
    nouns.insert("Connected", json(app.connected()));
    nouns.extend(shown_rosters(&cli));
    let conflict = flagdeck::Error::Conflict {
        expected: RevisionNumber(1),
        winner: RevisionNumber(2),
    };
    nouns.insert("Failure", json(wire::Failure::from(conflict)));
    for (noun, real) in &nouns {
        let example = examples.get(*noun);
        let example = example.unwrap_or_else(|| panic!("{PAGE} has no example of {noun}"));
        assert_same_shape(noun, example, real);
    }
    let unknown = examples
        .keys()
        .filter(|noun| !nouns.contains_key(noun.as_str()));
    assert_eq!(unknown.collect::<Vec<_>>(), [""; 0], "{PAGE}");
}

#[test]
fn the_page_on_json_has_what_other_commands_print() {
    let cli = folder();
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `flagctl "));
    let mut seen = 0;
    for row in rows {
        let (command, rest) = row
            .split_once("` | `{")
            .expect("a command and what it prints");
        let (names, _) = rest.split_once("}`").expect("its end");
        let names: Vec<&str> = names
            .split(", ")
            .map(|name| name.trim_matches('"'))
            .collect();
        let ran = cli.run_with_input(&format!("{command} --json"), "ada\n");
        let printed: Map<String, Value> = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(printed.keys().collect::<Vec<_>>(), names, "{command}");
        seen += 1;
    }
    assert!(seen >= 4, "{PAGE} has lost its table");
}

/// The table is made of the codes; `UPDATE_CODES=1` writes it.
#[test]
fn the_page_on_json_has_every_code() {
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let rows = Code::ALL.iter().map(|code| {
        let exit = code.exit_code().map_or("–".into(), |exit| exit.to_string());
        let name = json(code);
        let name = name.as_str().expect("a name");
        format!(
            "| `{name}` | {} | {exit} | {} |\n",
            code.http_status(),
            code.meaning()
        )
    });
    let table = format!(
        "| code | HTTP | exit code | meaning |\n|---|---|---|---|\n{}",
        rows.collect::<String>()
    );
    let begin = page
        .find("| code | HTTP |")
        .expect("the page has the table");
    let end = begin + page[begin..].find("\n\n").expect("the table ends") + 1;
    if std::env::var_os("UPDATE_CODES").is_some() {
        let page = format!("{}{table}{}", &page[..begin], &page[end..]);
        return fs::write(PAGE, page).expect("the page can be written");
    }
    assert_eq!(
        &page[begin..end],
        table,
        "{PAGE} is stale: run UPDATE_CODES=1"
    );
}

/// Reads the examples: the block of JSON under each heading that is a noun.
fn examples() -> BTreeMap<String, Value> {
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let sections = page.split("\n### ").skip(1);
    sections
        .map(|section| {
            let (noun, rest) = section.split_once('\n').expect("a heading ends");
            let (_, block) = rest.split_once("```json\n").expect("an example");
            let (block, _) = block.split_once("```").expect("its end");
            let example =
                serde_json::from_str(block).unwrap_or_else(|error| panic!("{noun}: {error}"));
            (noun.to_owned(), example)
        })
        .collect()
}

/// Holds the names and kinds of two values together; what is null may be anything, and variants
/// of another `kind` differ.
#[track_caller]
fn assert_same_shape(at: &str, one: &Value, other: &Value) {
    match (one, other) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(one), Value::Object(other)) => assert_same_members(at, one, other),
        (Value::Array(one), Value::Array(other)) => {
            let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
            pairs.for_each(|(a, b)| assert_same_shape(&format!("{at}[]"), a, b));
        }
        _ => {
            let kind = std::mem::discriminant::<Value>;
            assert_eq!(kind(one), kind(other), "{at}: {one} and {other}");
        }
    }
}

#[track_caller]
fn assert_same_members(at: &str, one: &Map<String, Value>, other: &Map<String, Value>) {
    if one.get("kind") != other.get("kind") || is_by_name(at) {
        return;
    }
    let mut names = [one, other].map(|it| it.keys().collect::<Vec<_>>());
    names.iter_mut().for_each(|names| names.sort());
    assert_eq!(names[0], names[1], "{at}");
    for (name, value) in one {
        assert_same_shape(&format!("{at}.{name}"), value, &other[name]);
    }
}

/// Whether the members of an object have names that people gave.
fn is_by_name(at: &str) -> bool {
    [
        ".components",
        ".rollouts",
        ".requires",
        ".about",
        ".attributes",
    ]
    .iter()
    .any(|end| at.ends_with(end))
}
