//! `set`, `master`, `rollout`, `restore`, `rollback`, `undo`, `redo`: what changes something.

use flagdeck::flags::following::list_of;
use flagdeck::flags::{Difference, OverrideChange};
use flagdeck::store::{Actor, RevisionNumber, Via};
use flagdeck::wire::{self, path};
use flagdeck::{App, ChangeRequest, Error, Outcome};
use flagdeck_core::{ComponentPath, Edit, Problem, RolloutChange, groups};

use super::show::{default_rollout, rollout_words};
use super::{all_off_sentence, remark_all_off};
use crate::arguments::{Listing, PutBackArguments, RolloutArguments, SwitchArguments};
use crate::output::{Output, problem_line, remark};

/// Where to report what came of a change, and how long a list.
pub struct Reporting<'a> {
    pub output: &'a mut Output,
    pub listing: Listing,
}

/// Printed after a change that no user sees.
const UNSEEN: &str = ": nobody sees this until flagctl master on";

pub fn set(app: &App, arguments: SwitchArguments, output: &mut Output) -> anyhow::Result<()> {
    let SwitchArguments {
        component,
        position,
        note,
        listing,
    } = arguments;
    let (paths, on) = (vec![path(&component)?], position.is_on());
    let edit = Edit::SetComponents { paths, on };
    change(app, edit, note.note, Reporting { output, listing })?;
    if on {
        remark_all_off(&app.flags().live(), UNSEEN);
    }
    Ok(())
}

pub fn master(
    app: &App,
    on: bool,
    note: Option<String>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let listing = Listing { all: false };
    let reporting = Reporting { output, listing };
    change(app, Edit::SetMaster { on }, note, reporting)
}

/// Changes a rollout; without anything to change, shows it.
pub fn rollout(app: &App, arguments: RolloutArguments, output: &mut Output) -> anyhow::Result<()> {
    let component = arguments.component.as_deref().map(path).transpose()?;
    let groups = arguments.groups;
    let groups = groups.map(|groups| groups::owned(groups::split(&groups)));
    let change_of_rollout = RolloutChange {
        percentage: arguments.percentage,
        user_groups: groups,
        strategy: arguments.strategy,
    };
    let edit = match component {
        Some(component) if arguments.inherit => Edit::ClearRollout { component },
        component if change_of_rollout == RolloutChange::default() => {
            return show_rollout(app, component.as_ref().map(ComponentPath::as_str), output);
        }
        component => Edit::SetRollout {
            component,
            change: change_of_rollout,
        },
    };
    let listing = arguments.listing;
    change(
        app,
        edit,
        arguments.note.note,
        Reporting { output, listing },
    )?;
    remark_all_off(&app.flags().live(), UNSEEN);
    Ok(())
}

fn show_rollout(app: &App, component: Option<&str>, output: &mut Output) -> anyhow::Result<()> {
    let live = app.flags().live();
    let document = &live.document;
    if let Some(name) = component.filter(|name| live.compiled.component(name).is_none()) {
        let message = flagdeck_core::edit::not_found(document, name);
        return Err(Error::NotFound { message }.into());
    }
    let rollout = component.map_or(&document.rollout, |name| document.rollout_of(name));
    if output.json {
        output.value(&rollout.to_tree())?;
        return Ok(());
    }
    let own = component.is_some_and(|name| document.rollouts.contains_key(name));
    output.line(match (component, own) {
        (None, _) => default_rollout(&live),
        (Some(name), true) => format!("{name}, custom rollout: {}", rollout_words(rollout)),
        (Some(name), false) => format!("{name}, default rollout: {}", rollout_words(rollout)),
    })?;
    if let Some(id) = component.and_then(|name| live.compiled.component(name)) {
        output.line(format!("Reaches: {}", live.reaches().say(id)))?;
    }
    if let Some(all_off) = live.all_off.as_ref().filter(|_| component.is_none()) {
        remark(&all_off_sentence(all_off));
    }
    Ok(())
}

pub fn restore(app: &App, arguments: PutBackArguments, output: &mut Output) -> anyhow::Result<()> {
    let PutBackArguments {
        revision,
        note,
        listing,
    } = arguments;
    let number = RevisionNumber(revision);
    let outcome = app.restore(number, &Actor::local(Via::Flagctl), note.note)?;
    report(outcome, Reporting { output, listing })
}

/// Rolls a component back, or only says what that would do.
pub fn rollback(
    app: &App,
    component: &str,
    check: bool,
    output: &mut Output,
) -> anyhow::Result<()> {
    let component = path(component)?;
    if !check {
        let outcome = app.roll_back(&component, None, &Actor::local(Via::Flagctl))?;
        let listing = Listing { all: false };
        return report(outcome, Reporting { output, listing });
    }
    let plan = app.rollback_plan(&component)?;
    match output.json {
        true => output.value(&plan)?,
        false => output.line(plan.sentence)?,
    }
    Ok(())
}

pub fn undo(app: &App, reporting: Reporting<'_>) -> anyhow::Result<()> {
    report(app.flags().undo(&Actor::local(Via::Flagctl))?, reporting)
}

pub fn redo(app: &App, reporting: Reporting<'_>) -> anyhow::Result<()> {
    report(app.flags().redo(&Actor::local(Via::Flagctl))?, reporting)
}

/// Lists what would change, for people.
pub fn list_changes(found: &Difference, reporting: Reporting<'_>) -> anyhow::Result<()> {
    let Reporting { output, listing } = reporting;
    match found.changes.is_empty() {
        true => output.line("  nothing")?,
        false => output.list("  ", found.changes.iter().map(ToString::to_string), listing)?,
    }
    Ok(())
}

fn change(
    app: &App,
    edit: Edit,
    note: Option<String>,
    reporting: Reporting<'_>,
) -> anyhow::Result<()> {
    let request = ChangeRequest {
        edit,
        actor: Actor::local(Via::Flagctl),
        note,
        base: None,
    };
    report(app.flags().change(request)?, reporting)
}

/// Says what came of a change.
pub fn report(outcome: Outcome, reporting: Reporting<'_>) -> anyhow::Result<()> {
    let Reporting { output, listing } = reporting;
    if outcome.changed {
        output.note_saved();
    }
    warn(&outcome.warnings);
    if output.json {
        output.value(&wire::Outcome::from(outcome))?;
        return Ok(());
    }
    if !outcome.changed {
        let revision = outcome.revision;
        output.line(format!(
            "No change: revision {revision} is like this already"
        ))?;
        return Ok(());
    }
    match outcome.step {
        Some(_) => output.line(format!(
            "Revision {}: {}",
            outcome.revision,
            outcome.sentence()
        ))?,
        None => output.line(format!("Revision {}", outcome.revision))?,
    }
    output.list("  ", outcome.changes.iter().cloned(), listing)?;
    match &outcome.overrides {
        Some(overrides) => tell_overrides(overrides, output),
        None => Ok(()),
    }
}

/// Says what a change overrides of the followed document, and what it no longer does.
fn tell_overrides(change: &OverrideChange, output: &mut Output) -> anyhow::Result<()> {
    let OverrideChange { from, made, ended } = change;
    if !made.is_empty() {
        output.line(format!("  overrides what {from} has: {}", list_of(made)))?;
    }
    if !ended.is_empty() {
        output.line(format!("  as {from} has it again: {}", list_of(ended)))?;
    }
    Ok(())
}

/// Says what is worth knowing about a document, for people.
pub fn warn(warnings: &[Problem]) {
    for problem in warnings {
        remark(&problem_line(problem));
    }
}
