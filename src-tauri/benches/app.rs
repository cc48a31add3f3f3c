//! A durable change through `App`, against what it cannot be faster than: one SQLite commit of
//! 1 KB in WAL mode with `synchronous=FULL` on the same disk. Target: at most twice that.
//!
//! And looking through a long history. Target: a few milliseconds for any page, far below
//! 100 ms for what is found by a condition, so that lists scroll smoothly.

mod measuring;

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use flagdeck::app::StoreState;
use flagdeck::store::sqlite::SqliteStore;
use flagdeck::store::{Actor, Appended, Cause, Draft, HistoryFilter, RevisionNumber, Store, Via};
use flagdeck::wire::AsOf;
use flagdeck::{App, ChangeRequest, Options};
use flagdeck_core::{Edit, FlagDocument, Percentage, RolloutChange, Trace, User};
use rusqlite::Connection;

use self::measuring::sized;

const PAGE: usize = 100;

/// Revisions of the long history.
fn revisions() -> u64 {
    sized(100_000, 1200)
}

fn durable_change(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("durable");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let connection = floor(&folder.path().join("floor.db"));
    let kilobyte = vec![b'x'; 1024];
    group.bench_function("floor: one SQLite FULL commit of 1 KB", |bencher| {
        let mut insert = connection
            .prepare("INSERT INTO t (x) VALUES (?1)")
            .expect("the table exists");
        bencher.iter(|| insert.execute([&kilobyte]).expect("the disk takes it"));
    });

    let app = open(folder.path());
    let mut milli = 0;
    group.bench_function("App::change, a step of the slider", |bencher| {
        bencher.iter(|| {
            milli = (milli + 1) % 100_000;
            let outcome = app.flags().change(slide(milli)).expect("the edit is valid");
            assert!(black_box(outcome).changed);
        });
    });
    // A change looks three times: before it, before its commit, and after.
    group.bench_function("three looks whether its files are in place", |bencher| {
        bencher.iter(|| (0..3).all(|_| black_box(app.store_state()) == StoreState::Ok));
    });
    group.finish();
}

fn floor(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("the folder is writable");
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (x BLOB NOT NULL);",
        )
        .expect("SQLite makes a table");
    connection
}

fn open(folder: &Path) -> App {
    App::open(Options::new(&folder.join("data"))).expect("the folder is writable")
}

fn slide(milli: u32) -> ChangeRequest {
    ChangeRequest {
        edit: Edit::SetRollout {
            component: None,
            change: RolloutChange {
                percentage: Percentage::from_milli(milli),
                ..RolloutChange::default()
            },
        },
        actor: Actor::new(Via::Window, "bench"),
        note: None,
        base: None,
    }
}

fn long_history(criterion: &mut Criterion) {
    let folder = in_memory();
    fill(&folder.path().join("data"));
    let app = open(folder.path());
    let mut group = criterion.benchmark_group("history of 100 000 revisions");
    group.sample_size(20);

    let page = |filter: &HistoryFilter, offset| {
        let page = app
            .flags()
            .history(filter, offset, PAGE)
            .expect("it can be read");
        assert!(page.revisions.len() >= sized(PAGE, 1));
        page.total
    };
    let all = HistoryFilter::default();
    let filters = [
        ("the first page", 0, all.clone()),
        (
            "a page far down",
            revisions() as usize / 10 * 9,
            all.clone(),
        ),
        (
            "of a component",
            0,
            HistoryFilter {
                component: Some("area3.component13".into()),
                ..all.clone()
            },
        ),
        (
            "of a group with a tenth of all",
            sized(5000, 0),
            HistoryFilter {
                component: Some("area3".into()),
                ..all.clone()
            },
        ),
        (
            "of one person",
            sized(5000, 0),
            HistoryFilter {
                name: Some("person3".into()),
                ..all.clone()
            },
        ),
        (
            "of a tenth of the time",
            sized(5000, 0),
            HistoryFilter {
                since_ms: Some(revisions() as i64 / 100 * 45 * 60_000),
                until_ms: Some(revisions() as i64 / 100 * 55 * 60_000),
                ..all.clone()
            },
        ),
        (
            "with a text",
            sized(5000, 0),
            HistoryFilter {
                text: Some("AREA7.".into()),
                ..all.clone()
            },
        ),
    ];
    for (name, offset, filter) in &filters {
        group.bench_function(*name, |bencher| bencher.iter(|| page(filter, *offset)));
    }
    group.bench_function("everybody", |bencher| bencher.iter(|| app.flags().actors()));
    group.bench_function("the last change of each of 1000 components", |bencher| {
        bencher.iter(|| app.flags().last_changes(black_box(RevisionNumber::NONE)));
    });
    let user = User::id("user1");
    let mut number = 1;
    group.bench_function("a decision as of a random one", |bencher| {
        bencher.iter(|| {
            number = number * 48_271 % (revisions() + 1);
            app.flags()
                .explain("tracker", &user, Some(AsOf::Revision(black_box(number))))
        });
    });
    group.finish();
    large_documents(criterion);
}

/// Documents of 10 000 components, of which chains are made: how many there are before one
/// makes no difference to reading it.
fn large_documents(criterion: &mut Criterion) {
    let revisions: u64 = sized(300, 20);
    let folder = in_memory();
    let app = open(folder.path());
    let components: serde_json::Map<_, _> = (0..100)
        .map(|group| {
            let members: serde_json::Map<_, _> = (0..100)
                .map(|n| (format!("component{n}"), (n % 3 == 0).into()))
                .collect();
            (format!("area{group}"), members.into())
        })
        .collect();
    let document = serde_json::json!({ "enabled": true, "components": components });
    let change = |edit| {
        let actor = Actor::new(Via::Window, "bench");
        let request = ChangeRequest {
            edit,
            actor,
            note: None,
            base: None,
        };
        app.flags().change(request).expect("the edit is valid");
    };
    change(Edit::Replace(document.to_string().into_bytes()));
    for number in 1..revisions {
        let patch = format!(
            r#"{{"components":{{"area{}":{{"component1":{}}}}}}}"#,
            number % 100,
            number % 200 < 100
        );
        change(Edit::Patch(patch.into_bytes()));
    }
    let user = User::id("user1");
    let mut number = 1;
    criterion.bench_function(
        "a decision as of a random revision, 10 000 components",
        |bencher| {
            bencher.iter(|| {
                number = number * 48_271 % (revisions - 1) + 1;
                app.flags().explain(
                    "area1.component1",
                    &user,
                    Some(AsOf::Revision(black_box(number))),
                )
            });
        },
    );
}

/// A folder in memory, where there is one: only reading is measured, and 100 000 durable
/// commits to a disk take minutes.
fn in_memory() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    folder.expect("a temporary folder")
}

/// Appends revisions as a team makes them over the months, one a minute.
fn fill(data_dir: &Path) {
    let store = SqliteStore::open(data_dir, 0).expect("the folder is writable");
    let document: std::sync::Arc<[u8]> = FlagDocument::default().to_bytes().into();
    for index in 0..revisions() {
        let path = format!("area{}.component{}", index % 10, index % 1000);
        let draft = Draft {
            at_ms: i64::try_from(index).expect("far below") * 60_000,
            actor: Actor::new(Via::Window, &format!("person{}", index % 7)),
            cause: Cause::Edit,
            note: None,
            changes: vec![format!("{path}: {} % → {} %", index % 100, index % 97)],
            document: document.clone(),
            followed: None,
        };
        let trace = Trace {
            touched: [path].into(),
            renames: Vec::new(),
        };
        let saved = store.store.append(RevisionNumber(index), draft, trace);
        assert!(matches!(saved, Ok(Appended::Saved(_))), "{saved:?}");
    }
}

criterion_group!(benches, durable_change, long_history);
criterion_main!(benches);
