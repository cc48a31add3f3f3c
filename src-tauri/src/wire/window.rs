//! What belongs to the window: what it is told, the files a person chose, preferences.

use flagdeck_core::{Problem, flagd};
use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use crate::flags::Incoming;
use crate::store::RevisionNumber;

/// What the backend tells the window. The window reads what changed; the event does not carry it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(tag = "kind", rename_all = "snake_case"))]
pub enum Announcement {
    /// The flags changed, through whatever face.
    Flags {
        /// The revision in force.
        revision: RevisionNumber,
    },
    /// The status changed, or the settings.
    Status,
    /// A state changed, or its snapshots: those of this source, or of any if it is `null`.
    State {
        /// The name of the source.
        source: Option<String>,
    },
    /// A rollout was looked at again: its ramp, its evidence, a decision.
    Rollouts,
    /// A rollout was rolled back because it did harm.
    RolledBack {
        /// The number of the decision.
        id: u64,
        /// The component; `null` for the default rollout.
        component: Option<String>,
        /// The reason, in words.
        sentence: String,
    },
    /// A command was chosen in the window's menu.
    Command {
        /// Its name in the catalogue of commands.
        id: String,
    },
    /// The user wants to close the window while something is not saved.
    CloseAsked,
    /// A file was dropped on the window.
    Dropped {
        /// Its name without its folder.
        name: String,
    },
    /// An import of snapshots goes on.
    Importing {
        /// Snapshots of the file that are read.
        done: usize,
        /// Snapshots of the file.
        total: usize,
    },
    /// A file of users is read.
    ReadingRoster {
        /// Bytes that are read; rows of a table of SQLite.
        done: u64,
        /// How many there are.
        total: u64,
    },
}

/// A file a person chose.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ChosenFile {
    /// Its name without its folder.
    pub name: String,
    /// What it holds; of flag definitions of flagd, the document that was made of them.
    pub text: String,
    /// What of definitions is not in that document, and what refuses them.
    pub left_out: Vec<Problem>,
}

impl ChosenFile {
    /// Makes a document of what a file holds, if it can become one.
    pub fn of(name: String, text: &str) -> Self {
        let (text, left_out) = match Incoming::read(text.into(), None) {
            Ok(incoming) => (incoming.document, incoming.left_out),
            Err(problems) => (text.into(), problems),
        };
        let text = String::from_utf8(text).expect("a document is text, and so was the file");
        Self {
            name,
            text,
            left_out,
        }
    }
}

/// The flags as flag definitions of flagd.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Definitions {
    /// The definitions, as JSON text.
    pub text: String,
    /// What flagd cannot express, with its place in the document.
    pub left_out: Vec<Problem>,
}

impl From<flagd::Definitions> for Definitions {
    fn from(definitions: flagd::Definitions) -> Self {
        Self {
            text: definitions.text(),
            left_out: definitions.left_out,
        }
    }
}

/// A workspace that was written to a file, or imported from one.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct WorkspaceFile {
    /// The file: its place if it was written, else its name.
    pub file: String,
    /// The revisions in it.
    pub revisions: u64,
    /// The snapshots in it.
    pub snapshots: u64,
    /// What was left out, a sentence each.
    pub left_out: Vec<String>,
}

/// A workspace that was chosen and checked, before it is imported.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ChosenWorkspace {
    /// The name of its file.
    pub file: String,
    /// The revisions in it.
    pub revisions: u64,
    /// The snapshots in it.
    pub snapshots: u64,
    /// The document that will be in force, as JSON; `null` if it has none.
    pub document: Option<String>,
}

/// The sample app, opened in the browser.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct OpenedPage {
    /// Its address, with the token in it.
    pub address: String,
    /// Why the browser was not opened; `null` if it was.
    pub trouble: Option<String>,
}

/// What belongs to the window alone. Losing it loses no data.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Preferences {
    /// Light, dark, or as the desktop has it.
    pub theme: Theme,
    /// The view shown at start.
    pub view: View,
    /// How large everything is drawn, in per cent: 100 to 200.
    pub zoom: u16,
    /// Whether the tour of the first run was taken or skipped.
    pub is_toured: bool,
    /// What was last run from the palette, latest first.
    pub recent: Vec<String>,
    /// The roster that previews are counted over; the one imported last if `None`.
    pub roster: Option<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            view: View::Dashboard,
            zoom: 100,
            is_toured: false,
            recent: Vec::new(),
            roster: None,
        }
    }
}

/// The colours of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum Theme {
    /// As the desktop has it.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A view of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum View {
    /// The three cards.
    Dashboard,
    /// The tree and the rollout editor.
    Flags,
    /// Rollouts: ramps, evidence and decisions.
    Rollouts,
    /// Lists of users, over which changes are counted before they are saved.
    Rosters,
    /// What applications report, as charts.
    Metrics,
    /// What sources keep as state: its past, differences, restoring.
    Snapshots,
    /// Every revision.
    Activity,
    /// Configuration, backups, and what Flagdeck is made of.
    Settings,
}
