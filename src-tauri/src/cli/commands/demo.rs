//! `demo`: a synthetic host application for a Flagdeck that is running.
//!
//! The data folder belongs to the Flagdeck that runs, and is only read; but flags may be turned on
//! for a regression or a ramp.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use flagdeck::address::Address;
use flagdeck::demo::host::{Host, Traits};
use flagdeck::demo::{start_ramp, turn_on_flags, usual_components};
use flagdeck::store::Via;
use flagdeck::{Error, config, serving};
use flagdeck_core::{ComponentPath, FlagDocument};
use tokio::runtime;

use super::{data_dir, given, open, options};
use crate::arguments::{Arguments, DemoArguments};
use crate::demo::{CallError, Flagdeck, Run, announcement, first_batch};
use crate::output::{Output, remark};
use crate::signals::EndSignals;

/// How many may be named: what each user sees of each is kept in memory.
const COMPONENTS_MAX: usize = 50;

/// The setting of the port.
const PORT: &str = "http.port";

/// Seeds that are drawn are short enough to be typed.
const SEED_DRAWN_MAX: u64 = 999_999;

/// Plays until interrupted, or for the given time.
pub fn demo(
    arguments: &Arguments,
    demo: &DemoArguments,
    output: &mut Output,
) -> anyhow::Result<()> {
    if demo.dry_run {
        return dry_run(demo, output);
    }
    let flagdeck = find(arguments, demo.url.as_ref())?;
    prepare(arguments, demo, output)?;
    let Some(flags) = flagdeck.flags(None)? else {
        bail!("{} tells no flags", flagdeck.address());
    };
    let traits = traits(demo, components(demo, &flags.document)?);
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before anything is printed: who reads it may end us at once.
        let mut signals = EndSignals::listen()?;
        if !output.json {
            output.line(announcement(&traits, flagdeck.address()))?;
            output.finish()?;
        }
        let host = Host::new(traits);
        let (flagdeck, size) = (Arc::new(flagdeck), demo.state_size);
        let run = Run::start(host, flagdeck, &flags.document, flags.etag, size);
        run.play(demo.time, signals.next(), output).await
    })
}

/// Turns flags on for the demo if there is nothing to see without, and starts its ramp.
fn prepare(arguments: &Arguments, demo: &DemoArguments, output: &mut Output) -> anyhow::Result<()> {
    let is_here = demo.url.is_none();
    if !is_here || !(demo.ramp || demo.regression) {
        return Ok(());
    }
    let app = open(arguments)?;
    let turned_on = match demo.ramp {
        true => start_ramp(&app, Via::Flagctl)?,
        false => turn_on_flags(&app, Via::Flagctl)?,
    };
    if output.json {
        return Ok(());
    }
    if let Some(outcome) = turned_on {
        output.line(format!(
            "Turned on for the demo: {}. flagctl demo --remove turns it back",
            outcome.sentence()
        ))?;
    }
    if demo.ramp {
        output.line("The ramp begins; see it with flagctl ramp status, or in Rollouts")?;
    }
    Ok(output.finish()?)
}

/// Prints what would be sent first.
fn dry_run(demo: &DemoArguments, output: &mut Output) -> anyhow::Result<()> {
    let components = match demo.components.as_slice() {
        [] => usual_components(&FlagDocument::default()),
        named => distinct(named),
    };
    let mut host = Host::new(traits(demo, components));
    let batch = String::from_utf8(first_batch(&mut host)).context("the batch is no text")?;
    Ok(output.json_text(&batch)?)
}

fn traits(demo: &DemoArguments, components: Vec<String>) -> Traits {
    Traits {
        users: demo.users as usize,
        rate_per_s: demo.rate.into(),
        components,
        has_regression: demo.regression,
        seed: demo
            .seed
            .unwrap_or_else(|| fastrand::u64(..=SEED_DRAWN_MAX)),
    }
}

/// Finds the Flagdeck that is running, and makes sure that it is one.
pub(super) fn find(arguments: &Arguments, url: Option<&Address>) -> anyhow::Result<Flagdeck> {
    options(arguments)?.check_folder()?;
    let data_dir = existing(data_dir(arguments)?)?;
    let address = match url {
        Some(address) => address.clone(),
        None => served_at(arguments, &data_dir)?,
    };
    let flagdeck = Flagdeck::at(address, data_dir);
    match flagdeck.check() {
        Ok(()) => Ok(flagdeck),
        Err(error @ CallError::Away { .. }) => {
            bail!("{error}; open the window, or run flagctl serve, and try again")
        }
        Err(error) => Err(error.into()),
    }
}

/// Finds the Flagdeck that is running, if one is: at the address that was given, or else on this
/// data folder.
pub fn running(arguments: &Arguments, demo: &DemoArguments) -> anyhow::Result<Option<Flagdeck>> {
    if demo.url.is_some() {
        return find(arguments, demo.url.as_ref()).map(Some);
    }
    options(arguments)?.check_folder()?;
    let data_dir = data_dir(arguments)?;
    if !holds_data(&data_dir)? {
        return Ok(None);
    }
    let flagdeck = Flagdeck::at(served_at(arguments, &data_dir)?, data_dir);
    match flagdeck.check() {
        Ok(()) => Ok(Some(flagdeck)),
        Err(CallError::Away { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes sure that there is data, rather than making a folder or a token that no Flagdeck
/// knows of.
fn existing(data_dir: PathBuf) -> anyhow::Result<PathBuf> {
    if !holds_data(&data_dir)? {
        bail!(
            "{} holds no data of Flagdeck: open the window, or run flagctl serve, and try again; \
             or say where with --data-dir",
            data_dir.display()
        );
    }
    Ok(data_dir)
}

fn holds_data(data_dir: &Path) -> anyhow::Result<bool> {
    let database = data_dir.join("flagdeck.db");
    let is_there = database.try_exists();
    is_there.with_context(|| format!("{} cannot be read", database.display()))
}

/// Returns where a program on the folder serves, if one does; else where the setting says.
fn served_at(arguments: &Arguments, data_dir: &Path) -> anyhow::Result<Address> {
    let is_named = |(name, _): &(String, String)| name == PORT;
    if given(arguments).command_line.iter().any(is_named) {
        return configured(arguments, data_dir);
    }
    let usual = config::load(data_dir, &given(arguments)).config.http.port;
    let ports = serving::ports(data_dir);
    let port = ports.iter().find(|port| **port == usual).or(ports.first());
    match port {
        Some(port) => Ok(Address::of_port(*port)),
        None => configured(arguments, data_dir),
    }
}

fn configured(arguments: &Arguments, data_dir: &Path) -> anyhow::Result<Address> {
    let loaded = config::load(data_dir, &given(arguments));
    for problem in &loaded.problems {
        remark(problem);
    }
    match loaded.config.http.port {
        0 => bail!(
            "Flagdeck is at a port of its own choice, because http.port is 0; say where with --url"
        ),
        port => Ok(Address::of_port(port)),
    }
}

/// Returns what calculates: the components that are named, or the usual ones.
fn components(demo: &DemoArguments, document: &FlagDocument) -> anyhow::Result<Vec<String>> {
    for path in &demo.components {
        check(path, document)?;
    }
    let mut named = distinct(&demo.components);
    if named.len() > COMPONENTS_MAX {
        bail!("at most {COMPONENTS_MAX} components can calculate");
    }
    if named.is_empty() {
        named = usual_components(document);
    }
    if named.is_empty() {
        bail!("there are no components that could calculate: add one first");
    }
    Ok(named)
}

fn distinct(paths: &[ComponentPath]) -> Vec<String> {
    let mut distinct = Vec::new();
    for path in paths {
        let path = path.to_string();
        if !distinct.contains(&path) {
            distinct.push(path);
        }
    }
    distinct
}

fn check(path: &ComponentPath, document: &FlagDocument) -> Result<(), Error> {
    let name = path.as_str();
    let mut is_there = false;
    document.for_each_component(|component, _| is_there |= component == name);
    match is_there {
        true => Ok(()),
        false => Err(Error::NotFound {
            message: match document.is_group(name) {
                true => format!("only a component can calculate, and {name} is a group"),
                false => flagdeck_core::edit::not_found(document, name),
            },
        }),
    }
}
