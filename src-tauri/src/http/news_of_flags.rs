//! Which flags are in force and what changed, as each kind of stream tells it.

use std::sync::Arc;

use axum::body::Bytes;
use flagdeck_core::tree::Tree;
use flagdeck_core::{Change, changes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::limits::{CHANGES_TOLD_MAX, VALUE_TOLD_BYTES_MAX};
use crate::flags::live::Live;
use crate::flags::provenance::{LayerKind, PlaceLayers};

/// Whose events a stream sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Protocol {
    Flagdeck,
    /// The OpenFeature Remote Evaluation Protocol: that flags are to be evaluated again, and nothing
    /// else.
    Ofrep,
}

/// That other flags are in force. Every text of it is written once.
#[derive(Debug)]
pub(super) struct FlagsNews {
    generation: Arc<str>,
    /// For any program on this machine: what `GET /api/ml/flags` tells it, too.
    open: Bytes,
    /// For clients with the token: also by whom.
    trusted: Bytes,
    /// For clients of the OpenFeature Remote Evaluation Protocol.
    refetch: Bytes,
}

impl FlagsNews {
    /// Writes which flags a stream begins with: nothing changed as far as it knows.
    pub(super) fn first(live: &Live) -> Self {
        Self::of(live, json!({}))
    }

    /// Writes that `live` is in force in place of `before`.
    pub(super) fn since(before: &Live, live: &Live) -> Self {
        let found = changes(&before.document.to_tree(), &live.document.to_tree());
        let layers = PlaceLayers::of(live);
        let told = found.iter().take(CHANGES_TOLD_MAX);
        let told = told.map(|change| told_with(change, &layers));
        let changed: Vec<Value> = told.collect();
        let more = found.len() - changed.len();
        Self::of(live, json!({ "changed": changed, "more": more }))
    }

    fn of(live: &Live, changed: Value) -> Self {
        let mut data = json!({
            "revision": live.revision.0,
            "etag": live.generation.etag(),
            "allOff": live.all_off.as_deref(),
            "followed": live.followed.as_deref().map(|followed| json!({
                "from": followed.from,
                "overrides": followed.acting().count(),
            })),
        });
        let mut add = |members: Value| {
            if let (Value::Object(data), Value::Object(members)) = (&mut data, members) {
                data.extend(members);
            }
            format!("event: flags\nid: {}\ndata: {data}\n\n", live.generation)
        };
        let open = add(changed).into();
        let by = live.origin.as_ref().map(|origin| &origin.actor);
        let trusted = add(json!({ "by": by })).into();
        Self {
            generation: live.generation.to_string().into(),
            open,
            trusted,
            refetch: refetch(live),
        }
    }

    /// Returns what names the flags, as the id of the event does.
    pub(super) fn generation(&self) -> &Arc<str> {
        &self.generation
    }

    /// Returns whether these are the flags in force.
    pub(super) fn is_of(&self, live: &Live) -> bool {
        *live.generation.to_string() == *self.generation
    }

    /// Returns the event in a protocol, for a client with or without the token.
    pub(super) fn frame(&self, protocol: Protocol, has_token: bool) -> Bytes {
        match protocol {
            Protocol::Ofrep => self.refetch.clone(),
            Protocol::Flagdeck if has_token => self.trusted.clone(),
            Protocol::Flagdeck => self.open.clone(),
        }
    }
}

/// Writes that flags are to be evaluated again (OFREP, ADR 8): without a name, because browsers hand
/// events of a name only to those who listen to that name.
fn refetch(live: &Live) -> Bytes {
    let data = json!({ "type": "refetchEvaluation", "etag": live.generation.etag() });
    format!("id: {}\ndata: {data}\n\n", live.generation).into()
}

/// Writes a change, with the layer that the value comes from if a document is followed. Without
/// values that are long.
fn told_with(change: &Change, layers: &PlaceLayers) -> Value {
    let mut told = json!({ "pointer": change.pointer });
    let mut add = |name: &str, value: Value| told[name] = value;
    if let Some(from) = &change.from {
        add("from", from.as_str().into());
    }
    for (name, value) in [("before", &change.before), ("after", &change.after)] {
        match value.as_ref().map(short) {
            Some(Some(value)) => add(name, value),
            Some(None) => add("cut", true.into()),
            None => {}
        }
    }
    match layers.at(&change.pointer) {
        LayerKind::Local => {}
        layer => add("layer", layer.as_str().into()),
    }
    told
}

fn short(value: &Tree) -> Option<Value> {
    let text = value.to_string();
    let is_short = text.len() <= VALUE_TOLD_BYTES_MAX;
    is_short.then(|| serde_json::from_str(&text).ok()).flatten()
}
