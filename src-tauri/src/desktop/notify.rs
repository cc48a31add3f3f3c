//! Notifications of the desktop: what happened while nobody looked at the window.
//!
//! The specification of the desktop (<https://specifications.freedesktop.org/notification-spec/>)
//! over the session's bus. Without a bus, or a program that shows them, nothing is shown there; the
//! window tells of it in any case.

use std::collections::HashMap;
use std::thread;

use gtk::gio::{BusType, Cancellable, DBusCallFlags, bus_get_sync};
use gtk::glib::variant::ToVariant;
use gtk::glib::{Error, Variant, markup_escape_text};

/// How long the program that shows notifications may take to answer, in milliseconds.
const ANSWER_MS: i32 = 5000;

/// As urgent as a notification can be: it stays until somebody has seen it.
const CRITICAL: u8 = 2;

/// Shows a notification that stays until it is seen. Returns at once.
pub fn notify(summary: &str, body: &str) {
    // The text may have markup, and what it names is not ours.
    let (summary, body) = (summary.to_owned(), markup_escape_text(body).to_string());
    let sent = thread::Builder::new()
        .name("flagdeck-notify".into())
        .spawn(move || {
            if let Err(error) = send(&summary, &body) {
                tracing::info!(%error, "the desktop shows no notification");
            }
        });
    if let Err(error) = sent {
        tracing::info!(%error, "the desktop shows no notification");
    }
}

fn send(summary: &str, body: &str) -> Result<(), Error> {
    let bus = bus_get_sync(BusType::Session, Cancellable::NONE)?;
    let (replaces, actions): (u32, Vec<String>) = (0, Vec::new());
    let hints: HashMap<String, Variant> = HashMap::from([
        ("urgency".to_owned(), CRITICAL.to_variant()),
        ("desktop-entry".to_owned(), "flagdeck".to_variant()),
    ]);
    // -1: the desktop decides for how long it is shown.
    let parameters = (
        "Flagdeck", replaces, "flagdeck", summary, body, actions, hints, -1_i32,
    );
    bus.call_sync(
        Some("org.freedesktop.Notifications"),
        "/org/freedesktop/Notifications",
        "org.freedesktop.Notifications",
        "Notify",
        Some(&parameters.to_variant()),
        None,
        DBusCallFlags::NONE,
        ANSWER_MS,
        Cancellable::NONE,
    )
    .map(drop)
}
