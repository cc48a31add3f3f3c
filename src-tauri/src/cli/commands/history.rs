//! `history`, `diff`: what was changed, when, by whom and why.

use flagdeck::App;
use flagdeck::store::{Cause, HistoryFilter, RevisionNumber, RevisionSummary, Via};
use flagdeck::wire;
use flagdeck_core::summary;

use crate::arguments::{Face, HistoryArguments, Listing};
use crate::output::{Output, when, who};

/// Lists revisions, latest first.
pub fn history(app: &App, arguments: HistoryArguments, output: &mut Output) -> anyhow::Result<()> {
    let (limit, listing) = (arguments.limit, arguments.listing);
    let page = app
        .flags()
        .history(&filter(arguments, app.now_ms())?, 0, limit)?;
    if output.json {
        let revisions = page.revisions.into_iter();
        let revisions: Vec<wire::Revision> = revisions.map(Into::into).collect();
        return Ok(output.value(&revisions)?);
    }
    if page.total == 0 {
        output.line(match app.flags().live().revision {
            RevisionNumber::NONE => "No revisions: nothing has been changed yet.",
            _ => "No revisions match.",
        })?;
    }
    for revision in &page.revisions {
        output.line(line(revision))?;
        if listing.all && revision.changes.len() > 1 {
            output.list("  ", revision.changes.iter().cloned(), listing)?;
        }
    }
    Ok(())
}

fn filter(arguments: HistoryArguments, now_ms: i64) -> anyhow::Result<HistoryFilter> {
    let since = arguments.since.map(|when| when.begins_ms(now_ms));
    let until = arguments.until.map(|when| when.ends_ms(now_ms));
    Ok(HistoryFilter {
        component: arguments.component,
        via: arguments.via.map(|face| match face {
            Face::Window => Via::Window,
            Face::Flagctl => Via::Flagctl,
            Face::Http => Via::Http,
            Face::Followed => Via::Followed,
            Face::Rollout => Via::Rollout,
        }),
        name: arguments.actor,
        text: arguments.text,
        since_ms: since.transpose()?,
        until_ms: until.transpose()?,
        up_to: arguments
            .before
            .map(|before| RevisionNumber(before.saturating_sub(1))),
    })
}

fn line(revision: &RevisionSummary) -> String {
    let cause = match revision.cause {
        // What they did is said by their changes.
        Cause::Edit | Cause::Follow | Cause::Publish | Cause::Unfollow => String::new(),
        Cause::Import => "import: ".into(),
        Cause::Undo(of) => format!("undo of {of}: "),
        Cause::Redo(of) => format!("redo of {of}: "),
        Cause::Restore(of) => format!("restore of {of}: "),
        Cause::Adopt => "adopted: ".into(),
        Cause::Ramp(_) => "ramp: ".into(),
        Cause::RollBack(of) => format!("rolled back ({of}): "),
    };
    let changes = summary(&revision.changes);
    let note = revision.note.as_ref();
    let note = note.map_or_else(String::new, |note| format!("  “{note}”"));
    format!(
        "{:>5}  {}  {}  {cause}{changes}{note}",
        revision.number.0,
        when(revision.at_ms),
        who(&revision.actor),
    )
}

/// Says what differs between two revisions.
pub fn diff(
    app: &App,
    from: u64,
    to: Option<u64>,
    listing: Listing,
    output: &mut Output,
) -> anyhow::Result<()> {
    let to = to.map_or(app.flags().live().revision, RevisionNumber);
    let difference = app.flags().difference(RevisionNumber(from), to)?;
    if output.json {
        output.value(&wire::Difference::from(difference))?;
        return Ok(());
    }
    match difference.changes.is_empty() {
        true => output.line(format!("Revisions {from} and {to} do not differ."))?,
        false => output.list(
            "",
            difference.changes.iter().map(ToString::to_string),
            listing,
        )?,
    }
    Ok(())
}
