//! Pushing to a Pushgateway: a real one, and servers that behave as none does.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flagdeck::clock::Clock;
use flagdeck::leader::{Leader, Role};
use flagdeck::metrics::push::{Pusher, Target};
use flagdeck::wire::PushHealth;
use tempfile::TempDir;

use crate::support::apps::standing_clock;
use crate::support::observers::{Pushgateway, Stranger, answer};
use crate::support::waiting::{let_pass, let_pass_until, wait_for, wait_until};

const INTERVAL: Duration = Duration::from_secs(1);

const TEXT: &str = "\
# HELP ml_errors_total Calculations that failed.
# TYPE ml_errors_total counter
ml_errors_total{component=\"ui.badges\"} 7
# HELP ml_confidence_current The latest confidence.
# TYPE ml_confidence_current gauge
ml_confidence_current{component=\"ui.badges\"} 0.5
# HELP ml_calculation_duration_seconds How long calculations took.
# TYPE ml_calculation_duration_seconds histogram
ml_calculation_duration_seconds_bucket{le=\"0.1\"} 3
ml_calculation_duration_seconds_bucket{le=\"+Inf\"} 4
ml_calculation_duration_seconds_sum 6.5
ml_calculation_duration_seconds_count 4
";

/// A pusher whose settings and text can be changed.
struct Pushing {
    clock: Clock,
    pusher: Option<Pusher>,
    gateway: Arc<Mutex<Option<String>>>,
    text: Arc<Mutex<String>>,
    folder: TempDir,
}

impl Pushing {
    fn to(gateway: &str) -> Self {
        Self::as_instance("desk", gateway)
    }

    fn as_instance(instance: &str, gateway: &str) -> Self {
        Self::by(standing_clock(), instance, gateway)
    }

    fn by(clock: Clock, instance: &str, gateway: &str) -> Self {
        let gateway = Arc::new(Mutex::new(Some(gateway.to_owned())));
        let text = Arc::new(Mutex::new(TEXT.to_owned()));
        let (asked, told) = (Arc::clone(&gateway), Arc::clone(&text));
        let folder = tempfile::tempdir().unwrap();
        let seat = Leader::new(folder.path()).seat(Role::Metrics);
        let target = move || {
            let gateway = asked.lock().unwrap().clone()?;
            Some(Target {
                gateway,
                interval: INTERVAL,
                buffer_ticks: 4,
                lead: seat.lead()?,
            })
        };
        let text_of_now = move || told.lock().unwrap().clone();
        let instance = instance.to_owned();
        let pusher = Pusher::start(target, text_of_now, |_| {}, instance, clock.clone());
        Self {
            clock,
            pusher: Some(pusher.unwrap()),
            gateway,
            text,
            folder,
        }
    }

    fn health(&self) -> Option<PushHealth> {
        self.pusher.as_ref().unwrap().health()
    }

    /// Lets time pass until the health is as wanted, and returns it.
    #[track_caller]
    fn until(&self, what: &str, is_so: impl Fn(&PushHealth) -> bool) -> PushHealth {
        let is_so = || self.health().as_ref().is_some_and(&is_so);
        let_pass_until(&self.clock, what, is_so);
        self.health().unwrap()
    }

    /// Waits until a push failed, and returns why.
    #[track_caller]
    fn failure(&self) -> String {
        let health = self.until("a push to fail", |health| health.error.is_some());
        assert_eq!(health.at_ms, None);
        health.error.unwrap()
    }

    fn go_to(&self, gateway: Option<&str>) {
        *self.gateway.lock().unwrap() = gateway.map(str::to_owned);
    }

    fn say(&self, text: &str) {
        *self.text.lock().unwrap() = text.to_owned();
    }

    fn stop(&mut self) -> Duration {
        let began = Instant::now();
        self.pusher.take().unwrap().stop();
        began.elapsed()
    }
}

fn has_arrived(health: &PushHealth) -> bool {
    health.at_ms.is_some() && health.error.is_none() && health.waiting == 0
}

#[test]
fn what_is_pushed_keeps_its_type() {
    let gateway = Pushgateway::start();
    let pushing = Pushing::to(&gateway.url());
    let health = pushing.until("a push to arrive", has_arrived);
    assert_eq!(health.gateway, gateway.url());
    let group = gateway.group("desk").unwrap();
    let check = |name: &str, kind: &str| assert_eq!(group[name]["type"], kind, "{group}");
    check("ml_errors_total", "COUNTER");
    check("ml_confidence_current", "GAUGE");
    check("ml_calculation_duration_seconds", "HISTOGRAM");
    assert_eq!(group["ml_errors_total"]["metrics"][0]["value"], "7");
}

#[test]
fn a_later_push_replaces_the_whole_group() {
    let gateway = Pushgateway::start();
    let pushing = Pushing::to(&gateway.url());
    pushing.until("a push to arrive", has_arrived);
    pushing.say("# TYPE other gauge\nother 1\n");
    let_pass(&pushing.clock, INTERVAL);
    let group = gateway.group("desk").unwrap();
    assert!(group["other"].is_object(), "{group}");
    assert!(group["ml_errors_total"].is_null(), "{group}");
}

#[test]
fn what_a_gateway_missed_arrives_with_the_first_push_after() {
    let mut gateway = Pushgateway::start();
    let pushing = Pushing::to(&gateway.url());
    let before = pushing.until("a push to arrive", has_arrived);

    gateway.stop();
    let away = pushing.until("ticks to wait", |health| health.waiting >= 3);
    let error = away.error.unwrap();
    assert!(error.starts_with("it cannot be reached: "), "{error}");
    assert!(away.at_ms >= before.at_ms);
    // No more than the bound, however long it takes.
    let_pass(&pushing.clock, 5 * INTERVAL);
    assert_eq!(pushing.health().unwrap().waiting, 4);

    pushing.say("# TYPE ml_errors_total counter\nml_errors_total 70\n");
    gateway.start_again();
    pushing.until("a push to arrive again", |health| {
        has_arrived(health) && health.at_ms > before.at_ms
    });
    let group = gateway.group("desk").unwrap();
    assert_eq!(group["ml_errors_total"]["metrics"][0]["value"], "70");
}

#[test]
fn a_pusher_that_stops_deletes_its_group() {
    let gateway = Pushgateway::start();
    let mut leaving = Pushing::as_instance("leaving", &gateway.url());
    let dropped = Pushing::as_instance("dropped", &gateway.url());
    let staying = Pushing::as_instance("staying", &gateway.url());
    for pushing in [&leaving, &dropped, &staying] {
        pushing.until("a push to arrive", has_arrived);
    }
    let took = leaving.stop();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(gateway.group("leaving"), None);
    drop(dropped);
    assert_eq!(gateway.group("dropped"), None);
    assert!(gateway.group("staying").is_some());
}

#[test]
fn another_gateway_takes_over_and_the_first_forgets() {
    let (first, second) = (Pushgateway::start(), Pushgateway::start());
    let pushing = Pushing::to(&first.url());
    pushing.until("a push to arrive", has_arrived);
    pushing.go_to(Some(&second.url()));
    pushing.until("a push to arrive there", |health| {
        health.gateway == second.url() && has_arrived(health)
    });
    assert_eq!(first.group("desk"), None);
    assert!(second.group("desk").is_some());

    pushing.go_to(None);
    let_pass(&pushing.clock, INTERVAL);
    assert_eq!(pushing.health(), None);
    assert_eq!(second.group("desk"), None);
}

#[test]
fn every_instance_has_its_own_group() {
    let gateway = Pushgateway::start();
    for instance in ["a/b c", "..", "größe?#%2f"] {
        let pushing = Pushing::as_instance(instance, &gateway.url());
        pushing.until("a push to arrive", has_arrived);
        assert!(gateway.group(instance).is_some(), "{instance}");
    }
    let pushing = Pushing::as_instance("", &gateway.url());
    pushing.until("a push to arrive", has_arrived);
    let groups = gateway.metrics();
    assert_eq!(groups.as_array().unwrap().len(), 1, "{groups}");
}

#[test]
fn a_gateway_that_refuses_is_reported_with_its_status() {
    let gateway = Pushgateway::start();
    let pushing = Pushing::to(&gateway.url());
    pushing.until("a push to arrive", has_arrived);
    pushing.say("this is no metric\n");
    let health = pushing.until("a push to fail", |health| health.error.is_some());
    let refused = "the gateway refused it: 400 Bad Request";
    assert_eq!(health.error.as_deref(), Some(refused));
    pushing.say(TEXT);
    pushing.until("a push to arrive again", has_arrived);
}

#[test]
fn a_gateway_that_does_not_answer_does_not_delay_the_end() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    // The network goes by the machine's clock: the answer is waited for as long as it may take.
    let mut pushing = Pushing::by(Clock::system(), "desk", &url);
    let health = || pushing.health();
    let failed = wait_for("a failure", health, |health| {
        health.as_ref().is_some_and(|it| it.error.is_some())
    });
    let error = failed.unwrap().error.unwrap();
    assert_eq!(error, "it did not answer within 5 s");
    wait_for("ticks to wait", health, |health| {
        health.as_ref().is_some_and(|it| it.waiting == 4)
    });
    let took = pushing.stop();
    assert!(took < Duration::from_millis(2500), "{took:?}");
}

/// A push that is under way, or the deletion of the group, would undo what the next leader pushes.
#[test]
fn no_other_program_leads_before_the_last_call_to_a_gateway_has_ended() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut pushing = Pushing::to(&format!("http://{}", silent.local_addr().unwrap()));
    let next = Leader::new(pushing.folder.path()).seat(Role::Metrics);
    let (call, _) = silent.accept().unwrap();
    pushing.stop();
    assert!(next.lead().is_none(), "a push is under way");
    // Both calls fail from here on.
    drop((call, silent));
    wait_until("another program leads", || next.lead().is_some());
}

#[test]
fn a_gateway_that_leads_elsewhere_is_not_followed() {
    let elsewhere = Stranger::saying(answer("200 OK", ""));
    let to = format!("Location: http://user:pass@{}/x", elsewhere.address);
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect"] {
        let redirect = format!("HTTP/1.1 {status}\r\n{to}\r\nContent-Length: 0\r\n\r\n");
        let gateway = Stranger::saying(redirect);
        let error = Pushing::to(&gateway.url()).failure();
        let said = "it redirects elsewhere, which is not followed: ";
        let shown = format!("{said}{} {}/x", &status[..3], elsewhere.url());
        assert_eq!(error, shown);
    }
    assert_eq!(elsewhere.requests(), Vec::<String>::new());
}

#[test]
fn an_answer_is_not_shown_and_not_read_to_its_end() {
    let endless = "HTTP/1.1 500 No\r\n\r\n".to_owned() + &"no\n".repeat(20_000_000);
    let gateway = Stranger::saying(endless);
    let error = Pushing::to(&gateway.url()).failure();
    assert_eq!(error, "the gateway refused it: 500 Internal Server Error");
}

#[test]
fn an_answer_that_is_not_http_is_reported_as_such() {
    let check = |said: &str, error: &str| {
        let gateway = Stranger::saying(said);
        let told = Pushing::to(&gateway.url()).failure();
        assert!(told.starts_with(error), "{told}");
    };
    check("", "it closed the connection without an answer");
    check("SSH-2.0-OpenSSH_9.2\r\n", "its answer cannot be read: ");
    check(
        &answer("503 Busy", ""),
        "the gateway refused it: 503 Service Unavailable",
    );
}

#[test]
fn credentials_are_sent_and_never_shown() {
    let gateway = Stranger::saying(answer("403 Forbidden", "not you"));
    let host = gateway.address;
    let pushing = Pushing::to(&format!("http://user:p%40ss@{host}/prefix/"));
    assert_eq!(pushing.failure(), "the gateway refused it: 403 Forbidden");
    let health = pushing.health().unwrap();
    assert_eq!(health.gateway, format!("http://{host}/prefix/"));
    let requests = gateway.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    let path = "put /prefix/metrics/job/flagdeck/instance/desk http/1.1";
    assert!(head.starts_with(path), "{head}");
    assert!(head.contains("authorization: basic dxnlcjpwqhnz"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(body, TEXT);
}

#[test]
fn an_unusable_address_is_reported_without_its_credentials() {
    let pushing = Pushing::to("http://user:pa/ss@gate way");
    assert_eq!(pushing.failure(), "its address cannot be used");
    assert_eq!(pushing.health().unwrap().gateway, "http://gate way");
}
