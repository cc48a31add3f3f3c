//! What clients are told of each component beside its value, derived once from a document.

use flagdeck_core::document::About;
use flagdeck_core::{FlagDocument, Reach, Strategy};

use super::evaluating::Basis;
use super::live::Live;
use super::provenance::{Deciding, LayerKind};

/// What is known of a component for every user.
#[derive(Debug)]
pub struct Label {
    /// The layer that decides its value, its title and its owner as members of a JSON object, each
    /// with a comma behind it.
    pub about: Box<str>,
    /// The first bucket that its rollout leaves out, 0..=100 000.
    pub threshold: u32,
    /// What it depends on if its own rollout is at 100 %: its groups, or what it requires.
    pub(super) at_full: Basis,
}

/// Derives the labels of all components, in the order of the document.
pub(super) fn of(live: &Live) -> Vec<Label> {
    let (document, compiled) = (&live.document, &live.compiled);
    let deciding = Deciding::of(live);
    let label = |id| {
        let path = compiled.path(id);
        let rollout = document.rollout_of(path);
        Label {
            about: about(deciding.layer(path), document.about.get(path)),
            threshold: rollout.percentage.milli(),
            at_full: match can_leave_out_at_full(document, path) {
                true => basis(live.reaches().sees(id)),
                false => Basis::Constant,
            },
        }
    };
    compiled.components().map(label).collect()
}

fn about(layer: LayerKind, about: Option<&About>) -> Box<str> {
    let member = |name: &str, text: Option<&String>| {
        let text = text.map(|text| serde_json::Value::from(text.as_str()));
        text.map_or(String::new(), |text| format!("\"{name}\":{text},"))
    };
    let layer = format!("\"layer\":\"{}\",", layer.as_str());
    let title = member("title", about.and_then(|it| it.title.as_ref()));
    let owner = member("owner", about.and_then(|it| it.owner.as_ref()));
    (layer + &title + &owner).into()
}

/// Returns whether a component whose rollout is at 100 % may be off for a user.
fn can_leave_out_at_full(document: &FlagDocument, path: &str) -> bool {
    let rollout = document.rollout_of(path);
    let is_for_groups = rollout.strategy == Strategy::Feature && !rollout.user_groups.is_empty();
    is_for_groups || document.requires.contains_key(path)
}

fn basis(reach: &Reach) -> Basis {
    let is_whole = |share: f64| share <= 0.0 || share >= 1.0;
    match () {
        () if reach.is_everyone() => Basis::Constant,
        () if is_whole(reach.others) && is_whole(reach.members) => Basis::Groups,
        () => Basis::Bucket,
    }
}
