//! `fractional`: flagd's share of users.
//!
//! An evaluator computes `(hash × sum of weights) >> 32`, and takes the first entry whose weights up
//! to there are above that. With the weights `m` and 100 000 − m that is the bucket of a flag
//! document, compared with `m`. In general, the first entry is taken if `hash / 2³²` is below its
//! share of the sum, so only that share counts.

use crate::document::Bucketing;
use crate::limits::{FLAGD_WEIGHTS_MAX, PERCENT_MILLI_MAX};
use crate::tree::Tree;

use super::USER;
use super::rule::{Key, operation, variable};

/// Writes the condition that a user's bucket is below `milli`.
pub(super) fn write(key: &Key, milli: u32) -> Tree {
    let entry = |on: bool, weight: u32| Tree::from(vec![on.into(), u64::from(weight).into()]);
    let entries = [entry(true, milli), entry(false, PERCENT_MILLI_MAX - milli)];
    let hashed = match key {
        // Evaluators hash the flag with the id themselves, and only if there is an id.
        Key::Flag => return operation("fractional", entries.to_vec()),
        Key::User => variable(USER),
        Key::OtherFlag(flag) => operation("cat", vec![flag.as_str().into(), variable(USER)]),
    };
    let fractional = [hashed].into_iter().chain(entries).collect();
    operation(
        "and",
        vec![variable(USER), operation("fractional", fractional)],
    )
}

/// A share of users, as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) key: Key,
    pub(super) milli: u32,
}

/// Reads the arguments of `fractional` for a flag; `value` says what a variant stands for. Returns
/// `None` if it is not the share of a rollout.
pub(super) fn read(
    arguments: &[Tree],
    bucketing: Bucketing,
    value: &dyn Fn(&Tree) -> Option<bool>,
) -> Option<Share> {
    let (key, entries) = match arguments.split_first()? {
        (Tree::Array(_), _) => (Key::Flag, arguments),
        (hashed, entries) => (read_key(hashed, bucketing)?, entries),
    };
    let (mut on, mut sum) = (0, 0);
    let mut is_past_on = false;
    for entry in entries {
        let (variant, weight) = read_entry(entry)?;
        let is_on = value(variant)?;
        // Those that are on come first in the document's buckets.
        if is_on && is_past_on && weight > 0 {
            return None;
        }
        is_past_on |= !is_on && weight > 0;
        on += if is_on { weight } else { 0 };
        sum += weight;
    }
    let is_usable = (1..=FLAGD_WEIGHTS_MAX).contains(&sum);
    let scaled = on * u64::from(PERCENT_MILLI_MAX);
    let milli = (is_usable && scaled.is_multiple_of(sum)).then(|| scaled / sum)?;
    let milli = u32::try_from(milli).ok()?;
    Some(Share { key, milli })
}

/// Reads what is hashed.
fn read_key(hashed: &Tree, bucketing: Bucketing) -> Option<Key> {
    if *hashed == variable(USER) {
        return Some(Key::User);
    }
    let [flag, user] = hashed.get("cat")?.as_array()? else {
        return None;
    };
    // With CBOR, a text of both is not the list of both.
    if bucketing != Bucketing::Flagd2 || *user != variable(USER) {
        return None;
    }
    match flag {
        Tree::String(flag) => Some(Key::OtherFlag(flag.to_string())),
        flag if *flag == variable("$flagd.flagKey") => Some(Key::Flag),
        _ => None,
    }
}

/// Reads a variant and its weight, which is 1 unless it is given.
fn read_entry(entry: &Tree) -> Option<(&Tree, u64)> {
    match entry.as_array()? {
        [variant] => Some((variant, 1)),
        [variant, weight] => Some((
            variant,
            weight.as_u64().filter(|it| *it <= FLAGD_WEIGHTS_MAX)?,
        )),
        _ => None,
    }
}
