//! What the flags were, and what changed.

use flagdeck::store::{Actor, RevisionNumber, Via};
use flagdeck::wire::{Difference, HistoryFilter, HistoryPage, LastChange, Outcome, RevisionChange};
use tauri::State;

use super::{Answer, with_app};
use crate::desk::Desk;

#[tauri::command]
pub async fn history(
    desk: State<'_, Desk>,
    filter: HistoryFilter,
    offset: usize,
    limit: usize,
) -> Answer<HistoryPage> {
    with_app(&desk, move |app| {
        HistoryPage::of(app, &filter, offset, limit)
    })
    .await
}

#[tauri::command]
pub async fn actors(desk: State<'_, Desk>) -> Answer<Vec<Actor>> {
    with_app(&desk, |app| app.flags().actors()).await
}

#[tauri::command]
pub async fn last_changes(desk: State<'_, Desk>, after: u64) -> Answer<Vec<LastChange>> {
    with_app(&desk, move |app| {
        app.flags().last_changes(RevisionNumber(after))
    })
    .await
}

#[tauri::command]
pub async fn changed_by(desk: State<'_, Desk>, revision: u64) -> Answer<RevisionChange> {
    with_app(&desk, move |app| {
        let revision = RevisionNumber(revision);
        app.flags().changed_by(revision).map(Into::into)
    })
    .await
}

#[tauri::command]
pub async fn difference(desk: State<'_, Desk>, from: u64, to: u64) -> Answer<Difference> {
    with_app(&desk, move |app| {
        let (from, to) = (RevisionNumber(from), RevisionNumber(to));
        app.flags().difference(from, to).map(Into::into)
    })
    .await
}

#[tauri::command]
pub async fn restore(desk: State<'_, Desk>, revision: u64) -> Answer<Outcome> {
    with_app(&desk, move |app| {
        let actor = Actor::local(Via::Window);
        let outcome = app.restore(RevisionNumber(revision), &actor, None)?;
        Ok(outcome.into())
    })
    .await
}
