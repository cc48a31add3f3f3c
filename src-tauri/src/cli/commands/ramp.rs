//! `ramp`: rollouts that are widened step by step, and how rollouts stand.

use std::ops::ControlFlow;

use flagdeck::app::NewRamp;
use flagdeck::app::previews::{Over, Planned};
use flagdeck::rollouts::shapes::{
    AttemptStatus, GuardTest, NamedPlan, RampStatus, RolloutDetails, RolloutStanding,
    RolloutStatus, TimelineEntry,
};
use flagdeck::store::{Actor, Via};
use flagdeck::wire::Previewed;
use flagdeck::{App, Error};
use flagdeck_core::Percentage;
use flagdeck_core::diff::documents::thousands;
use flagdeck_core::ramp::{Hours, Plan, steps_from_text};
use jiff::tz::TimeZone;

use crate::arguments::{PartArguments, PlanArguments, RampCommand, StartArguments};
use crate::output::{Output, Table, when, who};

/// Entries of the timeline that are printed.
const ENTRIES_MAX: usize = 20;

pub fn run(app: &App, command: RampCommand, output: &mut Output) -> anyhow::Result<()> {
    let actor = Actor::local(Via::Flagctl);
    let details = match command {
        RampCommand::Plan(arguments) => return plan(app, arguments, output),
        RampCommand::Start(arguments) => return start(app, arguments, output),
        RampCommand::Status { target, all } => {
            return status(app, target.component.as_deref(), all, output);
        }
        RampCommand::Pause(target) => app.pause_ramp(target.component.as_deref(), &actor)?,
        RampCommand::Resume(target) => app.resume_ramp(target.component.as_deref(), &actor)?,
        RampCommand::Skip(target) => app.skip_ramp(target.component.as_deref(), &actor)?,
        RampCommand::Abort { target, put_back } => {
            app.abort_ramp(target.component.as_deref(), put_back, &actor)?
        }
    };
    tell(&details, output)
}

fn plan(app: &App, arguments: PlanArguments, output: &mut Output) -> anyhow::Result<()> {
    let plans = match (arguments.remove, arguments.name) {
        (Some(name), _) => app.remove_plan(&name)?,
        (None, None) => app.rollouts().plans().map_err(Error::from)?,
        (None, Some(name)) => {
            let standard = app.rollouts().plan("standard").map_err(Error::from)?;
            app.keep_plan(&name, &with(standard, &arguments.parts)?)?
        }
    };
    if output.json {
        return Ok(output.value(&plans)?);
    }
    let mut table = Table::headed(["plan", "steps", "each step", "calculations", "hours", ""]);
    for NamedPlan {
        name,
        plan,
        is_built_in,
    } in &plans
    {
        table.row([
            name.into(),
            plan.steps_text().into(),
            span(plan.dwell_s).into(),
            thousands(plan.least_exposed as usize).into(),
            hours(plan).into(),
            if *is_built_in { "" } else { "your own" }.into(),
        ]);
    }
    Ok(output.table(&table)?)
}

/// Returns a plan with the parts that were given in place of its own.
fn with(plan: Plan, parts: &PartArguments) -> anyhow::Result<Plan> {
    let steps = parts.steps.as_deref().map(steps_from_text).transpose();
    let hours = parts.hours.as_deref().map(|text| {
        let own = TimeZone::system();
        let zone = parts.zone.as_deref().or(own.iana_name()).unwrap_or("UTC");
        Hours::from_text(text, zone)
    });
    let plan = Plan {
        steps: steps
            .map_err(|error| refused(&error))?
            .unwrap_or(plan.steps),
        dwell_s: parts.dwell.map_or(plan.dwell_s, |dwell| dwell.as_secs()),
        least_exposed: parts.least.unwrap_or(plan.least_exposed),
        hours: hours
            .transpose()
            .map_err(|error| refused(&error))?
            .or(plan.hours),
    };
    plan.check().map_err(|error| refused(&error))?;
    Ok(plan)
}

fn refused(error: &flagdeck_core::ramp::PlanError) -> Error {
    Error::OutOfRange {
        message: error.to_string(),
    }
}

fn start(app: &App, arguments: StartArguments, output: &mut Output) -> anyhow::Result<()> {
    let named = app.rollouts().plan(&arguments.plan).map_err(Error::from)?;
    let plan = with(named.clone(), &arguments.parts)?;
    let component = arguments.target.component;
    let starts_ms = arguments.at.map(|at| at.begins_ms(app.now_ms()));
    let starts_ms = starts_ms.transpose()?;
    let previewed = preview(app, component.as_deref(), &plan)?;
    if arguments.dry_run {
        return match output.json {
            true => Ok(output.value(&of_steps(previewed))?),
            false => Ok(output.table(&table(&previewed))?),
        };
    }
    let plan_name = (plan == named).then_some(arguments.plan);
    let new = NewRamp {
        component,
        plan,
        plan_name,
        starts_ms,
    };
    let started = app.start_ramp(new, &Actor::local(Via::Flagctl))?;
    if !output.json {
        output.table(&table(&previewed))?;
        output.line("")?;
    }
    tell(&started, output)
}

/// Says whom each step would affect, against now.
fn preview(
    app: &App,
    component: Option<&str>,
    plan: &Plan,
) -> anyhow::Result<Vec<(Percentage, Previewed)>> {
    let steps = app.ramp_steps(component, plan)?.into_iter();
    let previewed = steps.map(|(percentage, edit)| {
        let go_on = |_, _| ControlFlow::Continue(());
        let previewed = app.preview(&Planned::Edit(edit), &Over::Latest, &go_on)?;
        Ok((percentage, previewed.expect("nothing breaks it off")))
    });
    previewed.collect()
}

fn table(steps: &[(Percentage, Previewed)]) -> Table<2> {
    let mut table = Table::new();
    for (percentage, previewed) in steps {
        let sentence = previewed.all.sentence.as_str();
        table.row([format!("{percentage} %").into(), sentence.into()]);
    }
    table
}

fn of_steps(steps: Vec<(Percentage, Previewed)>) -> Vec<Previewed> {
    steps.into_iter().map(|(_, previewed)| previewed).collect()
}

fn status(
    app: &App,
    component: Option<&str>,
    all: bool,
    output: &mut Output,
) -> anyhow::Result<()> {
    if component.is_some() {
        return tell(&app.rollout_details(component)?, output);
    }
    let mut statuses = app.rollout_statuses()?;
    let is_settled = |it: &RolloutStatus| it.standing == RolloutStanding::Settled;
    statuses.retain(|it| all || !is_settled(it) || it.ramp.is_some());
    if output.json {
        return Ok(output.value(&statuses)?);
    }
    if statuses.is_empty() {
        return Ok(output.line("No rollout is on for a part of the users, and none ramps.")?);
    }
    for status in &statuses {
        tell_status(status, output)?;
    }
    Ok(())
}

fn tell(details: &RolloutDetails, output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        return Ok(output.value(details)?);
    }
    let RolloutDetails {
        status, timeline, ..
    } = details;
    tell_status(status, output)?;
    if let Some(attempt) = &status.attempt {
        tell_attempt(attempt, output)?;
    }
    if !timeline.is_empty() {
        output.line("")?;
    }
    let mut table = Table::new();
    for entry in timeline.iter().take(ENTRIES_MAX) {
        table.row([
            when(entry.at_ms).into(),
            by(entry).into(),
            entry.sentence.as_str().into(),
        ]);
    }
    Ok(output.table(&table)?)
}

fn by(entry: &TimelineEntry) -> String {
    entry.by.as_ref().map_or_else(|| "Flagdeck".into(), who)
}

fn tell_status(status: &RolloutStatus, output: &mut Output) -> anyhow::Result<()> {
    let name = status.component.as_deref().unwrap_or("default rollout");
    let at = match status.is_on {
        true => format!("{} %", status.percentage),
        false => "off".into(),
    };
    let standing = match status.standing {
        RolloutStanding::Unwatched => "not watched",
        RolloutStanding::Collecting => "collecting",
        RolloutStanding::Healthy => "healthy",
        RolloutStanding::Holding => "holding",
        RolloutStanding::RolledBack => "rolled back",
        RolloutStanding::Settled => "nothing to watch",
    };
    output.line(format!("{name}  {at}  {standing}"))?;
    output.line(format!("    {}", status.sentence))?;
    if let Some(ramp) = &status.ramp {
        output.line(format!("    {}", steps(ramp)))?;
        if ramp.sentence != status.sentence {
            output.line(format!("    {}", ramp.sentence))?;
        }
    }
    Ok(())
}

/// `Ramp 3 (standard): 1 ✓ 5 ✓ [10] 25 50 100`.
fn steps(ramp: &RampStatus) -> String {
    let steps = ramp.plan.steps.iter().enumerate();
    let steps = steps.map(|(at, step)| match (at + 1).cmp(&ramp.made) {
        std::cmp::Ordering::Less => format!("{step} ✓"),
        std::cmp::Ordering::Equal => format!("[{step}]"),
        std::cmp::Ordering::Greater => step.to_string(),
    });
    let steps: Vec<String> = steps.collect();
    let plan = ramp.plan_name.as_deref().unwrap_or("own steps");
    format!("Ramp {} ({plan}): {}", ramp.id, steps.join(" "))
}

fn tell_attempt(attempt: &AttemptStatus, output: &mut Output) -> anyhow::Result<()> {
    output.line("")?;
    output.line(format!(
        "Attempt {}, since {}:",
        attempt.number,
        when(attempt.began_ms)
    ))?;
    let mut table = Table::headed(["", "calculations", "failed", "slow"]).numbers_from(1);
    for (name, arm) in [("on", attempt.exposed), ("off", attempt.control)] {
        let count = |count: u64| thousands(count as usize).into();
        table.row([
            name.into(),
            count(arm.calculations),
            count(arm.failed),
            count(arm.late),
        ]);
    }
    output.table(&table)?;
    let mut table = Table::headed(["evidence of", "times", "acts at"]).numbers_from(1);
    for test in &attempt.tests {
        let name = match test.test {
            GuardTest::Relative => "more failures than with it off",
            GuardTest::Latency => "longer durations than with it off",
            GuardTest::Absolute => "more failures than errorRate",
            GuardTest::Late => "more slow ones than responseTime allows",
            GuardTest::Memory => "too much memory",
            GuardTest::Ratio => "a wrong share of users",
        };
        let times = |ln: f64| match ln.exp() {
            times @ ..10.0 => format!("{times:.1}"),
            times @ ..1e6 => format!("{times:.0}"),
            _ => "over 1,000,000".into(),
        };
        table.row([
            name.into(),
            times(test.ln).into(),
            times(test.threshold_ln).into(),
        ]);
    }
    Ok(output.table(&table)?)
}

fn hours(plan: &Plan) -> String {
    plan.hours.as_ref().map_or_else(
        || "any time".into(),
        |hours| format!("{} {}", hours.to_text(), hours.zone),
    )
}

/// `30 min`, `2 h`, `1 day`.
fn span(seconds: u64) -> String {
    match seconds {
        0 => "no time".into(),
        seconds if seconds.is_multiple_of(86_400) => match seconds / 86_400 {
            1 => "1 day".into(),
            days => format!("{days} days"),
        },
        seconds if seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        seconds if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
