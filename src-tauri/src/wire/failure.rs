//! Why a call of the page, or a command of `flagctl`, was refused or failed.

use flagdeck_core::Problem;
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use crate::error::{Code, Error, sentence};
use crate::state::StateError;
use crate::store::RevisionNumber;

/// Why something was refused.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Failure {
    /// The kind, to branch on.
    pub code: Code,
    /// What happened, what was kept and what to do, in plain words.
    pub message: String,
    /// Everything wrong with a document, if that is the reason.
    pub problems: Vec<Problem>,
    /// The revision in force, if a conflict is the reason.
    #[cfg_attr(test, ts(optional))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub winner: Option<RevisionNumber>,
    /// The state that cannot be read, if that is the reason.
    #[cfg_attr(test, ts(optional))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged_state: Option<DamagedState>,
}

/// A state of which what is stored is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct DamagedState {
    /// Whose state it is.
    pub source: String,
    /// The latest snapshot that can be read, from which it can be recovered; `null` if none can.
    pub snapshot: Option<u64>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (code, message) = (error.code(), sentence(&error.in_full()));
        let failure = Self {
            code,
            message,
            problems: Vec::new(),
            winner: None,
            damaged_state: None,
        };
        match error {
            Error::Invalid { problems } => Self {
                problems,
                ..failure
            },
            Error::Conflict { winner, .. } => Self {
                winner: Some(winner),
                ..failure
            },
            Error::State(StateError::Damaged { name, snapshot, .. }) => Self {
                damaged_state: Some(DamagedState {
                    source: name.to_string(),
                    snapshot,
                }),
                ..failure
            },
            _ => failure,
        }
    }
}

impl Failure {
    /// Something failed that should not have.
    pub fn failed(message: &str) -> Self {
        Self {
            code: Code::Failed,
            message: sentence(message),
            problems: Vec::new(),
            winner: None,
            damaged_state: None,
        }
    }
}
