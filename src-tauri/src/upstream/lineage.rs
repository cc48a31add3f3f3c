//! What the Flagdeck on a data folder is among those that follow one another: its id, and whom it
//! follows, in a file that every program on the folder reads.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::chain::{Chain, FlagdeckId};
use crate::durable::{self, Access};
use crate::lock::lock;

/// Its name in the data folder.
pub const LINEAGE_FILE: &str = "flagdeck.id";

/// More than an id, the number of an inode, and the longest chain.
const FILE_BYTES_MAX: u64 = 1024;

/// The id of a data folder, and whom its Flagdeck follows.
///
/// The id counts for the folder that it was made for: a copy gets one of its own. A program that
/// cannot save it has one for itself.
#[derive(Debug)]
pub struct Lineage {
    data_dir: PathBuf,
    known: Mutex<Option<Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    id: FlagdeckId,
    followed: Chain,
    /// The file that was read: one that is replaced is another one.
    stamp: Option<Stamp>,
}

/// Tells a file from the one that replaces it: the inode, which may be used again, and when it was
/// written, in seconds and nanoseconds.
type Stamp = (u64, i64, i64);

impl Lineage {
    /// Prepares that of a data folder. Reads nothing yet.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            known: Mutex::default(),
        }
    }

    /// Returns the id of the data folder, which is made if there is none.
    pub fn id(&self) -> FlagdeckId {
        self.known().id
    }

    /// Notes whom this Flagdeck follows, as the latest answer said, for every program on the
    /// folder. Writes only what is not known already. An empty chain: none.
    pub fn follow(&self, followed: Chain) {
        let before = self.known();
        if before.followed == followed {
            return;
        }
        let known = Known { followed, ..before };
        let saved = self.replace(known.clone()).unwrap_or_else(|error| {
            tracing::warn!(%error, "whom this Flagdeck follows cannot be saved");
            known
        });
        *lock(&self.known) = Some(saved);
    }

    /// Returns whether this Flagdeck follows another one, as the latest answer said. Makes no id.
    pub fn follows_any(&self) -> bool {
        let is_made = lock(&self.known).is_some() || stamp(&self.path()).is_some();
        is_made && !self.known().followed.ids().is_empty()
    }

    /// Returns what is told with the document: this Flagdeck, and those that it follows.
    pub fn chain(&self) -> Chain {
        let known = self.known();
        known.followed.followed_by(known.id)
    }

    /// Returns what the file says, read again if it is another one than before.
    fn known(&self) -> Known {
        let mut known = lock(&self.known);
        let stamp = stamp(&self.path());
        match &*known {
            Some(known) if stamp.is_none() || known.stamp == stamp => known.clone(),
            _ => known.insert(self.load(stamp)).clone(),
        }
    }

    fn load(&self, stamp: Option<Stamp>) -> Known {
        let loaded = match self.read() {
            Ok(Some(known)) => Ok(known),
            Ok(None) => self.replace(Known::fresh()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.create(Known::fresh()),
            Err(error) => Err(error),
        };
        loaded.unwrap_or_else(|error| {
            tracing::warn!(%error, "the id of the data folder cannot be saved");
            Known {
                stamp,
                ..Known::fresh()
            }
        })
    }

    /// Reads the file; `None` if it is damaged, or was made for another folder.
    fn read(&self) -> io::Result<Option<Known>> {
        let path = self.path();
        let stamp = stamp(&path);
        let bytes = durable::read_at_most(&path, FILE_BYTES_MAX)?;
        let folder = fs::metadata(&self.data_dir)?.ino();
        Ok(Known::of(&bytes, folder).map(|known| Known { stamp, ..known }))
    }

    /// Creates the file; if another program was faster, reads its own.
    fn create(&self, known: Known) -> io::Result<Known> {
        let line = known.line(fs::metadata(&self.data_dir)?.ino());
        match durable::create(&self.path(), line.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Ok(self.read()?.unwrap_or(known))
            }
            created => created.and_then(|()| self.saved(known)),
        }
    }

    fn replace(&self, known: Known) -> io::Result<Known> {
        let line = known.line(fs::metadata(&self.data_dir)?.ino());
        durable::replace(&self.path(), line.as_bytes(), Access::Private)?;
        self.saved(known)
    }

    /// Reads what was written, because another program may have replaced it since.
    fn saved(&self, written: Known) -> io::Result<Known> {
        Ok(self.read()?.unwrap_or(written))
    }

    fn path(&self) -> PathBuf {
        self.data_dir.join(LINEAGE_FILE)
    }
}

impl Known {
    fn fresh() -> Self {
        Self {
            id: FlagdeckId::random(),
            followed: Chain::default(),
            stamp: None,
        }
    }

    /// Reads an id, the inode of the folder, and the chain.
    fn of(bytes: &[u8], folder: u64) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut words = text.trim_ascii().splitn(3, ' ');
        let id = words.next()?.parse().ok()?;
        let is_own = words.next()?.parse() == Ok(folder);
        is_own.then(|| Self {
            id,
            followed: Chain::listed(words),
            stamp: None,
        })
    }

    fn line(&self, folder: u64) -> String {
        let line = format!("{} {folder} {}", self.id, self.followed.line());
        format!("{}\n", line.trim_end())
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some((found.ino(), found.mtime(), found.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(folder: &Path) -> String {
        fs::read_to_string(folder.join(LINEAGE_FILE)).unwrap()
    }

    #[test]
    fn a_folder_keeps_its_id_and_a_copy_gets_another() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let id = Lineage::new(one.path()).id();
        assert_eq!(Lineage::new(one.path()).id(), id);
        fs::copy(
            one.path().join(LINEAGE_FILE),
            other.path().join(LINEAGE_FILE),
        )
        .unwrap();
        let copied = Lineage::new(other.path()).id();
        assert_ne!(copied, id);
        assert_eq!(Lineage::new(other.path()).id(), copied);
        let mode = fs::metadata(other.path().join(LINEAGE_FILE))
            .unwrap()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(one.path().join(LINEAGE_FILE), "damaged").unwrap();
        let again = Lineage::new(one.path()).id();
        assert_eq!(Lineage::new(one.path()).id(), again);
    }

    #[test]
    fn every_program_on_a_folder_tells_whom_it_follows() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = [0, 1].map(|_| Lineage::new(folder.path()));
        assert_eq!(one.chain(), Chain::of(one.id()));
        assert_eq!(other.chain(), one.chain());
        let [near, far] = [0, 1].map(|_| FlagdeckId::random());
        let followed = Chain::of(far).followed_by(near);
        one.follow(followed.clone());
        assert_eq!(one.chain().ids(), [one.id(), near, far]);
        assert_eq!(other.chain(), one.chain());
        assert_eq!(Lineage::new(folder.path()).chain(), one.chain());
        let written = (text(folder.path()), stamp(&one.path()));
        other.follow(followed);
        assert_eq!((text(folder.path()), stamp(&one.path())), written);
        other.follow(Chain::default());
        assert_eq!(one.chain(), Chain::of(other.id()));
    }

    #[test]
    fn a_folder_that_is_not_there_has_an_id_for_a_program() {
        let gone = Lineage::new(Path::new("/nonexistent/flagdeck"));
        let id = gone.id();
        let followed = FlagdeckId::random();
        gone.follow(Chain::of(followed));
        assert_eq!(gone.chain().ids(), [id, followed]);
    }

    #[test]
    fn a_folder_that_is_lost_keeps_its_id_for_a_program() {
        let folder = tempfile::tempdir().unwrap();
        let lineage = Lineage::new(folder.path());
        let id = lineage.id();
        fs::remove_file(folder.path().join(LINEAGE_FILE)).unwrap();
        assert_eq!(lineage.id(), id);
    }
}
