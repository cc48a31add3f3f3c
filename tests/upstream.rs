//! Fetching and publishing the document that is followed, from servers that misbehave.

use std::collections::HashSet;
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use flagdeck::upstream::{
    Answer, Chain, Circle, Credential, FetchError, Fetched, FlagdeckId, Kind, NoRemote,
    Publication, PublishError, RedirectError, Remote,
};

use crate::http_support::{Client, Running};
use crate::support::observers::{Stranger, answer};
use crate::support::scripted::{DOCUMENT, Script, Scripted};
use crate::support::waiting::{PATIENCE, wait_until};

/// Far longer than an answer takes, and short enough to wait for it in vain.
const CALL_TIME: Duration = Duration::from_secs(1);

fn remote(url: &str) -> Remote {
    Remote::new(url, None, FlagdeckId::random()).unwrap()
}

fn with_credential(url: &str) -> Remote {
    let folder = tempfile::tempdir().unwrap();
    let credential = Credential::load(folder.path(), Some("secret")).unwrap();
    Remote::new(url, credential, FlagdeckId::random()).unwrap()
}

#[track_caller]
fn fetched(remote: &Remote) -> Fetched {
    match remote.fetch(None).unwrap() {
        Answer::Document(fetched) => *fetched,
        answer => panic!("{answer:?}"),
    }
}

/// Returns how a fetch failed.
#[track_caller]
fn failure(remote: &Remote) -> (Kind, String) {
    let error = remote.fetch(None).unwrap_err();
    (error.kind(), error.to_string())
}

fn lower(request: &str) -> String {
    request.to_ascii_lowercase()
}

#[test]
fn each_way_to_fail_is_one_sentence_with_a_kind() {
    let mut server = Scripted::answering(Script::Serve);
    let remote = remote(&server.url()).with_call_time(CALL_TIME);
    let mut kinds = HashSet::from([
        // Of addresses that tests of their own use.
        Kind::Address,
        Kind::Forbidden,
        Kind::Circle,
        Kind::Misdirected,
    ]);
    let (mut told, mut expected) = (Vec::new(), Vec::new());
    for (script, kind, sentence) in Script::failures() {
        server.turn_to(script.clone());
        told.push(failure(&remote));
        expected.push((kind, sentence.to_owned()));
        kinds.insert(kind);
        server.turn_to(Script::Serve);
        assert_eq!(
            fetched(&remote).bytes,
            DOCUMENT.as_bytes(),
            "after {script:?}"
        );
    }
    assert_eq!(told, expected);
    let all: HashSet<Kind> = Kind::ALL.iter().copied().collect();
    assert_eq!(kinds, all, "every kind is shown");
}

#[test]
fn a_document_comes_with_its_tag_and_is_not_sent_twice() {
    let server = Scripted::answering(Script::Serve);
    let remote = remote(&server.url());
    let first = fetched(&remote);
    assert!(first.checked.document.enabled && first.checked.warnings.is_empty());
    assert_eq!(first.etag.as_deref(), Some("\"v1\""));
    assert_eq!(first.chain, Chain::default());
    let again = remote.fetch(first.etag.as_deref());
    assert!(matches!(again, Ok(Answer::Unchanged { .. })), "{again:?}");
    server.put(r#"{"enabled":false}"#);
    let Ok(Answer::Document(changed)) = remote.fetch(first.etag.as_deref()) else {
        panic!("the document changed");
    };
    assert!(!changed.checked.document.enabled);
    assert_eq!(changed.etag.as_deref(), Some("\"v2\""));
    let asked = lower(&server.requests()[0]);
    assert!(asked.starts_with("get /flags.json http/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("\r\naccept-encoding: identity\r\n"),
        "{asked}"
    );
}

#[test]
fn a_server_without_tags_can_be_followed_and_not_published_to() {
    let server = Scripted::answering(Script::ServeUntagged);
    let remote = remote(&server.url());
    assert_eq!(fetched(&remote).etag, None);
    server.requests();
    for etag in [None, Some("W/\"v1\"")] {
        let refused = remote.publish(publication(DOCUMENT, etag)).unwrap_err();
        assert!(matches!(refused, PublishError::NoTag), "{refused:?}");
        assert_eq!(
            refused.to_string(),
            "it sends no ETag that a change can depend on, so publishing could overwrite the \
             change of another person"
        );
    }
    assert_eq!(server.requests(), Vec::<String>::new());
}

fn publication<'a>(text: &'a str, etag: Option<&'a str>) -> Publication<'a> {
    Publication {
        text,
        etag,
        confirms_loss: false,
    }
}

#[test]
fn a_publication_replaces_the_document_that_it_was_made_of_and_no_other() {
    let server = Scripted::answering(Script::Serve);
    let remote = with_credential(&server.url());
    let text = r#"{"enabled":false}"#;
    let published = remote.publish(publication(text, Some("\"v1\""))).unwrap();
    assert_eq!(published.etag.as_deref(), Some("\"v2\""));
    assert_eq!(server.document(), text);
    let sent = lower(&server.requests()[0]);
    for line in [
        "put /flags.json http/1.1\r\n",
        "\r\nauthorization: bearer secret\r\n",
        "\r\ncontent-type: application/json\r\n",
        "\r\nif-match: \"v1\"\r\n",
    ] {
        assert!(sent.contains(line), "{sent}");
    }
    let late = remote
        .publish(publication(DOCUMENT, Some("\"v1\"")))
        .unwrap_err();
    assert!(matches!(late, PublishError::Conflict { status: 412 }));
    assert_eq!(
        late.to_string(),
        "its document was changed since it was fetched (412)"
    );
    assert_eq!(server.document(), text);
}

#[test]
fn a_publication_that_is_not_taken_says_why() {
    let mut server = Scripted::answering(Script::Hang);
    let url = server.url();
    let mut check = |script: Script, said: &str, is_uncertain: bool| {
        server.turn_to(script.clone());
        let remote = remote(&url).with_call_time(CALL_TIME);
        let error = remote
            .publish(publication(DOCUMENT, Some("\"v1\"")))
            .unwrap_err();
        assert_eq!(error.to_string(), said, "{script:?}");
        assert_eq!(error.is_uncertain(), is_uncertain, "{script:?}");
    };
    let status = |line| Script::Status(line, String::new());
    check(
        Script::Refuse,
        "it cannot be reached: no program listens there",
        false,
    );
    check(Script::Stall, "it did not answer within 1 s", true);
    check(
        Script::Hang,
        "it closed the connection without an answer",
        true,
    );
    check(
        status("401 Unauthorized"),
        "it wants a credential, or another one (401)",
        false,
    );
    check(
        status("405 Method Not Allowed"),
        "it takes no documents at this address (405)",
        false,
    );
    check(
        status("409 Conflict"),
        "its document was changed since it was fetched (409)",
        false,
    );
    check(
        status("422 Unprocessable Content"),
        "it refused the document (422)",
        false,
    );
    check(
        status("503 Service Unavailable"),
        "it answered with an error of its own (503)",
        false,
    );
    check(
        status("504 Gateway Timeout"),
        "it answered with an error of its own (504)",
        true,
    );
    let elsewhere = "it redirects elsewhere, which is not followed: 302 http://127.0.0.1:1/";
    check(
        Script::Redirect("http://127.0.0.1:1/".into()),
        elsewhere,
        false,
    );
}

#[test]
fn a_redirect_is_followed_to_another_server_without_the_credential() {
    let file = Scripted::answering(Script::Serve);
    let to = format!("{}?signature=1", file.url());
    let server = Scripted::answering(Script::Redirect(to));
    let remote = with_credential(&server.url());
    assert_eq!(fetched(&remote).etag.as_deref(), Some("\"v1\""));
    let asked = lower(&server.requests()[0]);
    assert!(
        asked.contains("\r\nauthorization: bearer secret\r\n"),
        "{asked}"
    );
    let asked = lower(&file.requests()[0]);
    assert!(asked.starts_with("get /flags.json?signature=1 "), "{asked}");
    assert!(!asked.contains("authorization"), "{asked}");
}

#[test]
fn a_server_that_a_redirect_leads_to_and_that_wants_the_credential_is_named() {
    let file = Scripted::answering(Script::Status("401 Unauthorized", String::new()));
    let server = Scripted::answering(Script::Redirect(file.url()));
    let (kind, said) = failure(&with_credential(&server.url()));
    let expected = format!(
        "it wants a credential, or another one (401); the credential is not sent to http://{}, \
         to which it redirects",
        file.address
    );
    assert_eq!((kind, said), (Kind::Denied, expected));
}

#[test]
fn a_redirect_within_a_server_keeps_the_credential_and_ends_some_time() {
    let server = Scripted::answering(Script::Redirect("/flags.json?again".into()));
    let remote = with_credential(&server.url());
    let (kind, said) = failure(&remote);
    let expected = format!(
        "it redirects more than 3 times, finally to {}",
        server.url()
    );
    assert_eq!((kind, said), (Kind::Redirect, expected));
    let asked = server.requests();
    assert_eq!(asked.len(), 4);
    let has_credential = |it: &String| lower(it).contains("\r\nauthorization: bearer secret\r\n");
    assert!(asked.iter().all(has_credential), "{asked:?}");
}

#[test]
fn a_redirect_that_names_no_address_is_not_followed() {
    let mut server = Scripted::answering(Script::Serve);
    let remote = remote(&server.url());
    for to in ["", "ftp://a/", "http://user:pass@127.0.0.1/", "http://"] {
        server.turn_to(Script::Redirect(to.into()));
        let error = remote.fetch(None).unwrap_err();
        let nowhere = RedirectError::Nowhere { status: 302 }.to_string();
        match to {
            // An empty reference is the address itself.
            "" => assert!(error.to_string().contains("more than 3 times"), "{error}"),
            _ => assert_eq!(error.to_string(), nowhere, "{to}"),
        }
    }
}

/// The resolver reads `127.1` as an address, and nothing else here does: as with a name, what it
/// leads to is seen only when it is looked up.
#[test]
fn a_name_that_leads_to_this_machine_is_not_followed() {
    let server = Scripted::answering(Script::Serve);
    let port = server.address.port();
    let (kind, said) = failure(&remote(&format!("http://127.1:{port}/flags.json")));
    assert_eq!(
        (kind, said.as_str()),
        (
            Kind::Forbidden,
            "127.1 is this machine, which only the configured address itself may name"
        )
    );
    assert_eq!(server.requests(), Vec::<String>::new());
    let named = remote(&format!("http://localhost:{port}/flags.json"));
    assert_eq!(fetched(&named).bytes, DOCUMENT.as_bytes());
}

#[test]
fn an_address_that_cannot_be_followed_is_refused_at_once() {
    let refused = |url: &str| Remote::new(url, None, FlagdeckId::random()).unwrap_err();
    for url in ["", "flags.json", "ftp://a/", "http://"] {
        assert!(matches!(refused(url), NoRemote::Address(_)), "{url}");
    }
    let said = refused("https://ada:secret@flags.example/").to_string();
    assert_eq!(
        said,
        "its address holds a user name or password; put the credential into ML_FLAGS_TOKEN or \
         the file flags-token of the data folder instead"
    );
}

#[test]
fn neither_credential_nor_query_is_shown() {
    let server = Scripted::answering(Script::Serve);
    let remote = with_credential(&format!("{}?token=secret", server.url()));
    fetched(&remote);
    assert!(server.requests()[0].contains("?token=secret"), "it is sent");
    assert_eq!(remote.address().to_string(), server.url());
    let shown = format!("{remote:?}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn a_bare_address_of_a_flagdeck_is_told_what_it_lacks() {
    let flagdeck = Running::start();
    let (kind, said) = failure(&remote(&format!("http://{}", flagdeck.address)));
    let expected = "it has no document at this address (404); that of a Flagdeck ends in \
                    /api/ml/flags";
    assert_eq!((kind, said.as_str()), (Kind::Missing, expected));
}

#[test]
fn another_flagdeck_is_followed_and_published_to() {
    let flagdeck = Running::start();
    let url = format!("http://{}/api/ml/flags", flagdeck.address);
    let credential = Credential::load(flagdeck.data_dir(), Some(&flagdeck.token)).unwrap();
    let remote = Remote::new(&url, credential, FlagdeckId::random()).unwrap();
    let first = fetched(&remote);
    assert_eq!(first.chain, flagdeck.app.lineage().chain());
    let text = r#"{"enabled":true,"components":{"a":true,"b":false},"rollout":{"percentage":5}}"#;
    let mut publication = publication(text, first.etag.as_deref());
    let published = remote.publish(publication).unwrap();
    assert!(flagdeck.app.flags().live().document.enabled);
    let known = remote.fetch(published.etag.as_deref());
    let Ok(Answer::Unchanged { chain }) = known else {
        panic!("{known:?}");
    };
    assert_eq!(chain, flagdeck.app.lineage().chain());
    let late = remote.publish(publication).unwrap_err();
    assert!(matches!(late, PublishError::Conflict { .. }), "{late}");

    publication.etag = published.etag.as_deref();
    publication.text = r#"{"enabled":true,"components":{}}"#;
    let asked = remote.publish(publication).unwrap_err();
    assert!(matches!(asked, PublishError::LargeLoss { .. }), "{asked}");
    publication.confirms_loss = true;
    let published = remote.publish(publication).unwrap();

    publication.etag = published.etag.as_deref();
    publication.text = r#"{"enabled":true,"components":{"a":"on"},"rollout":{"percentage":500}}"#;
    let PublishError::Refused {
        status, problems, ..
    } = remote.publish(publication).unwrap_err()
    else {
        panic!("the document is not valid");
    };
    let places: Vec<&str> = problems.iter().map(|one| one.pointer.as_str()).collect();
    assert_eq!(
        (status, places),
        (422, vec!["/components/a", "/rollout/percentage"])
    );
}

#[test]
fn a_flagdeck_does_not_follow_itself() {
    let flagdeck = Running::start();
    let url = format!("http://{}/api/ml/flags", flagdeck.address);
    let own = flagdeck.app.lineage().id();
    let credential = Credential::load(flagdeck.data_dir(), Some(&flagdeck.token)).unwrap();
    let remote = Remote::new(&url, credential, own).unwrap();
    let error = remote.fetch(None).unwrap_err();
    assert!(matches!(error, FetchError::Circle(Circle::Itself)));
    assert_eq!(error.to_string(), "it is this Flagdeck itself");
    let etag = flagdeck
        .get("/api/ml/flags", &[])
        .header("etag")
        .map(str::to_owned);
    let error = remote
        .publish(publication(DOCUMENT, etag.as_deref()))
        .unwrap_err();
    assert!(matches!(error, PublishError::Circle(Circle::Itself)));
    assert!(
        !flagdeck.app.flags().live().document.enabled,
        "nothing changed"
    );
}

#[test]
fn flagdecks_do_not_follow_one_another_in_a_circle() {
    let flagdeck = Running::start();
    let url = format!("http://{}/api/ml/flags", flagdeck.address);
    let (between, own) = (FlagdeckId::random(), FlagdeckId::random());
    let remote = Remote::new(&url, None, own).unwrap();
    // It follows one that follows this one.
    let lineage = flagdeck.app.lineage();
    lineage.follow(Chain::of(own).followed_by(between));
    let error = remote.fetch(None).unwrap_err();
    let through = lineage.id();
    let told = format!("it follows this Flagdeck: this one → {through} → {between} → this one");
    assert_eq!((error.kind(), error.to_string()), (Kind::Circle, told));
    lineage.follow(Chain::of(between));
    let chain = Chain::of(between).followed_by(lineage.id());
    assert_eq!(fetched(&remote).chain, chain);
}

#[test]
fn the_longest_chain_ends_somewhere() {
    let flagdeck = Running::start();
    let url = format!("http://{}/api/ml/flags", flagdeck.address);
    let grow = |chain: Chain, _| chain.followed_by(FlagdeckId::random());
    let longest = (0..20).fold(Chain::default(), grow);
    flagdeck.app.lineage().follow(longest);
    let error = remote(&url).fetch(None).unwrap_err();
    let told = "it is the last of 16 Flagdecks that follow one another, the most there can be";
    assert_eq!(error.to_string(), told);
}

#[test]
fn a_server_says_how_long_to_wait() {
    let wait = "Retry-After: 120\r\n".to_owned();
    let server = Scripted::answering(Script::Status("429 Too Many Requests", wait));
    let error = remote(&server.url()).fetch(None).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
}

/// A tunnel with another port at this end: the name that is asked is not that of the Flagdeck.
#[test]
fn a_flagdeck_behind_another_port_is_told_from_a_wrong_credential() {
    let flagdeck = Running::start();
    let behind = flagdeck.address;
    let tunnel = Stranger::answering(move |request| {
        let mut client = Client::new(TcpStream::connect(behind).unwrap());
        client.send(request);
        let said = client.answer();
        answer(&format!("{} X", said.status), said.text()).into_bytes()
    });
    let url = format!("{}/api/ml/flags", tunnel.url());
    let error = with_credential(&url).fetch(None).unwrap_err();
    let told = "it does not answer to this host and port: a tunnel must have the port of the \
                Flagdeck at both ends, and a proxy must send its Host (403)";
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (Kind::Misdirected, told)
    );
    let publication = publication(DOCUMENT, Some("\"v1\""));
    let error = with_credential(&url).publish(publication).unwrap_err();
    assert_eq!(error.to_string(), told);
}

#[test]
fn a_call_is_broken_off_when_it_is_not_wanted_any_more() {
    let stalled = Scripted::answering(Script::Stall);
    let server = Scripted::answering(Script::Redirect(stalled.url()));
    // Far longer than a test may take.
    let remote = remote(&server.url()).with_call_time(PATIENCE * 10);
    let error = thread::scope(|scope| {
        let fetching = scope.spawn(|| remote.fetch(None).unwrap_err());
        wait_until("the second server to be asked", || {
            !stalled.requests().is_empty()
        });
        remote.stop();
        fetching.join().unwrap()
    });
    assert_ne!(error.kind(), Kind::Slow, "{error}");
    assert!(remote.fetch(None).is_err());
    assert_eq!(server.requests().len(), 1, "nothing was asked since");
}

#[test]
fn every_kind_of_failure_is_documented() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/following.md");
    let page = fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: Vec<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
    let kinds = Kind::ALL
        .iter()
        .map(|kind| serde_json::to_value(kind).unwrap());
    assert_eq!(documented, kinds.collect::<Vec<_>>());
}
