//! Overrides for one application or one user: whom they change, whom they do not, and their end.

use std::fs;
use std::time::Duration;

use flagdeck::App;
use flagdeck::error::Code;
use flagdeck::flags::Scope;
use flagdeck::flags::targeted::{Target, TargetedOverride, TargetedRequest, TargetedSelection};
use flagdeck_core::Edit;
use serde_json::{Value, json};

use crate::http_ofrep::{JSON, all, replace};
use crate::http_stream::Stream;
use crate::http_support::{Answer, Running};
use crate::support::apps::{
    change, history, open, open_watching, open_watching_by, someone, standing_clock, turn_master,
};
use crate::support::waiting::{settle, wait_until};

const HOUR_MS: i64 = 60 * 60 * 1000;

fn source(name: &str) -> Target {
    Target::Source(name.parse().expect("a name"))
}

fn user(id: &str) -> Target {
    Target::User(id.into())
}

fn wanted(target: Target, component: &str, on: bool) -> TargetedRequest {
    TargetedRequest {
        target,
        component: component.parse().expect("a path"),
        on,
        for_ms: HOUR_MS,
        by: someone(),
    }
}

fn set(app: &App, target: Target, component: &str, on: bool) -> TargetedOverride {
    let set = app.flags().override_for(wanted(target, component, on));
    set.expect("it can be saved")
}

fn is_on(app: &App, scope: Scope<'_>, component: &str) -> bool {
    let live = app.flags().in_force(scope);
    let user = flagdeck_core::User::id("anybody");
    live.compiled.evaluate(component, &user).value
}

fn opened() -> (tempfile::TempDir, App) {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    turn_master(&app, true);
    (folder, app)
}

#[test]
fn a_component_is_on_for_one_application_and_as_it_was_for_others() {
    let (folder, app) = opened();
    let before = app.flags().in_force(Scope::Everyone).generation.clone();
    set(&app, source("mine"), "ui.badges", true);
    // On at 0 % of everyone: the rollout does not count either.
    assert!(is_on(&app, Scope::Source("mine"), "ui.badges"));
    assert!(!is_on(&app, Scope::Source("mine"), "tracker"));
    for other in [Scope::Everyone, Scope::Source("other"), Scope::User("mine")] {
        assert!(!is_on(&app, other, "ui.badges"), "{other:?}");
        assert_eq!(app.flags().in_force(other).generation, before, "{other:?}");
    }
    let own = app.flags().in_force(Scope::Source("mine"));
    assert_ne!(own.generation, before);
    // In no revision, after a restart too.
    assert_eq!(history(&app).len(), 1);
    drop(app);
    let app = open(folder.path());
    assert!(is_on(&app, Scope::Source("mine"), "ui.badges"));
    assert_eq!(
        app.flags().in_force(Scope::Source("mine")).generation,
        own.generation
    );
}

#[test]
fn what_is_for_a_user_is_over_what_is_for_the_application() {
    let (_folder, app) = opened();
    set(&app, source("mine"), "tracker", true);
    set(&app, user("ada"), "tracker", false);
    let context = |json: Value| {
        let tree = flagdeck_core::tree::Tree::from(json);
        flagdeck::flags::context::EvaluationContext::from_tree(tree).expect("a context")
    };
    let both = context(json!({"targetingKey": "ada", "source": "mine"}));
    let other = context(json!({"targetingKey": "ben", "source": "mine"}));
    assert!(!is_on(&app, Scope::Context(&both), "tracker"));
    assert!(is_on(&app, Scope::Context(&other), "tracker"));
}

#[test]
fn nothing_is_on_while_all_flags_are_off() {
    let (_folder, app) = opened();
    set(&app, source("mine"), "tracker", true);
    app.flags().emergency_off(&someone());
    assert!(!is_on(&app, Scope::Source("mine"), "tracker"));
    turn_master(&app, true);
    assert!(is_on(&app, Scope::Source("mine"), "tracker"));
    turn_master(&app, false);
    assert!(!is_on(&app, Scope::Source("mine"), "tracker"));
}

#[test]
fn it_ends_with_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let clock = standing_clock();
    let app = open_watching_by(folder.path(), &clock);
    turn_master(&app, true);
    let set = set(&app, source("mine"), "tracker", true);
    assert_eq!(set.until_ms - set.since_ms, HOUR_MS);
    clock.advance(Duration::from_secs(60 * 60 - 1));
    settle(&clock);
    assert!(is_on(&app, Scope::Source("mine"), "tracker"));
    clock.advance(Duration::from_secs(1));
    settle(&clock);
    assert!(!is_on(&app, Scope::Source("mine"), "tracker"));
    assert_eq!(app.flags().targeted(), []);
}

#[test]
fn it_is_taken_back_by_its_target_or_its_component() {
    let (_folder, app) = opened();
    for target in [source("mine"), source("other"), user("ada")] {
        set(&app, target.clone(), "tracker", true);
        set(&app, target, "calculator", true);
    }
    let of = |target, component: Option<&str>| TargetedSelection {
        target,
        components: component
            .map(|path| path.parse().expect("a path"))
            .into_iter()
            .collect(),
    };
    let end = |which| {
        app.flags()
            .end_targeted(&which)
            .expect("it can be saved")
            .len()
    };
    assert_eq!(end(of(Some(user("ada")), Some("tracker"))), 1);
    assert_eq!(end(of(Some(source("mine")), None)), 2);
    assert_eq!(end(of(None, Some("tracker"))), 1);
    assert_eq!(end(of(Some(source("nobody")), None)), 0);
    assert_eq!(end(of(None, None)), 2);
    assert_eq!(app.flags().targeted(), []);
}

#[test]
fn every_program_on_the_folder_applies_it_and_none_loses_that_of_another() {
    let (folder, one) = opened();
    let other = open_watching(folder.path());
    set(&one, source("mine"), "tracker", true);
    wait_until("the other sees it", || {
        is_on(&other, Scope::Source("mine"), "tracker")
    });
    std::thread::scope(|scope| {
        for app in [&one, &other] {
            scope.spawn(move || {
                for index in 0..20 {
                    let name = format!("{:p}-{index}", std::ptr::from_ref(app));
                    set(app, source(&name), "tracker", true);
                }
            });
        }
    });
    assert_eq!(open(folder.path()).flags().targeted().len(), 41);
}

#[test]
fn a_component_that_is_gone_is_overridden_again_when_it_is_back() {
    let (_folder, app) = opened();
    set(&app, source("mine"), "tracker", true);
    set(&app, source("mine"), "calculator", true);
    let paths = vec!["tracker".parse().unwrap()];
    change(
        &app,
        Edit::Remove {
            paths,
            release: false,
        },
    );
    assert!(is_on(&app, Scope::Source("mine"), "calculator"));
    assert!(!is_on(&app, Scope::Source("mine"), "tracker"));
    app.flags().undo(&someone()).unwrap();
    assert!(is_on(&app, Scope::Source("mine"), "tracker"));
}

#[test]
fn a_refusal_says_what_is_allowed() {
    let (_folder, app) = opened();
    let refused = |request| {
        let refused = app.flags().override_for(request).unwrap_err();
        (refused.code(), refused.to_string())
    };
    let (code, said) = refused(wanted(source("mine"), "trakcer", true));
    assert_eq!(code, Code::NotFound);
    assert!(said.contains("did you mean tracker?"), "{said}");
    let (code, said) = refused(wanted(source("mine"), "ui", true));
    assert_eq!(
        (code, said.as_str()),
        (
            Code::NotFound,
            "only a component can be overridden, and ui is a group"
        )
    );
    for for_ms in [0, -1, 59_999, 31 * 24 * HOUR_MS, i64::MAX] {
        let request = TargetedRequest {
            for_ms,
            ..wanted(source("mine"), "tracker", true)
        };
        let (code, said) = refused(request);
        assert_eq!(code, Code::Invalid);
        assert_eq!(
            said,
            "an override for one application or user lasts a minute to 30 days"
        );
    }
    for id in ["", &"x".repeat(1025)] {
        let (code, said) = refused(wanted(user(id), "tracker", true));
        assert_eq!(
            (code, said.as_str()),
            (Code::Invalid, "a user id has 1 to 1024 bytes here")
        );
    }
    assert_eq!(app.flags().targeted(), []);
}

#[test]
fn a_damaged_file_overrides_nothing_and_is_not_written_over() {
    let (folder, app) = opened();
    set(&app, source("mine"), "tracker", true);
    drop(app);
    let file = folder.path().join("overrides.json");
    fs::write(&file, b"[{\"for\": 1").unwrap();
    let app = open(folder.path());
    assert!(!is_on(&app, Scope::Source("mine"), "tracker"));
    let refused = app
        .flags()
        .override_for(wanted(source("mine"), "tracker", true))
        .unwrap_err();
    assert!(refused.to_string().contains("overrides.json"), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), b"[{\"for\": 1");
}

#[test]
fn it_is_served_to_its_application_alone() {
    let server = Running::start();
    replace(
        &server,
        &json!({"enabled": true, "components": {"a": false, "b": false}}),
    );
    let mut mine = Stream::open_at(&server, "/api/ml/flags/stream?source=mine", &[]);
    let mut other = Stream::open_at(&server, "/api/ml/flags/stream?source=other", &[]);
    let mut ofrep = Stream::open_at(&server, "/api/ml/flags/stream?events=ofrep", &[]);
    mine.event("flags");
    let (first, _) = (other.event("flags"), ofrep.message());

    set(&server.app, source("mine"), "a", true);
    let told = mine.event("flags");
    assert_ne!(told["etag"], first["etag"]);
    let (_, refetch) = ofrep.message();
    assert_eq!(refetch["type"], "refetchEvaluation");
    let own = server.get("/api/ml/flags?source=mine", &[]);
    assert_eq!(own.header("etag"), told["etag"].as_str());
    assert_eq!(own.json()["components"], json!({"a": true, "b": false}));
    let everyone = server.get("/api/ml/flags", &[]);
    assert_eq!(
        everyone.json()["components"],
        json!({"a": false, "b": false})
    );
    // What one application has cannot be written back as what everyone has.
    let if_match = [JSON, ("If-Match", own.header("etag").unwrap())];
    assert_eq!(server.write("PUT", &if_match, own.text()).status, 412);

    // A change for everyone is told to both, each with its own document.
    replace(
        &server,
        &json!({"enabled": true, "components": {"a": false, "b": true}}),
    );
    let (told, other_told) = (mine.event("flags"), other.event("flags"));
    assert_eq!(told["changed"], other_told["changed"]);
    assert_ne!(told["etag"], other_told["etag"]);
    assert_eq!(
        other_told["revision"], 2,
        "the other was told of no override"
    );
    server
        .app
        .flags()
        .end_targeted(&TargetedSelection::default())
        .unwrap();
    let told = mine.event("flags");
    assert_eq!(told["etag"], other_told["etag"]);
    assert_eq!(told["changed"][0]["pointer"], "/components/a");
}

fn send(server: &Running, method: &str, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {}", server.token);
    let headers = [("Authorization", bearer.as_str()), JSON];
    server.request(
        method,
        &format!("/api/ml/flags/overrides{path}"),
        &headers,
        body,
    )
}

#[test]
fn it_is_set_listed_and_ended_over_http_with_the_token() {
    let server = Running::start();
    replace(
        &server,
        &json!({"enabled": true, "components": {"a": false, "b": false}}),
    );
    let for_ada = r#"{"for": {"user": "ada"}, "on": true}"#;
    for (method, path) in [("GET", ""), ("PUT", "/a"), ("DELETE", "?user=ada")] {
        let path = format!("/api/ml/flags/overrides{path}");
        let refused = server.request(method, &path, &[JSON], for_ada);
        assert_eq!(refused.problem(401), "unauthorized");
        assert!(!refused.text().contains("ada"), "{}", refused.text());
    }
    let set = send(&server, "PUT", "/a", for_ada);
    assert_eq!(set.status, 200, "{}", set.text());
    let ms = |name: &str| set.json()[name].as_i64().unwrap();
    assert_eq!(ms("untilMs") - ms("sinceMs"), 8 * HOUR_MS);
    assert_eq!(set.json()["suspended"], Value::Null);
    let for_shop = r#"{"for": {"source": "shop"}, "on": true, "forMs": 60000}"#;
    for component in ["/a", "/b"] {
        assert_eq!(send(&server, "PUT", component, for_shop).status, 200);
    }
    assert_eq!(history(&server.app).len(), 1, "no revision");

    let listed = send(&server, "GET", "", "").json();
    assert_eq!(listed["overrides"], json!([]));
    assert_eq!(listed["targeted"].as_array().unwrap().len(), 3);
    assert_eq!(listed["targeted"][2]["for"], json!({"user": "ada"}));

    for (body, status) in [
        (r#"{"for": {"user": "ada"}}"#, 400),
        (r#"[{"user": "ada"}, true, 60000]"#, 400),
        (r#"{"for": {"source": "a/b"}, "on": true}"#, 400),
        (
            r#"{"for": {"user": "ada"}, "on": true, "forMs": 59999}"#,
            422,
        ),
        (r#"{"for": {"user": "ada"}, "on": true, "until": 1}"#, 400),
    ] {
        let refused = send(&server, "PUT", "/a", body);
        assert_eq!(refused.status, status, "{body}: {}", refused.text());
    }
    assert_eq!(
        send(&server, "PUT", "/gone", for_ada).problem(404),
        "not_found"
    );
    for wrong in [
        "?user=ada&source=shop",
        "?place=/rollout&user=ada",
        "?source=a/b",
    ] {
        let refused = send(&server, "DELETE", wrong, "");
        assert!(
            matches!(refused.status, 400 | 422),
            "{wrong}: {}",
            refused.text()
        );
    }
    let gone = send(&server, "DELETE", "?component=a&source=other", "");
    assert_eq!(gone.problem(404), "not_found");
    let ended = send(&server, "DELETE", "?component=a&source=shop", "").json();
    assert_eq!(ended["changed"], false);
    assert_eq!(ended["targeted"].as_array().unwrap().len(), 1);
    let ended = send(&server, "DELETE", "", "").json();
    assert_eq!(ended["targeted"].as_array().unwrap().len(), 2);
    assert_eq!(server.app.flags().targeted(), []);
}

#[test]
fn an_evaluation_for_a_user_has_the_override_of_the_user() {
    let server = Running::start();
    replace(
        &server,
        &json!({"enabled": true, "components": {"a": false}}),
    );
    set(&server.app, user("ada"), "a", true);
    let value = |context: Value| all(&server, &[], &context).json()["flags"][0]["value"].clone();
    assert_eq!(value(json!({"targetingKey": "ada"})), true);
    assert_eq!(value(json!({"targetingKey": "ben"})), false);
}
