//! `set`, `master`, `rollout`, `restore`, `rollback`, `undo`, `redo`, `import`: what changes
//! something.

use flagdeck::store::{Actor, RevisionNumber, Via};
use flagdeck::translate::path;
use flagdeck::wire;
use flagdeck::{App, ChangeRequest, Error, Outcome};
use flagdeck_core::{ComponentPath, Edit, RolloutChange, changes, validate};

use super::show::rollout_words;
use crate::arguments::RolloutArguments;
use crate::output::{Output, problem_line, remark};

pub fn set(
    app: &App,
    component: &str,
    on: bool,
    note: Option<String>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let paths = vec![path(component)?];
    change(app, Edit::SetComponents { paths, on }, note, output)
}

pub fn master(
    app: &App,
    on: bool,
    note: Option<String>,
    output: &mut Output,
) -> anyhow::Result<()> {
    change(app, Edit::SetMaster { on }, note, output)
}

/// Changes a rollout; without anything to change, shows it.
pub fn rollout(app: &App, arguments: RolloutArguments, output: &mut Output) -> anyhow::Result<()> {
    let component = arguments.component.as_deref().map(path).transpose()?;
    let groups = arguments.groups.map(|groups| {
        let names = groups.split(',').map(str::trim);
        names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    });
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
    change(app, edit, arguments.note.note, output)
}

fn show_rollout(app: &App, component: Option<&str>, output: &mut Output) -> anyhow::Result<()> {
    let live = app.live();
    let document = &live.document;
    if let Some(name) = component.filter(|name| live.compiled.component(name).is_none()) {
        let message = flagdeck_core::edit::not_found(document, name);
        return Err(Error::NotFound { message }.into());
    }
    let rollout = component.map_or(&document.rollout, |name| document.rollout_of(name));
    if output.json {
        output.value(&rollout.to_value())?;
        return Ok(());
    }
    let own = component.is_some_and(|name| document.rollouts.contains_key(name));
    let whose = match (component, own) {
        (None, _) => "Everyone".to_owned(),
        (Some(name), true) => name.to_owned(),
        (Some(name), false) => format!("{name}, as everyone"),
    };
    output.line(format!("{whose}: {}", rollout_words(rollout)))?;
    Ok(())
}

pub fn restore(
    app: &App,
    revision: RevisionNumber,
    note: Option<String>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let outcome = app.restore(revision, &Actor::local(Via::Flagctl), note)?;
    report(outcome, output)
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
        return report(outcome, output);
    }
    let plan = app.rollback_plan(&component)?;
    match output.json {
        true => output.value(&plan)?,
        false => output.line(plan.sentence)?,
    }
    Ok(())
}

pub fn undo(app: &App, output: &mut Output) -> anyhow::Result<()> {
    report(app.undo(&Actor::local(Via::Flagctl))?, output)
}

pub fn redo(app: &App, output: &mut Output) -> anyhow::Result<()> {
    report(app.redo(&Actor::local(Via::Flagctl))?, output)
}

/// Takes a document in, or only says what that would change.
pub fn import(
    app: &App,
    document: Vec<u8>,
    check: bool,
    note: Option<String>,
    output: &mut Output,
) -> anyhow::Result<()> {
    if !check {
        return change(app, Edit::Replace(document), note, output);
    }
    let checked = validate(&document).map_err(|problems| Error::Invalid { problems })?;
    let live = app.live();
    let found = changes(&live.document.to_value(), &checked.document.to_value());
    let outcome = Outcome {
        revision: live.revision,
        changed: false,
        changes: found.iter().map(ToString::to_string).collect(),
        warnings: checked.warnings,
    };
    if output.json {
        return report(outcome, output);
    }
    warn(&outcome);
    output.line("The document is valid. It would change:")?;
    list_changes(&outcome.changes, output)
}

/// Lists what would change, for people.
pub fn list_changes(changes: &[String], output: &mut Output) -> anyhow::Result<()> {
    for line in changes {
        output.line(format!("  {line}"))?;
    }
    if changes.is_empty() {
        output.line("  nothing")?;
    }
    Ok(())
}

fn change(app: &App, edit: Edit, note: Option<String>, output: &mut Output) -> anyhow::Result<()> {
    let request = ChangeRequest {
        edit,
        actor: Actor::local(Via::Flagctl),
        note,
        base: None,
    };
    report(app.change(request)?, output)
}

/// Says what came of a change.
pub fn report(outcome: Outcome, output: &mut Output) -> anyhow::Result<()> {
    warn(&outcome);
    if output.json {
        output.value(&wire::Outcome::from(outcome))?;
    } else if !outcome.changed {
        output.line(format!(
            "Nothing to change: revision {} is so already",
            outcome.revision
        ))?;
    } else {
        output.line(format!("Revision {}", outcome.revision))?;
        for line in &outcome.changes {
            output.line(format!("  {line}"))?;
        }
    }
    Ok(())
}

fn warn(outcome: &Outcome) {
    for problem in &outcome.warnings {
        remark(&problem_line(&problem.into()));
    }
}
