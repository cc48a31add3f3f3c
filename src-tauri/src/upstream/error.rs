//! Why a remote gave no document, or took none: each cause one sentence and a stable kind.

use std::time::Duration;

use flagdeck_core::Problem;
use serde::Serialize;
use thiserror::Error;

use super::chain::{Chain, FlagdeckId};
use super::limits::{CHAIN_IDS_MAX, PROBLEMS_TOLD_MAX};
use crate::outbound::{CallError, Forbidden, quoted};

/// Why a fetch gave no document. Each sentence follows the name of the server, or stands alone.
#[derive(Debug, Error)]
pub enum FetchError {
    /// There was no whole answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The connection ended within the document.
    #[error("the connection ended before the whole document had arrived")]
    Truncated,
    /// It leads to another address, to which it is not followed.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// It is a page for people, such as a login.
    #[error("it answered with a web page instead of a flag document")]
    WebPage,
    /// It is not sent as JSON.
    #[error("it answered with {found} instead of JSON")]
    WrongType {
        /// What it says it is.
        found: String,
    },
    /// It says it is JSON, and is none.
    #[error("its document cannot be read: {}", told(.problems))]
    NotJson {
        /// What is wrong with it.
        problems: Vec<Problem>,
    },
    /// It is no valid flag document.
    #[error("its document is not valid: {}", told(.problems))]
    Invalid {
        /// All that is wrong with it.
        problems: Vec<Problem>,
    },
    /// Nothing is wrong with it but words that this version does not know.
    #[error("its document may be for a later version of Flagdeck: {}", told(.problems))]
    LaterFormat {
        /// The words.
        problems: Vec<Problem>,
    },
    /// The server says that nothing changed, and was not asked whether.
    #[error("it answered that nothing changed (304), without having been asked")]
    Unasked,
    /// It wants a credential, or another one.
    #[error("{}", denied(*.status, .withheld.as_deref()))]
    Denied {
        /// The status of the answer.
        status: u16,
        /// The server that the credential was not sent to, because a redirect led there.
        withheld: Option<String>,
    },
    /// It is a Flagdeck, and was asked by a name that is not its own.
    #[error("{MISDIRECTED} ({status})")]
    Misdirected {
        /// The status of the answer.
        status: u16,
    },
    /// There is nothing.
    #[error("it has no document at this address ({status}){hint}")]
    Missing {
        /// The status of the answer.
        status: u16,
        /// What the address may lack.
        hint: &'static str,
    },
    /// The server cannot answer at present.
    #[error("it answered with an error of its own ({status})")]
    Failing {
        /// The status of the answer.
        status: u16,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// An answer that a document never comes with.
    #[error("it answered with status {status} instead of a flag document")]
    Unexpected {
        /// The status of the answer.
        status: u16,
    },
    /// It follows this Flagdeck.
    #[error(transparent)]
    Circle(#[from] Circle),
}

/// A Flagdeck answers to the names of its own machine, with its own port.
const MISDIRECTED: &str = "it does not answer to this host and port: a tunnel must have the port of \
    the Flagdeck at both ends, and a proxy must send its Host";

/// Why a redirect is not followed.
#[derive(Debug, Error)]
pub enum RedirectError {
    /// It names no address that can be used.
    #[error("it redirects ({status}) to an address that cannot be used")]
    Nowhere {
        /// The status of the answer.
        status: u16,
    },
    /// Others could read the document, or change it.
    #[error("it redirects from https to {to}, which is not encrypted; that is not followed")]
    Unencrypted {
        /// Where it leads.
        to: String,
    },
    /// It leads to a network address that only a configured address may name.
    #[error("it redirects to {to}, which is not followed: {cause}")]
    Forbidden {
        /// Where it leads.
        to: String,
        /// What is there.
        cause: Forbidden,
    },
    /// It leads on and on.
    #[error("it redirects more than {redirects_max} times, finally to {to}")]
    TooMany {
        /// How often that is followed.
        redirects_max: usize,
        /// Where it leads.
        to: String,
    },
}

/// A remote follows this Flagdeck, or is it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Circle {
    /// The address leads back here.
    #[error("it is this Flagdeck itself")]
    Itself,
    /// It follows this Flagdeck by way of others.
    #[error("it follows this Flagdeck: {}", round(.through))]
    Through {
        /// Those on the way, the remote first.
        through: Chain,
    },
    /// There are too many to tell.
    #[error(
        "it is the last of {CHAIN_IDS_MAX} Flagdecks that follow one another, the most there can be"
    )]
    TooLong,
}

impl Circle {
    /// Checks that a Flagdeck can follow a remote that told `chain`.
    pub(super) fn check(own: FlagdeckId, chain: &Chain) -> Result<(), Self> {
        match chain.up_to(own) {
            Some(through) if through.ids().is_empty() => Err(Self::Itself),
            Some(through) => Err(Self::Through { through }),
            None if !chain.has_room() => Err(Self::TooLong),
            None => Ok(()),
        }
    }
}

/// Why a publication was not taken. Each sentence follows the name of the server, or stands alone.
#[derive(Debug, Error)]
pub enum PublishError {
    /// Nothing tells whether the document there is the one that was changed.
    #[error(
        "it sends no ETag that a change can depend on, so publishing could overwrite the change \
         of another person"
    )]
    NoTag,
    /// The document there is not the one that was changed.
    #[error("its document was changed since it was fetched ({status})")]
    Conflict {
        /// The status of the answer.
        status: u16,
    },
    /// More than half of the components would be removed, which it wants to have confirmed.
    #[error("it wants this to be confirmed: {detail}")]
    LargeLoss {
        /// What it says.
        detail: String,
    },
    /// It wants a credential, or another one.
    #[error("{}", denied(*.status, None))]
    Denied {
        /// The status of the answer.
        status: u16,
    },
    /// It is a Flagdeck, and was asked by a name that is not its own.
    #[error("{MISDIRECTED} ({status})")]
    Misdirected {
        /// The status of the answer.
        status: u16,
    },
    /// It takes no documents.
    #[error("it takes no documents at this address ({status})")]
    ReadOnly {
        /// The status of the answer.
        status: u16,
    },
    /// It does not take this document.
    #[error("it refused the document ({status}){}", because(.detail))]
    Refused {
        /// The status of the answer.
        status: u16,
        /// What it says; empty if nothing.
        detail: String,
        /// What it says is wrong with the document.
        problems: Vec<Complaint>,
    },
    /// The server cannot take it at present.
    #[error("it answered with an error of its own ({status})")]
    Failing {
        /// The status of the answer.
        status: u16,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// It follows this Flagdeck.
    #[error(transparent)]
    Circle(#[from] Circle),
    /// There was no whole answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// What a server says is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Where: a JSON Pointer.
    pub pointer: String,
    /// What, in the words of the server, on one line.
    pub message: String,
}

/// Declares the kinds of failures.
macro_rules! kinds {
    ($($(#[doc = $meaning:literal])+ $kind:ident,)+) => {
        /// The kind of a fetch that failed: stable names that programs may branch on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(test, derive(ts_rs::TS), ts(rename = "FetchFailure", rename_all = "snake_case"))]
        pub enum Kind {
            $($(#[doc = $meaning])+ $kind,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];
        }
    };
}

kinds! {
    /// The address cannot be used.
    Address,
    /// There is no connection.
    Unreachable,
    /// No whole answer came in time.
    Slow,
    /// The connection ended without an answer.
    Closed,
    /// The connection ended within the document.
    Truncated,
    /// The answer is no HTTP.
    Garbled,
    /// The certificate is not valid.
    Certificate,
    /// The name leads to a network address that only a configured address may name.
    Forbidden,
    /// A redirect that is not followed.
    Redirect,
    /// A web page instead of a document.
    WebPage,
    /// Anything else but JSON.
    WrongType,
    /// JSON by its type alone.
    NotJson,
    /// Not a valid flag document.
    Invalid,
    /// A document with words of a later version.
    LaterFormat,
    /// `304` that was not asked for.
    Unasked,
    /// A larger answer than any document.
    TooLarge,
    /// A credential is missing or wrong.
    Denied,
    /// A Flagdeck that is asked by a name that is not its own.
    Misdirected,
    /// There is no document.
    Missing,
    /// The server failed.
    Failing,
    /// Another status.
    Unexpected,
    /// The remote follows this Flagdeck.
    Circle,
}

impl FetchError {
    /// Returns its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Call(error) => kind_of_call(error),
            Self::Truncated => Kind::Truncated,
            Self::Redirect(_) => Kind::Redirect,
            Self::WebPage => Kind::WebPage,
            Self::WrongType { .. } => Kind::WrongType,
            Self::NotJson { .. } => Kind::NotJson,
            Self::Invalid { .. } => Kind::Invalid,
            Self::LaterFormat { .. } => Kind::LaterFormat,
            Self::Unasked => Kind::Unasked,
            Self::Denied { .. } => Kind::Denied,
            Self::Misdirected { .. } => Kind::Misdirected,
            Self::Missing { .. } => Kind::Missing,
            Self::Failing { .. } => Kind::Failing,
            Self::Unexpected { .. } => Kind::Unexpected,
            Self::Circle(_) => Kind::Circle,
        }
    }

    /// Lists what is wrong with the document; empty if there is none.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::NotJson { problems }
            | Self::Invalid { problems }
            | Self::LaterFormat { problems } => problems,
            _ => &[],
        }
    }

    /// Returns how long the server asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Failing { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl PublishError {
    /// Returns whether the document may have been published all the same: it was sent, and no
    /// answer came, or that of a gateway that had none. The next fetch tells.
    pub fn is_uncertain(&self) -> bool {
        use CallError::{Closed, Garbled, Silent, TooLarge};
        match self {
            Self::Call(Silent { .. } | Closed | Garbled { .. } | TooLarge { .. }) => true,
            Self::Failing { status, .. } => matches!(status, 500 | 502 | 504),
            _ => false,
        }
    }
}

fn kind_of_call(error: &CallError) -> Kind {
    match error {
        CallError::Address(_) => Kind::Address,
        CallError::Unreachable { .. } => Kind::Unreachable,
        CallError::Silent { .. } => Kind::Slow,
        CallError::Closed => Kind::Closed,
        CallError::Garbled { .. } => Kind::Garbled,
        CallError::Certificate { .. } => Kind::Certificate,
        CallError::Forbidden(_) => Kind::Forbidden,
        CallError::Elsewhere { .. } => Kind::Redirect,
        CallError::TooLarge { .. } => Kind::TooLarge,
    }
}

/// Names the first problems, and counts the rest.
fn told(problems: &[Problem]) -> String {
    let first = problems.iter().take(PROBLEMS_TOLD_MAX);
    let first: Vec<String> = first.map(|one| quoted(&one.to_string())).collect();
    let line = first.join(" ");
    match problems.len().saturating_sub(PROBLEMS_TOLD_MAX) {
        0 => line.trim_end_matches('.').to_owned(),
        more => format!("{line} (and {more} more)"),
    }
}

fn denied(status: u16, withheld: Option<&str>) -> String {
    let why = match status {
        401 => "it wants a credential, or another one (401)".to_owned(),
        _ => format!("it refuses this credential, or a request without one ({status})"),
    };
    match withheld {
        None => why,
        Some(server) => {
            format!("{why}; the credential is not sent to {server}, to which it redirects")
        }
    }
}

fn because(detail: &str) -> String {
    match detail {
        "" => String::new(),
        detail => format!(": {}", detail.trim_end_matches('.')),
    }
}

fn round(through: &Chain) -> String {
    let ids = through.ids().iter().map(|id| format!(" → {id}"));
    format!("this one{} → this one", ids.collect::<String>())
}
