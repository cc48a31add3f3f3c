//! The JSON shapes that faces see: what they compose of several parts, and all others by name.
//!
//! A shape of one part is defined by that part, which derives its JSON there; nothing below a face
//! imports this module. TypeScript types in `ui/src/bindings/wire.ts` are generated from all of
//! them; a test keeps them fresh (`UPDATE_BINDINGS=1 cargo test bindings` writes them).

mod calls;
mod reach;

use std::collections::BTreeMap;

pub use self::reach::{AllOff, Reach, Reaches, Widening, Widenings};
pub use crate::app::{Level, Notice};
pub use crate::build_info::{BuildInfo, Package, Part};
pub use crate::flags::AsOf;
pub use crate::metrics::shapes::{
    ChartQuery, Charts, DifferenceShare, Extent, JudgedArm, JudgedComponent, Limits,
    MemoryStanding, MemoryUse, Pulse, PulseColumn, PushHealth, ReportingSource, RollbackPlan,
    Share, Standing, Verdict,
};
pub use crate::state::shapes::{
    Blame, BlameEntry, BlameValue, ChangeRecord, Excerpt, ListChange, RestoreFilter, RestorePage,
    RestoreRequest, RestoreStatus, SeriesChange, Snapshot, SnapshotCause, SnapshotFilter,
    SnapshotLabel, SnapshotPage, StateAt, StateChange, StateChangeKind, StateDifference,
    StateDifferenceOptions, StateRestore, StateSource, Timeline, TimelineColumn,
};
pub use crate::store::{Actor, Mark, Via};

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
    /// What changed with it in one line.
    pub summary: String,
    /// What changed with it, a sentence each, of which a very long list is cut.
    pub changes: Vec<String>,
    /// Since when all flags are off; `null` while the master switch is on.
    pub all_off: Option<AllOff>,
    /// Whom each component reaches.
    pub reach: Reaches,
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

/// A revision that undo or redo would act on.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Step {
    /// Its number.
    pub revision: u64,
    /// What it changed, in words.
    pub sentence: String,
    /// Who made it, or took it back or brought it back since; `null` for an emergency that is
    /// held and not stored.
    pub actor: Option<Actor>,
    /// When that was, in milliseconds since 1970.
    pub at_ms: Option<i64>,
    /// Whether that was the person at this window.
    pub is_own: bool,
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
    /// Adds a component, with the groups around it that are missing.
    AddComponent {
        /// Its path.
        path: String,
        /// Its switch.
        on: bool,
    },
    /// Adds an empty group, with the groups around it that are missing.
    AddGroup {
        /// Its path.
        path: String,
    },
    /// Renames or moves a component or group; everything said about it moves along.
    Move {
        /// Where it is.
        from: String,
        /// Where it shall be.
        to: String,
    },
    /// Takes components and groups away, with everything said about them.
    Remove {
        /// Components and groups.
        paths: Vec<String>,
        /// Whether others stop requiring them; else that others do is a refusal.
        release: bool,
    },
    /// Changes what is given of what people should know about a component or group.
    Describe {
        /// The component or group.
        path: String,
        /// A name for people; empty to have none.
        #[cfg_attr(test, ts(optional))]
        title: Option<String>,
        /// What it does; empty to say nothing.
        #[cfg_attr(test, ts(optional))]
        description: Option<String>,
        /// Who answers for it; empty for nobody.
        #[cfg_attr(test, ts(optional))]
        owner: Option<String>,
        /// The whole list of tags.
        #[cfg_attr(test, ts(optional))]
        tags: Option<Vec<String>>,
        /// The day it should be gone, `YYYY-MM-DD`; empty for no day.
        #[cfg_attr(test, ts(optional))]
        expires: Option<String>,
    },
    /// Says what a component requires, in place of what it required before.
    SetRequires {
        /// The component.
        component: String,
        /// The components it requires.
        requires: Vec<String>,
    },
    /// Several edits as one revision, each applied to what those before it made.
    Batch {
        /// The edits.
        edits: Vec<Edit>,
    },
    /// Puts another document in the place of all.
    Replace {
        /// The document, as JSON text.
        text: String,
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
    /// What came of it in one line.
    pub summary: String,
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

/// A document somebody may put in force: what is wrong with it, and what it would change.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Review {
    /// The revision it was compared with.
    pub revision: u64,
    /// Everything wrong with it; an error among them refuses it.
    pub problems: Vec<Problem>,
    /// What it would change; nothing for a document that is refused.
    pub difference: Difference,
    /// What it would remove, if that is more than half of the components: it is to be confirmed.
    pub loss: Option<Loss>,
}

/// Components that a document would remove.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Loss {
    /// How many it would remove.
    pub removed: usize,
    /// How many there are.
    pub of: usize,
    /// The first of those it would remove.
    pub names: Vec<String>,
}

/// What differs between two documents.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Difference {
    /// The changes, of which a very long list is cut.
    pub changes: Vec<Change>,
    /// How many there are in all.
    pub total: usize,
}

/// One value that differs.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Change {
    /// Where: a JSON Pointer into the document.
    pub pointer: String,
    /// The change in words.
    pub sentence: String,
    /// The value before, as JSON text; `null` where there was none. Of what was renamed or
    /// moved, its path.
    pub before: Option<String>,
    /// The value after, as JSON text; `null` where there is none any more. Of what was
    /// renamed or moved, its path.
    pub after: Option<String>,
}

/// Which revisions to list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase", optional_fields))]
pub struct HistoryFilter {
    /// Only those that changed this component, under whatever name it had then, or anything in
    /// this group.
    pub component: Option<String>,
    /// Only those made through this face.
    pub via: Option<Via>,
    /// Only those made by somebody of this name.
    pub name: Option<String>,
    /// Only those whose changes or note contain this text, whatever its case.
    pub text: Option<String>,
    /// Only those saved at this moment or later, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// Only those saved before this moment, in milliseconds since 1970.
    pub until_ms: Option<i64>,
    /// Only those up to this number, so that pages do not shift while revisions are added.
    pub up_to: Option<u64>,
}

/// Some of the revisions that a filter lets through, latest first.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct HistoryPage {
    /// How many the filter lets through in all.
    pub total: usize,
    /// Those of this page.
    pub revisions: Vec<Revision>,
}

/// A revision without its document.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Revision {
    /// Its number.
    pub revision: u64,
    /// When it was saved, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who saved it.
    pub actor: Actor,
    /// Why it came to be.
    pub cause: Cause,
    /// What the person said about it.
    pub note: Option<String>,
    /// What changed in one line.
    pub summary: String,
    /// What changed, a sentence each, of which a very long list is cut.
    pub changes: Vec<String>,
    /// How many sentences there are in all.
    pub changes_total: usize,
}

/// Why a revision came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "of", rename_all = "snake_case")]
#[cfg_attr(
    test,
    derive(TS),
    ts(tag = "kind", content = "of", rename_all = "snake_case")
)]
pub enum Cause {
    /// Somebody edited the document.
    Edit,
    /// A whole document was taken in.
    Import,
    /// This revision was taken back.
    Undo(u64),
    /// This revision, which had been taken back, was brought back.
    Redo(u64),
    /// The document of this revision was put in force again.
    Restore(u64),
}

/// The last revision that changed a component.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct LastChange {
    /// The component.
    pub path: String,
    /// The revision.
    pub revision: u64,
    /// When it was saved, in milliseconds since 1970.
    pub at_ms: i64,
}

/// Why a user gets what they get.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Explanation {
    /// The revision that decided.
    pub revision: u64,
    /// Whether the component is on for the user.
    pub value: bool,
    /// The rule that decided, by its published name.
    pub reason: String,
    /// The decision in one sentence.
    pub sentence: String,
    /// Every rule that was looked at, in order; the last one decided.
    pub steps: Vec<ExplanationStep>,
    /// The user's bucket, 0..100 000; `null` without a user id.
    pub bucket: Option<u32>,
    /// The first bucket that is not in, 0..=100 000.
    pub threshold: Option<u32>,
    /// Whom the component reaches, in words; `null` for a name that is no component.
    pub reach: Option<String>,
}

/// One rule that was looked at.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ExplanationStep {
    /// Whether it spoke for the component being on.
    pub ok: bool,
    /// What was found.
    pub text: String,
}

/// One key of the configuration, with its value and where that came from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Setting {
    /// Its dotted name, such as `http.port`.
    pub name: String,
    /// What it means, in one sentence.
    pub meaning: String,
    /// What kind of value it takes.
    pub kind: SettingKind,
    /// What it may be, in words.
    pub range: String,
    /// The value in force.
    #[cfg_attr(test, ts(type = "SettingValue"))]
    pub value: serde_json::Value,
    /// The built-in value.
    #[cfg_attr(test, ts(type = "SettingValue"))]
    pub default: serde_json::Value,
    /// Where the value in force came from.
    pub source: SettingSource,
    /// The value in the data folder's `config.toml`; `null` where it has none that can be used.
    /// It is not in force where the environment or the command line say otherwise.
    #[cfg_attr(test, ts(type = "SettingValue"))]
    pub in_file: serde_json::Value,
    /// The environment variable that can set it.
    pub variable: String,
    /// Whether a new value takes effect only when Flagdeck starts again.
    pub needs_restart: bool,
    /// Whether there is a newer value in the file that waits for that.
    pub is_waiting: bool,
    /// Why it does nothing in this version; `null` if it does what it says.
    pub unavailable: Option<String>,
}

/// What a setting may hold; `null` for none.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
#[cfg_attr(
    test,
    derive(TS),
    ts(type = "boolean | number | string | string[] | null")
)]
pub struct SettingValue(pub serde_json::Value);

/// What kind of value a setting takes.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(tag = "kind", rename_all = "snake_case"))]
pub enum SettingKind {
    /// Yes or no.
    Switch,
    /// A whole number.
    Integer {
        /// The least it may be.
        min: u64,
        /// The most it may be.
        max: u64,
        /// What it counts.
        unit: String,
    },
    /// A number from 0 to 1.
    Share,
    /// An address that begins with http:// or https://, or none.
    Address,
    /// A path such as /metrics, at which nothing else is served.
    Route,
    /// A list of origins.
    Origins,
}

/// Where the value of a setting came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(tag = "kind", rename_all = "snake_case"))]
pub enum SettingSource {
    /// Built in.
    Default,
    /// The data folder's `config.toml`.
    File,
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
    },
    /// The command line.
    CommandLine,
}

/// A verified copy of the store.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Backup {
    /// Its file's name.
    pub name: String,
    /// The latest revision in it.
    pub revision: u64,
    /// When that revision was saved, in milliseconds since 1970.
    pub at_ms: i64,
    /// Its size.
    pub bytes: u64,
}

/// A file a person chose.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct ChosenFile {
    /// Its name without its folder.
    pub name: String,
    /// What it holds.
    pub text: String,
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
    /// What became of the data folder, if it or a database in it was removed or replaced: nothing
    /// is saved then; `null` while everything is in place.
    pub store_gone: Option<StoreGone>,
    /// Whether everything is held off by emergency, ahead of what is stored.
    pub is_held_off: bool,
    /// Why that is not stored yet, in a few words; `null` while nothing is held off, and before
    /// the first attempt to store it has failed.
    pub held_off_because: Option<String>,
    /// What people should know, newest last.
    pub notices: Vec<Notice>,
}

/// A data folder that was removed or replaced while it was open.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct StoreGone {
    /// The data folder.
    pub data_dir: String,
    /// The file in it that was removed or replaced; `null` if the folder was.
    pub file: Option<String>,
    /// What is open, and would be written back.
    pub open: StoreSummary,
    /// Whether something is in its place.
    pub is_replaced: bool,
    /// What is in its place, if that is another store of flags.
    pub instead: Option<StoreSummary>,
    /// Why what is in its place cannot be read; `null` if it can, or nothing is there.
    pub unreadable: Option<String>,
    /// Why it cannot be reached, if that is so rather than that it was removed or replaced.
    pub unreachable: Option<String>,
}

/// A store in one line.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct StoreSummary {
    /// How many revisions it has.
    pub revisions: u64,
    /// When the latest was saved, in milliseconds since 1970; `null` without any.
    pub at_ms: Option<i64>,
    /// Who saved it; `null` without any.
    pub actor: Option<Actor>,
    /// What it changed, in one line.
    pub summary: String,
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
    /// The status changed, or the settings.
    Status,
    /// A state changed, or its snapshots: those of this source, or of any where it is `null`.
    State {
        /// The name of the source.
        source: Option<String>,
    },
    /// A command was chosen in the window's menu.
    Command {
        /// Its name in the catalogue of commands.
        id: String,
    },
    /// Somebody wants to close the window while something is not saved.
    CloseAsked,
    /// A file was dropped on the window.
    Dropped,
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
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            view: View::Dashboard,
            zoom: 100,
            is_toured: false,
            recent: Vec::new(),
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
    /// What applications report, as charts.
    Metrics,
    /// What sources keep as state: its past, differences, restoring.
    Snapshots,
    /// Every revision.
    Activity,
    /// Configuration, backups, and what Flagdeck is made of.
    Settings,
}

#[cfg(test)]
mod bindings {
    use super::*;

    const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/bindings/wire.ts");

    const CALLS_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/bindings/calls.ts");

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
            AllOff,
            Reaches,
            Reach,
            Widenings,
            Widening,
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
            Review,
            Loss,
            Difference,
            Change,
            HistoryFilter,
            HistoryPage,
            Revision,
            Cause,
            LastChange,
            Explanation,
            ExplanationStep,
            Setting,
            SettingKind,
            SettingSource,
            SettingValue,
            Backup,
            BuildInfo,
            Part,
            Package,
            ChosenFile,
            Status,
            StoreGone,
            StoreSummary,
            Pulse,
            Verdict,
            Standing,
            JudgedComponent,
            JudgedArm,
            DifferenceShare,
            RollbackPlan,
            ReportingSource,
            Share,
            PulseColumn,
            Mark,
            MemoryUse,
            MemoryStanding,
            Limits,
            PushHealth,
            ChartQuery,
            Charts,
            Extent,
            StateSource,
            Snapshot,
            SnapshotCause,
            SnapshotFilter,
            SnapshotPage,
            Timeline,
            TimelineColumn,
            StateAt,
            StateDifferenceOptions,
            StateDifference,
            StateChange,
            StateChangeKind,
            Excerpt,
            ListChange,
            SeriesChange,
            Blame,
            BlameEntry,
            BlameValue,
            ChangeRecord,
            RestoreRequest,
            StateRestore,
            RestoreStatus,
            RestoreFilter,
            RestorePage,
            SnapshotLabel,
            AsOf,
            Notice,
            Level,
            Announcement,
            Preferences,
            Theme,
            View,
        );
        format!("{}\n", text.trim_end())
    }

    /// A call as the page sees it.
    struct Call {
        docs: String,
        name: &'static str,
        parameters: Vec<(&'static str, String)>,
        answer: String,
    }

    impl Call {
        /// Writes it as a method. What may be none at the end of the list may be left out.
        fn method(&self) -> String {
            let last_needed = self
                .parameters
                .iter()
                .rposition(|(_, shape)| !is_optional(shape));
            let needed = last_needed.map_or(0, |last| last + 1);
            let parameters = self
                .parameters
                .iter()
                .enumerate()
                .map(|(place, (name, shape))| {
                    let mark = if place < needed { "" } else { "?" };
                    format!("{}{mark}: {}", camel_case(name), readonly(shape))
                });
            let parameters: Vec<String> = parameters.collect();
            let answer = match self.answer.as_str() {
                "null" => "void",
                answer => answer,
            };
            let (docs, name) = (&self.docs, camel_case(self.name));
            format!(
                "  /** {docs} */\n  {name}({}): Promise<{answer}>;\n",
                parameters.join(", ")
            )
        }

        /// Writes its name and those of its parameters as the backend knows them.
        fn names(&self) -> String {
            let parameters = self.parameters.iter().map(|(name, _)| camel_case(name));
            let names: Vec<String> = std::iter::once(self.name.to_owned())
                .chain(parameters)
                .map(|name| format!("\"{name}\""))
                .collect();
            format!("  {}: [{}],\n", camel_case(self.name), names.join(", "))
        }
    }

    fn is_optional(shape: &str) -> bool {
        shape.ends_with("| null")
    }

    fn readonly(shape: &str) -> String {
        match shape.starts_with("Array<") {
            true => format!("Readonly{shape}"),
            false => shape.to_owned(),
        }
    }

    fn camel_case(name: &str) -> String {
        let mut words = name.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |text, word| {
            let (initial, rest) = word.split_at(1);
            text + &initial.to_uppercase() + rest
        })
    }

    fn calls() -> Vec<Call> {
        let config = ts_rs::Config::new().with_large_int("number");
        macro_rules! list {
            ($($(#[doc = $docs:literal])* $group:ident::$name:ident(
                $($parameter:ident: $shape:ty),* $(,)?
            ) -> $answer:ty;)*) => {
                vec![$(Call {
                    docs: [$($docs),*].map(str::trim).join(" "),
                    name: stringify!($name),
                    parameters: vec![$(
                        (stringify!($parameter), <$shape as TS>::name(&config))
                    ),*],
                    answer: <$answer as TS>::name(&config),
                }),*]
            };
        }
        crate::with_every_call!(list)
    }

    fn generate_calls() -> String {
        let calls = calls();
        let methods: String = calls.iter().map(Call::method).collect();
        let names: String = calls.iter().map(Call::names).collect();
        let is_shape = |word: &&str| word.starts_with(|c: char| c.is_ascii_uppercase());
        let shapes: std::collections::BTreeSet<&str> = calls
            .iter()
            .flat_map(|call| {
                call.parameters
                    .iter()
                    .map(|(_, shape)| shape)
                    .chain([&call.answer])
            })
            .flat_map(|shape| shape.split(|c: char| !c.is_ascii_alphanumeric()))
            .filter(is_shape)
            .filter(|word| *word != "Array")
            .collect();
        let shapes: Vec<&str> = shapes.into_iter().collect();
        format!(
            "// Generated from src-tauri/src/wire/calls.rs by `UPDATE_BINDINGS=1 cargo test bindings`.\n\n\
             import type {{ {} }} from \"./wire\";\n\n\
             /** The calls of the page to the backend; each rejects with a `Failure`. */\n\
             export interface Calls {{\n{methods}}}\n\n\
             /** The name of each in the backend, and those of its parameters, in their order. */\n\
             export const CALLS: Record<keyof Calls, readonly [string, ...string[]]> = {{\n{names}}};\n",
            shapes.join(", ")
        )
    }

    #[test]
    fn bindings_are_fresh() {
        for (path, fresh) in [(PATH, generate()), (CALLS_PATH, generate_calls())] {
            if std::env::var_os("UPDATE_BINDINGS").is_some() {
                std::fs::write(path, &fresh).expect("the bindings folder is writable");
            }
            let committed = std::fs::read_to_string(path).unwrap_or_default();
            assert!(
                committed == fresh,
                "{path} is stale: run UPDATE_BINDINGS=1 cargo test bindings"
            );
        }
    }
}
