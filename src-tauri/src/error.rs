//! Why the application refused or failed, and the codes that faces and programs branch on.

mod code;

use flagdeck_core::{EditError, Loss, Problem};

pub use self::code::Code;

use crate::config::ChangeError;
use crate::metrics::prometheus::QueryError;
use crate::rollouts::RolloutsError;
use crate::rosters::RostersError;
use crate::source::SourceNameError;
use crate::state::StateError;
use crate::store::{RevisionNumber, StoreError};
use crate::upstream::FollowError;
use crate::workspace::WorkspaceError;

/// Why the application refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A document, or the document that an edit would make, has errors.
    #[error("{}", first_of(.problems))]
    Invalid {
        /// Everything wrong with it, warnings included.
        problems: Vec<Problem>,
    },
    /// A name leads to nothing of the kind.
    #[error("{message}")]
    NotFound {
        /// What was looked for, and what comes close.
        message: String,
    },
    /// Somebody else was faster.
    #[error(
        "revision {expected} is no longer the latest: revision {winner} is; nothing was changed"
    )]
    Conflict {
        /// The revision the change was based on.
        expected: RevisionNumber,
        /// The revision in force.
        winner: RevisionNumber,
    },
    /// A document or patch would remove more than half of the components, and that was not
    /// confirmed.
    #[error("this would remove {loss}; nothing was changed")]
    LargeLoss {
        /// What would be removed.
        loss: Loss,
    },
    /// There is no step to take back or to bring back.
    #[error("{message}")]
    NothingToDo {
        /// Which of the two.
        message: &'static str,
    },
    /// The data folder cannot be written.
    #[error("nothing can be saved: {reason}")]
    ReadOnly {
        /// Why.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What applications report is not collected by this program.
    #[error("this program does not collect what applications report")]
    NotCollecting,
    /// The Prometheus whose series the charts show did not answer.
    #[error("the Prometheus at {address} cannot be asked")]
    Prometheus {
        /// Its address, without credentials.
        address: String,
        /// Why.
        source: QueryError,
    },
    /// A document is not followed, accepted or published.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// Something that was asked for is out of its bounds.
    #[error("{message}")]
    OutOfRange {
        /// What, and its bounds.
        message: String,
    },
    /// There are as many of a kind as there may be.
    #[error("{message}")]
    TooMany {
        /// Of what, and what to do.
        message: String,
    },
    /// A state was not taken in, compared or restored.
    #[error(transparent)]
    State(StateError),
    /// A file was not imported as a roster.
    #[error(transparent)]
    Roster(RostersError),
    /// Something about a rollout is out of its range, or does not fit what is there.
    #[error(transparent)]
    Rollout(RolloutsError),
    /// A workspace was not exported or imported.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A setting was not changed.
    #[error(transparent)]
    Setting(#[from] ChangeError),
    /// A file of the data folder other than the store failed.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        match error {
            StateError::NotFound { message } => Self::NotFound { message },
            StateError::Store(error) => Self::Store(error),
            other => Self::State(other),
        }
    }
}

impl From<RostersError> for Error {
    fn from(error: RostersError) -> Self {
        match error {
            RostersError::NotFound { message } => Self::NotFound { message },
            RostersError::Store(error) => Self::Store(error),
            RostersError::TooMany => Self::TooMany {
                message: error.to_string(),
            },
            other => Self::Roster(other),
        }
    }
}

impl From<RolloutsError> for Error {
    fn from(error: RolloutsError) -> Self {
        match error {
            RolloutsError::NotFound { message } => Self::NotFound { message },
            RolloutsError::Store(error) => Self::Store(error),
            RolloutsError::TooMany => Self::TooMany {
                message: error.to_string(),
            },
            other => Self::Rollout(other),
        }
    }
}

impl From<SourceNameError> for Error {
    fn from(error: SourceNameError) -> Self {
        Self::State(error.into())
    }
}

impl From<EditError> for Error {
    fn from(error: EditError) -> Self {
        match error {
            EditError::NotFound { message } => Self::NotFound { message },
            EditError::Invalid(problems) => Self::Invalid { problems },
        }
    }
}

impl Error {
    /// Returns the kind of the failure.
    pub fn code(&self) -> Code {
        self.into()
    }

    /// Says what went wrong with its causes, in one line.
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

fn first_of(problems: &[Problem]) -> String {
    match problems {
        [] => "the document is not valid".into(),
        [only] => only.message.clone(),
        [first, rest @ ..] => format!("{} (and {} more)", first.message, rest.len()),
    }
}

/// Makes a sentence of an error's text, which has no capital and no full stop.
/// A name at its beginning stays as it is.
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    let is_word = text
        .split(' ')
        .next()
        .is_some_and(|word| word.chars().all(|character| character.is_ascii_lowercase()));
    let mut sentence: String = match is_word {
        true => first.into_iter().chain(characters).collect(),
        false => text.to_owned(),
    };
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn an_error_becomes_a_sentence_and_keeps_names_as_they_are() {
        assert_eq!(sentence("the disk is full"), "The disk is full.");
        assert_eq!(sentence("ui.badges is a group"), "ui.badges is a group.");
        assert_eq!(sentence("Already one."), "Already one.");
    }
}
