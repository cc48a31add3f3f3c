//! Any valid document, and any user.

use std::collections::BTreeMap;

use flagdeck_core::document::{About, Bucketing, Group, Node};
use flagdeck_core::tree::Object;
use flagdeck_core::{ComponentPath, FlagDocument, Percentage, Rollout, Strategy as Way};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

const GROUPS: [&str; 4] = ["beta", "staff", "Früh dran", "用户 \u{200f}"];

prop_compose! {
    /// A document of a few components, with everything a document may have.
    pub fn documents()(
        enabled in prop::bool::weighted(0.9),
        components in trees(),
        rollout in rollouts(),
        own in prop::collection::vec((any::<Index>(), rollouts()), 0..6),
        required in prop::collection::vec((any::<Index>(), any::<Index>()), 0..12),
        described in prop::collection::vec((any::<Index>(), abouts()), 0..3),
        bucketing in prop::sample::select(Bucketing::ALL.to_vec()),
        unknown in unknown(),
    ) -> FlagDocument {
        let mut document = FlagDocument {
            enabled,
            components,
            rollout,
            rollouts: BTreeMap::new(),
            requires: BTreeMap::new(),
            about: BTreeMap::new(),
            bucketing,
            unknown,
        };
        let paths = paths(&document);
        for (at, rollout) in own {
            document.rollouts.insert(at.get(&paths).clone(), rollout);
        }
        for (from, to) in required {
            require(&mut document, &paths, from.index(paths.len()), to.index(paths.len()));
        }
        for (at, about) in described {
            document.about.insert(at.get(&paths).clone(), about);
        }
        document
    }
}

/// Only a later component requires an earlier one, so there is no cycle.
fn require(document: &mut FlagDocument, paths: &[ComponentPath], a: usize, b: usize) {
    if a == b {
        return;
    }
    let (later, earlier) = (&paths[a.max(b)], &paths[a.min(b)]);
    let list = document.requires.entry(later.clone()).or_default();
    if !list.contains(earlier) {
        list.push(earlier.clone());
    }
}

/// The paths of all components, of which there is at least one.
pub fn paths(document: &FlagDocument) -> Vec<ComponentPath> {
    let mut paths = Vec::new();
    document.for_each_component(|path, _| paths.push(path.parse().expect("a valid path")));
    paths
}

fn trees() -> impl Strategy<Value = Group> {
    let leaf = prop::bool::weighted(0.85).prop_map(Node::Component);
    let node = leaf.prop_recursive(3, 12, 4, |node| {
        prop::collection::vec((names(), node), 0..4)
            .prop_map(|nodes| Node::Group(nodes.into_iter().collect()))
    });
    let nodes = prop::collection::vec((names(), node), 0..6);
    nodes.prop_map(|nodes| {
        let mut tree: Group = nodes.into_iter().collect();
        tree.insert("last".into(), Node::Component(true));
        tree
    })
}

fn names() -> impl Strategy<Value = String> {
    "[a-c][A-Z0-9_-]{0,2}"
}

/// Any rollout that is valid.
pub fn rollouts() -> impl Strategy<Value = Rollout> {
    let groups = prop::sample::subsequence(GROUPS.to_vec(), 0..=2);
    let strategy = prop::sample::select(Way::ALL.to_vec());
    (percentages(), groups, strategy, unknown()).prop_map(
        |(percentage, groups, strategy, unknown)| Rollout {
            percentage: match strategy {
                Way::BlueGreen if percentage != Percentage::ZERO => Percentage::FULL,
                _ => percentage,
            },
            user_groups: groups.into_iter().map(str::to_owned).collect(),
            strategy,
            unknown,
        },
    )
}

/// Any percentage, the ends often.
pub fn percentages() -> impl Strategy<Value = Percentage> {
    let milli = prop_oneof![Just(0), Just(100_000), 0..=100_000u32];
    milli.prop_map(|milli| Percentage::from_milli(milli).expect("in range"))
}

prop_compose! {
    fn abouts()(
        title in prop::option::of(".{1,9}"),
        description in prop::option::of("(?s).{1,9}"),
        owner in prop::option::of(".{1,9}"),
        tags in prop::collection::vec(".{1,5}", 0..3),
        expires in prop::option::of((1i16..=9999, 1i8..=12, 1i8..=28)),
        unknown in unknown(),
    ) -> About {
        About {
            title,
            description,
            owner,
            tags,
            expires: expires.map(|(year, month, day)| jiff::civil::date(year, month, day)),
            unknown,
        }
    }
}

/// Keys the format does not have, mostly none.
fn unknown() -> impl Strategy<Value = Object> {
    let some = prop::collection::vec(("x-(?s).{0,9}", json()), 1..3).prop_map(|entries| {
        let entries = entries.into_iter();
        entries
            .map(|(key, value)| (key.into(), value.into()))
            .collect()
    });
    prop_oneof![4 => Just(Object::default()), 1 => some]
}

/// Any JSON, a few levels deep.
pub fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(?s).{0,9}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 4, |json| {
        prop_oneof![
            prop::collection::vec(json.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("(?s).{0,5}", json), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// A user to evaluate for, owning what `User` borrows.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub groups: Vec<&'static str>,
}

impl Person {
    pub fn user(&self) -> flagdeck_core::User<'_> {
        flagdeck_core::User {
            id: &self.id,
            groups: &self.groups,
        }
    }
}

/// Any user: without an id, one of many, or with any id at all.
pub fn people() -> impl Strategy<Value = Person> {
    let id = prop_oneof![
        1 => Just(String::new()),
        6 => (0..100_000u32).prop_map(|i| format!("user{i}")),
        2 => "(?s).{0,40}",
    ];
    let groups = prop::sample::subsequence(GROUPS.to_vec(), 0..=2);
    (id, groups).prop_map(|(id, groups)| Person { id, groups })
}
