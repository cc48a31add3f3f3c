//! How following a document is going, as faces show it.

use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

/// How following a document is going.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct FollowStatus {
    /// The address that the settings name, without credentials.
    pub address: String,
    /// How it is going.
    pub state: FollowState,
    /// When the document was last found to be as it is, in milliseconds since 1970; `null` if it
    /// was not since this program started.
    pub confirmed_ms: Option<i64>,
    /// When the next fetch is due, in milliseconds since 1970; `null` if none is planned: another
    /// program fetches, or the address or the credential cannot be used.
    pub next_ms: Option<i64>,
}

/// How following a document is going.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase", tag = "kind"))]
pub enum FollowState {
    /// The first fetch is under way.
    Waiting,
    /// What serves is what the remote had a moment ago.
    Fresh,
    /// The latest fetches failed, and what serves is still within the time that it counts as fresh.
    #[serde(rename_all = "camelCase")]
    #[cfg_attr(test, ts(rename_all = "camelCase"))]
    Retrying {
        /// When the first of them failed, in milliseconds since 1970.
        since_ms: i64,
        /// Why the latest failed: a sentence that follows the name of the remote.
        reason: String,
    },
    /// The latest fetches failed, and what serves may be out of date.
    #[serde(rename_all = "camelCase")]
    #[cfg_attr(test, ts(rename_all = "camelCase"))]
    Stale {
        /// When the first of them failed, in milliseconds since 1970.
        since_ms: i64,
        /// Why the latest failed: a sentence that follows the name of the remote.
        reason: String,
    },
    /// The remote has a document that was not adopted, because it has lost more than half of the
    /// components.
    #[serde(rename_all = "camelCase")]
    #[cfg_attr(test, ts(rename_all = "camelCase"))]
    Held {
        /// When it was first seen, in milliseconds since 1970.
        since_ms: i64,
        /// What it has lost, as in `5 of 6 components: calculator, tracker and 3 more`.
        lost: String,
        /// What names the document, to accept it and no other.
        document: String,
    },
    /// Another program on the folder fetches.
    Elsewhere,
}
