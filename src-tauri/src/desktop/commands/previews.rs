//! Who gains and loses what, before it is done.

use std::ops::ControlFlow;

use flagdeck::app::previews::shapes::{ListedUsers, OnFor, Previewed, Tally, Wanted};
use flagdeck::durable::Access;
use flagdeck::wire::{self, AsOf, Edit, Planned};
use tauri::{State, WebviewWindow};

use super::{Answer, with_app};
use crate::desk::Desk;
use crate::files;

#[tauri::command]
pub async fn preview(
    desk: State<'_, Desk>,
    planned: Planned,
    roster: Option<String>,
) -> Answer<Previewed> {
    with_app(&desk, move |app| {
        let (planned, over) = (planned.try_into()?, wire::over(roster.as_deref())?);
        let go_on = |_, _| ControlFlow::Continue(());
        let previewed = app.preview(&planned, &over, &go_on)?;
        Ok(previewed.expect("nothing breaks it off"))
    })
    .await
}

#[tauri::command]
pub async fn slide(desk: State<'_, Desk>, edit: Edit, roster: Option<String>) -> Answer<Tally> {
    with_app(&desk, move |app| {
        app.slide(&wire::moving(edit)?, &wire::over(roster.as_deref())?)
    })
    .await
}

#[tauri::command]
pub async fn on_for(
    desk: State<'_, Desk>,
    component: String,
    roster: Option<String>,
    at: Option<AsOf>,
) -> Answer<Option<OnFor>> {
    with_app(&desk, move |app| {
        app.on_for(&component, at, &wire::over(roster.as_deref())?)
    })
    .await
}

#[tauri::command]
pub async fn preview_users(
    desk: State<'_, Desk>,
    planned: Planned,
    roster: Option<String>,
    wanted: Wanted,
) -> Answer<ListedUsers> {
    with_app(&desk, move |app| {
        let over = wire::over(roster.as_deref())?;
        app.preview_users(&planned.try_into()?, &over, &wanted)
    })
    .await
}

#[tauri::command]
pub async fn export_users(
    window: WebviewWindow,
    desk: State<'_, Desk>,
    planned: Planned,
    roster: Option<String>,
    wanted: Wanted,
    name: String,
) -> Answer<Option<String>> {
    let table = with_app(&desk, move |app| {
        let over = wire::over(roster.as_deref())?;
        app.preview_table(&planned.try_into()?, &over, &wanted)
    });
    // Ids are personal, also in a file that others could read.
    files::save(&window, name, table.await?.into_bytes(), Access::Private).await
}
