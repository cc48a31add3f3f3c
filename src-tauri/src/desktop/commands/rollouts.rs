//! Rollouts: how they stand, ramps, what each is held to, decisions.

use flagdeck::app::NewRamp;
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{NamedPlan, OwnGuardRules, RampPlan, Replayed, RolloutDetails, RolloutStatus};
use flagdeck::{App, Error};
use tauri::State;

use super::{Answer, with_app};
use crate::desk::Desk;

#[tauri::command]
pub async fn rollouts(desk: State<'_, Desk>) -> Answer<Vec<RolloutStatus>> {
    with_app(&desk, App::rollout_statuses).await
}

#[tauri::command]
pub async fn rollout(desk: State<'_, Desk>, component: Option<String>) -> Answer<RolloutDetails> {
    with_app(&desk, move |app| app.rollout_details(component.as_deref())).await
}

#[tauri::command]
pub async fn ramp_plans(desk: State<'_, Desk>) -> Answer<Vec<NamedPlan>> {
    with_app(&desk, |app| app.rollouts().plans().map_err(Error::from)).await
}

#[tauri::command]
pub async fn save_ramp_plan(
    desk: State<'_, Desk>,
    name: String,
    plan: RampPlan,
) -> Answer<Vec<NamedPlan>> {
    with_app(&desk, move |app| app.keep_plan(&name, &plan)).await
}

#[tauri::command]
pub async fn remove_ramp_plan(desk: State<'_, Desk>, name: String) -> Answer<Vec<NamedPlan>> {
    with_app(&desk, move |app| app.remove_plan(&name)).await
}

#[tauri::command]
pub async fn start_ramp(
    desk: State<'_, Desk>,
    component: Option<String>,
    plan: RampPlan,
    plan_name: Option<String>,
    starts_ms: Option<i64>,
) -> Answer<RolloutDetails> {
    let actor = Actor::local(Via::Window);
    let new = NewRamp {
        component,
        plan,
        plan_name,
        starts_ms,
    };
    with_app(&desk, move |app| app.start_ramp(new, &actor)).await
}

#[tauri::command]
pub async fn pause_ramp(
    desk: State<'_, Desk>,
    component: Option<String>,
) -> Answer<RolloutDetails> {
    let actor = Actor::local(Via::Window);
    with_app(&desk, move |app| {
        app.pause_ramp(component.as_deref(), &actor)
    })
    .await
}

#[tauri::command]
pub async fn resume_ramp(
    desk: State<'_, Desk>,
    component: Option<String>,
) -> Answer<RolloutDetails> {
    let actor = Actor::local(Via::Window);
    with_app(&desk, move |app| {
        app.resume_ramp(component.as_deref(), &actor)
    })
    .await
}

#[tauri::command]
pub async fn skip_ramp(desk: State<'_, Desk>, component: Option<String>) -> Answer<RolloutDetails> {
    let actor = Actor::local(Via::Window);
    with_app(&desk, move |app| {
        app.skip_ramp(component.as_deref(), &actor)
    })
    .await
}

#[tauri::command]
pub async fn abort_ramp(
    desk: State<'_, Desk>,
    component: Option<String>,
    puts_back: bool,
) -> Answer<RolloutDetails> {
    let actor = Actor::local(Via::Window);
    with_app(&desk, move |app| {
        app.abort_ramp(component.as_deref(), puts_back, &actor)
    })
    .await
}

#[tauri::command]
pub async fn set_guard_rules(
    desk: State<'_, Desk>,
    component: Option<String>,
    rules: OwnGuardRules,
) -> Answer<RolloutDetails> {
    with_app(&desk, move |app| {
        app.set_guard_rules(component.as_deref(), &rules)
    })
    .await
}

#[tauri::command]
pub async fn replay_decision(desk: State<'_, Desk>, id: u64) -> Answer<Replayed> {
    with_app(&desk, move |app| app.replay_decision(id)).await
}
