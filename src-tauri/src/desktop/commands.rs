//! What the page may call. Each command translates, calls the application, translates back.

pub mod demo;
pub mod flags;
pub mod following;
pub mod history;
pub mod metrics;
pub mod previews;
pub mod quarantine;
pub mod rollouts;
pub mod rosters;
pub mod settings;
pub mod states;
pub mod window;

use flagdeck::wire::Failure;
use flagdeck::{App, Error};
use tauri::async_runtime;

use crate::desk::Desk;

type Answer<T> = Result<T, Failure>;

async fn with_app<T: Send + 'static>(
    desk: &Desk,
    work: impl FnOnce(&App) -> Result<T, Error> + Send + 'static,
) -> Answer<T> {
    off_the_window(desk, move |desk| {
        let app = desk.app()?;
        work(&app).map_err(Failure::from)
    })
    .await
}

/// Runs `work` on a thread that may block, so that nothing blocks the window; a panic in it is
/// returned as an error.
async fn off_the_window<T: Send + 'static>(
    desk: &Desk,
    work: impl FnOnce(&Desk) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let desk = desk.clone();
    let done = async_runtime::spawn_blocking(move || work(&desk)).await;
    done.unwrap_or_else(|error| Err(Failure::failed(&error.to_string())))
}

/// Translates a list into what the page sees of it.
fn shown<T, U: From<T>>(list: Vec<T>) -> Vec<U> {
    list.into_iter().map(Into::into).collect()
}
