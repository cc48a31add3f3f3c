//! `POST /api/ml/events` in batches of 100, durable before they are acknowledged, by four
//! clients on the same cores; and what collecting costs at a steady 1000 events a second.
//!
//! Targets: 50 000 events a second, 99 of 100 batches within 50 ms; less than 2 % of a core at
//! 1000 events a second. Beside it, what it cannot be faster than: the same batches as SQLite
//! commits with `synchronous=FULL`, one each.

mod measuring;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use flagdeck::http::Server;
use flagdeck::metrics::process;
use flagdeck::store::{Actor, Via};
use flagdeck::{App, ChangeRequest, Options};
use flagdeck_core::Edit;
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use self::measuring::sized;

const CLIENTS: usize = 4;
const BATCH_EVENTS: usize = 100;
const COMPONENTS: usize = 10;

const RATE_TARGET: f64 = 50_000.0;
const P99_TARGET: Duration = Duration::from_millis(50);
const STEADY_TARGET: f64 = 0.02;

/// What one round under load saw.
struct Round {
    events_per_s: f64,
    p50: Duration,
    p99: Duration,
}

/// How long a round takes.
fn round_time() -> Duration {
    sized(Duration::from_secs(3), Duration::from_millis(100))
}

/// How long a steady load is looked at.
fn steady_time() -> Duration {
    sized(Duration::from_secs(10), Duration::from_millis(200))
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let app = App::open(Options {
        watch: true,
        ..Options::new(folder.path())
    })
    .expect("an empty folder opens");
    know_components(&app);
    let token = app.token().expect("a token");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let shutdown = CancellationToken::new();
    let server = Server::bind(app.clone(), 0).expect("a free port");
    let address = server.address();
    let serving = runtime.spawn(server.run(shutdown.clone()));

    let request = request(address, &token);
    round(address, &request);
    let rounds: Vec<Round> = (0..sized(5, 1)).map(|_| round(address, &request)).collect();
    let floor = commits(folder.path(), &request);
    let steady = steady(&app, address, &request);
    shutdown.cancel();
    let served = runtime.block_on(serving).expect("it ends");
    served.expect("it served");
    report(&rounds, floor, steady);
}

/// Saves the components that events are of: an unknown one would be named in each answer.
fn know_components(app: &App) {
    let components = (0..COMPONENTS).map(|index| (format!("component{index}"), true.into()));
    let ui: Map<String, Value> = components.collect();
    let document = json!({ "components": { "ui": ui } }).to_string();
    let request = ChangeRequest {
        edit: Edit::Replace(document.into()),
        actor: Actor::new(Via::Http, "bench"),
        note: None,
        base: None,
    };
    app.flags().change_confirmed(request).expect("it is valid");
}

/// A batch of events of several components in both arms, in the sizes that hosts send.
fn request(address: SocketAddr, token: &str) -> Vec<u8> {
    let lines: String = (0..BATCH_EVENTS)
        .map(|index| {
            format!(
                "{{\"type\":\"ml:calculation:complete\",\"source\":\"knowledge-base\",\
                 \"component\":\"ui.component{}\",\"duration\":0.0{},\"confidence\":0.{},\
                 \"iterations\":{},\"exposed\":{}}}\n",
                index % COMPONENTS,
                10 + index % 80,
                10 + index % 90,
                5 + index % 60,
                index % 2 == 0
            )
        })
        .collect();
    format!(
        "POST /api/ml/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n{lines}",
        lines.len()
    )
    .into_bytes()
}

fn round(address: SocketAddr, request: &[u8]) -> Round {
    let begin = Instant::now();
    let end = begin + round_time();
    let mut latencies: Vec<Duration> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| scope.spawn(|| send_until(address, request, end)))
            .collect();
        let ended = clients.into_iter().map(std::thread::ScopedJoinHandle::join);
        ended
            .flat_map(|latencies| latencies.expect("it sends"))
            .collect()
    });
    let events = latencies.len() * BATCH_EVENTS;
    let events_per_s = events as f64 / begin.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let quantile = |share: f64| latencies[(latencies.len() as f64 * share) as usize];
    Round {
        events_per_s,
        p50: quantile(0.50),
        p99: quantile(0.99),
    }
}

fn send_until(address: SocketAddr, request: &[u8], end: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("it is open");
    let mut latencies = Vec::with_capacity(16 * 1024);
    loop {
        let sent = Instant::now();
        if sent >= end {
            return latencies;
        }
        send(&mut stream, request);
        latencies.push(sent.elapsed());
    }
}

/// Sends a batch, and waits until it is acknowledged whole.
fn send(stream: &mut TcpStream, request: &[u8]) {
    stream.write_all(request).expect("it listens");
    let mut answer = Vec::with_capacity(1024);
    let mut part = [0; 1024];
    while !answer.ends_with(b"\"problems\":[]}") {
        let read = stream.read(&mut part).expect("it answers");
        assert!(read > 0, "it closed: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&part[..read]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "it was refused");
}

/// Events a second where every batch is a commit of its bytes, and nothing else is done.
fn commits(folder: &Path, request: &[u8]) -> f64 {
    let connection = Connection::open(folder.join("floor.db")).expect("the folder is writable");
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (x BLOB NOT NULL);",
        )
        .expect("SQLite makes a table");
    let mut insert = connection
        .prepare("INSERT INTO t (x) VALUES (?1)")
        .expect("the table exists");
    let begin = Instant::now();
    let mut batches = 0;
    while begin.elapsed() < round_time() {
        insert.execute([request]).expect("the disk takes it");
        batches += 1;
    }
    (batches * BATCH_EVENTS) as f64 / begin.elapsed().as_secs_f64()
}

/// Shares of a core used at 1000 events a second, the dashboard's pulse read four times a
/// second: with events, and without any.
fn steady(app: &App, address: SocketAddr, request: &[u8]) -> (f64, f64) {
    std::thread::sleep(sized(Duration::from_secs(2), Duration::ZERO));
    let idle = share_of_a_core(|begin| {
        while begin.elapsed() < steady_time() {
            let _ = app.pulse(None);
            std::thread::sleep(Duration::from_millis(250));
        }
    });
    let mut stream = TcpStream::connect(address).expect("it listens");
    let busy = share_of_a_core(|begin| {
        for batch in 0_u32.. {
            if begin.elapsed() >= steady_time() {
                return;
            }
            send(&mut stream, request);
            if batch % 3 == 0 {
                let _ = app.pulse(None);
            }
            let due = Duration::from_millis(100) * (batch + 1);
            std::thread::sleep(due.saturating_sub(begin.elapsed()));
        }
    });
    (busy, idle)
}

fn share_of_a_core(work: impl FnOnce(Instant)) -> f64 {
    let cpu_s = || process::look().expect("the system tells").cpu_s;
    let (begin, before) = (Instant::now(), cpu_s());
    work(begin);
    (cpu_s() - before) / begin.elapsed().as_secs_f64()
}

#[expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
fn report(rounds: &[Round], floor: f64, (busy, idle): (f64, f64)) {
    let rate = median(rounds.iter().map(|round| round.events_per_s));
    let p50 = median(rounds.iter().map(|round| round.p50));
    let p99 = median(rounds.iter().map(|round| round.p99));
    println!("{rate:.0} events/s in batches of {BATCH_EVENTS} (target {RATE_TARGET:.0} or more)");
    println!("a batch: p50 {p50:.1?}, p99 {p99:.1?} (target {P99_TARGET:.0?} or less)");
    println!("floor: {floor:.0} events/s, a commit for each batch");
    println!(
        "at 1000 events/s, the load included: {:.2} % of a core, {:.2} % without events \
         (target: less than {:.0} % between them)",
        busy * 100.0,
        idle * 100.0,
        STEADY_TARGET * 100.0
    );
    let met = rate >= RATE_TARGET && p99 <= P99_TARGET && busy - idle < STEADY_TARGET;
    let verdict = if met { "targets met" } else { "TARGETS MISSED" };
    println!("{}", sized(verdict, "not measured"));
}

fn median<T: PartialOrd + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut sorted: Vec<T> = values.collect();
    sorted.sort_by(|one, other| one.partial_cmp(other).expect("no value is missing"));
    sorted[sorted.len() / 2]
}
