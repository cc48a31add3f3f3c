//! What the guard costs at a tick, and what it decides: how many of ten thousand healthy rollouts it
//! rolls back in each setting, and after how many calculations of exposed users harmful ones.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::print_stderr, reason = "also reports shares and counts")]

#[allow(dead_code, reason = "the other benchmarks use more of it")]
#[path = "../../benches/measuring.rs"]
mod measuring;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use flagdeck_core::guard::memory::MemoryRule;
use flagdeck_core::guard::simulate::{Judge, Scenario, Setting, run};
use flagdeck_core::guard::{Block, Counts, Guard, Rules};
use flagdeck_core::measure::DURATION_EDGES_S;

use self::measuring::sized;

const ROLLOUTS: usize = 100;

fn rules(error_limit: Option<f64>) -> Rules {
    Rules {
        alpha: 0.01,
        tolerated_ratio: 1.0,
        error_limit,
        late_limit: error_limit,
        memory: Some(MemoryRule {
            limit_bytes: 150 << 20,
            baseline_bytes: Some(100 << 20),
        }),
        least_exposed: Some(1000),
        renews: true,
    }
}

/// Parts of calculations that take longer than each of [`DURATION_EDGES_S`]: half of them longer
/// than 120 ms, one in ten longer than 330 ms.
const TYPICAL: [f64; 7] = [1.0, 0.999, 0.59, 0.037, 0.004, 0.0002, 0.0];

/// Between 20 and 80 % slow at every edge: the slowest case for the comparison.
const SPREAD: [f64; 7] = [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];

/// Ten seconds of 200 calculations a second, of which a tenth is of exposed users.
fn block(slow: [f64; DURATION_EDGES_S.len()]) -> Block {
    let arm = |calculations: u64| Counts {
        calculations,
        failed: calculations / 50,
        late: calculations / 100,
        slow: slow
            .map(|part| (calculations as f64 * part) as u64)
            .to_vec(),
    };
    Block {
        exposed: arm(200),
        control: arm(1800),
        memory_bytes: Some(120 << 20),
        users: None,
        is_widened: true,
    }
}

fn tick(criterion: &mut Criterion) {
    for (name, slow) in [
        ("guard/tick of 100 rollouts (target 1 ms)", TYPICAL),
        (
            "guard/tick of 100 rollouts, durations spread (no target)",
            SPREAD,
        ),
    ] {
        let block = block(slow);
        let mut guards = vec![Guard::new(rules(Some(0.05))); ROLLOUTS];
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                for guard in &mut guards {
                    black_box(guard.add(black_box(&block)));
                }
            });
        });
    }
}

fn ends(scenario: &Scenario, runs: usize) -> Vec<u64> {
    let judge = Judge::Guard(Rules {
        memory: None,
        least_exposed: None,
        ..rules(None)
    });
    let run = |seed: usize| {
        let mut random = fastrand::Rng::with_seed(seed as u64);
        run(scenario, &judge, &mut || random.f64())
    };
    let mut ends: Vec<u64> = (0..runs).filter_map(run).collect();
    ends.sort_unstable();
    ends
}

fn decisions(_: &mut Criterion) {
    let runs = sized(10_000, 20);
    let scenario = |setting, control, exposed| Scenario {
        setting,
        control,
        exposed,
        share: 0.1,
        calculations: 8000,
        block: 50,
    };
    for (name, setting) in [
        ("equal arms", Setting::Even),
        ("uneven users", Setting::Uneven),
        ("bursts in both arms", Setting::Bursts),
        ("drift", Setting::Drift),
        ("ramp 5-10-25-50", Setting::Ramp),
        ("a few heavy users (no target)", Setting::Frequent),
    ] {
        for rate in [0.01, 0.05] {
            let stopped = ends(&scenario(setting, rate, rate), runs).len();
            let share = stopped as f64 * 100.0 / runs as f64;
            eprintln!("healthy, {name}, {rate}: {share:.2} % rolled back (target 1 %)");
        }
    }
    let targets = [
        (0.01, 0.03, 520),
        (0.01, 0.05, 180),
        (0.01, 0.1, 55),
        (0.01, 0.25, 20),
        (0.05, 0.1, 360),
    ];
    for (control, exposed, target) in targets {
        let ends = ends(&scenario(Setting::Even, control, exposed), runs);
        let median = ends.get(runs / 2);
        eprintln!(
            "harmful, {control} to {exposed}: half after {median:?} exposed (target {target})"
        );
    }
}

criterion_group!(benches, tick, decisions);
criterion_main!(benches);
