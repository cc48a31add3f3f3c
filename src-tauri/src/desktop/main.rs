//! `flagdeck`: the window. The only code that names tauri.
//!
//! Opens the application, shows its page, passes calls and announcements between the two, and
//! serves flags over HTTP while it is open. Holds no logic of its own.

mod commands;
mod desk;
mod preferences;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use flagdeck::config::{self, Given};
use tauri::RunEvent;
use tracing_subscriber::EnvFilter;

use crate::desk::Desk;

/// A control room for feature flags, on this machine.
#[derive(Debug, Parser)]
#[command(name = "flagdeck", version, about)]
struct Arguments {
    /// The folder that everything is kept in
    #[arg(long, value_name = "DIR", env = "FLAGDECK_DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// A setting for this run, such as http.port=4700; may be given more than once
    #[arg(long = "config", value_name = "KEY=VALUE", value_parser = config::assignment)]
    settings: Vec<(String, String)>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_env("FLAGDECK_LOG"))
        .with_writer(std::io::stderr)
        .init();
    let Some(data_dir) = arguments.data_dir.or_else(config::default_data_dir) else {
        tracing::error!("there is no home folder: say where to keep data with --data-dir");
        return ExitCode::FAILURE;
    };
    let given = Given {
        command_line: arguments.settings,
        ..Given::from_environment()
    };
    match window(Desk::new(data_dir, given)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the window cannot be opened");
            ExitCode::FAILURE
        }
    }
}

fn window(desk: Desk) -> tauri::Result<()> {
    let window = tauri::Builder::default()
        .plugin(tauri_plugin_store::Builder::default().build())
        .plugin(stay_at_home())
        .manage(desk.clone())
        .invoke_handler(tauri::generate_handler![
            commands::flags,
            commands::change,
            commands::undo,
            commands::redo,
            commands::status,
            commands::preferences,
            commands::set_preferences,
        ])
        .setup({
            let desk = desk.clone();
            move |window| {
                desk.start(window.handle().clone());
                Ok(())
            }
        })
        .build(tauri::generate_context!())?;
    window.run(move |_, event| {
        if matches!(event, RunEvent::Exit) {
            desk.stop();
        }
    });
    Ok(())
}

/// Keeps the window on Flagdeck's own page, whatever a link says.
fn stay_at_home<R: tauri::Runtime>() -> tauri::plugin::TauriPlugin<R> {
    tauri::plugin::Builder::new("stay-at-home")
        .on_navigation(|_, url| url.scheme() == "tauri" && url.host_str() == Some("localhost"))
        .build()
}
