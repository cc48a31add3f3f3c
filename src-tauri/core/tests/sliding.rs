//! The slider: each percentage counts as the document with that percentage.

use std::ops::ControlFlow;

use flagdeck_core::affected::slide::{Keys, Slide, Slider};
use flagdeck_core::{
    Affected, ByGroup, ComponentPath, FlagDocument, People, Preview, Rollout, Roster,
    RosterBuilder, Touched,
};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use crate::support::arbitrary::{documents, paths, percentages, rollouts};
use crate::support::document_of;
use crate::support::rosters::{OneByOne, milli, on, roster, rows};

fn slide(slider: &Slider, path: &str, roster: &Roster) -> Slide<Affected> {
    let keys = slider.keys(path, roster, 0..roster.len(), on);
    Slide::new(roster, &[keys.expect("nothing stops it")])
}

fn slide_touched(slider: &Slider, roster: &Roster) -> Slide<Touched> {
    let keys = slider.keys_touched(roster, 0..roster.len(), on);
    Slide::new(roster, &[keys.expect("nothing stops it")])
}

/// The rollout that is being edited: another one, or the one that is saved.
fn edited(
    document: &FlagDocument,
    component: Option<&ComponentPath>,
    other: Option<Rollout>,
) -> Rollout {
    let own = component.and_then(|path| document.rollouts.get(path));
    other.unwrap_or_else(|| own.unwrap_or(&document.rollout).clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn each_step_is_the_document_with_that_percentage(
        saved in documents(),
        which in prop::option::weighted(0.7, any::<Index>()),
        other in prop::option::of(rollouts()),
        rows in rows(),
        steps in prop::collection::vec(percentages(), 1..5),
        at in any::<Index>(),
    ) {
        let roster = roster(&rows);
        let all = paths(&saved);
        let component = which.map(|which| which.get(&all));
        let rollout = edited(&saved, component, other);
        let slider = Slider::new(&saved, component, &rollout).expect("it is a component");
        let at = at.index(roster.len() + 1);
        let parts = [0..at, at..roster.len()].map(|part| slider.keys_touched(&roster, part, on));
        let parts = parts.map(|part| part.expect("nothing stops it"));
        let (touched, in_parts) = (slide_touched(&slider, &roster), Slide::new(&roster, &parts));
        for percentage in steps {
            let document = slider.document(percentage);
            let preview = Preview::new(&saved, &document);
            let over = preview.over(&roster);
            let one_by_one = OneByOne::new(&saved, &document);
            for path in &all {
                let step = slide(&slider, path.as_str(), &roster).at(percentage);
                let wanted = one_by_one.component(path.as_str(), &roster, 0..roster.len());
                prop_assert_eq!(&step, &wanted, "{} at {:?}", path, percentage);
            }
            let whole = over.whole(0..roster.len(), on).expect("nothing stops it");
            prop_assert_eq!(touched.at(percentage), whole.touched.clone(), "at {:?}", percentage);
            prop_assert_eq!(in_parts.at(percentage), whole.touched, "in parts");
            for path in preview.components() {
                prop_assert!(slider.components().any(|moved| moved == path), "{} moves", path);
            }
        }
    }
}

fn many(count: usize) -> Roster {
    let mut builder = RosterBuilder::new();
    for i in 0..count {
        let groups = ["beta", "staff"].into_iter().take(i % 3);
        builder
            .push(&format!("user{i}"), groups, None)
            .expect("it is taken");
    }
    builder.finish()
}

/// A chain of five requirements with custom rollouts; `menu` is the last.
fn chain(strategy: &str, bucketing: &str) -> FlagDocument {
    document_of(&json!({
        "enabled": true,
        "components": {"a": true, "b": true, "c": true, "d": true, "e": true, "menu": true},
        "rollout": {"percentage": 30},
        "rollouts": {
            "a": {"percentage": 90}, "b": {"percentage": 80, "userGroups": ["staff"]},
            "c": {"percentage": 50, "userGroups": ["beta"], "strategy": strategy},
            "d": {"percentage": 95}, "e": {"percentage": 85}, "menu": {"percentage": 60},
        },
        "requires": {"b": ["a"], "c": ["b"], "d": ["c"], "e": ["d"], "menu": ["e"]},
        "bucketing": bucketing,
    }))
}

#[test]
fn a_rollout_in_a_chain_moves_all_that_require_it() {
    let roster = many(3000);
    for (strategy, bucketing) in [
        ("canary", "flagd-3"),
        ("feature", "flagd-3"),
        ("canary", "flagd-2"),
    ] {
        let saved = chain(strategy, bucketing);
        let c: ComponentPath = "c".parse().expect("a path");
        let slider = Slider::new(&saved, Some(&c), &saved.rollouts["c"]).expect("it is there");
        assert_eq!(
            slider.components().collect::<Vec<_>>(),
            ["c", "d", "e", "menu"]
        );
        for path in ["b", "c", "e", "menu"] {
            let slide = slide(&slider, path, &roster);
            for step in [0, 1, 25_000, 49_999, 50_000, 50_001, 99_999, 100_000] {
                let document = slider.document(milli(step));
                let wanted = OneByOne::new(&saved, &document).component(path, &roster, 0..3000);
                assert_eq!(
                    slide.at(milli(step)),
                    wanted,
                    "{path} at {step}, {strategy}"
                );
            }
        }
    }
}

#[test]
fn at_the_saved_percentage_nothing_changes() {
    let roster = many(3000);
    let saved = chain("canary", "flagd-3");
    let slider = Slider::new(&saved, None, &saved.rollout).expect("there is a default rollout");
    assert_eq!(
        slider.components().len(),
        0,
        "nothing uses the default rollout"
    );
    let c: ComponentPath = "c".parse().expect("a path");
    let slider = Slider::new(&saved, Some(&c), &saved.rollouts["c"]).expect("it is there");
    let step = slide_touched(&slider, &roster).at(milli(50_000));
    assert_eq!(step.all.neither.count, 3000);
    let raised: ByGroup<Affected> = slide(&slider, "c", &roster).at(milli(70_000));
    assert!(raised.all.gain.count > 0 && !raised.all.takes_away());
    let lowered = slide(&slider, "c", &roster).at(milli(20_000));
    assert!(lowered.all.takes_away());
    assert_eq!(lowered.all.gain.count, 0);
}

#[test]
fn a_component_that_gets_its_first_custom_rollout_exchanges_users() {
    let roster = many(3000);
    let saved = document_of(&json!({
        "enabled": true, "components": {"a": true, "b": true}, "rollout": {"percentage": 40},
    }));
    let a: ComponentPath = "a".parse().expect("a path");
    let slider = Slider::new(&saved, Some(&a), &saved.rollout).expect("it is there");
    assert_eq!(slider.components().collect::<Vec<_>>(), ["a"]);
    let step = slide(&slider, "a", &roster).at(milli(40_000)).all;
    assert!(step.gain.count > 0 && step.takes_away(), "{step:?}");
    let none: ComponentPath = "gone".parse().expect("a path");
    assert!(Slider::new(&saved, Some(&none), &saved.rollout).is_none());
}

#[test]
fn hashing_stops_when_told() {
    let roster = many(3000);
    let saved = chain("canary", "flagd-3");
    let slider = Slider::new(&saved, None, &saved.rollout).expect("there is a default rollout");
    let keys: Option<Keys<Touched>> =
        slider.keys_touched(&roster, 0..3000, |_, _| ControlFlow::Break(()));
    assert!(keys.is_none());
}

#[test]
fn rounding_leaves_no_weight_without_people() {
    let mut builder = RosterBuilder::new();
    for i in 0..3000 {
        let id = format!("user{i}");
        builder.push(&id, [], Some(0.1)).expect("it is taken");
    }
    let roster = builder.finish();
    let saved = document_of(&json!({
        "enabled": true, "components": {"a": true}, "rollout": {"percentage": 40},
    }));
    let slider = Slider::new(&saved, None, &saved.rollout).expect("there is a default rollout");
    let slide = slide(&slider, "a", &roster);
    for percentage in [40_000, 70_000, 100_000] {
        let step = slide.at(milli(percentage)).all;
        assert_eq!(step.lose, People::default());
        let weight = step.keep_off.weight + step.gain.weight + step.keep_on.weight;
        assert!((weight - 300.0).abs() < 1e-9, "{step:?}");
    }
    assert_eq!(slide.at(milli(100_000)).all.keep_off, People::default());
}
