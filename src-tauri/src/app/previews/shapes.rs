//! What a preview returns, and its JSON.

use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use crate::store::RevisionNumber;

/// Which users are listed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Wanted {
    /// What happens to them.
    pub who: Listed,
    /// For which component; for any of them if `None`.
    pub component: Option<String>,
    /// How many are left out, from the first in the order of the roster.
    pub offset: usize,
    /// How many are listed, at most [`IDS_LISTED_MAX`](crate::rosters::limits::IDS_LISTED_MAX).
    pub limit: usize,
}

/// What happens to users who are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum Listed {
    /// They gain it.
    Gain,
    /// They lose it.
    Lose,
    /// They have it, before and after.
    On,
    /// They do not have it, neither before nor after.
    Off,
}

/// What a change would do to whom.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Previewed {
    /// The components together.
    #[serde(flatten)]
    pub all: Tally,
    /// Every component that changes for anyone.
    pub components: Vec<OfComponent>,
}

/// For how many people of a roster a component is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct OnFor {
    /// People for whom it is on.
    pub on: u64,
    /// The roster that was counted.
    pub roster: RosterCounted,
}

/// What happens to whom, whatever the component.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Tally {
    /// The revision it is compared with.
    pub revision: RevisionNumber,
    /// The roster that was counted; `None` if there is none.
    pub roster: Option<RosterCounted>,
    /// All of it in one sentence, without a full stop.
    pub sentence: String,
    /// What is lost by how many, as a sentence; `None` if no user loses anything.
    pub warning: Option<String>,
    /// People; `None` without a roster.
    pub people: Option<Counts<u64>>,
    /// The same by weight, in parts of all from 0.0 to 1.0; `None` without a roster, or if all weigh
    /// the same.
    pub weighted: Option<Counts<f64>>,
    /// People by group.
    pub groups: Vec<OfGroup>,
}

/// A roster that was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RosterCounted {
    /// Its name.
    pub name: String,
    /// Its users.
    pub people: u64,
    /// When it was imported, in milliseconds since 1970.
    pub at_ms: i64,
}

/// Those who gain and lose something.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Counts<T> {
    /// They gain a component, or several.
    pub gain: T,
    /// They lose a component, or several.
    pub lose: T,
    /// They gain one and lose another: they are in `gain` and in `lose`.
    pub both: T,
    /// Nothing changes for them.
    pub unchanged: T,
}

/// The people of one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct OfGroup {
    /// Its name; `None` for people in no group.
    pub group: Option<String>,
    /// What happens to them.
    #[serde(flatten)]
    pub people: Counts<u64>,
}

/// What happens to one component.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct OfComponent {
    /// Its path.
    pub component: String,
    /// People; `None` without a roster.
    pub people: Option<Parts<u64>>,
    /// Parts of users to be expected, by the groups that rollouts name; empty with a roster, or if
    /// too many rollouts are behind the component.
    pub expected: Vec<Expected>,
}

/// Parts of all, each user in one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Parts<T> {
    /// Off before, on after.
    pub gain: T,
    /// On before, off after.
    pub lose: T,
    /// On before and after.
    pub on: T,
    /// Off before and after.
    pub off: T,
}

/// What is to be expected without a roster.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Expected {
    /// Of users in this group alone; in none that a rollout names if `None`.
    pub group: Option<String>,
    /// Parts of them, from 0.0 to 1.0.
    #[serde(flatten)]
    pub parts: Parts<f64>,
}

/// Users to whom something happens.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ListedUsers {
    /// The roster.
    pub roster: String,
    /// What happens to them.
    pub who: Listed,
    /// To which component; `None` for any.
    pub component: Option<String>,
    /// How many before them are left out.
    pub offset: usize,
    /// Users in the order of the roster.
    pub users: Vec<ListedUser>,
    /// Whether there are more.
    pub more: bool,
}

/// A user in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ListedUser {
    /// The id.
    pub id: String,
    /// The groups the user is in.
    pub groups: Vec<String>,
    /// The weight: 1 if none was given.
    pub weight: f64,
}
