//! What the page may call. Each command translates, calls the application, translates back.

use flagdeck::store::{Actor, RevisionNumber, Via};
use flagdeck::wire::{Edit, Failure, Flags, Outcome, Preferences, Status};
use flagdeck::{App, ChangeRequest, Error};
use tauri::{State, async_runtime};

use crate::desk::Desk;
use crate::preferences;

type Answer<T> = Result<T, Failure>;

#[tauri::command]
pub async fn flags(desk: State<'_, Desk>) -> Answer<Flags> {
    with_app(&desk, |app| Ok(Flags::of(app))).await
}

#[tauri::command]
pub async fn change(desk: State<'_, Desk>, edit: Edit, base: Option<u64>) -> Answer<Outcome> {
    with_app(&desk, move |app| {
        let request = ChangeRequest {
            edit: edit.try_into()?,
            actor: Actor::local(Via::Window),
            note: None,
            base: base.map(RevisionNumber),
        };
        app.change(request).map(Into::into)
    })
    .await
}

#[tauri::command]
pub async fn undo(desk: State<'_, Desk>) -> Answer<Outcome> {
    with_app(&desk, |app| {
        app.undo(&Actor::local(Via::Window)).map(Into::into)
    })
    .await
}

#[tauri::command]
pub async fn redo(desk: State<'_, Desk>) -> Answer<Outcome> {
    with_app(&desk, |app| {
        app.redo(&Actor::local(Via::Window)).map(Into::into)
    })
    .await
}

#[tauri::command]
pub async fn status(desk: State<'_, Desk>) -> Answer<Status> {
    with_app(&desk, |app| Ok(Status::of(app))).await
}

#[tauri::command]
pub async fn preferences(window: tauri::AppHandle, desk: State<'_, Desk>) -> Answer<Preferences> {
    with_app(&desk, move |app| {
        Ok(preferences::load(&window, app.data_dir()))
    })
    .await
}

#[tauri::command]
pub async fn set_preferences(
    window: tauri::AppHandle,
    desk: State<'_, Desk>,
    preferences: Preferences,
) -> Answer<()> {
    with_app(&desk, move |app| {
        preferences::save(&window, app.data_dir(), &preferences);
        Ok(())
    })
    .await
}

/// Runs `work` where it may block, so that nothing blocks the window; a panic in it is a
/// failure like any other.
async fn with_app<T: Send + 'static>(
    desk: &Desk,
    work: impl FnOnce(&App) -> Result<T, Error> + Send + 'static,
) -> Answer<T> {
    let desk = desk.clone();
    let done = async_runtime::spawn_blocking(move || {
        let app = desk.app()?;
        work(&app).map_err(Failure::from)
    });
    done.await
        .unwrap_or_else(|error| Err(Failure::failed(&error.to_string())))
}
