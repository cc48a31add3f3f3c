//! `overrides list`, `set`, `clear`, `publish`: what differs here from the followed document, and
//! what is on or off for one application or user.

use std::process::ExitCode;

use flagdeck::App;
use flagdeck::app::following::Published;
use flagdeck::error::Code;
use flagdeck::flags::ending::{Ended, Ending};
use flagdeck::flags::following::{PublicationReview, Selection};
use flagdeck::flags::targeted::TargetedSelection;
use flagdeck::store::{Actor, Via};
use flagdeck::wire::{self, Followed, Override, Overrides, PublishConflict, Publishing};
use serde_json::json;

use super::edit::{Reporting, report};
use super::{Refused, targeted};
use crate::arguments::{ClearArguments, Listing, OverridesCommand, PublishArguments, Selected};
use crate::input::{can_answer, is_confirmed};
use crate::layers::{part_in_words, position, selected, value_in_words};
use crate::output::{Output, Table, counted, remark, when, who};

/// How long a list of changes is printed.
const LISTING: Listing = Listing { all: false };

pub fn run(
    app: &App,
    command: Option<OverridesCommand>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    match command {
        None | Some(OverridesCommand::List) => list(app, output)?,
        Some(OverridesCommand::Set(arguments)) => targeted::set(app, arguments, output)?,
        Some(OverridesCommand::Clear(arguments)) => clear(app, arguments, output)?,
        Some(OverridesCommand::Publish(arguments)) => return publish(app, arguments, output),
    }
    Ok(ExitCode::SUCCESS)
}

impl From<Selected> for Selection {
    fn from(selected: Selected) -> Self {
        match selected {
            Selected { all: true, .. } => Self::All,
            Selected { places, .. } if !places.is_empty() => {
                Self::Places(places.into_iter().collect())
            }
            Selected { components, .. } => Self::Components(components),
        }
    }
}

impl From<ClearArguments> for Ending {
    fn from(arguments: ClearArguments) -> Self {
        let target = arguments.target();
        let ClearArguments {
            components,
            places,
            all,
            ..
        } = arguments;
        match target {
            None if all => Self::All,
            None => Self::Followed(Selection::from(Selected {
                components,
                places,
                all,
            })),
            target => Self::Targeted(TargetedSelection { target, components }),
        }
    }
}

fn list(app: &App, output: &mut Output) -> anyhow::Result<()> {
    let listed = Overrides::of(app);
    if output.json {
        return Ok(output.value(&listed)?);
    }
    list_followed(app, output)?;
    targeted::list(&listed.targeted, output)
}

fn list_followed(app: &App, output: &mut Output) -> anyhow::Result<()> {
    let Some(Followed { from, overrides }) = Followed::of(&app.flags().live()) else {
        return Ok(output.line("No document is followed, so nothing of one is overridden.")?);
    };
    if overrides.is_empty() {
        return Ok(output.line(format!("Nothing of {from} is overridden."))?);
    }
    let count = counted(overrides.len(), "override");
    output.line(format!("{count} of what {from} has:"))?;
    let mut table = Table::headed(["COMPONENT", "WHAT", "VALUE", "FOLLOWED", "SINCE", "BY"]);
    for one in &overrides {
        row(one, &mut table);
    }
    Ok(output.table(&table)?)
}

fn row(one: &Override, table: &mut Table<6>) {
    let component = one.component.as_deref().unwrap_or("-");
    table.row([
        component.into(),
        part_in_words(one.what, &one.place).into(),
        value_in_words(one.value.as_ref()).into(),
        value_in_words(one.followed.as_ref()).into(),
        when(one.since_ms).into(),
        who(&one.by).into(),
    ]);
    if let Some(reason) = &one.suspended {
        table.text(format!("  suspended: {reason}"));
    }
}

fn clear(app: &App, arguments: ClearArguments, output: &mut Output) -> anyhow::Result<()> {
    let actor = Actor::local(Via::Flagctl);
    let ended = app.flags().end_overrides(&arguments.into(), &actor)?;
    output.note_saved();
    if output.json {
        return Ok(output.value(&wire::Ended::from(ended))?);
    }
    let Ended { outcome, targeted } = ended;
    for one in &targeted {
        let position = position(one.on);
        output.line(format!(
            "{} is not {position} any more for {}",
            one.component, one.target
        ))?;
    }
    let listing = LISTING;
    match outcome.changed || targeted.is_empty() {
        true => report(outcome, Reporting { output, listing }),
        false => Ok(()),
    }
}

fn publish(
    app: &App,
    arguments: PublishArguments,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let which = arguments.selected.into();
    let review = app.flags().review_publication(&which)?;
    if arguments.check {
        show(review, output)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.yes && !is_wanted(&review, output)? {
        let refused = format!("nothing was published to {}: add --yes to do it", review.to);
        return Err(Refused(refused).into());
    }
    let actor = Actor::local(Via::Flagctl);
    let published = app.publish(&which, review.loss.is_some(), &actor)?;
    match published {
        Published::Done(_) => output.note_saved(),
        Published::Conflict(_) => {}
    }
    finish(published, &review.to, output)
}

fn show(review: PublicationReview, output: &mut Output) -> anyhow::Result<()> {
    if !output.json {
        return describe(&review, output);
    }
    let PublicationReview {
        to,
        difference,
        widenings,
        loss,
    } = review;
    Ok(output.value(&json!({
        "to": to,
        "difference": wire::Difference::from(difference),
        "widenings": wire::Widenings::from(widenings),
        "loss": loss.map(wire::Loss::from),
    }))?)
}

fn describe(review: &PublicationReview, output: &mut Output) -> anyhow::Result<()> {
    output.line(format!("Publishing changes {} for everyone:", review.to))?;
    let changes = &review.difference.changes;
    match changes.is_empty() {
        true => output.line("  nothing: it has these values already")?,
        false => output.list("  ", changes.iter().map(ToString::to_string), LISTING)?,
    }
    if !review.widenings.is_empty() {
        output.line("More users see there, as soon as flags are on:")?;
        let widenings = review
            .widenings
            .iter()
            .map(|it| format!("{}: {} → {}", it.path, it.before, it.after_in_words()));
        output.list("  ", widenings, LISTING)?;
    }
    if let Some(loss) = &review.loss {
        output.line(format!("It removes {loss}."))?;
    }
    Ok(())
}

fn is_wanted(review: &PublicationReview, output: &mut Output) -> anyhow::Result<bool> {
    if output.json {
        return Ok(false);
    }
    describe(review, output)?;
    // What is asked about was printed before.
    output.finish()?;
    Ok(can_answer() && is_confirmed("Publish?")?)
}

/// Says what came of it; 4 if the remote was changed in the same place.
fn finish(published: Published, to: &str, output: &mut Output) -> anyhow::Result<ExitCode> {
    let is_conflict = matches!(published, Published::Conflict(_));
    match (published, output.json) {
        (published, true) => output.value(&Publishing::from(published))?,
        (Published::Done(outcome), false) => {
            output.line(format!("Published to {to}"))?;
            let listing = LISTING;
            report(outcome, Reporting { output, listing })?;
        }
        (conflict, false) => tell_conflicts(&Publishing::from(conflict).conflicts, to, output)?,
    }
    Ok(match is_conflict {
        true => ExitCode::from(Code::Conflict.exits_with()),
        false => ExitCode::SUCCESS,
    })
}

fn tell_conflicts(
    conflicts: &[PublishConflict],
    to: &str,
    output: &mut Output,
) -> anyhow::Result<()> {
    remark(&format!(
        "nothing was published: {to} was changed in the same place, and what it has is followed \
         under your overrides"
    ));
    for conflict in conflicts {
        let named = conflict.component.as_deref().unwrap_or(&conflict.place);
        let part = part_in_words(conflict.what, &conflict.place);
        output.line(format!("{named}, {part}"))?;
        output.line(format!("  there: {}", conflict.theirs.join(", ")))?;
        output.line(format!("  here:  {}", conflict.mine.join(", ")))?;
        let which = selected(conflict.component.as_deref(), &conflict.place);
        output.line(format!(
            "  to take theirs:   flagctl overrides clear {which}"
        ))?;
        output.line(format!(
            "  to publish yours: flagctl overrides publish {which}"
        ))?;
    }
    Ok(())
}
