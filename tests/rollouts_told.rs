//! A rollback is told over the stream and to a webhook, comes with a snapshot of every source, and is
//! an override while a document is followed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flagdeck::app::following::FollowState;
use flagdeck::rollouts::shapes::Outcome;
use flagdeck::wire::{SnapshotCause, SnapshotFilter};
use serde_json::{Value, json};

use crate::http_states::send;
use crate::http_stream::Stream;
use crate::http_support::Running;
use crate::rollouts::{count_on, harmful, healthy, rolled_out};
use crate::support::apps::Place;
use crate::support::following::{fetch, open_fresh, with_components};
use crate::support::observers::{Stranger, answer};
use crate::support::scripted::{Script, Scripted};
use crate::support::waiting::{settle, wait_for, wait_until};

/// The secret of Standard Webhooks' own example.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn report_harm(server: &Running) {
    let mut lines = String::new();
    for index in 0..200 {
        let exposed = index % 10 == 0;
        let event = match exposed {
            true => json!({"type": "ml:calculation:error"}),
            false => json!({"type": "ml:calculation:complete", "duration": 0.01, "confidence": 1}),
        };
        let mut event = event;
        event["source"] = json!("web");
        event["component"] = json!("tracker");
        event["exposed"] = json!(exposed);
        lines += &format!("{event}\n");
    }
    assert_eq!(server.report(&[], &lines).status, 200);
}

#[test]
fn a_rollback_is_told_over_the_stream_and_to_a_webhook_with_a_snapshot() {
    let receiver = Stranger::saying(answer("204 No Content", ""));
    let server = Running::collecting();
    let app = &server.app;
    let secret = server.data_dir().join("webhook-secret");
    fs::write(&secret, SECRET).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let url = json!(format!("{}/hook", receiver.url()));
    app.change_setting("rollback.webhook.url", &url).unwrap();
    let state = json!({"ml": {"a": 1}}).to_string();
    assert_eq!(
        send(&server, "PUT", "/api/ml/state/web", &[], &state).status,
        200
    );
    rolled_out(app, 10_000);
    let (mut open, mut trusted) = (Stream::open(&server, false), Stream::open(&server, true));
    // Watched since before it does harm.
    wait_until("an attempt", || {
        let known = app.rollouts().known().unwrap();
        known.attempts.iter().any(|it| it.component.is_some())
    });
    // What was not in a snapshot yet.
    let state = json!({"ml": {"a": 2}}).to_string();
    let put = send(&server, "PUT", "/api/ml/state/web", &[], &state);
    assert_eq!(put.status, 200);
    wait_until("the rollback", || {
        report_harm(&server);
        count_on(app, "tracker") == 0
    });

    let told = open.event("rollout");
    assert_eq!(
        (&told["action"], &told["component"]),
        (&json!("rolledBack"), &json!("tracker"))
    );
    assert!(
        told.get("reason").is_none(),
        "reasons are for clients with the token"
    );
    let told = trusted.event("rollout");
    let decision = app.decision(told["decision"].as_u64().unwrap()).unwrap();
    assert_eq!(told["reason"], json!(decision.sentence));

    let requests = wait_for("the webhook", || receiver.requests(), |it| !it.is_empty());
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook "), "{head}");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        });
        line.unwrap_or_else(|| panic!("no {name} in {head}"))
    };
    let message: Value = serde_json::from_str(body).unwrap();
    assert_eq!(message["type"], "rollout.rolled_back");
    assert_eq!(message["data"]["component"], "tracker");
    assert_eq!(message["data"]["reason"], json!(decision.sentence));
    let signed = format!(
        "{}.{}.{body}",
        header("webhook-id"),
        header("webhook-timestamp")
    );
    assert_eq!(header("webhook-signature"), signature(&signed));

    let taken = app.snapshots(&SnapshotFilter::default(), 0, 10).unwrap();
    let causes: Vec<SnapshotCause> = taken.snapshots.iter().map(|it| it.cause).collect();
    assert!(
        causes.contains(&SnapshotCause::BeforeRollback),
        "{causes:?}"
    );
}

/// Signs as the specification says, by code of its own.
fn signature(text: &str) -> String {
    use hmac::{Hmac, Mac};
    let key = BASE64_STANDARD.decode(&SECRET["whsec_".len()..]).unwrap();
    let mut code: Hmac<sha2::Sha256> = Mac::new_from_slice(&key).unwrap();
    code.update(text.as_bytes());
    format!(
        "v1,{}",
        BASE64_STANDARD.encode(code.finalize().into_bytes())
    )
}

#[test]
fn while_a_document_is_followed_a_rollback_is_an_override_that_a_refresh_leaves() {
    let server = Scripted::answering(Script::Serve);
    server.put(&with_components(&json!({"cart": true})));
    let place = Place::new();
    let app = open_fresh(place.folder.path(), &server.url(), &place.clock);
    settle(&place.clock);
    healthy(&app, &place.clock, "cart", 6);
    harmful(&app, &place.clock, "cart");
    let decisions = app.rollouts().decisions().unwrap();
    let is_override = matches!(
        decisions[0].outcome,
        Outcome::Done {
            is_override: true,
            ..
        }
    );
    assert!(is_override, "{:?}", decisions[0].outcome);
    // The followed document changes elsewhere, and comes again.
    server.put(&with_components(&json!({"cart": true, "search": true})));
    wait_until("the change", || {
        fetch(&app) == FollowState::Fresh && count_on(&app, "search") > 0
    });
    assert_eq!(count_on(&app, "cart"), 0);
}
