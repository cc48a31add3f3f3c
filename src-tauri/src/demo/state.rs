//! The state of the synthetic host: what an application keeps as `ml`, as the founding
//! specification has it. Made up from a seed and from what happens.
//!
//! Knows nothing of the network, and gets the time from its caller.

use std::iter;

use clap::ValueEnum;
use fastrand::Rng;
use flagdeck_core::tree::{Number, Object, Tree};
use serde::Serialize;
use serde_json::json;

use super::chance::normal;
use super::event::Event;

/// Numbers that a sliding array holds.
const ARRAY_MAX: usize = 200;

/// Numbers that come into one at once.
const NEW_NUMBERS_MAX: usize = 5;

/// Files that are looked at again at once.
const NEW_FILES: usize = 2;

/// How much of an average is made of what is new.
const FRESH_SHARE: f64 = 0.1;

/// Keeps this generator from drawing what the host's draws.
const SEED_APART: u64 = 0x5717_e000;

/// From where changes are made, as a browser would tell it.
const CALCULATED: &str = "Error\n    at MLStateExtension.trackChange (js/ml/MLStateExtension.js:58:15)\n    at Calculator.finish (js/ml/Calculator.js:212:9)\n    at Worker.onmessage (js/ml/pool.js:41:7)";
const ANALYSED: &str = "Error\n    at MLStateExtension.trackChange (js/ml/MLStateExtension.js:58:15)\n    at FileCache.store (js/ml/FileCache.js:87:11)";
const FOLLOWED: &str = "Error\n    at MLStateExtension.trackChange (js/ml/MLStateExtension.js:58:15)\n    at MLFeatureFlags.refresh (js/ml/MLFeatureFlags.js:133:19)";

/// How much state there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StateSize {
    /// About 8 KB.
    Small,
    /// About 150 KB.
    Typical,
    /// About 5 MB.
    Large,
}

impl StateSize {
    fn files(self) -> usize {
        match self {
            Self::Small => 30,
            Self::Typical => 900,
            Self::Large => 31_000,
        }
    }
}

/// A change, as the intake takes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_value: Option<Tree>,
    new_value: Tree,
    timestamp: i64,
    source: &'static str,
}

/// The state, and what has happened since it changed last.
#[derive(Debug, Clone)]
pub struct State {
    ml: Tree,
    files: usize,
    rng: Rng,
    news: News,
}

/// What happened, as far as the state has a place for it.
#[derive(Debug, Clone, Default)]
struct News {
    durations_ms: Vec<f64>,
    iterations: Vec<f64>,
    confidences: Vec<f64>,
    memory_bytes: Vec<f64>,
    errors: u32,
    uses: u32,
}

impl State {
    /// Makes up the state of a host that has run for a while; `flags` is what it follows.
    pub fn new(size: StateSize, seed: u64, flags: &Tree, at_ms: i64) -> Self {
        let mut rng = Rng::with_seed(seed ^ SEED_APART);
        let files = size.files();
        Self {
            ml: whole(files, flags, at_ms, &mut rng),
            files,
            rng,
            news: News::default(),
        }
    }

    /// Returns the tree.
    pub fn ml(&self) -> &Tree {
        &self.ml
    }

    /// Returns how many files there are.
    pub fn files(&self) -> usize {
        self.files
    }

    /// Puts another tree in place of it, whatever is in there.
    pub fn take_in(&mut self, ml: Tree) {
        self.ml = ml;
    }

    /// Takes note of what happened.
    pub fn observe(&mut self, events: &[Event]) {
        let news = &mut self.news;
        for event in events {
            match event {
                Event::Complete {
                    duration_s,
                    confidence,
                    iterations,
                    ..
                } => {
                    news.durations_ms.push(tenth(duration_s * 1000.0));
                    news.iterations.push(f64::from(*iterations));
                    news.confidences.push(*confidence);
                }
                Event::Error { .. } => news.errors += 1,
                Event::Memory { bytes } => news.memory_bytes.push(*bytes as f64),
                Event::Usage => news.uses += 1,
            }
        }
    }

    /// Follows the flags, and returns what that changed.
    pub fn follow(&mut self, flags: Tree, at_ms: i64) -> Vec<Change> {
        let change = self.set("flags", flags, at_ms, FOLLOWED);
        change.into_iter().collect()
    }

    /// Changes by what has happened since the last time, and returns what that changed.
    pub fn change(&mut self, at_ms: i64) -> Vec<Change> {
        let news = std::mem::take(&mut self.news);
        let mut changes = Vec::new();
        let pushed = [
            ("metrics.performance.calculationTime", &news.durations_ms),
            (
                "metrics.performance.convergenceIterations",
                &news.iterations,
            ),
            ("metrics.performance.memoryUsage", &news.memory_bytes),
        ];
        for (key, numbers) in pushed {
            changes.extend(self.push(key, numbers, at_ms));
        }
        changes.extend(self.count(&news, at_ms));
        changes.extend(self.judge(&news, at_ms));
        for _ in 0..NEW_FILES {
            changes.extend(self.analyse(at_ms));
        }
        changes
    }

    /// Counts what was used.
    fn count(&mut self, news: &News, at_ms: i64) -> Vec<Change> {
        let counts = [
            ("metrics.usage.filesAnalyzed", NEW_FILES as u64),
            ("metrics.usage.feedbackProvided", u64::from(news.uses)),
        ];
        let counted = counts.map(|(key, more)| {
            let count = self.number(key).unwrap_or(0.0) as u64 + more;
            self.set(key, count.into(), at_ms, CALCULATED)
        });
        let mut changes: Vec<Change> = counted.into_iter().flatten().collect();
        if news.uses > 0 {
            let gain = tenth(10.0 * (0.5 + 0.2 * normal(&mut self.rng)).abs());
            changes.extend(self.push("metrics.usage.confidenceImprovement", &[gain], at_ms));
        }
        changes
    }

    /// Moves the averages towards what is new.
    fn judge(&mut self, news: &News, at_ms: i64) -> Vec<Change> {
        let completed = news.confidences.len() as f64;
        if completed == 0.0 {
            return Vec::new();
        }
        let confidence = news.confidences.iter().sum::<f64>() / completed;
        let converged = completed / (completed + f64::from(news.errors));
        let agreement = 0.73 + 0.05 * normal(&mut self.rng);
        let fresh = [
            ("metrics.quality.avgConfidence", confidence),
            ("metrics.quality.convergenceRate", converged),
            ("metrics.quality.userAgreement", agreement),
        ];
        let changes = fresh.map(|(key, fresh)| {
            let before = self.number(key).unwrap_or(fresh);
            let after = before + FRESH_SHARE * (fresh - before);
            let after = (after * 1000.0).round() / 1000.0;
            self.set(key, float(after), at_ms, CALCULATED)
        });
        changes.into_iter().flatten().collect()
    }

    /// Looks at a file again.
    fn analyse(&mut self, at_ms: i64) -> Option<Change> {
        let file = self.rng.usize(..self.files);
        let entry = entry(file, at_ms, &mut self.rng);
        let key = format!("cache.{}", file_key(file));
        self.set(&key, entry, at_ms, ANALYSED)
    }

    /// Lets numbers into a sliding array, as many of the last ones as come in at once.
    fn push(&mut self, key: &str, numbers: &[f64], at_ms: i64) -> Option<Change> {
        let new = &numbers[numbers.len().saturating_sub(NEW_NUMBERS_MAX)..];
        if new.is_empty() {
            return None;
        }
        let array = self.value(key).and_then(Tree::as_array);
        let mut array = array.unwrap_or_default().to_vec();
        array.extend(new.iter().copied().map(float));
        array.drain(..array.len().saturating_sub(ARRAY_MAX));
        self.set(key, array.into(), at_ms, CALCULATED)
    }

    fn set(&mut self, key: &str, value: Tree, at_ms: i64, from: &'static str) -> Option<Change> {
        if self.value(key) == Some(&value) {
            return None;
        }
        Some(Change {
            key: format!("ml.{key}"),
            old_value: put(&mut self.ml, key, value.clone()),
            new_value: value,
            timestamp: at_ms,
            source: from,
        })
    }

    fn value(&self, key: &str) -> Option<&Tree> {
        let mut names = key.split('.');
        names.try_fold(&self.ml, |value, name| value.get(name))
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.value(key)?.as_f64()
    }
}

/// Makes a whole state up, as the founding specification begins it and time fills it.
fn whole(files: usize, flags: &Tree, at_ms: i64, rng: &mut Rng) -> Tree {
    let cache = (0..files).map(|file| (file_key(file).into(), entry(file, at_ms, rng)));
    let cache: Object = cache.collect();
    let mut array = |middle: f64, spread: f64| {
        let numbers = iter::repeat_with(|| tenth(middle * (spread * normal(rng)).exp()));
        numbers.take(ARRAY_MAX).collect::<Vec<f64>>()
    };
    let mut ml = json!({
        "version": "6.0.0",
        "flags": {},
        "metrics": {
            "performance": {
                "calculationTime": array(40.0, 0.5),
                "convergenceIterations": array(24.0, 0.2),
                "memoryUsage": array(80e6, 0.1),
            },
            "usage": {
                "filesAnalyzed": files,
                "feedbackProvided": files / 20,
                "confidenceImprovement": [],
            },
            "quality": { "avgConfidence": 0.8, "convergenceRate": 0.99, "userAgreement": 0.72 },
        },
        "history": [],
        "cache": {},
    })
    .into();
    put(&mut ml, "flags", flags.clone());
    put(&mut ml, "cache", cache.into());
    ml
}

/// Puts a value in its place, with objects on the way there, and returns the one before.
fn put(tree: &mut Tree, key: &str, value: Tree) -> Option<Tree> {
    let (name, rest) = match key.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (key, None),
    };
    // Something else may have been restored here.
    if tree.as_object().is_none() {
        *tree = Object::default().into();
    }
    let object = tree.as_object_mut()?;
    match (rest, object.get_mut(name)) {
        (Some(rest), _) => put(object.get_or_insert(name), rest, value),
        (None, Some(before)) => Some(std::mem::replace(before, value)),
        (None, None) => {
            object.insert(name, value);
            None
        }
    }
}

fn file_key(file: usize) -> String {
    format!("f{file:05}")
}

/// What is kept of a file.
fn entry(file: usize, at_ms: i64, rng: &mut Rng) -> Tree {
    const FOLDERS: [&str; 5] = ["notes", "letters", "minutes", "drafts", "sources"];
    const TERMS: [&str; 12] = [
        "budget", "river", "meeting", "garden", "archive", "contract", "harbour", "index",
        "journey", "ledger", "museum", "weather",
    ];
    let folder = FOLDERS[file % FOLDERS.len()];
    let mut terms: Vec<&str> = Vec::new();
    while terms.len() < 4 {
        let term = TERMS[rng.usize(..TERMS.len())];
        if !terms.contains(&term) {
            terms.push(term);
        }
    }
    json!({
        "path": format!("{folder}/document-{file:05}.md"),
        "bytes": 2_000 + 97 * file % 60_000,
        "confidence": f64::from(rng.u32(600..950)) / 1000.0,
        "iterations": rng.u32(10..60),
        "analyzedAt": at_ms,
        "terms": terms,
    })
    .into()
}

fn float(number: f64) -> Tree {
    Number::from_f64(number).map_or(Tree::Null, Tree::Number)
}

/// Leaves out digits that are never measured.
fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::super::event::By;
    use super::*;

    fn state(size: StateSize) -> State {
        State::new(size, 7, &json!({"enabled": false}).into(), 1_000)
    }

    fn completed(count: usize) -> Vec<Event> {
        let by = By {
            component: "ui.badges".into(),
            user: "user1".into(),
            groups: &[],
        };
        let event = Event::Complete {
            duration_s: 0.0412,
            confidence: 0.9,
            iterations: 14,
            by,
        };
        vec![event; count]
    }

    #[test]
    fn the_size_is_about_what_is_said() {
        let bytes = |size| state(size).ml().to_string().len();
        let (small, typical) = (bytes(StateSize::Small), bytes(StateSize::Typical));
        assert!((6_000..12_000).contains(&small), "{small}");
        assert!((120_000..180_000).contains(&typical), "{typical}");
        let large = bytes(StateSize::Large);
        assert!((4_500_000..5_500_000).contains(&large), "{large}");
    }

    #[test]
    fn a_seed_says_everything() {
        let mut one = state(StateSize::Small);
        let mut other = state(StateSize::Small);
        one.observe(&completed(3));
        other.observe(&completed(3));
        assert_eq!(one.change(2_000), other.change(2_000));
        assert_eq!(one.ml(), other.ml());
    }

    #[test]
    fn arrays_slide_by_what_is_new() {
        let mut state = state(StateSize::Small);
        let before = state.value("metrics.performance.calculationTime").cloned();
        state.observe(&completed(30));
        let changes = state.change(2_000);
        let key = "ml.metrics.performance.calculationTime";
        let change = changes.iter().find(|change| change.key == key).unwrap();
        assert_eq!(change.old_value, before);
        let after = change.new_value.as_array().unwrap();
        assert_eq!(after.len(), ARRAY_MAX);
        assert_eq!(after[..195], before.unwrap().as_array().unwrap()[5..]);
        assert_eq!(after[195..], [41.2, 41.2, 41.2, 41.2, 41.2].map(float));
    }

    /// A reader of the whole tree and then of every change has the same tree.
    #[test]
    fn changes_say_all_that_changed() {
        let mut state = state(StateSize::Small);
        let mut copy = state.ml().clone();
        for second in 0..50 {
            state.observe(&completed(second % 7));
            state.observe(&[Event::Usage, Event::Memory { bytes: 80_000_000 }]);
            let mut changes = state.change(1_000 + second as i64);
            changes.extend(state.follow(json!({"enabled": second > 20}).into(), 9));
            for change in changes {
                let key = change.key.strip_prefix("ml.").unwrap();
                assert_eq!(put(&mut copy, key, change.new_value), change.old_value);
            }
            assert_eq!(&copy, state.ml());
        }
    }

    #[test]
    fn it_goes_on_from_whatever_was_restored() {
        for ml in [
            json!({}),
            json!(null),
            json!({"metrics": {"quality": 3}, "cache": []}),
        ] {
            let mut state = state(StateSize::Small);
            state.take_in(ml.into());
            state.observe(&completed(2));
            assert!(!state.change(5).is_empty());
            assert_eq!(state.number("metrics.quality.avgConfidence"), Some(0.9));
        }
    }

    #[test]
    fn numbers_of_flags_keep_every_digit() {
        let text = br#"{"enabled": true, "quota": 12345678901234567890123, "limit": 1e400}"#;
        let flags = flagdeck_core::read_document(text).unwrap().document;
        let state = State::new(StateSize::Small, 7, &flags.to_tree(), 1_000);
        let mut other = self::state(StateSize::Small);
        let changes = other.follow(flags.to_tree(), 2_000);
        for written in [
            state.ml().to_string(),
            serde_json::to_string(&changes).unwrap(),
        ] {
            assert!(
                written.contains(r#""quota":12345678901234567890123,"limit":1e400}"#),
                "{written}"
            );
        }
    }

    #[test]
    fn a_change_is_written_as_the_intake_takes_it() {
        let mut state = state(StateSize::Small);
        let change = state.follow(json!({"enabled": true}).into(), 12).remove(0);
        let written = serde_json::to_value(&change).unwrap();
        assert_eq!(written["key"], "ml.flags");
        assert_eq!(written["oldValue"], json!({"enabled": false}));
        assert_eq!(written["newValue"], json!({"enabled": true}));
        assert_eq!(written["timestamp"], 12);
        assert!(written["source"].as_str().unwrap().starts_with("Error\n"));
        assert_eq!(state.follow(json!({"enabled": true}).into(), 13), []);
    }
}
