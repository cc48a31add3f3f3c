//! Which Flagdecks follow one another, so that none follows itself.
//!
//! Every data folder has an id. A Flagdeck tells in each answer its own id and those that it
//! follows (`Ml-Via`), and names its own id in each request: whoever reads the own id has found a
//! circle. The ids are random and say nothing about the machine.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, OnceLock};

use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::limits::CHAIN_IDS_MAX;
use crate::durable::{self, Access};
use crate::lock::lock;

/// Names the Flagdecks that an answer or a request passed, the one that sends it first.
pub const ML_VIA: HeaderName = HeaderName::from_static("ml-via");

const FILE: &str = "flagdeck.id";

/// More than an id and a number of an inode.
const FILE_BYTES_MAX: u64 = 64;

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

    /// Reads the id of a data folder, and creates it if there is none. A copy of a folder gets an
    /// id of its own: the id counts for the folder it was made for.
    ///
    /// # Errors
    /// If the file can be neither read nor written.
    pub fn load(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(FILE);
        let folder = fs::metadata(data_dir)?.ino();
        match durable::read_at_most(&path, FILE_BYTES_MAX) {
            Ok(bytes) => match Self::of_folder(&bytes, folder) {
                Some(id) => Ok(id),
                None => Self::random().save(&path, folder),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::random().create(&path, folder)
            }
            Err(error) => Err(error),
        }
    }

    fn of_folder(bytes: &[u8], folder: u64) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (id, inode) = text.trim_ascii().split_once(' ')?;
        let id = id.parse().ok()?;
        (inode.parse() == Ok(folder)).then_some(id)
    }

    fn save(self, path: &Path, folder: u64) -> io::Result<Self> {
        durable::replace(path, self.line(folder).as_bytes(), Access::Private)?;
        Ok(self)
    }

    /// Creates the file; if another process was faster, returns its id.
    fn create(self, path: &Path, folder: u64) -> io::Result<Self> {
        match durable::create(path, self.line(folder).as_bytes()) {
            Ok(()) => Ok(self),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let bytes = durable::read_at_most(path, FILE_BYTES_MAX)?;
                Ok(Self::of_folder(&bytes, folder).unwrap_or(self))
            }
            Err(error) => Err(error),
        }
    }

    fn line(self, folder: u64) -> String {
        format!("{self} {folder}\n")
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
        let lines = lines.filter_map(|line| line.to_str().ok());
        let ids = lines.flat_map(|line| line.split(','));
        let ids = ids.filter_map(|id| id.trim().parse().ok());
        Self(ids.take(CHAIN_IDS_MAX).collect())
    }

    /// Returns the header that tells it; `None` if it is empty.
    pub fn header(&self) -> Option<HeaderValue> {
        let ids: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        let line = HeaderValue::from_str(&ids.join(", ")).expect("digits make a header");
        (!ids.is_empty()).then_some(line)
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

/// What this Flagdeck is among those that follow one another: its id, and whom it follows.
#[derive(Debug)]
pub struct Lineage {
    data_dir: PathBuf,
    id: OnceLock<FlagdeckId>,
    followed: Mutex<Chain>,
}

impl Lineage {
    /// Prepares that of a data folder. Reads nothing yet.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            id: OnceLock::new(),
            followed: Mutex::default(),
        }
    }

    /// Returns the id of the data folder. If it can be neither read nor saved, this process has one
    /// of its own: such a folder follows nothing, because it takes no change.
    pub fn id(&self) -> FlagdeckId {
        *self.id.get_or_init(|| {
            FlagdeckId::load(&self.data_dir).unwrap_or_else(|error| {
                tracing::warn!(%error, "the id of the data folder cannot be saved");
                FlagdeckId::random()
            })
        })
    }

    /// Notes whom this Flagdeck follows, as the latest answer said. An empty chain: none.
    pub fn follow(&self, followed: Chain) {
        *lock(&self.followed) = followed;
    }

    /// Returns what is told with the document: this Flagdeck, and those that it follows.
    pub fn chain(&self) -> Chain {
        lock(&self.followed).followed_by(self.id())
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
    fn a_folder_keeps_its_id_and_a_copy_gets_another() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let id = FlagdeckId::load(one.path()).unwrap();
        assert_eq!(FlagdeckId::load(one.path()).unwrap(), id);
        fs::copy(one.path().join(FILE), other.path().join(FILE)).unwrap();
        let copied = FlagdeckId::load(other.path()).unwrap();
        assert_ne!(copied, id);
        assert_eq!(FlagdeckId::load(other.path()).unwrap(), copied);
        assert_eq!(
            fs::metadata(one.path().join(FILE)).unwrap().mode() & 0o777,
            0o600
        );
        fs::write(one.path().join(FILE), "damaged").unwrap();
        let again = FlagdeckId::load(one.path()).unwrap();
        assert_eq!(FlagdeckId::load(one.path()).unwrap(), again);
    }

    #[test]
    fn a_folder_that_cannot_be_written_has_an_id_for_a_process() {
        let gone = Lineage::new(Path::new("/nonexistent/flagdeck"));
        assert_eq!(gone.id(), gone.id());
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
        let lineage = Lineage::new(Path::new("/nonexistent/flagdeck"));
        let own = lineage.id();
        assert_eq!(lineage.chain(), Chain::of(own));
        let other = FlagdeckId::random();
        lineage.follow(Chain(vec![other, own, other]));
        assert_eq!(lineage.chain(), Chain(vec![own, other]));
        lineage.follow(Chain::default());
        assert_eq!(lineage.chain(), Chain::of(own));
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
