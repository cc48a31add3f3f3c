//! `flagctl state`, as processes on real data folders; and a synthetic host that keeps state.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use flagdeck::App;
use flagdeck::state::SourceName;
use serde_json::{Value, json};

use crate::support::apps::open;
use crate::support::cli::Cli;
use crate::support::processes::Ended;
use crate::support::waiting::wait_until;

/// The folder that `cli` works in.
pub fn folder(cli: &Cli) -> PathBuf {
    let command = cli.command("");
    let mut variables = command.get_envs();
    let folder = variables.find(|(name, _)| *name == "FLAGDECK_DATA_DIR");
    folder.unwrap().1.unwrap().into()
}

pub fn app(cli: &Cli) -> App {
    open(&folder(cli))
}

/// Reports a whole state, as an application does.
pub fn report(cli: &Cli, source: &str, ml: &Value) {
    let source: SourceName = source.parse().unwrap();
    let text = ml.to_string();
    let put = app(cli).put_state(&source, text.as_bytes(), Some(3), None);
    put.unwrap();
}

/// A state like that of the founding specification, with what a test is about.
pub fn ml(confidence: f64, times: &[u32]) -> Value {
    json!({
        "version": "6.0.0",
        "flags": {"enabled": true, "rollouts": {"ui.badges": {"percentage": 25}}},
        "metrics": {
            "performance": {"calculationTime": times},
            "quality": {"avgConfidence": confidence},
        },
        "history": [],
        "cache": {"f1": {"path": "notes/one.md"}},
    })
}

fn with_state() -> Cli {
    let cli = Cli::new();
    report(&cli, "kc-web", &ml(0.812, &[1, 2, 3]));
    cli
}

#[test]
fn a_value_is_printed_by_its_key_or_pointer() {
    let cli = with_state();
    let flags = "{\n  \"enabled\": true,\n  \"rollouts\": {\n";
    assert!(cli.ok("state get ml.flags").starts_with(flags));
    assert_eq!(cli.ok("state get ml.flags.enabled"), "true\n");
    assert_eq!(cli.ok("state get /flags/enabled"), "true\n");
    assert_eq!(cli.json("state get --source kc-web ml.version"), "6.0.0");
    let whole = ml(0.812, &[1, 2, 3]);
    assert_eq!(cli.json("state get"), whole);
    assert_eq!(cli.json("state get ml"), whole);
    let percentage = "state get ml.flags.rollouts.ui.badges.percentage";
    assert_eq!(cli.ok(percentage), "25\n", "a name with a dot in it");
}

#[test]
fn a_missing_value_is_reported_with_the_names_beside_it() {
    let cli = with_state();
    let said = "here is no ml.flags.enabld; in ml.flags there is enabled, rollouts";
    cli.refused("state get ml.flags.enabld", 3, said);
    cli.refused("state get flags.enabled", 2, "a key begins with ml.");
    cli.refused("state get --source nobody", 3, "nobody");
}

#[test]
fn a_value_is_set_from_json_text_or_a_file_and_taken_away() {
    let cli = with_state();
    let told = cli.ok("state set ml.metrics.quality.avgConfidence 0.9");
    assert_eq!(told, "ml.metrics.quality.avgConfidence of kc-web is 0.9\n");
    let again = cli.ok("state set ml.metrics.quality.avgConfidence 0.9");
    assert!(again.starts_with("Nothing to change: "), "{again}");
    cli.ok("state set ml.below -5");
    cli.ok("state set ml.words canary");
    assert_eq!(cli.json("state get ml.below"), -5);
    assert_eq!(cli.json("state get ml.words"), "canary");
    cli.run_with(&["state", "set", "ml.words", "two words"]);
    assert_eq!(cli.json("state get ml.words"), "two words");
    cli.run_with(&["state", "set", "ml.words", r#""25""#]);
    assert_eq!(cli.json("state get ml.words"), "25");
    let done = cli.json("state set ml.words --unset");
    let key = "ml.words";
    assert_eq!(
        done,
        json!({"source": "kc-web", "key": key, "changed": true})
    );
    cli.refused("state get ml.words", 3, "ml.words");

    let mut child = cli
        .command("state set ml.cache --json-file -")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(br#"{"f2": [1, 2]}"#).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    assert_eq!(cli.json("state get ml.cache"), json!({"f2": [1, 2]}));
}

#[test]
fn what_cannot_be_set_is_refused_and_nothing_changed() {
    let cli = with_state();
    cli.refused("state set files 5", 2, "a key begins with ml.");
    cli.refused("state set ml 5", 2, "a key that can be set leads into ml");
    cli.refused("state set ml.list[a] 5", 2, "ml.list[a] has [a]");
    let said = "he value begins as JSON does, and is none";
    cli.refused("state set ml.cache {a:1}", 2, said);
    cli.refused("state set ml.cache", 2, "--unset");
    cli.refused("state set ml.cache 1 --unset", 2, "--unset");
    let file = folder(&cli).join("bad.json");
    std::fs::write(&file, "{").unwrap();
    let set = format!("state set ml.cache --json-file {}", file.display());
    cli.refused(&set, 2, "bad.json holds no JSON");
    std::fs::write(&file, r#"{"a": [{"n": 1, "n": 2}]}"#).unwrap();
    let twice = "an object has the key \"n\" twice, at /a/0";
    cli.refused(&set, 2, &format!("bad.json cannot be read: {twice}"));
    cli.refused(
        r#"state set ml.cache {"n":1,"n":2}"#,
        2,
        "an object has the key \"n\" twice, at the root",
    );
    let compared = format!("snapshot diff {} {}", file.display(), file.display());
    cli.refused(&compared, 2, twice);
    assert_eq!(cli.json("state get"), ml(0.812, &[1, 2, 3]));
}

#[test]
fn the_source_must_be_named_if_there_are_several() {
    let cli = Cli::new();
    cli.refused("state get", 3, "flagctl demo plays one that does");
    let empty = cli.ok("state list");
    assert!(empty.starts_with("No application has reported"), "{empty}");
    report(&cli, "kc-web", &ml(0.8, &[]));
    report(&cli, "batch", &ml(0.7, &[]));
    let ran = cli.run_with(&["state", "get"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("say with --source"), "{ran:?}");
    assert!(ran.err.contains("kc-web") && ran.err.contains("batch"));
    let key = "ml.metrics.quality.avgConfidence";
    assert_eq!(
        cli.json(&format!("state get --source batch {key}")),
        json!(0.7)
    );
    let list = cli.ok("state list");
    assert_eq!(list.lines().count(), 3, "{list}");
    let sources = cli.json("state list");
    let mut names: Vec<&str> = sources
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["batch", "kc-web"]);
}

#[test]
fn a_source_is_removed_after_what_there_is_of_it_was_said() {
    let cli = with_state();
    cli.ok("snapshot take --pin");
    cli.ok("state set ml.cache 1");
    cli.ok("snapshot restore 1");
    let of_it = "its state, 2 snapshots (1 pinned), 1 restore";
    let refused = format!("There is of kc-web: {of_it}. To remove it, which cannot be undone");
    cli.refused("state remove kc-web", 2, &refused);
    cli.refused("state remove web --yes", 3, "nothing of web");
    assert_eq!(cli.json("state list")[0]["snapshots"], 2);
    let said = cli.ok("state remove kc-web --yes");
    assert_eq!(said.trim(), format!("Removed kc-web: {of_it}"));
    assert_eq!(cli.json("state list"), json!([]));
    cli.refused("state remove kc-web --yes", 3, "nothing of kc-web");
}

/// The real server and the real host: the state is there, follows the flags, and a restore is
/// taken in and confirmed.
#[test]
fn a_synthetic_host_keeps_state_and_applies_what_is_restored() {
    let cli = Cli::new();
    cli.ok("master on");
    let serving = cli.serve();
    let demo = format!(
        "demo --url http://{} --rate 50 --seed 3 --state-size small --json",
        serving.address
    );
    let host = cli.command(&demo).stdout(Stdio::null()).spawn();
    let mut host = Ended(host.unwrap());
    let key = "ml.metrics.usage.filesAnalyzed";
    let analysed = || {
        let ran = cli.run_with(&["state", "get", "--source", "synthetic-demo", key]);
        ran.out.trim().parse::<u64>().ok()
    };
    wait_until("the first state", || analysed().is_some());
    assert_eq!(cli.json("state get ml.flags.enabled"), true);
    let taken = cli.json("snapshot take --name early");
    let id = &taken[0]["id"];
    let early = cli.json(&format!("snapshot show {id} {key}"));
    let early = early.as_u64().unwrap();
    wait_until("later states", || analysed() > Some(early + 5));

    let restored = cli.json(&format!("snapshot restore {id}"));
    let restore = restored["restore"]["id"].clone();
    assert_eq!(restored["restore"]["status"], "open");
    wait_until("a confirmation", || {
        let sources = cli.json("state list");
        let known = &sources[0]["restore"];
        known["id"] == restore && known["isExact"] == true
    });
    assert!(host.try_wait().unwrap().is_none(), "it plays on");
}
