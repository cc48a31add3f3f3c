//! What sources keep as state: looked at, compared, kept, restored.

use flagdeck::durable::Access;
use flagdeck::state::limits::BUNDLE_BYTES_MAX;
use flagdeck::state::{Progress, SnapshotsExport};
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{
    Announcement, AsOf, Blame, Failure, Flags, RestoreFilter, RestorePage, RestoreRequest,
    Snapshot, SnapshotFilter, SnapshotLabel, SnapshotPage, SnapshotsFile, StateAt, StateDifference,
    StateDifferenceOptions, StateRestore, StateSource, Timeline,
};
use flagdeck::{App, Error};
use flagdeck_core::tree;
use tauri::{State, WebviewWindow};

use super::{Answer, off_the_window, with_app};
use crate::desk::Desk;
use crate::files;

#[tauri::command]
pub async fn flags_at(desk: State<'_, Desk>, at: AsOf) -> Answer<Flags> {
    with_app(&desk, move |app| {
        Ok(Flags::past(app.flags().as_of(at)?.as_ref()))
    })
    .await
}

#[tauri::command]
pub async fn state_sources(desk: State<'_, Desk>) -> Answer<Vec<StateSource>> {
    with_app(&desk, App::state_sources).await
}

#[tauri::command]
pub async fn snapshots(
    desk: State<'_, Desk>,
    filter: SnapshotFilter,
    offset: usize,
    limit: usize,
) -> Answer<SnapshotPage> {
    with_app(&desk, move |app| app.snapshots(&filter, offset, limit)).await
}

#[tauri::command]
pub async fn timeline(
    desk: State<'_, Desk>,
    filter: SnapshotFilter,
    columns: usize,
) -> Answer<Option<Timeline>> {
    with_app(&desk, move |app| app.timeline(&filter, columns)).await
}

#[tauri::command]
pub async fn take_snapshot(
    desk: State<'_, Desk>,
    source: Option<String>,
    label: SnapshotLabel,
) -> Answer<Vec<Snapshot>> {
    with_app(&desk, move |app| {
        let source = source.map(|source| source.parse()).transpose()?;
        app.take_snapshots(source.as_ref(), &label)
    })
    .await
}

#[tauri::command]
pub async fn label_snapshot(
    desk: State<'_, Desk>,
    id: u64,
    label: SnapshotLabel,
) -> Answer<Snapshot> {
    with_app(&desk, move |app| app.label_snapshot(id, &label)).await
}

#[tauri::command]
pub async fn remove_imported(desk: State<'_, Desk>, source: String) -> Answer<()> {
    with_app(&desk, move |app| app.remove_imported(&source)).await
}

#[tauri::command]
pub async fn state_difference(
    desk: State<'_, Desk>,
    from: StateAt,
    to: StateAt,
    options: StateDifferenceOptions,
) -> Answer<StateDifference> {
    with_app(&desk, move |app| app.state_difference(&from, &to, &options)).await
}

#[tauri::command]
pub async fn state_text(desk: State<'_, Desk>, at: StateAt, pointer: String) -> Answer<String> {
    with_app(&desk, move |app| {
        let state = app.state_at(&at)?;
        let part = tree::get(&state.ml, &pointer).ok_or_else(|| Error::NotFound {
            message: format!("there is nothing under {pointer}"),
        })?;
        Ok(part.to_string())
    })
    .await
}

#[tauri::command]
pub async fn state_patch(desk: State<'_, Desk>, from: StateAt, to: StateAt) -> Answer<String> {
    with_app(&desk, move |app| {
        Ok(format!("{:#}\n", app.state_patch(&from, &to)?))
    })
    .await
}

#[tauri::command]
pub async fn blame(desk: State<'_, Desk>, at: StateAt, key: String) -> Answer<Blame> {
    with_app(&desk, move |app| app.blame(&at, &key)).await
}

#[tauri::command]
pub async fn preview_restore(
    desk: State<'_, Desk>,
    request: RestoreRequest,
    options: StateDifferenceOptions,
) -> Answer<StateDifference> {
    with_app(&desk, move |app| app.preview_restore(&request, &options)).await
}

#[tauri::command]
pub async fn restore_state(desk: State<'_, Desk>, request: RestoreRequest) -> Answer<StateRestore> {
    with_app(&desk, move |app| {
        app.restore_state(&request, &Actor::local(Via::Window))
    })
    .await
}

#[tauri::command]
pub async fn recover_state(
    desk: State<'_, Desk>,
    source: String,
    snapshot: Option<u64>,
) -> Answer<StateRestore> {
    with_app(&desk, move |app| {
        let actor = Actor::local(Via::Window);
        Ok(app.recover_state(&source.parse()?, snapshot, &actor)?)
    })
    .await
}

#[tauri::command]
pub async fn state_restores(
    desk: State<'_, Desk>,
    filter: RestoreFilter,
    offset: usize,
    limit: usize,
) -> Answer<RestorePage> {
    with_app(&desk, move |app| app.state_restores(&filter, offset, limit)).await
}

#[tauri::command]
pub async fn cancel_restore(desk: State<'_, Desk>, id: u64) -> Answer<StateRestore> {
    with_app(&desk, move |app| {
        app.cancel_restore(id, &Actor::local(Via::Window))
    })
    .await
}

#[tauri::command]
pub async fn remove_damaged_restore(desk: State<'_, Desk>, id: u64) -> Answer<()> {
    with_app(&desk, move |app| app.remove_damaged_restore(id)).await
}

#[tauri::command]
pub async fn preview_undo_restore(
    desk: State<'_, Desk>,
    id: u64,
    options: StateDifferenceOptions,
) -> Answer<StateDifference> {
    with_app(&desk, move |app| app.preview_undo_restore(id, &options)).await
}

#[tauri::command]
pub async fn undo_restore(desk: State<'_, Desk>, id: u64) -> Answer<StateRestore> {
    with_app(&desk, move |app| {
        let undone = app.undo_restore(id, &Actor::local(Via::Window))?;
        Ok(undone.restore)
    })
    .await
}

#[tauri::command]
pub async fn export_snapshots(
    window: WebviewWindow,
    desk: State<'_, Desk>,
    ids: Vec<u64>,
) -> Answer<Option<SnapshotsFile>> {
    let SnapshotsExport {
        text, unreadable, ..
    } = with_app(&desk, move |app| app.export_snapshots(&ids)).await?;
    let name = "snapshots.json".into();
    let place = files::save(&window, name, text.into_bytes(), Access::KeptOrPrivate).await?;
    Ok(place.map(|place| SnapshotsFile { place, unreadable }))
}

#[tauri::command]
pub async fn import_snapshots(
    window: WebviewWindow,
    desk: State<'_, Desk>,
) -> Answer<Option<Vec<Snapshot>>> {
    let (title, kind) = ("Import snapshots", files::JSON);
    let chosen = files::choose_bytes(&window, title, kind, BUNDLE_BYTES_MAX).await?;
    let Some((name, bytes)) = chosen else {
        return Ok(None);
    };
    off_the_window(&desk, move |desk| {
        let mut watch = desk
            .importing()
            .begin(|Progress { done, total }| desk.tell(Announcement::Importing { done, total }));
        let imported = desk.app()?.import_watched(&bytes, &name, &mut watch);
        imported.map_err(Failure::from)
    })
    .await
}

#[tauri::command]
pub async fn cancel_import(desk: State<'_, Desk>) -> Answer<()> {
    desk.importing().cancel();
    Ok(())
}
