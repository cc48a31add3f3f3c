//! What clients ask for most, each beside a bare axum handler that sends the same bytes.
//!
//! All run in this process, in turns, under the same load from the same cores: requests
//! written in one piece over kept-alive connections, the next one when the answer is there.
//! The ratio of the medians counts; the absolute numbers are those of this machine and moment.

mod measuring;

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{MethodRouter, get, post};
use flagdeck::http::Server;
use flagdeck::store::{Actor, Via};
use flagdeck::{App, ChangeRequest, Options};
use flagdeck_core::Edit;
use serde_json::{Map, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use self::measuring::sized;

const LOAD_THREADS: usize = 2;
const CONNECTIONS_PER_THREAD: usize = 16;

const RATIO_TARGET: Target = Target::OfSame(0.60);
/// Four times what unleash-edge answers with 100 toggles, 12 200/s on a machine on which the bare
/// axum handler that sends a few bytes answers 136 000/s.
const BULK_TARGET: Target = Target::OfSmall(4.0 * 12_200.0 / 136_000.0);
const P99_TARGET: Duration = Duration::from_millis(10);

/// Components of the document that is evaluated.
const COMPONENTS: usize = 100;

/// The context of an application that knows its users.
const CONTEXT: &str =
    r#"{"context":{"targetingKey":"user-4711","groups":["staff","beta"],"plan":"pro"}}"#;

/// What is asked for, of Flagdeck and of a bare handler that sends the same bytes.
struct Case {
    name: &'static str,
    request: String,
    flagdeck: SocketAddr,
    bare: SocketAddr,
    target: Target,
    rounds: Vec<(Round, Round)>,
}

/// A ratio of requests per second that is to be reached.
#[derive(Clone, Copy)]
enum Target {
    /// To the bare handler of the same case.
    OfSame(f64),
    /// To the bare handler of the first case, which sends a few bytes. Most of a large answer is
    /// sending it.
    OfSmall(f64),
}

/// What one round under load saw.
#[derive(Clone, Copy)]
struct Round {
    requests_per_s: f64,
    p50: Duration,
    p99: Duration,
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let shutdown = CancellationToken::new();
    let (_empty, small) = serve(&runtime, &shutdown, None);
    let (_full, evaluated) = serve(&runtime, &shutdown, Some(document()));
    let evaluate = "/ofrep/v1/evaluate/flags";
    let one = format!("{evaluate}/component-42");
    let mut cases = [
        Case::get(&runtime, "GET /api/ml/flags", small, "/api/ml/flags"),
        Case::post(&runtime, "OFREP, one flag", evaluated, &one),
        Case {
            target: BULK_TARGET,
            ..Case::post(&runtime, "OFREP, 100 flags", evaluated, evaluate)
        },
    ];
    for case in &mut cases {
        case.run();
        case.rounds.clear();
    }
    for _ in 0..sized(9, 1) {
        cases.iter_mut().for_each(Case::run);
    }
    shutdown.cancel();
    report(&cases);
}

/// Serves a fresh folder, with a document in it, until `shutdown`.
fn serve(
    runtime: &Runtime,
    shutdown: &CancellationToken,
    document: Option<String>,
) -> (TempDir, SocketAddr) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let app = App::open(Options::new(folder.path())).expect("an empty folder opens");
    if let Some(document) = document {
        let change = ChangeRequest {
            edit: Edit::Replace(document.into()),
            actor: Actor::new(Via::Http, "bench"),
            note: None,
            base: None,
        };
        app.flags().change_confirmed(change).expect("it is valid");
    }
    let server = Server::bind(app, 0).expect("a free port");
    let address = server.address();
    runtime.spawn(server.run(shutdown.clone()));
    (folder, address)
}

/// A document in which the bucket of a user decides each component by itself.
fn document() -> String {
    let rollout = |percentage: usize| json!({"percentage": percentage, "userGroups": ["qa"], "strategy": "canary"});
    let names = || (0..COMPONENTS).map(|number| format!("component-{number}"));
    let rollouts = names()
        .enumerate()
        .map(|(number, name)| (name, rollout(number.max(1))));
    let about = names().map(|name| {
        let title = format!("The title of {name}");
        (name, json!({"title": title, "owner": "search team"}))
    });
    json!({
        "enabled": true,
        "components": names().map(|name| (name, json!(true))).collect::<Map<_, _>>(),
        "rollout": rollout(50),
        "rollouts": rollouts.collect::<Map<_, _>>(),
        "about": about.collect::<Map<_, _>>(),
    })
    .to_string()
}

impl Case {
    fn get(runtime: &Runtime, name: &'static str, flagdeck: SocketAddr, path: &str) -> Self {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {flagdeck}\r\n\r\n");
        Self::new(runtime, name, flagdeck, request, |text| {
            get(move || async move { ([(CONTENT_TYPE, "application/json")], text) })
        })
    }

    fn post(runtime: &Runtime, name: &'static str, flagdeck: SocketAddr, path: &str) -> Self {
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: {flagdeck}\r\nContent-Type: application/json");
        let request = format!(
            "{head}\r\nContent-Length: {}\r\n\r\n{CONTEXT}",
            CONTEXT.len()
        );
        Self::new(runtime, name, flagdeck, request, |text| {
            post(move |body: Bytes| async move {
                black_box(body);
                ([(CONTENT_TYPE, "application/json")], text)
            })
        })
    }

    fn new(
        runtime: &Runtime,
        name: &'static str,
        flagdeck: SocketAddr,
        request: String,
        handler: impl FnOnce(Bytes) -> MethodRouter,
    ) -> Self {
        let answer = ask(flagdeck, &request);
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let body = answer[end.expect("the head ends") + 4..].to_vec();
        let path = request.split(' ').nth(1).expect("a path");
        let router = Router::new().route(path, handler(body.into()));
        let bare = runtime.block_on(serve_bare(router));
        Self {
            name,
            request,
            flagdeck,
            bare,
            target: RATIO_TARGET,
            rounds: Vec::new(),
        }
    }

    fn run(&mut self) {
        let (flagdeck, bare) = (
            round(self.flagdeck, &self.request),
            round(self.bare, &self.request),
        );
        self.rounds.push((flagdeck, bare));
    }
}

async fn serve_bare(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Puts load on a server for 0.7 seconds.
fn round(server: SocketAddr, request: &str) -> Round {
    let closing = b"connection: close\r\n".len();
    let answer_bytes = ask(server, request).len() - closing;
    let start = Instant::now();
    let time = sized(Duration::from_millis(700), Duration::from_millis(50));
    let mut latencies: Vec<Duration> = std::thread::scope(|scope| {
        let load = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(load(server, request, answer_bytes, start + time))
        };
        let threads: Vec<_> = (0..LOAD_THREADS).map(|_| scope.spawn(load)).collect();
        let ended = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        ended
            .flat_map(|latencies| latencies.expect("the load runs"))
            .collect()
    });
    let requests_per_s = latencies.len() as f64 / start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let quantile = |share: f64| latencies[(latencies.len() as f64 * share) as usize];
    Round {
        requests_per_s,
        p50: quantile(0.50),
        p99: quantile(0.99),
    }
}

/// Returns an answer, which has the same size each time: a date has a fixed width.
fn ask(server: SocketAddr, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(server).expect("it listens");
    let closing = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    stream.write_all(closing.as_bytes()).expect("it listens");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "it answers well");
    answer
}

async fn load(
    server: SocketAddr,
    request: &str,
    answer_bytes: usize,
    end: Instant,
) -> Vec<Duration> {
    let mut connections = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS_PER_THREAD {
        let request = request.to_owned();
        connections.spawn(ask_until(server, request, answer_bytes, end));
    }
    connections.join_all().await.concat()
}

async fn ask_until(
    server: SocketAddr,
    request: String,
    answer_bytes: usize,
    end: Instant,
) -> Vec<Duration> {
    let mut stream = tokio::net::TcpStream::connect(server)
        .await
        .expect("it listens");
    stream.set_nodelay(true).expect("it is open");
    let mut answer = vec![0; answer_bytes];
    let mut latencies = Vec::with_capacity(16 * 1024);
    let mut asked = Instant::now();
    while asked < end {
        stream
            .write_all(request.as_bytes())
            .await
            .expect("it listens");
        stream.read_exact(&mut answer).await.expect("it answers");
        black_box(&answer);
        let answered = Instant::now();
        latencies.push(answered - asked);
        asked = answered;
    }
    latencies
}

#[expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
fn report(cases: &[Case]) {
    println!("{:<24}{:>12}{:>12}{:>12}", "", "requests/s", "p50", "p99");
    for case in cases {
        print_row(case.name, case.rounds.iter().map(|(flagdeck, _)| flagdeck));
        print_row(
            "  bare axum handler",
            case.rounds.iter().map(|(_, bare)| bare),
        );
    }
    let mut are_met = true;
    for case in cases {
        let (bare, target) = match case.target {
            Target::OfSame(ratio) => (&case.rounds, ratio),
            Target::OfSmall(ratio) => (&cases[0].rounds, ratio),
        };
        let pairs = case.rounds.iter().zip(bare);
        let ratios = pairs.map(|((ours, _), (_, bare))| ours.requests_per_s / bare.requests_per_s);
        let ratio = median(ratios);
        let p99 = median(case.rounds.iter().map(|(ours, _)| ours.p99));
        println!(
            "{:<24}ratio {ratio:.2} (target {target:.2} or more)",
            case.name
        );
        are_met &= ratio >= target && p99 < P99_TARGET;
    }
    let verdict = if are_met {
        "targets met"
    } else {
        "TARGETS MISSED"
    };
    println!("{}", sized(verdict, "not measured"));
}

#[expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
fn print_row<'a>(name: &str, rounds: impl Iterator<Item = &'a Round> + Clone) {
    let requests_per_s = median(rounds.clone().map(|round| round.requests_per_s));
    let p50 = median(rounds.clone().map(|round| round.p50));
    let p99 = median(rounds.map(|round| round.p99));
    println!("{name:<24}{requests_per_s:>12.0}{p50:>12.1?}{p99:>12.1?}");
}

fn median<T: PartialOrd + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut sorted: Vec<T> = values.collect();
    sorted.sort_by(|one, other| one.partial_cmp(other).expect("no value is missing"));
    sorted[sorted.len() / 2]
}
