//! `eval` and `explain`: who gets what, and why.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::thread;

use anyhow::Context;
use flagdeck::flags::live::Live;
use flagdeck::wire::Explanation;
use flagdeck::{App, Error};
use flagdeck_core::{Compiled, ComponentId, User, UserIds, groups};
use serde_json::json;

use super::{Refused, flags_at, remark_all_off};
use crate::arguments::{EvalArguments, ExplainArguments};
use crate::input::{read, remark_reading, subject};
use crate::layers;
use crate::output::{Line, Output, mark};

/// Evaluates a component for every line of a file.
pub fn eval(app: &App, arguments: &EvalArguments, output: &mut Output) -> anyhow::Result<()> {
    let live = flags_at(app, arguments.at)?;
    let component = component(&live, &arguments.component)?;
    remark_all_off(&live, "");
    let users = roster(&arguments.users)?;
    let groups = groups::trimmed(arguments.groups.iter().map(String::as_str));
    if arguments.count {
        let threads = app.config().performance.worker_pool_size;
        let on = count(&live.compiled, component, &users, &groups, threads as usize);
        return match output.json {
            true => Ok(output.value(&json!({ "on": on, "users": users.len() }))?),
            false => Ok(output.line(format!("{on} of {}", users.len()))?),
        };
    }
    let rows = users.iter().map(|user| {
        let evaluation = live.compiled.evaluate_id(
            component,
            &User {
                id: user,
                groups: &groups,
            },
        );
        Row {
            user,
            value: evaluation.value,
            reason: evaluation.reason.as_str(),
            bucket: (!user.is_empty()).then(|| live.compiled.bucket(component, user)),
        }
    });
    match output.json {
        true => print_json(rows, output),
        false => print_csv(rows, output),
    }
    .context("the result cannot be written")
}

/// Ten million user ids of a hundred bytes.
const ROSTER_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// Reads one user id a line, and says what was done to read them.
fn roster(file: &Path) -> anyhow::Result<UserIds> {
    let users = UserIds::from_lines(&read(file, ROSTER_BYTES_MAX)?);
    let (users, reading) = users.map_err(|error| Refused(format!("{} {error}", subject(file))))?;
    remark_reading(file, reading);
    Ok(users)
}

#[derive(serde::Serialize)]
struct Row<'a> {
    user: &'a str,
    value: bool,
    reason: &'static str,
    /// None without a user id.
    bucket: Option<u32>,
}

fn print_csv<'a>(rows: impl Iterator<Item = Row<'a>>, output: &mut Output) -> io::Result<()> {
    output.csv(["user", "value", "reason", "bucket"])?;
    for Row {
        user,
        value,
        reason,
        bucket,
    } in rows
    {
        let value = if value { "true" } else { "false" };
        let bucket = bucket.map(|bucket| bucket.to_string()).unwrap_or_default();
        output.csv([user, value, reason, &bucket])?;
    }
    Ok(())
}

fn print_json<'a>(rows: impl Iterator<Item = Row<'a>>, output: &mut Output) -> io::Result<()> {
    output.json_text("[")?;
    for (index, row) in rows.enumerate() {
        let before = if index == 0 { "\n  " } else { ",\n  " };
        output.json_text(&format!("{before}{}", serde_json::to_string(&row)?))?;
    }
    output.json_text("\n]\n")
}

/// Counts on several threads, each with its share of the buffer.
fn count(
    compiled: &Compiled,
    component: ComponentId,
    users: &UserIds,
    groups: &[&str],
    threads: usize,
) -> usize {
    let share = users.len().div_ceil(threads.max(1)).max(1);
    let count_share = |from: usize| {
        let range: Range<usize> = from..(from + share).min(users.len());
        compiled.count_in(component, users, range, groups)
    };
    thread::scope(|scope| {
        let starts = (0..users.len()).step_by(share);
        let counts: Vec<_> = starts
            .map(|from| scope.spawn(move || count_share(from)))
            .collect();
        let counts = counts.into_iter().map(thread::ScopedJoinHandle::join);
        counts
            .map(|count| count.expect("counting does not panic"))
            .sum()
    })
}

/// Explains one decision.
pub fn explain(app: &App, arguments: &ExplainArguments, output: &mut Output) -> anyhow::Result<()> {
    let ExplainArguments {
        component,
        user,
        groups,
        at,
    } = arguments;
    let live = flags_at(app, *at)?;
    let as_of = at.map(|at| at.as_of(app.now_ms())).transpose()?;
    let told = Explanation::of(app, component, user, groups, as_of)?;
    if output.json {
        output.value(&told)?;
    } else {
        tell(&told, output)?;
        remark_all_off(&live, "");
    }
    match told.explanation.rollout {
        Some(_) => Ok(()),
        None => self::component(&live, component).map(|_| ()),
    }
}

fn tell(told: &Explanation, output: &mut Output) -> anyhow::Result<()> {
    let explanation = &told.explanation;
    output.line(&explanation.sentence)?;
    for step in &explanation.steps {
        output.line(Line::from("  ") + mark(step.ok, &step.text))?;
    }
    if let Some(reach) = &explanation.reach {
        output.line(format!("  reaches: {reach}"))?;
    }
    output.line(format!("  revision {}", told.revision))?;
    for line in layers::lines(&told.layers) {
        output.line(format!("  {line}"))?;
    }
    Ok(())
}

fn component(live: &Live, name: &str) -> anyhow::Result<ComponentId> {
    let found = live.compiled.component(name);
    Ok(found.ok_or_else(|| Error::NotFound {
        message: match live.document.is_group(name) {
            true => format!("only a component can be evaluated, and {name} is a group"),
            false => flagdeck_core::edit::not_found(&live.document, name),
        },
    })?)
}
