//! What the lines say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{FORMAT, Kept, VERSION, WorkspaceError};
use crate::store::sqlite::{Hash, seal};
use crate::store::{Actor, Cause, Draft, RevisionNumber};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    format: String,
    version: u32,
}

impl Head {
    pub(super) fn of_now() -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
        }
    }

    pub(super) fn check(line: &[u8]) -> Result<(), WorkspaceError> {
        let head: Self = serde_json::from_slice(line).map_err(|_| WorkspaceError::Other)?;
        match (head.format == FORMAT, head.version) {
            (false, _) => Err(WorkspaceError::Other),
            (true, version) if version > VERSION => Err(WorkspaceError::Newer),
            (true, _) => Ok(()),
        }
    }
}

/// A line behind it, in this order; there may be several of `Revision` and `Snapshots`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Settings(BTreeMap<String, Value>),
    Revision(RevisionLine),
    Snapshots(SnapshotsLine),
    End(End),
}

/// A revision.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RevisionLine {
    revision: RevisionNumber,
    at_ms: i64,
    actor: Actor,
    cause: Cause,
    note: Option<String>,
    changes: Vec<String>,
    /// As it is stored, byte for byte.
    document: Box<RawValue>,
    /// What was followed and overridden, as it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    followed: Option<Box<str>>,
    hash: String,
}

/// The snapshots of a source.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SnapshotsLine {
    pub(super) of: String,
    pub(super) count: u64,
    /// As snapshots are exported.
    pub(super) bundle: Box<RawValue>,
}

/// What there was before the last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct End {
    settings: Part,
    revisions: Part,
    snapshots: Part,
}

/// The lines of one kind.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    lines: u64,
    /// BLAKE3 of them with their ends, as hexadecimal digits.
    hash: String,
}

impl Line {
    pub(super) fn read(text: &[u8]) -> Result<Self, WorkspaceError> {
        let unread = |error| WorkspaceError::damaged(format!("a line cannot be read: {error}"));
        serde_json::from_slice(text).map_err(unread)
    }

    fn part(&self) -> usize {
        match self {
            Self::Settings(_) => 0,
            Self::Revision(_) => 1,
            Self::Snapshots(_) => 2,
            Self::End(_) => 3,
        }
    }
}

impl RevisionLine {
    pub(super) fn of(
        number: RevisionNumber,
        draft: Draft,
        hash: &Hash,
    ) -> Result<Self, WorkspaceError> {
        let unwritable = || WorkspaceError::unwritable(format!("revision {number} is not JSON"));
        let document = String::from_utf8(draft.document.to_vec()).map_err(|_| unwritable())?;
        let document = Some(document).filter(|text| !text.contains('\n'));
        let document = document.map(RawValue::from_string).and_then(Result::ok);
        Ok(Self {
            revision: number,
            at_ms: draft.at_ms,
            actor: draft.actor,
            cause: draft.cause,
            note: draft.note,
            changes: draft.changes,
            document: document.ok_or_else(unwritable)?,
            followed: draft.followed,
            hash: blake3::Hash::from_bytes(*hash).to_hex().to_string(),
        })
    }

    /// Returns the revision if it has this number and follows the one of a hash.
    pub(super) fn checked(
        self,
        number: RevisionNumber,
        previous: &Hash,
    ) -> Result<Kept, WorkspaceError> {
        if self.revision != number {
            let what = format!("revision {number} is missing");
            return Err(WorkspaceError::damaged(what));
        }
        let (draft, hash) = self.kept()?;
        match seal(number, &draft, previous) == hash {
            true => Ok((draft, hash)),
            false => {
                let what = format!("revision {number} does not match its hash");
                Err(WorkspaceError::damaged(what))
            }
        }
    }

    pub(super) fn kept(self) -> Result<Kept, WorkspaceError> {
        let hash = blake3::Hash::from_hex(&self.hash);
        let hash = hash.map_err(|_| WorkspaceError::damaged("a hash cannot be read"))?;
        let draft = Draft {
            at_ms: self.at_ms,
            actor: self.actor,
            cause: self.cause,
            note: self.note,
            changes: self.changes,
            document: self.document.get().as_bytes().into(),
            followed: self.followed,
        };
        Ok((draft, *hash.as_bytes()))
    }
}

/// Counts and hashes the lines of each part.
#[derive(Debug, Default)]
pub(super) struct Counted {
    hashers: [blake3::Hasher; 3],
    lines: [u64; 3],
    /// The part of the last line.
    part: usize,
}

impl Counted {
    /// Reads a line, and counts it; parts come one after the other.
    pub(super) fn add(&mut self, text: &[u8]) -> Result<Line, WorkspaceError> {
        let line = Line::read(text)?;
        let part = line.part();
        if part < self.part {
            return Err(WorkspaceError::damaged("its parts are in another order"));
        }
        self.part = part;
        self.note(part, text);
        Ok(line)
    }

    /// Counts a line that is written.
    pub(super) fn note_written(&mut self, line: &Line, text: &[u8]) {
        self.note(line.part(), text);
    }

    fn note(&mut self, part: usize, text: &[u8]) {
        // The end is in none.
        if let (Some(hasher), Some(lines)) = (self.hashers.get_mut(part), self.lines.get_mut(part))
        {
            hasher.update(text);
            *lines += 1;
        }
    }

    pub(super) fn end(&self) -> End {
        let part = |at: usize| Part {
            lines: self.lines[at],
            hash: self.hashers[at].finalize().to_hex().to_string(),
        };
        End {
            settings: part(0),
            revisions: part(1),
            snapshots: part(2),
        }
    }

    pub(super) fn check(&self, end: &End) -> Result<(), WorkspaceError> {
        let found = self.end();
        let parts = [
            ("settings", &found.settings, &end.settings),
            ("revisions", &found.revisions, &end.revisions),
            ("snapshots", &found.snapshots, &end.snapshots),
        ];
        match parts.into_iter().find(|(_, found, said)| found != said) {
            None => Ok(()),
            Some((name, ..)) => {
                let what = format!("its {name} do not match their hash");
                Err(WorkspaceError::damaged(what))
            }
        }
    }
}
