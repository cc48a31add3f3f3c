//! Evaluating all components for one user: the same as each by itself, however many there are, how
//! long their names and the user's id, and how many lists of groups they name.

use flagdeck_core::document::{Bucketing, Node};
use flagdeck_core::{Compiled, FlagDocument, Percentage, Rollout, Strategy as Way, User, UserIds};
use proptest::prelude::*;

use crate::support::arbitrary::rollouts;
use crate::support::plain;

/// Lengths around those at which the form of a key or the way it is hashed changes.
const ID_LENGTHS: [usize; 12] = [
    127, 128, 129, 130, 200, 254, 255, 256, 257, 65_535, 65_536, 70_001,
];

/// Names of four lengths: keys with them leave any number of bytes after their last whole block.
fn name(i: usize) -> String {
    format!("c{i:04}{}", "x".repeat(i % 4))
}

fn part(milli: u32) -> Rollout {
    Rollout {
        percentage: Percentage::from_milli(milli).expect("in range"),
        ..Rollout::default()
    }
}

/// A document of so many components, all on, with those of `own` that are `Some`.
fn document(
    bucketing: Bucketing,
    count: usize,
    own: impl Fn(usize) -> Option<Rollout>,
) -> FlagDocument {
    let components = (0..count).map(|i| (name(i), Node::Component(true)));
    let path = |i: usize| name(i).parse().expect("a path");
    FlagDocument {
        enabled: true,
        components: components.collect(),
        rollout: part(37_500),
        rollouts: (0..count)
            .filter_map(|i| Some((path(i), own(i)?)))
            .collect(),
        bucketing,
        ..FlagDocument::default()
    }
}

fn id_of(len: usize) -> String {
    (0..len)
        .map(|i| char::from(b'!' + (i * 31 % 90) as u8))
        .collect()
}

fn id_lengths() -> impl Iterator<Item = usize> {
    (0..=66).chain(ID_LENGTHS)
}

/// Compares evaluating all at once, each by its name, and counting with the plain reading.
fn check(document: &FlagDocument, user: &User) {
    let compiled = Compiled::new(document);
    let mut ids = UserIds::new();
    ids.push(user.id).expect("far below 4 GiB");
    let mut visited = 0;
    compiled.evaluate_all(user, |id, evaluation| {
        let path = compiled.path(id);
        assert_eq!(id, compiled.components().nth(visited).expect("as many"));
        visited += 1;
        let plain = plain::evaluate(document, path, user);
        let outcome = (evaluation.value, evaluation.reason.as_str());
        let about = format!("{path} for an id of {} bytes", user.id.len());
        assert_eq!(outcome, (plain.value, plain.reason), "{about}");
        assert_eq!(evaluation, compiled.evaluate(path, user), "{about}");
        let count = compiled.count_in(id, &ids, 0..1, user.groups);
        assert_eq!(count, usize::from(plain.value), "{about}");
        if let Some(bucket) = evaluation.bucket {
            let own = document.rollouts.contains_key(path).then_some(path);
            let expected = plain::bucket(document.bucketing, own, user.id);
            assert_eq!(u64::from(bucket), expected, "{about}");
        }
    });
    assert_eq!(visited, compiled.components().len());
}

#[test]
fn ids_of_every_length_are_hashed_as_one_key_after_names_of_every_length() {
    for bucketing in Bucketing::ALL {
        let own = |i: usize| (i % 9 != 8).then(|| part(i as u32 * 2000 % 100_000 + 1));
        let document = document(bucketing, 40, own);
        for len in id_lengths() {
            check(&document, &User::id(&id_of(len)));
        }
    }
}

#[test]
fn any_number_of_rollouts_is_evaluated_at_once() {
    for count in [0, 1, 7, 15, 16, 17, 127, 128, 129, 256, 300] {
        let document = document(Bucketing::Flagd3, count, |i| Some(part(i as u32 * 300 + 1)));
        for id in [
            "",
            "a",
            "user42",
            "a-user-with-a-name-of-more-than-24-bytes",
        ] {
            check(&document, &User::id(id));
        }
    }
}

/// Every component has a list of its own, which is more than are remembered for a user.
#[test]
fn any_number_of_lists_of_groups_is_looked_at_once_or_again() {
    let own = |i: usize| {
        let strategy = if i.is_multiple_of(2) {
            Way::Canary
        } else {
            Way::Feature
        };
        Some(Rollout {
            user_groups: vec![format!("group{}", i % 70), "all".into(), format!("g{i}")],
            strategy,
            ..part(if i.is_multiple_of(5) { 100_000 } else { 30_000 })
        })
    };
    let document = document(Bucketing::Flagd3, 140, own);
    for groups in [
        &["other"][..],
        &["group3", "group69"],
        &["other", "all"],
        &[],
    ] {
        for id in ["", "user7"] {
            check(&document, &User { id, groups });
        }
    }
}

#[test]
fn evaluating_many_rollouts_at_once_allocates_nothing() {
    let own = |i: usize| {
        let groups = if i.is_multiple_of(3) {
            vec![format!("group{i}")]
        } else {
            Vec::new()
        };
        Some(Rollout {
            user_groups: groups,
            ..part(30_000)
        })
    };
    let compiled = Compiled::new(&document(Bucketing::Flagd3, 300, own));
    for id in [
        "user42",
        "a-user-with-a-name-of-more-than-24-bytes",
        &"x".repeat(300),
    ] {
        let groups = &["group3", "group299", "other"];
        let mut on = 0;
        let info = allocation_counter::measure(|| {
            compiled.evaluate_all(&User { id, groups }, |_, it| on += usize::from(it.value));
        });
        assert_eq!(info.count_total, 0, "{id}");
        assert!((1..300).contains(&on), "{on} are on");
    }
}

#[test]
fn a_name_is_found_among_any_number_and_no_other() {
    for count in [0, 1, 2, 3, 100, 1000] {
        let compiled = Compiled::new(&document(Bucketing::Flagd3, count, |_| None));
        for (i, id) in compiled.components().enumerate() {
            assert_eq!(compiled.component(&name(i)), Some(id));
            assert_eq!(compiled.path(id), name(i));
        }
        let others = [
            "",
            "c",
            "c0000 ",
            "c000",
            "C0000",
            "c00000001x",
            &name(count),
        ];
        for other in others {
            assert_eq!(compiled.component(other), None, "{other:?} of {count}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn many_rollouts_of_any_kind_are_read_plainly(
        rollouts in prop::collection::vec(prop::option::weighted(0.8, rollouts()), 17..60),
        default in rollouts(),
        switches in prop::collection::vec(prop::bool::weighted(0.9), 60),
        required in prop::collection::vec((0..60_usize, 0..60_usize), 0..20),
        bucketing in prop::sample::select(Bucketing::ALL.to_vec()),
        id in prop_oneof!["(?s).{0,40}", "[a-z0-9-]{36}"],
        groups in prop::sample::subsequence(vec!["beta", "staff", "Früh dran", "ops"], 0..=3),
    ) {
        let count = rollouts.len();
        let mut document = document(bucketing, count, |i| rollouts[i].clone());
        document.rollout = default;
        for (i, on) in switches.iter().enumerate().take(count) {
            document.components.insert(name(i), Node::Component(*on));
        }
        // Only a later component requires an earlier one, so there is no circle.
        for (a, b) in required {
            if a < b && b < count {
                let path = |i: usize| name(i).parse().expect("a path");
                document.requires.entry(path(b)).or_default().push(path(a));
            }
        }
        check(&document, &User { id: &id, groups: &groups });
    }
}
