//! The commands: each translates, calls the application, and prints what came of it.

mod backup;
mod bisect;
mod clients;
mod demo;
mod doctor;
mod edit;
mod eval;
mod follow;
mod guard;
mod history;
mod import;
mod metrics;
mod overrides;
mod preview;
mod push;
mod quarantine;
mod ramp;
mod roster;
mod salvage;
mod sample;
mod settings;
mod show;
mod snapshot;
mod source;
mod state;
mod targeted;
mod workspace;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::CommandFactory;
use flagdeck::config::{self, Given};
use flagdeck::flags::Scope;
use flagdeck::flags::context::EvaluationContext;
use flagdeck::flags::live::{AllOff, Live};
use flagdeck::http::Server;
use flagdeck::state::SourceName;
use flagdeck::store::RevisionNumber;
use flagdeck::wire::AsOf;
use flagdeck::{App, Options};
use tokio_util::sync::CancellationToken;

use self::edit::Reporting;
use crate::arguments::{Arguments, Command, Format, GuardCommand, SnapshotCommand};
use crate::output::{Output, remark, when, who};
use crate::signals::EndSignals;
use crate::when::At;

/// Arguments that are well formed, and ask for what cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// Runs one command; the exit code is not 0 if the command itself found something wrong.
pub fn run(arguments: Arguments, output: &mut Output) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Completions { shell } => {
            // Into memory first: the generator panics if it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "flagctl", &mut script);
            output.script(&script)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
            output.script(&page)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Demo(demo) => {
            match (demo.page, demo.remove) {
                (true, _) => sample::page(&arguments, demo, output)?,
                (_, true) => sample::remove(&arguments, demo, output)?,
                _ => demo::demo(&arguments, demo, output)?,
            }
            return Ok(ExitCode::SUCCESS);
        }
        Command::Guard(command)
            if !matches!(command, GuardCommand::List | GuardCommand::Decision { .. }) =>
        {
            guard::run(command, output)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Clients { url } => {
            clients::clients(&arguments, url.as_ref(), output)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Snapshot(SnapshotCommand::Diff(diff)) => {
            if let Some(compared) = snapshot::compare_files(diff, output) {
                return compared;
            }
        }
        Command::Doctor {
            write_back: true, ..
        } => doctor::write_back(&data_dir(&arguments)?)?,
        _ => {}
    }
    let is_doctor = matches!(
        arguments.command,
        Command::Doctor { .. } | Command::Quarantine(_)
    );
    let is_serve = matches!(arguments.command, Command::Serve { .. });
    let app = open(&arguments)?;
    let mut told = Vec::new();
    if !is_doctor {
        tell(&app, &mut told);
    }
    let before = app.flags().live().revision;
    let code = with_app(&app, arguments.command, output);
    if !is_doctor && !is_serve {
        // Databases other than that of the flags are opened when they are needed.
        tell(&app, &mut told);
    }
    let code = code?;
    if app.flags().live().revision != before {
        back_up(&app);
    }
    Ok(code)
}

/// Backs up if that is due: without a window, nothing else does.
fn back_up(app: &App) {
    if let Err(error) = app.flags().back_up_when_due() {
        remark(&format!("no backup could be made: {}", error.in_full()));
    }
}

fn with_app(app: &App, command: Command, output: &mut Output) -> anyhow::Result<ExitCode> {
    match command {
        Command::Get {
            component: Some(component),
            at,
        } => show::part(app, &component, at, output)?,
        Command::Get { at, .. } => show::flags(app, at, output)?,
        Command::Export {
            workspace: Some(file),
            snapshots,
            ..
        } => workspace::export(app, &file, snapshots, output)?,
        Command::Export { at, format, .. } => match format {
            Format::Flagdeck => show::document(app, at, output)?,
            Format::Flagd => show::definitions(app, at, output)?,
        },
        Command::History(arguments) => history::history(app, arguments, output)?,
        Command::Diff { from, to, listing } => history::diff(app, from, to, listing, output)?,
        Command::Set(arguments) => edit::set(app, arguments, output)?,
        Command::Master { position, note } => {
            edit::master(app, position.is_on(), note.note, output)?;
        }
        Command::Rollout(arguments) => edit::rollout(app, arguments, output)?,
        Command::Restore(arguments) => edit::restore(app, arguments, output)?,
        Command::Rollback { component, check } => edit::rollback(app, &component, check, output)?,
        Command::Undo(listing) => edit::undo(app, Reporting { output, listing })?,
        Command::Redo(listing) => edit::redo(app, Reporting { output, listing })?,
        Command::Import(arguments) => import::import(app, arguments, output)?,
        Command::Eval(arguments) => eval::eval(app, &arguments, output)?,
        Command::Explain(arguments) => eval::explain(app, &arguments, output)?,
        Command::Follow(arguments) => return follow::run(app, &arguments, output),
        Command::Overrides(arguments) => return overrides::run(app, arguments.command, output),
        Command::Roster(command) => roster::run(app, command, output)?,
        Command::Ramp(command) => ramp::run(app, command, output)?,
        Command::Guard(GuardCommand::List) => guard::list(app, output)?,
        Command::Guard(GuardCommand::Decision { id }) => guard::decision(app, id, output)?,
        Command::Preview(arguments) => preview::preview(app, &arguments, output)?,
        Command::State(command) => state::run(app, command, output)?,
        Command::Snapshot(command) => return snapshot::run(app, command, output),
        Command::Bisect(arguments) => return bisect::bisect(app, &arguments, output),
        Command::Config(command) => settings::run(app, command, output)?,
        Command::Backup(command) => backup::run(app, command, output)?,
        Command::Quarantine(command) => quarantine::run(app, command, output)?,
        Command::Metrics => metrics::metrics(app, output)?,
        Command::Doctor {
            salvage: Some(names),
            yes,
            ..
        } => salvage::salvage(app, &names, yes, output)?,
        Command::Doctor {
            remove_damaged: true,
            yes,
            ..
        } => doctor::remove_damaged(app, yes, output)?,
        Command::Doctor { .. } => return doctor::doctor(app, output),
        Command::Token { rotate } => token(app, rotate, output)?,
        Command::Serve { port } => serve(app, port, output, tell_address)?,
        Command::Demo(_)
        | Command::Clients { .. }
        | Command::Completions { .. }
        | Command::Guard(_)
        | Command::Man => {
            unreachable!("they need no application")
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn open(arguments: &Arguments) -> anyhow::Result<App> {
    Ok(App::open(options(arguments)?)?)
}

/// Prints what people should know and were not told before.
fn tell(app: &App, told: &mut Vec<String>) {
    for notice in app.obstacles().into_iter().chain(app.notices()) {
        if !told.contains(&notice.message) {
            remark(&notice.message);
            told.push(notice.message);
        }
    }
}

fn options(arguments: &Arguments) -> anyhow::Result<Options> {
    Ok(Options {
        given: given(arguments),
        watch: matches!(arguments.command, Command::Serve { .. }),
        trusts_folder: config::trusts_folder(arguments.trust_folder),
        ..Options::new(&data_dir(arguments)?)
    })
}

fn data_dir(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    let data_dir = config::data_dir(arguments.data_dir.clone());
    data_dir.context("there is no home folder; say where to keep data with --data-dir")
}

fn given(arguments: &Arguments) -> Given {
    Given {
        command_line: arguments.settings.clone(),
        ..Given::from_environment()
    }
}

/// The flags in force, or as of a moment, which is then named.
fn flags_at(app: &App, at: Option<At>) -> anyhow::Result<Arc<Live>> {
    let Some(at) = at else {
        return Ok(app.flags().live());
    };
    let as_of = at.as_of(app.now_ms())?;
    let live = app.flags().as_of(as_of)?;
    if let AsOf::AtMs(at_ms) = as_of {
        let at = when(at_ms);
        remark(&match live.revision {
            RevisionNumber::NONE => {
                format!("at {at}, nothing was saved yet, and the safe default decided")
            }
            revision => format!("at {at}, revision {revision} decided"),
        });
    }
    Ok(live)
}

/// The flags in force for a user of an application, or for everyone as of a moment.
fn flags_for(
    app: &App,
    user: &str,
    source: Option<&SourceName>,
    at: Option<At>,
) -> anyhow::Result<Arc<Live>> {
    if at.is_some() {
        return flags_at(app, at);
    }
    let context = EvaluationContext::of(user, source.cloned());
    Ok(app.flags().in_force(Scope::Context(&context)))
}

/// Prints since when all flags are off, if they are; `meaning` says what that means here.
fn remark_all_off(live: &Live, meaning: &str) {
    if let Some(all_off) = &live.all_off {
        remark(&format!("{}{meaning}", all_off_sentence(all_off)));
    }
}

/// `All flags are off since 2026-11-23 14:02:05 by maria (window)`.
fn all_off_sentence(all_off: &AllOff) -> String {
    match (all_off.since_ms, &all_off.by) {
        (Some(since_ms), Some(by)) => {
            format!("All flags are off since {} by {}", when(since_ms), who(by))
        }
        _ => "All flags are off (never turned on)".into(),
    }
}

fn token(app: &App, rotate: bool, output: &mut Output) -> anyhow::Result<()> {
    let token = match rotate {
        true => app.rotate_token()?,
        false => app.token()?,
    };
    if rotate {
        output.note_saved();
    }
    match output.json {
        true => output.value(&serde_json::json!({ "token": token }))?,
        false => output.line(token)?,
    }
    Ok(())
}

/// Prints where flags are served.
fn tell_address(address: SocketAddr, output: &mut Output) -> anyhow::Result<()> {
    let address = format!("http://{address}");
    match output.json {
        true => output.value(&serde_json::json!({ "address": address }))?,
        false => output.line(format!("Serving flags on {address}"))?,
    }
    Ok(())
}

/// Serves until a signal asks this process to end; `tell` prints where.
fn serve(
    app: &App,
    port: Option<u16>,
    output: &mut Output,
    tell: impl FnOnce(SocketAddr, &mut Output) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for unknown in app.unknown_variables() {
        remark(&unknown);
    }
    let port = port.unwrap_or(app.config().http.port);
    let runtime = tokio::runtime::Runtime::new()?;
    let served: anyhow::Result<()> = runtime.block_on(async {
        // Before anything is printed: who reads the address may end us at once.
        let mut signals = EndSignals::listen()?;
        let own = app.clone();
        tokio::spawn(flagdeck::app::write_back_when_asked(move || {
            Some(own.clone())
        })?);
        let server = Server::bind(app.clone(), port)?;
        app.set_serving(Some(server.address()));
        tokio::spawn(push::tell(app.watch_pushing()));
        let address = server.address();
        let stop = CancellationToken::new();
        let running = tokio::spawn(server.run(stop.clone()));
        tell(address, output)?;
        // The program that started this one waits for this line.
        output.finish()?;
        signals.next().await;
        stop.cancel();
        match running.await {
            Ok(stopped) => Ok(stopped?),
            Err(error) => bail!("the server stopped: {error}"),
        }
    });
    app.close();
    served
}
