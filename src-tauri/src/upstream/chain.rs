//! Which Flagdecks follow one another, so that none follows itself.
//!
//! Every data folder has an id. A Flagdeck tells in each answer its own id and those that it
//! follows (`Ml-Via`), and names its own id in each request: one that reads its own id has found a
//! circle. The ids are random and say nothing about the machine. Knows nothing of files.

use std::fmt;
use std::str::FromStr;

use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::limits::CHAIN_IDS_MAX;

/// Names the Flagdecks that an answer or a request passed, the one that sends it first.
pub const ML_VIA: HeaderName = HeaderName::from_static("ml-via");

/// The id of a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlagdeckId(u64);

impl FlagdeckId {
    /// Makes a random one.
    pub fn random() -> Self {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).expect("the operating system has random numbers");
        Self(u64::from_ne_bytes(bytes))
    }
}

impl fmt::Display for FlagdeckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 16 digits from 0 to f")]
pub struct NoId;

impl FromStr for FlagdeckId {
    type Err = NoId;

    fn from_str(text: &str) -> Result<Self, NoId> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match text.len() == 16 && text.bytes().all(is_digit) {
            true => u64::from_str_radix(text, 16).map(Self).map_err(|_| NoId),
            false => Err(NoId),
        }
    }
}

/// Flagdecks that follow one another, each the one after it. Empty for a plain file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain(Vec<FlagdeckId>);

impl Chain {
    /// Makes one of a Flagdeck that follows none.
    pub fn of(id: FlagdeckId) -> Self {
        Self(vec![id])
    }

    /// Returns the chain of a Flagdeck that follows this one. An id that it would repeat ends it:
    /// the rest would be the circle again.
    pub fn followed_by(&self, id: FlagdeckId) -> Self {
        let rest = self.0.iter().copied().take_while(|other| *other != id);
        Self(
            std::iter::once(id)
                .chain(rest)
                .take(CHAIN_IDS_MAX)
                .collect(),
        )
    }

    /// Reads the header of a request or an answer. What is no id is left out.
    pub fn read(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ML_VIA).iter();
        Self::listed(lines.filter_map(|line| line.to_str().ok()))
    }

    /// Reads lines of ids.
    pub(super) fn listed<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let ids = lines.flat_map(|line| line.split(','));
        let ids = ids.filter_map(|id| id.trim().parse().ok());
        Self(ids.take(CHAIN_IDS_MAX).collect())
    }

    /// Returns the header that tells it; `None` if it is empty.
    pub fn header(&self) -> Option<HeaderValue> {
        let line = HeaderValue::from_str(&self.line()).expect("digits make a header");
        (!self.0.is_empty()).then_some(line)
    }

    /// Returns the ids as one line.
    pub(super) fn line(&self) -> String {
        let ids: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        ids.join(", ")
    }

    /// Lists the ids, the nearest one first.
    pub fn ids(&self) -> &[FlagdeckId] {
        &self.0
    }

    /// Returns whether both have a Flagdeck in common: a circle, if the one asks the other.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().any(|id| other.0.contains(id))
    }

    /// Returns the way to a Flagdeck of it; `None` if it is not in it.
    pub(super) fn up_to(&self, id: FlagdeckId) -> Option<Self> {
        let end = self.0.iter().position(|other| *other == id)?;
        Some(Self(self.0[..end].to_vec()))
    }

    /// Returns whether there is room for one more Flagdeck that follows.
    pub(super) fn has_room(&self) -> bool {
        self.0.len() < CHAIN_IDS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u64]) -> Chain {
        Chain(numbers.iter().copied().map(FlagdeckId).collect())
    }

    fn read(lines: &[&str]) -> Chain {
        let value = |line: &&str| (ML_VIA, HeaderValue::from_str(line).unwrap());
        Chain::read(&lines.iter().map(value).collect())
    }

    #[test]
    fn a_chain_is_read_as_it_was_told() {
        let chain = ids(&[7, u64::MAX]);
        let header = chain.header().unwrap();
        assert_eq!(header, "0000000000000007, ffffffffffffffff");
        assert_eq!(read(&[header.to_str().unwrap()]), chain);
        assert_eq!(read(&["0000000000000007", "ffffffffffffffff"]), chain);
        assert_eq!(Chain::default().header(), None);
    }

    #[test]
    fn what_is_no_id_is_left_out_and_a_chain_is_bounded() {
        assert_eq!(
            read(&["7, x, 00000000000000FF,,+00000000000000f"]),
            Chain::default()
        );
        let long = vec!["0000000000000007"; 100].join(",");
        let long = read(&[&long]);
        assert_eq!(long.ids().len(), CHAIN_IDS_MAX);
        assert!(!long.has_room());
        assert_eq!(long.followed_by(FlagdeckId(8)).ids().len(), CHAIN_IDS_MAX);
    }

    #[test]
    fn a_circle_is_told_once_round() {
        let [own, other] = [1, 2].map(FlagdeckId);
        assert_eq!(ids(&[2, 1, 2]).followed_by(own), Chain(vec![own, other]));
        assert_eq!(Chain::default().followed_by(own), Chain::of(own));
    }

    #[test]
    fn chains_meet_in_any_member() {
        assert!(ids(&[1, 2]).meets(&ids(&[3, 2])));
        assert!(!ids(&[1, 2]).meets(&ids(&[3])));
        assert!(!ids(&[1]).meets(&Chain::default()));
        assert_eq!(ids(&[1, 2, 3]).up_to(FlagdeckId(3)), Some(ids(&[1, 2])));
        assert_eq!(ids(&[1]).up_to(FlagdeckId(1)), Some(Chain::default()));
        assert_eq!(ids(&[1]).up_to(FlagdeckId(2)), None);
    }
}
