//! `flagctl guard`: whether a rollout would be rolled back, from a file of blocks or in simulation.

use std::fs;

use serde_json::{Value, json};

use crate::support::cli::{Cli, Ran};

const HEADER: &str = "block,exposed,exposed_bad,control,control_bad";

fn replay(options: &str, file: &str) -> Ran {
    Cli::new().run_with_input(&format!("guard replay {options} -"), file)
}

#[track_caller]
fn replayed(options: &str, file: &str) -> Value {
    let ran = replay(&format!("--json {options}"), file);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    serde_json::from_str(&ran.out).unwrap()
}

/// A file with a line for each block, numbered from 1.
fn file_of(header: &str, lines: &[&str]) -> String {
    let numbered = lines.iter().enumerate();
    let lines = numbered.map(|(at, line)| format!("{},{line}\n", at + 1));
    format!("{header}\n{}", lines.collect::<String>())
}

#[test]
fn the_evidence_is_printed_for_each_block_with_the_first_verdict() {
    let file = file_of(HEADER, &["10,3,90,1", "10,3,90,1", "10,3,90,1"]);
    let ran = replay("", &file);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        lines,
        [
            "block,lnRelative,lnLatency,lnAbsolute,action,test",
            "1,4.191552183,,2.426469081,,",
            "2,8.951756908,,5.324401366,rollBack,relative",
            &format!(
                "3,{},,{},,",
                evidence(&file, 2, "lnRelative"),
                evidence(&file, 2, "lnAbsolute")
            ),
        ]
    );
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let verdict = &replayed("", &file)["verdict"];
    let expected = json!({"block": 2, "action": "rollBack", "test": "relative"});
    assert_eq!(*verdict, expected);
    assert_eq!(replayed("--alpha 0.00001", &file)["verdict"]["block"], 3);
    assert_eq!(
        replayed("--tolerated-ratio 50 --limit 0.5", &file)["verdict"],
        Value::Null
    );
    let early = json!({"block": 1, "action": "advance", "test": null});
    assert_eq!(replayed("--least-exposed 10", &file)["verdict"], early);
}

fn evidence(file: &str, place: usize, name: &str) -> f64 {
    replayed("", file)["blocks"][place][name].as_f64().unwrap()
}

#[test]
fn durations_and_memory_are_judged_where_the_file_has_them() {
    let header = format!("{HEADER},exposed_slow,control_slow,memory_bytes");
    let slow = file_of(&header, &["20,0,180,2,18,20,100", "20,0,180,2,18,20,"]);
    let verdict = &replayed("", &slow)["verdict"];
    assert_eq!(
        (&verdict["test"], &verdict["action"]),
        (&json!("latency"), &json!("rollBack"))
    );
    let over = "20,0,180,2,1,9,200000000";
    let memory = file_of(&header, &["20,0,180,2,1,9,100000000", over, over, over]);
    let expected = json!({"block": 4, "action": "rollBack", "test": "memory"});
    assert_eq!(replayed("", &memory)["verdict"], expected);
    assert_eq!(
        replayed("--memory-limit 300000000", &memory)["verdict"],
        Value::Null
    );
    let held = replayed(
        "--memory-limit 300000000 --memory-baseline 100000000",
        &memory,
    );
    let expected = json!({"block": 4, "action": "hold", "test": "memory"});
    assert_eq!(held["verdict"], expected);
}

#[test]
fn columns_are_found_by_name_and_a_file_without_blocks_has_no_verdict() {
    let swapped = "control_bad,control,exposed_bad,exposed,block\r\n1, 90, 3, 10, 7\r\n";
    let found = replayed("", &format!("\u{feff}{swapped}"));
    assert_eq!(found["blocks"][0]["block"], 7);
    assert_eq!(found["blocks"][0]["lnRelative"], 4.191_552_183);
    let none = replayed("", &format!("{HEADER}\n"));
    assert_eq!(none, json!({"blocks": [], "verdict": null}));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line_and_column() {
    let line = |line: &str| file_of(HEADER, &["1,0,1,0", line]);
    for (file, said) in [
        (
            String::new(),
            "lacks columns in its first line: block, exposed,",
        ),
        (
            "block,exposed\n".into(),
            "lacks columns in its first line: exposed_bad, control,",
        ),
        (
            format!("{HEADER},colour\n"),
            r#"has a column "colour"; it can have block,"#,
        ),
        (format!("{HEADER},block\n"), "has the column block twice"),
        (format!("{HEADER},exposed_slow\n"), "it needs both or none"),
        (line("1,0,1"), "line 3: 4 values, and 5 columns"),
        (
            line("1,2,1,0"),
            "line 3: exposed_bad is 2, more than exposed, which is 1",
        ),
        (
            line("1,0,-1,0"),
            r#"line 3: control must be a whole number from 0 to 10000000, not "-1""#,
        ),
        (
            line("1.5,0,1,0"),
            r#"exposed must be a whole number from 0 to 10000000, not "1.5""#,
        ),
        (
            line("99999999,0,1,0"),
            "exposed must be a whole number from 0 to 10000000",
        ),
        (line(",0,1,0"), "line 3: exposed is empty"),
        (
            format!("{HEADER}\nx,1,0,1,0\n"),
            r#"block must be a whole number, not "x""#,
        ),
    ] {
        let ran = replay("", &file);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (Some(2), ""),
            "{file}: {ran:?}"
        );
        assert!(ran.err.contains(said), "{file}: {ran:?}");
    }
    Cli::new().refused("guard replay nothing.csv", 1, "nothing.csv");
    for (option, range) in [
        ("--alpha 0", "above 0 and below 1"),
        ("--alpha nan", "above 0 and below 1"),
        ("--tolerated-ratio 0.5", "from 1 to 100"),
        ("--limit 0.7", "above 0 and at most 0.65"),
        ("--least-exposed 0", "1.."),
    ] {
        let ran = replay(option, HEADER);
        assert_eq!(ran.code, Some(2), "{option}: {ran:?}");
        assert!(ran.err.contains(range), "{option}: {ran:?}");
    }
}

#[test]
fn a_simulation_is_the_same_for_the_same_seed() {
    let cli = Cli::new();
    let run = |seed: u32| {
        cli.json(&format!(
            "guard simulate --exposed 0.25 --runs 60 --calculations 1000 --seed {seed}"
        ))
    };
    let (one, again, other) = (run(1), run(1), run(2));
    assert_eq!(one, again);
    assert_ne!(one, other);
    assert_eq!(one["harmful"]["rolledBack"], 60);
    assert!(
        one["harmful"]["medianExposed"].as_u64().unwrap() < 40,
        "{one}"
    );
    assert!(one["healthy"]["rolledBack"].as_u64().unwrap() <= 3, "{one}");
    assert_eq!(one["healthy"]["medianExposed"], Value::Null);
    let healthy = cli.json("guard simulate --runs 5 --calculations 100");
    assert_eq!(healthy["harmful"], Value::Null);
}

#[test]
fn the_bare_threshold_stops_healthy_rollouts() {
    let strict = "guard simulate --strict 0.05 --control 0.02 --share 0.5 --calculations 3600 \
                  --block 10 --runs 50";
    let stopped = Cli::new().json(strict);
    assert!(
        stopped["healthy"]["rolledBack"].as_u64().unwrap() > 45,
        "{stopped}"
    );
    let words = Cli::new().ok(strict);
    assert!(
        words.starts_with("healthy: ") && words.contains(" of 50 rolled back"),
        "{words}"
    );
    Cli::new().refused(
        "guard simulate --strict 0.05 --limit 0.05",
        2,
        "cannot be used with",
    );
}

#[test]
fn it_needs_no_data_folder_and_makes_none() {
    let cli = Cli::new();
    let folder = cli.data_dir().join("none");
    let ran = cli.run(&format!(
        "--data-dir {} guard simulate --runs 2",
        folder.display()
    ));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!fs::exists(&folder).unwrap());
}

/// `docs/guard.md` shows a file and what is printed of it.
#[test]
fn the_page_shows_what_is_printed() {
    let page = include_str!("../docs/guard.md");
    let (_, rest) = page.split_once("$ cat blocks.csv\n").unwrap();
    let (file, rest) = rest
        .split_once("$ flagctl guard replay blocks.csv\n")
        .unwrap();
    let (printed, _) = rest.split_once("```").unwrap();
    assert_eq!(replay("", file).out, printed);
}
