//! What was damaged or replaced: listed, looked into, exported, taken back, removed.

use flagdeck::App;
use flagdeck::durable::Access;
use flagdeck::wire::{Quarantined, Survey, TakenBack};
use tauri::{State, WebviewWindow};

use super::{Answer, with_app};
use crate::desk::Desk;
use crate::files;

#[tauri::command]
pub async fn quarantine(desk: State<'_, Desk>) -> Answer<Vec<Quarantined>> {
    with_app(&desk, App::quarantine).await
}

#[tauri::command]
pub async fn survey(desk: State<'_, Desk>, name: String) -> Answer<Survey> {
    with_app(&desk, move |app| app.survey(&name)).await
}

#[tauri::command]
pub async fn note_quarantine_seen(desk: State<'_, Desk>, names: Vec<String>) -> Answer<()> {
    with_app(&desk, move |app| app.note_quarantine_seen(&names)).await
}

#[tauri::command]
pub async fn remove_quarantined(desk: State<'_, Desk>, name: String) -> Answer<()> {
    with_app(&desk, move |app| app.remove_quarantined(&name)).await
}

#[tauri::command]
pub async fn take_back(desk: State<'_, Desk>, name: String) -> Answer<TakenBack> {
    with_app(&desk, move |app| app.take_back(&name)).await
}

#[tauri::command]
pub async fn export_quarantined(
    window: WebviewWindow,
    desk: State<'_, Desk>,
    name: String,
) -> Answer<Option<String>> {
    let exported = with_app(&desk, move |app| app.export_quarantined(&name)).await?;
    files::save(
        &window,
        exported.name,
        exported.bytes,
        Access::KeptOrPrivate,
    )
    .await
}
