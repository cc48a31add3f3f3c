//! Which of the programs on a data folder does what only one of them may do: keep what was
//! measured, push it, take snapshots on schedule, thin them, back up, fetch the followed document.
//!
//! A window and any number of `flagctl serve` may have one folder open. There is a [`Role`] for
//! each database and for the followed document, and for each role one program leads. A role is a
//! lock on a file in the folder: the system releases it however a program ends, so another one takes
//! over as soon as it asks again. What only the leader may do takes a [`Lead`] as proof. A role is
//! not released before the last of its leads is dropped, so two leaders never overlap.
//!
//! Knows nothing of what the leader does.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::lock::lock;
use crate::private;

/// How often a program asks for a role that another one holds: what a takeover takes at most.
pub const ASK_EVERY: Duration = Duration::from_secs(1);

/// How long a program that resigned does not ask: long enough for each other one to do so.
const RESIGNED_FOR: Duration = Duration::from_secs(3);

/// What one program on a folder leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Backs up the flags.
    Flags,
    /// Keeps totals and charts, deletes what is too old, and pushes.
    Metrics,
    /// Takes snapshots on schedule, counts their changes, and thins them.
    States,
    /// Fetches the followed document.
    Upstream,
    /// Watches rollouts: makes the steps of ramps, and rolls back what does harm.
    Rollouts,
}

impl Role {
    /// Returns the name of its lock. `flagdeck.lock` is another one, which all programs share.
    fn file(self) -> &'static str {
        match self {
            Self::Flags => "flags.lock",
            // Earlier versions lock this file to keep and push metrics, and have no other roles.
            Self::Metrics => "metrics.lock",
            Self::States => "state.lock",
            Self::Upstream => "upstream.lock",
            Self::Rollouts => "rollouts.lock",
        }
    }
}

/// Hands out the seats of a data folder.
#[derive(Debug, Clone)]
pub struct Leader {
    data_dir: PathBuf,
}

impl Leader {
    /// Returns the one of a data folder. Asks for no role yet.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
        }
    }

    /// Returns a seat, in which a part of the program leads when no other one does.
    pub fn seat(&self, role: Role) -> Seat {
        Seat {
            lock_file: self.data_dir.join(role.file()),
            held: Mutex::default(),
        }
    }
}

/// What a part of the program leads with. Dropping it gives the role up.
#[derive(Debug)]
pub struct Seat {
    lock_file: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    lead: Option<Lead>,
    resigned: Option<Instant>,
}

impl Seat {
    /// Returns proof that this seat leads, taking the role if it is free; `None` if another one
    /// leads, or the folder has no room for a lock.
    ///
    /// Ask again each time there is something to do: a lead is lost if the folder, or the lock in
    /// it, is replaced.
    pub fn lead(&self) -> Option<Lead> {
        let held = &mut *lock(&self.held);
        let is_held = |lead: &Lead| lead.is_of(&self.lock_file);
        if !held.lead.as_ref().is_some_and(is_held) && !held.has_just_resigned() {
            held.lead = match Lead::take(&self.lock_file) {
                Ok(lead) => lead,
                // Without a lock under the name, no other program can have taken it.
                Err(_) => held.lead.take(),
            };
        }
        held.lead.clone()
    }

    /// Gives the role up, and does not ask for it for some seconds: for a part that cannot do
    /// its work, when another program may be able to.
    pub fn resign(&self) {
        *lock(&self.held) = Held {
            lead: None,
            resigned: Some(Instant::now()),
        };
    }
}

impl Held {
    fn has_just_resigned(&self) -> bool {
        self.resigned.is_some_and(|at| at.elapsed() < RESIGNED_FOR)
    }
}

/// Proof that this program leads. The role stays with it until the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Lead(Arc<File>);

impl Lead {
    /// Takes a lock; `None` if another seat has it.
    fn take(path: &Path) -> io::Result<Option<Self>> {
        let lead = Self(Arc::new(private::open_lock(path)?));
        match lead.0.try_lock() {
            // It may have been replaced before it was locked.
            Ok(()) => Ok(Some(lead).filter(|lead| lead.is_of(path))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Returns whether both are of one lock, without a time in between when it was released.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns whether what it locks is the file of that name.
    fn is_of(&self, path: &Path) -> bool {
        let identity = |metadata: io::Result<fs::Metadata>| {
            let metadata = metadata.ok()?;
            Some((metadata.dev(), metadata.ino()))
        };
        let own = identity(self.0.metadata());
        own.is_some() && own == identity(fs::metadata(path))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tempfile::TempDir;

    use super::*;

    fn seats(folder: &TempDir, role: Role) -> [Seat; 2] {
        [0, 1].map(|_| Leader::new(folder.path()).seat(role))
    }

    #[test]
    fn one_seat_leads_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = seats(&folder, Role::States);
        let first = one.lead().unwrap();
        assert!(other.lead().is_none());
        assert!(one.lead().unwrap().is_same(&first));
        drop(first);
        assert!(other.lead().is_none(), "the seat still leads");
        drop(one);
        assert!(other.lead().is_some());
    }

    #[test]
    fn each_role_has_a_leader_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let leads = [Role::Flags, Role::Metrics, Role::States, Role::Upstream].map(|role| {
            let [one, other] = seats(&folder, role);
            let lead = one.lead();
            assert!(lead.is_some() && other.lead().is_none(), "{role:?}");
            (one, lead)
        });
        drop(leads);
    }

    /// What the leader has begun may take longer than the seat exists.
    #[test]
    fn the_role_is_released_with_the_last_lead() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = seats(&folder, Role::Metrics);
        let lead = one.lead().unwrap();
        drop(one);
        assert!(other.lead().is_none());
        drop(lead);
        assert!(other.lead().is_some());
    }

    #[test]
    fn a_seat_that_resigned_lets_another_one_lead() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = seats(&folder, Role::Flags);
        assert!(one.lead().is_some());
        one.resign();
        assert!(one.lead().is_none(), "it does not ask at once");
        assert!(other.lead().is_some());
    }

    #[test]
    fn a_seat_that_resigned_leads_again_if_no_other_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let [one, _] = seats(&folder, Role::Flags);
        let lead = one.lead().unwrap();
        one.resign();
        drop(lead);
        thread::sleep(RESIGNED_FOR);
        assert!(one.lead().is_some());
    }

    #[test]
    fn a_lock_that_was_removed_is_made_again_by_its_leader() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = seats(&folder, Role::Flags);
        let first = one.lead().unwrap();
        fs::remove_file(folder.path().join("flags.lock")).unwrap();
        let second = one.lead().unwrap();
        assert!(!second.is_same(&first) && other.lead().is_none());
    }

    /// As in a data folder that was replaced: who locked the file under the name leads.
    #[test]
    fn a_lock_that_another_one_made_again_is_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = seats(&folder, Role::Flags);
        assert!(one.lead().is_some());
        fs::remove_file(folder.path().join("flags.lock")).unwrap();
        assert!(other.lead().is_some());
        assert!(one.lead().is_none());
        drop(other);
        assert!(one.lead().is_some());
    }

    #[test]
    fn a_folder_that_is_not_there_keeps_the_leader_it_had() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("data");
        fs::create_dir(&inner).unwrap();
        let (one, late) = (
            Leader::new(&inner).seat(Role::Flags),
            Leader::new(&inner).seat(Role::Flags),
        );
        let first = one.lead().unwrap();
        fs::remove_dir_all(&inner).unwrap();
        assert!(one.lead().unwrap().is_same(&first));
        assert!(late.lead().is_none());
    }
}
