//! How fast documents are read, compiled and compared, each figure beside a floor measured in the
//! same run: compare within a run, never across machines.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

mod documents;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use flagdeck_core::audience::changed;
use flagdeck_core::{Compiled, Edit, Reaches, apply, changes, validate};
use serde_json::{Value, json};

use self::documents::{document, names, read_valid};

fn read(criterion: &mut Criterion) {
    let mut tree = document(10_000, &json!({"percentage": 25}));
    for name in names(10_000).iter().step_by(10) {
        tree["about"][name] = json!({"title": "A component", "owner": "a team", "tags": ["x"]});
    }
    let bytes = tree.to_string().into_bytes();
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
        bencher.iter(|| {
            let checked = validate(black_box(&bytes)).expect("the document is valid");
            Compiled::new(&checked.document)
        });
    });
    group.finish();
}

fn compare(criterion: &mut Criterion) {
    let before = read_valid(&document(10_000, &json!({"percentage": 25})));
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
    let before = read_valid(&document(COMPONENTS, &json!({"percentage": 25})));
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

criterion_group!(benches, read, compare, reach);
criterion_main!(benches);
