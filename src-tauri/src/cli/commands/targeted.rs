//! Overrides for one application or one user: set, listed.

use flagdeck::App;
use flagdeck::flags::targeted::{Target, TargetedOverride, TargetedRequest};
use flagdeck::store::{Actor, Via};
use flagdeck::wire::Targeted;

use crate::arguments::TargetedArguments;
use crate::layers::{clear_targeted, position};
use crate::output::{Output, Table, counted, when, who};

/// Switches a component on or off for one application or user.
pub fn set(app: &App, arguments: TargetedArguments, output: &mut Output) -> anyhow::Result<()> {
    let for_ms = i64::try_from(arguments.time.as_millis()).unwrap_or(i64::MAX);
    let set = app.flags().override_for(TargetedRequest {
        target: arguments.target.target().expect("clap asks for one"),
        component: arguments.component,
        on: arguments.position.is_on(),
        for_ms,
        by: Actor::local(Via::Flagctl),
    })?;
    output.note_saved();
    let set = Targeted::of(app, set);
    match output.json {
        true => Ok(output.value(&set)?),
        false => tell(&set, output),
    }
}

fn tell(set: &Targeted, output: &mut Output) -> anyhow::Result<()> {
    let Targeted { one, suspended } = set;
    output.line(format!(
        "{} is {} for {} until {}",
        one.component,
        position(one.on),
        one.target,
        when(one.until_ms)
    ))?;
    if let Some(reason) = suspended {
        output.line(format!("  does not act at present: {reason}"))?;
    }
    Ok(output.line(format!("  to take it back: {}", clear_targeted(one)))?)
}

/// Lists overrides for single applications and users; nothing if there is none.
pub fn list(targeted: &[Targeted], output: &mut Output) -> anyhow::Result<()> {
    if targeted.is_empty() {
        return Ok(());
    }
    let count = counted(targeted.len(), "override");
    output.line(format!("{count} for single applications and users:"))?;
    let mut table = Table::headed(["COMPONENT", "VALUE", "FOR", "UNTIL", "BY"]);
    for one in targeted {
        row(one, &mut table);
    }
    Ok(output.table(&table)?)
}

fn row(listed: &Targeted, table: &mut Table<5>) {
    let one: &TargetedOverride = &listed.one;
    table.row([
        one.component.as_str().into(),
        position(one.on).into(),
        named(&one.target).into(),
        when(one.until_ms).into(),
        who(&one.by).into(),
    ]);
    if let Some(reason) = &listed.suspended {
        table.text(format!("  does not act at present: {reason}"));
    }
}

/// `application shop`, `user ada`.
fn named(target: &Target) -> String {
    match target {
        Target::Source(name) => format!("application {}", name.as_str()),
        Target::User(id) => format!("user {id}"),
    }
}
