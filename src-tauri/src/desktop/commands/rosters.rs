//! Rosters: looked at, imported, searched, removed; a person forgotten.

use std::ops::ControlFlow;
use std::path::PathBuf;

use flagdeck::Error;
use flagdeck::app::ForgottenUser;
use flagdeck::rosters::shapes::{Look, Person, RosterInfo};
use flagdeck::rosters::{Done, ImportRequest, Progress, Rosters, RostersError};
use flagdeck::wire::{self, Announcement, Failure, Given, RosterFile};
use tauri::{State, WebviewWindow};

use super::{Answer, off_the_window, with_app};
use crate::desk::Desk;
use crate::files;

#[tauri::command]
pub async fn rosters(desk: State<'_, Desk>) -> Answer<Vec<RosterInfo>> {
    with_app(&desk, |app| app.rosters().list().map_err(Error::from)).await
}

#[tauri::command]
pub async fn choose_roster(
    window: WebviewWindow,
    desk: State<'_, Desk>,
) -> Answer<Option<RosterFile>> {
    let chosen = files::choose_path(&window, "Import a roster", files::ROSTER).await?;
    Ok(chosen.map(|path| taken(&desk, path)))
}

#[tauri::command]
pub async fn dropped_roster(desk: State<'_, Desk>) -> Answer<Option<RosterFile>> {
    Ok(desk.take_dropped().map(|path| taken(&desk, path)))
}

/// Notes which file is meant by the calls that follow.
fn taken(desk: &Desk, path: PathBuf) -> RosterFile {
    let file = RosterFile::of(&path);
    desk.choose_roster(path);
    file
}

#[tauri::command]
pub async fn look_at_roster(
    desk: State<'_, Desk>,
    name: String,
    table: Option<String>,
) -> Answer<Option<Look>> {
    off_the_window(&desk, move |desk| read(desk, &name, table, Rosters::look)).await
}

#[tauri::command]
pub async fn import_roster(
    desk: State<'_, Desk>,
    name: String,
    table: Option<String>,
) -> Answer<Option<Look>> {
    off_the_window(&desk, move |desk| read(desk, &name, table, Rosters::import)).await
}

/// Reads the chosen file as a roster of this name, and tells the page how far it is read.
fn read(
    desk: &Desk,
    name: &str,
    table: Option<String>,
    read: impl FnOnce(&Rosters, &ImportRequest, &mut Progress<'_>) -> Result<Option<Look>, RostersError>,
) -> Answer<Option<Look>> {
    let file = desk.chosen_roster();
    let file = file.ok_or_else(|| Failure::failed("no file is chosen"))?;
    let name = wire::roster_name(name)?;
    let request = ImportRequest { file, table, name };
    let looked = read(desk.app()?.rosters(), &request, &mut told(desk));
    Ok(looked.map_err(Error::from)?)
}

/// Tells the page how far a file is read.
fn told(desk: &Desk) -> impl FnMut(Done) -> ControlFlow<()> {
    desk.reading().begin(|Done { done, total }| {
        desk.tell(Announcement::ReadingRoster { done, total });
    })
}

#[tauri::command]
pub async fn cancel_reading(desk: State<'_, Desk>) -> Answer<()> {
    desk.reading().cancel();
    Ok(())
}

#[tauri::command]
pub async fn remove_roster(desk: State<'_, Desk>, name: String) -> Answer<RosterInfo> {
    with_app(&desk, move |app| {
        let name = wire::roster_name(&name)?;
        app.rosters().remove(&name).map_err(Error::from)
    })
    .await
}

#[tauri::command]
pub async fn find_person(
    desk: State<'_, Desk>,
    roster: String,
    id: String,
) -> Answer<Option<Person>> {
    with_app(&desk, move |app| {
        let name = wire::roster_name(&roster)?;
        app.rosters().person(&name, &id).map_err(Error::from)
    })
    .await
}

#[tauri::command]
pub async fn given(desk: State<'_, Desk>, user: String, groups: Vec<String>) -> Answer<Vec<Given>> {
    with_app(&desk, move |app| Ok(wire::given(app, &user, &groups))).await
}

#[tauri::command]
pub async fn forget_person(desk: State<'_, Desk>, id: String) -> Answer<ForgottenUser> {
    with_app(&desk, move |app| app.forget(&id)).await
}
