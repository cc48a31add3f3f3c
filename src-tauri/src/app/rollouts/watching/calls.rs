//! Calls of the webhook that are under way: broken off when its address is another one, and told when
//! they are given up.

use super::super::super::{App, Level};
use crate::webhook::Outcome;

/// What was known of them at the last look.
#[derive(Debug, Default)]
pub(super) struct Calls {
    url: Option<String>,
    given_up: Option<String>,
}

impl Calls {
    pub(super) fn look(&mut self, app: &App) {
        let url = app.config().rollback.webhook.url.clone();
        if self.url != url {
            // What waits was for the address before.
            if self.url.is_some() {
                app.0.webhooks.clear();
            }
            self.url = url;
        }
        let Some(standing) = app.0.webhooks.standing() else {
            return;
        };
        let Outcome::GivenUp { attempts, why } = standing.outcome else {
            return;
        };
        if self.given_up.as_ref() != Some(&standing.id) {
            let server = &standing.server;
            let message = format!(
                "The webhook was not told of a rollback, after {attempts} tries: {server}: {why}."
            );
            app.notify(Level::Warning, message);
            self.given_up = Some(standing.id);
        }
    }
}
