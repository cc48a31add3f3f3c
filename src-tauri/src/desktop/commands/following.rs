//! The document that is followed: fetched now, accepted, its overrides ended or published. Overrides
//! for single applications and users.

use flagdeck::flags::targeted::{TargetedRequest, TargetedSelection};
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{
    FollowedReview, Outcome, OverrideSelection, Publishing, PublishingReview, Status, Target,
    TargetedOverride, path,
};
use tauri::State;

use super::{Answer, with_app};
use crate::desk::Desk;

#[tauri::command]
pub async fn clear_overrides(desk: State<'_, Desk>, which: OverrideSelection) -> Answer<Outcome> {
    let actor = Actor::local(Via::Window);
    with_app(&desk, move |app| {
        let ended = app.flags().clear_overrides(&which.read()?, &actor)?;
        Ok(ended.into())
    })
    .await
}

#[tauri::command]
pub async fn publish_overrides(
    desk: State<'_, Desk>,
    which: OverrideSelection,
    confirms_loss: Option<bool>,
) -> Answer<Publishing> {
    let actor = Actor::local(Via::Window);
    with_app(&desk, move |app| {
        let confirms = confirms_loss.unwrap_or(false);
        Ok(app.publish(&which.read()?, confirms, &actor)?.into())
    })
    .await
}

#[tauri::command]
pub async fn accept_followed(desk: State<'_, Desk>, document: String) -> Answer<Outcome> {
    with_app(&desk, move |app| Ok(app.accept_followed(&document)?.into())).await
}

#[tauri::command]
pub async fn review_followed(desk: State<'_, Desk>) -> Answer<FollowedReview> {
    with_app(&desk, |app| Ok(app.review_followed()?.into())).await
}

#[tauri::command]
pub async fn review_publishing(
    desk: State<'_, Desk>,
    which: OverrideSelection,
) -> Answer<PublishingReview> {
    with_app(&desk, move |app| {
        let review = app.flags().review_publication(&which.read()?)?;
        Ok(review.into())
    })
    .await
}

#[tauri::command]
pub async fn fetch_followed(desk: State<'_, Desk>) -> Answer<Status> {
    with_app(&desk, |app| {
        app.fetch_now()?;
        Ok(Status::of(app))
    })
    .await
}

#[tauri::command]
pub async fn override_for(
    desk: State<'_, Desk>,
    target: Target,
    component: String,
    on: bool,
    for_ms: i64,
) -> Answer<TargetedOverride> {
    with_app(&desk, move |app| {
        app.flags().override_for(TargetedRequest {
            target,
            component: path(&component)?,
            on,
            for_ms,
            by: Actor::local(Via::Window),
        })
    })
    .await
}

#[tauri::command]
pub async fn end_targeted(
    desk: State<'_, Desk>,
    target: Option<Target>,
    component: Option<String>,
) -> Answer<Vec<TargetedOverride>> {
    with_app(&desk, move |app| {
        let component = component.as_deref().map(path).transpose()?;
        let components = Vec::from_iter(component);
        app.flags()
            .end_targeted(&TargetedSelection { target, components })
    })
    .await
}
