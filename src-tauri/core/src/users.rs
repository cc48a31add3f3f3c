//! Many user ids in one buffer, and counting who of them is in.
//!
//! The buffer keeps ten million ids in one piece of memory. Counting takes a range of it, so
//! that a caller with threads can give each its share.

use std::ops::Range;

use crate::compile::{Compiled, ComponentId, Course};
use crate::evaluate::{Evaluation, Memberships, User};
use crate::text::{self, Reading, TextError};

/// User ids one after the other, hashed as they are.
#[derive(Debug, Clone, Default)]
pub struct UserIds {
    text: String,
    /// The byte after each id in `text`.
    ends: Vec<u32>,
}

/// More text than a buffer takes: its length must fit 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a list of user ids holds at most 4 GiB of text")]
pub struct TooManyIds;

/// Why a list of user ids cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserIdsError {
    /// It is not text in UTF-8.
    #[error(transparent)]
    Text(#[from] TextError),
    /// It has more text than a buffer holds.
    #[error("is too large: {0}")]
    TooMany(#[from] TooManyIds),
}

impl UserIds {
    /// Creates an empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an id.
    ///
    /// # Errors
    /// [`TooManyIds`] beyond 4 GiB of text in all; then nothing is added.
    pub fn push(&mut self, id: &str) -> Result<(), TooManyIds> {
        let end = u32::try_from(self.text.len() + id.len()).map_err(|_| TooManyIds)?;
        self.text.push_str(id);
        self.ends.push(end);
        Ok(())
    }

    /// Reads one id a line, as [`mod@text`] reads lines, and returns what was done to read them.
    /// Blanks at the ends of an id belong to it; a last line need not be ended.
    ///
    /// # Errors
    /// [`UserIdsError`], to follow the name of the list.
    pub fn from_lines(bytes: &[u8]) -> Result<(Self, Reading), UserIdsError> {
        let mut ids = Self {
            text: String::with_capacity(bytes.len()),
            ends: Vec::new(),
        };
        let mut lines = text::lines(bytes)?;
        while let Some(line) = lines.next_text()? {
            ids.push(line)?;
        }
        Ok((ids, lines.reading()))
    }

    /// Returns how many ids there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the id at `index`.
    ///
    /// # Panics
    /// If `index` is not below [`UserIds::len`].
    pub fn get(&self, index: usize) -> &str {
        let from = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[from as usize..self.ends[index] as usize]
    }

    /// Returns the position of the first id that is `id`. Reads every id before it: about 2 ns each.
    pub fn position(&self, id: &str) -> Option<usize> {
        let id = id.as_bytes();
        self.bytes(0..self.len()).position(|other| other == id)
    }

    /// Returns how many bytes of text the ids have together.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Gives back the memory that was reserved for further ids.
    pub(crate) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Returns the ids in `range`, in order.
    ///
    /// # Panics
    /// If `range` reaches beyond [`UserIds::len`].
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = &str> {
        self.spans(range).map(|span| &self.text[span])
    }

    /// Returns the ids in `range` as bytes: hashing need not know that they are text.
    pub(crate) fn bytes(&self, range: Range<usize>) -> impl Iterator<Item = &[u8]> {
        self.spans(range).map(|span| &self.text.as_bytes()[span])
    }

    /// Returns the range in `text` of each id of `range`.
    fn spans(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let mut from = match range.start {
            0 => 0,
            start => self.ends[start - 1] as usize,
        };
        self.ends[range]
            .iter()
            .map(move |&end| std::mem::replace(&mut from, end as usize)..end as usize)
    }

    /// Returns all the ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.range(0..self.len())
    }
}

impl Compiled {
    /// Counts for how many of the ids in `range` the component is on, all being in `groups`.
    ///
    /// # Panics
    /// If `range` reaches beyond [`UserIds::len`].
    pub fn count_in(
        &self,
        id: ComponentId,
        users: &UserIds,
        range: Range<usize>,
        groups: &[&str],
    ) -> usize {
        let rule = self.rule(id);
        match rule.course {
            Course::Settled { value, .. } => return if value { range.len() } else { 0 },
            Course::Requiring(_) => {
                let is_on = |user: &&str| self.evaluate_id(id, &User { id: user, groups }).value;
                return users.range(range).filter(is_on).count();
            }
            Course::Document | Course::Bucket(_) | Course::Own => {}
        }
        // One rollout decides for all of them: only the bucket differs.
        let gate = rule.gate;
        match Memberships::new(self, groups).decide(&gate) {
            Some(Evaluation { value: true, .. }) => range.len(),
            Some(_) => 0,
            None => gate
                .bucketer
                .count_below(gate.threshold, users.bytes(range)),
        }
    }
}
