//! A durable change through `App`, against what it cannot be faster than: one SQLite commit of
//! 1 KB in WAL mode with `synchronous=FULL` on the same disk. Target: at most twice that.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use flagdeck::store::{Actor, Via};
use flagdeck::{App, ChangeRequest, Options};
use flagdeck_core::{Edit, Percentage, RolloutChange};
use rusqlite::Connection;

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
            let outcome = app.change(slide(milli)).expect("the edit is valid");
            assert!(black_box(outcome).changed);
        });
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

criterion_group!(benches, durable_change);
criterion_main!(benches);
