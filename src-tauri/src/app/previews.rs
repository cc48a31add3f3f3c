//! Who gains and loses what by an edit, an undo, a restore or a document, before it is done:
//! counted over a roster, or as an expected share.
//!
//! Before is what is in force for everyone; after, the document that would be. Overrides for single
//! applications and users do not count.

mod counting;
pub mod shapes;
mod sliding;
mod words;

use std::ops::ControlFlow;
use std::sync::Arc;

use flagdeck_core::affected::{TouchedWho, Who, Whole};
use flagdeck_core::roster::ByGroup;
use flagdeck_core::{
    Affected, ComponentPath, Edit, FlagDocument, People, Preview, Roster, Touched, apply,
};

use self::shapes::{
    Counts, Expected, Listed, ListedUser, ListedUsers, OfComponent, OfGroup, OnFor, Parts,
    Previewed, RosterCounted, Tally, Wanted,
};
pub use self::sliding::Moving;
pub(super) use self::sliding::Sliding;
pub use self::words::percent;
use super::App;
use crate::csv;
use crate::error::Error;
use crate::flags::following::Selection;
use crate::flags::{AsOf, Scope};
use crate::rosters::RostersError;
use crate::rosters::limits::IDS_LISTED_MAX;
use crate::source::SourceName;
use crate::store::RevisionNumber;

/// Groups named by rollouts for which the expected share is given.
const GROUPS_EXPECTED_MAX: usize = 20;

/// What is looked at before it is done.
#[derive(Debug, Clone)]
pub enum Planned {
    /// An edit, or a whole document.
    Edit(Edit),
    /// Taking the latest change back: the one that made this revision, if it is named.
    Undo(Option<RevisionNumber>),
    /// Bringing the latest change back that was taken back: the one that made this revision, if it
    /// is named.
    Redo(Option<RevisionNumber>),
    /// Showing a component to fewer people again, as [`App::roll_back`] would.
    RollBack(ComponentPath),
    /// Putting the document of a revision in force again.
    Restore(RevisionNumber),
    /// Putting the latest document of a backup in force, by its name.
    Backup(String),
    /// Ending overrides of the document that is followed.
    ReturnOverrides(Selection),
    /// Publishing overrides: who gains and who loses on other machines that follow the same
    /// document.
    Publish(Selection),
    /// Adopting the document that is followed, as it is at its address now: the one that a
    /// [`FollowedReview`](super::following::FollowedReview) names, if it is named.
    Adopt(Option<String>),
    /// Nothing: for which users components are on, as of a moment or as things are.
    Standing(Option<AsOf>),
}

/// Over which roster to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// The one imported last; none if there is no roster.
    Latest,
    /// The one of this name.
    Named(SourceName),
}

/// Called by any of the threads with how many users are done, and of how many. Ends the counting if
/// it breaks.
pub type Progress<'a> = dyn Fn(usize, usize) -> ControlFlow<()> + Sync + 'a;

/// Two documents.
struct Pair {
    /// The revision of the one before.
    revision: RevisionNumber,
    before: FlagDocument,
    after: FlagDocument,
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
        let Some((counted, roster)) = self.roster_of(over)? else {
            return Ok(Some(compared.expected()));
        };
        let whole = counting::whole(&compared.preview, &roster, self.threads(), progress);
        Ok(whole.map(|whole| compared.counted(counted, &roster, &whole)))
    }

    /// Counts for how many people of a roster a component is on, as of a moment or as things are;
    /// `None` if the latest roster is meant and there is none.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such revision or roster. A component that does not
    /// exist is on for no user.
    pub fn on_for(
        &self,
        component: &str,
        at: Option<AsOf>,
        over: &Over,
    ) -> Result<Option<OnFor>, Error> {
        let compared = self.compared(&Planned::Standing(at))?;
        let Some((counted, roster)) = self.roster_of(over)? else {
            return Ok(None);
        };
        let preview = compared.preview.over(&roster);
        let go_on = |_, _| ControlFlow::Continue(());
        let shares = counting::in_shares(roster.len(), self.threads(), &go_on, |range, done| {
            preview.component(component, range, |so_far, _| done(so_far))
        });
        let shares = shares.expect("nothing breaks it off");
        let on = shares.iter().map(|share| share.all.keep_on.count).sum();
        Ok(Some(OnFor {
            on,
            roster: counted,
        }))
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
        // One more than is listed, so that it is known whether there are more.
        let enough = wanted.offset.saturating_add(limit + 1);
        let places: Vec<usize> = compared
            .places(&roster, wanted, enough)?
            .skip(wanted.offset)
            .collect();
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

    /// Lists all of them from `wanted.offset` on, however many, as CSV with a first line that names
    /// the columns `id`, `groups` and `weight`.
    ///
    /// # Errors
    /// As [`App::preview_users`].
    pub fn preview_table(
        &self,
        planned: &Planned,
        over: &Over,
        wanted: &Wanted,
    ) -> Result<String, Error> {
        let compared = self.compared(planned)?;
        let (_, roster) = self.rosters().load(named(over))?;
        let mut table = "id,groups,weight\r\n".to_owned();
        for at in compared
            .places(&roster, wanted, usize::MAX)?
            .skip(wanted.offset)
        {
            let user = listed(&roster, at);
            let (groups, weight) = (user.groups.join(";"), user.weight.to_string());
            table.push_str(&csv::row([user.id.as_str(), &groups, &weight]));
            table.push_str("\r\n");
        }
        Ok(table)
    }

    /// Loads a roster; `None` if the latest is meant and there is none.
    fn roster_of(&self, over: &Over) -> Result<Option<(RosterCounted, Arc<Roster>)>, Error> {
        match self.rosters().load(named(over)) {
            Ok((info, roster)) => {
                let counted = RosterCounted {
                    name: info.name,
                    people: info.people,
                    at_ms: info.at_ms,
                };
                Ok(Some((counted, roster)))
            }
            Err(RostersError::NotFound { .. }) if *over == Over::Latest => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn threads(&self) -> usize {
        self.config().performance.worker_pool_size as usize
    }

    fn compared(&self, planned: &Planned) -> Result<Compared, Error> {
        Ok(Compared::of(&self.pair(planned)?))
    }

    fn pair(&self, planned: &Planned) -> Result<Pair, Error> {
        let flags = self.flags();
        let live = flags.in_force(Scope::Everyone);
        let after = match planned {
            Planned::Edit(edit) => apply(&live.document, edit)?.document,
            Planned::Undo(of) => flags.undone(*of)?,
            Planned::Redo(of) => flags.redone(*of)?,
            Planned::RollBack(component) => {
                let (_, plan) = self.plan_now(component)?;
                apply(&live.document, &plan.edit)?.document
            }
            Planned::Restore(number) => {
                if *number == RevisionNumber::NONE {
                    flags.revision(*number)?;
                }
                flags.document_at(*number)?
            }
            Planned::Backup(name) => flags.document_of_backup(name)?,
            Planned::ReturnOverrides(which) => flags.without_overrides(which)?,
            Planned::Publish(which) => {
                let publication = flags.publication(which)?;
                return Ok(Pair {
                    revision: live.revision,
                    before: publication.base,
                    after: publication.document,
                });
            }
            Planned::Adopt(document) => self.adopted(document.as_deref())?,
            Planned::Standing(at) => {
                let standing = at.map_or(Ok(live), |at| flags.as_of(at))?;
                return Ok(Pair {
                    revision: standing.revision,
                    before: standing.document.clone(),
                    after: standing.document.clone(),
                });
            }
        };
        Ok(Pair {
            revision: live.revision,
            before: live.document.clone(),
            after,
        })
    }
}

impl Compared {
    fn of(pair: &Pair) -> Self {
        Self {
            revision: pair.revision,
            groups: groups_of([&pair.before, &pair.after]),
            preview: Preview::new(&pair.before, &pair.after),
        }
    }

    fn counted(&self, counted: RosterCounted, roster: &Roster, whole: &Whole) -> Previewed {
        let components = whole.components.iter().map(|(path, affected)| OfComponent {
            component: path.clone(),
            people: Some(parts(*affected, |people| people.count)),
            expected: Vec::new(),
        });
        let components: Vec<OfComponent> = components.collect();
        let people = counts(&whole.touched.all, |people| people.count);
        let warning = words::warning(&people, &components);
        let mut all = tally(
            self.revision,
            counted,
            roster,
            &whole.touched,
            components.len(),
        );
        all.warning = warning;
        Previewed { all, components }
    }

    fn expected(&self) -> Previewed {
        let paths: Vec<&str> = self.preview.components().collect();
        let components = paths.iter().map(|path| OfComponent {
            component: (*path).to_owned(),
            people: None,
            expected: self.expected_of(path),
        });
        let components: Vec<OfComponent> = components.collect();
        let all = Tally {
            revision: self.revision,
            roster: None,
            sentence: words::expected(&components),
            warning: words::expected_loss(&components),
            people: None,
            weighted: None,
            groups: Vec::new(),
        };
        Previewed { all, components }
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

    /// Returns the places of users in the roster, the first so many.
    fn places(
        &self,
        roster: &Roster,
        wanted: &Wanted,
        enough: usize,
    ) -> Result<std::vec::IntoIter<usize>, Error> {
        let over = self.preview.over(roster);
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

/// Says what happens to whom, of so many components.
fn tally(
    revision: RevisionNumber,
    counted: RosterCounted,
    roster: &Roster,
    touched: &ByGroup<Touched>,
    components: usize,
) -> Tally {
    let people = counts(&touched.all, |people| people.count);
    let names = roster.groups().map(|name| Some(name.to_owned()));
    let groups = names.zip(&touched.groups);
    let groups = groups.chain([(None, &touched.ungrouped)]);
    let groups = groups.map(|(group, touched)| OfGroup {
        group,
        people: counts(touched, |people| people.count),
    });
    Tally {
        revision,
        sentence: words::counted(&people, components, &counted),
        warning: words::loss(&people),
        weighted: roster.has_weights().then(|| weighted(&touched.all)),
        people: Some(people),
        groups: groups.filter(|of| total(&of.people) > 0).collect(),
        roster: Some(counted),
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
