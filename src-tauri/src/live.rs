//! The document in force, with everything that is made of it once and read often.

use std::sync::{Arc, OnceLock};

use flagdeck_core::{Compiled, FlagDocument, validate};

use crate::store::{Actor, Cause, Revision, RevisionNumber, StoreError};

/// One revision ready for use: immutable, shared by reference, replaced whole.
#[derive(Debug, Clone)]
pub struct Live {
    /// Its number; [`RevisionNumber::NONE`] for the safe default of a new store.
    pub revision: RevisionNumber,
    /// Where it came from; none for the safe default.
    pub origin: Option<Origin>,
    /// The document.
    pub document: FlagDocument,
    /// The document ready to be evaluated.
    pub compiled: Compiled,
    /// The document as it is served: JSON text.
    pub text: Arc<[u8]>,
    /// The strong entity tag of `text`, with its quotes.
    pub etag: String,
    /// The same with the master switch off, made when it is first asked for.
    switched_off: OnceLock<Arc<Live>>,
}

/// Where a revision came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who.
    pub actor: Actor,
    /// Why it came to be.
    pub cause: Cause,
    /// What changed, a sentence each.
    pub changes: Vec<String>,
}

impl Live {
    /// The safe default, in force while nothing has been saved.
    pub fn safe_default() -> Self {
        let document = FlagDocument::default();
        let text = document.to_bytes().into();
        Self::new(RevisionNumber::NONE, None, document, text)
    }

    /// Makes a stored revision ready for use.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where its document is not valid, though its hash is right:
    /// another program or a newer Flagdeck wrote it.
    pub fn load(revision: &Revision) -> Result<Self, StoreError> {
        let draft = &revision.draft;
        let checked = validate(&draft.document).map_err(|problems| StoreError::Damaged {
            what: format!(
                "revision {} holds a document that is not valid ({})",
                revision.number,
                problems.first().map_or("", |problem| &problem.message)
            ),
        })?;
        let origin = Origin {
            at_ms: draft.at_ms,
            actor: draft.actor.clone(),
            cause: draft.cause,
            changes: draft.changes.clone(),
        };
        let text = Arc::clone(&draft.document);
        let live = Self::new(revision.number, Some(origin), checked.document, text);
        Ok(live)
    }

    /// Returns it with the master switch off: itself, where it is.
    pub fn switched_off(self: &Arc<Self>) -> Arc<Self> {
        if !self.document.enabled {
            return Arc::clone(self);
        }
        let made = self.switched_off.get_or_init(|| {
            let document = FlagDocument {
                enabled: false,
                ..self.document.clone()
            };
            let text = document.to_bytes().into();
            let origin = self.origin.clone();
            Arc::new(Self::new(self.revision, origin, document, text))
        });
        Arc::clone(made)
    }

    fn new(
        revision: RevisionNumber,
        origin: Option<Origin>,
        document: FlagDocument,
        text: Arc<[u8]>,
    ) -> Self {
        let hash = blake3::hash(&text).to_hex();
        Self {
            revision,
            origin,
            compiled: Compiled::new(&document),
            document,
            // Half the hash: enough against chance, short enough to read in a log.
            etag: format!("\"{}\"", &hash[..32]),
            text,
            switched_off: OnceLock::new(),
        }
    }
}
