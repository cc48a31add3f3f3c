//! What following a document and overriding it cost.
//!
//! - Evaluation with overrides for 100 applications in force, against evaluation without. Target:
//!   within 10 %, for an application that has one and for one that has none.
//! - A fetch that finds nothing new: the processor time of this program, against a bare exchange of
//!   the same bytes. Target: at most 1 ms, no revision, and nothing written.
//! - A followed document of 10 000 components that changed in one: adopted as one revision with one
//!   change, against switching that component here. Target: at most 50 ms.

mod measuring;

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use flagdeck::app::following::FollowState;
use flagdeck::config::Given;
use flagdeck::flags::context::EvaluationContext;
use flagdeck::flags::following::{Adopted, RemoteDocument};
use flagdeck::flags::targeted::{Target, TargetedRequest};
use flagdeck::store::{Actor, Via};
use flagdeck::{App, ChangeRequest, Options};
use flagdeck_core::document::Node;
use flagdeck_core::tree::{self, Tree};
use flagdeck_core::{ComponentPath, Edit, FlagDocument, validate_value};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, json};

use self::measuring::sized;

/// Applications with an override.
const TARGETS: usize = 100;

const COMPONENTS: usize = 100;

/// The answer of a server whose document has not changed.
const NOT_MODIFIED: &str = "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n";

fn open(folder: &Path) -> App {
    App::open(Options::new(folder)).expect("the folder is writable")
}

fn someone() -> Actor {
    Actor::new(Via::Window, "bench")
}

fn component(index: usize) -> ComponentPath {
    let path = format!("area{}.component{index}", index / 50);
    path.parse().expect("a path")
}

/// A document of so many components in groups of 50.
fn document(components: usize) -> FlagDocument {
    let mut areas = Map::new();
    for index in 0..components {
        let area = areas
            .entry(format!("area{}", index / 50))
            .or_insert_with(|| json!({}));
        area[format!("component{index}")] = json!(index % 2 == 0);
    }
    let rollout = json!({"percentage": 50, "userGroups": [], "strategy": "canary"});
    let document = json!({"enabled": true, "components": areas, "rollout": rollout});
    let checked = validate_value(&Tree::from(document));
    checked.expect("the document is valid").document
}

fn evaluation(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("evaluate one component");
    let mut measure = |name: &str, app: &App, source: &str| {
        let context = json!({"targetingKey": "user-4711", "source": source}).to_string();
        let context = tree::read(context.as_bytes()).expect("JSON");
        let context = EvaluationContext::from_tree(context).expect("a context");
        let path = component(42).to_string();
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || context.clone(),
                |context| {
                    app.flags()
                        .evaluator(black_box(context))
                        .evaluate(black_box(&path))
                },
                criterion::BatchSize::SmallInput,
            );
        });
    };
    let folders: Vec<_> = (0..2)
        .map(|_| tempfile::tempdir().expect("a folder"))
        .collect();
    let [plain, overridden] = [0, 1].map(|index| {
        let app = open(folders[index].path());
        let edit = Edit::Replace(document(COMPONENTS).to_bytes());
        app.flags().change(request(edit)).expect("it is valid");
        app
    });
    for index in 0..TARGETS {
        let name = format!("app-{index}").parse().expect("a name");
        let set = overridden.flags().override_for(TargetedRequest {
            target: Target::Source(name),
            component: component(index % COMPONENTS),
            on: index % 3 == 0,
            for_ms: 60 * 60 * 1000,
            by: someone(),
        });
        set.expect("it can be saved");
    }
    measure("floor: no overrides", &plain, "app-42");
    measure(
        "overrides for 100 applications, this one among them",
        &overridden,
        "app-42",
    );
    measure(
        "overrides for 100 applications, this one not",
        &overridden,
        "another",
    );
    group.finish();
}

fn request(edit: Edit) -> ChangeRequest {
    ChangeRequest {
        edit,
        actor: someone(),
        note: None,
        base: None,
    }
}

fn nothing_new(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let address = serve();
    let endpoint = format!("http://{address}/flags.json");
    let app = App::open(Options {
        given: Given {
            environment: vec![("ML_FLAGS_ENDPOINT".into(), endpoint)],
            command_line: Vec::new(),
        },
        ..Options::new(folder.path())
    });
    let app = app.expect("the folder is writable");
    let fetch = || {
        let status = app.fetch_now().expect("the address can be followed");
        assert_eq!(status.state, FollowState::Fresh);
    };
    fetch();
    let (revision, version) = (app.flags().live().revision, version(&app));
    let mut group = criterion.benchmark_group("a fetch that finds nothing new, processor time");
    group.bench_function("floor: an exchange of the same bytes", |bencher| {
        bencher.iter_custom(|times| processor_time(times, || exchange(address)));
    });
    group.bench_function("App::fetch_now", |bencher| {
        bencher.iter_custom(|times| processor_time(times, fetch));
    });
    group.finish();
    assert_eq!(app.flags().live().revision, revision, "no revision");
    assert_eq!(self::version(&app), version, "nothing was written");
}

fn version(app: &App) -> Vec<(String, std::time::SystemTime)> {
    let files = std::fs::read_dir(app.data_dir()).expect("the folder is there");
    let mut files: Vec<_> = files
        .map(|file| {
            let file = file.expect("it can be listed");
            let metadata = file.metadata().expect("it is there");
            let name = file.file_name().to_string_lossy().into_owned();
            (name, metadata.modified().expect("it has a time"))
        })
        .collect();
    files.sort();
    files
}

/// Returns the processor time of this thread that doing something so often takes.
fn processor_time(times: u64, mut work: impl FnMut()) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(
            time.tv_sec.unsigned_abs(),
            u32::try_from(time.tv_nsec).unwrap_or(0),
        )
    };
    let begun = now();
    (0..times).for_each(|_| work());
    now() - begun
}

fn exchange(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = "GET /flags.json HTTP/1.1\r\nHost: bench\r\nIf-None-Match: \"1\"\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = [0; NOT_MODIFIED.len()];
    stream.read_exact(&mut answer).expect("it answers");
    assert_eq!(&answer[..], NOT_MODIFIED.as_bytes());
}

/// Serves one document that never changes, as long as this program runs.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let body = String::from_utf8(document(COMPONENTS).to_bytes()).expect("JSON is UTF-8");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { continue };
            let body = body.clone();
            thread::spawn(move || answer(stream, &body));
        }
    });
    address
}

/// Answers requests of one connection until it ends.
fn answer(mut stream: TcpStream, body: &str) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        request.extend_from_slice(&buffer[..read]);
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let answer = match text.contains("if-none-match") {
            true => NOT_MODIFIED.to_owned(),
            false => format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"1\"\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            ),
        };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
        request.clear();
    }
}

fn one_change_of_many(criterion: &mut Criterion) {
    let components = sized(10_000, 200);
    let both = [false, true].map(|on| {
        let mut document = document(components);
        let node = document.node_mut(&component(7)).expect("it is there");
        *node = Node::Component(on);
        document
    });
    let mut group = criterion.benchmark_group("one of 10 000 components changes");
    group.sample_size(20);
    let folders: Vec<_> = (0..2)
        .map(|_| tempfile::tempdir().expect("a folder"))
        .collect();
    let [local, following] = [0, 1].map(|index| open(folders[index].path()));
    let first = Edit::Replace(both[0].to_bytes());
    local.flags().change(request(first)).expect("it is valid");
    let mut on = false;
    group.bench_function("floor: switched here", |bencher| {
        bencher.iter(|| {
            on = !on;
            let edit = Edit::SetComponents {
                paths: vec![component(7)],
                on,
            };
            let outcome = local.flags().change(request(edit)).expect("it is valid");
            assert_eq!(outcome.changes.len(), 1);
        });
    });
    let remotes = both.map(|document| RemoteDocument {
        from: "https://flags.example".into(),
        etag: Some("\"1\"".into()),
        document,
    });
    let mut turn = 0;
    let mut adopt = || {
        turn += 1;
        following
            .flags()
            .follow(&remotes[turn % 2], false)
            .expect("it can be saved")
    };
    adopt();
    group.bench_function("adopted", |bencher| {
        bencher.iter(|| match adopt() {
            Adopted::Revision(outcome) => assert_eq!(outcome.changes.len(), 1),
            other => panic!("{other:?}"),
        });
    });
    group.finish();
}

criterion_group!(benches, evaluation, nothing_new, one_change_of_many);
criterion_main!(benches);
