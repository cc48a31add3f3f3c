//! What applications report: the dashboard's pulse, and the charts.

use flagdeck::wire::{ChartQuery, Charts, Pulse};
use tauri::State;

use super::{Answer, with_app};
use crate::desk::Desk;

#[tauri::command]
pub async fn pulse(desk: State<'_, Desk>, since: Option<u64>) -> Answer<Option<Pulse>> {
    with_app(&desk, move |app| app.pulse(since)).await
}

#[tauri::command]
pub async fn charts(desk: State<'_, Desk>, query: ChartQuery) -> Answer<Charts> {
    with_app(&desk, move |app| app.charts(&query)).await
}
