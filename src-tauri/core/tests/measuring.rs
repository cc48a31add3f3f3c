//! What is counted of calculations, and what is said of counts.

use flagdeck_core::measure::{Calculation, DURATION_EDGES_S, Tally};
use flagdeck_core::statistics::{Quantile, quantile, share_interval};
use flagdeck_core::switches;
use proptest::prelude::*;
use serde_json::json;

use crate::support::changes;

#[track_caller]
fn check_interval(part: u64, whole: u64, low: f64, high: f64) {
    let interval = share_interval(part, whole).expect("not of nothing");
    assert!((interval.low - low).abs() < 5e-5, "{interval:?}");
    assert!((interval.high - high).abs() < 5e-5, "{interval:?}");
}

/// Worked out by hand from Wilson's formula; the first three are in Newcombe 1998, "Two-sided
/// confidence intervals for the single proportion", table I (method 3).
#[test]
fn intervals_are_wilsons() {
    check_interval(81, 263, 0.2553, 0.3662);
    check_interval(15, 148, 0.0624, 0.1605);
    check_interval(0, 20, 0.0, 0.1611);
    check_interval(1, 29, 0.0061, 0.1718);
    check_interval(29, 29, 0.8830, 1.0);
    assert_eq!(share_interval(0, 0), None);
}

/// As `histogram_quantile` of PromQL has it for the same buckets.
#[test]
fn quantiles_lie_evenly_within_their_bucket() {
    let edges = [1.0, 2.0, 4.0];
    assert_eq!(
        quantile(&edges, &[10, 0, 0, 0], 0.5),
        Some(Quantile::At(0.5))
    );
    assert_eq!(
        quantile(&edges, &[0, 10, 0, 0], 0.5),
        Some(Quantile::At(1.5))
    );
    assert_eq!(
        quantile(&edges, &[5, 0, 5, 0], 0.75),
        Some(Quantile::At(3.0))
    );
    assert_eq!(
        quantile(&edges, &[5, 0, 5, 0], 0.5),
        Some(Quantile::At(1.0))
    );
    assert_eq!(quantile(&edges, &[0; 4], 0.5), None);
}

/// The founding specification's trigger: p95 above 5 s can never be read off its buckets as a
/// number, so it is said to be above the last edge.
#[test]
fn beyond_the_last_edge_nothing_is_made_up() {
    let mut tally = Tally::default();
    for duration_s in [6.0, 60.0, 600.0] {
        tally.record(&calculation(duration_s));
    }
    assert_eq!(tally.duration_quantile(0.95), Some(Quantile::Above(5.0)));
    assert_eq!(tally.slower_than(5.0), 3);
    assert_eq!(tally.slower_than(2.0), 3);
    assert_eq!(
        tally.slower_than(5.1),
        0,
        "a bucket that begins below it is not counted"
    );
}

fn calculation(duration_s: f64) -> Calculation {
    Calculation {
        duration_s,
        confidence: 0.5,
        iterations: None,
    }
}

#[test]
fn a_duration_on_an_edge_is_in_the_bucket_below_it() {
    for (index, edge) in DURATION_EDGES_S.into_iter().enumerate() {
        let mut tally = Tally::default();
        tally.record(&calculation(edge));
        assert_eq!(tally.durations[index], 1, "{edge}");
        tally.record(&calculation(edge.next_up()));
        assert_eq!(tally.durations[index + 1], 1, "{edge}");
    }
}

#[test]
fn switches_are_counted_and_nothing_else() {
    let before = json!({
        "enabled": false,
        "components": { "a": true, "b": false, "group": { "c": true, "d": true } },
        "rollout": { "percentage": 5 },
    });
    let after = json!({
        "enabled": true,
        "components": { "a": false, "b": false, "new": true, "group": { "c": false } },
        "rollout": { "percentage": 6 },
    });
    assert_eq!(switches(&changes(&before, &after)), 3);
    assert_eq!(switches(&changes(&after, &after)), 0);
}

proptest! {
    #[test]
    fn an_interval_holds_the_share_and_narrows_with_more(part in 0..500_u64, more in 0..500_u64) {
        let whole = part + more;
        prop_assume!(whole > 0);
        let few = share_interval(part, whole).expect("not of nothing");
        let many = share_interval(part * 100, whole * 100).expect("not of nothing");
        prop_assert!(few.low <= few.share && few.share <= few.high);
        prop_assert!(0.0 <= few.low && few.high <= 1.0);
        prop_assert!(many.high - many.low <= few.high - few.low);
    }

    #[test]
    fn a_quantile_is_where_that_share_of_values_lies(
        counts in proptest::array::uniform8(0..1000_u64), q in 0.0..=1.0_f64,
    ) {
        let total: u64 = counts.iter().sum();
        prop_assume!(total > 0);
        let found = quantile(&DURATION_EDGES_S, &counts, q).expect("not empty");
        let rank = q * total as f64;
        let up_to = |edges: usize| counts[..edges].iter().sum::<u64>() as f64;
        match found {
            Quantile::At(value) => {
                let edge = DURATION_EDGES_S.iter().position(|edge| value <= *edge);
                let edge = edge.expect("within the edges");
                prop_assert!(up_to(edge) <= rank + 1e-6 && rank <= up_to(edge + 1) + 1e-6);
            }
            Quantile::Above(edge) => {
                prop_assert_eq!(edge, 5.0);
                prop_assert!(rank > up_to(7) - 1e-6);
            }
        }
    }

    #[test]
    fn what_is_counted_apart_adds_up(
        durations in proptest::collection::vec(0.0..9.0_f64, 0..50), at in any::<prop::sample::Index>(),
    ) {
        let count = |durations: &[f64]| {
            let mut tally = Tally::default();
            durations.iter().for_each(|it| tally.record(&calculation(*it)));
            tally
        };
        let whole = count(&durations);
        let (one, other) = durations.split_at(at.index(durations.len() + 1));
        let mut sum = count(one);
        sum.merge(&count(other));
        prop_assert_eq!(sum.durations, whole.durations);
        prop_assert_eq!(sum.confidence.count, whole.confidence.count);
    }
}
