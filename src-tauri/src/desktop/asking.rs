//! Questions that only a person can answer: a dialog of the desktop asks them, which the page can
//! neither see nor answer, whoever wrote the page.

use std::sync::atomic::{AtomicBool, Ordering};

use flagdeck::config::{Contact, Key};
use tauri::WebviewWindow;
use tokio::sync::oneshot;

/// Origins that a question names.
const PAGES_SHOWN: usize = 10;

/// Whether a question is asked. A second one is answered with no: a page could cover the screen.
#[derive(Debug, Default)]
pub struct Asking {
    is_open: AtomicBool,
}

/// What a dialog asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The question itself.
    pub title: String,
    /// What it is about.
    pub detail: String,
    /// The button that confirms.
    pub yes: &'static str,
    /// The button that does nothing.
    pub no: &'static str,
}

impl Asking {
    /// Asks whether a setting may bring Flagdeck into contact with someone, and returns whether
    /// the user confirms it. A dialog that is closed, or cannot be shown, confirms nothing.
    pub async fn confirms(&self, window: &WebviewWindow, setting: &str, contact: &Contact) -> bool {
        if self.is_open.swap(true, Ordering::SeqCst) {
            return false;
        }
        let is_confirmed = ask(window, Question::about(setting, contact)).await;
        self.is_open.store(false, Ordering::SeqCst);
        is_confirmed
    }
}

impl Question {
    fn about(setting: &str, contact: &Contact) -> Self {
        let meaning = Key::find(setting).map_or("", |key| key.meaning);
        let (title, yes) = match contact {
            Contact::Server(address) => (format!("Connect to {address}?"), "Connect"),
            Contact::Pages(origins) => (format!("Allow {} to read flags?", list(origins)), "Allow"),
        };
        Self {
            title,
            detail: format!("{setting}: {meaning}\n\nConfirm only if you made this change."),
            yes,
            no: "Cancel",
        }
    }
}

fn list(origins: &[String]) -> String {
    let shown = origins[..origins.len().min(PAGES_SHOWN)].join(", ");
    match origins.len().saturating_sub(PAGES_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Shows a question, and waits for the answer without blocking anything else.
async fn ask(window: &WebviewWindow, question: Question) -> bool {
    let (answer, answered) = oneshot::channel();
    // Fails only if the window was closed in the meantime.
    show(window, question, move |is_confirmed| {
        let _ = answer.send(is_confirmed);
    });
    answered.await.unwrap_or(false)
}

/// Not through `tauri-plugin-dialog`: its dialogs give the keyboard to the button that confirms,
/// and take the text for a format of C.
#[cfg(target_os = "linux")]
fn show(window: &WebviewWindow, question: Question, answered: impl FnOnce(bool) + Send + 'static) {
    let over = window.clone();
    let shown = window.run_on_main_thread(move || {
        if let Err(error) = crate::toolkit::ask(&over, &question, answered) {
            tracing::warn!(%error, "a question cannot be shown");
        }
    });
    if let Err(error) = shown {
        tracing::warn!(%error, "a question cannot be shown");
    }
}

#[cfg(not(target_os = "linux"))]
fn show(window: &WebviewWindow, question: Question, answered: impl FnOnce(bool) + Send + 'static) {
    use tauri_plugin_dialog::{DialogExt, MessageDialogButtons};

    let buttons = MessageDialogButtons::OkCancelCustom(question.yes.into(), question.no.into());
    window
        .dialog()
        .message(question.detail)
        .title(question.title)
        .buttons(buttons)
        .parent(window)
        .show(answered);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_the_address_and_what_the_setting_does() {
        let contact = Contact::Server("http://***@gate:9091/push".into());
        let question = Question::about("metrics.pushGateway", &contact);
        assert_eq!(question.title, "Connect to http://***@gate:9091/push?");
        let detail = "metrics.pushGateway: A Pushgateway to push metrics to;";
        assert!(question.detail.starts_with(detail), "{}", question.detail);
    }

    #[test]
    fn a_question_says_how_many_origins_it_does_not_name() {
        let origins: Vec<String> = (0..12).map(|n| format!("http://a{n}")).collect();
        let title = |origins: &[String]| {
            Question::about("http.allowedOrigins", &Contact::Pages(origins.to_vec())).title
        };
        assert_eq!(
            title(&origins[..2]),
            "Allow http://a0, http://a1 to read flags?"
        );
        assert!(title(&origins).ends_with("http://a9 and 2 more to read flags?"));
    }
}
