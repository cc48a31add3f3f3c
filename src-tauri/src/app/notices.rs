//! Notices for people: what happened, and what prevents saving.

use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use super::{App, Event};
use crate::error::sentence;
use crate::lock::lock;
use crate::metrics::Metrics;
use crate::store::sqlite::quarantine::{self, Entry};

/// Something people are notified of once and can read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Notice {
    /// How bad it is.
    pub level: Level,
    /// What happened, what was kept and what to do.
    pub message: String,
    /// The entry of the quarantine that it tells of, until that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub entry: Option<String>,
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
        let notice = Notice::new(level, message);
        let mut notices = lock(&self.0.notices);
        if notices.last() != Some(&notice) {
            notices.push(notice);
            drop(notices);
            self.announce(Event::Status);
        }
    }

    /// Returns what people should know: what is wrong with the settings, the databases and the
    /// server, while it is, what was damaged and was not looked at yet, then what happened, newest last.
    pub fn notices(&self) -> Vec<Notice> {
        let problems = self.0.settings.problems().into_iter();
        let mut happened = lock(&self.0.notices).clone();
        let metrics = self.0.metrics.as_ref().and_then(Metrics::why_not_open);
        let unserved = self.not_serving();
        let unserved =
            unserved.map(|why| format!("Flags are not served over HTTP: {}.", why.reason));
        let standing = problems.chain(metrics).chain(unserved).map(warning);
        let unseen = quarantine::unseen(self.data_dir()).into_iter();
        let untold = unseen.filter_map(|entry| match notice_of(&mut happened, &entry) {
            Some(notice) => {
                notice.entry = Some(entry.name());
                None
            }
            None => Some(Notice {
                entry: Some(entry.name()),
                ..error(entry.sentence())
            }),
        });
        let mut notices: Vec<Notice> = standing.chain(untold).collect();
        notices.append(&mut happened);
        notices
    }

    /// Announces, and logs, what began or ended since the last look without being announced: by
    /// another program, or while a database is opened.
    pub(super) fn look_at_notices(&self, known: &mut Vec<Notice>) {
        let notices = self.notices();
        let before = std::mem::replace(known, notices.clone());
        if before != notices {
            let is_known = |notice: &Notice| before.iter().any(|it| it.message == notice.message);
            for notice in notices.iter().filter(|notice| !is_known(notice)) {
                tracing::warn!("{}", notice.message);
            }
            self.announce(Event::Status);
        }
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
        let gone = self.gone().map(|gone| sentence(&gone.to_string()));
        let read_only = self.flags().read_only();
        let read_only = read_only.map(|reason| format!("Nothing can be saved: {reason}"));
        let emergency = self.flags().not_stored();
        let found = gone.into_iter().chain(read_only).chain(emergency);
        found.map(error).collect()
    }
}

impl Notice {
    pub(super) fn new(level: Level, message: impl Into<String>) -> Self {
        Self {
            level,
            message: message.into(),
            entry: None,
        }
    }
}

/// Returns the notice that tells of an entry of the quarantine already.
fn notice_of<'a>(happened: &'a mut [Notice], entry: &Entry) -> Option<&'a mut Notice> {
    let place = entry.path.display().to_string();
    let mut happened = happened.iter_mut();
    happened.find(|notice| notice.message.contains(&place))
}

fn error(message: String) -> Notice {
    Notice::new(Level::Error, message)
}

fn warning(message: String) -> Notice {
    Notice::new(Level::Warning, message)
}
