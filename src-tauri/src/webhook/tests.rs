//! Messages sent to a real listener on this machine, which answers when the test says what.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Sender, TryRecvError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::*;

const NOW_MS: i64 = 1_796_050_800_000;
const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(60);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const TAKEN: &str = "204 No Content";
const BROKEN: &str = "500 Internal Server Error";

/// A request that arrived.
#[derive(Debug, Clone)]
struct Request {
    head: String,
    body: String,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value)
    }

    fn read(stream: &mut BufReader<TcpStream>) -> Self {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).unwrap(), 0, "{head}");
        }
        let mut request = Self {
            head,
            body: String::new(),
        };
        let length = request.header("content-length").unwrap().parse().unwrap();
        stream
            .take(length)
            .read_to_string(&mut request.body)
            .unwrap();
        request
    }
}

/// A server that takes messages.
struct Hook {
    address: String,
    requests: Receiver<Request>,
    /// Status lines, each with further headers if need be. Dropped to end it.
    answers: Sender<&'static str>,
}

impl Hook {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (arrived, requests) = mpsc::channel();
        let (answers, told) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let _ = arrived.send(Request::read(&mut stream));
                let Ok(answer) = told.recv() else {
                    return;
                };
                let end = "Content-Length: 0\r\nConnection: close";
                let answer = format!("HTTP/1.1 {answer}\r\n{end}\r\n\r\n");
                let _ = stream.get_mut().write_all(answer.as_bytes());
            }
        });
        Self {
            address,
            requests,
            answers,
        }
    }

    fn endpoint(&self, secret: Option<&str>) -> Endpoint {
        Endpoint {
            address: format!("{}/hook?key=1", self.address).parse().unwrap(),
            secret: secret.map(|text| text.parse().unwrap()),
        }
    }

    /// Waits for a request, answers it, and waits until the answer was read.
    fn answer(&self, clock: &Clock, answer: &'static str) -> Request {
        let request = self.requests.recv_timeout(PATIENCE).unwrap();
        self.answers.send(answer).unwrap();
        clock.settle();
        request
    }

    fn is_quiet(&self) -> bool {
        matches!(self.requests.try_recv(), Err(TryRecvError::Empty))
    }
}

fn message(id: &str) -> Message {
    Message {
        id: id.to_owned(),
        kind: "rollout.rolled_back".into(),
        at_ms: NOW_MS,
        data: json!({"component": "ui.badges"}),
    }
}

fn outcome(webhooks: &Webhooks) -> Outcome {
    webhooks.standing().unwrap().outcome
}

/// The signature as RFC 2104 and Standard Webhooks define it, without what is tested.
fn signature(secret: &str, request: &Request) -> String {
    let mut key = BASE64_STANDARD.decode(&secret["whsec_".len()..]).unwrap();
    key.resize(64, 0);
    let pad = |with: u8| -> Vec<u8> { key.iter().map(|byte| byte ^ with).collect() };
    let (id, timestamp) = (
        request.header("webhook-id"),
        request.header("webhook-timestamp"),
    );
    let text = format!("{}.{}.{}", id.unwrap(), timestamp.unwrap(), request.body);
    let inner = Sha256::digest([pad(0x36), text.into_bytes()].concat());
    let code = Sha256::digest([pad(0x5c), inner.to_vec()].concat());
    format!("v1,{}", BASE64_STANDARD.encode(code))
}

#[test]
fn a_message_is_posted_and_signed() {
    let (clock, hook) = (Clock::standing_at(NOW_MS), Hook::new());
    let webhooks = Webhooks::new(clock.clone());
    assert_eq!(webhooks.standing(), None);
    webhooks.send(hook.endpoint(Some(SECRET)), message("msg_1"));
    let request = hook.answer(&clock, TAKEN);
    assert!(request.head.starts_with("POST /hook?key=1 HTTP/1.1\r\n"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("webhook-id"), Some("msg_1"));
    assert_eq!(request.header("webhook-timestamp"), Some("1796050800"));
    let signed = signature(SECRET, &request);
    assert_eq!(request.header("webhook-signature"), Some(signed.as_str()));
    assert_eq!(
        request.body,
        r#"{"type":"rollout.rolled_back","timestamp":"2026-11-30T15:00:00.000Z","data":{"component":"ui.badges"}}"#
    );
    let standing = webhooks.standing().unwrap();
    assert_eq!(standing.server, hook.address);
    assert_eq!((standing.id.as_str(), standing.at_ms), ("msg_1", NOW_MS));
    assert_eq!(standing.outcome, Outcome::Delivered);
    assert_eq!((standing.waiting, standing.dropped), (0, 0));
}

#[test]
fn without_a_secret_a_message_is_not_signed() {
    let (clock, hook) = (Clock::standing_at(NOW_MS), Hook::new());
    let webhooks = Webhooks::new(clock.clone());
    webhooks.send(hook.endpoint(None), message("msg_1"));
    let request = hook.answer(&clock, TAKEN);
    assert_eq!(request.header("webhook-signature"), None);
    assert_eq!(request.header("webhook-id"), Some("msg_1"));
}

#[test]
fn what_fails_is_tried_again_with_the_same_id_and_body_and_a_new_signature() {
    let (clock, hook) = (Clock::standing_at(NOW_MS), Hook::new());
    let webhooks = Webhooks::new(clock.clone());
    webhooks.send(hook.endpoint(Some(SECRET)), message("msg_1"));
    let first = hook.answer(&clock, BROKEN);
    let Outcome::Retrying {
        attempts: 1,
        next_ms,
        why,
    } = outcome(&webhooks)
    else {
        panic!("{:?}", webhooks.standing());
    };
    assert_eq!(why, "it answered 500 Internal Server Error");
    assert!((4_500..=5_500).contains(&(next_ms - NOW_MS)), "{next_ms}");
    assert_eq!(webhooks.standing().unwrap().waiting, 1);
    clock.advance(4 * SECOND);
    clock.settle();
    assert!(hook.is_quiet());
    clock.advance(2 * SECOND);
    let second = hook.answer(&clock, TAKEN);
    assert_eq!(outcome(&webhooks), Outcome::Delivered);
    assert_eq!(second.header("webhook-id"), Some("msg_1"));
    assert_eq!(second.body, first.body);
    assert_eq!(second.header("webhook-timestamp"), Some("1796050806"));
    let signed = signature(SECRET, &second);
    assert_eq!(second.header("webhook-signature"), Some(signed.as_str()));
    assert_ne!(first.header("webhook-signature"), Some(signed.as_str()));
    clock.advance(10_000 * SECOND);
    clock.settle();
    assert!(hook.is_quiet());
}

#[test]
fn a_message_is_given_up_after_eight_tries() {
    let (clock, hook) = (Clock::standing_at(NOW_MS), Hook::new());
    let webhooks = Webhooks::new(clock.clone());
    webhooks.send(hook.endpoint(None), message("msg_1"));
    for attempts in 1..8 {
        hook.answer(&clock, BROKEN);
        let Outcome::Retrying {
            attempts: counted,
            next_ms,
            ..
        } = outcome(&webhooks)
        else {
            panic!("{:?}", webhooks.standing());
        };
        assert_eq!(counted, attempts);
        let wait_ms = u64::try_from(next_ms - clock.now_ms()).unwrap();
        clock.advance(Duration::from_millis(wait_ms + 1));
    }
    hook.answer(&clock, BROKEN);
    let why = "it answered 500 Internal Server Error".into();
    assert_eq!(outcome(&webhooks), Outcome::GivenUp { attempts: 8, why });
    assert_eq!(webhooks.standing().unwrap().waiting, 0);
}

#[test]
fn a_server_that_is_gone_is_not_asked_again() {
    let (clock, hook) = (Clock::standing_at(NOW_MS), Hook::new());
    let webhooks = Webhooks::new(clock.clone());
    webhooks.send(hook.endpoint(None), message("msg_1"));
    hook.answer(&clock, "410 Gone");
    let why = "it wants no more messages: 410 Gone".into();
    assert_eq!(outcome(&webhooks), Outcome::GivenUp { attempts: 1, why });
    clock.advance(10_000 * SECOND);
    clock.settle();
    assert!(hook.is_quiet());
}

#[test]
fn a_redirect_is_a_failure_that_names_no_address() {
    let (clock, hook) = (Clock::standing_at(NOW_MS), Hook::new());
    let webhooks = Webhooks::new(clock.clone());
    webhooks.send(hook.endpoint(None), message("msg_1"));
    hook.answer(&clock, "302 Found\r\nLocation: http://127.0.0.1:1/secret");
    let standing = webhooks.standing().unwrap();
    let why = "it redirects elsewhere, which is not followed: 302 Found";
    assert!(matches!(&standing.outcome, Outcome::Retrying { why: it, .. } if it == why));
    assert!(!format!("{standing:?}").contains("secret"));
}

#[test]
fn a_server_says_how_long_to_wait() {
    let (clock, hook) = (Clock::standing_at(NOW_MS), Hook::new());
    let webhooks = Webhooks::new(clock.clone());
    webhooks.send(hook.endpoint(None), message("msg_1"));
    hook.answer(&clock, "503 Service Unavailable\r\nRetry-After: 600");
    let outcome = outcome(&webhooks);
    let next = NOW_MS + 600_000;
    assert!(matches!(outcome, Outcome::Retrying { next_ms, .. } if next_ms == next));
}

#[test]
fn a_message_that_does_not_arrive_keeps_no_other_back() {
    let (clock, hook) = (Clock::standing_at(NOW_MS), Hook::new());
    let webhooks = Webhooks::new(clock.clone());
    webhooks.send(hook.endpoint(None), message("msg_1"));
    hook.answer(&clock, BROKEN);
    webhooks.send(hook.endpoint(None), message("msg_2"));
    let request = hook.answer(&clock, TAKEN);
    assert_eq!(request.header("webhook-id"), Some("msg_2"));
    let standing = webhooks.standing().unwrap();
    assert_eq!((standing.id.as_str(), standing.waiting), ("msg_2", 1));
    clock.advance(6 * SECOND);
    let request = hook.answer(&clock, TAKEN);
    assert_eq!(request.header("webhook-id"), Some("msg_1"));
}

#[test]
fn the_oldest_of_too_many_messages_is_given_up_and_that_is_told() {
    let (clock, hook) = (Clock::standing_at(NOW_MS), Hook::new());
    let webhooks = Webhooks::new(clock.clone());
    webhooks.send(hook.endpoint(None), message("msg_0"));
    let held = hook.requests.recv_timeout(PATIENCE).unwrap();
    assert_eq!(held.header("webhook-id"), Some("msg_0"));
    let send = |at| webhooks.send(hook.endpoint(None), message(&format!("msg_{at}")));
    (1..=WAITING_MAX).for_each(send);
    assert_eq!(webhooks.standing(), None);
    send(WAITING_MAX + 1);
    let standing = webhooks.standing().unwrap();
    let why = "64 newer messages wait, which is the most that can".into();
    assert_eq!(standing.id, "msg_1");
    assert_eq!(standing.outcome, Outcome::GivenUp { attempts: 0, why });
    assert_eq!((standing.waiting, standing.dropped), (65, 1));
    hook.answers.send(TAKEN).unwrap();
    for at in 2..=WAITING_MAX + 1 {
        let request = hook.requests.recv_timeout(PATIENCE).unwrap();
        assert_eq!(request.header("webhook-id").unwrap(), format!("msg_{at}"));
        hook.answers.send(TAKEN).unwrap();
    }
    clock.settle();
    let standing = webhooks.standing().unwrap();
    assert_eq!(standing.outcome, Outcome::Delivered);
    assert_eq!((standing.waiting, standing.dropped), (0, 1));
}

#[test]
fn messages_that_are_cleared_are_not_sent_any_more() {
    let (clock, hook) = (Clock::standing_at(NOW_MS), Hook::new());
    let webhooks = Webhooks::new(clock.clone());
    webhooks.send(hook.endpoint(None), message("msg_1"));
    hook.answer(&clock, BROKEN);
    webhooks.send(hook.endpoint(None), message("msg_2"));
    hook.requests.recv_timeout(PATIENCE).unwrap();
    webhooks.clear();
    clock.settle();
    assert_eq!(webhooks.standing().unwrap().waiting, 0);
    hook.answers.send(TAKEN).unwrap();
    clock.advance(10_000 * SECOND);
    clock.settle();
    assert!(hook.is_quiet());
    webhooks.send(hook.endpoint(None), message("msg_3"));
    let request = hook.answer(&clock, TAKEN);
    assert_eq!(request.header("webhook-id"), Some("msg_3"));
}

/// A drop waits for the thread for two seconds, and a call may take fifteen: the thread has ended
/// only if the call was broken off.
#[test]
fn a_drop_breaks_a_call_off_and_waits_for_no_retry() {
    for answer in [None, Some(BROKEN)] {
        let (clock, hook) = (Clock::standing_at(NOW_MS), Hook::new());
        let webhooks = Webhooks::new(clock.clone());
        webhooks.send(hook.endpoint(None), message("msg_1"));
        match answer {
            None => drop(hook.requests.recv_timeout(PATIENCE).unwrap()),
            Some(answer) => drop(hook.answer(&clock, answer)),
        }
        let shared = Arc::downgrade(&webhooks.shared);
        drop(webhooks);
        assert_eq!(shared.strong_count(), 0);
    }
}

#[test]
fn nothing_is_started_before_the_first_message() {
    let webhooks = Webhooks::new(Clock::standing_at(NOW_MS));
    assert_eq!(Arc::strong_count(&webhooks.shared), 1);
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&webhooks);
}
