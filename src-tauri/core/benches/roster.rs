//! What counting over a roster costs, with a floor measured in the same run for each figure: compare
//! within a run, never across machines.
//!
//! The floor is MurmurHash3 over the bytes of every id, and a comparison: it knows no component's
//! prefix, no groups and no second document.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::print_stderr, reason = "bytes and ratios are reported, too")]

#[allow(dead_code, reason = "the other benchmarks use more of it")]
mod documents;
#[path = "../../benches/measuring.rs"]
mod measuring;

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flagdeck_core::affected::Who;
use flagdeck_core::affected::slide::{Slide, Slider};
use flagdeck_core::{
    Affected, ComponentPath, FlagDocument, Percentage, Preview, Roster, RosterBuilder, Touched,
};
use serde_json::{Value, json};

use self::documents::read_valid;
use self::measuring::sized;

fn users() -> usize {
    sized(1_000_000, 5_000)
}

/// The groups of a user: up to three of twenty.
fn groups_of(user: usize) -> Vec<String> {
    let random = (user as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let group = |place: u64| format!("group{}", (random >> (8 * place)) % 20);
    (0..random % 4).map(group).collect()
}

fn rows() -> Vec<(String, Vec<String>)> {
    let row = |user| (format!("user{user}@example.com"), groups_of(user));
    (0..users()).map(row).collect()
}

fn roster(rows: &[(String, Vec<String>)], with_groups: bool) -> Roster {
    let mut builder = RosterBuilder::new();
    for (id, groups) in rows {
        let groups = groups.iter().filter(|_| with_groups).map(String::as_str);
        builder.push(id, groups, None).expect("the row is taken");
    }
    builder.finish()
}

/// A chain of five requirements with custom rollouts, of which `search` is the first.
fn document(search: Value) -> FlagDocument {
    let mut tree = json!({
        "enabled": true,
        "components": {"search": true, "plain": true, "c1": true, "c2": true, "c3": true, "c4": true, "c5": true},
        "rollout": {"percentage": 25},
        "rollouts": {},
        "requires": {"c1": ["search"], "c2": ["c1"], "c3": ["c2"], "c4": ["c3"], "c5": ["c4"]},
    });
    for name in ["c1", "c2", "c3", "c4", "c5"] {
        tree["rollouts"][name] = json!({"percentage": 80});
    }
    tree["rollouts"]["search"] = search;
    read_valid(&tree)
}

fn plain(percentage: u32) -> FlagDocument {
    document(json!({"percentage": percentage}))
}

fn named(percentage: u32) -> FlagDocument {
    document(json!({"percentage": percentage, "userGroups": ["group1", "group2", "group3"]}))
}

fn on(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// MurmurHash3 x86_32 over one slice, as plainly as it can be had.
#[inline]
fn murmur3(bytes: &[u8]) -> u32 {
    let mix = |block: u32| {
        let block = block.wrapping_mul(0xcc9e_2d51);
        block.rotate_left(15).wrapping_mul(0x1b87_3593)
    };
    let (blocks, rest) = bytes.as_chunks::<4>();
    let mut hash = blocks.iter().fold(0, |hash, block| {
        let hash: u32 = hash ^ mix(u32::from_le_bytes(*block));
        hash.rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64)
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

fn count_floor(roster: &Roster) -> usize {
    let is_below = |id: &&str| (u64::from(murmur3(id.as_bytes())) * 100_000) >> 32 < 25_000;
    roster.ids().range(0..roster.len()).filter(is_below).count()
}

fn first_look(criterion: &mut Criterion) {
    let rows = rows();
    let (grouped, alone) = (roster(&rows, true), roster(&rows, false));
    let mut group = criterion.benchmark_group("first look, 1 million ids");
    group.throughput(Throughput::Elements(users() as u64));
    group.bench_function("floor: murmur3, compare", |bencher| {
        bencher.iter(|| count_floor(black_box(&grouped)));
    });
    for (name, roster, documents, path) in [
        (
            "no groups anywhere",
            &alone,
            [plain(25), plain(30)],
            "search",
        ),
        ("by group", &grouped, [plain(25), plain(30)], "search"),
        (
            "by group, groups first",
            &grouped,
            [named(25), named(30)],
            "search",
        ),
        (
            "five requirements, by group",
            &grouped,
            [named(25), named(30)],
            "c5",
        ),
    ] {
        let [before, after] = documents;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let preview = Preview::new(&before, &after);
                preview
                    .over(black_box(roster))
                    .component(path, 0..users(), on)
            });
        });
    }
    group.bench_function("all components, by group", |bencher| {
        bencher.iter(|| {
            let preview = Preview::new(&named(25), &named(30));
            preview.over(black_box(&grouped)).whole(0..users(), on)
        });
    });
    group.finish();
}

/// Reports what each takes against the floor: the least of many runs, of both by turns, because other
/// programs slow a machine down for seconds.
fn ratios(_: &mut Criterion) {
    let roster = roster(&rows(), true);
    let [before, after] = [named(25), named(30)];
    let preview = Preview::new(&before, &after);
    let over = preview.over(&roster);
    let search: ComponentPath = "search".parse().expect("a path");
    let slider = Slider::new(&before, Some(&search), &before.rollouts["search"]);
    let slider = slider.expect("it is a component");
    let keys = || slider.keys("search", &roster, 0..users(), on);
    let hashed = [keys().expect("nothing stops it")];
    let look = |path: &str| over.component(path, 0..users(), on).is_some();
    let sort = || Slide::<Affected>::new(&roster, &hashed).at(Percentage::FULL);
    let timed: [(&str, &dyn Fn() -> bool); 5] = [
        ("floor", &|| count_floor(black_box(&roster)) > 0),
        ("first look", &|| look("search")),
        ("first look, five requirements", &|| look("c5")),
        ("slider, hash", &|| keys().is_some()),
        ("slider, sort", &|| sort().all.takes_away()),
    ];
    let mut least = timed.map(|_| Duration::MAX);
    for _ in 0..sized(30, 1) {
        for ((_, run), least) in timed.iter().zip(&mut least) {
            let start = Instant::now();
            black_box(run());
            *least = start.elapsed().min(*least);
        }
    }
    for ((name, _), took) in timed.iter().zip(least) {
        let ratio = took.as_secs_f64() / least[0].as_secs_f64();
        eprintln!("{name}: {took:.1?}, {ratio:.2} × the floor");
    }
}

fn slider(criterion: &mut Criterion) {
    let roster = roster(&rows(), true);
    let saved = named(25);
    let search: ComponentPath = "search".parse().expect("a path");
    let slider = Slider::new(&saved, Some(&search), &saved.rollouts["search"]);
    let slider = slider.expect("it is a component");
    let keys = |path: &str| {
        slider
            .keys(path, &roster, 0..users(), on)
            .expect("nothing stops it")
    };
    let touched = || {
        slider
            .keys_touched(&roster, 0..users(), on)
            .expect("nothing stops it")
    };
    let mut group = criterion.benchmark_group("slider, 1 million ids in 20 groups");
    group.bench_function("floor: murmur3, compare", |bencher| {
        bencher.iter(|| count_floor(black_box(&roster)));
    });
    group.bench_function("hash", |bencher| bencher.iter(|| keys("search")));
    let hashed = [keys("search")];
    group.bench_function("sort", |bencher| {
        bencher.iter(|| Slide::<Affected>::new(&roster, &hashed));
    });
    group.bench_function("hash, five requirements", |bencher| {
        bencher.iter(|| keys("c5"));
    });
    group.bench_function("hash, all components", |bencher| bencher.iter(touched));
    let (one, all) = (
        Slide::new(&roster, &hashed),
        Slide::<Touched>::new(&roster, &[touched()]),
    );
    let mut percentage = 0;
    let mut next = || {
        percentage = (percentage + 777) % 100_001;
        Percentage::from_milli(percentage).expect("it is in range")
    };
    group.bench_function("step", |bencher| bencher.iter(|| one.at(next())));
    group.bench_function("step, all components", |bencher| {
        bencher.iter(|| all.at(next()));
    });
    group.finish();
}

fn lists(criterion: &mut Criterion) {
    let roster = roster(&rows(), true);
    let preview = Preview::new(&named(25), &named(30));
    let over = preview.over(&roster);
    let mut group = criterion.benchmark_group("list of 1 million ids");
    let first = |who| -> usize {
        let listed = over.list("search", who, 0).take(100);
        listed
            .map(|at| roster.groups_of(at).len() + roster.ids().get(at).len())
            .sum()
    };
    group.bench_function("the first 100 who gain", |bencher| {
        bencher.iter(|| first(Who::Gain));
    });
    group.bench_function("no user loses", |bencher| bencher.iter(|| first(Who::Lose)));
    let last = roster.ids().get(users() - 1).to_owned();
    group.bench_function("find the last id", |bencher| {
        bencher.iter(|| roster.find(&last));
    });
    group.finish();
}

fn build(criterion: &mut Criterion) {
    let rows = rows();
    let mut group = criterion.benchmark_group("build a roster of 1 million ids");
    group.throughput(Throughput::Elements(users() as u64));
    group.bench_function("by group", |bencher| bencher.iter(|| roster(&rows, true)));
    group.finish();
    for (name, weight) in [("without weights", None), ("with weights", Some(2.0))] {
        let mut text = 0;
        let used = allocation_counter::measure(|| {
            let mut builder = RosterBuilder::new();
            for (id, groups) in &rows {
                let groups = groups.iter().map(String::as_str);
                builder.push(id, groups, weight).expect("the row is taken");
            }
            let roster = builder.finish();
            text = roster.ids().text_bytes();
            std::mem::forget(roster);
        });
        let overhead = (used.bytes_current as f64 - text as f64) / users() as f64;
        eprintln!("{name}: {overhead:.2} bytes per id, without the ids' own text");
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = ratios, first_look, slider, lists, build
}
criterion_main!(benches);
