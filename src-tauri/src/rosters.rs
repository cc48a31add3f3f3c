//! Rosters: lists of users with groups, weights and attributes, imported from files, over which an
//! edit is counted before it is saved.
//!
//! They are in `rosters.db`, a database of their own: user ids are personal data, so they are in no
//! revision, backup, export or workspace, and what is removed is overwritten. Every call opens the
//! database and closes it again; what was loaded to be counted stays in memory until another roster
//! is. Knows nothing of flags.

mod intake;
pub mod limits;
mod reading;
mod replaced;
mod seen;
pub mod shapes;
mod store;

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use flagdeck_core::Roster;

use self::intake::{Intake, Taking};
pub use self::reading::{Column, Done, Encoding, FileFormat, Form, Taken};
use self::reading::{Opened, Stopped};
pub use self::seen::SEEN;
use self::seen::Seen;
use self::shapes::{Forgotten, Look, Person, Replaced, RosterInfo, Understood};
use self::store::{Forgettings, Found, ROSTERS, RosterStore};
use crate::clock::Clock;
use crate::lock::lock;
use crate::source::SourceName;
use crate::store::StoreError;

/// Why a roster was not imported, found or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RostersError {
    /// The file is nothing that can be a roster.
    #[error("{message}")]
    Refused {
        /// Which one, and why.
        message: String,
    },
    /// The file cannot be read.
    #[error("the file {path} cannot be read")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// There is no roster of that name, or none at all.
    #[error("{message}")]
    NotFound {
        /// What was looked for.
        message: String,
    },
    /// There are as many rosters as there may be.
    #[error("there are {} rosters already; remove one first", limits::ROSTERS_MAX)]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for RostersError {
    fn from(error: StoreError) -> Self {
        Self::Store(ROSTERS.name(error))
    }
}

/// A file to be imported.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The file.
    pub file: PathBuf,
    /// The table that is meant, of a database with several.
    pub table: Option<String>,
    /// The name of the roster; one of this name is replaced.
    pub name: SourceName,
}

/// Is told how far a file is read, and breaks that off.
pub type Progress<'a> = dyn FnMut(Done) -> ControlFlow<()> + 'a;

/// The rosters of a data folder.
#[derive(Debug)]
pub struct Rosters {
    data_dir: PathBuf,
    clock: Clock,
    /// The roster that was loaded last: it may take a gigabyte.
    loaded: Mutex<Option<Loaded>>,
    /// Users in events that are not in their roster yet.
    seen: Mutex<Seen>,
    /// Held while they are added to it, and while a user is forgotten or a roster removed.
    merging: Mutex<()>,
}

#[derive(Debug)]
struct Loaded {
    version: Version,
    roster: Arc<Roster>,
}

/// Tells a content of a roster from every other one in the same database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    id: i64,
    generation: i64,
}

impl Rosters {
    /// Names the rosters of a data folder. Opens nothing yet.
    pub(crate) fn new(data_dir: &Path, clock: Clock) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            clock,
            loaded: Mutex::default(),
            seen: Mutex::new(Seen::new(limits::USERS_SEEN_MAX)),
            merging: Mutex::default(),
        }
    }

    /// Reads a file whole and tells what is in it, and what an import would change. Stores nothing.
    /// Returns `None` if `progress` breaks it off.
    ///
    /// # Errors
    /// [`RostersError::Refused`] or [`RostersError::File`] if the file is no roster or cannot be
    /// read.
    pub fn look(
        &self,
        request: &ImportRequest,
        progress: &mut Progress<'_>,
    ) -> Result<Option<Look>, RostersError> {
        let opened = Opened::open(&request.file, request.table.as_deref())?;
        let mut intake = Intake::new(opened.form());
        let take = |_: &reading::Row| Ok(());
        let Some(understood) = read(
            request,
            opened,
            Taking {
                intake: &mut intake,
                take,
            },
            progress,
        )?
        else {
            return Ok(None);
        };
        let roster = intake.into_roster();
        let before = self.before(&request.name)?;
        let replaces = before.map(|(at_ms, before)| replaced::between(&before, &roster, at_ms));
        Ok(Some(look(request, understood, replaces)))
    }

    /// Reads a file and keeps what is in it, in place of the roster of this name if there is one.
    /// Returns `None` if `progress` breaks it off: then, as after a failure, nothing is changed.
    ///
    /// # Errors
    /// [`RostersError::Refused`] or [`RostersError::File`] if the file is no roster or cannot be
    /// read, [`RostersError::TooMany`], [`RostersError::Store`] if it cannot be stored.
    pub fn import(
        &self,
        request: &ImportRequest,
        progress: &mut Progress<'_>,
    ) -> Result<Option<Look>, RostersError> {
        if request.name.as_str() == SEEN {
            let message = format!("{SEEN} is what Flagdeck keeps itself; choose another name");
            return Err(RostersError::Refused { message });
        }
        let now_ms = self.clock.now_ms();
        let opened = Opened::open(&request.file, request.table.as_deref())?;
        let mut store = RosterStore::open(&self.data_dir, now_ms)?;
        let before = self.before(&request.name)?;
        let imported = store.within(|transaction| {
            let mut intake = Intake::new(opened.form());
            let mut writer = store::begin(transaction, now_ms)?;
            let take = |row: &reading::Row| Ok(writer.push(row)?);
            let taking = Taking {
                intake: &mut intake,
                take,
            };
            let Some(understood) = read(request, opened, taking, progress)? else {
                return Ok(None);
            };
            let roster = Arc::new(intake.into_roster());
            let info = info(request, &understood, now_ms);
            let version = writer.finish(info)?;
            Ok(Some((understood, version, roster)))
        });
        // What was written of an import that came to nothing is in the log.
        let cleared = store.clear_log();
        let Some((understood, version, roster)) = imported? else {
            return cleared.map(|()| None).map_err(Into::into);
        };
        let replaces = before.map(|(at_ms, before)| replaced::between(&before, &roster, at_ms));
        *lock(&self.loaded) = Some(Loaded { version, roster });
        Ok(Some(look(request, understood, replaces)))
    }

    /// Lists all, by name.
    ///
    /// # Errors
    /// [`RostersError::Store`] if they cannot be read.
    pub fn list(&self) -> Result<Vec<RosterInfo>, RostersError> {
        match ROSTERS.read(&self.data_dir)? {
            Some(connection) => Ok(store::list(&connection)?),
            None => Ok(Vec::new()),
        }
    }

    /// Returns what is known of one; of the one imported last if `name` is `None`.
    ///
    /// # Errors
    /// [`RostersError::NotFound`] if there is none, [`RostersError::Store`] if it cannot be read.
    pub fn info(&self, name: Option<&SourceName>) -> Result<RosterInfo, RostersError> {
        let Some(connection) = ROSTERS.read(&self.data_dir)? else {
            return Err(missing(name));
        };
        let found = store::find(&connection, name)?;
        found.map(|found| found.info).ok_or_else(|| missing(name))
    }

    /// Finds a user in one. Returns `None` if the user is not in it.
    ///
    /// # Errors
    /// [`RostersError::NotFound`] if there is no such roster, [`RostersError::Store`] if it cannot
    /// be read.
    pub fn person(&self, name: &SourceName, id: &str) -> Result<Option<Person>, RostersError> {
        let Some(connection) = ROSTERS.read(&self.data_dir)? else {
            return Err(missing(Some(name)));
        };
        let moment = connection
            .unchecked_transaction()
            .map_err(StoreError::from)?;
        let found = store::find(&moment, Some(name))?.ok_or_else(|| missing(Some(name)))?;
        Ok(store::person(&moment, &found, id)?)
    }

    /// Loads one to be counted; the one imported last if `name` is `None`.
    ///
    /// # Errors
    /// [`RostersError::NotFound`] if there is none, [`RostersError::Store`] if it cannot be read.
    pub fn load(
        &self,
        name: Option<&SourceName>,
    ) -> Result<(RosterInfo, Arc<Roster>), RostersError> {
        let found = self.load_if_there(name)?;
        found.ok_or_else(|| missing(name))
    }

    fn load_if_there(
        &self,
        name: Option<&SourceName>,
    ) -> Result<Option<(RosterInfo, Arc<Roster>)>, RostersError> {
        let Some(connection) = ROSTERS.read(&self.data_dir)? else {
            return Ok(None);
        };
        // As of one moment: another program may be writing.
        let moment = connection
            .unchecked_transaction()
            .map_err(StoreError::from)?;
        let Some(Found { info, version, .. }) = store::find(&moment, name)? else {
            return Ok(None);
        };
        let mut loaded = lock(&self.loaded);
        if let Some(known) = loaded.as_ref().filter(|known| known.version == version) {
            return Ok(Some((info, Arc::clone(&known.roster))));
        }
        // Before the other one is read: both may be large.
        *loaded = None;
        let roster = Arc::new(store::load(&moment, version.id, &info)?);
        *loaded = Some(Loaded {
            version,
            roster: Arc::clone(&roster),
        });
        Ok(Some((info, roster)))
    }

    /// Loads the roster that another one is to replace, with when it was imported. A damaged one can
    /// be replaced, and not compared with.
    fn before(&self, name: &SourceName) -> Result<Option<(i64, Arc<Roster>)>, RostersError> {
        match self.load_if_there(Some(name)) {
            Err(RostersError::Store(StoreError::Damaged { .. })) => Ok(None),
            found => Ok(found?.map(|(info, roster)| (info.at_ms, roster))),
        }
    }

    /// Notes users whom an application named in events, with their groups.
    pub(crate) fn note_seen(&self, users: &[(String, Vec<String>)]) {
        if users.is_empty() {
            return;
        }
        let mut seen = lock(&self.seen);
        if !seen.has_begun() {
            seen.begin(self.forgettings());
        }
        for (id, groups) in users {
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            seen.note(id, &groups);
        }
    }

    /// Reads how often users were forgotten. Returns `None` if there is no database, or none that
    /// can be read now.
    fn forgettings(&self) -> Option<Forgettings> {
        let connection = ROSTERS.read(&self.data_dir).ok()??;
        Forgettings::read(&connection).ok()
    }

    /// Adds the users who were noted to their roster, [`SEEN`]. They are discarded if another
    /// program has forgotten a user since the first of them was noted, because it may be one of
    /// them.
    ///
    /// # Errors
    /// [`RostersError::Store`] if that cannot be stored: then the next call adds them.
    pub fn keep_seen(&self) -> Result<(), RostersError> {
        let _merging = lock(&self.merging);
        let mut taken = {
            let mut seen = lock(&self.seen);
            if !seen.has_news() {
                return Ok(());
            }
            seen.take()
        };
        let kept = self.merge_seen(&mut taken);
        let mut seen = lock(&self.seen);
        match kept {
            Ok(forgettings) => seen.merged(&taken, forgettings),
            Err(error) => {
                seen.put_back(taken);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Stores them. Returns how often users had been forgotten then.
    fn merge_seen(&self, taken: &mut Seen) -> Result<Forgettings, RostersError> {
        let now_ms = self.clock.now_ms();
        let name = SourceName::known(SEEN);
        let mut store = RosterStore::open(&self.data_dir, now_ms)?;
        let (_, forgettings) = store.within(|transaction| {
            let forgettings = Forgettings::read(transaction)?;
            if !taken.is_as_of(forgettings) {
                return Ok((false, forgettings));
            }
            let found = store::find(transaction, Some(&name))?;
            let before = match &found {
                Some(found) => Some(store::load(transaction, found.version.id, &found.info)?),
                None => None,
            };
            let before = found.as_ref().map(|found| &found.info).zip(before.as_ref());
            let Some(merged) = taken.merge(before, now_ms) else {
                return Ok((false, forgettings));
            };
            let mut writer = store::begin(transaction, now_ms)?;
            merged.each(|row| writer.push(row))?;
            writer.finish(merged.info)?;
            Ok((true, forgettings))
        })?;
        store.clear_log()?;
        Ok(forgettings)
    }

    /// Removes one, and overwrites what was stored of it. Returns what was known of it.
    ///
    /// # Errors
    /// [`RostersError::NotFound`] if there is none, [`RostersError::Store`] if that cannot be
    /// stored; [`StoreError::Busy`] also while another program still reads what was removed: then
    /// the next change overwrites it.
    pub fn remove(&self, name: &SourceName) -> Result<RosterInfo, RostersError> {
        if !self.is_there()? {
            return Err(missing(Some(name)));
        }
        let _merging = lock(&self.merging);
        let mut store = RosterStore::open(&self.data_dir, self.clock.now_ms())?;
        let is_of_seen = name.as_str() == SEEN;
        let removed = store.within(|transaction| {
            let found = store::find(transaction, Some(name))?;
            let found = found.ok_or_else(|| missing(Some(name)))?;
            store::remove(transaction, found.version.id)?;
            if is_of_seen {
                // Other programs discard the users who wait there.
                Forgettings::count(transaction)?;
            }
            Ok(found.info)
        })?;
        *lock(&self.loaded) = None;
        if is_of_seen {
            *lock(&self.seen) = Seen::new(limits::USERS_SEEN_MAX);
        }
        store.clear_log()?;
        Ok(removed)
    }

    /// Removes a user from every roster, and overwrites what was stored of the user. Returns where
    /// that was. Other programs on the folder discard what they hold of users in events, so that the
    /// user is in a roster again only if an event names the user after this.
    ///
    /// # Errors
    /// [`RostersError::Store`] if that cannot be stored; [`StoreError::Busy`] also while another
    /// program still reads what was removed: then the next call overwrites it.
    pub fn forget(&self, id: &str) -> Result<Vec<Forgotten>, RostersError> {
        let _merging = lock(&self.merging);
        // Counted also if no roster has the user: another program may hold the user in memory.
        let mut store = RosterStore::open(&self.data_dir, self.clock.now_ms())?;
        let (forgotten, (before, after)) = store.within(|transaction| {
            let before = Forgettings::read(transaction)?;
            let forgotten = store::forget(transaction, id)?;
            Ok((forgotten, (before, Forgettings::count(transaction)?)))
        })?;
        *lock(&self.loaded) = None;
        lock(&self.seen).forget(id, before, after);
        // Also if the user was in none: an earlier call may have got no further than the log.
        store.clear_log()?;
        Ok(forgotten)
    }

    /// Reads everything. Returns how many rosters there are, and the problems that are certain, a
    /// sentence each; `None` without a store.
    ///
    /// # Errors
    /// [`StoreError`] if reading stopped before the end.
    pub fn check(&self) -> Result<Option<(usize, Vec<String>)>, StoreError> {
        store::check(&self.data_dir)
    }

    fn is_there(&self) -> Result<bool, StoreError> {
        // A damaged one is, and is set aside when it is opened to be written.
        let path = ROSTERS.path(&self.data_dir);
        let is_there = path.try_exists();
        is_there.map_err(|source| StoreError::File { path, source })
    }
}

/// Reads a file to its end; `None` if `progress` breaks it off.
fn read(
    request: &ImportRequest,
    opened: Opened,
    mut taking: Taking<'_, impl FnMut(&reading::Row) -> Result<(), RostersError>>,
    progress: &mut Progress<'_>,
) -> Result<Option<Understood>, RostersError> {
    let mut broken_off = None;
    let read = opened.each(&mut |row, read, done| {
        let taken = taking.take(row, read);
        let taken = taken.map(|()| taking.is_due() && progress(done).is_break());
        match taken {
            Ok(false) => return ControlFlow::Continue(()),
            Ok(true) => broken_off = Some(Ok(())),
            Err(error) => broken_off = Some(Err(error)),
        }
        ControlFlow::Break(())
    });
    match broken_off {
        Some(Ok(())) => return Ok(None),
        Some(Err(error)) => return Err(of_file(request, error)),
        None => {}
    }
    let form = read.map_err(|stopped| unreadable(request, stopped))?;
    let understood = taking.intake.finish(form);
    understood
        .map(Some)
        .map_err(|error| of_file(request, error))
}

/// Names the file in a refusal of what is in it.
fn of_file(request: &ImportRequest, error: RostersError) -> RostersError {
    match error {
        RostersError::Refused { message } => RostersError::Refused {
            message: format!("the file {} {message}", request.file.display()),
        },
        other => other,
    }
}

fn unreadable(request: &ImportRequest, stopped: Stopped) -> RostersError {
    let path = request.file.clone();
    match stopped {
        Stopped::File(source) => RostersError::File { path, source },
        Stopped::Sqlite(error) => RostersError::Refused {
            message: format!(
                "the file {} is a database that cannot be read: {error}",
                path.display()
            ),
        },
    }
}

fn missing(name: Option<&SourceName>) -> RostersError {
    let message = match name {
        Some(name) => format!("there is no roster {name}"),
        None => "there is no roster yet; flagctl roster import brings one in".into(),
    };
    RostersError::NotFound { message }
}

fn info(request: &ImportRequest, understood: &Understood, now_ms: i64) -> RosterInfo {
    let file = request.file.file_name().unwrap_or_default();
    RosterInfo {
        name: request.name.to_string(),
        at_ms: now_ms,
        file: file.to_string_lossy().into_owned(),
        form: understood.form.clone(),
        people: understood.people,
        bad: understood.bad,
        duplicates: understood.duplicates,
        groups: understood.groups.clone(),
        ungrouped: understood.ungrouped,
        has_weights: understood.has_weights,
        rest: 0,
    }
}

fn look(request: &ImportRequest, understood: Understood, replaces: Option<Replaced>) -> Look {
    Look {
        name: request.name.to_string(),
        understood,
        replaces,
    }
}
