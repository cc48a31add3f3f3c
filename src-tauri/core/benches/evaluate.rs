//! How fast the core decides, each figure beside a floor written by hand and measured in the same
//! run: compare within a run, never across machines.
//!
//! The floor is a lean loop: a map behind an `ArcSwap`, the name looked up, the user's id hashed as
//! one slice, and compared. It has no groups, no prerequisites, no reasons, and no prefix to hash
//! after. This file is another crate than the core, so calls cross as those of an application do.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

mod documents;
#[path = "../../benches/measuring.rs"]
mod measuring;

use std::collections::HashMap;
use std::hint::black_box;
use std::ops::Range;
use std::time::Duration;

use arc_swap::ArcSwap;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flagdeck_core::{Compiled, User, UserIds};
use foldhash::fast::FixedState;
use serde_json::{Value, json};

use self::documents::{document, names, read_valid};
use self::measuring::sized;

const COMPONENTS: usize = 100;
const USERS: usize = 1024;

/// A component's threshold and what its users are hashed from.
type Rule = (u32, u32);

/// What a lean loop needs of a document.
struct Lean {
    by_name: HashMap<String, Rule, FixedState>,
    rules: Vec<Rule>,
}

impl Lean {
    fn new(names: &[String]) -> ArcSwap<Self> {
        let rules = names
            .iter()
            .map(|name| (25_000, murmur3(0, name.as_bytes())));
        let rules: Vec<Rule> = rules.collect();
        let mut by_name = HashMap::with_hasher(FixedState::with_seed(1));
        by_name.extend(names.iter().cloned().zip(rules.iter().copied()));
        ArcSwap::from_pointee(Self { by_name, rules })
    }
}

/// MurmurHash3 x86_32 over one slice, as plainly as it can be had.
#[inline]
fn murmur3(seed: u32, bytes: &[u8]) -> u32 {
    let mix = |block: u32| {
        let block = block.wrapping_mul(0xcc9e_2d51);
        block.rotate_left(15).wrapping_mul(0x1b87_3593)
    };
    let (blocks, rest) = bytes.as_chunks::<4>();
    let mut hash = blocks.iter().fold(seed, |hash, block| {
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

/// User ids as applications have them.
fn ids() -> [(&'static str, Vec<String>); 3] {
    let random = |i: usize| (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let uuid = |i: usize| {
        let hex = format!("{:016x}{:016x}", random(i), random(i + USERS));
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        parts.join("-")
    };
    let list = |id: &dyn Fn(usize) -> String| (0..USERS).map(id).collect();
    [
        ("user1", list(&|i| format!("user{i}"))),
        ("e-mail", list(&|i| format!("user{i}@example.com"))),
        ("UUID", list(&uuid)),
    ]
}

/// A hundred components, by what decides for them.
fn documents() -> Vec<(&'static str, ArcSwap<Compiled>)> {
    let own = document(COMPONENTS, &json!({"percentage": 25}));
    let with = |key: &str, value: Value| {
        let mut tree = own.clone();
        tree[key] = value;
        tree
    };
    let groups = json!({"percentage": 25, "userGroups": ["beta", "staff", "ops"]});
    let names = names(COMPONENTS);
    let chains = names.iter().zip(&names[10..]);
    let chains = chains.map(|(required, name)| (name.clone(), json!([required])));
    let documents = [
        ("the document's rollout", with("rollouts", json!({}))),
        ("own rollouts", own.clone()),
        ("own rollouts, flagd-2", with("bucketing", json!("flagd-2"))),
        ("own rollouts with groups", document(COMPONENTS, &groups)),
        (
            "own rollouts and nine prerequisites",
            with("requires", chains.collect()),
        ),
    ];
    let compiled = |tree: &Value| ArcSwap::from_pointee(Compiled::new(&read_valid(tree)));
    documents
        .iter()
        .map(|(name, tree)| (*name, compiled(tree)))
        .collect()
}

fn evaluate(criterion: &mut Criterion) {
    let names = names(COMPONENTS);
    let lean = Lean::new(&names);
    for (kind, users) in ids() {
        let pair = |i: usize| (names[i % COMPONENTS].as_str(), users[i % USERS].as_str());
        let mut group = criterion.benchmark_group(format!("one of 100 components, {kind}"));
        let mut i = 0;
        group.bench_function("floor: the lean loop", |bencher| {
            bencher.iter(|| {
                i += 1;
                let (name, user) = black_box(pair(i));
                let lean = lean.load();
                let (threshold, _) = lean.by_name.get(name).copied().unwrap_or_default();
                is_below(murmur3(0, user.as_bytes()), threshold)
            });
        });
        for (name, compiled) in documents() {
            let mut i = 0;
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    i += 1;
                    let (name, user) = black_box(pair(i));
                    compiled.load().evaluate(name, &User::id(user)).value
                });
            });
        }
        group.finish();
    }
}

fn evaluate_all(criterion: &mut Criterion) {
    let lean = Lean::new(&names(COMPONENTS));
    for (kind, users) in ids() {
        let mut group = criterion.benchmark_group(format!("all of 100 components, {kind}"));
        group.throughput(Throughput::Elements(COMPONENTS as u64));
        let mut i = 0;
        group.bench_function("floor: the lean loop", |bencher| {
            bencher.iter(|| {
                i += 1;
                let user = black_box(users[i % USERS].as_bytes());
                let lean = lean.load();
                let is_in = |(threshold, seed): &&Rule| is_below(murmur3(*seed, user), *threshold);
                lean.rules.iter().filter(is_in).count()
            });
        });
        let mut i = 0;
        group.bench_function("floor: the lean loop, the id read each time", |bencher| {
            bencher.iter(|| {
                i += 1;
                let user = users[i % USERS].as_bytes();
                let lean = lean.load();
                let is_in =
                    |(threshold, _): &&Rule| is_below(murmur3(0, black_box(user)), *threshold);
                lean.rules.iter().filter(is_in).count()
            });
        });
        for (name, compiled) in documents() {
            let mut i = 0;
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    i += 1;
                    let (id, groups) = (black_box(&users[i % USERS]), &["beta", "team7"]);
                    let mut on = 0;
                    let count = |_, evaluation: flagdeck_core::Evaluation| {
                        on += u32::from(evaluation.value);
                    };
                    compiled.load().evaluate_all(&User { id, groups }, count);
                    on
                });
            });
        }
        group.finish();
    }
}

/// How many users a roster has.
fn roster_size() -> usize {
    sized(10_000_000, 10_000)
}

fn count_in(criterion: &mut Criterion) {
    let mut ids = UserIds::new();
    for i in 0..roster_size() {
        ids.push(&format!("user{i}")).expect("far below 4 GiB");
    }
    let compiled = Compiled::new(&read_valid(&document(
        COMPONENTS,
        &json!({"percentage": 25}),
    )));
    let component = compiled.component("area7.component7").expect("it is there");
    let mut group = criterion.benchmark_group("count who is in of 10 million ids");
    group.throughput(Throughput::Elements(roster_size() as u64));

    let count_floor = |range: Range<usize>| {
        let is_in = |id: &&str| is_below(murmur3(0, id.as_bytes()), 25_000);
        ids.range(range).filter(is_in).count()
    };
    let count = |range: Range<usize>| compiled.count_in(component, &ids, range, &[]);
    for threads in [1, 2] {
        let floor = BenchmarkId::new("floor: murmur3, compare", threads);
        group.bench_function(floor, |bencher| {
            bencher.iter(|| on_threads(threads, count_floor));
        });
        group.bench_function(BenchmarkId::new("count_in", threads), |bencher| {
            bencher.iter(|| on_threads(threads, count));
        });
    }
    group.finish();
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

/// Users and rollouts with as many groups as there may be.
fn groups(criterion: &mut Criterion) {
    let names: Vec<String> = (0..1000).map(|i| format!("group number {i}")).collect();
    let others: Vec<String> = (0..1000).map(|i| format!("other number {i}")).collect();
    let rollout = json!({"percentage": 25, "userGroups": names});
    let compiled = Compiled::new(&read_valid(&document(COMPONENTS, &rollout)));
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let user = User {
        id: "user1",
        groups: &others,
    };
    let mut group = criterion.benchmark_group("1000 groups of a user, none of the rollout's 1000");
    group.bench_function("floor: each looked up in a set", |bencher| {
        let mut set = std::collections::HashSet::with_hasher(FixedState::with_seed(1));
        set.extend(names.iter().map(String::as_str));
        bencher.iter(|| {
            black_box(user.groups)
                .iter()
                .any(|group| set.contains(group))
        });
    });
    group.bench_function("one component", |bencher| {
        bencher.iter(|| {
            compiled
                .evaluate("area7.component7", black_box(&user))
                .value
        });
    });
    group.bench_function("all of 100 components", |bencher| {
        bencher.iter(|| {
            let mut on = 0;
            compiled.evaluate_all(black_box(&user), |_, it| on += u32::from(it.value));
            on
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(300));
    targets = evaluate, evaluate_all, count_in, groups
}
criterion_main!(benches);
