//! Following a document over HTTP: failures of every kind, what is held,
//! one program of several that fetches, and two Flagdecks that follow one another.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use flagdeck::app::following::FollowState;
use flagdeck::error::Code;
use flagdeck::store::Cause;
use flagdeck::{App, Options};
use serde_json::json;

use crate::support::apps::{history, standing_clock, switch};
use crate::support::following::{
    fetch, open, open_fresh, open_watching, options, status, text, with_components,
};
use crate::support::scripted::{Script, Scripted};
use crate::support::serving::{Serving, flagctl, get};
use crate::support::waiting::{PATIENCE, let_pass, settle, wait_for, wait_until};

/// Shorter than any answer that comes drop by drop, and than the patience of people.
const CALL_TIME: Duration = Duration::from_millis(30);

fn reason(state: &FollowState) -> &str {
    match state {
        FollowState::Stale { reason, .. } | FollowState::Retrying { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

/// How often each kind of failure comes, one after the other: 100 if `FOLLOW_FAILURES` says so.
fn failures() -> usize {
    let wanted = std::env::var("FOLLOW_FAILURES").ok();
    wanted.and_then(|times| times.parse().ok()).unwrap_or(10)
}

#[test]
fn no_failure_ever_leaves_the_last_good_document() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Scripted::answering(Script::Serve);
    let app = App::open(Options {
        call_time: Some(CALL_TIME),
        ..options(folder.path(), &server.url())
    });
    let app = app.unwrap();
    wait_until("the first document", || fetch(&app) == FollowState::Fresh);
    switch(&app, "ui.badges", false);
    let before = (app.flags().live().generation.clone(), text(&app));
    for (script, kind, _) in Script::failures() {
        server.turn_to(script.clone());
        for _ in 0..failures() {
            match fetch(&app) {
                // The document is there to compare with, so this is an answer like others.
                FollowState::Fresh => assert_eq!(script, Script::Unmodified),
                state => assert!(!reason(&state).is_empty(), "{kind:?}"),
            }
            let after = (app.flags().live().generation.clone(), text(&app));
            assert_eq!(after, before, "{script:?}");
        }
    }
    assert_eq!(history(&app).len(), 2);
    server.turn_to(Script::Serve);
    wait_until("the server", || fetch(&app) == FollowState::Fresh);
    assert_eq!(app.flags().live().generation, before.0);
}

#[test]
fn a_fetch_is_conditional_and_finds_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(Script::Serve);
    let app = open(folder.path(), &server.url());
    assert_eq!(fetch(&app), FollowState::Fresh);
    assert_eq!(fetch(&app), FollowState::Fresh);
    let asked: Vec<bool> = server
        .requests()
        .iter()
        .map(|request| {
            request
                .to_ascii_lowercase()
                .contains("if-none-match: \"v1\"")
        })
        .collect();
    assert_eq!(asked, [false, true]);
    assert_eq!(history(&app).len(), 1);
    // The same document with another tag makes no revision, and is asked for by that tag.
    server.put(&server.document());
    assert_eq!(fetch(&app), FollowState::Fresh);
    assert_eq!(fetch(&app), FollowState::Fresh);
    assert!(
        server.requests()[1]
            .to_ascii_lowercase()
            .contains("if-none-match: \"v2\"")
    );
    assert_eq!(history(&app).len(), 1);
    server.put(&with_components(
        &json!({"ui": {"badges": true, "new": true}}),
    ));
    assert_eq!(fetch(&app), FollowState::Fresh);
    assert_eq!(history(&app)[0].changes, ["ui.new added, on"]);
    // After a restart it goes on with what it has.
    drop(app);
    server.requests();
    let app = open(folder.path(), &server.url());
    assert_eq!(fetch(&app), FollowState::Fresh);
    assert!(
        server.requests()[0]
            .to_ascii_lowercase()
            .contains("if-none-match: \"v3\"")
    );
    assert_eq!(history(&app).len(), 2);
}

#[test]
fn it_is_fetched_on_schedule_and_told_since_when_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Scripted::answering(Script::Serve);
    let clock = standing_clock();
    let app = open_fresh(folder.path(), &server.url(), &clock);
    let first = status(&app);
    assert_eq!(first.confirmed_ms, Some(clock.now_ms()));
    let pause = first.next_ms.unwrap() - clock.now_ms();
    assert!((54_000..=66_000).contains(&pause), "{pause}");

    server.turn_to(Script::Refuse);
    let begun = wait_for(
        "a failure that is not yet stale",
        || {
            let_pass(&clock, Duration::from_secs(10));
            status(&app).state
        },
        |state| matches!(state, FollowState::Retrying { .. }),
    );
    assert_eq!(
        reason(&begun),
        "it cannot be reached: no program listens there"
    );
    let failing_since = |state: &FollowState| match state {
        FollowState::Retrying { since_ms, .. } | FollowState::Stale { since_ms, .. } => *since_ms,
        other => panic!("{other:?}"),
    };
    let stale = wait_for(
        "a stale document",
        || {
            let_pass(&clock, Duration::from_secs(30));
            status(&app).state
        },
        |state| matches!(state, FollowState::Stale { .. }),
    );
    assert_eq!(failing_since(&stale), failing_since(&begun));
    // What is fresh is said by the time that the settings allow, from the last good answer.
    let silent_ms = clock.now_ms() - first.confirmed_ms.unwrap();
    assert!(silent_ms >= 300_000, "{silent_ms}");

    server.turn_to(Script::Serve);
    wait_until("the server is back", || {
        let_pass(&clock, Duration::from_secs(60));
        status(&app).state == FollowState::Fresh
    });
    assert_eq!(history(&app).len(), 1);
}

#[test]
fn one_program_on_the_folder_fetches_and_another_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(Script::Serve);
    let clock = standing_clock();
    let one = open_fresh(folder.path(), &server.url(), &clock);
    let other = open_watching(folder.path(), &server.url(), &clock);
    settle(&clock);
    assert_eq!(status(&other).state, FollowState::Elsewhere);
    assert_eq!(other.flags().live().document, one.flags().live().document);
    // One that is told to follow nothing does not end it for the others.
    let without = App::open(Options {
        watch: true,
        clock: clock.clone(),
        ..Options::new(folder.path())
    });
    let without = without.unwrap();
    settle(&clock);
    assert_eq!(without.following(), None);
    assert!(without.flags().live().followed.is_some());
    drop(without);
    drop(one);
    wait_until("the other takes over", || {
        let_pass(&clock, Duration::from_secs(1));
        status(&other).state == FollowState::Fresh
    });
}

#[test]
fn what_is_no_longer_named_is_no_longer_followed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(Script::Serve);
    drop({
        let app = open(folder.path(), &server.url());
        assert_eq!(fetch(&app), FollowState::Fresh);
        app
    });
    // A command that does its work and ends leaves it as it is.
    let command = App::open(Options::new(folder.path())).unwrap();
    assert!(command.flags().live().followed.is_some());
    switch(&command, "ui.badges", false);
    let document = command.flags().live().document.clone();
    let clock = standing_clock();
    let app = App::open(Options {
        watch: true,
        clock: clock.clone(),
        ..Options::new(folder.path())
    });
    let app = app.unwrap();
    wait_until("following has ended", || {
        app.flags().live().followed.is_none()
    });
    assert_eq!(app.flags().live().document, document);
    assert_eq!(history(&app)[0].cause, Cause::Unfollow);
}

#[test]
fn what_is_held_is_accepted_by_name_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(Script::Serve);
    server.put(&with_components(
        &json!({"a": true, "b": true, "c": true, "d": true}),
    ));
    let app = open(folder.path(), &server.url());
    assert_eq!(fetch(&app), FollowState::Fresh);
    server.put(&with_components(&json!({"a": true})));
    let FollowState::Held { lost, document, .. } = fetch(&app) else {
        panic!("it has lost three of four");
    };
    assert_eq!(lost, "3 of 4 components: b, c, d");
    assert_eq!(app.flags().live().document.count(), (4, 4));
    // Another one took its place before the person answered.
    server.put(&with_components(&json!({"b": true})));
    let refused = app.accept_followed(&document).unwrap_err();
    assert_eq!(refused.code(), Code::Conflict);
    assert_eq!(app.flags().live().document.count(), (4, 4));
    let FollowState::Held { document, .. } = fetch(&app) else {
        panic!("it has lost three of four");
    };
    app.accept_followed(&document).unwrap();
    assert_eq!(app.flags().live().document.count(), (1, 1));
    assert_eq!(fetch(&app), FollowState::Fresh);
}

#[test]
fn a_program_that_closes_does_not_wait_for_a_server_that_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(Script::Stall);
    let app = App::open(Options {
        watch: true,
        // Far longer than a test may take.
        call_time: Some(PATIENCE * 10),
        ..options(folder.path(), &server.url())
    });
    let app = app.unwrap();
    wait_until("the fetch", || !server.requests().is_empty());
    let began = Instant::now();
    app.close();
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

/// A document of a Flagdeck that follows nothing, with one component.
fn of_a_flagdeck() -> Script {
    Script::Body(
        "application/json\r\nMl-Via: 00000000000000aa",
        r#"{"enabled":true,"components":{"a":true}}"#,
    )
}

#[test]
fn a_flagdeck_follows_another_from_the_first_answer_until_it_is_not_named() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(of_a_flagdeck());
    let clock = standing_clock();
    let app = App::open(Options {
        watch: true,
        clock: clock.clone(),
        ..Options::new(folder.path())
    });
    let app = app.unwrap();
    let local = with_components(&json!({"b": true, "c": true}));
    let import = flagdeck_core::Edit::Replace(local.into());
    app.flags()
        .change(crate::support::apps::request(import))
        .unwrap();
    let endpoint = "featureFlags.endpoint";
    app.change_setting(endpoint, &server.url().into()).unwrap();
    wait_until("a document that is held", || {
        let_pass(&clock, Duration::from_secs(1));
        matches!(status(&app).state, FollowState::Held { .. })
    });
    assert_eq!(app.lineage().chain().ids().len(), 2);
    app.change_setting(endpoint, &json!(null)).unwrap();
    wait_until("it to follow nothing", || {
        let_pass(&clock, Duration::from_secs(1));
        app.lineage().chain().ids().len() == 1
    });
}

#[test]
fn a_document_that_is_accepted_makes_its_flagdeck_one_that_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(of_a_flagdeck());
    let app = open(folder.path(), &server.url());
    let review = app.review_followed().unwrap();
    assert_eq!(app.lineage().chain().ids().len(), 1);
    app.accept_followed(&review.document).unwrap();
    assert_eq!(app.lineage().chain().ids().len(), 2);
}

#[test]
fn a_credential_that_cannot_be_used_is_told_like_a_failure_to_fetch() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(Script::Serve);
    let clock = standing_clock();
    let app = open_fresh(folder.path(), &server.url(), &clock);
    let confirmed_ms = status(&app).confirmed_ms;
    // Others can read it.
    let credential = folder.path().join("flags-token");
    fs::write(&credential, "secret").unwrap();
    fs::set_permissions(&credential, Permissions::from_mode(0o644)).unwrap();
    let state = wait_for(
        "the credential to be read",
        || {
            let_pass(&clock, Duration::from_secs(10));
            status(&app).state
        },
        |state| *state != FollowState::Fresh,
    );
    assert!(matches!(state, FollowState::Retrying { .. }), "{state:?}");
    assert!(reason(&state).contains("is not used"), "{state:?}");
    let_pass(&clock, Duration::from_secs(300));
    assert!(matches!(status(&app).state, FollowState::Stale { .. }));
    assert_eq!(status(&app).confirmed_ms, confirmed_ms);
}

#[test]
fn another_query_is_another_document() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::answering(Script::Serve);
    let clock = standing_clock();
    let app = App::open(Options {
        watch: true,
        clock: clock.clone(),
        ..Options::new(folder.path())
    });
    let app = app.unwrap();
    let follow = |query: &str| {
        let address = format!("{}?{query}", server.url());
        app.change_setting("featureFlags.endpoint", &address.into())
            .unwrap();
        let begins = format!("GET /flags.json?{query} ");
        wait_for(
            "the fetch",
            || {
                let_pass(&clock, Duration::from_secs(1));
                server.requests().pop().unwrap_or_default()
            },
            |request| request.starts_with(&begins),
        )
    };
    for query in ["ref=main", "ref=next"] {
        let request = follow(query).to_ascii_lowercase();
        assert!(!request.contains("if-none-match"), "{request}");
        wait_until("the answer", || status(&app).state == FollowState::Fresh);
    }
}

/// One Flagdeck follows another, and either is killed again and again while flags change.
#[test]
fn one_flagdeck_follows_another_through_kills_of_either() {
    let (team, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let set = |on: bool| {
        let on = if on { "on" } else { "off" };
        let set = flagctl(&team, &["set", "ui.badges", on]).output().unwrap();
        assert!(
            set.status.success(),
            "{}",
            String::from_utf8_lossy(&set.stderr)
        );
    };
    let mut serving = Serving::start(&team);
    let port = serving.address.rsplit_once(':').unwrap().1.to_owned();
    let follow = |port: &str| {
        let mut command = flagctl(&own, &["serve", "--port", "0"]);
        command
            .env(
                "ML_FLAGS_ENDPOINT",
                format!("http://127.0.0.1:{port}/api/ml/flags"),
            )
            .env("FLAGDECK_FEATURE_FLAGS_REFRESH_INTERVAL", "1000");
        Serving::run(command)
    };
    let mut following = follow(&port);
    let serves = |following: &Serving, on: bool| {
        let wanted = format!("\"badges\":{on}");
        wait_until("the document of the other", || {
            get(&following.address, "/api/ml/flags").contains(&wanted)
        });
    };
    for round in 0..6 {
        let on = round % 2 == 0;
        match round % 3 {
            0 => set(on),
            1 => {
                // Killed while the flags change, and started on its port again.
                drop(serving);
                set(on);
                serves(&following, !on);
                serving = Serving::run(flagctl(&team, &["serve", "--port", &port]));
            }
            _ => {
                drop(following);
                set(on);
                following = follow(&port);
            }
        }
        serves(&following, on);
    }
    let checked = flagctl(&own, &["doctor", "--json"]).output().unwrap();
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stdout)
    );
    drop((serving, following));
}
