//! `flagdeck`: the window. The only code that names tauri.
//!
//! Opens the application, shows its page, passes calls and announcements between the two, and
//! serves flags over HTTP while it is open. Holds no logic.

mod asking;
mod closing;
mod commands;
mod desk;
mod files;
mod importing;
mod instance;
mod menu;
mod notify;
mod place;
mod preferences;
#[cfg(target_os = "linux")]
mod toolkit;
mod window;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use flagdeck::Options;
use flagdeck::config::{self, Given};
use tauri::{AppHandle, Manager, RunEvent};

use crate::desk::Desk;
use crate::instance::{Instance, Start};

/// A control room for feature flags, on this machine.
#[derive(Debug, Parser)]
#[command(name = "flagdeck", version, about)]
struct Arguments {
    /// The folder that everything is kept in; without it, the one that FLAGDECK_DATA_DIR names
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Use the folder even if other users can write in it or replace it; FLAGDECK_TRUST_FOLDER=1
    /// does the same
    #[arg(long)]
    trust_folder: bool,

    /// A setting for this run, such as http.port=4700; may be given more than once
    #[arg(long = "config", value_name = "KEY=VALUE", value_parser = config::assignment)]
    settings: Vec<(String, String)>,
}

fn main() -> ExitCode {
    flagdeck::private::restrict();
    let arguments: Arguments = match flagdeck::arguments::read(flagdeck::arguments::print) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    flagdeck::logging::init();
    let Some(data_dir) = config::data_dir(arguments.data_dir) else {
        tracing::error!("there is no home folder: say where to keep data with --data-dir");
        return ExitCode::FAILURE;
    };
    let given = Given {
        command_line: arguments.settings,
        ..Given::from_environment()
    };
    for unknown in config::unknown_variables(&given) {
        tracing::warn!("{unknown}");
    }
    let desk = Desk::new(Options {
        given,
        watch: true,
        trusts_folder: config::trusts_folder(arguments.trust_folder),
        ..Options::new(&data_dir)
    });
    let instance = match only_one(&desk) {
        Ok(instance) => instance,
        Err(code) => return code,
    };
    #[cfg(target_os = "linux")]
    if !toolkit::has_display() {
        tracing::error!("there is no display to open the window on; flagctl does without one");
        return ExitCode::FAILURE;
    }
    match run(&desk, instance) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the window cannot be opened");
            ExitCode::FAILURE
        }
    }
}

/// Makes sure that no other window is open on the folder; `None` if that cannot be known, or the
/// folder is not to be used.
///
/// # Errors
/// How the process is to end if there is another window, which is shown if it answers.
fn only_one(desk: &Desk) -> Result<Option<Instance>, ExitCode> {
    if !desk.trusts_folder() {
        return Ok(None);
    }
    match instance::start(desk.data_dir()) {
        Ok(Start::First(instance)) => Ok(Some(instance)),
        Ok(Start::Shown) => Err(ExitCode::SUCCESS),
        Err(error) if error.kind() == ErrorKind::TimedOut => {
            tracing::error!("Flagdeck is open on this folder already, but does not answer");
            Err(ExitCode::FAILURE)
        }
        Err(error) => {
            tracing::warn!(%error, "another window on this folder would not be noticed");
            Ok(None)
        }
    }
}

/// Makes the handler of all calls.
macro_rules! handlers {
    ($($(#[$docs:meta])* $group:ident::$name:ident($($parameters:tt)*) -> $answer:ty;)*) => {
        tauri::generate_handler![$(commands::$group::$name),*]
    };
}

/// Shows the window until it is closed.
fn run(desk: &Desk, instance: Option<Instance>) -> tauri::Result<()> {
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_store::Builder::default().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(stay_at_home())
        .manage(desk.clone())
        .invoke_handler(flagdeck::with_every_call!(handlers))
        .menu(menu::build)
        .on_menu_event({
            let desk = desk.clone();
            move |app, chosen| menu::choose(app, &desk, chosen.id().as_ref())
        })
        .on_window_event({
            let desk = desk.clone();
            move |window, event| window::respond(window.app_handle(), &desk, event)
        })
        .setup({
            let desk = desk.clone();
            move |app| Ok(open(app.handle(), &desk, instance)?)
        })
        .build(tauri::generate_context!())?;
    let desk = desk.clone();
    app.run(move |app, event| {
        if matches!(event, RunEvent::Exit) {
            desk.stop();
            if let Some(instance) = app.try_state::<Instance>() {
                instance.leave();
            }
        }
    });
    Ok(())
}

/// Opens the window and, at the same time, the application behind it.
fn open(app: &AppHandle, desk: &Desk, instance: Option<Instance>) -> tauri::Result<()> {
    let window = window::open(app, desk.data_dir())?;
    #[cfg(target_os = "linux")]
    toolkit::on_emergency_key(&window, {
        let desk = desk.clone();
        move || desk.all_off()
    })?;
    if let Some(instance) = instance {
        let shown = app.clone();
        instance.listen(move || window::show(&shown))?;
        app.manage(instance);
    }
    desk.start(app.clone());
    Ok(())
}

/// Keeps the window on Flagdeck's own page, whatever a link says.
fn stay_at_home<R: tauri::Runtime>() -> tauri::plugin::TauriPlugin<R> {
    tauri::plugin::Builder::new("stay-at-home")
        .on_navigation(|_, url| url.scheme() == "tauri" && url.host_str() == Some("localhost"))
        .build()
}
