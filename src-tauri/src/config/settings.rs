//! The settings of an open application: they follow `config.toml`, as far as they can without
//! a restart.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use serde_json::Value;

use super::file::{self, ChangeError, Stamp};
use super::{Config, Contact, Given, KEYS, Key, Loaded, Source, load, unknown_variables};

/// The settings in force, and what the file says by now.
#[derive(Debug)]
pub struct Settings {
    data_dir: PathBuf,
    given: Given,
    /// Beside the state, so that readers never wait.
    in_force: ArcSwap<Config>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    in_force: Loaded,
    latest: Loaded,
    /// The file that `latest` was read from.
    seen: Option<Stamp>,
}

/// One setting, as it is.
#[derive(Debug, Clone)]
pub struct Setting {
    /// What it is.
    pub key: &'static Key,
    /// The value in force.
    pub value: Value,
    /// Where that came from.
    pub source: Source,
    /// The value in `config.toml`; null if there is none that can be used.
    pub in_file: Value,
    /// Whether a value other than the one in force waits for a restart.
    pub is_waiting: bool,
}

impl Settings {
    /// Reads the settings of a data folder.
    pub fn load(data_dir: PathBuf, given: Given) -> Self {
        let seen = Stamp::of(&file::path(&data_dir));
        let loaded = load(&data_dir, &given);
        Self {
            data_dir,
            given,
            in_force: ArcSwap::from_pointee(loaded.config.clone()),
            state: Mutex::new(State {
                in_force: loaded.clone(),
                latest: loaded,
                seen,
            }),
        }
    }

    /// Returns the values in force. Never waits.
    pub fn config(&self) -> Arc<Config> {
        self.in_force.load_full()
    }

    /// Lists every setting, in the order of [`KEYS`].
    pub fn list(&self) -> Vec<Setting> {
        let state = self.state();
        let setting = |(index, key): (usize, &'static Key)| Setting {
            key,
            value: state.in_force.values[index].clone(),
            source: state.in_force.sources[index].clone(),
            in_file: state.latest.in_file[index].clone(),
            is_waiting: state.in_force.values[index] != state.latest.values[index],
        };
        KEYS.iter().enumerate().map(setting).collect()
    }

    /// Returns what the file and everything given beside it have that cannot be used.
    pub fn problems(&self) -> Vec<String> {
        self.state().latest.problems.clone()
    }

    /// Says of each environment variable that looks like one of Flagdeck's and is not, what comes
    /// close.
    pub fn unknown_variables(&self) -> Vec<String> {
        unknown_variables(&self.given)
    }

    /// Returns whom a change would bring Flagdeck into contact with; `None` if nobody it is not in
    /// contact with already, or if the change would be refused.
    pub fn contact(&self, name: &str, value: &Value) -> Option<Contact> {
        let at = KEYS.iter().position(|key| key.name == name)?;
        let value = KEYS[at].check(value).ok()?;
        Contact::made(KEYS[at].kind, &self.state().latest.values[at], &value)
    }

    /// Writes a setting into the file, durably, and puts it in force if it needs no restart;
    /// null takes it out of there.
    ///
    /// # Errors
    /// [`ChangeError`]; then nothing was changed.
    pub fn change(&self, name: &str, value: &Value) -> Result<(), ChangeError> {
        let key = Key::find(name).ok_or_else(|| ChangeError::Unknown {
            name: name.to_owned(),
        })?;
        let invalid = |range| ChangeError::Invalid {
            name: key.name,
            range,
            value: key.kind.redacted(value),
        };
        let value = match value {
            Value::Null => Value::Null,
            value => key.check(value).map_err(invalid)?,
        };
        file::change(&self.data_dir, key, &value)?;
        self.reread();
        Ok(())
    }

    /// Reads the file again if it is another one than before, and says whether it was.
    pub fn reread(&self) -> bool {
        let mut state = self.state();
        // Taken before the file is read: what changes in between is read the next time.
        let seen = Stamp::of(&file::path(&self.data_dir));
        if seen == state.seen {
            return false;
        }
        state.seen = seen;
        let latest = load(&self.data_dir, &self.given);
        if latest.is_file_unusable {
            // The file may be half edited: what was good stays in force.
            state.latest.problems = latest.problems;
            return true;
        }
        state.in_force = merge(&state.in_force, &latest);
        state.latest = latest;
        self.in_force.store(Arc::new(state.in_force.config.clone()));
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What a panic left behind is whole: it is replaced at once.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes over everything that needs no restart.
fn merge(in_force: &Loaded, latest: &Loaded) -> Loaded {
    let mut merged = latest.clone();
    for (index, key) in KEYS.iter().enumerate() {
        if key.needs_restart {
            merged.values[index] = in_force.values[index].clone();
            merged.sources[index] = in_force.sources[index].clone();
        }
    }
    merged.config = Config::of(&merged.values);
    merged
}
