//! The one vocabulary of failures: what each code means, its status over HTTP, and the exit code
//! of `flagctl`. Docs list it (`docs/json.md`), and the page's type is generated from it.

use serde::Serialize;

use super::Error;
use crate::config::ChangeError;
use crate::metrics::IntakeError;
use crate::rollouts::RolloutsError;
use crate::rosters::RostersError;
use crate::state::StateError;
use crate::store::StoreError;
use crate::upstream::{FollowError, PublishError};
use crate::workspace::WorkspaceError;

/// Exit code of a failure that no other one names.
const FAILED: u8 = 1;

/// Declares the codes: what each means, its HTTP status, and the exit code of `flagctl`, if
/// `flagctl` can fail that way.
macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $code:ident: $status:literal $(, exit $exit:literal)?;)+) => {
        /// The kind of a failure: stable names that programs may branch on, the same in the
        /// window, over HTTP and in `flagctl --json`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(test, derive(ts_rs::TS), ts(rename_all = "snake_case"))]
        pub enum Code {
            $($(#[doc = $meaning])+ $code,)+
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// Returns what it means, in one sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$code => concat!($($meaning),+).trim_ascii_start(),)+
                }
            }

            /// Returns the status of an HTTP answer with it.
            pub fn http_status(self) -> u16 {
                match self {
                    $(Self::$code => $status,)+
                }
            }

            /// Returns how `flagctl` exits with it; `None` if only HTTP requests fail that way.
            pub fn exit_code(self) -> Option<u8> {
                match self {
                    $(Self::$code => None$(.or(Some($exit)))?,)+
                }
            }
        }
    };
}

codes! {
    /// Something failed that should not have.
    Failed: 500, exit 1;
    /// What is stored of a state or a restore is damaged; `flagctl state recover` puts a snapshot in the place of a state.
    StateDamaged: 500, exit 1;
    /// Another program keeps the store locked, or too many requests of this kind are under way; try again.
    Busy: 503, exit 1;
    /// The disk is full.
    DiskFull: 507, exit 1;
    /// What applications report is not collected by this program.
    NotCollecting: 503, exit 1;
    /// The document, the edit or the arguments are not valid.
    Invalid: 422, exit 2;
    /// More than half of the components would be removed, and that was not confirmed.
    LargeLoss: 409, exit 2;
    /// What was sent cannot be read.
    Malformed: 400, exit 2;
    /// What was sent is larger than it may be.
    TooLarge: 413, exit 2;
    /// What was sent has more entries than it may have.
    TooMany: 413, exit 2;
    /// There is nothing of that name or number.
    NotFound: 404, exit 3;
    /// Another change was saved first.
    Conflict: 409, exit 4;
    /// The followed document cannot be fetched, or was not published.
    Remote: 502, exit 1;
    /// There is nothing to undo, redo or roll back.
    NothingToDo: 409, exit 5;
    /// The snapshot is pinned; unpin it to remove it.
    Pinned: 409, exit 5;
    /// The restore has ended: it was confirmed, superseded or cancelled.
    RestoreEnded: 410, exit 5;
    /// The data folder can only be read.
    ReadOnly: 503, exit 6;
    /// States cannot be kept at present.
    NotKept: 503, exit 6;
    /// The data folder was removed or replaced while it was open.
    StoreGone: 503, exit 7;
    /// What was asked for is saved, but `flagctl` could not write its output.
    NotPrinted: 500, exit 9;
    /// The request needs the token, and has none or a wrong one.
    Unauthorized: 401;
    /// The request comes from a web page or a host name that is not allowed.
    Foreign: 403;
    /// The address does not take this method.
    MethodNotAllowed: 405;
    /// The request took too long to arrive.
    TooSlow: 408;
    /// `If-Match` names another document than the one in force.
    Stale: 412;
    /// The address is too long.
    AddressTooLong: 414;
    /// The body has a media type or an encoding that is not taken.
    UnsupportedMediaType: 415;
    /// Another batch came under the same `Idempotency-Key` before.
    KeyReused: 422;
    /// The request changes the flags and has no `If-Match`.
    IfMatchRequired: 428;
    /// Too many batches wait to be stored; send this one again.
    QueueFull: 429;
    /// Bodies of other requests fill the memory for them; send this one again.
    TooMuchAtOnce: 429;
    /// There were too many wrong tokens in the last second.
    TooManyBadTokens: 429;
    /// The request has too many or too large headers.
    HeadTooLarge: 431;
    /// Too many programs have the event stream open.
    TooManyStreams: 503;
    /// The Flagdeck that asks is this one, or is followed by it: neither can follow the other.
    Circle: 508;
}

impl Code {
    /// Returns the exit code of a process that ends with it.
    pub fn exits_with(self) -> u8 {
        self.exit_code().unwrap_or(FAILED)
    }
}

impl From<&Error> for Code {
    fn from(error: &Error) -> Self {
        match error {
            Error::Invalid { .. } => Self::Invalid,
            Error::NotFound { .. } => Self::NotFound,
            Error::Conflict { .. } => Self::Conflict,
            Error::LargeLoss { .. } => Self::LargeLoss,
            Error::NothingToDo { .. } => Self::NothingToDo,
            Error::ReadOnly { .. } => Self::ReadOnly,
            Error::Store(error) => error.into(),
            Error::State(error) => error.into(),
            Error::Roster(error) => error.into(),
            Error::Rollout(error) => error.into(),
            Error::Workspace(error) => error.into(),
            Error::Setting(error) => error.into(),
            Error::NotCollecting => Self::NotCollecting,
            Error::Follow(error) => error.into(),
            Error::OutOfRange { .. } => Self::Invalid,
            Error::TooMany { .. } => Self::TooMany,
            Error::Prometheus { .. } | Error::File { .. } => Self::Failed,
        }
    }
}

impl From<&RolloutsError> for Code {
    fn from(error: &RolloutsError) -> Self {
        match error {
            RolloutsError::Plan(_) | RolloutsError::Refused { .. } => Self::Invalid,
            RolloutsError::NotFound { .. } => Self::NotFound,
            RolloutsError::TooMany => Self::TooMany,
            RolloutsError::Store(error) => error.into(),
        }
    }
}

impl From<&RostersError> for Code {
    fn from(error: &RostersError) -> Self {
        match error {
            RostersError::Refused { .. } => Self::Malformed,
            RostersError::File { .. } => Self::Failed,
            RostersError::NotFound { .. } => Self::NotFound,
            RostersError::TooMany => Self::TooMany,
            RostersError::Store(error) => error.into(),
        }
    }
}

impl From<&StoreError> for Code {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Gone(_) | StoreError::Unconfirmed(_) => Self::StoreGone,
            StoreError::ReadOnly { .. } => Self::ReadOnly,
            StoreError::DiskFull => Self::DiskFull,
            StoreError::Busy | StoreError::Held { .. } => Self::Busy,
            StoreError::Folder { .. }
            | StoreError::Damaged { .. }
            | StoreError::DamagedBackup { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Sqlite(_)
            | StoreError::File { .. }
            | StoreError::Missing { .. }
            | StoreError::Migration { .. }
            | StoreError::Panicked { .. }
            | StoreError::Closed => Self::Failed,
        }
    }
}

impl From<&StateError> for Code {
    fn from(error: &StateError) -> Self {
        match error {
            StateError::Invalid { .. } | StateError::Unreadable { .. } => Self::Malformed,
            StateError::TooLarge { .. } => Self::TooLarge,
            StateError::TooMany { .. } => Self::TooMany,
            StateError::NotFound { .. } => Self::NotFound,
            StateError::Pinned { .. } => Self::Pinned,
            StateError::Ended { .. } => Self::RestoreEnded,
            StateError::Damaged { .. } | StateError::DamagedRestore { .. } => Self::StateDamaged,
            StateError::Sound { .. } | StateError::SoundRestore { .. } => Self::NothingToDo,
            StateError::Unavailable { .. } => Self::NotKept,
            StateError::Store(error) => error.into(),
        }
    }
}

impl From<&IntakeError> for Code {
    fn from(error: &IntakeError) -> Self {
        match error {
            IntakeError::Unreadable { .. } => Self::Malformed,
            IntakeError::TooMany { .. } => Self::TooMany,
            IntakeError::KeyReused => Self::KeyReused,
            IntakeError::Full => Self::QueueFull,
            IntakeError::Busy => Self::Busy,
            IntakeError::DiskFull => Self::DiskFull,
            IntakeError::Gone | IntakeError::Unconfirmed => Self::StoreGone,
            IntakeError::Unavailable { .. } => Self::NotCollecting,
        }
    }
}

impl From<&WorkspaceError> for Code {
    fn from(error: &WorkspaceError) -> Self {
        match error {
            WorkspaceError::Other | WorkspaceError::Newer | WorkspaceError::Damaged { .. } => {
                Self::Malformed
            }
            WorkspaceError::Unwritable { .. } => Self::Failed,
            WorkspaceError::TooLarge { .. } => Self::TooLarge,
            WorkspaceError::NotFresh { .. } => Self::Invalid,
        }
    }
}

impl From<&FollowError> for Code {
    fn from(error: &FollowError) -> Self {
        match error {
            FollowError::Nothing => Self::NothingToDo,
            FollowError::Address(_) | FollowError::Credential(_) => Self::Invalid,
            FollowError::Publish {
                cause: PublishError::LargeLoss { .. },
                ..
            } => Self::LargeLoss,
            FollowError::Fetch { .. } | FollowError::Publish { .. } => Self::Remote,
            FollowError::Another { .. }
            | FollowError::Replaced
            | FollowError::Contended
            | FollowError::Elsewhere { .. } => Self::Conflict,
        }
    }
}

impl From<&ChangeError> for Code {
    fn from(error: &ChangeError) -> Self {
        match error {
            ChangeError::Unknown { .. } => Self::NotFound,
            ChangeError::Invalid { .. } | ChangeError::Unsound { .. } => Self::Invalid,
            ChangeError::Protected { .. } => Self::ReadOnly,
            ChangeError::DiskFull { .. } => Self::DiskFull,
            ChangeError::File { .. } => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Gone, Instead};

    #[test]
    fn every_code_is_an_error_over_http_and_a_documented_exit_of_flagctl() {
        for code in Code::ALL {
            assert!((400..600).contains(&code.http_status()), "{code:?}");
            // 8 is that of a search that was stopped.
            let exit = code.exit_code();
            assert!(exit.is_none_or(|exit| (1..8).contains(&exit) || exit == 9));
            assert!(code.meaning().ends_with('.'), "{code:?}");
        }
    }

    /// Whatever fails, the parts and the application name it alike.
    #[test]
    fn one_cause_has_one_code_wherever_it_is_met() {
        let met = |stored: fn() -> StoreError, taken: &IntakeError| {
            let state = Error::from(StateError::Store(stored()));
            [Error::Store(stored()).code(), state.code(), taken.into()]
        };
        let gone = || {
            StoreError::Gone(Gone {
                data_dir: "/somewhere".into(),
                file: None,
                instead: Instead::Nothing,
            })
        };
        assert_eq!(met(gone, &IntakeError::Gone), [Code::StoreGone; 3]);
        let full = || StoreError::DiskFull;
        assert_eq!(met(full, &IntakeError::DiskFull), [Code::DiskFull; 3]);
        let busy = || StoreError::Busy;
        assert_eq!(met(busy, &IntakeError::Busy), [Code::Busy; 3]);
    }
}
