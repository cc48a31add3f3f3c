//! Documents and patches from people and programs, on every way in: only flag documents are taken,
//! and what would remove most of the components is asked about first.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use flagdeck::store::{Actor, RevisionNumber, Via};
use flagdeck::{App, ChangeRequest, Error};
use flagdeck_core::Edit;
use serde_json::{Value, json};

use crate::http_support::{Answer, Running};
use crate::support::apps::{self, open};
use crate::support::cli::Cli;

const JSON: (&str, &str) = ("Content-Type", "application/json");
const ANY: (&str, &str) = ("If-Match", "*");
const CONFIRMED: (&str, &str) = ("Flagdeck-Confirm", "large-loss");

/// What is no flag document, with the code it is refused with.
fn strangers() -> [(Value, &'static str); 7] {
    let inner = json!({"components": {"a": true}});
    [
        (json!({}), "not_a_flag_document"),
        (json!({"colour": 1}), "not_a_flag_document"),
        (
            json!({"name": "shop", "version": "1.0.0"}),
            "foreign_format",
        ),
        (
            json!({"flags": {"a": {"state": "ENABLED"}}}),
            "foreign_format",
        ),
        (json!({"Components": {"a": true}}), "misspelt_key"),
        (json!({"data": inner}), "nested_document"),
        (json!([inner]), "nested_document"),
    ]
}

fn components(names: &[&str]) -> Value {
    let components = names.iter().map(|name| (*name).to_owned());
    let components = components.map(|name| (name, Value::Bool(true)));
    json!({"enabled": true, "components": components.collect::<serde_json::Map<_, _>>()})
}

fn put(server: &Running, more: &[(&str, &str)], document: &Value) -> Answer {
    let headers = [&[JSON, ANY], more].concat();
    server.write("PUT", &headers, &document.to_string())
}

fn patch(server: &Running, more: &[(&str, &str)], patch: &Value) -> Answer {
    let headers = [&[JSON, ANY], more].concat();
    server.write("PATCH", &headers, &patch.to_string())
}

#[test]
fn a_put_of_anything_else_is_refused_with_what_it_is() {
    let server = Running::start();
    assert_eq!(put(&server, &[], &components(&["a", "b"])).status, 200);
    let before = server.get("/api/ml/flags", &[]);
    for (stranger, code) in strangers() {
        // Confirming a loss is no way around it.
        let answer = put(&server, &[CONFIRMED], &stranger);
        assert_eq!(answer.problem(422), "invalid", "{stranger}");
        assert_eq!(answer.json()["problems"][0]["code"], code, "{stranger}");
    }
    assert_eq!(server.get("/api/ml/flags", &[]).body, before.body);
}

#[test]
fn a_put_that_removes_most_components_is_made_once_it_is_confirmed() {
    let server = Running::start();
    let before = components(&["a", "b", "c"]);
    let answer = put(&server, &[], &before);
    assert_eq!(
        answer.status, 200,
        "the safe default is replaced without asking"
    );

    let after = components(&["a"]);
    for unconfirmed in [&[][..], &[("Flagdeck-Confirm", "yes")]] {
        let answer = put(&server, unconfirmed, &after);
        assert_eq!(answer.problem(409), "large_loss");
        let problem = answer.json();
        assert_eq!(
            problem["detail"],
            "This would remove 2 of 3 components: b, c. Nothing was changed; to remove them, \
             send the header `Flagdeck-Confirm: large-loss`."
        );
        assert_eq!(
            problem["problems"],
            json!([{"severity": "error", "code": "large_loss", "pointer": "/components",
                "message": "This would remove 2 of 3 components: b, c."}])
        );
    }
    assert_eq!(server.app.flags().live().revision, RevisionNumber(1));

    let stale = [JSON, ("If-Match", "\"other\""), CONFIRMED];
    let answer = server.write("PUT", &stale, &after.to_string());
    assert_eq!(
        answer.problem(412),
        "stale",
        "confirming is no way around it"
    );
    assert_eq!(put(&server, &[CONFIRMED], &after).status, 200);
    assert_eq!(server.app.flags().live().document.count(), (1, 1));
    server.app.flags().undo(&Actor::local(Via::Http)).unwrap();
    assert_eq!(server.app.flags().live().document.count(), (3, 3));
}

#[test]
fn a_put_that_removes_half_or_renames_all_needs_no_confirmation() {
    let server = Running::start();
    let made = |document: &Value| assert_eq!(put(&server, &[], document).status, 200);
    made(&components(&["a", "b"]));
    made(&components(&["a"]));
    made(&json!({"components": {"ui": {"x": true, "y": false, "z": true}, "a": true}}));
    made(&json!({"components": {"window": {"x": true, "y": false, "z": true}, "a": true}}));
    made(
        &json!({"enabled": false, "components": {"window": {"x": false, "y": false, "z": false},
        "a": false}}),
    );
}

#[test]
fn a_patch_that_removes_most_components_is_made_once_it_is_confirmed() {
    let server = Running::start();
    assert_eq!(
        patch(&server, &[], &json!({"components": null})).status,
        200,
        "the safe default is replaced without asking"
    );
    let names = ["a", "b", "c", "d", "e"];
    assert_eq!(put(&server, &[CONFIRMED], &components(&names)).status, 200);
    let before = server.get("/api/ml/flags", &[]);
    for (most, removed) in [
        (
            json!({"components": null}),
            "5 of 5 components: a, b, c, d, e",
        ),
        (
            json!({"components": {"a": null, "c": null, "e": null}}),
            "3 of 5 components: a, c, e",
        ),
        (
            json!({"components": {"a": null, "b": {}, "c": {"x": true}}, "enabled": false}),
            "3 of 5 components: a, b, c",
        ),
    ] {
        let answer = patch(&server, &[], &most);
        assert_eq!(answer.problem(409), "large_loss", "{most}");
        let detail = answer.json()["detail"].to_string();
        assert!(detail.contains(removed), "{detail}");
    }
    assert_eq!(server.get("/api/ml/flags", &[]).body, before.body);

    let most = json!({"components": null});
    let stale = [JSON, ("If-Match", "\"other\""), CONFIRMED];
    let answer = server.write("PATCH", &stale, &most.to_string());
    assert_eq!(
        answer.problem(412),
        "stale",
        "confirming is no way around it"
    );
    assert_eq!(patch(&server, &[CONFIRMED], &most).status, 200);
    server.app.flags().undo(&Actor::local(Via::Http)).unwrap();
    assert_eq!(server.get("/api/ml/flags", &[]).body, before.body);
}

#[test]
fn a_patch_that_removes_half_or_renames_needs_no_confirmation() {
    let server = Running::start();
    assert_eq!(put(&server, &[], &components(&["a", "b"])).status, 200);
    for (few, count) in [
        (json!({"components": {"c": true, "d": true}}), 4),
        (json!({"components": {"a": null, "b": null}}), 2),
        (
            json!({"components": {"c": null, "d": null, "ui": {"c": true, "d": true}}}),
            2,
        ),
        (json!({"enabled": false, "rollout": null}), 2),
    ] {
        assert_eq!(patch(&server, &[], &few).status, 200, "{few}");
        let (_, of) = server.app.flags().live().document.count();
        assert_eq!(of, count, "{few}");
    }
}

#[test]
fn pages_of_allowed_origins_may_confirm() {
    let origin = "http://localhost:5173";
    let server = Running::with_origin(origin);
    let asks = [("Origin", origin), ("Access-Control-Request-Method", "PUT")];
    let answer = server.request("OPTIONS", "/api/ml/flags", &asks, "");
    let allowed = answer.header("access-control-allow-headers").unwrap();
    assert!(allowed.contains("flagdeck-confirm"), "{allowed}");
}

#[test]
fn a_patch_of_anything_else_is_refused_too() {
    let server = Running::start();
    for (patch, code) in [
        (json!({"Enabled": true}), "misspelt_key"),
        (
            json!({"flags": {"a": {"state": "ENABLED"}}}),
            "foreign_format",
        ),
        (
            json!({"data": {"components": {"a": true}}}),
            "nested_document",
        ),
    ] {
        let answer = server.write("PATCH", &[JSON, ANY], &patch.to_string());
        assert_eq!(answer.problem(422), "invalid", "{patch}");
        assert_eq!(answer.json()["problems"][0]["code"], code, "{patch}");
    }
    assert_eq!(server.app.flags().live().revision, RevisionNumber::NONE);
}

#[test]
fn an_import_of_anything_else_is_refused_with_what_it_is() {
    let cli = Cli::new();
    assert_eq!(import(&cli, "", &components(&["a", "b"])).0, 0);
    for (stranger, code) in strangers() {
        // Of the definitions of flagd, `flagctl` reads what can be a component.
        let code = match stranger.get("flags") {
            Some(_) => "not_in_flag_document",
            None => code,
        };
        for arguments in ["--json", "--json --yes", "--json --check"] {
            let (exit, said) = import(&cli, arguments, &stranger);
            assert_eq!(exit, 2, "{stranger} {arguments}: {said}");
            let failure: Value = serde_json::from_str(&said).unwrap();
            assert_eq!(failure["code"], "invalid");
            assert_eq!(failure["problems"][0]["code"], code, "{stranger}");
        }
    }
    assert_eq!(cli.json("get")["components"], json!({"a": true, "b": true}));
    let (_, said) = import(
        &cli,
        "",
        &json!({"flags": {"checkout": {"state": "ENABLED"}}}),
    );
    assert_eq!(
        said,
        "flagctl: error at /flags: None of these flags can be a component.\n\
         flagctl: warning at /flags/checkout/variants: checkout is left out: its variants are not \
         true and false.\n"
    );
}

/// Runs an import without a terminal: its exit code, and what it said beside the result.
fn import(cli: &Cli, arguments: &str, document: &Value) -> (i32, String) {
    let arguments = format!("import - {arguments}");
    let ran = cli.run_with_input(&arguments, &document.to_string());
    (ran.code.unwrap(), ran.err)
}

#[test]
fn an_import_without_a_terminal_that_removes_most_components_needs_yes() {
    let cli = Cli::new();
    assert_eq!(import(&cli, "", &components(&["a", "b", "c"])).0, 0);
    let after = components(&["c"]);
    let (exit, said) = import(&cli, "", &after);
    assert_eq!(exit, 2);
    assert_eq!(
        said,
        "flagctl: This would remove 2 of 3 components: a, b; nothing was changed. \
         To remove them, add --yes.\n"
    );
    let (exit, said) = import(&cli, "--json", &after);
    assert_eq!(exit, 2);
    let failure: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(failure["code"], "large_loss");

    let checked = cli.run_with_input("import - --check", &after.to_string());
    assert_eq!(checked.code, Some(0));
    assert_eq!(
        checked.err,
        "flagctl: It would remove 2 of 3 components: a, b; to import it, add --yes\n"
    );
    assert_eq!(
        cli.json("get")["components"],
        components(&["a", "b", "c"])["components"]
    );

    assert_eq!(import(&cli, "--yes", &after), (0, String::new()));
    assert_eq!(cli.json("get")["components"], json!({"c": true}));
    cli.ok("undo");
    assert_eq!(
        cli.json("get")["components"],
        components(&["a", "b", "c"])["components"]
    );
    assert_eq!(
        import(&cli, "--yes", &components(&["a", "b"])).0,
        0,
        "yes is taken always"
    );
}

#[test]
fn an_import_on_a_terminal_asks_and_goes_by_the_answer() {
    let cli = Cli::new();
    assert_eq!(import(&cli, "", &components(&["a", "b", "c"])).0, 0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flags.json");
    std::fs::write(&file, components(&["c"]).to_string()).unwrap();

    for answer in ["n", "", "yes please"] {
        let (exit, screen) = on_a_terminal(&cli, &file, answer);
        let lines: Vec<&str> = screen.lines().collect();
        let asked = lines.windows(2).any(|pair| {
            pair[0].ends_with("This removes 2 of 3 components: a, b.")
                && pair[1].starts_with("Import the document? [y/N] ")
        });
        assert!(asked, "{screen}");
        assert_eq!(exit, Some(2), "{answer:?}: {screen}");
        assert_eq!(
            cli.json("get")["components"],
            components(&["a", "b", "c"])["components"]
        );
    }
    let (exit, screen) = on_a_terminal(&cli, &file, "Y");
    assert_eq!(exit, Some(0), "{screen}");
    assert!(screen.contains("Revision 2"), "{screen}");
    assert_eq!(cli.json("get")["components"], json!({"c": true}));
}

/// Imports a file on a terminal of its own, and types an answer.
fn on_a_terminal(cli: &Cli, file: &Path, answer: &str) -> (Option<i32>, String) {
    let plain = cli.command("");
    let import = format!(
        "{} import {}",
        plain.get_program().display(),
        file.display()
    );
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &import, "/dev/null"]).env_clear();
    for (name, value) in plain.get_envs() {
        script.env(name, value.unwrap());
    }
    script.env("PATH", std::env::var_os("PATH").unwrap());
    let mut child = script
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script of util-linux makes terminals");
    writeln!(child.stdin.take().unwrap(), "{answer}").unwrap();
    let ended = child.wait_with_output().unwrap();
    let screen = String::from_utf8(ended.stdout).unwrap();
    (ended.status.code(), screen)
}

fn replace(app: &App, document: &Value) -> Result<RevisionNumber, Error> {
    let request = request(document);
    app.flags().change(request).map(|outcome| outcome.revision)
}

fn request(document: &Value) -> ChangeRequest {
    apps::request(Edit::Replace(document.to_string().into_bytes()))
}

#[test]
fn a_review_shows_the_loss_that_a_change_is_refused_for() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let few = components(&["a"]);
    let review = |document: &Value| app.flags().review(document.to_string().as_bytes()).loss;
    assert_eq!(review(&few), None, "nothing was saved yet");
    replace(&app, &components(&["a", "b", "c"])).unwrap();
    let told = review(&few).expect("most is removed");
    match replace(&app, &few) {
        Err(Error::LargeLoss { loss }) => assert_eq!(loss, told),
        other => panic!("{other:?}"),
    }
    let batch = ChangeRequest {
        edit: Edit::Batch(vec![request(&few).edit, Edit::SetMaster { on: false }]),
        ..request(&few)
    };
    let refused = app.flags().change(batch.clone()).unwrap_err();
    assert!(matches!(refused, Error::LargeLoss { .. }), "{refused}");
    assert_eq!(
        app.flags().change_confirmed(batch).unwrap().revision,
        RevisionNumber(2)
    );
    assert_eq!(review(&few), None, "it is so already");
}

#[test]
fn what_names_the_components_or_goes_back_is_not_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let me = Actor::local(Via::Window);
    let all = ["a", "b", "c", "d"];
    let count = || app.flags().live().document.count().1;
    replace(&app, &components(&["a"])).unwrap();
    let backup = app.flags().back_up().unwrap().expect("there is a revision");
    replace(&app, &components(&all)).unwrap();

    app.flags().undo(&me).unwrap();
    assert_eq!(count(), 1);
    app.flags().redo(&me).unwrap();
    assert_eq!(count(), 4);
    app.restore(RevisionNumber(1), &me, None).unwrap();
    assert_eq!(count(), 1);
    app.restore(RevisionNumber(2), &me, None).unwrap();
    app.flags().restore_backup(&backup.name, &me).unwrap();
    assert_eq!(count(), 1);
    app.restore(RevisionNumber(2), &me, None).unwrap();
    let remove = Edit::Remove {
        paths: all.iter().map(|path| path.parse().unwrap()).collect(),
        release: false,
    };
    let named = ChangeRequest {
        edit: Edit::Batch(vec![remove, Edit::SetMaster { on: false }]),
        ..request(&json!({}))
    };
    app.flags().change(named).unwrap();
    assert_eq!(count(), 0);
}
