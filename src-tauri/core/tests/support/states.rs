//! Trees to test with: any at all, and those of a host that reports.

use flagdeck_core::tree::{Number, Object, Tree};
use proptest::prelude::*;

/// A tree, written as `serde_json::json!` has it.
macro_rules! tree {
    ($($json:tt)+) => { flagdeck_core::tree::Tree::from(serde_json::json!($($json)+)) };
}

/// Any JSON, nested a little, with odd numbers, keys and texts.
pub fn any_tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::from),
        any::<i64>().prop_map(Tree::from),
        any::<u64>().prop_map(Tree::from),
        (0..6u64).prop_map(Tree::from),
        any::<f64>().prop_filter_map("finite", |float| Number::from_f64(float).map(Tree::Number)),
        (-2000i32..2000).prop_map(|hundredths| tree!(f64::from(hundredths) / 100.0)),
        Just(tree!(-0.0)),
        any_literal().prop_map(|literal| Tree::from(number(&literal))),
        "\\PC{0,6}".prop_map(Tree::from),
        "[ab~/.]{0,3}".prop_map(Tree::from),
    ];
    leaf.prop_recursive(4, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Tree::from),
            prop::collection::vec(("[abcd~/.]{0,2}", inner), 0..6).prop_map(object),
        ]
    })
}

/// A number of JSON as anybody may write it: of any length, often equal to others.
pub fn any_literal() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?",
        "-?[01]{1}(\\.0{1,20})?(e[+-]?0{1,2})?",
        "(1|10|100|9007199254740993|18446744073709551616)0{0,2}(\\.0{1,2})?(E-?[0-2])?",
        any::<f64>()
            .prop_filter("finite", |float| float.is_finite())
            .prop_map(|float| format!("{float:e}")),
    ]
}

/// Reads a literal.
pub fn number(literal: &str) -> Number {
    Number::read(literal).expect("it is a number")
}

/// A tree and what it may have become: mostly itself, with something changed here and there.
pub fn tree_and_next() -> impl Strategy<Value = (Tree, Tree)> {
    prop_oneof![
        (any_tree(), any_tree()),
        (any_tree(), any_tree(), any::<u64>())
            .prop_map(|(tree, other, seed)| (tree.clone(), disturbed(&tree, &other, seed))),
    ]
}

/// Puts parts of another tree here and there, drops and moves elements.
fn disturbed(tree: &Tree, other: &Tree, seed: u64) -> Tree {
    let next = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    match (tree, next >> 61) {
        (_, 0) => other.clone(),
        (Tree::Object(members), kind) => {
            let disturb = |(nth, (key, value)): (usize, (&str, &Tree))| {
                let seed = next.wrapping_add(nth as u64);
                (key.to_owned(), disturbed(value, other, seed))
            };
            let mut members: Vec<_> = members.iter().enumerate().map(disturb).collect();
            if kind == 1 {
                members.push(("new".into(), other.clone()));
            }
            if kind == 2 {
                members.reverse();
            }
            if kind == 3 && !members.is_empty() {
                members.remove(0);
            }
            object(members)
        }
        (Tree::Array(elements), kind) => {
            let mut elements = elements.clone();
            for (nth, value) in elements
                .iter_mut()
                .enumerate()
                .filter(|(nth, _)| nth % 3 == 0)
            {
                *value = disturbed(value, other, next.wrapping_add(nth as u64));
            }
            match kind {
                1 if !elements.is_empty() => drop(elements.remove(0)),
                2 => elements.reverse(),
                3 => elements.insert(0, other.clone()),
                _ => elements.push(other.clone()),
            }
            Tree::Array(elements)
        }
        (leaf, _) => leaf.clone(),
    }
}

/// Returns a tree with the keys of every object in another order.
pub fn shuffled(tree: &Tree, seed: u64) -> Tree {
    let next = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let inner = |nth: usize, value: &Tree| shuffled(value, next.wrapping_add(nth as u64));
    match tree {
        Tree::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .enumerate()
                .map(|(nth, (key, value))| (key.to_owned(), inner(nth, value)))
                .collect();
            members.sort_by_cached_key(|(key, _)| {
                let bytes = key.bytes();
                bytes.fold(next, |hash, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
                })
            });
            object(members)
        }
        Tree::Array(elements) => {
            let elements = elements.iter().enumerate();
            Tree::Array(elements.map(|(nth, value)| inner(nth, value)).collect())
        }
        leaf => leaf.clone(),
    }
}

/// An object of these members.
pub fn object(members: impl IntoIterator<Item = (String, Tree)>) -> Tree {
    let members = members.into_iter();
    let members = members.map(|(key, value)| (key.into(), value));
    members.collect::<Object>().into()
}

const SERIES: [&str; 3] = ["calculationTime", "convergenceIterations", "memoryUsage"];

/// A host that reports, with a state of about 43, 146 or 411 KiB: see [`Host::new`].
#[derive(Debug)]
pub struct Host {
    state: Tree,
    seed: u64,
    at_ms: u64,
}

impl Host {
    /// A host with series of so many numbers, so many flags and so many cached files.
    pub fn new(points: usize, flags: usize, files: usize) -> Self {
        let mut host = Self {
            state: flagdeck_core::state::initial(),
            seed: 7,
            at_ms: 1_764_000_000_000,
        };
        for flag in 0..flags {
            let on = host.below(2) == 1;
            let rule = tree!({ "enabled": on, "percentage": flag % 101 });
            host.put(&["flags", &format!("component{flag:03}")], rule);
        }
        for file in 0..files {
            let confidence = host.below(1000) as f64 / 1000.0;
            let size = host.below(90_000);
            let hash = format!("{:08x}", host.below(u64::from(u32::MAX)));
            let path = format!("src/module{:02}/file{file:04}.js", file % 17);
            let cached = tree!({ "confidence": confidence, "size": size, "hash": hash });
            host.put(&["cache", &path], cached);
        }
        for counter in 0..10 {
            host.put(
                &["metrics", "usage", &format!("counter{counter}")],
                tree!(counter * 1000),
            );
        }
        for _ in 0..points {
            host.point();
        }
        for _ in 0..100 {
            host.toggle(flags);
        }
        host
    }

    /// The sizes of the measurements.
    pub fn small() -> Self {
        Self::new(600, 40, 20)
    }
    pub fn typical() -> Self {
        Self::new(3100, 160, 646)
    }
    pub fn large() -> Self {
        Self::new(10_000, 450, 2120)
    }

    pub fn state(&self) -> &Tree {
        &self.state
    }

    /// Lets five minutes pass: one to five changes of flags, ten counters, five points in each
    /// of three series.
    pub fn pass(&mut self) {
        self.at_ms += 300_000;
        let flags = self.at(&["flags"]).as_object().map_or(0, Object::len);
        for _ in 0..=self.below(5) {
            self.toggle(flags);
        }
        for counter in 0..10 {
            let more = self.below(40);
            let count = self
                .at(&["metrics", "usage", &format!("counter{counter}")])
                .as_u64()
                .unwrap_or(0);
            self.put(
                &["metrics", "usage", &format!("counter{counter}")],
                tree!(count + more),
            );
        }
        for _ in 0..5 {
            self.point();
            for name in SERIES {
                self.series(name).remove(0);
            }
        }
    }

    fn point(&mut self) {
        let time = 120.0 + self.below(20_000) as f64 / 100.0;
        let iterations = 3 + self.below(12);
        let memory = 40_000_000 + self.below(30_000_000);
        let points = [tree!(time), tree!(iterations), tree!(memory)];
        for (name, point) in SERIES.into_iter().zip(points) {
            self.series(name).push(point);
        }
    }

    fn series(&mut self, name: &str) -> &mut Vec<Tree> {
        match self.place(&["metrics", "performance", name]) {
            Tree::Array(elements) => elements,
            other => panic!("{other} is no list"),
        }
    }

    fn at(&mut self, keys: &[&str]) -> &Tree {
        self.place(keys)
    }

    fn put(&mut self, keys: &[&str], value: Tree) {
        *self.place(keys) = value;
    }

    /// Returns a place in objects; the last key may be a new one.
    fn place(&mut self, keys: &[&str]) -> &mut Tree {
        keys.iter().fold(&mut self.state, |at, key| {
            let Tree::Object(members) = at else {
                panic!("{key} is in no object");
            };
            if !members.contains_key(key) {
                members.insert(*key, Tree::Null);
            }
            members.get_mut(key).expect("it was put there")
        })
    }

    fn toggle(&mut self, flags: usize) {
        let flag = self.below(flags.max(1) as u64);
        let key = format!("ml.flags.component{flag:03}.enabled");
        let was = *self.at(&["flags", &format!("component{flag:03}"), "enabled"]) == tree!(true);
        let line = self.below(12) * 13 + 40;
        let change = flagdeck_core::state::Change {
            key,
            old: None,
            new: Some(tree!(!was)),
            at_ms: (self.at_ms + self.below(300_000)) as i64,
            origin: format!(
                "Error\n    at Function.trackChange (js/ml/MLStateExtension.js:57:15)\n    at \
                 AppState.set (js/ml/MLStateExtension.js:34:28)\n    at toggle (js/flags/panel.js:{line}:9)"
            ),
            hint: None,
        };
        let tracked = flagdeck_core::state::track(&mut self.state, &change);
        let tracked = tracked.expect("the key is good").expect("it is tracked");
        self.remember(&tracked);
    }

    /// Adds to a ring of the host's own, which it reports with its state.
    fn remember(&mut self, change: &flagdeck_core::state::Change) {
        let record = tree!({
            "key": &change.key,
            "oldValue": &change.old,
            "newValue": &change.new,
            "timestamp": change.at_ms,
            "source": &change.origin,
        });
        let Tree::Array(ring) = self.place(&["history"]) else {
            self.put(&["history"], tree!([]));
            return self.remember(change);
        };
        ring.push(record);
        let too_many = ring.len().saturating_sub(100);
        ring.drain(..too_many);
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % bound
    }
}
