//! Who sees a component, and the edit that puts that back: never to more people.

use flagdeck_core::audience::Audience;
use flagdeck_core::rollback::{Rollback, roll_back};
use flagdeck_core::{Compiled, ComponentPath, FlagDocument, User, apply};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::arbitrary::{documents, paths, people};
use crate::support::{Written, document_of};

fn at(percentage: f64) -> Value {
    json!({"percentage": percentage})
}

/// `ui.badges` with a custom rollout, `tracker` with the default one, and `ui.top`, which
/// requires badges.
fn document(badges: Option<Value>, default: f64) -> FlagDocument {
    let mut document = json!({
        "enabled": true,
        "components": {"tracker": true, "ui": {"badges": true, "top": true}},
        "rollout": {"percentage": default},
        "requires": {"ui.top": ["ui.badges"]},
    });
    if let Some(badges) = badges {
        document["rollouts"] = json!({"ui.badges": badges});
    }
    document_of(&document)
}

fn with(mut document: FlagDocument, change: impl FnOnce(&mut Value)) -> FlagDocument {
    let mut value = document.to_value();
    change(&mut value);
    document = document_of(&value);
    document
}

fn back(component: &str, document: &FlagDocument, earlier: &[FlagDocument]) -> Option<Rollback> {
    let component = component.parse().expect("a path");
    roll_back(document, &component, earlier.iter().cloned())
}

fn sentence(component: &str, document: &FlagDocument, earlier: &[FlagDocument]) -> String {
    let rollback = back(component, document, earlier);
    rollback.map_or_else(|| "nothing".into(), |rollback| rollback.sentence)
}

#[test]
fn a_custom_rollout_goes_back_to_what_it_was() {
    let (now, before) = (document(Some(at(25.0)), 0.0), document(Some(at(5.0)), 0.0));
    assert_snapshot!(sentence("ui.badges", &now, std::slice::from_ref(&before)), @"Sets ui.badges back to 5 % (it is 25 %)");
    let edit = back("ui.badges", &now, std::slice::from_ref(&before))
        .unwrap()
        .edit;
    assert_eq!(apply(&now, &edit).unwrap().document, before);
}

#[test]
fn a_revision_that_widened_is_passed_over_if_it_is_not_narrower_than_now() {
    let of = |share| document(Some(at(share)), 0.0);
    let earlier = [of(25.0), of(5.0), of(1.0)];
    assert_snapshot!(sentence("ui.badges", &of(10.0), &earlier), @"Sets ui.badges back to 5 % (it is 10 %)");
    assert_snapshot!(sentence("ui.badges", &of(10.0), &earlier[..1]), @"Switches ui.badges off");
}

#[test]
fn what_was_off_before_is_switched_off() {
    let now = document(Some(at(25.0)), 50.0);
    let off = with(now.clone(), |it| {
        it["components"]["ui"]["badges"] = json!(false);
    });
    assert_snapshot!(sentence("ui.badges", &now, &[off]), @"Switches ui.badges off, and with it ui.top, which requires it");
    assert_snapshot!(sentence("ui.badges", &now, &[]), @"Switches ui.badges off, and with it ui.top, which requires it");
    let new = with(now.clone(), |it| {
        it["components"]["ui"] = json!({});
        it["rollouts"] = json!({});
        it["requires"] = json!({});
    });
    assert_snapshot!(sentence("ui.badges", &now, &[new]), @"Switches ui.badges off, and with it ui.top, which requires it");
}

#[test]
fn a_custom_rollout_that_was_not_there_is_removed_if_the_default_is_less() {
    let now = document(Some(at(25.0)), 0.0);
    assert_snapshot!(sentence("ui.badges", &now, &[document(None, 0.0)]), @"Removes the custom rollout of ui.badges (25 %): the default rollout, 0 %, applies");
    // 5 % of everyone by the default rollout are other people than those of the custom one.
    let now = document(Some(at(25.0)), 5.0);
    assert_snapshot!(sentence("ui.badges", &now, &[document(None, 5.0)]), @"Switches ui.badges off, and with it ui.top, which requires it");
}

#[test]
fn the_default_rollout_goes_back_if_that_is_what_changed() {
    let (now, before) = (document(None, 50.0), document(None, 5.0));
    assert_snapshot!(sentence("ui.badges", &now, &[before]), @"Sets the default rollout back to 5 % (it is 50 %), also for 2 other components");
}

#[test]
fn groups_and_strategy_go_back_as_well() {
    let staff = json!({"percentage": 5.0, "userGroups": ["staff"]});
    let both = json!({"percentage": 5.0, "userGroups": ["beta", "staff"]});
    let (now, before) = (document(Some(both), 0.0), document(Some(staff), 0.0));
    assert_snapshot!(sentence("ui.badges", &now, &[before]), @"Sets ui.badges back to group staff and 5 % (it is 2 groups and 5 %)");
}

#[test]
fn a_requirement_that_came_to_be_met_leaves_the_switch() {
    let now = document(Some(at(25.0)), 100.0);
    let unmet = with(now.clone(), |it| {
        it["requires"] = json!({"ui.badges": ["tracker"]});
        it["components"]["tracker"] = json!(false);
    });
    assert_snapshot!(sentence("ui.badges", &now, &[unmet]), @"Switches ui.badges off, and with it ui.top, which requires it");
}

#[test]
fn it_is_found_under_the_name_it_had() {
    let now = document(None, 50.0);
    let named = |name: &str, share| {
        document_of(&json!({
            "enabled": true,
            "components": {"tracker": true, "page": {name: true, "top": true}},
            "rollout": {"percentage": share},
            "requires": {"page.top": [format!("page.{name}")]},
        }))
    };
    let earlier = [
        named("badges", 50.0),
        named("marks", 50.0),
        named("marks", 5.0),
    ];
    assert_snapshot!(sentence("ui.badges", &now, &earlier), @"Sets the default rollout back to 5 % (it is 50 %), also for 2 other components");
}

#[test]
fn there_is_nothing_to_roll_back_if_nobody_sees_it() {
    let now = document(Some(at(25.0)), 0.0);
    let off = with(now.clone(), |it| it["enabled"] = json!(false));
    assert_eq!(
        sentence("ui.badges", &off, std::slice::from_ref(&now)),
        "nothing"
    );
    assert_eq!(sentence("ui.gone", &now, &[]), "nothing");
    assert_eq!(sentence("ui", &now, &[]), "nothing", "a group");
}

proptest! {
    /// What the audiences of two documents say holds for every user.
    #[test]
    fn an_audience_within_another_has_nobody_else(
        before in documents(), after in documents(), people in prop::collection::vec(people(), 20),
    ) {
        let (one, other) = (Compiled::new(&before), Compiled::new(&after));
        for path in paths(&before).iter().map(ComponentPath::as_str) {
            let audience = Audience::of(&before, path);
            prop_assert!(audience.is_within(&audience));
            let is_within = audience.is_within(&Audience::of(&after, path));
            for person in &people {
                let sees = one.evaluate(path, &person.user()).value;
                prop_assert!(sees <= (audience != Audience::Nobody));
                if is_within {
                    prop_assert!(sees <= other.evaluate(path, &person.user()).value);
                }
            }
        }
    }

    /// Whatever there was before: nobody sees more of anything, and the component fewer people.
    #[test]
    fn a_rollback_shows_nothing_to_more_people(
        now in documents(),
        earlier in prop::collection::vec((documents(), any::<bool>()), 0..5),
        at in any::<prop::sample::Index>(),
        people in prop::collection::vec(people(), 20),
    ) {
        let paths = paths(&now);
        let component = at.get(&paths);
        let earlier = earlier.into_iter().map(|(other, is_related)| match is_related {
            // Only the rollouts differ, as they mostly do.
            true => FlagDocument { rollout: other.rollout, rollouts: now.rollouts.keys().cloned()
                .zip(other.rollouts.into_values()).collect(), ..now.clone() },
            false => other,
        });
        let earlier: Vec<_> = earlier.collect();
        let Some(rollback) = roll_back(&now, component, earlier.into_iter()) else {
            prop_assert_eq!(Audience::of(&now, component.as_str()), Audience::Nobody);
            return Ok(());
        };
        let after = apply(&now, &rollback.edit).unwrap().document;
        let fewer = Audience::of(&after, component.as_str());
        prop_assert!(fewer.is_narrower_than(&Audience::of(&now, component.as_str())));
        let (before, after) = (Compiled::new(&now), Compiled::new(&after));
        for path in paths.iter().map(ComponentPath::as_str) {
            for person in &people {
                let sees = |compiled: &Compiled| compiled.evaluate(path, &person.user()).value;
                prop_assert!(sees(&after) <= sees(&before), "{}: {}", path, rollback.sentence);
            }
        }
    }
}

#[test]
fn a_rollback_is_seen_by_the_users_it_is_for() {
    let (now, before) = (document(Some(at(25.0)), 0.0), document(Some(at(5.0)), 0.0));
    let rollback = back("ui.badges", &now, &[before]).unwrap();
    let after = apply(&now, &rollback.edit).unwrap().document;
    let count = |document: &FlagDocument| {
        let compiled = Compiled::new(document);
        let users = (0..1000).map(|index| format!("user{index}"));
        users
            .filter(|id| compiled.evaluate("ui.badges", &User::id(id)).value)
            .count()
    };
    assert!((200..300).contains(&count(&now)));
    assert!((30..70).contains(&count(&after)));
}
