//! Applications that follow a scripted server.

use std::path::Path;

use flagdeck::app::following::{FollowState, FollowStatus};
use flagdeck::clock::Clock;
use flagdeck::config::Given;
use flagdeck::{App, Options};
use serde_json::json;

use crate::support::waiting::wait_until;

/// Options of a folder that follows an address.
pub fn options(folder: &Path, url: &str) -> Options {
    Options {
        given: Given {
            environment: vec![("ML_FLAGS_ENDPOINT".into(), url.into())],
            command_line: Vec::new(),
        },
        ..Options::new(folder)
    }
}

/// Opens a folder that follows an address, and fetches nothing by itself.
pub fn open(folder: &Path, url: &str) -> App {
    App::open(options(folder, url)).expect("the folder is writable")
}

/// Opens one that fetches on schedule, by a clock.
pub fn open_watching(folder: &Path, url: &str, clock: &Clock) -> App {
    let options = Options {
        watch: true,
        clock: clock.clone(),
        ..options(folder, url)
    };
    App::open(options).expect("the folder is writable")
}

/// The same, once it has the first document.
pub fn open_fresh(folder: &Path, url: &str, clock: &Clock) -> App {
    let app = open_watching(folder, url, clock);
    wait_until("the first document", || {
        status(&app).state == FollowState::Fresh
    });
    app
}

/// Fetches now; returns how it is going.
pub fn fetch(app: &App) -> FollowState {
    app.fetch_now().expect("the address can be followed").state
}

/// The document in force.
pub fn text(app: &App) -> String {
    String::from_utf8(app.flags().live().text.to_vec()).expect("JSON is UTF-8")
}

/// The document of the scripted server, with other components.
pub fn with_components(components: &serde_json::Value) -> String {
    json!({
        "enabled": true,
        "components": components,
        "rollout": {"percentage": 25, "userGroups": [], "strategy": "canary"},
    })
    .to_string()
}

/// How following is going.
pub fn status(app: &App) -> FollowStatus {
    app.following().expect("something is followed")
}
