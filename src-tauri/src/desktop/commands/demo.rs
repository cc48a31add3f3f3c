//! The demo and the sample app: started, stopped, opened, removed.

use flagdeck::browser::{self, PageAddress};
use flagdeck::demo::{KeepFlags, turn_on_flags};
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{DemoStatus, Failure, OpenedPage, RemovedDemo};
use flagdeck::{App, Error};
use tauri::State;

use super::{Answer, off_the_window};
use crate::desk::Desk;

#[tauri::command]
pub async fn demo(desk: State<'_, Desk>) -> Answer<DemoStatus> {
    on_stage(&desk, |_, _| Ok(())).await
}

#[tauri::command]
pub async fn start_demo(desk: State<'_, Desk>) -> Answer<DemoStatus> {
    on_stage(&desk, |desk, app| {
        desk.demo().start(app, &Actor::local(Via::Window))
    })
    .await
}

#[tauri::command]
pub async fn stop_demo(desk: State<'_, Desk>) -> Answer<DemoStatus> {
    on_stage(&desk, |desk, _| {
        desk.demo().stop();
        Ok(())
    })
    .await
}

#[tauri::command]
pub async fn remove_demo(desk: State<'_, Desk>, keep_flags: bool) -> Answer<RemovedDemo> {
    off_the_window(&desk, move |desk| {
        let keep = match keep_flags {
            true => KeepFlags::Yes,
            false => KeepFlags::No,
        };
        let actor = Actor::local(Via::Window);
        let removed = desk.demo().remove(&desk.app()?, &actor, keep)?;
        Ok(removed)
    })
    .await
}

#[tauri::command]
pub async fn open_sample(desk: State<'_, Desk>) -> Answer<OpenedPage> {
    off_the_window(&desk, |desk| {
        let app = desk.app()?;
        let Some(server) = app.serving() else {
            return Err(Failure::failed(
                "Flags are not served over HTTP, so there is no page to open",
            ));
        };
        turn_on_flags(&app, Via::Window)?;
        let address = PageAddress::new(server, &app.token()?);
        let opened = browser::open_page(app.data_dir(), &address);
        Ok(OpenedPage {
            address: address.reveal().to_owned(),
            trouble: opened.err().map(|error| error.to_string()),
        })
    })
    .await
}

/// Does something to the demo, and returns how it stands then.
async fn on_stage(
    desk: &Desk,
    work: impl FnOnce(&Desk, &App) -> Result<(), Error> + Send + 'static,
) -> Answer<DemoStatus> {
    off_the_window(desk, move |desk| {
        let app = desk.app()?;
        work(desk, &app)?;
        Ok(desk.demo().status(&app)?)
    })
    .await
}
