//! Notices for people: what happened, and what prevents saving.

use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use super::{App, Event};
use crate::error::sentence;
use crate::lock::lock;

/// Something people are notified of once and can read again.
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

impl App {
    /// Notifies people of something, once, and keeps it to be read later.
    pub fn notify(&self, level: Level, message: impl Into<String>) {
        let notice = Notice {
            level,
            message: message.into(),
        };
        let mut notices = lock(&self.0.notices);
        if notices.last() != Some(&notice) {
            notices.push(notice);
            drop(notices);
            self.announce(Event::Status);
        }
    }

    /// Returns what people should know: what is wrong with the settings, while it is, then
    /// what happened, newest last.
    pub fn notices(&self) -> Vec<Notice> {
        let problems = self.0.settings.problems().into_iter();
        let happened = lock(&self.0.notices).clone();
        problems.map(warning).chain(happened).collect()
    }

    /// Lists the environment variables that look like one of Flagdeck's and are not, each with the
    /// nearest one, a sentence each.
    pub fn unknown_variables(&self) -> Vec<String> {
        self.0.settings.unknown_variables()
    }

    /// Returns what prevents saving at present, for faces that show no [`wire::Status`]: the data
    /// folder is gone or can only be read, an emergency is not stored.
    ///
    /// [`wire::Status`]: crate::wire::Status
    pub fn obstacles(&self) -> Vec<Notice> {
        let error = |message| Notice {
            level: Level::Error,
            message,
        };
        let gone = self.gone().map(|gone| sentence(&gone.to_string()));
        let read_only = self.flags().read_only();
        let read_only = read_only.map(|reason| format!("Nothing can be saved: {reason}"));
        let emergency = self.flags().not_stored();
        let found = gone.into_iter().chain(read_only).chain(emergency);
        found.map(error).collect()
    }
}

/// Makes a warning.
pub(super) fn warning(message: String) -> Notice {
    Notice {
        level: Level::Warning,
        message,
    }
}
