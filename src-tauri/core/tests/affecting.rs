//! How many users gain, lose and keep components when a document is replaced by another one.

use std::ops::ControlFlow;

use flagdeck_core::affected::{TouchedWho, Who};
use flagdeck_core::{
    Affected, ByGroup, FlagDocument, Preview, Roster, RosterBuilder, Touched, reach,
};
use flagdeck_core::{Compiled, Reaches};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use crate::support::arbitrary::{paths, people};
use crate::support::document_of;
use crate::support::rosters::{OneByOne, by_group, edits, on, roster, rows};

/// More users than are decided for at a time, in three groups and none.
fn many(count: usize) -> Roster {
    let mut builder = RosterBuilder::new();
    for i in 0..count {
        let groups: &[&str] = [&["beta"][..], &[], &["beta", "staff"], &["eu"]][i % 4];
        let groups = groups.iter().copied();
        builder
            .push(&format!("user{i}"), groups, None)
            .expect("it is taken");
    }
    builder.finish()
}

/// What happens to the user of all components, one by one.
fn touched_one_by_one(
    one_by_one: &OneByOne,
    components: &[String],
    roster: &Roster,
    at: usize,
) -> (bool, bool) {
    let who = |path: &String| one_by_one.who(path, roster, at);
    let any = |wanted: Who| components.iter().any(|path| who(path) == wanted);
    (any(Who::Gain), any(Who::Lose))
}

fn all_paths(before: &FlagDocument, after: &FlagDocument) -> Vec<String> {
    let mut all: Vec<String> = [paths(before), paths(after)]
        .concat()
        .iter()
        .map(ToString::to_string)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn cut(roster: &Roster, at: Index) -> [std::ops::Range<usize>; 2] {
    let at = at.index(roster.len() + 1);
    [0..at, at..roster.len()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn counts_are_those_of_evaluating_one_by_one(
        (before, after) in edits(),
        rows in rows(),
        at in any::<Index>(),
    ) {
        let roster = roster(&rows);
        let preview = Preview::new(&before, &after);
        let over = preview.over(&roster);
        let one_by_one = OneByOne::new(&before, &after);
        for path in all_paths(&before, &after) {
            let wanted = one_by_one.component(&path, &roster, 0..roster.len());
            let counted = over.component(&path, 0..roster.len(), on).expect("nothing stops it");
            prop_assert_eq!(&counted, &wanted, "{}", &path);
            let parts = cut(&roster, at).map(|part| over.component(&path, part, on));
            let [mut sum, more] = parts.map(|part| part.expect("nothing stops it"));
            sum += &more;
            prop_assert_eq!(&sum, &wanted, "{} in two parts", &path);
            if !preview.components().any(|other| other == path) {
                prop_assert_eq!(wanted.all.unchanged().count, roster.len() as u64);
            }
        }
    }

    #[test]
    fn a_whole_change_is_all_its_components(
        (before, after) in edits(),
        rows in rows(),
        at in any::<Index>(),
    ) {
        let roster = roster(&rows);
        let preview = Preview::new(&before, &after);
        let over = preview.over(&roster);
        let one_by_one = OneByOne::new(&before, &after);
        let paths = all_paths(&before, &after);
        let whole = over.whole(0..roster.len(), on).expect("nothing stops it");
        let touched = by_group(&roster, 0..roster.len(), |sum: &mut Touched, user, one| {
            match touched_one_by_one(&one_by_one, &paths, &roster, user) {
                (false, false) => sum.neither += one,
                (gains, loses) => {
                    if gains { sum.gain += one; }
                    if loses { sum.lose += one; }
                    if gains && loses { sum.both += one; }
                }
            }
        });
        prop_assert_eq!(&whole.touched, &touched);
        let listed: Vec<&str> = whole.components.iter().map(|(path, _)| path.as_str()).collect();
        prop_assert_eq!(listed, preview.components().collect::<Vec<_>>());
        for (path, affected) in &whole.components {
            let wanted = one_by_one.component(path, &roster, 0..roster.len());
            prop_assert_eq!(affected, &wanted.all, "{}", path);
        }
        let [sum, more] = cut(&roster, at).map(|part| over.whole(part, on));
        let mut sum = sum.expect("nothing stops it");
        sum += &more.expect("nothing stops it");
        prop_assert_eq!(&sum, &whole, "in two parts");
    }

    #[test]
    fn lists_have_those_who_are_counted(
        (before, after) in edits(),
        rows in rows(),
        which in any::<Index>(),
        from in any::<Index>(),
    ) {
        let roster = roster(&rows);
        let preview = Preview::new(&before, &after);
        let over = preview.over(&roster);
        let one_by_one = OneByOne::new(&before, &after);
        let paths = all_paths(&before, &after);
        let path = which.get(&paths);
        let from = from.index(roster.len() + 1);
        for who in [Who::Gain, Who::Lose, Who::KeepOn, Who::KeepOff] {
            let wanted = (from..roster.len()).filter(|at| one_by_one.who(path, &roster, *at) == who);
            let listed: Vec<usize> = over.list(path, who, from).collect();
            prop_assert_eq!(listed, wanted.collect::<Vec<_>>(), "{:?}", who);
        }
        for who in [TouchedWho::Gain, TouchedWho::Lose, TouchedWho::Both, TouchedWho::Neither] {
            let is_it = |at: &usize| {
                let (gains, loses) = touched_one_by_one(&one_by_one, &paths, &roster, *at);
                match who {
                    TouchedWho::Gain => gains,
                    TouchedWho::Lose => loses,
                    TouchedWho::Both => gains && loses,
                    TouchedWho::Neither => !gains && !loses,
                }
            };
            let listed: Vec<usize> = over.list_touched(who, from).collect();
            let wanted: Vec<usize> = (from..roster.len()).filter(is_it).collect();
            prop_assert_eq!(listed, wanted, "{:?}", who);
        }
    }

    #[test]
    fn expected_shares_are_those_of_the_reach(
        (before, after) in edits(),
        person in people(),
    ) {
        let preview = Preview::new(&before, &after);
        let is_close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        for path in all_paths(&before, &after) {
            let expected = preview.expected(&path, &person.groups);
            let expected = expected.expect("few rollouts are behind it");
            let sum = expected.before() + expected.gain + expected.keep_off;
            prop_assert!(is_close(sum, 1.0), "{:?}", expected);
            let others = preview.expected(&path, &[]).expect("as above");
            for (document, share) in [(&before, others.before()), (&after, others.after())] {
                let compiled = Compiled::new(document);
                let reaches = Reaches::of(&compiled, !document.enabled);
                let id = compiled.component(&path).filter(|_| document.enabled);
                let reach = id.map_or(0.0, |id| reaches.sees(id).others);
                prop_assert!(is_close(share, reach), "{}: {} and {}", path, share, reach);
            }
        }
    }
}

fn raised(percentage: u32) -> FlagDocument {
    document_of(&json!({
        "enabled": true,
        "components": {"search": true, "menu": true, "other": true},
        "rollout": {"percentage": 50},
        "rollouts": {"search": {"percentage": percentage, "userGroups": ["staff"]}},
        "requires": {"menu": ["search"]},
    }))
}

#[test]
fn many_users_are_counted_as_few() {
    let roster = many(5000);
    let (before, after) = (raised(20), raised(35));
    let preview = Preview::new(&before, &after);
    assert_eq!(preview.components().collect::<Vec<_>>(), ["search", "menu"]);
    let over = preview.over(&roster);
    let one_by_one = OneByOne::new(&before, &after);
    for path in ["search", "menu", "other"] {
        let counted = over.component(path, 0..5000, on).expect("nothing stops it");
        assert_eq!(counted, one_by_one.component(path, &roster, 0..5000));
        assert!(!counted.all.takes_away());
        let range = over
            .component(path, 1000..3100, on)
            .expect("nothing stops it");
        assert_eq!(range, one_by_one.component(path, &roster, 1000..3100));
    }
    let gain = over
        .component("search", 0..5000, on)
        .expect("nothing stops it")
        .all
        .gain;
    assert!(
        (450..=650).contains(&gain.count),
        "{gain:?}: 15 % of those who are not in staff"
    );
    let listed: Vec<usize> = over.list("search", Who::Gain, 0).collect();
    assert_eq!(listed.len() as u64, gain.count);
    let back = Preview::new(&after, &before);
    let lose = back
        .over(&roster)
        .whole(0..5000, on)
        .expect("nothing stops it");
    assert!(lose.touched.all.takes_away());
    assert_eq!(lose.touched.all.lose, gain);
}

#[test]
fn what_decides_alike_is_not_counted() {
    let document = |rollout, own| {
        document_of(&json!({
            "enabled": true,
            "components": {"a": true, "b": true},
            "rollout": rollout,
            "rollouts": {"b": own},
        }))
    };
    let same = [
        (
            json!({"percentage": 100}),
            json!({"percentage": 100, "userGroups": ["beta"]}),
        ),
        (
            json!({"percentage": 100, "strategy": "blue-green", "userGroups": ["beta"]}),
            json!({"percentage": 100}),
        ),
    ];
    let [one, other] = same.map(|(rollout, own)| document(rollout, own));
    assert_eq!(Preview::new(&one, &other).components().count(), 0);
    let groups = |names| json!({"percentage": 5, "userGroups": names});
    let one = document(groups(["beta", "staff"]), groups(["x", "y"]));
    let other = document(groups(["staff", "beta"]), groups(["x", "z"]));
    let preview = Preview::new(&one, &other);
    assert_eq!(preview.components().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn counting_tells_how_far_it_is_and_stops_when_told() {
    let roster = many(20_000);
    let preview = Preview::new(&raised(20), &raised(35));
    let over = preview.over(&roster);
    let mut told = Vec::new();
    let counted = over.component("search", 1000..20_000, |done, total| {
        told.push((done, total));
        ControlFlow::Continue(())
    });
    assert!(counted.is_some());
    assert_eq!(told.last(), Some(&(19_000, 19_000)));
    assert!(told.is_sorted() && told.len() > 2, "{told:?}");
    let stop = |done, _| match done > 5000 {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    assert_eq!(over.component("search", 0..20_000, stop), None);
    assert_eq!(over.whole(0..20_000, stop), None);
}

#[test]
fn a_chain_too_long_to_list_is_counted_all_the_same() {
    let names: Vec<String> = (0..80).map(|i| format!("c{i}")).collect();
    let document = |percentage: f64| {
        let components: serde_json::Map<_, _> = names
            .iter()
            .map(|name| (name.clone(), json!(true)))
            .collect();
        let own = json!({"percentage": 99.5});
        let mut rollouts: serde_json::Map<_, _> = names
            .iter()
            .map(|name| (name.clone(), own.clone()))
            .collect();
        rollouts.insert(
            "c0".into(),
            json!({"percentage": percentage, "userGroups": ["beta"]}),
        );
        let requires: serde_json::Map<_, _> = names
            .windows(2)
            .map(|pair| (pair[1].clone(), json!([pair[0]])))
            .collect();
        document_of(&json!({
            "enabled": true, "components": components, "rollouts": rollouts, "requires": requires,
        }))
    };
    let roster = many(1500);
    let (before, after) = (document(90.0), document(50.0));
    let preview = Preview::new(&before, &after);
    let one_by_one = OneByOne::new(&before, &after);
    for path in ["c0", "c50", "c79"] {
        let counted = preview.over(&roster).component(path, 0..1500, on);
        let counted: ByGroup<Affected> = counted.expect("nothing stops it");
        assert_eq!(counted, one_by_one.component(path, &roster, 0..1500));
        assert!(counted.all.takes_away());
    }
    assert!(preview.expected("c50", &[]).is_some());
    assert_eq!(preview.expected("c79", &[]), None);
    let compiled = Compiled::new(&before);
    let c79 = compiled.component("c79").expect("it is there");
    assert_eq!(
        Reaches::of(&compiled, false).sees(c79).bound,
        reach::Bound::AtMost
    );
}

#[test]
fn another_hash_exchanges_users_as_expected() {
    let document = |rollouts| {
        document_of(&json!({
            "enabled": true, "components": {"a": true}, "rollout": {"percentage": 25},
            "rollouts": rollouts,
        }))
    };
    let preview = Preview::new(
        &document(json!({})),
        &document(json!({"a": {"percentage": 40}})),
    );
    let expected = preview.expected("a", &[]).expect("two rollouts are few");
    let wanted = Affected {
        gain: 0.3,
        lose: 0.15,
        keep_on: 0.1,
        keep_off: 0.45,
    };
    let is_close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    assert!(is_close(expected.gain, wanted.gain) && is_close(expected.lose, wanted.lose));
    let roster = many(20_000);
    let counted = preview.over(&roster).component("a", 0..20_000, on);
    let counted = counted.expect("nothing stops it").all;
    for (count, share) in [
        (counted.gain, expected.gain),
        (counted.lose, expected.lose),
        (counted.keep_on, expected.keep_on),
        (counted.keep_off, expected.keep_off),
    ] {
        let got = count.count as f64 / 20_000.0;
        assert!((got - share).abs() < 0.02, "{got} instead of {share}");
    }
}
