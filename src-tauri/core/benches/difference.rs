//! How fast states are compared, each figure beside a floor measured in the same run: compare
//! within a run, never across machines.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use flagdeck_core::diff::states::Options;
use flagdeck_core::difference;
use flagdeck_core::tree::{Tree, align};
use serde_json::{Map, Value, json};

fn records(range: std::ops::Range<usize>) -> Vec<Value> {
    let record = |i: usize| json!({"id": i, "name": format!("file{i}"), "bytes": i * 37, "tags": ["a", "b"]});
    range.map(record).collect()
}

fn texts(range: std::ops::Range<usize>) -> Vec<Value> {
    range
        .map(|i| Value::from(format!("text number {i}")))
        .collect()
}

/// So many bits that repeat without a period.
fn bits(range: std::ops::Range<usize>) -> Vec<Value> {
    let bit = |i: usize| {
        let mixed = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 63
    };
    range.map(|i| Value::from(bit(i))).collect()
}

fn lists() -> Vec<(&'static str, Vec<Value>, Vec<Value>)> {
    let mut shuffled = texts(0..20_000);
    for i in 0..20_000 {
        shuffled.swap(i, i * 7919 % 20_000);
    }
    let mut edited = records(5..5005);
    edited[2500]["bytes"] = json!(-1);
    vec![
        (
            "500 numbers, 5 on",
            (0..500).map(Value::from).collect(),
            (5..505).map(Value::from).collect(),
        ),
        (
            "5000 objects, 5 on and one changed",
            records(0..5000),
            edited,
        ),
        ("20 000 texts, 5 on", texts(0..20_000), texts(5..20_005)),
        ("20 000 texts in another order", texts(0..20_000), shuffled),
        ("20 000 bits, 5 on", bits(0..20_000), bits(5..20_005)),
        (
            "20 000 zeroes, the last another",
            vec![json!(0); 20_000],
            [vec![json!(0); 19_998], vec![json!(1), json!(0)]].concat(),
        ),
        (
            "20 000 bits, all anew",
            bits(0..20_000),
            bits(50_000..70_000),
        ),
    ]
}

fn aligning(criterion: &mut Criterion) {
    for (name, before, after) in lists() {
        let [before, after] =
            [before, after].map(|list| -> Vec<Tree> { list.into_iter().map(Tree::from).collect() });
        let mut group = criterion.benchmark_group(format!("align {name}"));
        group.sample_size(20);
        group.bench_function("floor: write both", |bencher| {
            bencher.iter(|| [&before, &after].map(|list| serde_json::to_vec(black_box(list))));
        });
        group.bench_function("align", |bencher| {
            bencher.iter(|| align(black_box(&before), black_box(&after)));
        });
        group.finish();
    }
}

/// A host's state of `scale` × about 31 KiB, after `step` snapshots: series that moved on by
/// five, counters, a history by time and files of which one in a thousand changed.
fn state(scale: usize, step: usize) -> Value {
    let reading = |i: usize, at: usize| (at * (i + 7) % 1009) as f64 / 8.0 + 0.123;
    let series = |i: usize| -> Value {
        let from = step * 5;
        (from..from + 100 * scale.min(10))
            .map(|at| reading(i, at))
            .collect()
    };
    let performance: Map<String, Value> = (0..4 * scale.div_ceil(10))
        .map(|i| (format!("series{i}"), series(i)))
        .collect();
    let record = |at: usize| {
        json!({"ts": 1_700_000_000_000_u64 + at as u64 * 300_000, "verdict": "approved",
        "confidence": reading(3, at), "reasons": ["length", "style", "coverage"]})
    };
    let file = |i: usize| {
        json!({"id": i, "name": format!("src/part{i}/file{i}.ts"), "score": reading(i, i),
        "owner": {"team": format!("team{}", i % 10), "since": 2020}, "seen": if i % 1000 == 7 { step } else { 0 }})
    };
    let counters: Map<String, Value> = (0..20)
        .map(|i| {
            (
                format!("counter{i}"),
                json!(i * 100 + step * usize::from(i < 10)),
            )
        })
        .collect();
    json!({
        "flags": {"ui": {"badges": {"percentage": 12.5 + step as f64, "userGroups": ["staff"]}}},
        "metrics": {"performance": performance, "usage": counters},
        "history": (step..step + 100 * scale).map(record).collect::<Value>(),
        "files": (0..180 * scale).map(file).collect::<Value>(),
    })
}

/// What one would write first: places compared one by one, every one that differs noted.
fn plainly(at: &str, before: &Tree, after: &Tree, found: &mut Vec<(String, Tree, Tree)>) {
    match (before, after) {
        (Tree::Object(old), Tree::Object(new)) => {
            for (key, before) in old.iter() {
                let after = new.get(key).unwrap_or(&Tree::Null);
                plainly(&format!("{at}/{key}"), before, after, found);
            }
        }
        (Tree::Array(old), Tree::Array(new)) => {
            for (place, (before, after)) in old.iter().zip(new).enumerate() {
                plainly(&format!("{at}/{place}"), before, after, found);
            }
        }
        _ if before == after => {}
        _ => found.push((at.to_owned(), before.clone(), after.clone())),
    }
}

fn comparing(criterion: &mut Criterion) {
    for scale in [13, 156] {
        let (before, after) = (Tree::from(state(scale, 0)), Tree::from(state(scale, 1)));
        let kib = before.to_string().len() / 1024;
        let found = difference(&before, &after, &Options::default());
        let name = format!("two states of {kib} KiB, {} changes", found.total);
        let mut group = criterion.benchmark_group(name);
        let same = before.clone();
        group.bench_function("floor: they are equal", |bencher| {
            bencher.iter(|| black_box(&before) == black_box(&same));
        });
        group.bench_function("floor: write both", |bencher| {
            bencher.iter(|| [&before, &after].map(|state| serde_json::to_vec(black_box(state))));
        });
        group.bench_function("peer: place by place", |bencher| {
            bencher.iter(|| {
                let mut found = Vec::new();
                plainly("", black_box(&before), black_box(&after), &mut found);
                found
            });
        });
        for (name, after) in [("difference of equal ones", &same), ("difference", &after)] {
            group.bench_function(name, |bencher| {
                bencher
                    .iter(|| difference(black_box(&before), black_box(after), &Options::default()));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, aligning, comparing);
criterion_main!(benches);
