//! The demo: a synthetic application that reports to this Flagdeck, the flags that are turned on so
//! that there is something to see, and taking both away again.
//!
//! What belongs to the demo is read from what is stored, so that it is known after a restart, and
//! to every program on the data folder: sources whose name begins with `synthetic-`, and what
//! revisions by the actor `synthetic-demo` turned on.
//!
//! | module | what it does |
//! |---|---|
//! | [`host`] | makes up what happens, from a seed alone; of [`population`] and `chance` |
//! | [`mod@exposure`] | who sees what, by the flags in force |
//! | [`event`] | what happened, as Flagdeck accepts it |
//! | [`state`] | what the host keeps as state, made up |
//! | `player` | plays the host within this program |
//! | `flags` | turns flags on for the demo, and back |

mod chance;
pub mod event;
pub mod exposure;
pub mod host;
pub mod population;
pub mod state;

mod flags;
mod player;

use std::collections::BTreeSet;
use std::sync::Mutex;

use flagdeck_core::FlagDocument;
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

pub use self::flags::{start_ramp, turn_on as turn_on_flags};
use self::host::{Host, Traits};
use self::player::Player;
use crate::app::{App, RemovedSource};
use crate::error::Error;
use crate::lock::lock;
use crate::state::SourceName;
use crate::store::Actor;

/// What the synthetic host calls itself.
pub const DEMO_SOURCE: &str = event::SOURCE;

/// What the sample page calls itself.
pub const SAMPLE_SOURCE: &str = "synthetic-sample";

/// How the name of every source begins that makes its reports up.
const SYNTHETIC: &str = "synthetic-";

/// How many components calculate.
const COMPONENTS: usize = 5;

/// Users of the demo that this program plays, and their calculations a second.
const USERS: usize = 4000;
const RATE_PER_S: f64 = 100.0;

/// The demo that this program plays, if it does.
#[derive(Debug, Default)]
pub struct Demo {
    player: Mutex<Option<Player>>,
}

/// How the demo stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct DemoStatus {
    /// Whether this program plays it.
    pub is_playing: bool,
    /// Why it cannot report; `null` if it can, or is not played.
    pub trouble: Option<String>,
    /// The synthetic sources that a removal deletes.
    pub sources: Vec<DemoSource>,
    /// What a removal changes in the flags, a sentence each: what was turned on for the demo and
    /// was not changed since.
    pub flags: Vec<String>,
    /// Whether starting it turns flags on: the safe default is in force, and no other application
    /// keeps a state here.
    pub turns_flags_on: bool,
}

/// A synthetic source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct DemoSource {
    /// Its name.
    pub name: String,
    /// Its snapshots, pinned ones too.
    pub snapshots: u64,
    /// Calculations of it that are counted.
    pub calculations: u64,
}

/// Whether flags that were turned on for the demo stay when it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepFlags {
    /// What was turned on for the demo goes back to what it was before.
    No,
    /// They stay.
    Yes,
}

/// What a removal of the demo did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RemovedDemo {
    /// The sources that were deleted, with their states, snapshots, restores and events.
    pub sources: Vec<DemoSource>,
    /// What changed in the flags, a sentence each.
    pub flags: Vec<String>,
    /// The revision that changed them; `null` if none did.
    pub revision: Option<u64>,
}

impl From<RemovedSource> for DemoSource {
    fn from(source: RemovedSource) -> Self {
        Self {
            name: source.source,
            snapshots: source.snapshots,
            calculations: source.calculations,
        }
    }
}

impl Demo {
    /// Turns flags on if there is nothing to see without, and plays a synthetic host in this program
    /// until it is stopped. Does nothing if it plays already.
    ///
    /// # Errors
    /// If flags cannot be turned on, or no component could calculate.
    pub fn start(&self, app: &App, actor: &Actor) -> Result<(), Error> {
        let mut player = lock(&self.player);
        if player.as_ref().is_some_and(Player::is_playing) {
            return Ok(());
        }
        turn_on_flags(app, actor.via)?;
        let components = usual_components(&app.flags().live().document);
        if components.is_empty() {
            return Err(Error::NotFound {
                message: "there are no components that could calculate: add one first".into(),
            });
        }
        let host = Host::new(Traits {
            users: USERS,
            rate_per_s: RATE_PER_S,
            components,
            has_regression: false,
            seed: fastrand::u64(..),
        });
        *player = Some(Player::start(app.clone(), host)?);
        Ok(())
    }

    /// Stops playing; what was reported stays.
    pub fn stop(&self) {
        let player = lock(&self.player).take();
        drop(player);
    }

    /// Returns how it stands.
    ///
    /// # Errors
    /// If sources or revisions cannot be read.
    pub fn status(&self, app: &App) -> Result<DemoStatus, Error> {
        let player = lock(&self.player);
        let playing = player.as_ref().filter(|player| player.is_playing());
        Ok(DemoStatus {
            is_playing: playing.is_some(),
            trouble: playing.and_then(Player::trouble),
            sources: sources(app)?,
            flags: flags::turned_on(app)?.sentences,
            turns_flags_on: flags::is_untouched(app)?,
        })
    }

    /// Stops playing, and removes what the demo left; see [`remove`].
    ///
    /// # Errors
    /// As for [`remove`].
    pub fn remove(&self, app: &App, actor: &Actor, keep: KeepFlags) -> Result<RemovedDemo, Error> {
        self.stop();
        remove(app, actor, keep)
    }
}

/// Deletes every synthetic source with all that it reported, and turns the flags back that were
/// turned on for the demo and not changed since. Revisions stay; the one this makes can be undone.
///
/// # Errors
/// If a source cannot be deleted or the flags cannot be changed. What was done until then stays
/// done; a second attempt continues.
pub fn remove(app: &App, actor: &Actor, keep: KeepFlags) -> Result<RemovedDemo, Error> {
    let sources = names(app)?;
    let sources = sources.iter().map(|name| app.remove_source(name));
    let sources = found(sources)?;
    let turned_back = match keep {
        KeepFlags::No => flags::turn_back(app, actor)?,
        KeepFlags::Yes => None,
    };
    Ok(RemovedDemo {
        sources,
        revision: turned_back.as_ref().map(|outcome| outcome.revision.0),
        flags: turned_back
            .map(|outcome| outcome.changes)
            .unwrap_or_default(),
    })
}

/// Lists the synthetic sources of which there is anything.
fn sources(app: &App) -> Result<Vec<DemoSource>, Error> {
    let names = names(app)?;
    found(names.iter().map(|name| app.removable(name)))
}

/// Leaves out sources of which nothing is left.
fn found(
    sources: impl Iterator<Item = Result<RemovedSource, Error>>,
) -> Result<Vec<DemoSource>, Error> {
    let mut found = Vec::new();
    for source in sources {
        match source {
            // What was removed before may still be known by its name.
            Ok(source) if is_empty(&source) => {}
            Ok(source) => found.push(source.into()),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn is_empty(source: &RemovedSource) -> bool {
    let kept = source.snapshots + source.restores + source.calculations;
    !source.has_state && kept == 0
}

/// Lists the names of sources that are synthetic: those that have a state or snapshots, and
/// Flagdeck's own, which may have reported events alone.
fn names(app: &App) -> Result<BTreeSet<SourceName>, Error> {
    let all = app.state_sources()?.into_iter().map(|source| source.name);
    let synthetic = all.filter(|name| is_synthetic(name));
    let own = [DEMO_SOURCE, SAMPLE_SOURCE].map(str::to_owned);
    let names = synthetic.chain(own).map(|name| name.parse());
    Ok(names.collect::<Result<_, _>>()?)
}

fn is_synthetic(source: &str) -> bool {
    source.starts_with(SYNTHETIC)
}

/// Returns the first components of a document, those that are switched on before the others.
pub fn usual_components(document: &FlagDocument) -> Vec<String> {
    let mut all = Vec::new();
    document.for_each_component(|path, on| all.push((path.to_owned(), on)));
    let (on, off): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, on)| *on);
    let first = on.into_iter().chain(off).take(COMPONENTS);
    first.map(|(path, _)| path).collect()
}
