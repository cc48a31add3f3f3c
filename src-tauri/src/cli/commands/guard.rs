//! `guard`: whether a rollout would be rolled back, from a file of blocks or in simulation; what was
//! decided on a data folder.

mod blocks;
mod simulate;

use flagdeck::wire::{Decision, DecisionOutcome};
use flagdeck::{App, Error};
use flagdeck_core::guard::memory::MemoryRule;
use flagdeck_core::guard::{Evidence, Guard, Rules, Verdict};
use flagdeck_core::limits::DOCUMENT_BYTES_MAX;
use serde::Serialize;

use self::blocks::Numbered;
use crate::arguments::{GuardCommand, ReplayArguments, RulesArguments};
use crate::input;
use crate::output::{Output, Table, when};

/// Bytes of a file of blocks: about half a million.
const FILE_BYTES_MAX: usize = 8 * DOCUMENT_BYTES_MAX;

pub fn run(command: &GuardCommand, output: &mut Output) -> anyhow::Result<()> {
    match command {
        GuardCommand::Replay(arguments) => replay(arguments, output),
        GuardCommand::Simulate(arguments) => simulate::simulate(arguments, output),
        GuardCommand::List | GuardCommand::Decision { .. } => {
            unreachable!("they need an application")
        }
    }
}

/// Lists the decisions of a data folder.
pub fn list(app: &App, output: &mut Output) -> anyhow::Result<()> {
    let decisions = app.rollouts().decisions().map_err(Error::from)?;
    if output.json {
        return Ok(output.value(&decisions)?);
    }
    if decisions.is_empty() {
        return Ok(output.line("Nothing was rolled back because it did harm.")?);
    }
    let mut table = Table::new();
    for decision in &decisions {
        table.row([
            decision.id.to_string().into(),
            when(decision.at_ms).into(),
            name_of(decision).into(),
            decision.sentence.as_str().into(),
        ]);
    }
    Ok(output.table(&table)?)
}

/// Shows a decision, judged again.
pub fn decision(app: &App, id: u64, output: &mut Output) -> anyhow::Result<()> {
    let replayed = app.replay_decision(id)?;
    if output.json {
        return Ok(output.value(&replayed)?);
    }
    let decision = &replayed.decision;
    output.line(format!(
        "{} at {} %, {}, attempt {}",
        name_of(decision),
        decision.percentage,
        when(decision.at_ms),
        decision.attempt
    ))?;
    output.line(format!("    {}", decision.sentence))?;
    output.line(match &decision.outcome {
        DecisionOutcome::Done { revision, .. } => {
            format!("    Switched off with revision {revision}")
        }
        DecisionOutcome::WasOff => "    It was off already".into(),
        DecisionOutcome::Pending { trouble: None } => "    Being carried out".into(),
        DecisionOutcome::Pending { trouble: Some(why) } => {
            format!("    Not carried out yet: {why}")
        }
    })?;
    Ok(output.line(match replayed.is_same {
        Some(true) => "    Judged again from what was stored: the same verdict",
        Some(false) => "    Judged again from what was stored: another verdict",
        None => "    It cannot be judged again: its blocks are not kept any more",
    })?)
}

fn name_of(decision: &Decision) -> &str {
    decision.component.as_deref().unwrap_or("default rollout")
}

/// The evidence after a block, of the tests that a file can have counts for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct After {
    block: i64,
    ln_relative: f64,
    ln_latency: Option<f64>,
    ln_absolute: Option<f64>,
}

/// The first verdict, and the block after which it was reached.
#[derive(Debug, Serialize)]
struct First {
    block: i64,
    #[serde(flatten)]
    verdict: Verdict,
    /// Its place in the file: numbers may be there twice.
    #[serde(skip)]
    place: usize,
}

#[derive(Debug, Serialize)]
struct Replayed {
    blocks: Vec<After>,
    verdict: Option<First>,
}

fn replay(arguments: &ReplayArguments, output: &mut Output) -> anyhow::Result<()> {
    let bytes = input::read(&arguments.file, FILE_BYTES_MAX)?;
    let blocks = blocks::read(&arguments.file, &bytes)?;
    let replayed = replayed(rules_of(arguments), &blocks);
    if output.json {
        return Ok(output.value(&replayed)?);
    }
    output.csv([
        "block",
        "lnRelative",
        "lnLatency",
        "lnAbsolute",
        "action",
        "test",
    ])?;
    for (place, after) in replayed.blocks.iter().enumerate() {
        let first = replayed.verdict.as_ref().filter(|it| it.place == place);
        let action = first.map_or_else(String::new, |first| word(&first.verdict.action));
        let test = first.and_then(|first| first.verdict.test);
        output.csv([
            after.block.to_string().as_str(),
            &ln(Some(after.ln_relative)),
            &ln(after.ln_latency),
            &ln(after.ln_absolute),
            &action,
            &test.map_or_else(String::new, |test| word(&test)),
        ])?;
    }
    Ok(())
}

fn replayed(rules: Rules, blocks: &[Numbered]) -> Replayed {
    let mut guard = Guard::new(rules);
    let mut replayed = Replayed {
        blocks: Vec::with_capacity(blocks.len()),
        verdict: None,
    };
    for (place, Numbered { number, block }) in blocks.iter().enumerate() {
        let verdict = guard.add(block);
        let Evidence {
            ln_relative,
            ln_latency,
            ln_absolute,
            ..
        } = guard.evidence();
        replayed.blocks.push(After {
            block: *number,
            ln_relative: rounded(ln_relative),
            ln_latency: ln_latency.map(rounded),
            ln_absolute: ln_absolute.map(rounded),
        });
        if replayed.verdict.is_none() {
            replayed.verdict = verdict.map(|verdict| First {
                block: *number,
                verdict,
                place,
            });
        }
    }
    replayed
}

fn rules_of(arguments: &ReplayArguments) -> Rules {
    Rules {
        error_limit: Some(arguments.limit),
        memory: Some(MemoryRule {
            limit_bytes: arguments.memory_limit,
            baseline_bytes: arguments.memory_baseline,
        }),
        least_exposed: arguments.least_exposed,
        ..relative(&arguments.rules)
    }
}

/// Rounds evidence to a thousandth of a millionth: the last digits of a logarithm differ from one
/// machine to another, and say nothing.
fn rounded(ln: f64) -> f64 {
    (ln * 1e9).round() / 1e9
}

/// The rules with the comparison of both arms alone.
fn relative(arguments: &RulesArguments) -> Rules {
    Rules {
        alpha: arguments.alpha,
        tolerated_ratio: arguments.tolerated_ratio,
        error_limit: None,
        late_limit: None,
        memory: None,
        least_exposed: None,
        renews: false,
    }
}

fn ln(ln: Option<f64>) -> String {
    ln.map_or_else(String::new, |ln| ln.to_string())
}

/// The word that a value has in JSON.
fn word(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}
