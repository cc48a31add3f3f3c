//! From a change over HTTP to the last of a thousand streams that are told of it.
//!
//! Server and streams share this process and its cores: one thread reads all streams, as they are
//! readable, while another sends the change.

mod measuring;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flagdeck::http::Server;
use flagdeck::{App, Options};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::measuring::sized;

const TARGET: Duration = Duration::from_millis(100);

type Lines = tokio::io::Lines<BufReader<tokio::net::TcpStream>>;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let app = App::open(Options::new(folder.path())).expect("an empty folder opens");
    let token = app.token().expect("a token");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let shutdown = CancellationToken::new();
    let server = Server::bind(app, 0).expect("a free port");
    let address = server.address();
    let serving = runtime.spawn(server.run(shutdown.clone()));

    let streams = sized(1000, 20);
    let readers = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut last: Vec<Duration> = Vec::new();
    let mut idle = readers.block_on(open(address, streams));
    for round in 0..sized(30, 1) {
        let ready = Arc::new(Barrier::new(streams + 1));
        let mut told = JoinSet::new();
        for lines in idle.drain(..) {
            told.spawn_on(until_told(lines, Arc::clone(&ready)), readers.handle());
        }
        readers.block_on(ready.wait());
        let begun = Instant::now();
        change(address, &token, round % 2 == 0);
        let all = readers.block_on(told.join_all());
        let latest = all.iter().map(|(_, at)| *at).max().expect("a stream");
        last.push(latest - begun);
        idle = all.into_iter().map(|(lines, _)| lines).collect();
    }
    drop(idle);
    shutdown.cancel();
    runtime
        .block_on(serving)
        .expect("it ends")
        .expect("it served");
    report(streams, last);
}

/// Opens streams, each read until it has said which flags are in force.
async fn open(server: SocketAddr, streams: usize) -> Vec<Lines> {
    let mut opened = Vec::with_capacity(streams);
    for _ in 0..streams {
        let mut stream = tokio::net::TcpStream::connect(server)
            .await
            .expect("it listens");
        let request = format!("GET /api/ml/flags/stream HTTP/1.1\r\nHost: {server}\r\n\r\n");
        stream
            .write_all(request.as_bytes())
            .await
            .expect("it listens");
        let mut lines = BufReader::new(stream).lines();
        read_event(&mut lines).await;
        opened.push(lines);
    }
    opened
}

async fn until_told(mut lines: Lines, ready: Arc<Barrier>) -> (Lines, Instant) {
    ready.wait().await;
    read_event(&mut lines).await;
    (lines, Instant::now())
}

/// Reads on to the data of an event of flags.
async fn read_event(lines: &mut Lines) {
    let mut is_flags = false;
    while let Some(line) = lines.next_line().await.expect("the stream is open") {
        is_flags |= line == "event: flags";
        if is_flags && line.starts_with("data: ") {
            return;
        }
    }
    panic!("the stream ended");
}

/// Turns the master switch over HTTP, and waits for the answer.
fn change(server: SocketAddr, token: &str, on: bool) {
    let body = format!("{{\"enabled\":{on}}}");
    let request = format!(
        "PATCH /api/ml/flags HTTP/1.1\r\nHost: {server}\r\nAuthorization: Bearer {token}\r\n\
         If-Match: *\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
fn report(streams: usize, mut last: Vec<Duration>) {
    last.sort_unstable();
    let (median, worst) = (last[last.len() / 2], last[last.len() - 1]);
    println!("a change over HTTP, told to the last of {streams} streams");
    println!(
        "median {median:.1?}, worst of {} rounds {worst:.1?}",
        last.len()
    );
    let verdict = if worst <= TARGET {
        "target met"
    } else {
        "TARGET MISSED"
    };
    println!("target {TARGET:.0?}: {}", sized(verdict, "not measured"));
}
