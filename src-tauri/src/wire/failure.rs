//! Why a call of the page, or a command of `flagctl`, was refused or failed.

use flagdeck_core::Problem;
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use crate::error::{Code, Error, sentence};
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
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (code, message) = (error.code(), sentence(&error.in_full()));
        let (problems, winner) = match error {
            Error::Invalid { problems } => (problems, None),
            Error::Conflict { winner, .. } => (Vec::new(), Some(winner)),
            _ => (Vec::new(), None),
        };
        Self {
            code,
            message,
            problems,
            winner,
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
        }
    }
}
