//! Rosters: what is taken, refused and replaced, and what can be asked of one.

use std::collections::BTreeMap;

use flagdeck_core::limits::{
    GROUP_CHARS_MAX, ROSTER_GROUPS_MAX, ROSTER_USER_GROUPS_MAX, ROSTER_WEIGHT_MAX,
};
use flagdeck_core::roster::Pushed;
use flagdeck_core::{People, Roster, RosterBuilder, RosterError};
use proptest::prelude::*;

use crate::support::rosters::{by_group, roster, rows};

fn of(rows: &[(&str, &[&str], Option<f64>)]) -> Roster {
    let mut builder = RosterBuilder::new();
    for (id, groups, weight) in rows {
        let groups = groups.iter().copied();
        builder.push(id, groups, *weight).expect("the row is taken");
    }
    builder.finish()
}

fn groups_of(roster: &Roster, at: usize) -> Vec<&str> {
    roster.groups_of(at).collect()
}

#[test]
fn users_keep_their_order_groups_and_weights() {
    let roster = of(&[
        ("ada", &["beta", "staff"], Some(2.5)),
        (" bob ", &[], None),
        ("eve", &["staff", " beta ", "staff", "", "  "], None),
    ]);
    assert_eq!(
        roster.ids().iter().collect::<Vec<_>>(),
        ["ada", " bob ", "eve"]
    );
    assert_eq!(roster.groups().collect::<Vec<_>>(), ["beta", "staff"]);
    assert_eq!(groups_of(&roster, 0), ["beta", "staff"]);
    assert!(groups_of(&roster, 1).is_empty());
    assert_eq!(groups_of(&roster, 2), ["beta", "staff"]);
    assert_eq!([0, 1, 2].map(|at| roster.weight(at)), [2.5, 1.0, 1.0]);
    assert_eq!(roster.find("eve"), Some(2));
    assert_eq!(roster.find("bob"), None);
}

#[test]
fn a_later_row_of_the_same_id_replaces_groups_and_weight() {
    let mut builder = RosterBuilder::new();
    let mut push = |id, group, weight| builder.push(id, [group], weight);
    assert_eq!(push("ada", "old", Some(3.0)), Ok(Pushed::Added));
    assert_eq!(push("bob", "staff", None), Ok(Pushed::Added));
    assert_eq!(push("ada", "staff", None), Ok(Pushed::Replaced));
    let roster = builder.finish();
    assert_eq!((roster.len(), roster.replaced()), (2, 1));
    assert_eq!(groups_of(&roster, 0), ["staff"]);
    assert_eq!(
        roster.groups().collect::<Vec<_>>(),
        ["staff"],
        "no user is in old"
    );
    assert!(!roster.has_weights());
}

#[test]
fn a_row_that_is_refused_changes_no_user() {
    let mut builder = RosterBuilder::new();
    builder.push("ada", ["beta"], None).expect("it is taken");
    let long = "g".repeat(GROUP_CHARS_MAX + 1);
    let refused = |builder: &mut RosterBuilder, id, group, weight| {
        builder
            .push(id, [group], weight)
            .expect_err("it is refused")
            .to_string()
    };
    assert_eq!(
        refused(&mut builder, "", "new", None),
        "the user id is empty"
    );
    assert_eq!(
        refused(&mut builder, "ada", &long, None),
        "a group name has at most 128 characters"
    );
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY, ROSTER_WEIGHT_MAX * 2.0] {
        let message = refused(&mut builder, "ada", "new", Some(weight));
        assert!(message.starts_with("a weight is above 0"), "{message}");
    }
    let names: Vec<String> = (0..=ROSTER_USER_GROUPS_MAX)
        .map(|i| i.to_string())
        .collect();
    let push = builder.push("ada", names.iter().map(String::as_str), None);
    assert_eq!(push, Err(RosterError::TooManyUserGroups));
    let roster = builder.finish();
    assert_eq!(roster.len(), 1);
    assert_eq!(groups_of(&roster, 0), ["beta"]);
    assert_eq!(
        roster.groups().len(),
        1,
        "groups of refused rows are not kept"
    );
}

#[test]
fn as_many_groups_are_taken_as_the_limits_say() {
    let mut builder = RosterBuilder::new();
    let names: Vec<String> = (0..=ROSTER_GROUPS_MAX)
        .map(|i| format!("group{i}"))
        .collect();
    for (at, some) in names[..ROSTER_GROUPS_MAX]
        .chunks(ROSTER_USER_GROUPS_MAX)
        .enumerate()
    {
        // Each named three times: a user is in a group once.
        let some = some.iter().chain(some).chain(some).map(String::as_str);
        let pushed = builder.push(&at.to_string(), some, None);
        assert_eq!(pushed, Ok(Pushed::Added));
    }
    let one_more = builder.push("eve", [names[ROSTER_GROUPS_MAX].as_str()], None);
    assert_eq!(one_more, Err(RosterError::TooManyGroups));
    let exact = "é".repeat(GROUP_CHARS_MAX);
    let mut builder = RosterBuilder::new();
    assert_eq!(
        builder.push("ada", [exact.as_str()], None),
        Ok(Pushed::Added)
    );
}

#[test]
fn an_empty_roster_counts_nobody() {
    let roster = RosterBuilder::new().finish();
    assert!(roster.is_empty());
    assert_eq!(roster.people().all, People::default());
    assert_eq!(roster.find("ada"), None);
}

proptest! {
    #[test]
    fn a_roster_is_the_last_row_of_each_id(rows in rows()) {
        let mut last = BTreeMap::new();
        let mut order = Vec::new();
        for (person, weight) in &rows {
            if last.insert(person.id.as_str(), (&person.groups, *weight)).is_none() {
                order.push(person.id.as_str());
            }
        }
        let roster = roster(&rows);
        prop_assert_eq!(roster.ids().iter().collect::<Vec<_>>(), order.clone());
        prop_assert_eq!(roster.replaced() as usize, rows.len() - order.len());
        for (at, id) in order.iter().enumerate() {
            let (groups, weight) = &last[id];
            let mut got = groups_of(&roster, at);
            got.sort_unstable();
            let mut wanted: Vec<&str> = groups.iter().map(|name| name.trim()).collect();
            wanted.sort_unstable();
            prop_assert_eq!(got, wanted);
            prop_assert_eq!(roster.weight(at), weight.unwrap_or(1.0));
            prop_assert_eq!(roster.find(id), Some(at));
        }
        let people = by_group(&roster, 0..roster.len(), |sum: &mut People, _, one| *sum += one);
        prop_assert_eq!(roster.people(), people);
    }
}
