//! The flag document over HTTP: read by anyone on this machine, changed with the token.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;

use flagdeck::store::Via;
use flagdeck::upstream::Chain;
use serde_json::json;

use crate::http_support::{Answer, Client, Running};
use crate::support::apps::open;
use crate::support::stores::mark_as_newer;

const JSON: (&str, &str) = ("Content-Type", "application/json");
const MERGE_PATCH: (&str, &str) = ("Content-Type", "application/merge-patch+json");
const ANY: (&str, &str) = ("If-Match", "*");

fn document(percentage: u32) -> String {
    json!({
        "enabled": true,
        "components": {"calculator": true},
        "rollout": {"percentage": percentage, "userGroups": [], "strategy": "canary"},
    })
    .to_string()
}

fn etag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

#[test]
fn the_document_is_served_with_a_tag_and_not_sent_again_to_a_client_that_has_it() {
    let server = Running::start();
    let answer = server.get("/api/ml/flags", &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.body, *server.app.flags().live().text);

    let tag = etag(&answer);
    let weak = format!("\"other\", W/{tag}");
    for known in [tag.as_str(), weak.as_str(), "*"] {
        let answer = server.get("/api/ml/flags", &[("If-None-Match", known)]);
        assert_eq!(answer.status, 304, "{known}");
        assert_eq!(etag(&answer), tag);
    }
    let other = server.get("/api/ml/flags", &[("If-None-Match", "\"other\"")]);
    assert_eq!(other.status, 200);
}

#[test]
fn a_flagdeck_that_would_follow_itself_is_refused() {
    let server = Running::start();
    let via = |answer: &Answer| answer.header("ml-via").map(str::to_owned);
    let own = server.app.lineage().id().to_string();
    let first = server.get("/api/ml/flags", &[]);
    assert_eq!(via(&first).as_deref(), Some(own.as_str()));
    let unchanged = server.get("/api/ml/flags", &[("If-None-Match", &etag(&first))]);
    assert_eq!((unchanged.status, via(&unchanged)), (304, via(&first)));
    let [followed, other] = ["0123456789abcdef", "fedcba9876543210"];
    let chain = Chain::of(followed.parse().unwrap());
    server.app.lineage().follow(chain);
    let both = format!("{own}, {followed}");
    for asking in [own.as_str(), followed, &format!("{other},{own}")] {
        let refused = [
            server.get("/api/ml/flags", &[("Ml-Via", asking)]),
            server.write("PUT", &[JSON, ANY, ("Ml-Via", asking)], &document(1)),
            server.write("PATCH", &[JSON, ANY, ("Ml-Via", asking)], "{}"),
        ];
        for answer in refused {
            assert_eq!(answer.problem(508), "circle", "{asking}");
            assert_eq!(via(&answer).as_deref(), Some(both.as_str()));
        }
    }
    for asking in [other, "", "anything, at all"] {
        let answer = server.write("PUT", &[JSON, ANY, ("Ml-Via", asking)], &document(1));
        assert_eq!((answer.status, via(&answer)), (200, Some(both.clone())));
    }
}

#[test]
fn head_is_get_without_the_body() {
    let server = Running::start();
    for path in ["/api/ml/flags", "/healthz", "/nothing"] {
        let get = server.get(path, &[]);
        let mut client = server.connect();
        client.send(server.compose("HEAD", path, &[], ""));
        client.send(server.compose("GET", "/healthz", &[], ""));
        let head = client.answer_without_body();
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("etag"), get.header("etag"), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"));
        assert_eq!(client.answer().status, 200, "no body came in between");
    }
}

#[test]
fn a_document_put_is_the_one_served() {
    let server = Running::start();
    let before = etag(&server.get("/api/ml/flags", &[]));
    let answer = server.write("PUT", &[JSON, ("If-Match", &before)], &document(25));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["rollout"]["percentage"], 25);
    assert_ne!(etag(&answer), before);

    let served = server.get("/api/ml/flags", &[]);
    assert_eq!(served.body, answer.body);
    assert_eq!(etag(&served), etag(&answer));
    let unchanged = server.get("/api/ml/flags", &[("If-None-Match", &before)]);
    assert_eq!(unchanged.status, 200);
}

#[test]
fn a_patch_changes_what_it_names() {
    let server = Running::start();
    assert_eq!(server.write("PUT", &[JSON, ANY], &document(25)).status, 200);
    for content_type in [MERGE_PATCH, JSON] {
        let patch = r#"{"components": {"tracker": true}}"#;
        let answer = server.write("PATCH", &[content_type, ANY], patch);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let document = answer.json();
        assert_eq!(
            document["components"],
            json!({"calculator": true, "tracker": true})
        );
        assert_eq!(document["rollout"]["percentage"], 25);
    }
}

#[test]
fn a_change_says_what_it_is_based_on() {
    let server = Running::start();
    let answer = server.write("PUT", &[JSON], &document(25));
    assert_eq!(answer.problem(428), "if_match_required");

    let first = etag(&server.get("/api/ml/flags", &[]));
    let based_on_first = [JSON, ("If-Match", &*first)];
    assert_eq!(
        server.write("PUT", &based_on_first, &document(25)).status,
        200
    );
    let late = server.write("PUT", &based_on_first, &document(50));
    assert_eq!(late.problem(412), "stale");
    assert_eq!(etag(&late), etag(&server.get("/api/ml/flags", &[])));
    let weak = format!("W/{}", etag(&late));
    let answer = server.write("PUT", &[JSON, ("If-Match", &weak)], &document(50));
    assert_eq!(answer.problem(412), "stale");
    assert_eq!(
        server.get("/api/ml/flags", &[]).json()["rollout"]["percentage"],
        25
    );
}

#[test]
fn of_two_changes_based_on_one_document_exactly_one_is_made() {
    let server = Running::start();
    for round in 0..20 {
        let tag = etag(&server.get("/api/ml/flags", &[]));
        let change = |percentage| {
            let headers = [JSON, ("If-Match", &*tag)];
            server.write("PUT", &headers, &document(percentage)).status
        };
        let mut statuses = thread::scope(|scope| {
            let both = [1, 2].map(|n| scope.spawn(move || change(2 * round + n)));
            both.map(|one| one.join().unwrap())
        });
        statuses.sort_unstable();
        let [made, refused] = statuses;
        assert_eq!(made, 200);
        assert_eq!(refused, 412, "whether it was late by much or by little");
    }
}

#[test]
fn a_document_that_is_refused_comes_back_with_every_problem() {
    let server = Running::start();
    let before = server.get("/api/ml/flags", &[]);
    let bad = r#"{"enabled": "yes", "rollout": {"percentage": 101}}"#;
    let answer = server.write("PUT", &[JSON, ANY], bad);
    assert_eq!(answer.problem(422), "invalid");
    let problems = answer.json()["problems"].clone();
    let pointers: Vec<_> = problems.as_array().unwrap().iter().collect();
    let names = |pointer: &str| pointers.iter().any(|problem| problem["pointer"] == pointer);
    assert!(
        names("/enabled") && names("/rollout/percentage"),
        "{problems}"
    );

    for body in ["{", "[]", "null", "{\"enabled\": tru"] {
        let answer = server.write("PUT", &[JSON, ANY], body);
        assert_eq!(answer.problem(422), "invalid", "{body}");
    }
    assert_eq!(server.get("/api/ml/flags", &[]).body, before.body);
}

#[test]
fn only_json_is_a_change_and_only_uncompressed() {
    let server = Running::start();
    let types = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "",
    ];
    for content_type in types {
        let headers = [("Content-Type", content_type), ANY];
        let answer = server.write("PUT", &headers, &document(25));
        assert_eq!(
            answer.problem(415),
            "unsupported_media_type",
            "{content_type}"
        );
    }
    assert_eq!(server.write("PUT", &[ANY], &document(25)).status, 415);
    assert_eq!(server.write("PUT", &[MERGE_PATCH, ANY], "{}").status, 415);
    let zipped = [JSON, ANY, ("Content-Encoding", "gzip")];
    assert_eq!(server.write("PUT", &zipped, "\u{1f}").status, 415);

    let with_charset = [("Content-Type", "Application/JSON; charset=utf-8"), ANY];
    assert_eq!(
        server.write("PUT", &with_charset, &document(25)).status,
        200
    );
}

#[test]
fn nothing_is_changed_without_the_token() {
    let server = Running::start();
    let before = server.get("/api/ml/flags", &[]);
    let wrong = format!("Bearer {}x", server.token);
    let basic = format!("Basic {}", server.token);
    let cut = format!("Bearer {}", &server.token[1..]);
    for presented in ["Bearer", "Bearer ", "", &wrong, &basic, &cut, &server.token] {
        for method in ["PUT", "PATCH"] {
            let headers = [JSON, ANY, ("Authorization", presented)];
            let answer = server.request(method, "/api/ml/flags", &headers, &document(25));
            assert_eq!(answer.problem(401), "unauthorized", "{presented}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    let answer = server.request("PUT", "/api/ml/flags", &[JSON, ANY], &document(25));
    assert_eq!(answer.problem(401), "unauthorized");
    assert_eq!(server.get("/api/ml/flags", &[]).body, before.body);
}

#[test]
fn a_token_in_the_address_is_refused() {
    let server = Running::start();
    for name in ["token", "access_token", "Authorization"] {
        let path = format!("/api/ml/flags?x=1&{name}={}", server.token);
        let answer = server.request("PUT", &path, &[JSON, ANY], &document(25));
        assert_eq!(answer.problem(400), "malformed");
        assert!(!answer.text().contains(&server.token));
        assert_eq!(server.get(&path, &[]).status, 400);
    }
    assert_eq!(server.get("/api/ml/flags?x=1", &[]).status, 200);
}

#[test]
fn a_flood_of_wrong_tokens_is_slowed_and_the_right_one_always_passes() {
    let server = Running::start();
    let mut client = server.connect();
    let mut answers = [0, 0];
    for n in 0..1000 {
        let headers = [JSON, ANY, ("Authorization", "Bearer wrong")];
        client.send(server.compose("PUT", "/api/ml/flags", &headers, "{}"));
        let answer = client.answer();
        match answer.status {
            401 => answers[0] += 1,
            429 => {
                answers[1] += 1;
                assert_eq!(answer.problem(429), "too_many_bad_tokens");
                assert_eq!(answer.header("retry-after"), Some("1"));
            }
            other => panic!("{other}"),
        }
        if n % 250 == 249 {
            assert_eq!(server.write("PUT", &[JSON, ANY], &document(25)).status, 200);
        }
    }
    assert!(answers[0] >= 20 && answers[1] > 0, "{answers:?}");
}

#[test]
fn other_methods_are_refused_with_the_ones_there_are() {
    let server = Running::start();
    let cases = [
        (
            "POST",
            "/api/ml/flags",
            ["GET", "HEAD", "PUT", "PATCH"].as_slice(),
        ),
        ("DELETE", "/api/ml/flags", &["GET", "HEAD", "PUT", "PATCH"]),
        ("OPTIONS", "/api/ml/flags", &["GET", "HEAD", "PUT", "PATCH"]),
        ("PUT", "/healthz", &["GET", "HEAD"]),
        ("REFUSED", "/healthz", &["GET", "HEAD"]),
    ];
    for (method, path, allowed) in cases {
        let answer = server.request(method, path, &[("Content-Type", "text/plain")], "x");
        assert_eq!(answer.problem(405), "method_not_allowed", "{method} {path}");
        let mut listed: Vec<_> = answer.header("allow").unwrap().split(',').collect();
        listed.sort_by_key(|method| allowed.iter().position(|known| known == method));
        assert_eq!(listed, allowed, "{method} {path}");
    }
}

#[test]
fn health_says_whether_changes_can_be_saved() {
    let server = Running::start();
    let answer = server.get("/healthz", &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let health = answer.json();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["writable"], true);
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["revision"], server.app.flags().live().revision.0);
}

#[test]
fn a_store_that_cannot_save_serves_what_it_has_and_says_so_without_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    drop(open(&path));
    mark_as_newer(&path);

    let server = Running::on(folder);
    assert_eq!(server.get("/api/ml/flags", &[]).status, 200);
    let health = server.get("/healthz", &[]);
    assert_eq!(health.status, 503);
    assert_eq!(health.json()["writable"], false);
    let refused = server.write("PUT", &[JSON, ANY], &document(25));
    assert_eq!(refused.problem(503), "read_only");
    let path = path.display().to_string();
    for answer in [health, refused] {
        assert!(!answer.text().contains(&path), "{}", answer.text());
    }
}

#[test]
fn a_revision_names_the_client_that_made_it() {
    let server = Running::start();
    let cases = [
        (Some("curl/8.5.0"), "curl"),
        (Some("Mozilla/5.0 (X11)"), "Mozilla"),
        (Some("deploy job 7"), "deploy"),
        (Some(""), "http"),
        (None, "http"),
    ];
    for (percentage, (agent, name)) in (1..).zip(cases) {
        let agent = agent.map(|agent| ("User-Agent", agent));
        let headers: Vec<_> = [JSON, ANY].into_iter().chain(agent).collect();
        let answer = server.write("PUT", &headers, &document(percentage));
        assert_eq!(answer.status, 200, "{agent:?}");
        let latest = server.app.flags().live().origin.clone().unwrap().actor;
        assert_eq!((latest.via, latest.name.as_str()), (Via::Http, name));
    }
}

#[test]
fn the_log_says_what_was_asked_and_never_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let token = open(folder.path()).token();
    let token = token.unwrap();
    let mut program = Program(
        Command::new(env!("CARGO_BIN_EXE_flagctl"))
            .args(["serve", "--port", "0", "--data-dir"])
            .arg(folder.path())
            .env("FLAGDECK_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut told = String::new();
    let mut output = BufReader::new(program.0.stdout.take().unwrap());
    output.read_line(&mut told).unwrap();
    let (_, address) = told.trim_end().rsplit_once("http://").unwrap();

    let mut client = Client::new(TcpStream::connect(address).unwrap());
    for (query, bearer) in [(format!("?token={token}"), "none"), (String::new(), &token)] {
        client.send(format!(
            "PUT /api/ml/flags{query} HTTP/1.1\r\nHost: {address}\r\n\
             Authorization: Bearer {bearer}\r\n\r\n"
        ));
    }
    assert_eq!(client.answer().status, 400);
    assert_eq!(client.answer().status, 415);
    program.0.kill().unwrap();
    let mut log = String::new();
    let mut errors = program.0.stderr.take().unwrap();
    errors.read_to_string(&mut log).unwrap();
    for status in ["status=400", "status=415"] {
        let line = log.lines().find(|line| line.contains(status));
        assert!(
            line.is_some_and(|line| line.contains("/api/ml/flags")),
            "{log}"
        );
    }
    assert!(!log.contains(&token), "{log}");
}

/// A program that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn while_all_flags_are_off_the_answer_says_since_when() {
    let server = Running::start();
    let header = |known: Option<&str>| {
        let known = known.map(|tag| ("If-None-Match", tag));
        let answer = server.get("/api/ml/flags", known.as_slice());
        (
            answer.status,
            answer.header("ml-all-off").map(str::to_owned),
        )
    };
    assert_eq!(header(None), (200, None), "it was never on");
    server.write("PATCH", &[MERGE_PATCH, ANY], r#"{"enabled": true}"#);
    assert_eq!(header(None), (200, None));
    let off = server.write("PATCH", &[MERGE_PATCH, ANY], r#"{"enabled": false}"#);
    let since = server
        .app
        .flags()
        .live()
        .all_off
        .as_ref()
        .unwrap()
        .since()
        .unwrap();
    assert!(since.ends_with('Z') && since.parse::<jiff::Timestamp>().is_ok());
    assert_eq!(off.header("ml-all-off"), Some(since.as_str()));
    let answer = server.write(
        "PATCH",
        &[MERGE_PATCH, ANY],
        r#"{"rollout": {"percentage": 5}}"#,
    );
    assert_eq!(header(None), (200, Some(since.clone())), "it does not move");
    assert_eq!(header(Some(&etag(&answer))), (304, Some(since)));
}

#[test]
fn a_document_that_is_accepted_with_warnings_is_answered_with_them() {
    let server = Running::start();
    let groups_only = r#"{"rollout": {"percentage": 25, "strategy": "feature"}, "ä": 1}"#;
    let answer = server.write("PATCH", &[MERGE_PATCH, ANY], groups_only);
    assert_eq!(answer.status, 200);
    let told = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "ml-warning");
    let told: Vec<&str> = told.map(|(_, value)| value.as_str()).collect();
    assert_eq!(
        told[0],
        "groups_only_without_group \"/rollout/strategy\" rollout.strategy is feature (groups \
             only), but userGroups names no group: the 25 % is of everyone."
    );
    assert!(
        told[1].starts_with(r#"unknown_key "/\u00e4" "\u00e4" is not a key"#),
        "{told:?}"
    );
    let put = server.write("PUT", &[JSON, ANY], &document(25));
    assert_eq!(put.header("ml-warning"), None);
}
