//! What is in force: a stack of layers over the stored document, asked by scope.
//!
//! Each stack has its own [`Generation`], which entity tags and event ids name. Over what is stored
//! lie the overrides for one application and for one user, and over these the emergency that turns
//! everything off before that is stored. Anything else that depends on the client becomes a layer
//! here, and nothing else changes.
//!
//! A followed document and its overrides for everyone are no layers here: their result is what is
//! stored (see `followed`).

use std::fmt;
use std::sync::Arc;

use super::Flags;
use super::context::EvaluationContext;
use super::emergency::Call;
use super::live::Live;
use super::targeted::TargetedLayer;
use crate::store::RevisionNumber;

/// Whom the flags are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// Everyone: what is served and shown.
    Everyone,
    /// An application that reports under this name.
    Source(&'a str),
    /// A user of an application.
    User(&'a str),
    /// A user of an application, with all that the application says of both.
    Context(&'a EvaluationContext),
}

/// One layer over what is below it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layer<'a> {
    /// Components are on or off for one application or user.
    Targeted(&'a TargetedLayer),
    /// All flags are off by this emergency.
    Off(&'a Call),
}

impl Layer<'_> {
    /// Returns what is below with this layer over it.
    fn over(self, below: &Arc<Live>) -> Arc<Live> {
        match self {
            Self::Targeted(layer) => layer.over(below),
            Self::Off(call) => below.switched_off(call),
        }
    }
}

impl Flags {
    /// Returns what applications read: what is stored, with every layer over it. Never waits.
    pub fn in_force(&self, scope: Scope<'_>) -> Arc<Live> {
        // The layers first: when one is gone, the stored document already is the one that replaced
        // it.
        let off = self.0.emergency.call();
        let targeted = self.0.targeted.load();
        let targeted = targeted.layers(scope).into_iter().flatten();
        // An emergency is for everyone.
        let layers = targeted.map(Layer::Targeted);
        layered(
            &self.0.live.load(),
            layers.chain(off.as_deref().map(Layer::Off)),
        )
    }
}

/// Lays layers over what is stored, the lowest first.
pub(super) fn layered<'a>(
    stored: &Arc<Live>,
    layers: impl IntoIterator<Item = Layer<'a>>,
) -> Arc<Live> {
    let mut result: Option<Arc<Live>> = None;
    for layer in layers {
        result = Some(layer.over(result.as_ref().unwrap_or(stored)));
    }
    result.unwrap_or_else(|| Arc::clone(stored))
}

/// Names one document as it was in force: `48-0d5f…` for a revision with its document's hash, and
/// what each layer adds. Never names two documents, in this program or another, before or after a
/// restart: a revision is never edited, its hash distinguishes stores with equal numbers, and a
/// layer that is not stored is numbered at random.
///
/// It can be made while nothing can be written, which is when an emergency is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Generation(Arc<str>);

impl Generation {
    /// Names a stored document.
    pub(super) fn of_revision(revision: RevisionNumber, text: &[u8]) -> Self {
        let hash = blake3::hash(text).to_hex();
        // Half the hash: enough against chance, short enough to read in a log.
        Self(format!("{revision}-{}", &hash[..32]).into())
    }

    /// Names the same with all flags off by the emergency of this number.
    pub(super) fn switched_off(&self, emergency: u64) -> Self {
        Self(format!("{self}-off-{emergency:016x}").into())
    }

    /// Names the same with overrides for one target over it, which have this name.
    pub(super) fn targeted(&self, name: &str) -> Self {
        Self(format!("{self}-for-{name}").into())
    }

    /// Returns it as the strong entity tag (RFC 9110, section 8.8.3) of the document, with its
    /// quotes.
    pub fn etag(&self) -> String {
        format!("\"{self}\"")
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
