//! `GET /api/ml/flags` beside a bare axum handler that sends the same bytes.
//!
//! Both run in this process, in turns, under the same load from the same cores: requests
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
use axum::routing::get;
use flagdeck::http::Server;
use flagdeck::{App, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use self::measuring::sized;

const LOAD_THREADS: usize = 2;
const CONNECTIONS_PER_THREAD: usize = 16;

const RATIO_TARGET: f64 = 0.60;
const P99_TARGET: Duration = Duration::from_millis(10);

/// What one round under load saw.
struct Round {
    requests_per_s: f64,
    p50: Duration,
    p99: Duration,
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let app = App::open(Options::new(folder.path())).expect("an empty folder opens");
    let text = Bytes::copy_from_slice(&app.flags().live().text);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let shutdown = CancellationToken::new();

    let server = Server::bind(app, 0).expect("a free port");
    let flagdeck = server.address();
    let serving = runtime.spawn(server.run(shutdown.clone()));
    let bare = runtime.block_on(serve_bare(text));

    round(flagdeck);
    round(bare);
    let (mut flagdeck_rounds, mut bare_rounds) = (Vec::new(), Vec::new());
    for _ in 0..sized(9, 1) {
        flagdeck_rounds.push(round(flagdeck));
        bare_rounds.push(round(bare));
    }
    shutdown.cancel();
    runtime
        .block_on(serving)
        .expect("it ends")
        .expect("it served");
    report(&flagdeck_rounds, &bare_rounds);
}

async fn serve_bare(text: Bytes) -> SocketAddr {
    let hello = move || async move { ([(CONTENT_TYPE, "application/json")], text) };
    let router = Router::new().route("/api/ml/flags", get(hello));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Puts load on a server for [`sized(Duration::from_millis(700), Duration::from_millis(50))`].
fn round(server: SocketAddr) -> Round {
    let request = format!("GET /api/ml/flags HTTP/1.1\r\nHost: {server}\r\n\r\n");
    let answer_bytes = answer_bytes(server, &request);
    let start = Instant::now();
    let mut latencies: Vec<Duration> = std::thread::scope(|scope| {
        let load = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(load(
                server,
                &request,
                answer_bytes,
                start + sized(Duration::from_millis(700), Duration::from_millis(50)),
            ))
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

/// Returns the size of an answer, which is the same for all: a date has a fixed width.
fn answer_bytes(server: SocketAddr, request: &str) -> usize {
    let mut stream = TcpStream::connect(server).expect("it listens");
    let closing = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    stream.write_all(closing.as_bytes()).expect("it listens");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "it serves the flags");
    answer.len() - b"connection: close\r\n".len()
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
fn report(flagdeck: &[Round], bare: &[Round]) {
    println!("{:<24}{:>12}{:>12}{:>12}", "", "requests/s", "p50", "p99");
    for (name, rounds) in [("GET /api/ml/flags", flagdeck), ("bare axum handler", bare)] {
        let requests_per_s = median(rounds.iter().map(|round| round.requests_per_s));
        let p50 = median(rounds.iter().map(|round| round.p50));
        let p99 = median(rounds.iter().map(|round| round.p99));
        println!("{name:<24}{requests_per_s:>12.0}{p50:>12.1?}{p99:>12.1?}");
    }
    let pairs = flagdeck.iter().zip(bare);
    let ratio = median(pairs.map(|(ours, bare)| ours.requests_per_s / bare.requests_per_s));
    let p99 = median(flagdeck.iter().map(|round| round.p99));
    println!("ratio {ratio:.2} (target {RATIO_TARGET:.2} or more)");
    let met = ratio >= RATIO_TARGET && p99 < P99_TARGET;
    let verdict = if met { "targets met" } else { "TARGETS MISSED" };
    println!("{}", sized(verdict, "not measured"));
}

fn median<T: PartialOrd + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut sorted: Vec<T> = values.collect();
    sorted.sort_by(|one, other| one.partial_cmp(other).expect("no value is missing"));
    sorted[sorted.len() / 2]
}
