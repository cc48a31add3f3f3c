//! What applications report: the dashboard's pulse, and the charts.

use std::time::{Duration, Instant};

use flagdeck::wire::{ChartQuery, Charts, Pulse};
use tauri::State;

use super::{Answer, with_app};
use crate::desk::Desk;

/// How long a page that has seen everything is kept waiting for more. While nothing happens it asks
/// that seldom.
const NEWS_WITHIN: Duration = Duration::from_secs(10);

/// How often to look whether there is more.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[tauri::command]
pub async fn pulse(desk: State<'_, Desk>, since: Option<u64>) -> Answer<Option<Pulse>> {
    let asked = Instant::now();
    loop {
        let pulse = with_app(&desk, move |app| app.pulse(since)).await?;
        if pulse.is_some() || asked.elapsed() >= NEWS_WITHIN {
            return Ok(pulse);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[tauri::command]
pub async fn charts(desk: State<'_, Desk>, query: ChartQuery) -> Answer<Charts> {
    with_app(&desk, move |app| app.charts(&query)).await
}
