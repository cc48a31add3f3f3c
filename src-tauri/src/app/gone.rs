//! What an open application does when its data folder, or a database in it, was removed or
//! replaced: it notices, saves nothing, and continues once that is resolved.
//!
//! The flags in force do not change. It is resolved when the files come back, by a complete copy,
//! or by a person: the open store is written back, or the new store is used.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::notices::Level;
use super::{App, Event};
use crate::config;
use crate::durable::{self, Access};
use crate::error::{Error, sentence};
use crate::flags::limits::TARGETED_FILE_BYTES_MAX as SMALL_FILE_BYTES_MAX;
use crate::flags::targeted;
use crate::lock::lock;
use crate::metrics::Settle;
use crate::metrics::store::MetricsReader;
use crate::store::sqlite::holders;
use crate::store::{Gone, Instead, Reopened, RevisionNumber};
use crate::token;
use crate::upstream::{self, CREDENTIAL_FILE};
use crate::webhook::SECRET_FILE;

/// Whether the store can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreState {
    /// Everything can be saved.
    Ok,
    /// Nothing can be saved.
    ReadOnly,
    /// The data folder, or a database in it, was removed or replaced: nothing is saved.
    StoreGone,
}

impl StoreState {
    /// Returns its published name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ReadOnly => "read_only",
            Self::StoreGone => "store_gone",
        }
    }
}

/// The last known content of small files in the data folder that are not held open.
#[derive(Debug, Default)]
pub(super) struct SmallFiles {
    token: Option<String>,
    /// Each of [`OTHERS`] that is known.
    others: BTreeMap<&'static str, SmallFile>,
}

#[derive(Debug)]
struct SmallFile {
    /// Its last known content.
    bytes: Vec<u8>,
    /// In how many looks since then it was missing.
    missed: u32,
}

/// After how many looks a missing file counts as removed on purpose: the files of a folder that is
/// removed are gone one by one, but within seconds.
const MISSED_MAX: u32 = 10;

impl SmallFiles {
    fn remember_others(
        &mut self,
        found: impl IntoIterator<Item = (&'static str, io::Result<Vec<u8>>)>,
    ) {
        for (name, read) in found {
            match (read, self.others.get_mut(name)) {
                (Ok(bytes), _) => {
                    self.others.insert(name, SmallFile { bytes, missed: 0 });
                }
                (Err(error), Some(known)) if error.kind() == ErrorKind::NotFound => {
                    known.missed += 1;
                }
                (Err(_), _) => {}
            }
        }
        self.others.retain(|_, file| file.missed <= MISSED_MAX);
    }
}

/// The small files beside the token: settings, the credential for a followed document, the secret of
/// webhooks, overrides for single applications, and what this Flagdeck is among those that follow one
/// another.
const OTHERS: [&str; 5] = [
    config::FILE,
    CREDENTIAL_FILE,
    SECRET_FILE,
    targeted::FILE,
    upstream::LINEAGE_FILE,
];

/// Listens for requests of other programs to write back; the future makes the application do so,
/// each time, until it is dropped.
///
/// # Errors
/// If the signal cannot be listened to.
pub fn write_back_when_asked(
    app: impl Fn() -> Option<App> + Clone + Send + 'static,
) -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut asked = signal(SignalKind::from_raw(holders::ASK.as_raw()))?;
    Ok(async move {
        while asked.recv().await.is_some() {
            let app = app.clone();
            let written = tokio::task::spawn_blocking(move || app().map(|app| app.write_back()));
            match written.await {
                Ok(None | Some(Ok(_))) => {}
                Ok(Some(Err(error))) => tracing::error!("{}", sentence(&error.in_full())),
                Err(error) => tracing::error!(%error, "writing back failed"),
            }
        }
    })
}

impl App {
    /// Returns what became of the data folder, or of a database in it, as of the last check; `None`
    /// while everything is in place.
    pub fn gone(&self) -> Option<Gone> {
        lock(&self.0.gone).clone()
    }

    /// Returns whether the store can be relied on at this moment.
    pub fn store_state(&self) -> StoreState {
        if self.gone().is_some() || self.flags().check_place().is_err() {
            return StoreState::StoreGone;
        }
        match self.flags().read_only() {
            Some(_) => StoreState::ReadOnly,
            None => StoreState::Ok,
        }
    }

    /// Checks whether everything is in place, and continues automatically with files that are
    /// complete.
    pub(super) fn look_at_place(&self) {
        if self.is_gone() {
            self.follow();
        }
    }

    /// Notes what is gone, and returns whether anything is.
    fn is_gone(&self) -> bool {
        // Not while that is being resolved: until then nothing is in place.
        self.flags().without_exchange(|| {
            let gone = self.find_gone();
            self.note(gone.clone());
            gone.is_some()
        })
    }

    /// Notes the content of the small files while they belong to the open store, and announces a
    /// token that was replaced.
    pub(super) fn remember_small_files(&self) {
        let token = token::read(&self.0.data_dir);
        let others = OTHERS.map(|name| {
            let path = self.0.data_dir.join(name);
            (name, durable::read_at_most(&path, SMALL_FILE_BYTES_MAX))
        });
        if self.flags().check_place().is_ok() {
            // The files of a folder are removed one by one: their last known content counts.
            let mut known = lock(&self.0.small_files);
            let is_replaced = known.token.is_some() && token.is_some() && known.token != token;
            known.token = token.or(known.token.take());
            known.remember_others(others);
            drop(known);
            if is_replaced {
                self.announce(Event::Token);
            }
        }
    }

    /// Returns the token as it was before the data folder was lost.
    pub(super) fn remembered_token(&self) -> Option<String> {
        lock(&self.0.small_files).token.clone()
    }

    /// Writes all open databases back under their names, with every revision, and continues with
    /// them. What is there instead is moved to quarantine, never deleted; returns its places. Does
    /// nothing while everything is in place.
    ///
    /// # Errors
    /// [`Error::Store`] if it cannot be written, or another program has what is there open; what
    /// could not be written stays open.
    pub fn write_back(&self) -> Result<Vec<PathBuf>, Error> {
        if self.find_gone().is_none() {
            self.look_at_place();
            return Ok(Vec::new());
        }
        let confirmed = self.flags().live().revision;
        let set_aside = self.settle(|app| {
            let set_aside = app.write_back_each()?;
            app.put_back_small_files();
            Ok(set_aside)
        })?;
        self.tell_of_unconfirmed(confirmed);
        tracing::info!(?set_aside, "the data folder was written back");
        Ok(set_aside)
    }

    /// Switches to the store that replaced the open one. The open one is kept as a copy; returns
    /// its places.
    ///
    /// # Errors
    /// [`Error::Store`] if there is none, or it cannot be opened; nothing is changed then.
    pub fn use_new_store(&self) -> Result<Vec<PathBuf>, Error> {
        let kept = self.settle(Self::reopen_each)?;
        tracing::info!(?kept, "the store in the data folder is used");
        Ok(kept)
    }

    /// Names missing revisions if another database of the folder refers to later ones than the
    /// store has: then it is not the original store.
    pub(super) fn missing_revisions(&self) -> Option<String> {
        let latest = self.flags().live().revision.0;
        let states = self.0.states.last_revision().ok().flatten();
        let metrics = MetricsReader::open(&self.0.data_dir).ok().flatten();
        let metrics = metrics.and_then(|metrics| metrics.last_revision().ok().flatten());
        let known = [("state.db", states), ("metrics.db", metrics)];
        let (file, known) = known
            .into_iter()
            .filter_map(|(file, known)| Some((file, known?)))
            .max_by_key(|(_, known)| *known)?;
        (known > latest).then(|| {
            let ends = match latest {
                0 => "has none yet".to_owned(),
                latest => format!("ends at {latest}"),
            };
            format!(
                "Revisions are missing: {file} knows revision {known}, but this store {ends}. \
                 It is not the store that was here before."
            )
        })
    }

    fn find_gone(&self) -> Option<Gone> {
        if let Some(gone) = self.flags().store().gone() {
            return Some(gone);
        }
        let states = self.0.states.gone().map(|gone| (gone, "state.db"));
        let of_metrics = || Some((self.0.metrics.as_ref()?.gone()?, "metrics.db"));
        let (gone, name) = states.or_else(of_metrics)?;
        // The folder is there again, with the flags.
        let file = gone.file.or_else(|| Some(name.to_owned()));
        Some(Gone { file, ..gone })
    }

    /// Continues with each database whose files were replaced by complete ones: a copy, or what
    /// another program wrote back.
    fn follow(&self) {
        let (store, states) = (self.flags().store(), &self.0.states);
        let is_store = store.check_place().is_err() && store.is_continued().unwrap_or(false);
        let are_states = states.gone().is_some() && states.is_continued().unwrap_or(false);
        // The metrics thread reopens its own database.
        if !is_store && !are_states {
            return;
        }
        let followed = self.settle(|app| {
            if is_store {
                app.reopen_store()?;
            }
            if are_states {
                states.reopen();
            }
            app.put_back_missing_files();
            Ok(())
        });
        match followed {
            Ok(()) => {
                let message = "The data folder was replaced by a copy that lacks nothing; \
                               Flagdeck goes on with that.";
                self.notify(Level::Info, message);
            }
            Err(error) => {
                tracing::warn!(error = error.in_full(), "a copy of the store is not used");
            }
        }
    }

    /// Exchanges the open files while no change is saved, and puts their content in force. What was
    /// lost counts as lost until that is done.
    fn settle<T>(&self, how: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        self.flags().without_changes(|| {
            self.note(self.find_gone());
            let settled = how(self)?;
            self.flags().adopt_again()?;
            self.announce(Event::State(None));
            self.note(self.find_gone());
            Ok(settled)
        })
    }

    fn write_back_each(&self) -> Result<Vec<PathBuf>, Error> {
        let now = self.now_ms();
        let mut set_aside = Vec::new();
        if self.flags().store().gone().is_some() {
            set_aside.extend(self.flags().store().write_back(now)?);
        }
        set_aside.extend(self.0.states.write_back(now)?);
        if let Some(metrics) = &self.0.metrics {
            set_aside.extend(metrics.settle(Settle::WriteBack)?);
        }
        Ok(set_aside)
    }

    fn reopen_each(&self) -> Result<Vec<PathBuf>, Error> {
        let mut kept = Vec::new();
        if self.flags().store().gone().is_some() {
            kept.extend(self.reopen_store()?);
        }
        kept.extend(self.0.states.use_other(self.now_ms())?);
        if let Some(metrics) = &self.0.metrics {
            kept.extend(metrics.settle(Settle::Reopen)?);
        }
        Ok(kept)
    }

    fn reopen_store(&self) -> Result<Option<PathBuf>, Error> {
        let Reopened { kept, recovery } = self.flags().store().reopen(self.now_ms())?;
        if let Some(message) = recovery {
            self.notify(Level::Error, message);
        }
        Ok(kept)
    }

    /// Reports revisions that were refused because the files were removed during the commit, or
    /// that another program saved just before: they are in what was written back.
    fn tell_of_unconfirmed(&self, confirmed: RevisionNumber) {
        let latest = self.flags().live().revision;
        if latest <= confirmed {
            return;
        }
        let (which, it) = match confirmed.next() {
            first if first == latest => (format!("Revision {latest} was"), "it"),
            first => (format!("Revisions {first} to {latest} were"), "them"),
        };
        let message = format!(
            "{which} written back with the rest, although Flagdeck had not confirmed {it} as \
             saved when the data folder was lost. Undo {it} if that is not wanted."
        );
        self.notify(Level::Warning, message);
    }

    fn put_back_small_files(&self) {
        let known = lock(&self.0.small_files);
        let token = known.token.as_ref().map(|token| format!("{token}\n"));
        self.restore_file(&token::path(&self.0.data_dir), token.as_deref());
        drop(known);
        self.put_back_missing_files();
    }

    fn put_back_missing_files(&self) {
        let known = lock(&self.0.small_files);
        let token = token::path(&self.0.data_dir);
        if is_missing(&token) {
            let text = known.token.as_ref().map(|token| format!("{token}\n"));
            self.restore_file(&token, text.as_deref());
        }
        for (name, file) in &known.others {
            let path = self.0.data_dir.join(name);
            if is_missing(&path) {
                self.restore_file(&path, Some(&file.bytes));
            }
        }
    }

    fn restore_file(&self, path: &Path, bytes: Option<impl AsRef<[u8]>>) {
        let Some(bytes) = bytes else { return };
        if let Err(error) = durable::replace(path, bytes.as_ref(), Access::Private) {
            let message = format!("{} could not be written back: {error}.", path.display());
            self.notify(Level::Warning, message);
        }
    }

    /// Keeps what was found, and reports it if it is new.
    fn note(&self, found: Option<Gone>) {
        let text = |gone: &Option<Gone>| gone.as_ref().map(ToString::to_string);
        let mut known = lock(&self.0.gone);
        if text(&known) == text(&found) {
            return;
        }
        match &found {
            Some(gone) => tracing::error!(
                "{gone}; nothing is saved, and the flags in force stay as they are, until it is \
                 written back{}",
                match gone.instead {
                    Instead::Nothing | Instead::Unreachable { .. } => "",
                    _ => " or the store in its place is used",
                }
            ),
            None => tracing::info!("the data folder is in place again"),
        }
        *known = found;
        drop(known);
        self.announce(Event::Status);
    }
}

/// Returns whether a file is missing for certain.
fn is_missing(file: &Path) -> bool {
    matches!(file.try_exists(), Ok(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(known: &mut SmallFiles, credential: io::Result<Vec<u8>>) {
        known.remember_others([(CREDENTIAL_FILE, credential)]);
    }

    fn missing() -> io::Result<Vec<u8>> {
        Err(ErrorKind::NotFound.into())
    }

    #[test]
    fn a_file_that_a_person_removed_is_forgotten_and_one_that_goes_with_the_folder_is_not() {
        let mut known = SmallFiles::default();
        look(&mut known, Ok(b"secret".to_vec()));
        for _ in 0..MISSED_MAX {
            look(&mut known, missing());
            look(&mut known, Err(ErrorKind::PermissionDenied.into()));
            assert_eq!(known.others[CREDENTIAL_FILE].bytes, b"secret");
        }
        look(&mut known, missing());
        assert!(known.others.is_empty());
    }
}
