//! Whom a component reaches: in words, by example, and held against the evaluator itself.

use flagdeck_core::audience::changed;
use flagdeck_core::reach::Bound;
use flagdeck_core::{Compiled, FlagDocument, Reach, Reaches, User, Widening, widenings};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::arbitrary::{documents, paths, people};
use crate::support::document_of;

fn reaches(document: &FlagDocument) -> (Compiled, Reaches) {
    let compiled = Compiled::new(document);
    let reaches = Reaches::of(&compiled, !document.enabled);
    (compiled, reaches)
}

/// Says whom a component reaches.
#[track_caller]
fn check(tree: &Value, component: &str, expected: &str) {
    let (compiled, reaches) = reaches(&document_of(tree));
    let id = compiled.component(component).expect("it is a component");
    assert_eq!(reaches.say(id), expected);
}

/// Says for whom everything is on that a component requires.
#[track_caller]
fn check_met(tree: &Value, component: &str, expected: &str) {
    let (compiled, reaches) = reaches(&document_of(tree));
    let id = compiled.component(component).expect("it is a component");
    let met = reaches.met(id).expect("it requires something");
    assert_eq!(format!("Met for {}", met.phrase()), expected);
}

fn rollout(percentage: f64, groups: &[&str], strategy: &str) -> Value {
    json!({"percentage": percentage, "userGroups": groups, "strategy": strategy})
}

fn alone(rollout: Value) -> Value {
    json!({"enabled": true, "components": {"calculator": true}, "rollout": rollout})
}

/// `badges` requires `tracker`; both have custom rollouts.
fn pair(badges: Value, tracker: Value) -> Value {
    json!({
        "enabled": true,
        "components": {"badges": true, "tracker": true},
        "rollout": rollout(100.0, &[], "canary"),
        "rollouts": {"badges": badges, "tracker": tracker},
        "requires": {"badges": ["tracker"]}
    })
}

#[test]
fn one_rollout_is_said_as_it_works() {
    let says = |rollout, expected| check(&alone(rollout), "calculator", expected);
    says(rollout(100.0, &[], "canary"), "Everyone");
    says(rollout(12.5, &[], "canary"), "12.5 % of everyone");
    says(rollout(100.0, &["beta"], "canary"), "Everyone");
    says(
        rollout(10.0, &["beta"], "canary"),
        "beta, and 10 % of everyone else",
    );
    says(rollout(25.0, &["beta"], "feature"), "25 % of beta only");
    says(rollout(100.0, &["beta"], "feature"), "beta only");
    says(
        rollout(100.0, &["a", "b", "c", "d", "e"], "feature"),
        "a, b, c or 2 more only",
    );
    says(rollout(25.0, &[], "feature"), "25 % of everyone");
    says(rollout(100.0, &["beta"], "blue-green"), "Everyone");
    says(
        rollout(0.0, &["beta"], "canary"),
        "Nobody: the default rollout is at 0 %",
    );
}

#[test]
fn custom_rollouts_along_requirements_multiply() {
    let tree = pair(rollout(50.0, &[], "canary"), rollout(25.0, &[], "canary"));
    check(&tree, "badges", "12.5 % of everyone");
    check_met(&tree, "badges", "Met for 25 % of everyone");
}

#[test]
fn the_default_rollout_counts_once_however_many_follow_it() {
    let tree = json!({
        "enabled": true,
        "components": {"a": true, "b": true, "c": true},
        "rollout": rollout(20.0, &[], "canary"),
        "requires": {"a": ["b"], "b": ["c"]}
    });
    check(&tree, "a", "20 % of everyone");
    check_met(&tree, "a", "Met for 20 % of everyone");
}

#[test]
fn groups_along_requirements_are_told_only_as_far_as_they_are_sure() {
    let same = pair(
        rollout(10.0, &["beta"], "canary"),
        rollout(50.0, &["beta"], "canary"),
    );
    check(&same, "badges", "beta, and 5 % of everyone else");
    let within = pair(
        rollout(10.0, &["beta"], "canary"),
        rollout(50.0, &[], "canary"),
    );
    check(&within, "badges", "50 % of beta, and 5 % of everyone else");
    let other = pair(
        rollout(10.0, &["beta"], "canary"),
        rollout(50.0, &["staff"], "canary"),
    );
    check(
        &other,
        "badges",
        "Up to 100 % of beta or staff, and 5 % of everyone else",
    );
    check_met(&other, "badges", "Met for staff, and 50 % of everyone else");
    let strict = pair(
        rollout(10.0, &["beta"], "feature"),
        rollout(100.0, &["staff"], "feature"),
    );
    check(&strict, "badges", "Up to 10 % of beta or staff only");
}

#[test]
fn nobody_is_said_with_the_reason_that_a_person_has_to_change() {
    let on = rollout(100.0, &[], "canary");
    let zero = pair(on.clone(), rollout(0.0, &[], "canary"));
    check(&zero, "badges", "Nobody: tracker is at 0 %");
    check(&zero, "tracker", "Nobody: its rollout is at 0 %");
    check_met(&zero, "badges", "Met for nobody: tracker is at 0 %");

    let mut off = pair(on.clone(), on);
    off["components"]["tracker"] = json!(false);
    check(&off, "badges", "Nobody: tracker is off");
    check(&off, "tracker", "Nobody: switched off");
    check_met(&off, "badges", "Met for nobody: tracker is off");

    off["enabled"] = json!(false);
    check(&off, "badges", "Nobody: all flags are off");
}

#[test]
fn requirements_are_judged_even_for_a_component_that_is_off() {
    let mut tree = pair(rollout(50.0, &[], "canary"), rollout(12.5, &[], "canary"));
    tree["components"]["badges"] = json!(false);
    check_met(&tree, "badges", "Met for 12.5 % of everyone");
}

#[test]
fn shares_too_small_or_too_large_for_a_percentage_are_not_rounded_away() {
    let tree = pair(rollout(0.001, &[], "canary"), rollout(0.001, &[], "canary"));
    check(&tree, "badges", "under 0.001 % of everyone");
    let tree = pair(
        rollout(99.999, &[], "canary"),
        rollout(99.999, &[], "canary"),
    );
    check(&tree, "badges", "99.998 % of everyone");
}

/// A chain of components, each with a custom rollout, of which each requires the next.
fn chain(length: usize, percentage: f64) -> Value {
    let name = |index: usize| format!("c{index}");
    let components: Map<String, Value> = (0..length).map(|i| (name(i), json!(true))).collect();
    let rollouts: Map<String, Value> = (0..length)
        .map(|i| (name(i), rollout(percentage, &[], "canary")))
        .collect();
    let requires: Map<String, Value> = (1..length)
        .map(|i| (name(i - 1), json!([name(i)])))
        .collect();
    json!({
        "enabled": true,
        "components": components,
        "rollout": rollout(100.0, &[], "canary"),
        "rollouts": rollouts,
        "requires": requires
    })
}

#[test]
fn a_chain_too_long_to_multiply_out_is_bounded() {
    let tree = chain(200, 99.0);
    let document = document_of(&tree);
    let (compiled, reaches) = reaches(&document);
    let first = compiled.component("c0").expect("it is a component");
    assert_eq!(reaches.sees(first).bound, Bound::AtMost);
    let measured = share(&compiled, "c0", &[]);
    assert!(measured <= reaches.sees(first).others + 0.05);
    check(&chain(200, 100.0), "c0", "Everyone");
}

#[test]
fn ten_thousand_components_share_their_few_kinds() {
    let components: Map<String, Value> = (0..10_000)
        .map(|i| (format!("c{i}"), json!(i % 2 == 0)))
        .collect();
    let tree = json!({
        "enabled": true, "components": components, "rollout": rollout(5.0, &[], "canary")
    });
    let (_, reaches) = reaches(&document_of(&tree));
    assert_eq!(reaches.kinds().len(), 2, "on, and switched off");
}

#[test]
fn what_an_edit_shows_to_more_users_is_found() {
    let wider = |before: Value, after: Value| {
        let (before, after) = (document_of(&before), document_of(&after));
        let found = widenings(&before, &after);
        let line =
            |each: Widening| format!("{}: {} → {}", each.path, each.before, each.after_in_words());
        found.into_iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let groups_only = alone(rollout(25.0, &["beta"], "feature"));
    assert_eq!(
        wider(groups_only.clone(), alone(rollout(25.0, &[], "feature"))),
        "calculator: 25 % of beta only → 25 % of everyone"
    );
    assert_eq!(
        wider(
            groups_only.clone(),
            alone(rollout(25.0, &["staff"], "feature"))
        ),
        "calculator: 25 % of beta only → 25 % of staff only"
    );
    let narrower = alone(rollout(20.0, &["beta"], "feature"));
    assert_eq!(wider(groups_only.clone(), narrower), "");
    let mut off = groups_only.clone();
    off["enabled"] = json!(false);
    let everyone = alone(rollout(100.0, &[], "canary"));
    assert_eq!(
        wider(off, everyone),
        "calculator: 25 % of beta only → Everyone",
        "as soon as flags are on"
    );
    assert_eq!(
        wider(
            groups_only,
            pair(rollout(1.0, &[], "canary"), rollout(1.0, &[], "canary"))
        ),
        "",
        "added"
    );

    let required = pair(rollout(50.0, &[], "canary"), rollout(10.0, &[], "canary"));
    let mut released = required.clone();
    released["requires"] = json!({});
    assert_eq!(
        wider(required.clone(), released),
        "badges: 5 % of everyone → 50 % of everyone"
    );
    let mut followed = required.clone();
    followed["rollouts"]
        .as_object_mut()
        .expect("it is an object")
        .remove("tracker");
    assert_eq!(
        wider(required, followed),
        "badges: 5 % of everyone → 50 % of everyone\n\
         tracker: 10 % of everyone → Everyone"
    );
}

#[test]
fn users_exchanged_for_others_are_found_though_the_share_is_not_more() {
    let custom = |share| {
        let mut tree = alone(rollout(25.0, &[], "canary"));
        tree["rollouts"] = json!({"calculator": rollout(share, &[], "canary")});
        document_of(&tree)
    };
    let default = document_of(&alone(rollout(25.0, &[], "canary")));
    let found = |before: &FlagDocument, after: &FlagDocument| -> Vec<String> {
        let found = widenings(before, after);
        found.iter().map(Widening::after_in_words).collect()
    };
    let exchanged = ["25 % of everyone, other users"];
    assert_eq!(found(&custom(25.0), &default), exchanged);
    assert_eq!(found(&custom(60.0), &default), exchanged);
    assert_eq!(found(&custom(5.0), &default), ["25 % of everyone"]);
    assert!(found(&custom(100.0), &default).is_empty());
    assert_eq!(found(&default, &custom(100.0)), ["Everyone"]);
}

proptest! {
    /// An edit that widens nothing shows no component to a user who did not see it.
    #[test]
    fn what_is_not_found_shows_nothing_to_more_users(
        before in documents(),
        other in documents(),
        is_related in any::<bool>(),
        people in prop::collection::vec(people(), 20),
    ) {
        let after = match is_related {
            // Only the rollouts differ, as they mostly do.
            true => FlagDocument {
                rollout: other.rollout,
                rollouts: before.rollouts.keys().cloned().zip(other.rollouts.into_values()).collect(),
                ..before.clone()
            },
            false => other,
        };
        let widened: Vec<String> =
            widenings(&before, &after).into_iter().map(|each| each.path).collect();
        let on = |document: &FlagDocument| Compiled::new(&FlagDocument { enabled: true, ..document.clone() });
        let (was, becomes) = (on(&before), on(&after));
        let unchanged = paths(&before).into_iter().filter(|path| !widened.iter().any(|it| it == path.as_str()));
        for path in unchanged {
            for person in &people {
                let sees = |compiled: &Compiled| compiled.evaluate(path.as_str(), &person.user()).value;
                prop_assert!(sees(&becomes) <= sees(&was), "{}", path);
            }
        }
    }
}

/// How long it takes is measured by `cargo bench --bench core`.
#[test]
fn every_component_of_a_large_document_is_compared() {
    let names: Vec<String> = (0..1000).map(|i| format!("group-{i}")).collect();
    let groups: Vec<&str> = names.iter().map(String::as_str).collect();
    let components: Map<String, Value> =
        (0..4000).map(|i| (format!("c{i}"), json!(true))).collect();
    let flat = |share| {
        document_of(&json!({
            "enabled": true, "components": components, "rollout": rollout(share, &groups, "canary")
        }))
    };
    let deep = |share| document_of(&chain(1000, share));
    let pairs = [(flat(5.0), flat(6.0)), (deep(99.0), deep(99.5))];
    let counts = pairs.map(|(before, after)| changed(&before, &after).len());
    assert_eq!(counts, [4000, 1000]);
}

/// Users that stand for everyone.
const USERS: usize = 3000;

/// The share of synthetic users, all in the same groups, for whom a component is on.
fn share(compiled: &Compiled, component: &str, groups: &[&str]) -> f64 {
    let id = compiled.component(component).expect("it is a component");
    let is_on = |user: &usize| {
        let name = format!("person-{user}");
        compiled.evaluate_id(id, &User { id: &name, groups }).value
    };
    (0..USERS).filter(is_on).count() as f64 / USERS as f64
}

/// Five standard deviations of a measured share: with the same users every time, a share that
/// is inside stays inside.
fn tolerance(share: f64) -> f64 {
    5.0 * (share * (1.0 - share) / USERS as f64).sqrt() + 1e-9
}

#[track_caller]
fn assert_near(measured: f64, told: f64, what: &str) {
    assert!(
        (measured - told).abs() <= tolerance(told),
        "{what}: told {told}, measured {measured}"
    );
}

/// A sequence of numbers, the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn rollout(&mut self) -> Value {
        let percentage = [0.0, 10.0, 40.0, 75.0, 90.0, 100.0][self.below(6) as usize];
        let strategy =
            ["canary", "canary", "canary", "feature", "blue-green"][self.below(5) as usize];
        let groups: &[&str] =
            [&[][..], &["beta"], &["staff"], &["beta", "staff"]][self.below(4) as usize];
        match strategy {
            "blue-green" => rollout(100.0, groups, strategy),
            strategy => rollout(percentage, groups, strategy),
        }
    }

    /// Six components, of which each may require some that come later.
    fn tree(&mut self) -> Value {
        let names = ["a", "b", "c", "d", "e", "f"];
        let bucketing = ["flagd-3", "flagd-2"][self.below(2) as usize];
        let mut tree = json!({
            "enabled": true, "components": {}, "rollout": self.rollout(), "rollouts": {},
            "requires": {}, "bucketing": bucketing
        });
        for (index, name) in names.iter().enumerate() {
            tree["components"][*name] = json!(self.below(20) != 0);
            if self.below(4) != 0 {
                tree["rollouts"][*name] = self.rollout();
            }
            let later = names[index + 1..].iter().filter(|_| self.below(3) == 0);
            let later: Vec<&&str> = later.collect();
            if !later.is_empty() {
                tree["requires"][*name] = json!(later);
            }
        }
        tree
    }
}

#[track_caller]
fn check_measured(compiled: &Compiled, component: &str, reach: &Reach, tree: &Value) {
    let what = |who: &str| format!("{component} for {who}, told as {reach:?}, in {tree}");
    assert_near(
        share(compiled, component, &[]),
        reach.others,
        &what("no group"),
    );
    let everywhere = share(compiled, component, &["beta", "staff"]);
    let in_all = match reach.groups.is_empty() {
        true => reach.others,
        false => reach.members,
    };
    assert_near(everywhere, in_all, &what("all groups"));
    for group in ["beta", "staff"] {
        let measured = share(compiled, component, &[group]);
        let is_named = reach.groups.iter().any(|named| named == group);
        match (is_named, reach.bound) {
            (false, _) => assert_near(measured, reach.others, &what(group)),
            (true, Bound::Exact) => assert_near(measured, reach.members, &what(group)),
            (true, _) => {
                assert!(
                    measured <= reach.members + tolerance(reach.members),
                    "{}",
                    what(group)
                );
                assert!(
                    measured >= reach.others - tolerance(reach.others),
                    "{}",
                    what(group)
                );
            }
        }
    }
}

#[test]
fn what_is_told_is_what_the_evaluator_does() {
    let mut numbers = Numbers(20_261_129);
    let (mut exact, mut bounded, mut nobody) = (0, 0, 0);
    for _ in 0..80 {
        let tree = numbers.tree();
        let (compiled, reaches) = reaches(&document_of(&tree));
        for id in compiled.components() {
            let reach = reaches.sees(id);
            check_measured(&compiled, compiled.path(id), reach, &tree);
            match (&reach.nobody, reach.bound) {
                (Some(_), _) => nobody += 1,
                (None, Bound::Exact) => exact += 1,
                (None, _) => bounded += 1,
            }
        }
    }
    assert!(
        exact > 60 && bounded > 10 && nobody > 20,
        "every kind is tried: {exact} exact, {bounded} bounded, {nobody} for nobody"
    );
}

#[test]
fn what_is_met_is_what_is_on_of_all_that_is_required() {
    let mut numbers = Numbers(4680);
    for _ in 0..40 {
        let mut tree = numbers.tree();
        let (compiled, before) = reaches(&document_of(&tree));
        // A component at 100 % of its own that requires the same is on for whom that is met.
        tree["rollouts"]["a"] = rollout(100.0, &[], "canary");
        tree["components"]["a"] = json!(true);
        let (opened, after) = reaches(&document_of(&tree));
        let met = before.met(compiled.component("a").expect("it is a component"));
        let sees = after.sees(opened.component("a").expect("it is a component"));
        if let Some(met) = met {
            assert_eq!(
                (met.others, met.members),
                (sees.others, sees.members),
                "{tree}"
            );
        }
    }
}
