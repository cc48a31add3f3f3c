//! What belongs to the window alone, kept by tauri-plugin-store. Losing it loses no data, so a
//! file that cannot be read gives the defaults and one that cannot be written is only logged.

use std::path::Path;
use std::sync::Arc;

use flagdeck::wire::Preferences;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_store::{Store, StoreExt};

use crate::desk::Desk;
use crate::place::Place;

const FILE: &str = "preferences.json";
const CHOICES: &str = "window";
const PLACE: &str = "place";

/// Reads the preferences, or else the defaults.
pub fn load(window: &AppHandle, data_dir: &Path) -> Preferences {
    get(window, data_dir, CHOICES).unwrap_or_default()
}

/// Stores the preferences.
pub fn save(window: &AppHandle, data_dir: &Path, preferences: &Preferences) {
    set(window, data_dir, CHOICES, preferences);
}

/// Reads the last position of the window; `None` if it is unknown.
pub fn load_place(window: &AppHandle, data_dir: &Path) -> Option<Place> {
    get(window, data_dir, PLACE)
}

/// Stores the position of the window.
pub fn save_place(window: &AppHandle, data_dir: &Path, place: Place) {
    if load_place(window, data_dir) != Some(place) {
        set(window, data_dir, PLACE, &place);
    }
}

fn get<T: DeserializeOwned>(window: &AppHandle, data_dir: &Path, key: &str) -> Option<T> {
    match store(window, data_dir)? {
        Ok(store) => serde_json::from_value(store.get(key)?).ok(),
        Err(error) => {
            tracing::warn!(%error, "the preferences cannot be read");
            None
        }
    }
}

fn set(window: &AppHandle, data_dir: &Path, key: &str, value: &impl Serialize) {
    let kept = serde_json::to_value(value).expect("preferences are plain data");
    let Some(store) = store(window, data_dir) else {
        return;
    };
    let saved = store.and_then(|store| {
        store.set(key, kept);
        store.save()
    });
    if let Err(error) = saved {
        tracing::warn!(%error, "the preferences cannot be kept");
    }
}

/// Opens the file; `None` in a folder that is not to be used.
fn store(
    window: &AppHandle,
    data_dir: &Path,
) -> Option<tauri_plugin_store::Result<Arc<Store<Wry>>>> {
    let is_trusted = window.state::<Desk>().trusts_folder();
    is_trusted.then(|| window.store(data_dir.join(FILE)))
}
