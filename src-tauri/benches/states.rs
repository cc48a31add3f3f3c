//! What states and their snapshots cost in the application: on disk, in memory, in time.
//! Targets: 1 200 bytes a snapshot of 146 KiB, any one read and checked within 5 ms, less than
//! 5 MB resident for a state of 411 KiB with its ring full, less than 100 MB for reports of one of
//! 7.5 MB.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::print_stderr, reason = "bytes are reported beside the times")]

#[path = "../core/tests/support/states.rs"]
#[allow(dead_code, reason = "the core's tests use more of it")]
mod states;

mod measuring;

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use flagdeck::metrics::event::Format;
use flagdeck::state::SourceName;
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{SnapshotFilter, SnapshotLabel, StateAt};
use flagdeck::{App, Options};
use flagdeck_core::tree;
use serde_json::json;

use self::measuring::sized;

use states::Host;

/// Snapshots of one source.
fn snapshots_kept() -> u64 {
    sized(1000, 5)
}

fn source() -> SourceName {
    "web".parse().expect("it is a name")
}

fn open(folder: &Path) -> App {
    App::open(Options::new(folder)).expect("the folder is writable")
}

fn resident_bytes() -> u64 {
    let memory = procfs::process::Process::myself().and_then(|own| own.statm());
    memory.map_or(0, |memory| memory.resident * procfs::page_size())
}

/// What the keeper adds to a program that has everything else open.
fn memory(_: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let app = open(folder.path());
    let mut host = Host::large();
    let text = tree::write(host.state());
    let before = resident_bytes();
    let put = app.put_state(&source(), &text, Some(1), None);
    put.expect("it is a state");
    for number in 0..200 {
        let change =
            json!([{ "key": "ml.metrics.usage.counter1", "newValue": number, "source": "a.js:1" }]);
        let body = change.to_string();
        let recorded = app.record_changes(&source(), body.as_bytes(), Format::Json);
        recorded.expect("it is a change");
    }
    let added = || resident_bytes().saturating_sub(before) as f64 / 1e6;
    let ring_full = added();
    for _ in 0..3 {
        host.pass();
        let put = app.put_state(&source(), tree::write(host.state()), Some(1), None);
        put.expect("it is a state");
        let taken = app.take_snapshots(None, &SnapshotLabel::default());
        taken.expect("there is a state");
    }
    eprintln!(
        "resident memory that a state of {} KiB adds: {ring_full:.1} MB, its ring full; {:.1} MB \
         after three snapshots, each of a state that was put whole",
        text.len() / 1024,
        added()
    );
}

/// What reports of one of the largest states add, each of which differs from the one before.
fn large_reports(_: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let app = open(folder.path());
    let mut host = Host::large();
    let before = resident_bytes();
    let (mut most, mut bytes) = (0, 0);
    for _ in 0..sized(40, 2) {
        host.pass();
        let text = several(&host);
        bytes = text.len();
        let put = app.put_state(&source(), text, Some(1), None);
        put.expect("it is a state");
        most = most.max(resident_bytes().saturating_sub(before));
    }
    eprintln!(
        "resident memory that reports of a state of {:.1} MB add: {:.0} MB, {:.1} times its text",
        bytes as f64 / 1e6,
        most as f64 / 1e6,
        most as f64 / bytes as f64
    );
}

/// Returns a state of as many copies of a host's as fit.
fn several(host: &Host) -> Vec<u8> {
    let one = tree::write(host.state());
    let mut text = Vec::from(b"{");
    for nth in 0..7_500_000 / one.len() {
        text.extend(format!("{}\"host{nth}\":", if nth == 0 { "" } else { "," }).bytes());
        text.extend(&one);
    }
    text.push(b'}');
    text
}

fn snapshots(criterion: &mut Criterion) {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let folder = folder.expect("a temporary folder");
    let app = open(folder.path());
    let mut host = Host::typical();
    for _ in 0..snapshots_kept() {
        let text = tree::write(host.state());
        app.put_state(&source(), &text, None, None)
            .expect("it is a state");
        app.take_snapshots(None, &SnapshotLabel::default())
            .expect("there is a state");
        host.pass();
    }
    let sources = app.state_sources().expect("they can be read");
    app.close();
    let file = std::fs::metadata(folder.path().join("state.db")).map_or(0, |file| file.len());
    eprintln!(
        "{} snapshots of {} KiB: {} bytes each as coded, {} with everything in the file",
        snapshots_kept(),
        sources[0].bytes / 1024,
        sources[0].snapshot_bytes / snapshots_kept(),
        file / snapshots_kept()
    );
    let mut group = criterion.benchmark_group("1000 snapshots of 146 KiB");
    group.sample_size(30);
    let mut id = 0;
    group.bench_function("read any one, checked", |b| {
        b.iter(|| {
            id = id * 7919 % snapshots_kept() + 1;
            app.state_at(&StateAt::Snapshot { id: black_box(id) })
        });
    });
    let filter = SnapshotFilter::default();
    group.bench_function("list a page", |b| {
        b.iter(|| app.snapshots(&filter, 0, 200));
    });
    group.bench_function("the timeline", |b| {
        b.iter(|| app.timeline(&filter, 200));
    });
    group.sample_size(10);
    let text = SnapshotFilter {
        text: Some("component007".into()),
        ..SnapshotFilter::default()
    };
    group.bench_function("find by what changed", |b| {
        b.iter(|| app.snapshots(&text, 0, 200));
    });
    let now = StateAt::Now {
        source: "web".into(),
    };
    group.bench_function("blame a value", |b| {
        b.iter(|| app.blame(&now, "/flags/component007/enabled"));
    });
    group.bench_function("put a state and take a snapshot, durably", |b| {
        b.iter(|| {
            host.pass();
            let text = tree::write(host.state());
            let put = app.put_state(&source(), &text, None, None);
            put.expect("it is a state");
            app.take_snapshots(None, &SnapshotLabel::default())
        });
    });
    let actor = Actor::new(Via::Flagctl, "bench");
    group.bench_function("set one value, durably", |b| {
        let mut number = 0;
        b.iter(|| {
            number += 1;
            app.set_state(
                &source(),
                "ml.metrics.usage.counter2",
                Some(json!(number).into()),
                &actor,
            )
        });
    });
    group.finish();
}

criterion_group!(benches, memory, large_reports, snapshots);
criterion_main!(benches);
