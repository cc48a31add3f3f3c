//! Passwords and tokens in the addresses of settings: on no way out, unless asked for.

use std::fs;

use crate::support::cli::{Cli, Ran};

const ADDRESS: &str = "http://ada:secret@gate.example:9091/push?token=secret";
const SHOWN: &str = "http://***@gate.example:9091/push?***";

/// Runs with everything logged, and returns what it printed.
#[track_caller]
fn said(cli: &Cli, arguments: &[&str]) -> String {
    let mut command = cli.command("");
    command.args(arguments).env("FLAGDECK_LOG", "trace");
    let Ran { out, err, .. } = Ran::of(command.output().unwrap());
    let said = out + &err;
    assert!(!said.contains("secret"), "{arguments:?}: {said}");
    said
}

#[test]
fn a_password_in_a_setting_is_shown_only_when_that_is_asked_for() {
    let cli = Cli::new();
    for name in [
        "metrics.pushGateway",
        "metrics.prometheus",
        "rollback.webhook.url",
    ] {
        let set = said(&cli, &["config", "set", name, ADDRESS]);
        assert!(set.contains(&format!("{name} = {SHOWN}")), "{set}");
        for get in [
            &["config", "get", name][..],
            &["config", "get", name, "--json"],
        ] {
            assert!(said(&cli, get).contains(SHOWN));
        }
        let revealed = cli.ok(&format!("config get {name} --reveal"));
        assert_eq!(revealed.trim(), ADDRESS);
        let revealed = cli.json(&format!("config get {name} --reveal"));
        assert_eq!(
            (&revealed["value"], &revealed["inFile"]),
            (&ADDRESS.into(), &ADDRESS.into())
        );
        let overruled = said(
            &cli,
            &["--config", &format!("{name}={ADDRESS}"), "config", "list"],
        );
        assert!(overruled.contains(SHOWN), "{overruled}");
    }
    for arguments in [
        &["config", "list"][..],
        &["config", "list", "--json"],
        &["doctor"],
        &["metrics"],
        &["get"],
    ] {
        said(&cli, arguments);
    }
    let reset = said(
        &cli,
        &[
            "--config",
            &format!("metrics.pushGateway={ADDRESS}"),
            "config",
            "reset",
            "metrics.pushGateway",
        ],
    );
    assert!(reset.contains("not set in config.toml"), "{reset}");
}

#[test]
fn what_was_shown_without_its_password_is_not_taken_for_the_address() {
    let cli = Cli::new();
    cli.ok(&format!("config set metrics.pushGateway {ADDRESS}"));
    for shown in [
        SHOWN,
        "http://***@other.example",
        "http://gate.example/?***",
    ] {
        let set = format!("config set metrics.pushGateway {shown}");
        cli.refused(&set, 2, "with the password or query that *** stands for");
    }
    let kept = cli.ok("config get metrics.pushGateway --reveal");
    assert_eq!(kept.trim(), ADDRESS);
}

#[test]
fn a_mistyped_address_is_refused_without_its_password() {
    let cli = Cli::new();
    for mistyped in [
        "htp://ada:secret@gate",
        "ada:secret@gate",
        "http:/ada:secret@gate",
        "http:// ada:secret@gate",
        "http://gate?token=secret x",
        "\"http://ada:secret@gate\"",
        "http://ada:sec@ret#secret@gate\n",
    ] {
        for name in [
            "metrics.pushGateway",
            "metrics.pushGatewya",
            "http.allowedOrigins",
            "http.port",
        ] {
            let given = format!("{name}={mistyped}");
            said(&cli, &["config", "set", name, mistyped]);
            said(&cli, &["--config", &given, "get"]);
            said(&cli, &["--config", &given, "config", "list", "--json"]);
            let line = name.replace('.', "]\n");
            fs::write(
                cli.data_dir().join("config.toml"),
                format!("[{line} = {mistyped:?}\n"),
            )
            .unwrap();
            said(&cli, &["doctor"]);
            said(&cli, &["config", "list"]);
        }
        said(&cli, &["--config", mistyped, "get"]);
        said(&cli, &["--json", "--config", mistyped, "get"]);
        said(&cli, &["demo", "--url", mistyped]);
    }
}

#[test]
fn a_file_that_is_no_toml_is_told_without_the_password_in_it() {
    let cli = Cli::new();
    for text in [
        "[metrics]\npushGateway = \"http://ada:secret@gate\n",
        "[metrics]\npushGateway = http://ada:secret@gate\n",
        "[metrics]\npushGateway = \"http://ada:secret@gate\" x\n",
        "[metrics]\npushGateway = \"http://a:secret@b\"\npushGateway = \"http://a:secret@c\"\n",
        "[metrics]\npushGatewya = \"http://ada:secret@gate\"\n",
        "metrics = \"http://ada:secret@gate\"\n",
        "[metrics]\npushGateway = [\"http://ada:secret@gate\"]\n",
        "[metrics]\npushGateway = { url = \"http://ada:secret@gate\" }\n",
        "[http]\nport = \"http://ada:secret@gate\"\n",
    ] {
        fs::write(cli.data_dir().join("config.toml"), text).unwrap();
        said(&cli, &["doctor"]);
        said(&cli, &["config", "list"]);
        said(
            &cli,
            &["config", "set", "metrics.pushGateway", "http://gate"],
        );
    }
}
