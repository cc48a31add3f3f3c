//! `import`: replaces the flags by a document, after a question if most components would go.
//! Definitions of flagd become a document first; what is left out of it is told.

use std::io;
use std::path::Path;

use flagdeck::flags::{Incoming, Review};
use flagdeck::store::{Actor, Via};
use flagdeck::{App, ChangeRequest, Error, Outcome, wire};
use flagdeck_core::limits::DOCUMENT_BYTES_MAX;
use flagdeck_core::{Edit, Loss, Problem, Severity};

use super::edit::{Reporting, list_changes, report, warn};
use super::{remark_all_off, workspace};
use crate::arguments::ImportArguments;
use crate::input::{STANDARD_INPUT, can_answer, is_confirmed, read_json};
use crate::output::{Output, progress, remark};

/// Puts a document in force, or only says what that would change.
pub fn import(app: &App, arguments: ImportArguments, output: &mut Output) -> anyhow::Result<()> {
    let ImportArguments {
        file: Some(path), ..
    } = &arguments
    else {
        let file = arguments.workspace.unwrap_or_default();
        return workspace::import(app, &file, arguments.check, output);
    };
    let file = read_json(path, DOCUMENT_BYTES_MAX)?;
    let incoming = Incoming::read(file, arguments.format.map(Into::into))
        .map_err(|problems| Error::Invalid { problems })?;
    let listing = arguments.listing;
    if arguments.check {
        return check(app, &incoming, Reporting { output, listing });
    }
    let asks = !output.json && is_interactive(path);
    let request = ChangeRequest {
        edit: Edit::Replace(incoming.document.clone()),
        actor: Actor::local(Via::Flagctl),
        note: arguments.note.note,
        base: None,
    };
    let outcome = match arguments.yes {
        true => app.flags().change_confirmed(request)?,
        false => change_or_ask(app, request, asks)?,
    };
    let outcome = Outcome {
        warnings: incoming.told_with(outcome.warnings),
        ..outcome
    };
    report(outcome, Reporting { output, listing })?;
    remark_all_off(&app.flags().live(), "");
    Ok(())
}

fn change_or_ask(app: &App, request: ChangeRequest, asks: bool) -> anyhow::Result<Outcome> {
    let looked_at = app.flags().live().revision;
    match app.flags().change(request.clone()) {
        Err(Error::LargeLoss { loss }) if asks && is_loss_confirmed(&loss)? => {
            Ok(app.flags().change_confirmed(ChangeRequest {
                base: Some(looked_at),
                ..request
            })?)
        }
        made => Ok(made?),
    }
}

/// Whether there is a person to ask: the document is not what they would answer with.
fn is_interactive(file: &Path) -> bool {
    file != Path::new(STANDARD_INPUT) && can_answer()
}

fn is_loss_confirmed(loss: &Loss) -> io::Result<bool> {
    progress(&format!("This removes {loss}.\n"));
    is_confirmed("Import the document?")
}

/// Says what a document would change.
fn check(app: &App, incoming: &Incoming, reporting: Reporting<'_>) -> anyhow::Result<()> {
    let review = app.flags().review(&incoming.document);
    let review = Review {
        problems: incoming.told_with(review.problems),
        ..review
    };
    let is_error = |problem: &Problem| problem.severity == Severity::Error;
    if review.problems.iter().any(is_error) {
        let problems = review.problems;
        return Err(Error::Invalid { problems }.into());
    }
    if reporting.output.json {
        return Ok(reporting.output.value(&wire::Review::from(review))?);
    }
    warn(&review.problems);
    let heading = "The document is valid. It would change:";
    reporting.output.line(heading)?;
    list_changes(&review.difference, reporting)?;
    if let Some(loss) = review.loss {
        remark(&format!("It would remove {loss}; to import it, add --yes"));
    }
    Ok(())
}
