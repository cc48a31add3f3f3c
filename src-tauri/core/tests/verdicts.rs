//! Whether arms are within their limits: by themselves, with enough data, without flapping.

use flagdeck_core::measure::{Arm, Calculation, Tally};
use flagdeck_core::statistics::{difference_interval, share_interval};
use flagdeck_core::verdict::{
    ArmVerdict, ComponentVerdict, Criterion, Limits, Since, Standing, UNJUDGED, is_over, overall,
};
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    error_share: 0.05,
    response_s: 5.0,
    calculation_s: 2.0,
};

fn tally(total: u64, failed: u64) -> Tally {
    let mut tally = Tally::default();
    tally.durations[2] = total - failed;
    tally.errors = failed;
    tally
}

/// A hundredth of so many took longer than `duration_s`.
fn slow(total: u64, slow: u64, duration_s: f64) -> Tally {
    let mut tally = tally(total - slow, 0);
    for _ in 0..slow {
        tally.record(&Calculation {
            duration_s,
            confidence: 0.5,
            iterations: None,
        });
    }
    tally
}

fn judge(component: &str, arms: &[(Arm, Tally)]) -> ComponentVerdict {
    ComponentVerdict::of(component, Since::Revision(47), arms, &LIMITS, |_| UNJUDGED)
}

fn badges(exposed: Tally, control: Tally) -> ComponentVerdict {
    judge(
        "ui.badges",
        &[(Arm::Exposed, exposed), (Arm::Control, control)],
    )
}

fn standing(total: u64, failed: u64) -> Standing {
    ArmVerdict::of(Arm::Exposed, &tally(total, failed), &LIMITS, UNJUDGED).standing
}

#[track_caller]
fn close(value: f64, expected: f64) {
    assert!((value - expected).abs() < 5e-5, "{value}, not {expected}");
}

/// Newcombe 1998, table II, method 10.
#[test]
fn the_interval_of_a_difference_is_the_published_one() {
    for (first, second, low, high) in [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ] {
        let share = |(part, whole)| share_interval(part, whole).unwrap();
        let interval = difference_interval(share(first), share(second));
        close(interval.low, low);
        close(interval.high, high);
    }
}

#[test]
fn a_small_rollout_that_fails_is_not_hidden_by_those_who_do_not_have_it() {
    // 5 % of everyone at 9.2 %, the others at 0.6 %: pooled that is 1 %.
    let verdict = badges(tally(1000, 92), tally(19_000, 114));
    assert_eq!(verdict.standing(), Standing::Beyond);
    assert!(verdict.is_harmful());
    let (standing, sentence) = overall(std::slice::from_ref(&verdict));
    assert_eq!(standing, Standing::Beyond);
    assert_eq!(
        sentence,
        "ui.badges: 9.2 % errors on, 0.6 % off since revision 47"
    );
    assert_eq!(
        verdict.reason(),
        "9.2 % errors on, 0.6 % off since revision 47"
    );
    let difference = verdict.difference.expect("both have enough data");
    close(difference.difference, 0.086);
    assert!(difference.low > 0.06 && difference.high < 0.11);
}

#[test]
fn below_a_hundred_calculations_an_arm_is_not_judged() {
    assert_eq!(standing(99, 0), Standing::TooFew);
    assert_eq!(standing(99, 99), Standing::TooFew);
    assert_eq!(standing(100, 0), Standing::Within);
    assert_eq!(standing(100, 100), Standing::Beyond);
    let verdict = badges(tally(99, 99), tally(0, 0));
    assert_eq!(
        overall(std::slice::from_ref(&verdict)).1,
        "Not enough data yet"
    );
    assert_eq!(
        verdict.sentence(),
        "ui.badges: not enough data yet (99 on of 100 calculations since revision 47)"
    );
    let verdict = badges(tally(99, 99), tally(500, 2));
    // Those for whom it is off are fine, which says nothing about what it does.
    let early = (Standing::TooFew, "Not enough data yet".into());
    assert_eq!(overall(&[verdict]), early);
}

#[test]
fn an_arm_above_its_limit_is_never_well_even_if_its_interval_reaches_below() {
    assert_eq!(standing(500, 27), Standing::Above);
    let verdict = badges(tally(500, 27), tally(500, 3));
    assert_eq!(
        verdict.sentence(),
        "ui.badges: above the limit of 5 %: 5.4 % errors on (3.7 to 7.7 %), 0.6 % off since revision 47"
    );
    assert!(verdict.is_harmful());
    // As many fail without it: the component is not what does harm.
    let verdict = badges(tally(500, 27), tally(500, 24));
    assert!(!verdict.is_harmful());
    assert_eq!(verdict.standing(), Standing::Above);
}

#[test]
fn the_arm_without_the_component_counts_too() {
    let verdict = badges(tally(2000, 10), tally(2000, 300));
    assert_eq!(verdict.standing(), Standing::Beyond);
    assert!(!verdict.is_harmful());
    assert_eq!(
        verdict.sentence(),
        "ui.badges: 0.5 % errors on, 15 % off since revision 47"
    );
}

#[test]
fn one_arm_alone_is_judged_alone() {
    let everyone = judge("ui.badges", &[(Arm::Exposed, tally(1000, 92))]);
    assert!(everyone.is_harmful(), "nothing says that it is not");
    assert_eq!(everyone.difference, None);
    assert_eq!(
        everyone.sentence(),
        "ui.badges: 9.2 % errors on since revision 47"
    );
    let nobody = judge("ui.badges", &[(Arm::Control, tally(1000, 92))]);
    assert!(!nobody.is_harmful());
    let unknown = judge("tracker", &[(Arm::Unknown, tally(1000, 92))]);
    assert!(!unknown.is_harmful());
    assert_eq!(
        unknown.sentence(),
        "tracker: 9.2 % errors since revision 47"
    );
    let nameless = judge("", &[(Arm::Unknown, tally(1000, 92))]);
    assert_eq!(
        nameless.sentence(),
        "Calculations without a component: 9.2 % errors since revision 47"
    );
    let early = badges(tally(1000, 92), tally(20, 0));
    assert_eq!(
        early.sentence(),
        "ui.badges: 9.2 % errors on, too few off since revision 47"
    );
}

#[test]
fn durations_are_judged_by_arm_as_well() {
    let verdict = badges(slow(1000, 120, 9.0), slow(1000, 3, 9.0));
    assert_eq!(verdict.standing(), Standing::Beyond);
    assert_eq!(verdict.worst().unwrap().criterion, Some(Criterion::Late));
    assert_eq!(
        verdict.sentence(),
        "ui.badges: 12 % over 5 s on, 0.3 % off since revision 47"
    );
    // The time that one calculation may take is a mild limit: a warning, however sure.
    let verdict = badges(slow(1000, 120, 3.0), slow(1000, 3, 3.0));
    assert_eq!(verdict.standing(), Standing::Above);
    assert_eq!(
        verdict.sentence(),
        "ui.badges: 12 % over 2 s on (10 to 14 %), 0.3 % off since revision 47"
    );
}

/// Durations over 5 s are not told apart, so nobody can say that one is over 8.
#[test]
fn a_limit_beyond_the_last_edge_warns() {
    let limits = Limits {
        response_s: 8.0,
        calculation_s: 20.0,
        ..LIMITS
    };
    let judged = ArmVerdict::of(Arm::Exposed, &slow(1000, 120, 9.0), &limits, UNJUDGED);
    assert_eq!(judged.standing, Standing::Above);
    assert_eq!(judged.criterion, Some(Criterion::Late));
}

/// The share above a limit between two edges agrees with the quantile, which is read there too.
#[test]
fn a_limit_between_two_edges_counts_about_what_is_above() {
    let tally = slow(1000, 300, 3.0);
    assert_eq!(tally.about_slower_than(2.0), 300);
    assert_eq!(tally.about_slower_than(3.5), 150);
    assert_eq!(tally.about_slower_than(5.0), 0);
    assert_eq!(slow(10, 4, 60.0).about_slower_than(60.0), 4);
}

#[test]
fn the_worst_comes_first_and_the_others_are_counted() {
    let bad = |name: &str, failed| judge(name, &[(Arm::Exposed, tally(1000, failed))]);
    let mut verdicts = vec![
        bad("calm", 2),
        bad("bad", 92),
        bad("likely", 54),
        judge("early", &[(Arm::Exposed, tally(9, 9))]),
        bad("worse", 200),
    ];
    ComponentVerdict::sort(&mut verdicts);
    let names: Vec<&str> = verdicts.iter().map(|it| it.component.as_str()).collect();
    assert_eq!(names, ["worse", "bad", "likely", "calm", "early"]);
    assert_eq!(
        overall(&verdicts).1,
        "worse: 20 % errors on since revision 47; 2 more over a limit"
    );
    assert_eq!(overall(&[]).0, Standing::TooFew);
}

#[test]
fn of_equal_ones_the_component_that_does_harm_comes_first() {
    let mut verdicts = vec![
        judge("a", &[(Arm::Control, tally(1000, 400))]),
        judge("z", &[(Arm::Exposed, tally(1000, 92))]),
    ];
    ComponentVerdict::sort(&mut verdicts);
    assert_eq!(verdicts[0].component, "z");
}

/// A click on "Roll back" must hit the component that was read beside it.
#[test]
fn components_that_fail_about_equally_often_keep_their_places() {
    let mut weights = [None, None];
    let mut first = Vec::new();
    // In a thousand calculations, 92 and 95 are the same: which is more changes all the time.
    for (a, z) in [(92, 95), (96, 93), (91, 97), (98, 94)] {
        let bad = |name, failed| judge(name, &[(Arm::Exposed, tally(1000, failed))]);
        let mut verdicts = vec![
            bad("a", a).steadied(weights[0]),
            bad("z", z).steadied(weights[1]),
        ];
        weights = [Some(verdicts[0].weight), Some(verdicts[1].weight)];
        ComponentVerdict::sort(&mut verdicts);
        first.push(verdicts[0].component.clone());
    }
    assert_eq!(first, ["z"; 4]);
    // What has clearly become the worst is named.
    let mut verdicts = vec![
        judge("a", &[(Arm::Exposed, tally(1000, 200))]).steadied(weights[0]),
        judge("z", &[(Arm::Exposed, tally(1000, 94))]).steadied(weights[1]),
    ];
    ComponentVerdict::sort(&mut verdicts);
    assert_eq!(verdicts[0].component, "a");
}

/// Those for whom everything is off are fine: that says nothing about what has just been turned on.
#[test]
fn nothing_is_called_within_limits_while_no_exposed_arm_has_enough_data() {
    let of = |name, exposed, control| {
        let arms = [
            (Arm::Exposed, tally(exposed, 0)),
            (Arm::Control, tally(control, 2)),
        ];
        judge(name, &arms)
    };
    let told = |mut verdicts: Vec<ComponentVerdict>| {
        ComponentVerdict::sort(&mut verdicts);
        overall(&verdicts)
    };
    let early = vec![of("a", 16, 1000), of("z", 0, 1000)];
    assert_eq!(
        told(early),
        (Standing::TooFew, "Not enough data yet".into())
    );
    let known = vec![of("a", 16, 1000), of("z", 1000, 1000)];
    let within = "Within limits; not enough data yet for a on";
    assert_eq!(told(known), (Standing::Within, within.into()));
    // With everything off there is nothing else to go by.
    let off = vec![of("a", 0, 1000)];
    assert_eq!(told(off), (Standing::Within, "Within limits".into()));
}

#[test]
fn a_time_without_changes_is_called_by_its_length() {
    let arms = [(Arm::Exposed, tally(1000, 92))];
    let verdict = ComponentVerdict::of("a", Since::Minutes(15), &arms, &LIMITS, |_| UNJUDGED);
    assert_eq!(
        verdict.sentence(),
        "a: 9.2 % errors on in the last 15 minutes"
    );
}

#[test]
fn what_was_over_its_limit_is_within_again_a_tenth_below() {
    assert!(is_over(5.01, 5.0, false));
    assert!(!is_over(5.0, 5.0, false));
    assert!(is_over(4.6, 5.0, true));
    assert!(!is_over(4.5, 5.0, true));
    assert!(!is_over(0.0, 0.0, true), "a limit of nothing can be met");
    // And says so: it is not called above while it is below.
    let before = |_| [Standing::Above, Standing::Within, Standing::Within];
    let arms = [(Arm::Exposed, tally(1000, 48))];
    let verdict = ComponentVerdict::of("a", Since::Revision(47), &arms, &LIMITS, before);
    assert_eq!(
        verdict.sentence(),
        "a: close to the limit of 5 %: 4.8 % errors on (3.6 to 6.3 %) since revision 47"
    );
}

proptest! {
    /// A value within a per cent of its limit, whatever it does there.
    #[test]
    fn a_value_that_moves_around_its_limit_changes_the_answer_at_most_once(
        limit in 0.001..1e9_f64,
        wobbles in prop::collection::vec(-0.01..0.01_f64, 1..200),
        was_over in any::<bool>(),
    ) {
        let mut is = was_over;
        let mut changes = 0;
        for wobble in wobbles {
            let next = is_over(limit * (1.0 + wobble), limit, is);
            changes += usize::from(next != is);
            is = next;
        }
        prop_assert!(changes <= 1);
    }

    /// The same of an arm: its share, and the lower end of its interval, move around the limit.
    #[test]
    fn an_arm_that_moves_around_its_limit_changes_its_standing_at_most_once_for_each_step(
        total in 20_000..60_000_u64,
        centre in prop_oneof![Just(0.05), Just(0.0528)],
        wobbles in prop::collection::vec(-0.01..0.01_f64, 1..200),
    ) {
        let mut standings = UNJUDGED;
        let mut seen = Vec::new();
        for wobble in wobbles {
            let failed = (total as f64 * centre * (1.0 + wobble)) as u64;
            let judged = ArmVerdict::of(Arm::Exposed, &tally(total, failed), &LIMITS, standings);
            standings = judged.standings;
            seen.push(judged.standing);
        }
        seen.dedup();
        // Only ever worse: within, above, beyond.
        prop_assert!(seen.is_sorted() && seen.len() <= 3, "{:?}", seen);
    }

    #[test]
    fn a_difference_lies_in_its_interval_and_turns_with_its_shares(
        (a, n) in (0..500_u64, 1..500_u64), (b, m) in (0..500_u64, 1..500_u64),
    ) {
        let first = share_interval(a.min(n), n).unwrap();
        let second = share_interval(b.min(m), m).unwrap();
        let there = difference_interval(first, second);
        let back = difference_interval(second, first);
        prop_assert!((-1.0..=there.difference).contains(&there.low));
        prop_assert!((there.difference..=1.0).contains(&there.high));
        prop_assert!((there.low + back.high).abs() < 1e-12);
    }
}
