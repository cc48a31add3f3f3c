//! How fast the core decides, each figure beside a floor written by hand and measured in the
//! same run: compare within a run, never across machines.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

#[path = "../../benches/measuring.rs"]
mod measuring;

use std::collections::HashMap;
use std::hint::black_box;
use std::ops::Range;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flagdeck_core::audience::changed;
use flagdeck_core::{Compiled, Edit, Reaches, User, UserIds, apply, changes, validate};
use serde_json::{Map, Value, json};

use self::measuring::sized;

const COMPONENTS: usize = 100;
const USERS: usize = 1024;

/// How many users a roster has.
fn roster_size() -> usize {
    sized(10_000_000, 10_000)
}

fn names(count: usize) -> Vec<String> {
    (0..count)
        .map(|i| format!("area{}.component{i}", i % 10))
        .collect()
}

/// A document of `count` components in ten groups, all on, with what each may have beside them.
fn document(count: usize, about: impl Fn(usize) -> Option<Value>, bucketing: &str) -> Vec<u8> {
    let mut components = json!({});
    let (mut rollouts, mut abouts) = (Map::new(), Map::new());
    for (i, name) in names(count).into_iter().enumerate() {
        let (group, leaf) = name.split_once('.').expect("a group and a leaf");
        components[group][leaf] = json!(true);
        rollouts.insert(name.clone(), json!({"percentage": 25}));
        abouts.extend(about(i).map(|about| (name, about)));
    }
    let document = json!({"enabled": true, "components": components, "rollouts": rollouts,
        "about": abouts, "rollout": {"percentage": 25}, "bucketing": bucketing});
    document.to_string().into_bytes()
}

fn compiled(bytes: &[u8]) -> Compiled {
    Compiled::new(&validate(bytes).expect("the document is valid").document)
}

fn users() -> Vec<String> {
    (0..USERS).map(|i| format!("user{i}")).collect()
}

/// MurmurHash3 x86_32 over one slice, as plainly as it can be had.
#[inline]
fn murmur3(bytes: &[u8]) -> u32 {
    let mix = |block: u32| {
        let block = block.wrapping_mul(0xcc9e_2d51);
        block.rotate_left(15).wrapping_mul(0x1b87_3593)
    };
    let (blocks, rest) = bytes.as_chunks::<4>();
    let mut hash = blocks.iter().fold(0u32, |hash, block| {
        let hash = (hash ^ mix(u32::from_le_bytes(*block))).rotate_left(13);
        hash.wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let mut tail = 0;
    for (i, byte) in rest.iter().enumerate() {
        tail |= u32::from(*byte) << (8 * i);
    }
    hash ^= mix(tail) ^ bytes.len() as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[inline]
fn is_below(hash: u32, threshold: u32) -> bool {
    let bucket = (u64::from(hash) * 100_000) >> 32;
    bucket < u64::from(threshold)
}

fn evaluate(criterion: &mut Criterion) {
    let (names, users) = (names(COMPONENTS), users());
    let pair = |i: usize| (names[i % COMPONENTS].as_str(), users[i % USERS].as_str());
    let mut group = criterion.benchmark_group("evaluate one component of 100 at 25 %");

    let seeds = foldhash::fast::FixedState::with_seed(1);
    let mut thresholds: HashMap<&str, u32, _> = HashMap::with_hasher(seeds);
    thresholds.extend(names.iter().map(|name| (name.as_str(), 25_000)));
    let mut i = 0;
    group.bench_function("floor: look-up, murmur3, compare", |bencher| {
        bencher.iter(|| {
            i += 1;
            let (name, user) = black_box(pair(i));
            let threshold = thresholds.get(name).copied().unwrap_or_default();
            is_below(murmur3(user.as_bytes()), threshold)
        });
    });
    for (name, compiled) in documents() {
        let mut i = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                i += 1;
                let (name, user) = black_box(pair(i));
                compiled.evaluate(name, &User::id(user))
            });
        });
    }
    group.finish();
}

/// The ways a hundred components are hashed.
fn documents() -> [(&'static str, Compiled); 3] {
    let own = document(COMPONENTS, |_| None, "flagd-3");
    let mut shared = validate(&own).expect("the document is valid").document;
    shared.rollouts.clear();
    [
        ("the document's rollout", Compiled::new(&shared)),
        ("each its own rollout", compiled(&own)),
        (
            "each its own rollout, flagd-2",
            compiled(&document(COMPONENTS, |_| None, "flagd-2")),
        ),
    ]
}

fn evaluate_all(criterion: &mut Criterion) {
    let users = users();
    let mut group = criterion.benchmark_group("all of 100 components for one user");
    group.throughput(Throughput::Elements(COMPONENTS as u64));

    let thresholds = vec![25_000; COMPONENTS];
    let mut i = 0;
    group.bench_function("floor: murmur3, compare", |bencher| {
        bencher.iter(|| {
            i += 1;
            let user = black_box(&users[i % USERS]).as_bytes();
            let is_in = |threshold: &&u32| is_below(murmur3(black_box(user)), **threshold);
            thresholds.iter().filter(is_in).count()
        });
    });
    for (name, compiled) in documents() {
        let mut i = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                i += 1;
                let user = User::id(black_box(&users[i % USERS]));
                let mut on = 0;
                compiled.evaluate_all(&user, |_, evaluation| on += u32::from(evaluation.value));
                on
            });
        });
    }
    group.finish();
}

fn count_in(criterion: &mut Criterion) {
    let ids = ids();
    let compiled = compiled(&document(COMPONENTS, |_| None, "flagd-3"));
    let component = compiled.component("area7.component7").expect("it is there");
    let mut group = criterion.benchmark_group("count who is in of 10 million ids");
    group.throughput(Throughput::Elements(roster_size() as u64));
    group.sample_size(10);

    let count_floor = |range: Range<usize>| {
        let is_in = |id: &&str| is_below(murmur3(id.as_bytes()), 25_000);
        ids.range(range).filter(is_in).count()
    };
    let count = |range: Range<usize>| compiled.count_in(component, &ids, range, &[]);
    for threads in [1, 2] {
        group.bench_function(
            BenchmarkId::new("floor: murmur3, compare", threads),
            |bencher| {
                bencher.iter(|| on_threads(threads, count_floor));
            },
        );
        group.bench_function(BenchmarkId::new("count_in", threads), |bencher| {
            bencher.iter(|| on_threads(threads, count));
        });
    }
    group.finish();
}

fn ids() -> UserIds {
    let mut ids = UserIds::new();
    for i in 0..roster_size() {
        ids.push(&format!("user{i}")).expect("far below 4 GiB");
    }
    ids
}

fn on_threads(threads: usize, count: impl Fn(Range<usize>) -> usize + Sync) -> usize {
    let share = roster_size() / threads;
    std::thread::scope(|scope| {
        let shares = (0..threads).map(|i| i * share..(i + 1) * share);
        let running: Vec<_> = shares.map(|range| scope.spawn(|| count(range))).collect();
        let counts = running.into_iter().map(std::thread::ScopedJoinHandle::join);
        counts
            .map(|count| count.expect("counting does not panic"))
            .sum()
    })
}

fn read(criterion: &mut Criterion) {
    let about = |i: usize| {
        i.is_multiple_of(10)
            .then(|| json!({"title": "A component", "owner": "a team", "tags": ["x"]}))
    };
    let bytes = document(10_000, about, "flagd-3");
    let document = validate(&bytes).expect("the document is valid").document;
    let mut group =
        criterion.benchmark_group("a document of 10 000 components, each with a rollout");
    group.sample_size(20);
    group.bench_function("floor: serde_json to a Value", |bencher| {
        bencher.iter(|| serde_json::from_slice::<Value>(black_box(&bytes)));
    });
    group.bench_function("validate", |bencher| {
        bencher.iter(|| validate(black_box(&bytes)));
    });
    group.bench_function("write", |bencher| bencher.iter(|| document.to_bytes()));
    group.bench_function("compile", |bencher| {
        bencher.iter(|| Compiled::new(black_box(&document)));
    });
    group.bench_function("validate and compile", |bencher| {
        bencher.iter(|| compiled(black_box(&bytes)));
    });
    group.finish();
}

fn compare(criterion: &mut Criterion) {
    let before = validate(&document(10_000, |_| None, "flagd-3"));
    let before = before.expect("the document is valid").document;
    let path = |name: &str| name.parse().expect("a path");
    let edits = [
        (
            "one switch",
            Edit::SetComponents {
                paths: vec![path("area7.component7")],
                on: false,
            },
        ),
        (
            "a group of 1000 renamed",
            Edit::Move {
                from: path("area7"),
                to: path("area"),
            },
        ),
        (
            "everything off",
            Edit::SetComponents {
                paths: (0..10).map(|area| path(&format!("area{area}"))).collect(),
                on: false,
            },
        ),
    ];
    let mut group =
        criterion.benchmark_group("what differs between documents of 10 000 components");
    group.sample_size(20);
    let old = before.to_tree();
    group.bench_function("floor: they are equal", |bencher| {
        let same = old.clone();
        bencher.iter(|| black_box(&old) == black_box(&same));
    });
    for (name, edit) in edits {
        let after = apply(&before, &edit).expect("the edit is valid");
        let new = after.document.to_tree();
        group.bench_function(name, |bencher| {
            bencher.iter(|| changes(black_box(&old), black_box(&new)));
        });
    }
    group.finish();
}

/// What a new revision costs beside reading and compiling it: whom each component reaches, and
/// which of them other users see than before.
fn reach(criterion: &mut Criterion) {
    const COMPONENTS: usize = 10_000;
    let bytes = document(COMPONENTS, |_| None, "flagd-3");
    let before = validate(&bytes).expect("the document is valid").document;
    let mut after = before.clone();
    after.rollouts.clear();
    let mut group = criterion.benchmark_group("reach, 10 000 components");
    group.bench_function("floor: compile", |bencher| {
        bencher.iter(|| Compiled::new(black_box(&before)));
    });
    let compiled = Compiled::new(&before);
    group.bench_function("whom each reaches", |bencher| {
        bencher.iter(|| Reaches::of(black_box(&compiled), false));
    });
    group.bench_function("whose users another document changes", |bencher| {
        bencher.iter(|| changed(black_box(&before), black_box(&after)));
    });
    group.finish();
}

criterion_group!(
    benches,
    evaluate,
    evaluate_all,
    count_in,
    read,
    compare,
    reach
);
criterion_main!(benches);
