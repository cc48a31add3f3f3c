//! `flagctl snapshot`, as processes on real data folders.

use serde_json::{Value, json};

use crate::cli_state::{app, folder, ml, report};
use crate::support::cli::Cli;

/// Takes a snapshot of the only application there is; returns its number.
#[track_caller]
pub fn take(cli: &Cli, arguments: &str) -> u64 {
    let taken = cli.json(&format!("snapshot take {arguments}"));
    assert_eq!(taken.as_array().unwrap().len(), 1, "{taken}");
    taken[0]["id"].as_u64().unwrap()
}

/// An application with two snapshots, between which its confidence and two of its times changed.
fn with_two() -> (Cli, u64, u64) {
    let cli = Cli::new();
    report(&cli, "kc-web", &ml(0.812, &[100, 110, 120, 130, 140, 150]));
    let one = take(&cli, "--name start --pin");
    report(&cli, "kc-web", &ml(0.829, &[120, 130, 140, 150, 200, 210]));
    let two = take(&cli, "");
    (cli, one, two)
}

#[track_caller]
fn listed(cli: &Cli, conditions: &str) -> Vec<u64> {
    let listed = cli.json(&format!("snapshot list {conditions}"));
    let snapshots = listed.as_array().unwrap().iter();
    snapshots
        .map(|snapshot| snapshot["id"].as_u64().unwrap())
        .collect()
}

#[test]
fn snapshots_are_listed_latest_first_and_narrowed() {
    let (cli, one, two) = with_two();
    assert_eq!(listed(&cli, ""), [two, one]);
    assert_eq!(listed(&cli, "--pinned"), [one]);
    assert_eq!(listed(&cli, "--text START"), [one]);
    assert_eq!(listed(&cli, "--source kc-web --limit 1"), [two]);
    assert_eq!(listed(&cli, "--since 1h"), [two, one]);
    assert_eq!(listed(&cli, "--until 1h"), [0; 0]);
    assert_eq!(cli.ok("snapshot list --until 1h"), "No snapshots.\n");
    let table = cli.ok("snapshot list");
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("ID  TIME "), "{table}");
    assert!(lines[1].contains("kc-web") && lines[1].ends_with("asked for"));
    assert!(lines[2].ends_with("“start”, pinned"), "{table}");
    let short = cli.ok("snapshot list --limit 1");
    assert!(short.ends_with("… and 1 earlier ones\n"), "{short}");
}

#[test]
fn a_snapshot_is_taken_of_every_application_or_of_one() {
    let cli = Cli::new();
    cli.refused("snapshot take", 3, "No application has reported");
    report(&cli, "kc-web", &ml(0.8, &[]));
    report(&cli, "batch", &ml(0.7, &[]));
    let taken = cli.json("snapshot take --note both");
    assert_eq!(taken.as_array().unwrap().len(), 2);
    assert_eq!(taken[0]["note"], "both");
    let one = cli.json("snapshot take --source batch");
    assert_eq!(one[0]["source"], "batch");
    assert_eq!(one.as_array().unwrap().len(), 1);
    cli.refused("snapshot take --source nobody", 3, "nobody");
}

#[test]
fn a_snapshot_is_shown_whole_or_in_part() {
    let (cli, one, _) = with_two();
    let shown = cli.json(&format!("snapshot show {one}"));
    assert_eq!(shown["ml"], ml(0.812, &[100, 110, 120, 130, 140, 150]));
    assert_eq!(shown["files"], 3);
    assert!(shown["timestamp"].is_i64());
    let key = "ml.metrics.quality.avgConfidence";
    assert_eq!(cli.ok(&format!("snapshot show {one} {key}")), "0.812\n");
    assert_eq!(cli.ok(&format!("snapshot show now {key}")), "0.829\n");
    cli.refused(&format!("snapshot show {one} ml.no"), 3, "no ml.no; in ml");
    cli.refused("snapshot show 999", 3, "999");
    cli.refused("snapshot show first", 2, "the number of a snapshot, or now");
}

#[track_caller]
fn tells_what_changed(text: &str) {
    assert!(text.contains(": 2 changes\n"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    for line in [
        "ml.metrics.performance  2 new values in 1 series",
        "  calculationTime  2 dropped, 2 added, mean +27 %",
        "ml.metrics.quality  1 change",
        "ml.cache  unchanged",
    ] {
        assert!(lines.contains(&line), "{line} is missing: {text}");
    }
    assert!(text.contains("avgConfidence    0.812 → 0.829\n"), "{text}");
}

#[test]
fn two_states_are_compared_by_group() {
    let (cli, one, two) = with_two();
    tells_what_changed(&cli.ok(&format!("snapshot diff {one} {two}")));
    tells_what_changed(&cli.ok(&format!("snapshot diff {one}")));
    tells_what_changed(&cli.ok(&format!("snapshot diff {one} now")));
    let told = cli.json(&format!("snapshot diff {one} {two}"));
    assert_eq!(told["total"], 2);
    let paths = told["changes"].as_array().unwrap().iter();
    let mut paths: Vec<&str> = paths.map(|it| it["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    let series = "metrics.performance.calculationTime";
    assert_eq!(paths, [series, "metrics.quality.avgConfidence"]);
    let same = cli.ok(&format!("snapshot diff {two} now"));
    assert!(same.contains(": 0 changes\n"), "{same}");
}

#[test]
fn the_exit_code_shows_a_difference_only_if_asked_to() {
    let (cli, one, two) = with_two();
    let code = |arguments: &str| {
        let words = format!("snapshot diff {one} {two} {arguments}");
        let words: Vec<&str> = words.split_whitespace().collect();
        cli.run_with(&words).code
    };
    assert_eq!(code(""), Some(0));
    assert_eq!(code("--exit-code"), Some(1));
    assert_eq!(code("--exit-code --json"), Some(1));
    assert_eq!(code("--exit-code --patch"), Some(1));
    cli.ok(&format!("snapshot diff {two} now --exit-code"));
    cli.ok(&format!("snapshot diff {two} now --exit-code --patch"));
    cli.refused("snapshot diff gone.json now --exit-code", 2, "gone.json");
}

#[test]
fn a_tolerance_and_what_is_ignored_are_left_out_and_counted() {
    let (cli, one, two) = with_two();
    let diff = |more: &str| cli.ok(&format!("snapshot diff {one} {two} {more}"));
    let text = diff("--tolerance 5%");
    assert!(text.contains(": 1 change\n"), "{text}");
    assert!(!text.contains("avgConfidence"), "{text}");
    let text = diff("--ignore avgConfidence");
    assert!(text.contains(": 1 change\n"), "{text}");
    assert!(text.contains("1 change left out\n"), "{text}");
    let all = "--ignore avgConfidence --ignore calculationTime --exit-code";
    assert!(diff(all).contains(": 0 changes\n"));
    let refused = format!("snapshot diff {one} --tolerance 5");
    cli.refused(&refused, 2, "a percentage from 0% to 100%");
}

#[test]
fn a_patch_makes_the_one_of_the_other() {
    let (cli, one, two) = with_two();
    let patch = cli.json(&format!("snapshot diff {one} {two} --patch"));
    let steps = patch.as_array().unwrap();
    let confidence = steps.iter().find(|step| {
        let path = step["path"].as_str().unwrap();
        path.ends_with("/metrics/quality/avgConfidence")
    });
    let confidence = confidence.unwrap();
    assert_eq!(confidence["op"], "replace");
    assert_eq!(confidence["value"], 0.829);
}

#[test]
fn files_are_compared_without_a_data_folder() {
    let (cli, one, two) = with_two();
    let folder = folder(&cli);
    let bundle = folder.join("one.json");
    cli.ok(&format!("snapshot export {one} -o {}", bundle.display()));
    let whole = folder.join("two.json");
    std::fs::write(&whole, cli.ok(&format!("snapshot show {two}"))).unwrap();
    let bare = folder.join("bare.json");
    std::fs::write(&bare, cli.ok(&format!("snapshot show {two} ml"))).unwrap();
    let nowhere = folder.join("nowhere");
    for other in [&whole, &bare] {
        let (a, b) = (bundle.display(), other.display());
        let diff = format!("--data-dir {} snapshot diff {a} {b}", nowhere.display());
        tells_what_changed(&cli.ok(&diff));
    }
    assert!(!nowhere.exists(), "no folder is made");
    tells_what_changed(&cli.ok(&format!("snapshot diff {one} {}", whole.display())));
    let (a, b) = (bundle.display(), bare.display());
    let steps = cli.json(&format!("snapshot diff {a} {b} --patch"));
    assert!(!steps.as_array().unwrap().is_empty());
    std::fs::write(&bare, "{").unwrap();
    let ran = cli.run_with(&["snapshot", "diff", &a.to_string(), &b.to_string()]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[test]
fn a_value_is_traced_to_the_snapshot_it_came_with() {
    let (cli, one, two) = with_two();
    let key = "ml.metrics.quality.avgConfidence";
    let text = cli.ok(&format!("snapshot blame {key}"));
    assert!(text.starts_with(&format!("{key} is 0.829\n")), "{text}");
    assert!(
        text.contains(&format!("  since snapshot {two} of ")),
        "{text}"
    );
    assert!(text.contains(&format!("  not yet in snapshot {one} of ")));
    let told = cli.json(&format!("snapshot blame {one} {key}"));
    assert_eq!(told["value"]["text"], "0.812");
    assert_eq!(told["since"]["id"], one);
    assert_eq!(told["until"], Value::Null);
    let told = cli.json("snapshot blame now /metrics/quality/avgConfidence");
    assert_eq!(told["since"]["id"], two);
    cli.refused("snapshot blame ml.no", 3, "no ml.no; in ml");
}

#[test]
fn snapshots_are_pinned_and_labelled() {
    let (cli, one, two) = with_two();
    assert_eq!(cli.json(&format!("snapshot pin {two}"))["isPinned"], true);
    let off = cli.json(&format!("snapshot pin {two} --off"));
    assert_eq!(off["isPinned"], false);
    let labelled = cli.json(&format!("snapshot label {two} --name beta --note why"));
    assert_eq!(
        (&labelled["name"], &labelled["note"]),
        (&json!("beta"), &json!("why"))
    );
    let ran = cli.run_with(&["snapshot", "label", &one.to_string(), "--name", ""]);
    assert!(
        !ran.out.contains("start") && ran.out.contains("pinned"),
        "{ran:?}"
    );
    cli.refused(&format!("snapshot label {two}"), 2, "--note");
    cli.refused("snapshot pin 999", 3, "999");
}

/// Takes what the only open restore asks for, as an application does; returns its number.
fn take_restore(cli: &Cli) -> u64 {
    let app = app(cli);
    let open = app.open_restores().unwrap().remove(0);
    let source = open.source.parse().unwrap();
    let asked = app.asked_state(&source, open.id).unwrap();
    let body = asked.state.ml.to_string();
    let put = app.put_state(&source, body.as_bytes(), None, Some(open.id));
    assert_eq!(put.unwrap().restore.unwrap().is_exact, Some(true));
    open.id
}

#[test]
fn a_restore_says_what_it_asks_for_and_how_to_take_it_back() {
    let (cli, one, _) = with_two();
    let key = "ml.metrics.quality.avgConfidence";
    let now = |value: &str| {
        assert_eq!(cli.ok(&format!("state get {key}")), format!("{value}\n"));
    };
    let would = cli.ok(&format!("snapshot restore {one} --dry-run"));
    assert!(would.contains(&format!("Restoring snapshot {one} would make 2 changes")));
    assert!(would.contains("0.829 → 0.812"), "{would}");
    now("0.829");

    let text = cli.ok(&format!("snapshot restore {one}"));
    let begins = format!("Restore 1: kc-web asked for everything of snapshot {one}: 2 changes\n");
    assert!(text.starts_with(&begins), "{text}");
    assert!(text.contains("0.829 → 0.812"), "{text}");
    let waiting = "Waiting for kc-web to confirm; see flagctl snapshot restores\n";
    assert!(text.contains(waiting), "{text}");
    now("0.829");
    let safety = text
        .lines()
        .find_map(|line| line.strip_prefix("What kc-web has now is kept as snapshot "));
    let shown = cli.ok(&format!("snapshot show {} {key}", safety.unwrap()));
    assert_eq!(shown, "0.829\n");
    take_restore(&cli);
    now("0.812");

    let undo = text.lines().last().unwrap();
    let undo = undo.strip_prefix("To undo: flagctl ").unwrap();
    let would = cli.ok(&format!("{undo} --dry-run"));
    assert!(would.contains("0.812 → 0.829"), "{would}");
    let text = cli.ok(undo);
    assert!(
        text.starts_with("Undo of restore 1: kc-web is asked for everything as before it"),
        "{text}"
    );
    take_restore(&cli);
    now("0.829");
    cli.ok("snapshot undo");
    take_restore(&cli);
    now("0.812");
}

/// What the application changed since its last report is on its way.
#[test]
fn a_restore_is_asked_for_also_if_the_state_reported_last_is_as_wanted() {
    let (cli, _, two) = with_two();
    let would = cli.ok(&format!("snapshot restore {two} --dry-run"));
    let expected = format!("Restoring snapshot {two} would make no change to what was reported");
    assert!(would.starts_with(&expected), "{would}");
    assert_eq!(cli.json("snapshot restores"), json!([]));

    let asked = cli.ok(&format!("snapshot restore {two}"));
    assert!(
        asked.contains("no change to what was reported last"),
        "{asked}"
    );
    cli.ok("state set ml.metrics.quality.avgConfidence 0.5");
    take_restore(&cli);
    let now = cli.json("state get ml.metrics.quality.avgConfidence");
    assert_eq!(now, json!(0.829));
    assert_eq!(cli.json("snapshot restores")[0]["isExact"], true);
}

#[test]
fn a_restore_asks_for_only_some_parts_or_all_but_some() {
    let (cli, one, _) = with_two();
    let values = || {
        take_restore(&cli);
        let performance = cli.json("state get ml.metrics.performance.calculationTime");
        let quality = cli.json("state get ml.metrics.quality.avgConfidence");
        (performance[0].as_u64().unwrap(), quality.as_f64().unwrap())
    };
    cli.ok(&format!("snapshot restore {one} --only ml.metrics.quality"));
    assert_eq!(values(), (120, 0.812));
    cli.ok("snapshot undo");
    assert_eq!(values(), (120, 0.829));
    cli.ok(&format!(
        "snapshot restore {one} --except ml.metrics.quality"
    ));
    assert_eq!(values(), (100, 0.829));
    let only = format!("snapshot restore {one} --only ml.nothing");
    cli.refused(&only, 3, "nothing under ml.nothing, now or in the snapshot");
    let only = format!("snapshot restore {one} --only ml.list[");
    cli.refused(&only, 2, "ml.list[");
    let json = cli.json(&format!("snapshot restore {one} --dry-run"));
    assert_eq!(json["restore"], Value::Null);
    assert_eq!(json["difference"]["total"], 1);
}

#[test]
fn restores_are_cancelled_superseded_and_listed() {
    let (cli, one, two) = with_two();
    assert_eq!(cli.ok("snapshot restores"), "No restores.\n");
    let ask = format!("snapshot restore {one} --only ml.metrics.quality");
    cli.ok(&ask);
    cli.ok(&ask);
    let text = cli.ok("snapshot cancel 2");
    assert_eq!(text, "Restore 2 is cancelled; kc-web keeps its state\n");
    cli.refused("snapshot cancel 2", 5, "estore 2 of kc-web was cancelled");
    cli.refused("snapshot cancel 9", 3, "no restore 9");
    cli.ok(&ask);
    let undone = cli.ok("snapshot undo");
    let said = "Restore 3 of kc-web is cancelled: kc-web had not taken it\n";
    assert_eq!(undone, said);
    cli.ok(&ask);
    take_restore(&cli);
    let listed = cli.json("snapshot restores --source kc-web --limit 3");
    let told: Vec<_> = listed.as_array().unwrap().iter().collect();
    let statuses: Vec<&str> = told
        .iter()
        .map(|it| it["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["confirmed", "cancelled", "cancelled"]);
    assert_eq!(told[0]["only"], json!(["ml.metrics.quality"]));
    assert_eq!(told[0]["isExact"], true);
    let table = cli.ok("snapshot restores");
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("ID  TIME "), "{table}");
    assert!(lines[1].contains("ml.metrics.quality") && lines[1].contains("confirmed exactly"));
    assert!(lines[4].contains("superseded by "), "{table}");
    let later = cli.ok(&format!("snapshot restore {two}"));
    assert!(later.starts_with("Restore 5: "), "{later}");
    assert!(
        cli.ok("snapshot restores")
            .contains("open: waiting to be confirmed")
    );
}

#[test]
fn a_restore_puts_the_flags_of_then_in_force_if_asked_to() {
    let cli = Cli::new();
    cli.ok("master on");
    report(&cli, "kc-web", &ml(0.8, &[]));
    let then = take(&cli, "");
    cli.ok("master off");
    report(&cli, "kc-web", &ml(0.7, &[]));
    let told = cli.json(&format!("snapshot restore {then} --flags"));
    assert_eq!(told["restore"]["revision"], 3);
    assert_eq!(cli.json("get")["enabled"], true);
}

#[test]
fn there_is_nothing_to_take_back_before_a_restore() {
    let (cli, ..) = with_two();
    cli.refused("snapshot undo", 5, "here is no restore to undo");
    cli.refused("snapshot undo 7", 3, "7");
}

#[test]
fn what_is_exported_can_be_imported_elsewhere() {
    let (cli, one, two) = with_two();
    let bundle = cli.ok(&format!("snapshot export {one} {two}"));
    let other = Cli::new();
    let file = folder(&other).join("bundle.json");
    std::fs::write(&file, bundle).unwrap();
    let taken = other.json(&format!("snapshot import {} --name studio", file.display()));
    let taken = taken.as_array().unwrap();
    assert_eq!(taken.len(), 2);
    let ids: Vec<u64> = taken.iter().map(|it| it["id"].as_u64().unwrap()).collect();
    let shown: Vec<Value> = ids
        .iter()
        .map(|id| {
            other.json(&format!(
                "snapshot show {id} ml.metrics.quality.avgConfidence"
            ))
        })
        .collect();
    assert!(shown.contains(&json!(0.812)) && shown.contains(&json!(0.829)));
    let bare = folder(&other).join("bare.json");
    std::fs::write(&bare, ml(0.5, &[]).to_string()).unwrap();
    let taken = other.json(&format!("snapshot import {}", bare.display()));
    assert_eq!(taken[0]["cause"], "import");
    let seconds = json!({ "timestamp": 1_796_000_000, "ml": { "n": 1 }, "files": 1 });
    let in_bundle =
        json!({ "format": "flagdeck-snapshots", "version": 1, "snapshots": [&seconds] });
    for file in [&seconds, &in_bundle] {
        std::fs::write(&bare, file.to_string()).unwrap();
        let import = format!("snapshot import {}", bare.display());
        other.refused(
            &import,
            2,
            "Timestamp is in seconds; it must be in milliseconds",
        );
    }
    std::fs::write(&bare, "[").unwrap();
    let import = format!("snapshot import {}", bare.display());
    other.refused(&import, 2, "");
    cli.refused("snapshot export 999", 3, "999");
    let said = other.ok("snapshot remove studio");
    assert_eq!(said, "2 imported snapshots of studio taken away\n");
    assert_eq!(
        other.json("snapshot list").as_array().map(Vec::len),
        Some(1)
    );
    other.refused("snapshot remove studio", 3, "studio");
    cli.refused("snapshot remove kc-web", 3, "came from a file");
    cli.refused("snapshot remove", 2, "--id");
    cli.refused("snapshot remove kc-web --id 1", 2, "--id");
}
