//! What faces are told of rosters, and its JSON.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use super::reading::Form;

/// What a file has, before it is imported.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Understood {
    /// What was recognised.
    #[serde(flatten)]
    pub form: Form,
    /// Rows that can be read.
    pub good: u64,
    /// Rows that are left out.
    pub bad: u64,
    /// The first of those, at most [`BAD_ROWS_LISTED_MAX`](super::limits::BAD_ROWS_LISTED_MAX).
    pub bad_rows: Vec<BadRow>,
    /// Good rows with an id that an earlier row has: the later one counts.
    pub duplicates: u64,
    /// Good rows whose id begins or ends with a blank, which belongs to it.
    pub padded: u64,
    /// Users, each once.
    pub people: u64,
    /// Every group, in the order in which they were met.
    pub groups: Vec<GroupCount>,
    /// Users in no group.
    pub ungrouped: u64,
    /// Whether any weight is another than 1.
    pub has_weights: bool,
    /// The first good rows.
    pub first: Vec<Person>,
}

/// A row that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct BadRow {
    /// The number of its line, from 1; of the row in a table of SQLite.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// A group and how many users are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct GroupCount {
    /// Its name.
    pub name: String,
    /// How many.
    pub people: u64,
}

/// A user of a roster.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Person {
    /// The id.
    pub id: String,
    /// The groups the user is in.
    pub groups: Vec<String>,
    /// The weight: 1 if none was given.
    pub weight: f64,
    /// What further columns have, by their names.
    #[cfg_attr(test, ts(type = "{ [name: string]: string }"))]
    pub attributes: IndexMap<String, String>,
}

/// What an import brings in, and what it changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Look {
    /// The name of the roster.
    pub name: String,
    /// What the file has.
    #[serde(flatten)]
    pub understood: Understood,
    /// How it differs from the roster that it replaces; `None` if there is none of that name.
    pub replaces: Option<Replaced>,
}

/// How a roster differs from the one that it replaces, in users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Replaced {
    /// When the one before was imported, in milliseconds since 1970.
    pub at_ms: i64,
    /// Users that are only in the one after.
    pub added: u64,
    /// Users that are only in the one before.
    pub removed: u64,
    /// Users with other groups or another weight than before.
    pub changed: u64,
    /// Users with the same groups and weight.
    pub unchanged: u64,
}

/// What is known of a roster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RosterInfo {
    /// Its name.
    pub name: String,
    /// When it was imported, in milliseconds since 1970.
    pub at_ms: i64,
    /// The name of the file that it was imported from, without its folder.
    pub file: String,
    /// What was recognised of that.
    #[serde(flatten)]
    pub form: Form,
    /// Users.
    pub people: u64,
    /// Rows that were left out.
    pub bad: u64,
    /// Rows that replaced an earlier one.
    pub duplicates: u64,
    /// Every group.
    pub groups: Vec<GroupCount>,
    /// Users in no group.
    pub ungrouped: u64,
    /// Whether any weight is another than 1.
    pub has_weights: bool,
    /// About how many users more were seen in events than there is room for, at least.
    #[serde(default)]
    pub rest: u64,
}

/// A roster that a user was removed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Forgotten {
    /// Its name.
    pub roster: String,
    /// How many rows there were of the user.
    pub rows: u64,
}
