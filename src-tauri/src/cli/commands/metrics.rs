//! `flagctl metrics`: what applications reported, in a summary.

use flagdeck::App;
use flagdeck::metrics::collector::{Checkpoint, Total};
use flagdeck::metrics::event::Labels;
use flagdeck::wire::{
    DifferenceShare, JudgedArm, JudgedComponent, Pulse, PushHealth, Share, Standing,
};
use flagdeck_core::limits::VERDICT_CALCULATIONS_MIN;
use serde::Serialize;

use super::push;
use crate::output::{Line, Output, Table, mark};

/// The summary, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    /// The last minutes, as on the dashboard.
    recent: &'a Pulse,
    /// Everything since counting began.
    totals: Vec<Row<'a>>,
    switches: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    source: &'a str,
    component: &'a str,
    arm: &'a str,
    calculations: u64,
    errors: u64,
    mean_duration_s: Option<f64>,
}

/// Prints what is kept in the data folder: also while another program collects there.
pub fn metrics(app: &App, output: &mut Output) -> anyhow::Result<()> {
    let Some((pulse, counted)) = app.glance()? else {
        if output.json {
            return Ok(output.value(&serde_json::Value::Null)?);
        }
        output.line(
            "Nothing was ever reported here: open the window or run `flagctl serve`, and try \
             `flagctl demo`.",
        )?;
        return print_push(None, app, output);
    };
    if output.json {
        return Ok(output.value(&Summary {
            recent: &pulse,
            totals: counted.totals.iter().map(row).collect(),
            switches: counted.toggles.count,
        })?);
    }
    print_recent(&pulse, output)?;
    print_verdicts(&pulse, output)?;
    print_totals(&counted, output)?;
    print_push(pulse.push.as_ref(), app, output)
}

fn print_push(health: Option<&PushHealth>, app: &App, output: &mut Output) -> anyhow::Result<()> {
    if let Some((is_well, text)) = push::status(health, app) {
        output.line("")?;
        output.line(mark(is_well, &text))?;
    }
    Ok(())
}

fn print_recent(pulse: &Pulse, output: &mut Output) -> anyhow::Result<()> {
    let minutes = pulse.span_s / 60;
    if pulse.sources.is_empty() && pulse.errors.whole == 0 {
        output.line(format!(
            "Nothing was reported in the last {minutes} minutes."
        ))?;
        return Ok(());
    }
    let edge = pulse.edges_s.last().copied().unwrap_or_default();
    let quantile = |value: Option<f64>| value.map_or("–".into(), |value| seconds(value, edge));
    output.line(format!("In the last {minutes} minutes:"))?;
    for source in &pulse.sources {
        let name = &source.name;
        let note = if source.is_synthetic {
            " (made up)"
        } else {
            ""
        };
        let memory = source
            .memory_bytes
            .map(|bytes| format!(", {} MiB", mib(bytes)));
        output.line(format!("  {name}{note}{}", memory.unwrap_or_default()))?;
    }
    let total = pulse.errors.whole;
    output.line(format!(
        "  {total} calculations of all components, on and off together, {:.1} a second now",
        pulse.per_second
    ))?;
    output.line(format!("  failed      {}", share(&pulse.errors)))?;
    output.line(format!(
        "  took        p50 {}, p95 {}, p99 {}",
        quantile(pulse.p50_s),
        quantile(pulse.p95_s),
        quantile(pulse.p99_s)
    ))?;
    if let Some(confidence) = pulse.confidence {
        output.line(format!("  confidence  {confidence:.2} on average"))?;
    }
    Ok(())
}

/// Prints the verdict, the arms of each component, and the command that rolls back one that does
/// harm.
fn print_verdicts(pulse: &Pulse, output: &mut Output) -> anyhow::Result<()> {
    if pulse.components.is_empty() {
        return Ok(());
    }
    output.line("")?;
    output.line(&pulse.verdict.sentence)?;
    output.table(&verdicts(&pulse.components))?;
    let hidden = pulse.components_total - pulse.components.len();
    if hidden > 0 {
        output.line(format!("  … and {hidden} more"))?;
    }
    let plans = pulse
        .components
        .iter()
        .filter_map(|it| it.rollback.as_ref());
    for plan in plans {
        output.line(format!(
            "To roll back: flagctl rollback {}  ({})",
            plan.component, plan.sentence
        ))?;
    }
    Ok(())
}

fn verdicts(components: &[JudgedComponent]) -> Table<5> {
    let headings = [
        "COMPONENT",
        "FAILED ON",
        "FAILED OFF",
        "DIFFERENCE",
        "SINCE",
    ];
    let mut table = Table::headed(headings).indented("  ");
    for it in components {
        let (on, off) = (arm(it.exposed.as_ref()), arm(it.control.as_ref()));
        let difference = it.difference.as_ref().map_or("–".into(), difference);
        let since = it
            .since
            .map_or("15 min".into(), |it| format!("revision {it}"));
        let cells = [dash(&it.component).to_owned(), on, off, difference, since];
        table.row(cells.map(Line::from));
        if let Some(unknown) = &it.unknown {
            let words = format!("unknown users: {}", arm(Some(unknown)));
            let cells = ["", &words, "", "", ""];
            table.row(cells.map(Line::from));
        }
    }
    table
}

/// `9.20 % (7.6 to 11.2)`, or how few there are of the calculations that a verdict needs.
fn arm(arm: Option<&JudgedArm>) -> String {
    match arm {
        None => "–".into(),
        Some(arm) if arm.standing == Standing::TooFew => {
            format!(
                "too few ({} of {VERDICT_CALCULATIONS_MIN})",
                arm.errors.whole
            )
        }
        Some(arm) => share(&arm.errors),
    }
}

fn difference(it: &DifferenceShare) -> String {
    let [difference, low, high] = [it.difference, it.low, it.high].map(|it| it * 100.0);
    format!("{difference:+.2} ({low:+.2} to {high:+.2})")
}

fn print_totals(counted: &Checkpoint, output: &mut Output) -> anyhow::Result<()> {
    if counted.totals.is_empty() {
        return Ok(());
    }
    output.line("")?;
    output.table(&totals(counted))?;
    output.line("")?;
    let (accepted, switches) = (counted.accepted, counted.toggles.count);
    output.line(format!(
        "{accepted} events in all; flags were switched {switches} times."
    ))?;
    Ok(())
}

fn totals(counted: &Checkpoint) -> Table<6> {
    let headings = [
        "SOURCE",
        "COMPONENT",
        "ARM",
        "CALCULATIONS",
        "ERRORS",
        "MEAN",
    ];
    let mut table = Table::headed(headings).numbers_from(3);
    for row in counted.totals.iter().map(row) {
        let mean = row
            .mean_duration_s
            .map_or("–".into(), |it| seconds(it, f64::MAX));
        let (calculations, errors) = (row.calculations.to_string(), row.errors.to_string());
        table.row([
            row.source.into(),
            dash(row.component).into(),
            dash(row.arm).into(),
            calculations.into(),
            errors.into(),
            mean.into(),
        ]);
    }
    table
}

fn row((labels, total): &(Labels, Total)) -> Row<'_> {
    let completed = total.tally.completed();
    Row {
        source: &labels.source,
        component: &labels.component,
        arm: labels.arm.as_str(),
        calculations: completed,
        errors: total.tally.errors,
        mean_duration_s: (completed > 0).then(|| total.tally.duration_s / completed as f64),
    }
}

fn dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

/// `0.8 % (0.6 to 1.1)`, the interval with 95 % confidence.
fn share(share: &Share) -> String {
    match (share.share, share.low, share.high) {
        (Some(middle), Some(low), Some(high)) => format!(
            "{:.2} % ({:.2} to {:.2})",
            middle * 100.0,
            low * 100.0,
            high * 100.0
        ),
        _ => "–".into(),
    }
}

/// `41 ms`, `1.9 s`, or `>5 s` for what is known only to be more than `edge`.
fn seconds(value: f64, edge: f64) -> String {
    match value {
        value if value > edge => format!(">{edge} s"),
        value if value < 1.0 => format!("{:.0} ms", value * 1000.0),
        value => format!("{value:.2} s"),
    }
}

fn mib(bytes: f64) -> String {
    format!("{:.0}", bytes / (1024.0 * 1024.0))
}
