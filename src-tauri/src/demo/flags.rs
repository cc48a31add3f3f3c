//! The flags that are turned on for the demo, and turning them back. What was turned on is read
//! from the log of revisions: the latest one by [`ACTOR`].

use flagdeck_core::document::Node;
use flagdeck_core::edit::RolloutChange;
use flagdeck_core::ramp::{Plan, steps_from_text};
use flagdeck_core::{ComponentPath, Edit, FlagDocument, Percentage, apply, changes};

use super::is_synthetic;
use crate::app::{App, NewRamp};
use crate::error::Error;
use crate::flags::{ChangeRequest, Flags, Outcome};
use crate::rollouts::RolloutsError;
use crate::store::{Actor, HistoryFilter, RevisionNumber, Via};

/// Who turns flags on for the demo, in the history.
const ACTOR: &str = "synthetic-demo";

/// Why.
const NOTE: &str = "Turned on for the demo";
const NOTE_BACK: &str = "Demo removed";

/// What is turned on: enough for something to be seen, with some left to switch on.
const COMPONENTS: [&str; 3] = ["calculator", "tracker", "ui.badges"];

/// For how many: half of the users, so that there are two arms to compare.
const PERCENT: &str = "50";

/// For how many before a ramp.
const PERCENT_BEFORE_RAMP: &str = "5";

/// The steps of the demo's ramp: all of them within two minutes.
const RAMP_STEPS: &str = "10-25-50-100";
const RAMP_DWELL_S: u64 = 20;
const RAMP_LEAST: u64 = 100;

/// Later revisions that are looked through for changes of what was turned on. After more of them,
/// it belongs to those who made them.
const LOOKED_THROUGH_MAX: usize = 200;

/// What was turned on for the demo and was not changed since.
#[derive(Debug, Default)]
pub struct TurnedOn {
    /// What turning it back changes, a sentence each.
    pub sentences: Vec<String>,
    /// Turns it back.
    edits: Vec<Edit>,
}

/// Returns whether starting the demo turns flags on: the safe default is in force, not by an
/// emergency, and no application keeps a state here, which these flags would be turned on for.
///
/// # Errors
/// If sources cannot be read.
pub fn is_untouched(app: &App) -> Result<bool, Error> {
    let flags = app.flags();
    if flags.is_emergency() || flags.live().document != FlagDocument::default() {
        return Ok(false);
    }
    let sources = app.state_sources()?;
    Ok(sources.iter().all(|source| is_synthetic(&source.name)))
}

/// Turns some flags on if the store is untouched, as one revision. Returns `None` if not, and then
/// flags stay as they are.
///
/// # Errors
/// If it cannot be saved, or sources cannot be read.
pub fn turn_on(app: &App, via: Via) -> Result<Option<Outcome>, Error> {
    turn_on_for(app, via, PERCENT)
}

/// Starts a ramp of the default rollout, with few minutes to go, after some flags were turned on for
/// few users if the store was untouched. Returns what was turned on.
///
/// # Errors
/// What [`App::start_ramp`] returns.
pub fn start_ramp(app: &App, via: Via) -> Result<Option<Outcome>, Error> {
    let turned_on = turn_on_for(app, via, PERCENT_BEFORE_RAMP)?;
    let steps = steps_from_text(RAMP_STEPS).map_err(RolloutsError::from)?;
    let ramp = NewRamp {
        component: None,
        plan: Plan {
            steps,
            dwell_s: RAMP_DWELL_S,
            least_exposed: RAMP_LEAST,
            hours: None,
        },
        plan_name: Some("demo".into()),
        starts_ms: None,
    };
    app.start_ramp(ramp, &Actor::new(via, ACTOR))?;
    Ok(turned_on)
}

fn turn_on_for(app: &App, via: Via, percent: &str) -> Result<Option<Outcome>, Error> {
    let base = app.flags().live().revision;
    if !is_untouched(app)? {
        return Ok(None);
    }
    let paths = COMPONENTS.map(|path| path.parse().expect("a path of the safe default"));
    let percentage: Percentage = percent.parse().expect("a percentage");
    let edits = vec![
        Edit::SetMaster { on: true },
        switched(paths.to_vec(), true),
        Edit::SetRollout {
            component: None,
            change: RolloutChange {
                percentage: Some(percentage),
                ..RolloutChange::default()
            },
        },
    ];
    let changed = app.flags().change(ChangeRequest {
        edit: Edit::Batch(edits),
        actor: Actor::new(via, ACTOR),
        note: Some(NOTE.into()),
        base: Some(base),
    });
    match changed {
        // Another change was saved first, and stays as it is.
        Err(Error::Conflict { .. }) => Ok(None),
        changed => changed.map(Some),
    }
}

/// Turns back what was turned on for the demo and not changed since, as one revision. Returns
/// `None` if there is nothing of that kind.
///
/// # Errors
/// If the log cannot be read, or the change cannot be saved.
pub fn turn_back(app: &App, actor: &Actor) -> Result<Option<Outcome>, Error> {
    let base = app.flags().live().revision;
    let TurnedOn { edits, .. } = turned_on(app)?;
    if edits.is_empty() {
        return Ok(None);
    }
    let outcome = app.flags().change(ChangeRequest {
        edit: Edit::Batch(edits),
        actor: actor.clone(),
        note: Some(NOTE_BACK.into()),
        base: Some(base),
    })?;
    Ok(outcome.changed.then_some(outcome))
}

/// Finds what was turned on for the demo and was not changed since.
///
/// # Errors
/// If the log cannot be read.
pub fn turned_on(app: &App) -> Result<TurnedOn, Error> {
    let flags = app.flags();
    let by_demo = HistoryFilter {
        name: Some(ACTOR.into()),
        ..HistoryFilter::default()
    };
    let found = flags.history(&by_demo, 0, 1)?.revisions;
    let Some(number) = found.first().map(|revision| revision.number) else {
        return Ok(TurnedOn::default());
    };
    let before = document_at(flags, flags.before(number)?)?;
    let made = document_at(flags, number)?;
    let now = &flags.live().document;
    let edits = still_made(flags, number, &before, &made, now)?;
    let back = apply(now, &Edit::Batch(edits.clone()))?.document;
    let found = changes(&now.to_tree(), &back.to_tree());
    Ok(TurnedOn {
        sentences: found.iter().map(ToString::to_string).collect(),
        edits,
    })
}

/// Lists the edits that turn back what revision `number` made of the flags and no later one changed.
fn still_made(
    flags: &Flags,
    number: RevisionNumber,
    before: &FlagDocument,
    made: &FlagDocument,
    now: &FlagDocument,
) -> Result<Vec<Edit>, Error> {
    let mut edits = Vec::new();
    let Some(later) = documents_after(flags, number)? else {
        return Ok(edits);
    };
    for path in switched_on(before, made) {
        let is_made = |document: &FlagDocument| is_on(document, &path) == Some(true);
        if is_made(now) && later.iter().all(is_made) {
            edits.push(switched(vec![path], false));
        }
    }
    let is_made = |document: &FlagDocument| document.rollout == made.rollout;
    if before.rollout != made.rollout && is_made(now) && later.iter().all(is_made) {
        edits.push(Edit::SetRollout {
            component: None,
            change: RolloutChange {
                percentage: Some(before.rollout.percentage),
                ..RolloutChange::default()
            },
        });
    }
    let is_on = |document: &FlagDocument| document.enabled;
    if !before.enabled && is_on(made) && is_on(now) && later.iter().all(is_on) {
        edits.push(Edit::SetMaster { on: false });
    }
    Ok(edits)
}

/// Loads the documents of all revisions after one; `None` if there are too many.
fn documents_after(
    flags: &Flags,
    number: RevisionNumber,
) -> Result<Option<Vec<FlagDocument>>, Error> {
    let live = flags.live().revision;
    let later = flags.between(number, live, LOOKED_THROUGH_MAX + 1)?;
    if later.len() > LOOKED_THROUGH_MAX {
        return Ok(None);
    }
    let documents = later.into_iter().map(|number| document_at(flags, number));
    documents.collect::<Result<_, _>>().map(Some)
}

fn document_at(flags: &Flags, number: RevisionNumber) -> Result<FlagDocument, Error> {
    match number {
        RevisionNumber::NONE => Ok(FlagDocument::default()),
        number => Ok(flags.at(number)?.document.clone()),
    }
}

/// Lists the components that are on in one document and off in another.
fn switched_on(before: &FlagDocument, made: &FlagDocument) -> Vec<ComponentPath> {
    let mut paths = Vec::new();
    made.for_each_component(|path, on| {
        let path = path.parse().expect("a component of a valid document");
        if on && is_on(before, &path) == Some(false) {
            paths.push(path);
        }
    });
    paths
}

/// Returns a component's switch; `None` if there is no such component.
fn is_on(document: &FlagDocument, path: &ComponentPath) -> Option<bool> {
    match document.node(path)? {
        Node::Component(on) => Some(*on),
        Node::Group(_) => None,
    }
}

fn switched(paths: Vec<ComponentPath>, on: bool) -> Edit {
    Edit::SetComponents { paths, on }
}
