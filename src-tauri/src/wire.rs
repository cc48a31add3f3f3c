//! The JSON shapes that faces see, in one place.
//!
//! TypeScript types in `ui/src/bindings/wire.ts` are generated from this file;
//! a test keeps them fresh (`UPDATE_BINDINGS=1 cargo test bindings` writes them).
//! Shapes only: what they mean is decided in core and done in `app`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

/// Everything the window shows of the flags at one revision.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Flags {
    /// The revision shown; 0 while nothing has been saved and the safe default is in force.
    pub revision: u64,
    /// When it was saved, in milliseconds since 1970; `null` for revision 0.
    pub at_ms: Option<i64>,
    /// Who saved it; `null` for revision 0.
    pub actor: Option<Actor>,
    /// What changed with it, a sentence each.
    pub changes: Vec<String>,
    /// The document in its published format.
    pub document: Document,
    /// How many components there are.
    pub components: usize,
    /// How many of them are switched on, whatever the master switch says.
    pub components_on: usize,
    /// What undo would take back.
    pub undo: Option<Step>,
    /// What redo would bring back.
    pub redo: Option<Step>,
}

/// Who made a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Actor {
    /// The face it was made through.
    pub via: Via,
    /// The name of the operating system's user, or what the HTTP client called itself.
    pub name: String,
}

/// A face of Flagdeck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum Via {
    /// The window.
    Window,
    /// The command line.
    Flagctl,
    /// The local HTTP interface.
    Http,
}

/// A revision that undo or redo would act on.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Step {
    /// Its number.
    pub revision: u64,
    /// What it changed, in words.
    pub sentence: String,
}

/// A flag document as published. Keys the format does not have are kept by the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Document {
    /// The master switch.
    pub enabled: bool,
    /// The component tree.
    pub components: Group,
    /// The rollout of every component that has none of its own.
    pub rollout: Rollout,
    /// Rollouts of single components, by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<BTreeMap<String, Rollout>>"))]
    pub rollouts: BTreeMap<String, Rollout>,
    /// What a component needs to be on, by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<BTreeMap<String, Vec<String>>>"))]
    pub requires: BTreeMap<String, Vec<String>>,
    /// What people should know about a component or group, by path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<BTreeMap<String, About>>"))]
    pub about: BTreeMap<String, About>,
    /// How users are hashed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub bucketing: Option<Bucketing>,
}

/// An inner node of the component tree, in the order of the document.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(TS), ts(type = "{ [name: string]: boolean | Group }"))]
pub struct Group(pub serde_json::Map<String, serde_json::Value>);

/// Who sees what is switched on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Rollout {
    /// Per cent of all users, 0 to 100 in steps of 0.001.
    pub percentage: f64,
    /// Names of groups the strategy gives a meaning to.
    pub user_groups: Vec<String>,
    /// What the groups and the percentage mean.
    pub strategy: Strategy,
}

/// How a rollout reads its groups and its percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "kebab-case"))]
pub enum Strategy {
    /// People in the groups first, then a fixed share of everyone.
    Canary,
    /// Everyone switches together: 0 or 100 %.
    BlueGreen,
    /// Only people in the groups, and of them a fixed share.
    Feature,
}

/// How users are hashed into buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
pub enum Bucketing {
    /// flagd's `fractional`, third generation; the default.
    #[serde(rename = "flagd-3")]
    Flagd3,
    /// flagd's `fractional`, second generation.
    #[serde(rename = "flagd-2")]
    Flagd2,
}

/// What people should know about a component.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase", optional_fields))]
pub struct About {
    /// A name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Words to find it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// The day it should be gone, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// One change a person makes in the window.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(
    test,
    derive(TS),
    ts(
        tag = "kind",
        rename_all = "snake_case",
        rename_all_fields = "camelCase"
    )
)]
pub enum Edit {
    /// Turns the master switch.
    SetMaster {
        /// Its new position.
        on: bool,
    },
    /// Switches components; a group stands for every component beneath it.
    SetComponents {
        /// Paths of components or groups.
        paths: Vec<String>,
        /// Their new position.
        on: bool,
    },
    /// Changes what is given of a rollout; a component without its own gets one first,
    /// as a copy of the document's.
    SetRollout {
        /// The component, or `null` for the document's rollout.
        component: Option<String>,
        /// Per cent of all users.
        #[cfg_attr(test, ts(optional))]
        percentage: Option<f64>,
        /// The whole new list of groups.
        #[cfg_attr(test, ts(optional))]
        user_groups: Option<Vec<String>>,
        /// The strategy.
        #[cfg_attr(test, ts(optional))]
        strategy: Option<Strategy>,
    },
    /// Takes a component's own rollout away: it follows the document's again.
    ClearRollout {
        /// The component.
        component: String,
    },
}

/// What came of a change.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Outcome {
    /// The revision in force after it.
    pub revision: u64,
    /// Whether it made that revision; `false` where everything was so already.
    pub changed: bool,
    /// What changed, a sentence each.
    pub changes: Vec<String>,
}

/// Why something was refused.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Failure {
    /// The kind, to branch on.
    pub code: crate::error::Code,
    /// What happened, what was kept and what to do, in plain words.
    pub message: String,
    /// Everything wrong with a document, where that was the reason.
    pub problems: Vec<Problem>,
    /// The revision in force, where a conflict was the reason.
    #[cfg_attr(test, ts(optional))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub winner: Option<u64>,
}

/// One thing wrong with a document.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Problem {
    /// `error` refuses the document, `warning` does not.
    pub severity: String,
    /// The kind, to branch on.
    pub code: String,
    /// Where: a JSON Pointer.
    pub pointer: String,
    /// What is wrong, in one sentence.
    pub message: String,
}

/// How the application itself is doing.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Status {
    /// The version of Flagdeck.
    pub version: String,
    /// The data folder.
    pub data_dir: String,
    /// The address flags are served at, `127.0.0.1:4680`; `null` while they are not.
    pub serving: Option<String>,
    /// Why nothing can be saved; `null` where everything can.
    pub read_only: Option<String>,
    /// What people should know, newest last.
    pub notices: Vec<Notice>,
}

/// Something people are told once and can read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Notice {
    /// How bad it is.
    pub level: Level,
    /// What happened, what was kept and what to do.
    pub message: String,
}

/// How bad a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Something does not work as configured.
    Warning,
    /// Something was lost or cannot be saved.
    Error,
}

/// What the backend tells the window; always read anew, never carried in the event.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(tag = "kind", rename_all = "snake_case"))]
pub enum Announcement {
    /// The flags changed, through whatever face.
    Flags {
        /// The revision in force.
        revision: u64,
    },
    /// The status changed.
    Status,
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
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            view: View::Dashboard,
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
}

#[cfg(test)]
mod bindings {
    use super::*;

    const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/bindings/wire.ts");

    fn generate() -> String {
        let config = ts_rs::Config::new().with_large_int("number");
        let mut text = String::from(
            "// Generated from src-tauri/src/wire.rs by `UPDATE_BINDINGS=1 cargo test bindings`.\n\n",
        );
        macro_rules! declare {
            ($($shape:ty),* $(,)?) => { $(
                if let Some(docs) = <$shape as TS>::docs() {
                    text.push_str(&docs);
                }
                text.push_str(&format!("export {}\n\n", <$shape as TS>::decl(&config)));
            )* };
        }
        declare!(
            Flags,
            Actor,
            Via,
            Step,
            Document,
            Group,
            Rollout,
            Strategy,
            Bucketing,
            About,
            Edit,
            Outcome,
            Failure,
            crate::error::Code,
            Problem,
            Status,
            Notice,
            Level,
            Announcement,
            Preferences,
            Theme,
            View,
        );
        format!("{}\n", text.trim_end())
    }

    #[test]
    fn bindings_are_fresh() {
        let fresh = generate();
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(PATH, &fresh).expect("the bindings folder is writable");
        }
        let committed = std::fs::read_to_string(PATH).unwrap_or_default();
        assert!(
            committed == fresh,
            "ui/src/bindings/wire.ts is stale: run UPDATE_BINDINGS=1 cargo test bindings"
        );
    }
}
