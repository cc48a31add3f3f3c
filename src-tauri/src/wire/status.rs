//! How the application itself is doing, and what became of a data folder that is gone.

use flagdeck_core::summary;
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use crate::app::following::FollowStatus;
use crate::app::{App, NotServing, Notice};
use crate::store::{Actor, Gone, Instead, RevisionSummary};

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
    /// Why they are not; `null` while they are.
    pub not_serving: Option<NotServing>,
    /// Why nothing can be saved; `null` if everything can.
    pub read_only: Option<String>,
    /// What became of the data folder, if it or a database in it was removed or replaced: nothing
    /// is saved then; `null` while everything is in place.
    pub store_gone: Option<StoreGone>,
    /// Whether everything is held off by emergency, ahead of what is stored.
    pub is_held_off: bool,
    /// Why that is not stored yet, in a few words; `null` while nothing is held off, and before
    /// the first attempt to store it has failed.
    pub held_off_because: Option<String>,
    /// How following a document is going; `null` if the settings name none.
    pub following: Option<FollowStatus>,
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

impl Status {
    /// Shows how the application is doing.
    pub fn of(app: &App) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir: app.data_dir().display().to_string(),
            serving: app.serving().map(|address| address.to_string()),
            not_serving: app.not_serving(),
            read_only: app.flags().read_only(),
            store_gone: app.gone().map(|gone| StoreGone::of(app, gone)),
            is_held_off: app.flags().is_emergency(),
            held_off_because: app.flags().why_not_stored(),
            following: app.following(),
            notices: app.notices(),
        }
    }
}

impl StoreGone {
    fn of(app: &App, gone: Gone) -> Self {
        let is_replaced = !matches!(gone.instead, Instead::Nothing | Instead::Unreachable { .. });
        let (instead, unreadable, unreachable) = match gone.instead {
            Instead::Nothing | Instead::Something => (None, None, None),
            Instead::Store(latest) => (Some(StoreSummary::of(latest.as_deref())), None, None),
            Instead::Unreadable { reason } => (None, Some(reason), None),
            Instead::Unreachable { reason } => (None, None, Some(reason)),
        };
        Self {
            data_dir: gone.data_dir.display().to_string(),
            file: gone.file,
            open: StoreSummary::of_open(app),
            is_replaced,
            instead,
            unreadable,
            unreachable,
        }
    }
}

impl StoreSummary {
    fn of_open(app: &App) -> Self {
        let live = app.flags().live();
        let origin = live.origin.as_ref();
        Self {
            revisions: live.revision.0,
            at_ms: origin.map(|origin| origin.at_ms),
            actor: origin.map(|origin| origin.actor.clone()),
            summary: origin.map_or_else(String::new, |origin| summary(&origin.changes)),
        }
    }

    fn of(latest: Option<&RevisionSummary>) -> Self {
        Self {
            revisions: latest.map_or(0, |latest| latest.number.0),
            at_ms: latest.map(|latest| latest.at_ms),
            actor: latest.map(|latest| latest.actor.clone()),
            summary: latest.map_or_else(String::new, |latest| summary(&latest.changes)),
        }
    }
}
