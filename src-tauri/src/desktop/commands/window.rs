//! What belongs to the window: preferences, files, closing.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flagdeck::durable::Access;
use flagdeck::wire::{ChosenFile, Failure, Preferences};
use tauri::{AppHandle, State, WebviewWindow};

use super::{Answer, off_the_window};
use crate::desk::Desk;
use crate::{files, menu, preferences, window};

#[tauri::command]
pub async fn preferences(app: AppHandle, desk: State<'_, Desk>) -> Answer<Preferences> {
    off_the_window(&desk, move |desk| {
        Ok(preferences::load(&app, desk.data_dir()))
    })
    .await
}

#[tauri::command]
pub async fn set_preferences(
    window: WebviewWindow,
    app: AppHandle,
    desk: State<'_, Desk>,
    preferences: Preferences,
) -> Answer<()> {
    window::dress(&window, &preferences);
    off_the_window(&desk, move |desk| {
        preferences::save(&app, desk.data_dir(), &preferences);
        Ok(())
    })
    .await
}

#[tauri::command]
pub async fn choose_file(window: WebviewWindow) -> Answer<Option<ChosenFile>> {
    files::choose(&window).await
}

#[tauri::command]
pub async fn dropped_file(desk: State<'_, Desk>) -> Answer<Option<ChosenFile>> {
    off_the_window(&desk, |desk| {
        let path = desk.take_dropped();
        path.map(|path| files::read(&path)).transpose()
    })
    .await
}

#[tauri::command]
pub async fn save_file(
    window: WebviewWindow,
    name: String,
    text: String,
    is_private: Option<bool>,
) -> Answer<Option<String>> {
    let access = match is_private.unwrap_or_default() {
        true => Access::Private,
        false => Access::Kept,
    };
    files::save(&window, name, text.into_bytes(), access).await
}

#[tauri::command]
pub async fn save_picture(
    window: WebviewWindow,
    name: String,
    base64: String,
) -> Answer<Option<String>> {
    let bytes = BASE64_STANDARD
        .decode(base64)
        .map_err(|error| Failure::failed(&format!("the picture is not in base64: {error}")))?;
    files::save(&window, name, bytes, Access::Kept).await
}

#[tauri::command]
pub async fn show_data_folder(desk: State<'_, Desk>) -> Answer<()> {
    files::show_folder(desk.data_dir().to_owned()).await
}

#[tauri::command]
pub async fn set_unsaved(desk: State<'_, Desk>, is_unsaved: bool) -> Answer<()> {
    desk.closing().set_unsaved(is_unsaved);
    Ok(())
}

#[tauri::command]
pub async fn name_steps(app: AppHandle, undo: Option<String>, redo: Option<String>) -> Answer<()> {
    menu::name_steps(&app, undo, redo);
    Ok(())
}

#[tauri::command]
pub async fn close(window: WebviewWindow, desk: State<'_, Desk>) -> Answer<()> {
    window::close(&window, &desk);
    Ok(())
}
