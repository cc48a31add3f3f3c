//! The application itself: settings, token, backups, what it is made of.

use std::path::PathBuf;

use flagdeck::App;
use flagdeck::durable::Access;
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{
    Backup, BuildInfo, ChosenWorkspace, Connected, Difference, Failure, Outcome, Part, Setting,
    SettingValue, Status, WorkspaceFile,
};
use flagdeck::workspace::{self, limits::FILE_BYTES_MAX};
use tauri::{State, WebviewWindow};

use super::{Answer, off_the_window, shown, with_app};
use crate::desk::Desk;
use crate::files;

#[tauri::command]
pub async fn status(desk: State<'_, Desk>) -> Answer<Status> {
    with_app(&desk, |app| Ok(Status::of(app))).await
}

#[tauri::command]
pub async fn settings(desk: State<'_, Desk>) -> Answer<Vec<Setting>> {
    with_app(&desk, |app| Ok(shown(app.settings()))).await
}

#[tauri::command]
pub async fn change_setting(
    window: WebviewWindow,
    desk: State<'_, Desk>,
    name: String,
    value: SettingValue,
) -> Answer<Option<Vec<Setting>>> {
    let change = (name.clone(), value.0.clone());
    let contact = with_app(&desk, move |app| Ok(app.contact(&change.0, &change.1))).await?;
    if let Some(contact) = contact
        && !desk.asking().confirms(&window, &name, &contact).await
    {
        return Ok(None);
    }
    with_app(&desk, move |app| {
        app.change_setting(&name, &value.0).map(shown).map(Some)
    })
    .await
}

#[tauri::command]
pub async fn serve(desk: State<'_, Desk>) -> Answer<Status> {
    off_the_window(&desk, |desk| Ok(Status::of(&desk.serve_again()?))).await
}

#[tauri::command]
pub async fn connected(desk: State<'_, Desk>) -> Answer<Connected> {
    with_app(&desk, |app| Ok(app.connected())).await
}

#[tauri::command]
pub async fn token(desk: State<'_, Desk>) -> Answer<String> {
    with_app(&desk, App::token).await
}

#[tauri::command]
pub async fn rotate_token(desk: State<'_, Desk>) -> Answer<String> {
    with_app(&desk, App::rotate_token).await
}

#[tauri::command]
pub async fn backups(desk: State<'_, Desk>) -> Answer<Vec<Backup>> {
    with_app(&desk, |app| app.flags().backups()).await
}

#[tauri::command]
pub async fn back_up(desk: State<'_, Desk>) -> Answer<Option<Backup>> {
    with_app(&desk, |app| app.flags().back_up()).await
}

#[tauri::command]
pub async fn backup_difference(desk: State<'_, Desk>, name: String) -> Answer<Difference> {
    with_app(&desk, move |app| {
        app.flags().backup_difference(&name).map(Into::into)
    })
    .await
}

#[tauri::command]
pub async fn restore_backup(desk: State<'_, Desk>, name: String) -> Answer<Outcome> {
    with_app(&desk, move |app| {
        let outcome = app
            .flags()
            .restore_backup(&name, &Actor::local(Via::Window))?;
        Ok(outcome.into())
    })
    .await
}

#[tauri::command]
pub async fn export_workspace(
    window: WebviewWindow,
    desk: State<'_, Desk>,
    with_snapshots: bool,
) -> Answer<Option<WorkspaceFile>> {
    let exported = with_app(&desk, move |app| app.export_workspace(with_snapshots)).await?;
    let name = format!("workspace.{}", workspace::ENDING);
    let place = files::save(&window, name, exported.bytes, Access::KeptOrPrivate).await?;
    Ok(place.map(|file| WorkspaceFile {
        file,
        revisions: exported.revisions,
        snapshots: exported.snapshots,
        left_out: exported.left_out,
    }))
}

#[tauri::command]
pub async fn choose_workspace(
    window: WebviewWindow,
    desk: State<'_, Desk>,
) -> Answer<Option<ChosenWorkspace>> {
    let (title, kind) = ("Import a workspace", files::WORKSPACE);
    let chosen = files::choose_bytes(&window, title, kind, FILE_BYTES_MAX).await?;
    let Some((file, bytes)) = chosen else {
        return Ok(None);
    };
    off_the_window(&desk, move |desk| {
        let workspace = desk.app()?.open_workspace(bytes)?;
        let chosen = ChosenWorkspace {
            file: file.clone(),
            revisions: workspace.revisions,
            snapshots: workspace.snapshots(),
            document: workspace.latest_document(),
        };
        desk.choose_workspace(Some((file, workspace)));
        Ok(Some(chosen))
    })
    .await
}

#[tauri::command]
pub async fn import_workspace(desk: State<'_, Desk>) -> Answer<WorkspaceFile> {
    off_the_window(&desk, |desk| {
        let chosen = desk.chosen_workspace();
        let (file, workspace) = chosen.ok_or_else(|| Failure::failed("no workspace is chosen"))?;
        let imported = desk.app()?.import_workspace(&workspace)?;
        desk.choose_workspace(None);
        Ok(WorkspaceFile {
            file,
            revisions: imported.revisions,
            snapshots: imported.snapshots,
            left_out: imported.left_out,
        })
    })
    .await
}

#[tauri::command]
pub async fn write_back(desk: State<'_, Desk>) -> Answer<Vec<String>> {
    with_app(&desk, |app| app.write_back().map(paths)).await
}

#[tauri::command]
pub async fn use_new_store(desk: State<'_, Desk>) -> Answer<Vec<String>> {
    with_app(&desk, |app| app.use_new_store().map(paths)).await
}

fn paths(paths: Vec<PathBuf>) -> Vec<String> {
    let text = |path: PathBuf| path.display().to_string();
    paths.into_iter().map(text).collect()
}

#[tauri::command]
pub async fn build_info() -> BuildInfo {
    let part = |name: &str, version: String| Part {
        name: name.to_owned(),
        version,
    };
    let engine = tauri::webview_version().unwrap_or_else(|_| "unknown".to_owned());
    BuildInfo::with_parts(vec![
        part("Tauri", tauri::VERSION.to_owned()),
        part("WebKitGTK", engine),
    ])
}
