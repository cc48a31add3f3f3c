//! What belongs to the window alone, kept by tauri-plugin-store. Losing it loses no data, so a
//! file that cannot be read gives the defaults and one that cannot be written is only logged.

use std::path::Path;

use flagdeck::wire::Preferences;
use tauri::AppHandle;
use tauri_plugin_store::StoreExt;

const FILE: &str = "preferences.json";
const KEY: &str = "window";

/// Reads the preferences, or else the defaults.
pub fn load(window: &AppHandle, data_dir: &Path) -> Preferences {
    let kept = match window.store(data_dir.join(FILE)) {
        Ok(store) => store.get(KEY),
        Err(error) => {
            tracing::warn!(%error, "the preferences cannot be read");
            None
        }
    };
    let read = kept.and_then(|kept| serde_json::from_value(kept).ok());
    read.unwrap_or_default()
}

/// Keeps the preferences.
pub fn save(window: &AppHandle, data_dir: &Path, preferences: &Preferences) {
    let kept = serde_json::to_value(preferences).expect("preferences are plain data");
    let saved = window.store(data_dir.join(FILE)).and_then(|store| {
        store.set(KEY, kept);
        store.save()
    });
    if let Err(error) = saved {
        tracing::warn!(%error, "the preferences cannot be kept");
    }
}
