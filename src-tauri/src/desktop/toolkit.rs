//! Functions of the toolkit under the window that tauri does not offer.

use std::cell::Cell;

use gtk::gdk::{EventKey, ModifierType};
use gtk::glib::Propagation;
use gtk::prelude::{DialogExt, GtkSettingsExt, GtkWindowExt, MessageDialogExt, WidgetExt};
use gtk::{ButtonsType, DialogFlags, MessageType, ResponseType};
use tauri::WebviewWindow;

use crate::asking::Question;

/// The key of 0 above the letters, by its place on the keyboard: with Shift, what it prints
/// differs between layouts, and an accelerator of the menu would miss it on most.
const KEY_0: u16 = 19;

/// The modifiers that change the meaning of a key.
const MODIFIERS: ModifierType = ModifierType::SHIFT_MASK
    .union(ModifierType::CONTROL_MASK)
    .union(ModifierType::MOD1_MASK)
    .union(ModifierType::SUPER_MASK);

/// Calls `all_off` on Ctrl+Shift+0, before the page sees the key, even if the page hangs.
///
/// # Errors
/// If there is no window.
pub fn on_emergency_key(window: &WebviewWindow, all_off: impl Fn() + 'static) -> tauri::Result<()> {
    window.gtk_window()?.connect_key_press_event(move |_, key| {
        if !is_emergency(key) {
            return Propagation::Proceed;
        }
        all_off();
        Propagation::Stop
    });
    Ok(())
}

/// Asks a question in a dialog over the window, and calls `answered` with whether `yes` was chosen.
/// The button that does nothing has the keyboard: a key that is being typed confirms nothing.
///
/// # Errors
/// If there is no window.
pub fn ask(
    window: &WebviewWindow,
    question: &Question,
    answered: impl FnOnce(bool) + 'static,
) -> tauri::Result<()> {
    let dialog = gtk::MessageDialog::new(
        Some(&window.gtk_window()?),
        DialogFlags::MODAL | DialogFlags::DESTROY_WITH_PARENT,
        MessageType::Question,
        ButtonsType::None,
        &question.title,
    );
    dialog.set_title(&question.title);
    dialog.set_secondary_text(Some(&question.detail));
    dialog.add_button(question.no, ResponseType::Cancel);
    dialog.add_button(question.yes, ResponseType::Accept);
    dialog.set_default_response(ResponseType::Cancel);
    let answered = Cell::new(Some(answered));
    dialog.connect_response(move |dialog, response| {
        dialog.close();
        if let Some(answered) = answered.take() {
            answered(response == ResponseType::Accept);
        }
    });
    dialog.show_all();
    Ok(())
}

/// Returns whether there is a display to open a window on.
pub fn has_display() -> bool {
    gtk::init().is_ok()
}

/// Returns whether the desktop wants dark colours.
pub fn prefers_dark() -> bool {
    gtk::Settings::default().is_some_and(|desktop| desktop.is_gtk_application_prefer_dark_theme())
}

fn is_emergency(key: &EventKey) -> bool {
    let wanted = ModifierType::CONTROL_MASK | ModifierType::SHIFT_MASK;
    key.hardware_keycode() == KEY_0 && key.state() & MODIFIERS == wanted
}
