//! Restores as *desired and reported*, the way device shadows and Kubernetes have them.
//!
//! The state of a source is what the source last said: its **report**. A restore never writes it. A
//! restore is a request whose content is the **asked-for parts**: everything, some parts, or all
//! but some, with their values from a snapshot. It stays open until the source confirms it:
//!
//! ```text
//!              the source confirms
//!         ┌──────────────────────────▶ confirmed (exactly, or with what differs)
//!  open ──┼──────────────────────────▶ superseded   a newer restore of the same source
//!         └──────────────────────────▶ cancelled    the reviewer takes it back
//! ```
//!
//! One restore differs: if what is stored of a report is damaged, a person makes a snapshot the
//! report. Such a restore asks its source for nothing and has ended when it begins: it is
//! **recovered**.
//!
//! What a source is asked to become is its report with the asked-for parts laid on it
//! ([`Asked::laid_on`]), computed whenever it is read, so that it follows every report.
//!
//! # Invariants
//! - At most one restore of a source is open.
//! - A restore that has ended never changes again; see [`Status::after`].
//! - A report changes neither the status of a restore nor the parts it asks for, unless it
//!   confirms it.
//! - A restore is confirmed *exactly* if laying the asked-for parts on what the source confirmed
//!   with changes nothing. Laying them on twice is the same as once, so a source that has what it
//!   was asked for always confirms exactly.
//! - Values count, not how they are written: the order of keys and `1` for `1.0` are no
//!   difference. The ring `ml.history` is never asked for: it stays as it was reported.
//!
//! Knows nothing of time, of disk, or of who asks.

mod laying;
mod values;

use self::laying::lay;
use self::values::{comparable, with_history_of};
use crate::diff::states::{self, difference};
use crate::limits::RESTORE_DIFFERING_MAX;
use crate::state::HISTORY;
use crate::tree::path::ROOT;
use crate::tree::{Path, PathError, Tree};

/// How a restore stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The source has not confirmed it yet.
    Open,
    /// The source confirmed it.
    Confirmed,
    /// A newer restore of the same source replaced it while it was open.
    Superseded,
    /// It was cancelled while it was open.
    Cancelled,
    /// It took the place of a damaged report when it was made; its source was asked for nothing.
    Recovered,
}

/// An event that may end a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The source confirms it.
    Confirm,
    /// A newer restore of the same source is asked for.
    Supersede,
    /// A person cancels it.
    Cancel,
}

/// How a restore is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// Its source has not confirmed it: it is cancelled.
    Cancel,
    /// Its source has confirmed it: the same parts are asked for as they were before.
    AskForBefore,
}

impl Status {
    /// Returns the status after an event; `None` if the restore has ended, which is final.
    pub fn after(self, step: Transition) -> Option<Self> {
        match (self, step) {
            (Self::Open, Transition::Confirm) => Some(Self::Confirmed),
            (Self::Open, Transition::Supersede) => Some(Self::Superseded),
            (Self::Open, Transition::Cancel) => Some(Self::Cancelled),
            (Self::Confirmed | Self::Superseded | Self::Cancelled | Self::Recovered, _) => None,
        }
    }

    /// Returns how a restore with this status is undone; `None` if it never took effect, or
    /// nothing is left of what was before.
    pub fn undo(self) -> Option<Undo> {
        match self {
            Self::Open => Some(Undo::Cancel),
            Self::Confirmed => Some(Undo::AskForBefore),
            Self::Superseded | Self::Cancelled | Self::Recovered => None,
        }
    }
}

/// Which parts of a state a restore asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parts {
    /// Only these; everything if it is empty.
    only: Vec<Path>,
    /// All but these.
    except: Vec<Path>,
}

/// Why parts cannot be restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// A text is no key.
    #[error(transparent)]
    Key(#[from] PathError),
    /// A key leads nowhere.
    #[error("there is nothing under {key}, now or in the snapshot")]
    Missing {
        /// The key.
        key: String,
    },
    /// A key leads into the ring of changes.
    #[error("{key} is part of the record of changes, which is not restored")]
    History {
        /// The key.
        key: String,
    },
    /// Everything is excepted.
    #[error("except {key} leaves nothing to restore")]
    Nothing {
        /// The key.
        key: String,
    },
}

impl Parts {
    /// Finds the parts that people name: in the snapshot, or in the present state if they are to be
    /// removed.
    ///
    /// A part is remembered by the key that a difference prints for it, so that an element of a
    /// list is found by its identity wherever it stands later.
    ///
    /// # Errors
    /// [`PartError`] if a text is no key, leads nowhere, or names what is not restored.
    pub fn find(
        only: &[String],
        except: &[String],
        now: &Tree,
        then: &Tree,
    ) -> Result<Self, PartError> {
        let find = |key: &String| find(key, now, then);
        let parts = Self {
            only: only.iter().map(find).collect::<Result<_, _>>()?,
            except: except.iter().map(find).collect::<Result<_, _>>()?,
        };
        match parts.except.iter().position(Path::is_root) {
            Some(place) => Err(PartError::Nothing {
                key: except[place].clone(),
            }),
            None => Ok(parts),
        }
    }

    /// Reads keys as [`Self::only`] and [`Self::except`] return them.
    ///
    /// # Errors
    /// [`PathError`] if a text is no key.
    pub fn read(only: &[String], except: &[String]) -> Result<Self, PathError> {
        let read = |keys: &[String]| -> Result<Vec<Path>, PathError> {
            keys.iter().map(|key| key.parse()).collect()
        };
        Ok(Self {
            only: read(only)?,
            except: read(except)?,
        })
    }

    /// Returns the keys that alone are restored, as people read them; empty for everything.
    pub fn only(&self) -> Vec<String> {
        self.only.iter().map(Path::rooted).collect()
    }

    /// Returns the keys that are not restored, as people read them.
    pub fn except(&self) -> Vec<String> {
        self.except.iter().map(Path::rooted).collect()
    }
}

fn find(key: &str, now: &Tree, then: &Tree) -> Result<Path, PartError> {
    let path: Path = key.parse()?;
    let found = [then, now]
        .into_iter()
        .find_map(|tree| Some((tree, path.find(tree)?)));
    let (tree, pointer) = found.ok_or_else(|| PartError::Missing { key: key.into() })?;
    if is_of_history(&pointer) {
        return Err(PartError::History { key: key.into() });
    }
    // By identity, as far as elements have one.
    let path = Path::of(tree, &pointer).unwrap_or(path);
    // A record without its identity is incomplete.
    let record = path.parent().filter(|_| path.is_identity());
    Ok(record.unwrap_or(path))
}

fn is_of_history(pointer: &str) -> bool {
    let rest = pointer.strip_prefix('/').unwrap_or_default();
    rest.split('/').next() == Some(HISTORY)
}

/// What a restore asks for: parts of a state, with their values from a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    parts: Parts,
    then: Tree,
}

/// How the state of a source compares with what was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether all of it is as asked for.
    pub is_exact: bool,
    /// Keys that are not, the first [`RESTORE_DIFFERING_MAX`] of them.
    pub differing: Vec<String>,
}

impl Asked {
    /// Asks for parts of a snapshot.
    pub fn new(parts: Parts, then: Tree) -> Self {
        Self { parts, then }
    }

    /// Returns the parts that are asked for.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Returns the snapshot that they are from.
    pub fn then(&self) -> &Tree {
        &self.then
    }

    /// Returns what a source with this report is asked to become.
    pub fn laid_on(&self, report: &Tree) -> Tree {
        let mut asked = match self.parts.only.is_empty() {
            true => self.then.clone(),
            false => report.clone(),
        };
        for part in &self.parts.only {
            lay(&mut asked, &self.then, part);
        }
        for part in &self.parts.except {
            lay(&mut asked, report, part);
        }
        with_history_of(asked, report)
    }

    /// Compares what a source has with what it was asked for, value by value.
    pub fn verdict(&self, has: &Tree) -> Verdict {
        let asked = comparable(&self.laid_on(has));
        let differences = difference(&comparable(has), &asked, &states::Options::default());
        let keys = differences
            .changes
            .iter()
            .map(|change| rooted(&change.path));
        Verdict {
            is_exact: differences.total == 0,
            differing: keys.take(RESTORE_DIFFERING_MAX).collect(),
        }
    }
}

/// Returns a key of a difference from the name of the tree on.
fn rooted(path: &str) -> String {
    match path.is_empty() || path.starts_with('[') {
        true => format!("{ROOT}{path}"),
        false => format!("{ROOT}.{path}"),
    }
}
