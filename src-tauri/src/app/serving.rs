//! Where flags are served over HTTP, or why they are not.

use std::net::SocketAddr;

use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use super::{App, Event};
use crate::lock::lock;
use crate::serving::Announced;

/// Whether flags are served over HTTP.
#[derive(Debug, Default)]
pub(super) enum Serving {
    /// No server was started, or it has ended.
    #[default]
    No,
    At {
        address: SocketAddr,
        /// How other programs find it.
        _announced: Option<Announced>,
    },
    Refused(NotServing),
}

/// Why flags are not served over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct NotServing {
    /// The port that is not listened on.
    pub port: u16,
    /// The program that listens on it, `flagctl (process 123)`; `null` if none does, or the system
    /// does not say which.
    pub owner: Option<String>,
    /// Why, and what to do: a sentence without a full stop.
    pub reason: String,
}

impl App {
    /// Notes where flags are served over HTTP.
    pub fn set_serving(&self, address: Option<SocketAddr>) {
        self.note_serving(address.map_or(Serving::No, |address| Serving::At {
            address,
            _announced: self.announced(address.port()),
        }));
    }

    /// Notes why flags are not served over HTTP. A notice says so until they are.
    pub fn set_not_serving(&self, why: NotServing) {
        self.note_serving(Serving::Refused(why));
    }

    fn note_serving(&self, serving: Serving) {
        *lock(&self.0.serving) = serving;
        self.announce(Event::Status);
    }

    /// Returns where flags are served over HTTP.
    pub fn serving(&self) -> Option<SocketAddr> {
        match &*lock(&self.0.serving) {
            Serving::At { address, .. } => Some(*address),
            Serving::No | Serving::Refused(_) => None,
        }
    }

    /// Returns why flags are not served over HTTP; `None` if they are, or no server was started.
    pub fn not_serving(&self) -> Option<NotServing> {
        match &*lock(&self.0.serving) {
            Serving::Refused(why) => Some(why.clone()),
            Serving::No | Serving::At { .. } => None,
        }
    }

    /// Announces a port to other programs on the folder. Without that they have to be told.
    fn announced(&self, port: u16) -> Option<Announced> {
        let announced = Announced::at(&self.0.data_dir, port);
        let failed =
            |error: &_| tracing::warn!(%error, port, "other programs do not find this one");
        announced.inspect_err(failed).ok()
    }
}
