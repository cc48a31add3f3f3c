//! What is left of a store that was set aside, in domain types.

use super::{Revision, RevisionNumber, RevisionSummary};

/// Consecutive revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevisionSpan {
    /// The first of them.
    pub first: RevisionNumber,
    /// The last of them.
    pub last: RevisionNumber,
}

impl RevisionSpan {
    /// Returns whether a revision is one of them.
    pub fn has(self, number: RevisionNumber) -> bool {
        (self.first..=self.last).contains(&number)
    }
}

/// What can be read of a store that was set aside, compared with the one in use.
#[derive(Debug, Clone, Default)]
pub struct FoundRevisions {
    /// Revisions that match their hashes.
    pub sound: u64,
    /// Revisions that do not, cannot be read, or are missing among the others.
    pub damaged: u64,
    /// The first sound one.
    pub first: Option<RevisionSummary>,
    /// The last sound one.
    pub last: Option<RevisionSummary>,
    /// Those that follow the latest revision of the store in use, hash for hash.
    pub continuing: Option<RevisionSpan>,
    /// The last of those.
    pub last_continuing: Option<Revision>,
    /// How many other sound ones the store in use does not have.
    pub others: u64,
    /// Whether the store in use has another revision under the number of one of those.
    pub is_forked: bool,
}
