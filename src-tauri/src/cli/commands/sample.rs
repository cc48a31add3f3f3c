//! `demo --page`, which opens the sample app in the browser, and `demo --remove`.

use std::fmt;

use flagdeck::browser::{self, PageAddress};
use flagdeck::demo::{self, Demo, DemoSource, DemoStatus, KeepFlags, turn_on_flags};
use flagdeck::store::{Actor, Via};
use flagdeck::{App, Options, Outcome};
use flagdeck_core::diff::documents::thousands;
use flagdeck_core::summary;
use serde_json::json;

use super::demo::running;
use super::{Refused, open, options, serve, tell};
use crate::arguments::{Arguments, DemoArguments, Listing};
use crate::input::{can_answer, is_confirmed};
use crate::output::{Output, remark};

/// What to try first, with the page beside.
const TRY: &str = "Try: flagctl set orchestrator on, or switch it in the window; the page follows.";

/// Opens the sample app, served by the Flagdeck that is running, or else by this program.
pub fn page(
    arguments: &Arguments,
    demo: &DemoArguments,
    output: &mut Output,
) -> anyhow::Result<()> {
    let running = running(arguments, demo)?;
    let app = App::open(Options {
        watch: running.is_none(),
        ..options(arguments)?
    })?;
    tell(&app, &mut Vec::new());
    let turned_on = turn_on_flags(&app, Via::Flagctl)?;
    let opens = !demo.no_open && browser::has_display();
    match running {
        Some(flagdeck) => {
            let server = flagdeck.address().to_string();
            let server = server.trim_start_matches("http://");
            show(&app, server, turned_on.as_ref(), opens, output)
        }
        None => serve(&app, None, output, |server, output| {
            show(&app, server, turned_on.as_ref(), opens, output)?;
            if !output.json {
                output.line("Serving until Ctrl+C")?;
            }
            Ok(())
        }),
    }
}

/// Prints where the page is and opens it.
fn show(
    app: &App,
    server: impl fmt::Display,
    turned_on: Option<&Outcome>,
    opens: bool,
    output: &mut Output,
) -> anyhow::Result<()> {
    let address = PageAddress::new(server, &app.token()?);
    let opened = opens && is_opened(app, &address);
    let changes = turned_on.map(|outcome| outcome.changes.as_slice());
    let changes = changes.unwrap_or_default();
    if output.json {
        let address = address.reveal();
        return Ok(
            output.value(&json!({ "address": address, "opened": opened, "flags": changes }))?
        );
    }
    output.line(format!("Sample app: {}", address.reveal()))?;
    if !changes.is_empty() {
        output.line(format!("Turned on for it: {}", summary(changes)))?;
    }
    output.line(match opened {
        true => "Opened in the browser",
        false => "Open this address in a browser on this machine; it has the token in it",
    })?;
    output.line(TRY)?;
    Ok(output.line("To remove it: flagctl demo --remove")?)
}

fn is_opened(app: &App, address: &PageAddress) -> bool {
    match browser::open_page(app.data_dir(), address) {
        Ok(()) => true,
        Err(error) => {
            remark(&format!("the browser was not opened: {error}"));
            false
        }
    }
}

/// Says what the demo left, and removes it.
pub fn remove(
    arguments: &Arguments,
    demo: &DemoArguments,
    output: &mut Output,
) -> anyhow::Result<()> {
    let app = open(arguments)?;
    tell(&app, &mut Vec::new());
    let keep = match demo.keep_flags {
        true => KeepFlags::Yes,
        false => KeepFlags::No,
    };
    let status = Demo::default().status(&app)?;
    if !demo.yes && !is_empty(&status, keep) && !is_removal_confirmed(&status, keep, output)? {
        let refused = "nothing was removed: add --yes to remove the demo";
        return Err(Refused(refused.into()).into());
    }
    let removed = demo::remove(&app, &Actor::local(Via::Flagctl), keep)?;
    output.note_saved();
    if output.json {
        return Ok(output.value(&removed)?);
    }
    if removed.sources.is_empty() && removed.flags.is_empty() {
        return Ok(output.line("There is no demo to remove")?);
    }
    for source in &removed.sources {
        output.line(format!("Deleted {}", said(source)))?;
    }
    if let Some(revision) = removed.revision {
        output.line(format!("Revision {revision}"))?;
        let flags = removed.flags.into_iter();
        output.list("  ", flags, Listing { all: true })?;
    }
    Ok(())
}

fn is_empty(status: &DemoStatus, keep: KeepFlags) -> bool {
    let turns_back = keep == KeepFlags::No && !status.flags.is_empty();
    status.sources.is_empty() && !turns_back
}

fn is_removal_confirmed(
    status: &DemoStatus,
    keep: KeepFlags,
    output: &mut Output,
) -> anyhow::Result<bool> {
    for source in &status.sources {
        remark(&format!("deletes {}, for good", said(source)));
    }
    if keep == KeepFlags::No && !status.flags.is_empty() {
        let flags = summary(&status.flags);
        remark(&format!("turns flags back, which can be undone: {flags}"));
    }
    remark("a demo or sample page that is still open reports again");
    let asks = !output.json && can_answer();
    Ok(asks && is_confirmed("Remove the demo?")?)
}

fn said(source: &DemoSource) -> String {
    let DemoSource {
        name,
        snapshots,
        calculations,
    } = source;
    let snapshots = plural(*snapshots, "snapshot");
    let calculations = plural(*calculations, "calculation");
    format!("{name}: its state, {snapshots}, {calculations}")
}

fn plural(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", thousands(count as usize))
}
