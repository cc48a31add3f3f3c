//! Whether a rollout harms: each test is a bet that a healthy rollout loses on average, exactly, so
//! that looking often finds no harm where there is none.

use flagdeck_core::guard::absolute::Absolute;
use flagdeck_core::guard::memory::MemoryRule;
use flagdeck_core::guard::ratio::Ratio;
use flagdeck_core::guard::relative::{Relative, Table};
use flagdeck_core::guard::simulate::{Judge, Scenario, Setting, run};
use flagdeck_core::guard::strict::Strict;
use flagdeck_core::guard::{Action, Block, Counts, Guard, Rules, Test, Users, split_alpha};
use proptest::prelude::*;

fn choose(n: u64, k: u64) -> f64 {
    (0..k).map(|at| (n - at) as f64 / (k - at) as f64).product()
}

/// The probability of each count of bad exposed calculations, if the odds are `ratio` times as
/// large for exposed users: Fisher's non-central hypergeometric distribution.
fn noncentral(exposed: u64, control: u64, bad: u64, ratio: f64) -> Vec<(u64, f64)> {
    let counts = bad.saturating_sub(control)..=bad.min(exposed);
    let weights = counts.map(|k| {
        let weight = choose(exposed, k) * choose(control, bad - k) * ratio.powf(k as f64);
        (k, weight)
    });
    let weights: Vec<(u64, f64)> = weights.collect();
    let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
    weights
        .into_iter()
        .map(|(k, weight)| (k, weight / sum))
        .collect()
}

fn table(exposed: u64, exposed_bad: u64, control: u64, control_bad: u64) -> Table {
    Table {
        exposed,
        exposed_bad,
        control,
        control_bad,
    }
}

fn relative(tolerated: f64, tables: &[Table]) -> f64 {
    let mut evidence = Relative::new(tolerated, false);
    for table in tables {
        evidence.add(table);
    }
    evidence.ln()
}

/// The evidence as it is defined: the mean, over 14 ratios from 1.25 to 32, of the product over all
/// blocks of how much more probable what was seen is with the ratio than with the tolerated one.
fn defined(tolerated: f64, tables: &[Table]) -> f64 {
    let ratios = (0..14).map(|at| 1.25 * (32.0_f64 / 1.25).powf(f64::from(at) / 13.0));
    let products = ratios.map(|ratio| {
        let factors = tables.iter().map(|table| {
            let bad = table.exposed_bad + table.control_bad;
            let of = |ratio| {
                let all = noncentral(table.exposed, table.control, bad, ratio);
                all.iter()
                    .find(|(k, _)| *k == table.exposed_bad)
                    .expect("a count that can be")
                    .1
            };
            of(tolerated * ratio) / of(tolerated)
        });
        factors.product::<f64>()
    });
    (products.sum::<f64>() / 14.0).ln()
}

fn tables() -> impl Strategy<Value = Table> {
    (0..30_u64, 0..30_u64)
        .prop_flat_map(|(exposed, control)| {
            (Just(exposed), 0..=exposed, Just(control), 0..=control)
        })
        .prop_map(|(exposed, exposed_bad, control, control_bad)| {
            table(exposed, exposed_bad, control, control_bad)
        })
}

proptest! {
    #[test]
    fn the_comparison_is_what_it_is_defined_to_be(
        tables in prop::collection::vec(tables(), 0..6),
        tolerated in 1.0..3.0_f64,
    ) {
        let (ln, expected) = (relative(tolerated, &tables), defined(tolerated, &tables));
        prop_assert!((ln - expected).abs() < 1e-9, "{ln} {expected}");
    }

    #[test]
    fn a_healthy_rollout_loses_the_bet_of_each_block_on_average(
        (exposed, control, bad) in (1..25_u64, 1..25_u64, 0..25_u64),
        tolerated in 1.0..3.0_f64,
        better in 0.1..1.0_f64,
    ) {
        let bad = bad.min(exposed + control);
        let mean = |ratio: f64| {
            let all = noncentral(exposed, control, bad, ratio).into_iter();
            all.map(|(k, probability)| {
                probability * relative(tolerated, &[table(exposed, k, control, bad - k)]).exp()
            }).sum::<f64>()
        };
        // At the tolerated ratio exactly 1, and never more if exposed users fare better than that.
        prop_assert!((mean(tolerated) - 1.0).abs() < 1e-9);
        prop_assert!(mean(tolerated * better) < 1.0 + 1e-9);
    }

    #[test]
    fn a_rollout_at_its_limit_loses_the_bet_against_it_on_average(
        calculations in 0..40_u64,
        limit in 0.001..=0.65_f64,
        better in 0.0..1.0_f64,
    ) {
        let mean = |rate: f64| {
            (0..=calculations).map(|bad| {
                let mut evidence = Absolute::new(limit, false);
                evidence.add(calculations, bad);
                let good = (calculations - bad) as f64;
                choose(calculations, bad) * rate.powf(bad as f64) * (1.0 - rate).powf(good)
                    * evidence.ln().exp()
            }).sum::<f64>()
        };
        prop_assert!((mean(limit) - 1.0).abs() < 1e-9);
        prop_assert!(mean(limit * better) < 1.0 + 1e-9);
    }

    #[test]
    fn users_who_are_shared_out_as_they_should_be_lose_the_bet_on_average(
        users in 0..40_u64,
        share in 0.001..0.999_f64,
    ) {
        let mean: f64 = (0..=users).map(|exposed| {
            let mut evidence = Ratio::new();
            let control = users - exposed;
            evidence.add(&Users { exposed, control, share });
            choose(users, exposed) * share.powf(exposed as f64)
                * (1.0 - share).powf(control as f64) * evidence.ln().exp()
        }).sum();
        prop_assert!((mean - 1.0).abs() < 1e-9, "{mean}");
    }

    #[test]
    fn blocks_without_one_arm_or_without_an_outcome_say_nothing(
        before in tables(), exposed in 0..50_u64, control in 0..50_u64,
    ) {
        let ln = relative(1.0, &[before]);
        for empty in [
            table(exposed, exposed / 2, 0, 0),
            table(0, 0, control, control / 2),
            table(exposed, 0, control, 0),
            table(exposed, exposed, control, control),
        ] {
            prop_assert_eq!(relative(1.0, &[before, empty]), ln);
        }
    }
}

fn rules() -> Rules {
    Rules {
        alpha: 0.01,
        tolerated_ratio: 1.0,
        error_limit: None,
        late_limit: None,
        memory: None,
        least_exposed: None,
        renews: false,
    }
}

fn counts(calculations: u64, failed: u64) -> Counts {
    Counts {
        calculations,
        failed,
        ..Counts::default()
    }
}

fn block(exposed: (u64, u64), control: (u64, u64)) -> Block {
    Block {
        exposed: counts(exposed.0, exposed.1),
        control: counts(control.0, control.1),
        ..Block::default()
    }
}

/// Returns the number of the block, from 1, after which there was a verdict first, and the verdict.
fn first(rules: Rules, blocks: &[Block]) -> Option<(usize, Action, Option<Test>)> {
    let mut guard = Guard::new(rules);
    let mut all = blocks.iter().enumerate();
    all.find_map(|(at, block)| {
        let verdict = guard.add(block)?;
        Some((at + 1, verdict.action, verdict.test))
    })
}

#[test]
fn exposed_users_who_fail_more_often_roll_back_and_those_who_fail_as_often_do_not() {
    let alike = vec![block((10, 1), (90, 9)); 200];
    assert_eq!(first(rules(), &alike), None);
    let worse = vec![block((10, 3), (90, 1)); 200];
    let found = first(rules(), &worse);
    assert_eq!(found, Some((2, Action::RollBack, Some(Test::Relative))));
    let tolerant = Rules {
        tolerated_ratio: 100.0,
        ..rules()
    };
    assert_eq!(first(tolerant, &worse), None);
    // Better is no harm, however much better.
    assert_eq!(first(rules(), &vec![block((10, 0), (90, 60)); 200]), None);
}

#[test]
fn nobody_to_compare_with_leaves_the_limit() {
    let limited = Rules {
        error_limit: Some(0.05),
        ..rules()
    };
    let everyone = vec![block((10, 4), (0, 0)); 20];
    let found = first(limited.clone(), &everyone);
    assert_eq!(found, Some((2, Action::RollBack, Some(Test::Absolute))));
    assert_eq!(first(rules(), &everyone), None);
    assert_eq!(
        first(limited.clone(), &vec![block((20, 1), (0, 0)); 500]),
        None
    );
    let late = Block {
        exposed: Counts {
            late: 4,
            ..counts(10, 0)
        },
        ..Block::default()
    };
    let slow = Rules {
        late_limit: Some(0.05),
        ..rules()
    };
    let found = first(slow, &vec![late.clone(); 20]);
    assert_eq!(found, Some((2, Action::RollBack, Some(Test::Absolute))));
    assert_eq!(first(limited, &vec![late; 20]), None);
}

#[test]
fn durations_are_compared_at_each_edge_and_the_evidence_is_their_mean() {
    let slow = |exposed: [u64; 2], control: [u64; 2]| {
        let mut block = block((10, 0), (90, 0));
        block.exposed.slow = exposed.to_vec();
        block.control.slow = control.to_vec();
        block
    };
    let blocks = vec![slow([8, 3], [72, 1]); 3];
    let mut guard = Guard::new(rules());
    assert_eq!(guard.evidence().ln_latency, None);
    for block in &blocks {
        guard.add(block);
    }
    let edge =
        |exposed_bad, control_bad| relative(1.0, &[table(10, exposed_bad, 90, control_bad); 3]);
    let mean = f64::midpoint(edge(8, 72).exp(), edge(3, 1).exp()).ln();
    let ln = guard.evidence().ln_latency.unwrap();
    assert!((ln - mean).abs() < 1e-9, "{ln} {mean}");
    let found = first(rules(), &blocks);
    assert_eq!(found, Some((2, Action::RollBack, Some(Test::Latency))));
}

#[test]
fn memory_counts_after_three_samples_in_a_row_and_only_for_what_was_widened() {
    let sample = |bytes, is_widened| Block {
        memory_bytes: Some(bytes),
        is_widened,
        ..Block::default()
    };
    let ruled = |baseline_bytes| Rules {
        memory: Some(MemoryRule {
            limit_bytes: 100,
            baseline_bytes,
        }),
        ..rules()
    };
    let found = |baseline, samples: &[u64], is_widened| {
        let blocks: Vec<Block> = samples.iter().map(|&it| sample(it, is_widened)).collect();
        first(ruled(baseline), &blocks)
    };
    let back = Some((5, Action::RollBack, Some(Test::Memory)));
    assert_eq!(found(None, &[101, 101, 100, 101, 101], true), None);
    assert_eq!(found(None, &[99, 100, 101, 102, 103], true), back);
    assert_eq!(found(None, &[99, 100, 101, 102, 103, 104], false), None);
    let hold = Some((4, Action::Hold, Some(Test::Memory)));
    assert_eq!(found(Some(40), &[60, 61, 61, 61], true), hold);
    assert_eq!(found(Some(40), &[60, 61, 61, 60, 61], true), None);
    // A block without a sample is none.
    let mut blocks = vec![sample(101, true); 3];
    blocks.insert(1, Block::default());
    let late = Some((4, Action::RollBack, Some(Test::Memory)));
    assert_eq!(first(ruled(None), &blocks), late);
}

#[test]
fn a_share_of_users_that_is_wrong_holds_unless_there_is_harm() {
    let users = |exposed, control| Block {
        users: Some(Users {
            exposed,
            control,
            share: 0.1,
        }),
        ..block((10, 0), (90, 0))
    };
    assert_eq!(first(rules(), &vec![users(10, 90); 500]), None);
    let found = first(rules(), &vec![users(20, 80); 500]);
    assert!(
        matches!(found, Some((block, Action::Hold, Some(Test::Ratio))) if block < 10),
        "{found:?}"
    );
    let harmful = Block {
        exposed: counts(10, 10),
        ..users(40, 60)
    };
    let found = first(rules(), &[harmful]);
    assert_eq!(found, Some((1, Action::RollBack, Some(Test::Relative))));
}

#[test]
fn a_rollout_may_advance_once_enough_was_seen_of_it() {
    let enough = |least| Rules {
        least_exposed: Some(least),
        ..rules()
    };
    let blocks = vec![block((10, 0), (90, 1)); 10];
    assert_eq!(first(enough(25), &blocks), Some((3, Action::Advance, None)));
    assert_eq!(first(enough(101), &blocks), None);
    // Never over harm.
    let harmful = vec![block((10, 9), (90, 1)); 10];
    let found = first(enough(10), &harmful);
    assert_eq!(found, Some((1, Action::RollBack, Some(Test::Relative))));
}

#[test]
fn a_bare_threshold_looks_at_the_last_six_blocks_of_twenty_calculations() {
    let mut strict = Strict::new(0.05);
    assert!(!strict.add(&counts(19, 19)), "too few");
    assert!(strict.add(&counts(1, 0)));
    let mut strict = Strict::new(0.05);
    assert!(strict.add(&counts(20, 2)));
    for _ in 0..5 {
        strict.add(&counts(20, 0));
    }
    assert!(!strict.add(&counts(20, 1)), "the first one is out of sight");
    let mut strict = Strict::new(0.05);
    assert!(!strict.add(&counts(20, 1)), "at the limit, not over it");
}

#[test]
fn the_probability_is_split_evenly() {
    assert_eq!(split_alpha(0.02, 4), 0.005);
    assert_eq!(split_alpha(0.02, 0), 0.02);
}

/// Runs so many rollouts; returns where each was rolled back that was.
fn simulated(scenario: &Scenario, judge: &Judge, runs: u64) -> Vec<u64> {
    let mut ends: Vec<u64> = (0..runs)
        .filter_map(|seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            run(scenario, judge, &mut || random.f64())
        })
        .collect();
    ends.sort_unstable();
    ends
}

fn scenario(setting: Setting, control: f64, exposed: f64) -> Scenario {
    Scenario {
        setting,
        control,
        exposed,
        share: 0.1,
        calculations: 2000,
        block: 50,
    }
}

/// The table of `docs/guard.md` is of ten thousand runs, which the benchmark makes.
#[test]
fn healthy_rollouts_are_left_alone_in_every_setting() {
    let judge = Judge::Guard(rules());
    for setting in [
        Setting::Even,
        Setting::Uneven,
        Setting::Bursts,
        Setting::Drift,
        Setting::Ramp,
    ] {
        let stopped = simulated(&scenario(setting, 0.02, 0.02), &judge, 200).len();
        assert!(stopped <= 4, "{setting:?}: {stopped} of 200");
    }
    let strict = Judge::Strict(0.05);
    let stopped = simulated(&scenario(Setting::Even, 0.02, 0.02), &strict, 200).len();
    assert!(stopped > 100, "the bare threshold stops {stopped} of 200");
}

#[test]
fn harmful_rollouts_are_stopped_early() {
    let judge = Judge::Guard(rules());
    // Above the medians of ten thousand runs, because these are two hundred.
    for (exposed, most) in [(0.05, 200), (0.1, 65), (0.25, 25)] {
        let ends = simulated(&scenario(Setting::Even, 0.01, exposed), &judge, 200);
        assert!(ends.len() > 100, "{exposed}: {} of 200", ends.len());
        assert!(
            ends[100] <= most,
            "{exposed}: half of them after {}",
            ends[100]
        );
    }
}

#[test]
fn harm_that_begins_late_is_seen_if_bets_are_renewed() {
    let blocks_until = |renews| {
        let mut guard = Guard::new(Rules { renews, ..rules() });
        // Two days of blocks without harm.
        for _ in 0..30_000 {
            assert_eq!(guard.add(&block((10, 0), (90, 1))), None);
        }
        (1..1000).find(|_| guard.add(&block((10, 3), (90, 1))).is_some())
    };
    let late = blocks_until(true).expect("it is seen");
    assert!(late <= 12, "{late}");
    assert!(blocks_until(false).is_none_or(|plain| plain > 10 * late));
}

#[test]
fn renewed_bets_stop_no_more_healthy_rollouts() {
    let mut random = fastrand::Rng::with_seed(19);
    let scenario = Scenario {
        setting: Setting::Even,
        control: 0.02,
        exposed: 0.02,
        share: 0.1,
        // Far more than the blocks until the first renewal.
        calculations: 30_000,
        block: 50,
    };
    let judge = Judge::Guard(Rules {
        renews: true,
        ..rules()
    });
    let runs = 400;
    let stopped = (0..runs)
        .filter(|_| run(&scenario, &judge, &mut || random.f64()).is_some())
        .count();
    // At most 1 % are expected: nine or more of 400 by chance once in 50 times at that.
    assert!(stopped <= 9, "{stopped} of {runs}");
}
