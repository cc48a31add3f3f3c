//! What a history costs, in bytes and in time, beside simpler ways measured in the same run:
//! compare within a run, never across machines.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::print_stderr, reason = "bytes are reported beside the times")]

#[path = "../tests/support/states.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
#[macro_use]
mod states;

#[path = "../../benches/measuring.rs"]
mod measuring;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use flagdeck_core::chain::{self, Chain, Length};
use flagdeck_core::diff::states::Options;
use flagdeck_core::state::Change;
use flagdeck_core::tree::{self, Tree};
use flagdeck_core::{compare, difference};
use serde_json::json;

use states::Host;

use self::measuring::sized;

/// Snapshots of one state.
fn snapshots() -> usize {
    sized(1000, 5)
}

type Size = (&'static str, fn() -> Host);

const SIZES: [Size; 3] = [
    ("small", Host::small),
    ("typical", Host::typical),
    ("large", Host::large),
];

/// A history as it is kept: chains, each of one whole and steps.
fn kept(mut host: Host, snapshots: usize) -> Vec<Vec<Vec<u8>>> {
    let whole = |tree: &Tree| chain::keyframe(&tree::write(tree));
    let mut chains = vec![vec![whole(host.state())]];
    let mut open = Chain::start(host.state().clone());
    let mut length = Length::of_keyframe(chains[0][0].len());
    for _ in 1..snapshots {
        host.pass();
        let step = open.encode(host.state());
        length = length.with(step.bytes.len());
        if chain::is_full(&length) {
            chains.push(vec![whole(host.state())]);
            open = Chain::start(host.state().clone());
            length = Length::of_keyframe(chains.last().map_or(0, |chain| chain[0].len()));
        } else {
            open.advance(&step.bytes).expect("it was written so");
            chains.last_mut().expect("there is one").push(step.bytes);
        }
    }
    chains
}

/// Bytes of simpler ways: each packed by itself, and each with the one before as its prefix.
fn peers(mut host: Host, snapshots: usize) -> (usize, usize) {
    let (mut each, mut prefixed) = (0, 0);
    let mut before = Vec::new();
    for _ in 0..snapshots {
        let text = tree::write(host.state());
        each += zstd::bulk::compress(&text, 3).expect("it packs").len();
        let mut packer = zstd::bulk::Compressor::with_dictionary(3, &before).expect("a packer");
        prefixed += packer.compress(&text).expect("it packs").len();
        before = text;
        host.pass();
    }
    (each / snapshots, prefixed / snapshots)
}

fn bytes(_: &mut Criterion) {
    for (name, host) in SIZES {
        let text = tree::write(host().state()).len();
        let chains = kept(host(), snapshots());
        let bytes: usize = chains.iter().flatten().map(Vec::len).sum();
        let wholes: usize = chains.iter().map(|chain| chain[0].len()).sum();
        let (each, prefixed) = peers(host(), sized(200, 5));
        eprintln!(
            "bytes a snapshot, {} of a {name} state ({} KiB): {} ({} whole, {} steps); \
             zstd-3 each {each}, with the one before as prefix {prefixed}; {} in 5 MB",
            snapshots(),
            text / 1024,
            bytes / snapshots(),
            wholes / snapshots(),
            (bytes - wholes) / snapshots(),
            5_000_000 / (bytes / snapshots()),
        );
    }
}

fn restoring(c: &mut Criterion) {
    let mut group = c.benchmark_group("restore the last of a chain, checked");
    for (name, host) in SIZES {
        let chains = kept(host(), sized(200, 5));
        let chain = chains.iter().max_by_key(|chain| chain.len()).expect("one");
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| {
                let mut open = Chain::open(&chain[0]).expect("it was written so");
                for step in &chain[1..] {
                    open.advance(step).expect("it was written so");
                }
                black_box(tree::hash(open.tree()))
            });
        });
        let text = tree::write(host().state());
        group.bench_function(BenchmarkId::new("floor: only parse it", name), |b| {
            b.iter(|| tree::read(black_box(&text)));
        });
    }
    group.finish();
}

fn comparing(c: &mut Criterion) {
    let mut group = c.benchmark_group("compare two states");
    for (name, host) in SIZES {
        let mut host = host();
        let before = host.state().clone();
        host.pass();
        let after = host.state().clone();
        group.bench_function(BenchmarkId::new("exactly", name), |b| {
            b.iter(|| compare(black_box(&before), &after));
        });
        group.bench_function(BenchmarkId::new("as people read it", name), |b| {
            b.iter(|| difference(black_box(&before), &after, &Options::default()));
        });
        group.bench_function(BenchmarkId::new("floor: write both", name), |b| {
            b.iter(|| (tree::write(black_box(&before)), tree::write(&after)));
        });
        group.bench_function(BenchmarkId::new("encode a step", name), |b| {
            let open = Chain::start(before.clone());
            b.iter(|| open.encode(black_box(&after)));
        });
    }
    group.finish();
}

fn tracking(c: &mut Criterion) {
    let mut state = Host::large().state().clone();
    let mut number = 0;
    c.bench_function("track one change, 411 KiB", |b| {
        b.iter(|| {
            number += 1;
            let change = Change {
                key: "ml.metrics.usage.counter3".into(),
                old: None,
                new: Some(tree!(number)),
                at_ms: 1_764_000_000_000,
                origin: "Error\n    at panel.js:7:9".into(),
                hint: None,
            };
            flagdeck_core::state::track(&mut state, &change)
        });
    });
}

/// The flag document with 10 000 components, one of them switched in each revision.
fn documents(c: &mut Criterion) {
    let mut tree = json!({ "enabled": true, "components": {}, "rollout": { "percentage": 25, "userGroups": [], "strategy": "canary" } });
    for n in 0..10_000 {
        tree["components"][format!("area{}", n % 100)][format!("component{n}")] = json!(n % 3 == 0);
    }
    let text = tree::write(&tree.clone().into());
    let mut chain = Chain::start(tree.clone().into());
    let mut steps = Vec::new();
    for n in 0..sized(flagdeck_core::limits::CHAIN_STEPS_MAX, 3) {
        let at = &mut tree["components"][format!("area{}", n % 100)]
            [format!("component{}", n * 100 + n % 100)];
        *at = json!(*at == json!(false));
        let step = chain.encode(&tree.clone().into()).bytes;
        chain.advance(&step).expect("it was written so");
        steps.push(step);
    }
    let keyframe = chain::keyframe(&text);
    let bytes: usize = steps.iter().map(Vec::len).sum();
    eprintln!(
        "a document of 10 000 components ({} KiB): whole {} bytes, a step {}",
        text.len() / 1024,
        keyframe.len(),
        bytes / steps.len()
    );
    c.bench_function("the last revision of a chain, 10 000 components", |b| {
        b.iter(|| {
            let mut open = Chain::open(&keyframe).expect("it was written so");
            for step in &steps {
                open.advance(step).expect("it was written so");
            }
            black_box(tree::write(open.tree()))
        });
    });
    c.bench_function("floor: validate it, 10 000 components", |b| {
        b.iter(|| flagdeck_core::validate(black_box(&text)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(std::time::Duration::from_secs(2)).warm_up_time(std::time::Duration::from_millis(500));
    targets = bytes, restoring, comparing, tracking, documents
}
criterion_main!(benches);
