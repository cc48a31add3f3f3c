//! The window: opened at its last position, in the theme and size that were chosen,
//! brought to the front, and closed when nothing prevents it.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use flagdeck::wire::{Announcement, Preferences, Theme};
use tauri::utils::config::WindowConfig;
use tauri::{
    AppHandle, DragDropEvent, Manager, Monitor, WebviewWindow, WebviewWindowBuilder, WindowEvent,
};

use crate::desk::Desk;
use crate::place::{Area, Place};
use crate::preferences;

/// The window's name in `tauri.conf.json`.
const MAIN: &str = "main";

/// The sizes that can be chosen, in per cent.
const ZOOM_MIN: u16 = 100;
const ZOOM_MAX: u16 = 200;

/// How long a page may take to answer before it counts as hanging.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

/// The colours of the desktop, for users who chose none.
struct DesktopTheme(tauri::Theme);

/// Opens the window.
///
/// # Errors
/// If the desktop cannot open one.
pub fn open(app: &AppHandle, data_dir: &Path) -> tauri::Result<WebviewWindow> {
    let configured = app.config().app.windows.iter();
    let main = configured.clone().find(|window| window.label == MAIN);
    let main = main.expect("tauri.conf.json has a window of this name");
    let mut builder = WebviewWindowBuilder::from_config(app, main)?;
    if let Some((area, is_maximized)) = place(app, data_dir, main) {
        builder = builder
            .inner_size(area.width, area.height)
            .position(area.x, area.y)
            .maximized(is_maximized);
    }
    let window = builder.build()?;
    app.manage(DesktopTheme(desktop_theme(&window)?));
    dress(&window, &preferences::load(app, data_dir));
    Ok(window)
}

#[cfg(target_os = "linux")]
fn desktop_theme(_window: &WebviewWindow) -> tauri::Result<tauri::Theme> {
    Ok(match crate::toolkit::prefers_dark() {
        true => tauri::Theme::Dark,
        false => tauri::Theme::Light,
    })
}

#[cfg(not(target_os = "linux"))]
fn desktop_theme(window: &WebviewWindow) -> tauri::Result<tauri::Theme> {
    window.theme()
}

/// Returns the window while it is open.
pub fn main(app: &AppHandle) -> Option<WebviewWindow> {
    app.get_webview_window(MAIN)
}

/// Gives the window its colours, the menu's included, and its size of text.
pub fn dress(window: &WebviewWindow, preferences: &Preferences) {
    let theme = match preferences.theme {
        Theme::System => window.state::<DesktopTheme>().0,
        Theme::Light => tauri::Theme::Light,
        Theme::Dark => tauri::Theme::Dark,
    };
    let zoom = f64::from(preferences.zoom.clamp(ZOOM_MIN, ZOOM_MAX)) / 100.0;
    let dressed = window
        .set_theme(Some(theme))
        .and_then(|()| window.set_zoom(zoom));
    if let Err(error) = dressed {
        tracing::warn!(%error, "the window keeps its colours and size of text");
    }
}

/// Brings the window to the front.
pub fn show(app: &AppHandle) {
    let Some(window) = main(app) else { return };
    let shown = window
        .unminimize()
        .and_then(|()| window.show())
        .and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window cannot be brought to the front");
    }
}

/// Closes the window as its close button does: not while something is unsaved.
pub fn ask_to_close(app: &AppHandle) {
    let closed = main(app).map_or(Ok(()), |window| window.close());
    if let Err(error) = closed {
        tracing::warn!(%error, "the window cannot be closed");
    }
}

/// Closes the window whatever is unsaved.
pub fn close(window: &WebviewWindow, desk: &Desk) {
    remember_place(window, desk);
    if let Err(error) = window.destroy() {
        tracing::warn!(%error, "the window cannot be closed");
    }
}

/// Handles the window's events.
pub fn respond(app: &AppHandle, desk: &Desk, event: &WindowEvent) {
    let Some(window) = main(app) else { return };
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            if desk.closing().may_close(Instant::now()) {
                remember_place(&window, desk);
            } else {
                api.prevent_close();
                desk.tell(Announcement::CloseAsked);
                close_if_it_hangs(window, desk.clone());
            }
        }
        WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) => {
            if let Some(path) = paths.first() {
                desk.drop_file(path.clone());
            }
        }
        // The machine may be shut down without the window being closed.
        WindowEvent::Focused(false) => remember_place(&window, desk),
        _ => {}
    }
}

/// Closes a window whose page does not answer: nothing could be saved in it.
fn close_if_it_hangs(window: WebviewWindow, desk: Desk) {
    let (alive, answer) = mpsc::channel();
    let asked = window.eval_with_callback("true", move |_| {
        // Fails only if the receiver is gone.
        let _ = alive.send(());
    });
    let waiting = thread::Builder::new().name("flagdeck-closing".into());
    let started = waiting.spawn(move || {
        if asked.is_err() || answer.recv_timeout(ANSWERS_WITHIN).is_err() {
            tracing::warn!("the page did not answer; the window is closed without it");
            close(&window, &desk);
        }
    });
    if let Err(error) = started {
        tracing::warn!(%error, "no thread checks whether the page answers");
    }
}

/// Returns the last position of the window, or at first the middle of the main screen, fitted to
/// the present screens; and whether it filled the screen.
fn place(app: &AppHandle, data_dir: &Path, main: &WindowConfig) -> Option<(Area, bool)> {
    let screens: Vec<Area> = app.available_monitors().ok()?.iter().map(area_of).collect();
    let (area, is_maximized) = match preferences::load_place(app, data_dir) {
        Some(place) => (place.area, place.is_maximized),
        None => {
            let primary = app.primary_monitor().ok()?;
            let screen = primary.as_ref().map(area_of).or(screens.first().copied())?;
            (screen.middle(main.width, main.height), false)
        }
    };
    Some((area.within(&screens)?, is_maximized))
}

fn area_of(screen: &Monitor) -> Area {
    let (area, scale) = (screen.work_area(), screen.scale_factor());
    let position = area.position.to_logical(scale);
    let size = area.size.to_logical(scale);
    Area {
        x: position.x,
        y: position.y,
        width: size.width,
        height: size.height,
    }
}

fn remember_place(window: &WebviewWindow, desk: &Desk) {
    let app = window.app_handle();
    let before = preferences::load_place(app, desk.data_dir());
    match place_of(window, before) {
        Ok(place) => preferences::save_place(app, desk.data_dir(), place),
        Err(error) => tracing::warn!(%error, "the window does not tell its place"),
    }
}

fn place_of(window: &WebviewWindow, before: Option<Place>) -> tauri::Result<Place> {
    let is_maximized = window.is_maximized()?;
    if let Some(before) = before.filter(|_| is_maximized) {
        // A maximised window returns to its position before.
        return Ok(Place {
            is_maximized,
            ..before
        });
    }
    let scale = window.scale_factor()?;
    let position = window.outer_position()?.to_logical(scale);
    let size = window.inner_size()?.to_logical(scale);
    Ok(Place {
        area: Area {
            x: position.x,
            y: position.y,
            width: size.width,
            height: size.height,
        },
        is_maximized,
    })
}
