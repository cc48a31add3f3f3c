//! The users whom applications name in events: as many ids as there is room for, with their groups,
//! and a count of the rest.
//!
//! What is new waits in memory, and is merged from time to time into a roster of its own. The rest is
//! counted by a sketch (HyperLogLog), which keeps no id; its error is about 1.6 %.

use std::collections::HashMap;

use cardinality_estimator::CardinalityEstimator;
use flagdeck_core::Roster;
use foldhash::fast::RandomState;
use indexmap::IndexMap;

use super::limits::{GROUP_BYTES_SEEN_MAX, GROUPS_SEEN_MAX, ID_BYTES_MAX};
use super::reading::{Column, FileFormat, Form, Row, Taken};
use super::shapes::{GroupCount, RosterInfo};
use super::store::Forgettings;

/// The name of the roster.
pub const SEEN: &str = "Seen in events";

/// Groups of a user, in the order in which they were named last.
type Groups = Box<[Box<str>]>;

/// What was seen since the last merge, and how many users there were in all.
#[derive(Debug)]
pub(super) struct Seen {
    /// How many ids are kept, here and in the roster.
    room: usize,
    /// Users with the groups that they had last.
    news: HashMap<Box<str>, Groups, RandomState>,
    /// How often users had been forgotten before the first of them; `None` until that was read.
    began: Option<Began>,
    /// Every id that was seen, and every one in the roster once it was read.
    all: CardinalityEstimator<str>,
    /// Whether ids of the roster are in `all`.
    knows_roster: bool,
    /// Whether an id was seen for which there was no room.
    is_over: bool,
}

/// How often users had been forgotten; `None` if there was no database.
type Began = Option<Forgettings>;

/// A roster with what was seen since.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) info: RosterInfo,
    pub(super) users: IndexMap<Box<str>, Groups, RandomState>,
}

impl Seen {
    pub(super) fn new(room: usize) -> Self {
        Self {
            room,
            news: HashMap::default(),
            began: None,
            all: CardinalityEstimator::new(),
            knows_roster: false,
            is_over: false,
        }
    }

    /// Returns whether it is known how often users had been forgotten before.
    pub(super) fn has_begun(&self) -> bool {
        self.began.is_some()
    }

    /// Begins, when users had been forgotten so often.
    pub(super) fn begin(&mut self, forgettings: Option<Forgettings>) {
        self.began = Some(forgettings);
    }

    /// Notes a user who was named.
    pub(super) fn note(&mut self, id: &str, groups: &[&str]) {
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            return;
        }
        self.all.insert(id);
        if let Some(known) = self.news.get_mut(id) {
            if !is_same(known, groups) {
                *known = kept(groups);
            }
        } else if self.news.len() < self.room {
            self.news.insert(id.into(), kept(groups));
        } else {
            self.is_over = true;
        }
    }

    /// Removes a user who has not been merged yet, after this program counted the user as forgotten.
    pub(super) fn forget(&mut self, id: &str, before: Forgettings, after: Forgettings) {
        self.discard_before(before);
        self.begin(Some(after));
        self.news.remove(id);
    }

    /// Returns whether no other program has forgotten a user since the first one who waits was seen.
    pub(super) fn is_as_of(&self, forgettings: Forgettings) -> bool {
        forgettings.is_as(self.began.flatten())
    }

    /// Discards who waits if another program has forgotten a user since: it may be one of them.
    fn discard_before(&mut self, forgettings: Forgettings) {
        if !self.is_as_of(forgettings) {
            self.news.clear();
        }
    }

    /// Returns whether there is anything to be merged.
    pub(super) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// Takes what is to be merged.
    pub(super) fn take(&mut self) -> Self {
        Self {
            room: self.room,
            news: std::mem::take(&mut self.news),
            began: self.began,
            all: self.all.clone(),
            knows_roster: self.knows_roster,
            is_over: self.is_over,
        }
    }

    /// Takes back what could not be merged, unless something newer is known of a user.
    pub(super) fn put_back(&mut self, taken: Self) {
        for (id, groups) in taken.news {
            self.news.entry(id).or_insert(groups);
        }
    }

    /// Goes on after a merge, at which users had been forgotten so often.
    pub(super) fn merged(&mut self, taken: &Self, forgettings: Forgettings) {
        self.discard_before(forgettings);
        self.begin(Some(forgettings));
        self.all.merge(&taken.all);
        self.knows_roster |= taken.knows_roster;
        self.is_over |= taken.is_over;
    }

    /// Adds what was seen to the roster as it is stored; returns `None` if it has all of that.
    pub(super) fn merge(
        &mut self,
        before: Option<(&RosterInfo, &Roster)>,
        now_ms: i64,
    ) -> Option<Merged> {
        let mut users: IndexMap<Box<str>, Groups, RandomState> = IndexMap::default();
        if let Some((_, roster)) = before {
            for (at, id) in roster.ids().iter().enumerate() {
                let groups = roster.groups_of(at);
                users.insert(id.into(), groups.into_iter().map(Into::into).collect());
                if !self.knows_roster {
                    self.all.insert(id);
                }
            }
        }
        self.knows_roster = true;
        let mut is_changed = before.is_none();
        for (id, groups) in &self.news {
            let room = users.len() < self.room;
            match users.get_mut(id) {
                Some(known) if known == groups => {}
                Some(known) => {
                    *known = groups.clone();
                    is_changed = true;
                }
                None if room => {
                    users.insert(id.clone(), groups.clone());
                    is_changed = true;
                }
                None => self.is_over = true,
            }
        }
        let rest_before = before.map_or(0, |(info, _)| info.rest);
        let rest = match self.is_over {
            true => self.all.estimate().saturating_sub(users.len()) as u64,
            false => 0,
        };
        let rest = rest.max(rest_before);
        let info = info(&users, rest, now_ms);
        (is_changed || rest > rest_before).then_some(Merged { info, users })
    }
}

impl Merged {
    /// Writes the users one by one.
    pub(super) fn each<E>(&self, mut write: impl FnMut(&Row) -> Result<(), E>) -> Result<(), E> {
        let mut row = Row::default();
        for (id, groups) in &self.users {
            row.id.clear();
            row.id.push_str(id);
            row.groups.clear();
            groups.iter().for_each(|name| row.groups.push(name));
            write(&row)?;
        }
        Ok(())
    }
}

fn info(users: &IndexMap<Box<str>, Groups, RandomState>, rest: u64, now_ms: i64) -> RosterInfo {
    let mut counts: IndexMap<&str, u64, RandomState> = IndexMap::default();
    for name in users.values().flatten() {
        *counts.entry(name).or_default() += 1;
    }
    let groups = counts.into_iter();
    let ungrouped = users.values().filter(|groups| groups.is_empty()).count();
    let columns = [("user", Taken::Id), ("groups", Taken::Groups)];
    RosterInfo {
        name: SEEN.into(),
        at_ms: now_ms,
        file: String::new(),
        form: Form {
            format: FileFormat::Events,
            separator: None,
            encoding: None,
            table: None,
            columns: columns
                .map(|(name, taken)| Column {
                    name: name.into(),
                    taken,
                })
                .into(),
        },
        people: users.len() as u64,
        bad: 0,
        duplicates: 0,
        groups: groups
            .map(|(name, people)| GroupCount {
                name: name.into(),
                people,
            })
            .collect(),
        ungrouped: ungrouped as u64,
        has_weights: false,
        rest,
    }
}

/// Returns the groups that are kept of a user: each once.
fn kept(groups: &[&str]) -> Groups {
    let mut kept: Vec<Box<str>> = Vec::new();
    for &name in groups {
        let is_new = kept.iter().all(|known| **known != *name);
        if is_new && fits(name) && kept.len() < GROUPS_SEEN_MAX {
            kept.push(name.into());
        }
    }
    kept.into()
}

fn is_same(known: &[Box<str>], groups: &[&str]) -> bool {
    known.len() == groups.len() && known.iter().zip(groups).all(|(a, b)| **a == **b)
}

fn fits(name: &str) -> bool {
    !name.is_empty() && name.len() <= GROUP_BYTES_SEEN_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(merged: &Merged) -> Vec<(&str, Vec<&str>)> {
        let users = merged.users.iter();
        let mut names: Vec<(&str, Vec<&str>)> = users
            .map(|(id, groups)| (&**id, groups.iter().map(|name| &**name).collect()))
            .collect();
        names.sort_unstable();
        names
    }

    fn roster(merged: &Merged) -> Roster {
        let mut builder = flagdeck_core::RosterBuilder::new();
        for (id, groups) in &merged.users {
            builder
                .push(id, groups.iter().map(|name| &**name), None)
                .expect("a user");
        }
        builder.finish()
    }

    #[test]
    fn a_user_is_kept_once_with_the_groups_named_last() {
        let mut seen = Seen::new(10);
        seen.note("ada", &["beta", "beta", ""]);
        seen.note("ben", &[]);
        seen.note("", &["beta"]);
        seen.note("ada", &["staff"]);
        seen.note(&"x".repeat(ID_BYTES_MAX + 1), &[]);
        let merged = seen.merge(None, 7).expect("there are news");
        assert_eq!(names(&merged), [("ada", vec!["staff"]), ("ben", vec![])]);
        assert_eq!((merged.info.people, merged.info.ungrouped), (2, 1));
        assert_eq!((merged.info.rest, merged.info.at_ms), (0, 7));
        // Nothing new is nothing to be stored.
        let before = roster(&merged);
        seen.note("ben", &[]);
        assert!(seen.merge(Some((&merged.info, &before)), 8).is_none());
        seen.note("ben", &["beta"]);
        let later = seen
            .merge(Some((&merged.info, &before)), 9)
            .expect("a group");
        assert_eq!(names(&later)[1], ("ben", vec!["beta"]));
    }

    #[test]
    fn those_for_whom_there_is_no_room_are_counted() {
        let mut seen = Seen::new(1000);
        for at in 0..10_000 {
            seen.note(&format!("user{at}"), &[]);
            seen.note(&format!("user{at}"), &[]);
        }
        let first = seen.merge(None, 1).expect("there are news");
        assert_eq!(first.info.people, 1000);
        let rest = first.info.rest as f64;
        assert!((rest - 9000.0).abs() < 900.0, "{rest}");
        // After a restart, no more than is known then, and no less.
        let mut again = Seen::new(1000);
        let before = roster(&first);
        for at in 0..1000 {
            again.note(&format!("user{at}"), &[]);
        }
        assert!(again.merge(Some((&first.info, &before)), 2).is_none());
        for at in 0..20_000 {
            again.note(&format!("other{at}"), &[]);
        }
        let later = again.merge(Some((&first.info, &before)), 3).expect("more");
        let rest = later.info.rest as f64;
        assert!((rest - 20_000.0).abs() < 2000.0, "{rest}");
    }

    #[test]
    fn what_could_not_be_merged_is_merged_the_next_time() {
        let mut seen = Seen::new(10);
        seen.note("ada", &["beta"]);
        let taken = seen.take();
        assert!(!seen.has_news());
        seen.note("ada", &["staff"]);
        seen.put_back(taken);
        let merged = seen.merge(None, 1).expect("there are news");
        assert_eq!(names(&merged), [("ada", vec!["staff"])]);
    }
}
