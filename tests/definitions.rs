//! Flag definitions of flagd, written and imported by `flagctl`.

use std::fs;

use serde_json::{Value, json};

use crate::support::cli::Cli;

const DEFINITIONS: &str = r#"{
    "flags": {
        "checkout": {
            "state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off",
            "targeting": {"fractional": [["on", 25], ["off", 75]]}
        },
        "colour": {"state": "ENABLED", "variants": {"red": "f00"}, "defaultVariant": "red"}
    }
}"#;

#[test]
fn what_is_exported_is_imported_again() {
    let (from, to) = (Cli::new(), Cli::new());
    from.ok("master on");
    from.ok("set ui.badges on");
    from.ok("rollout ui.badges --percentage 12.5 --groups beta");
    let ran = from.run("export --format flagd");
    assert_eq!((ran.code, &ran.err[..]), (Some(0), ""));
    let definitions: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(definitions["metadata"]["bucketing"], "flagd-3");
    let imported = to.run_with_input("import -", &ran.out);
    assert_eq!(
        (imported.code, &imported.err[..]),
        (Some(0), ""),
        "{imported:?}"
    );
    assert_eq!(to.ok("export"), from.ok("export"));
}

#[test]
fn what_flagd_cannot_express_goes_to_standard_error() {
    let cli = Cli::new();
    cli.ok("rollout --percentage 0 --groups beta");
    let ran = cli.run("export --format flagd --at 1");
    assert_eq!(
        ran.err,
        "flagctl: warning at /rollout/userGroups: At 0 %, no group counts, so none is named.\n"
    );
}

#[test]
fn what_has_no_meaning_is_listed_before_and_after_it_is_imported() {
    let cli = Cli::new();
    let file = cli.data_dir().join("flags.json");
    fs::write(&file, DEFINITIONS).unwrap();
    let file = file.to_str().unwrap();
    let left_out = "flagctl: warning at /flags/colour/variants: colour is left out: its variants \
                    are not true and false.\n";

    let ran = cli.run(&format!("import {file} --check"));
    assert!(ran.err.contains(left_out), "{}", ran.err);
    assert!(ran.out.contains("checkout"), "{}", ran.out);
    assert_eq!(cli.json("history"), json!([]));
    let checked = cli.json(&format!("import {file} --check"));
    assert_eq!(checked["problems"][0]["code"], "not_in_flag_document");

    let ran = cli.run(&format!("import {file}"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains(left_out), "{}", ran.err);
    let document: Value = serde_json::from_str(&cli.ok("export")).unwrap();
    assert_eq!(document["components"], json!({"checkout": true}));
    assert_eq!(document["rollouts"]["checkout"]["percentage"], 25);

    cli.refused(
        &format!("import {file} --format flagdeck"),
        2,
        "flag definition of flagd",
    );
    let none = cli.run_with_input("import - --format flagd", r#"{"enabled": true}"#);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(none.err.contains("object of flags"), "{}", none.err);
}
