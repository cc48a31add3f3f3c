//! `eval` and `explain`: who gets what, and why.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use anyhow::Context;
use flagdeck::flags::Scope;
use flagdeck::flags::context::EvaluationContext;
use flagdeck::flags::live::Live;
use flagdeck::flags::targeted::Target;
use flagdeck::wire::Explanation;
use flagdeck::{App, Error};
use flagdeck_core::{Compiled, ComponentId, Evaluation, User, UserIds, groups};
use serde_json::json;

use super::{Refused, flags_for, remark_all_off};
use crate::arguments::{EvalArguments, ExplainArguments};
use crate::input::{read, remark_reading, subject};
use crate::layers;
use crate::output::{Line, Output, mark};

/// Evaluates a component for every line of a file.
pub fn eval(app: &App, arguments: &EvalArguments, output: &mut Output) -> anyhow::Result<()> {
    let live = flags_for(app, "", arguments.source.as_ref(), arguments.at)?;
    let component = component(&live, &arguments.component)?;
    remark_all_off(&live, "");
    let users = roster(&arguments.users)?;
    let groups = groups::trimmed(arguments.groups.iter().map(String::as_str));
    let own = OfUsers::of(app, arguments, component);
    if arguments.count {
        let threads = app.config().performance.worker_pool_size;
        let on = count(&live.compiled, component, &users, &groups, threads as usize);
        let on = on.saturating_add_signed(own.more_on(&live.compiled, &users, &groups));
        return match output.json {
            true => Ok(output.value(&json!({ "on": on, "users": users.len() }))?),
            false => Ok(output.line(format!("{on} of {}", users.len()))?),
        };
    }
    let rows = users.iter().map(|user| {
        let id = User {
            id: user,
            groups: &groups,
        };
        let evaluation = own.evaluate(&live.compiled, &id);
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

/// The flags in force for the users that have overrides of their own.
struct OfUsers {
    component: ComponentId,
    flags: HashMap<Box<str>, Arc<Live>>,
}

impl OfUsers {
    /// Overrides of users lie over what is in force, and over nothing that was.
    fn of(app: &App, arguments: &EvalArguments, component: ComponentId) -> Self {
        let mut flags = HashMap::new();
        let targeted = match arguments.at {
            None => app.flags().targeted(),
            Some(_) => Vec::new(),
        };
        for one in targeted {
            if let Target::User(id) = one.target {
                let context = EvaluationContext::of(&id, arguments.source.clone());
                let live = app.flags().in_force(Scope::Context(&context));
                flags.insert(id, live);
            }
        }
        Self { component, flags }
    }

    fn evaluate(&self, others: &Compiled, user: &User<'_>) -> Evaluation {
        let own = self.flags.get(user.id).map(|live| &live.compiled);
        // An override adds and removes no component, so ids are the same.
        own.unwrap_or(others).evaluate_id(self.component, user)
    }

    /// Returns for how many more users it is on than if none had an override.
    fn more_on(&self, others: &Compiled, users: &UserIds, groups: &[&str]) -> isize {
        if self.flags.is_empty() {
            return 0;
        }
        let own = users.iter().filter(|user| self.flags.contains_key(*user));
        own.map(|id| {
            let user = User { id, groups };
            let without = others.evaluate_id(self.component, &user).value;
            isize::from(self.evaluate(others, &user).value) - isize::from(without)
        })
        .sum()
    }
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
        source,
        at,
    } = arguments;
    let live = flags_for(app, user, source.as_ref(), *at)?;
    let groups = groups::trimmed(groups.iter().map(String::as_str));
    let user = User {
        id: user,
        groups: &groups,
    };
    let told = Explanation::within(app, &live, component, &user)?;
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
