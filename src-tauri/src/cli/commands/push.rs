//! How pushing to a gateway goes, in words: for `serve`, `metrics` and `doctor`.

use flagdeck::App;
use flagdeck::clock::Clock;
use flagdeck::metrics::push::health::{HealthChange, HealthReporter};
use flagdeck::wire::PushHealth;
use tokio::sync::watch;

use crate::output::{remark, when};

/// Prints on standard error when pushes begin to fail, that they still do, and when they arrive
/// again, until the application ends.
pub async fn tell(health: Option<watch::Receiver<Option<PushHealth>>>) {
    let Some(mut health) = health else { return };
    let mut teller = HealthReporter::default();
    while health.changed().await.is_ok() {
        let latest = health.borrow_and_update().clone();
        if let Some((news, health)) = teller.look(latest.as_ref(), Clock::system().now_ms()) {
            remark(&line(news, &health));
        }
    }
}

fn line(news: HealthChange, health: &PushHealth) -> String {
    let gateway = &health.gateway;
    let error = health.error.as_deref().unwrap_or_default();
    match news {
        HealthChange::Fails => format!("cannot push metrics to {gateway}: {error}"),
        HealthChange::StillFails => {
            format!(
                "still cannot push metrics to {gateway}: {}",
                failing(health)
            )
        }
        HealthChange::Works => format!("metrics are pushed to {gateway} again: {}", failed(health)),
    }
}

/// How pushing goes, and whether that is well; `None` if nothing is to be pushed.
pub fn status(health: Option<&PushHealth>, app: &App) -> Option<(bool, String)> {
    let Some(health) = health else {
        let (gateway, is_usable) = app.push_gateway()?;
        let text = match is_usable {
            true => format!(
                "no program pushes metrics to {gateway} at present: the window and flagctl serve do"
            ),
            false => format!("metrics cannot be pushed to {gateway}: the address cannot be used"),
        };
        return Some((is_usable, text));
    };
    let gateway = &health.gateway;
    Some(match (&health.error, health.at_ms) {
        (Some(_), _) => {
            let text = format!("pushing metrics to {gateway} fails: {}", failing(health));
            (false, text)
        }
        (None, Some(at_ms)) => {
            let text = format!("metrics are pushed to {gateway}, last at {}", when(at_ms));
            (true, text)
        }
        (None, None) => (true, format!("metrics are about to be pushed to {gateway}")),
    })
}

/// `17 attempts failed since 2026-11-23 14:02:05; the last: it cannot be reached`.
fn failing(health: &PushHealth) -> String {
    let error = health.error.as_deref().unwrap_or_default();
    format!("{}; the last: {error}", failed(health))
}

/// `17 attempts failed since 2026-11-23 14:02:05`.
fn failed(health: &PushHealth) -> String {
    let attempts = match health.failures {
        1 => "1 attempt".to_owned(),
        failures => format!("{failures} attempts"),
    };
    let since = health.failing_since_ms.map(when).unwrap_or_default();
    format!("{attempts} failed since {since}")
}
