//! Why a document is not followed, accepted or published.

use flagdeck_core::Loss;

use super::{CredentialError, FetchError, NoRemote, PublishError};

/// Why a document is not followed, accepted or published. Each sentence has its cause in it.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The settings name no document.
    #[error("no document is followed: featureFlags.endpoint names none")]
    Nothing,
    /// The address cannot be followed.
    #[error("featureFlags.endpoint cannot be followed: {0}")]
    Address(NoRemote),
    /// The credential cannot be used.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// A fetch failed.
    #[error("{address}: {cause}")]
    Fetch {
        /// The address, without credentials.
        address: String,
        /// Why.
        cause: FetchError,
    },
    /// Publishing failed.
    #[error("{address}: {cause}{}", uncertainty(.cause))]
    Publish {
        /// The address, without credentials.
        address: String,
        /// Why.
        cause: PublishError,
    },
    /// What is followed came from another address than the one that the settings name since.
    #[error(
        "the flags follow {followed}, and featureFlags.endpoint names {named}; nothing was \
         published"
    )]
    Elsewhere {
        /// The address that is followed, without credentials.
        followed: String,
        /// The address of the settings, without credentials.
        named: String,
    },
    /// What was to be accepted is no longer what the remote has.
    #[error("the remote has another document by now, which has lost {lost}; nothing was changed")]
    Another {
        /// What that has lost.
        lost: Loss,
    },
    /// What was looked at is no longer what the remote has.
    #[error("the remote has another document by now than the one that was looked at")]
    Replaced,
    /// The remote changes faster than it can be published to.
    #[error("the remote was changed again and again; nothing was published, try again")]
    Contended,
}

impl From<NoRemote> for FollowError {
    fn from(cause: NoRemote) -> Self {
        Self::Address(cause)
    }
}

fn uncertainty(error: &PublishError) -> &'static str {
    match error.is_uncertain() {
        true => "; it may have been published all the same, which the next fetch tells",
        false => "",
    }
}
