//! The flags: reading, changing, reviewing, explaining.

use flagdeck::ChangeRequest;
use flagdeck::store::{Actor, RevisionNumber, Via};
use flagdeck::wire::{
    AsOf, Definitions, Edit, Explanation, Failure, Flags, Outcome, Review, Widenings, path,
};
use tauri::State;
use tokio::sync::oneshot;

use super::{Answer, with_app};
use crate::desk::Desk;

#[tauri::command]
pub async fn flags(desk: State<'_, Desk>) -> Answer<Flags> {
    with_app(&desk, |app| Ok(Flags::of(app, &Actor::local(Via::Window)))).await
}

#[tauri::command]
pub async fn document_text(desk: State<'_, Desk>) -> Answer<String> {
    with_app(&desk, |app| Ok(app.flags().document_text())).await
}

#[tauri::command]
pub async fn definitions(desk: State<'_, Desk>) -> Answer<Definitions> {
    with_app(&desk, |app| Ok(app.flags().definitions().into())).await
}

#[tauri::command]
pub async fn change(
    desk: State<'_, Desk>,
    edit: Edit,
    base: Option<u64>,
    confirms_loss: Option<bool>,
) -> Answer<Outcome> {
    with_app(&desk, move |app| {
        let request = ChangeRequest {
            edit: edit.try_into()?,
            actor: Actor::local(Via::Window),
            note: None,
            base: base.map(RevisionNumber),
        };
        let outcome = match confirms_loss.unwrap_or_default() {
            true => app.flags().change_confirmed(request),
            false => app.flags().change(request),
        };
        outcome.map(Into::into)
    })
    .await
}

#[tauri::command]
pub async fn roll_back(desk: State<'_, Desk>, component: String, base: u64) -> Answer<Outcome> {
    with_app(&desk, move |app| {
        let (component, base) = (path(&component)?, RevisionNumber(base));
        let actor = Actor::local(Via::Window);
        app.roll_back(&component, Some(base), &actor)
            .map(Into::into)
    })
    .await
}

#[tauri::command]
pub async fn undo(desk: State<'_, Desk>, of: u64) -> Answer<Outcome> {
    with_app(&desk, move |app| {
        let undone = app
            .flags()
            .undo_revision(RevisionNumber(of), &Actor::local(Via::Window));
        undone.map(Into::into)
    })
    .await
}

#[tauri::command]
pub async fn redo(desk: State<'_, Desk>, of: u64) -> Answer<Outcome> {
    with_app(&desk, move |app| {
        let redone = app
            .flags()
            .redo_revision(RevisionNumber(of), &Actor::local(Via::Window));
        redone.map(Into::into)
    })
    .await
}

#[tauri::command]
pub async fn emergency_off(desk: State<'_, Desk>) -> Answer<Outcome> {
    let (done, off) = oneshot::channel();
    desk.emergency_off(move |outcome| {
        // Fails only if the page does not wait any more.
        let _ = done.send(outcome);
    });
    let off = off.await;
    off.unwrap_or_else(|error| Err(Failure::failed(&error.to_string())))
        .map(Into::into)
}

#[tauri::command]
pub async fn review(desk: State<'_, Desk>, text: String) -> Answer<Review> {
    with_app(&desk, move |app| {
        Ok(app.flags().review(text.as_bytes()).into())
    })
    .await
}

#[tauri::command]
pub async fn explain(
    desk: State<'_, Desk>,
    component: String,
    user: String,
    groups: Vec<String>,
    at: Option<AsOf>,
) -> Answer<Explanation> {
    with_app(&desk, move |app| {
        Explanation::of(app, &component, &user, &groups, at)
    })
    .await
}

#[tauri::command]
pub async fn widenings(desk: State<'_, Desk>, edit: Edit) -> Answer<Widenings> {
    with_app(&desk, move |app| {
        let edit: flagdeck_core::Edit = edit.try_into()?;
        app.flags().widenings(&edit).map(Into::into)
    })
    .await
}
