//! `flagctl overrides set` and what follows from it: for one application or one user, seen by no
//! other, and kept in one file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::cli::Cli;

const USER: &str = "ada.secret@example.com";

fn ready() -> Cli {
    let cli = Cli::new();
    cli.ok("master on");
    cli
}

#[test]
fn it_is_set_listed_explained_and_taken_back() {
    let cli = ready();
    let told = cli.ok("overrides set ui.badges on --source checkout-dev");
    let lines: Vec<&str> = told.lines().collect();
    let set = "ui.badges is on for the application checkout-dev until 2";
    assert!(lines[0].starts_with(set), "{told}");
    let back = "  to take it back: flagctl overrides clear ui.badges --source checkout-dev";
    assert_eq!(lines[1..], [back]);
    cli.ok("overrides set tracker off --user ada --for 2d");

    let listed = cli.ok("overrides");
    let rows: Vec<String> = listed
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(rows[1], "2 overrides for single applications and users:");
    assert_eq!(rows[2], "COMPONENT VALUE FOR UNTIL BY");
    let first = "ui.badges on application checkout-dev 2";
    assert!(rows[3].starts_with(first), "{listed}");
    assert!(rows[4].starts_with("tracker off user ada 2"), "{listed}");
    let targeted = &cli.json("overrides")["targeted"];
    let ms = |name: &str| targeted[1][name].as_i64().unwrap();
    assert_eq!(ms("untilMs") - ms("sinceMs"), 2 * 24 * 60 * 60 * 1000);
    assert_eq!(targeted[0]["suspended"], Value::Null);

    let own = cli.ok("explain ui.badges --user ada --source checkout-dev");
    let layer = "  on for the application checkout-dev until 2";
    assert!(own.lines().any(|line| line.starts_with(layer)), "{own}");
    assert!(own.ends_with(&format!("{back}\n")), "{own}");
    assert!(
        !cli.ok("explain ui.badges --user ada")
            .contains("checkout-dev")
    );

    let ended = cli.ok("overrides clear ui --source checkout-dev");
    let said = "ui.badges is not on any more for the application checkout-dev\n";
    assert_eq!(ended, said);
    cli.refused(
        "overrides clear ui.badges --source checkout-dev",
        3,
        "There is no override of ui.badges for the application checkout-dev",
    );
    let ended = cli.json("overrides clear --all");
    assert_eq!(ended["changed"], false);
    assert_eq!(ended["targeted"][0]["for"], json!({"user": "ada"}));
    cli.refused("overrides clear --all", 3, "There is no such override");
}

#[test]
fn an_evaluation_of_a_list_has_each_override() {
    let cli = ready();
    cli.ok("overrides set tracker on --user ada");
    cli.ok("overrides set tracker on --source shop");
    cli.ok("overrides set tracker off --user eve");
    let on = |arguments: &str| {
        let command = format!("eval tracker --users - {arguments}");
        let rows = cli.run_with_input(&command, "ada\nben\neve\nada\n").out;
        let rows: Vec<String> = rows.lines().skip(1).map(str::to_owned).collect();
        let on = rows.iter().filter(|row| row.contains(",true,"));
        let on: Vec<String> = on.map(|row| row[..3].to_owned()).collect();
        let counted = cli.run_with_input(&format!("{command} --count"), "ada\nben\neve\nada\n");
        assert_eq!(counted.out, format!("{} of 4\n", on.len()));
        on.join(" ")
    };
    assert_eq!(on(""), "ada ada");
    assert_eq!(on("--source shop"), "ada ben ada");
    assert_eq!(on("--at 1"), "");
}

#[test]
fn it_says_why_it_does_not_act() {
    let cli = Cli::new();
    let set = |component: &str| cli.ok(&format!("overrides set {component} on --source dev"));
    let off = "  does not act at present: all flags are off\n";
    assert!(set("tracker").contains(off));
    let document = json!({
        "enabled": true,
        "components": {"a": true, "b": true, "c": false},
        "rollout": {"percentage": 100, "userGroups": [], "strategy": "canary"},
        "requires": {"a": ["b"], "b": ["c"]},
    });
    let file = cli.data_dir().join("document.json");
    fs::write(&file, document.to_string()).unwrap();
    cli.ok(&format!("import {} --yes", file.display()));
    let required = "  does not act at present: it requires c, which is off\n";
    assert!(set("a").contains(required));
    let listed = cli.ok("overrides");
    assert!(listed.contains("there is no component tracker"), "{listed}");
    // For the same application the requirement is on, too.
    assert!(!set("c").contains("does not act"));
    assert_eq!(cli.ok("overrides").matches("does not act").count(), 1);
}

#[test]
fn what_cannot_be_set_is_refused() {
    let cli = ready();
    cli.refused("overrides set tracker on", 2, "required");
    cli.refused(
        "overrides set tracker on --source a --user b",
        2,
        "cannot be used with",
    );
    cli.refused("overrides set ui on --user b", 3, "and ui is a group");
    for time in ["59s", "31d", "0d", "soon", "99999999999999999999d"] {
        let ran = cli.run(&format!("overrides set tracker on --user b --for {time}"));
        assert_eq!(ran.code, Some(2), "{time}: {ran:?}");
    }
    assert_eq!(cli.json("overrides")["targeted"], json!([]));
}

#[test]
fn a_user_id_is_in_one_private_file_and_nowhere_else() {
    let cli = ready();
    cli.ok(&format!("overrides set tracker on --user {USER}"));
    cli.ok("set tracker on");
    cli.ok("backup make");
    let bundle = cli.data_dir().join("workspace.bundle");
    cli.ok(&format!("export --workspace {}", bundle.display()));
    cli.ok(&format!("overrides clear tracker --user {USER}"));
    cli.ok(&format!("overrides set tracker on --user {USER}"));
    let mut holders = Vec::new();
    holding(cli.data_dir(), &mut holders);
    assert_eq!(holders, ["overrides.json"]);
    let file = cli.data_dir().join("overrides.json");
    let mode = fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!cli.ok("history").contains(USER));
    assert!(!cli.ok("export").contains(USER));
}

/// Finds the files with the user id in them.
fn holding(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            holding(&path, found);
            continue;
        }
        let text = fs::read(&path).unwrap();
        if text.windows(USER.len()).any(|part| part == USER.as_bytes()) {
            found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn doctor_says_how_to_go_on_without_a_file_that_cannot_be_read() {
    let cli = ready();
    assert!(!cli.ok("doctor").contains("single applications"));
    cli.ok(&format!("overrides set tracker on --user {USER}"));
    let well = "1 override for single applications and users";
    assert!(cli.ok("doctor").contains(well));
    let file = cli.data_dir().join("overrides.json");
    // A user id in the wrong place: serde quotes what it does not expect.
    fs::write(&file, format!("[{{\"for\": \"{USER}\"}}]")).unwrap();
    let ran = cli.run("doctor");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.out.contains("it is not a list of overrides, at line 1"),
        "{}",
        ran.out
    );
    let remedy = format!("until it is removed: rm {}", file.display());
    assert!(ran.out.contains(&remedy), "{}", ran.out);
    let refused = cli.run("overrides clear --all");
    assert!(refused.err.contains("overrides.json"), "{}", refused.err);
    for told in [ran.out, ran.err, refused.err] {
        assert!(!told.contains(USER), "{told}");
    }
    fs::remove_file(&file).unwrap();
    cli.ok("overrides set tracker on --user ada");
}
