//! Who gains and loses what by an edit, an undo, a restore or a document, before it is done:
//! counted over a roster, or as an expected share.
//!
//! Before is what is in force for everyone; after, the document that would be. Overrides for single
//! applications and users do not count.

mod counting;
mod words;

use std::ops::ControlFlow;

use flagdeck_core::affected::{TouchedWho, Who, Whole};
use flagdeck_core::{Affected, Edit, FlagDocument, People, Preview, Roster, Touched, apply};
use serde::Serialize;

pub use self::words::percent;
use super::App;
use crate::error::Error;
use crate::flags::Scope;
use crate::rosters::RostersError;
use crate::rosters::limits::IDS_LISTED_MAX;
use crate::source::SourceName;
use crate::store::RevisionNumber;

/// Groups named by rollouts for which the expected share is told.
const GROUPS_EXPECTED_MAX: usize = 20;

/// What is looked at before it is done.
#[derive(Debug, Clone)]
pub enum Planned {
    /// An edit, or a whole document.
    Edit(Edit),
    /// Taking the latest change back.
    Undo,
    /// Bringing the latest change back that was taken back.
    Redo,
    /// Putting the document of a revision in force again.
    Restore(RevisionNumber),
}

/// Over which roster to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// The one imported last; none if there is no roster.
    Latest,
    /// The one of this name.
    Named(SourceName),
}

/// Is told how many users of how many are done, by any of the threads, and breaks the counting off.
pub type Progress<'a> = dyn Fn(usize, usize) -> ControlFlow<()> + Sync + 'a;

/// Which users are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What happens to them.
    pub who: Listed,
    /// For which component; for any of them if `None`.
    pub component: Option<String>,
    /// How many are left out, from the first in the order of the roster.
    pub offset: usize,
    /// How many are listed, at most [`IDS_LISTED_MAX`].
    pub limit: usize,
}

/// What happens to users who are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
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
pub struct Previewed {
    /// The revision in force.
    pub revision: RevisionNumber,
    /// The roster that was counted; `None` if there is none.
    pub roster: Option<RosterCounted>,
    /// All of it in one sentence, without a full stop.
    pub sentence: String,
    /// What is lost by how many, as a sentence; `None` if no user loses anything.
    pub warning: Option<String>,
    /// People, whatever the component; `None` without a roster.
    pub people: Option<Counts<u64>>,
    /// The same by weight, in parts of all from 0.0 to 1.0; `None` without a roster, or if all weigh
    /// the same.
    pub weighted: Option<Counts<f64>>,
    /// People by group.
    pub groups: Vec<OfGroup>,
    /// Every component that changes for anyone.
    pub components: Vec<OfComponent>,
}

/// A roster that was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
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
pub struct ListedUser {
    /// The id.
    pub id: String,
    /// The groups the user is in.
    pub groups: Vec<String>,
    /// The weight: 1 if none was given.
    pub weight: f64,
}

/// What is looked at, compared with what is in force.
struct Compared {
    revision: RevisionNumber,
    preview: Preview,
    /// Groups that a rollout of either document names.
    groups: Vec<String>,
}

impl App {
    /// Says what a change would do to whom, and changes nothing. Returns `None` if `progress` breaks
    /// it off.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::NotFound`] if the change cannot be made or there is no such
    /// roster, [`Error::NothingToDo`] if there is nothing to undo or redo.
    pub fn preview(
        &self,
        planned: &Planned,
        over: &Over,
        progress: &Progress<'_>,
    ) -> Result<Option<Previewed>, Error> {
        let compared = self.compared(planned)?;
        match self.rosters().load(named(over)) {
            Ok((info, roster)) => {
                let counted = RosterCounted {
                    name: info.name,
                    people: info.people,
                    at_ms: info.at_ms,
                };
                let threads = self.config().performance.worker_pool_size as usize;
                let whole = counting::whole(&compared.preview, &roster, threads, progress);
                Ok(whole.map(|whole| compared.counted(counted, &roster, &whole)))
            }
            Err(RostersError::NotFound { .. }) if *over == Over::Latest => {
                Ok(Some(compared.expected()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Lists users of a roster to whom a change would do something.
    ///
    /// # Errors
    /// As [`App::preview`]; [`Error::NotFound`] also if there is no roster, and
    /// [`Error::OutOfRange`] if several components change and none is named of those that users keep
    /// on or off.
    pub fn preview_users(
        &self,
        planned: &Planned,
        over: &Over,
        wanted: &Wanted,
    ) -> Result<ListedUsers, Error> {
        let compared = self.compared(planned)?;
        let (info, roster) = self.rosters().load(named(over))?;
        let limit = wanted.limit.min(IDS_LISTED_MAX);
        let places = compared.places(&roster, wanted)?;
        let places: Vec<usize> = places.skip(wanted.offset).take(limit + 1).collect();
        let users = places.iter().take(limit);
        Ok(ListedUsers {
            roster: info.name,
            who: wanted.who,
            component: wanted.component.clone(),
            offset: wanted.offset,
            users: users.map(|at| listed(&roster, *at)).collect(),
            more: places.len() > limit,
        })
    }

    fn compared(&self, planned: &Planned) -> Result<Compared, Error> {
        let live = self.flags().in_force(Scope::Everyone);
        let after = match planned {
            Planned::Edit(edit) => apply(&live.document, edit)?.document,
            Planned::Undo => self.flags().undone()?,
            Planned::Redo => self.flags().redone()?,
            Planned::Restore(number) => {
                if *number == RevisionNumber::NONE {
                    self.flags().revision(*number)?;
                }
                self.flags().document_at(*number)?
            }
        };
        Ok(Compared {
            revision: live.revision,
            groups: groups_of([&live.document, &after]),
            preview: Preview::new(&live.document, &after),
        })
    }
}

impl Compared {
    fn counted(&self, counted: RosterCounted, roster: &Roster, whole: &Whole) -> Previewed {
        let all = &whole.touched.all;
        let names = roster.groups().map(|name| Some(name.to_owned()));
        let groups = names.zip(&whole.touched.groups);
        let groups = groups.chain([(None, &whole.touched.ungrouped)]);
        let groups = groups.map(|(group, touched)| OfGroup {
            group,
            people: counts(touched, |people| people.count),
        });
        let components = whole.components.iter().map(|(path, affected)| OfComponent {
            component: path.clone(),
            people: Some(parts(*affected, |people| people.count)),
            expected: Vec::new(),
        });
        let people = counts(all, |people| people.count);
        let components: Vec<OfComponent> = components.collect();
        Previewed {
            revision: self.revision,
            sentence: words::counted(&people, components.len(), &counted),
            warning: words::warning(&people, &components),
            weighted: roster.has_weights().then(|| weighted(all)),
            people: Some(people),
            groups: groups.filter(|of| total(&of.people) > 0).collect(),
            components,
            roster: Some(counted),
        }
    }

    fn expected(&self) -> Previewed {
        let paths: Vec<&str> = self.preview.components().collect();
        let components = paths.iter().map(|path| OfComponent {
            component: (*path).to_owned(),
            people: None,
            expected: self.expected_of(path),
        });
        let components: Vec<OfComponent> = components.collect();
        Previewed {
            revision: self.revision,
            roster: None,
            sentence: words::expected(&components),
            warning: words::expected_loss(&components),
            people: None,
            weighted: None,
            groups: Vec::new(),
            components,
        }
    }

    fn expected_of(&self, path: &str) -> Vec<Expected> {
        let groups = self.groups.iter().take(GROUPS_EXPECTED_MAX);
        let groups = groups.map(|group| Some(group.as_str()));
        let each = [None].into_iter().chain(groups);
        let expected = each.filter_map(|group| {
            let affected = self.preview.expected(path, group.as_slice())?;
            Some(Expected {
                group: group.map(str::to_owned),
                parts: parts(affected, |part| part),
            })
        });
        expected.collect()
    }

    /// Returns the places of users in the roster.
    fn places(&self, roster: &Roster, wanted: &Wanted) -> Result<std::vec::IntoIter<usize>, Error> {
        let over = self.preview.over(roster);
        // One more than is listed, so that it is known whether there are more.
        let enough = wanted
            .offset
            .saturating_add(wanted.limit.min(IDS_LISTED_MAX) + 1);
        let only = || {
            let mut components = self.preview.components();
            let first = components.next();
            first.filter(|_| components.next().is_none())
        };
        let touched = match (wanted.who, &wanted.component) {
            (Listed::Gain, None) => Some(TouchedWho::Gain),
            (Listed::Lose, None) => Some(TouchedWho::Lose),
            _ => None,
        };
        if let Some(who) = touched {
            let places = over.list_touched(who, 0).take(enough);
            return Ok(places.collect::<Vec<_>>().into_iter());
        }
        let path = wanted.component.as_deref().or_else(only);
        let path = path.ok_or_else(|| Error::OutOfRange {
            message: "not exactly one component changes; name the one that is meant".into(),
        })?;
        let who = match wanted.who {
            Listed::Gain => Who::Gain,
            Listed::Lose => Who::Lose,
            Listed::On => Who::KeepOn,
            Listed::Off => Who::KeepOff,
        };
        let places: Vec<usize> = over.list(path, who, 0).take(enough).collect();
        Ok(places.into_iter())
    }
}

fn named(over: &Over) -> Option<&SourceName> {
    match over {
        Over::Latest => None,
        Over::Named(name) => Some(name),
    }
}

fn groups_of(documents: [&FlagDocument; 2]) -> Vec<String> {
    let mut groups = Vec::new();
    for document in documents {
        let rollouts = document.rollouts.values().chain([&document.rollout]);
        for group in rollouts.flat_map(|rollout| &rollout.user_groups) {
            if !groups.contains(group) && groups.len() < GROUPS_EXPECTED_MAX {
                groups.push(group.clone());
            }
        }
    }
    groups
}

fn listed(roster: &Roster, at: usize) -> ListedUser {
    ListedUser {
        id: roster.ids().get(at).to_owned(),
        groups: roster.groups_of(at).map(str::to_owned).collect(),
        weight: roster.weight(at),
    }
}

fn counts<T>(touched: &Touched, of: impl Fn(People) -> T) -> Counts<T> {
    Counts {
        gain: of(touched.gain),
        lose: of(touched.lose),
        both: of(touched.both),
        unchanged: of(touched.neither),
    }
}

fn total(counts: &Counts<u64>) -> u64 {
    counts.gain + counts.lose + counts.unchanged
}

fn weighted(touched: &Touched) -> Counts<f64> {
    let Touched {
        gain,
        lose,
        both,
        neither,
    } = touched;
    let all = gain.weight + lose.weight - both.weight + neither.weight;
    counts(touched, |people| people.weight / all)
}

fn parts<T, U>(affected: Affected<T>, of: impl Fn(T) -> U) -> Parts<U> {
    Parts {
        gain: of(affected.gain),
        lose: of(affected.lose),
        on: of(affected.keep_on),
        off: of(affected.keep_off),
    }
}
