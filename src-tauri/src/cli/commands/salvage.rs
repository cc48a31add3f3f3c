//! `doctor --salvage`: what is sound in quarantine, said first and then taken back.

use flagdeck::App;
use flagdeck::app::{Survey, TakenBack};

use super::quarantine::heading;
use crate::input::{can_answer, is_confirmed};
use crate::output::{Output, remark, when};

/// Says what can be taken back of these entries, or of all, and takes it back if that is confirmed.
pub fn salvage(app: &App, names: &[String], yes: bool, output: &mut Output) -> anyhow::Result<()> {
    let names = match names {
        [] => app.quarantine()?.into_iter().map(|it| it.name).collect(),
        names => names.to_vec(),
    };
    let surveys = names.iter().map(|name| app.survey(name));
    let surveys: Vec<Survey> = surveys.collect::<Result<_, _>>()?;
    if output.json && !yes {
        return Ok(output.value(&surveys)?);
    }
    if !output.json {
        describe_all(app, &surveys, output)?;
    }
    let some: Vec<&Survey> = surveys.iter().filter(|it| !it.takes.is_empty()).collect();
    if some.is_empty() && !output.json {
        output.line("Nothing in quarantine can be taken back.")?;
    } else if yes || is_wanted(output)? {
        take_back(app, &some, output)?;
    } else {
        remark("nothing was taken back: add --yes to do it");
    }
    Ok(())
}

/// Says of entries what they are, what can be read of them, and what of that can be taken back.
pub fn describe_all(app: &App, surveys: &[Survey], output: &mut Output) -> anyhow::Result<()> {
    let entries = app.quarantine()?;
    for survey in surveys {
        if let Some(entry) = entries.iter().find(|entry| entry.name == survey.name) {
            heading(entry, output)?;
        }
        describe(survey, output)?;
    }
    Ok(())
}

fn describe(survey: &Survey, output: &mut Output) -> anyhow::Result<()> {
    output.line(format!("    {}", survey.readable))?;
    let span = survey.from_ms.zip(survey.to_ms);
    if let Some((from, to)) = span.map(|(from_ms, to_ms)| (when(from_ms), when(to_ms))) {
        output.line(match from == to {
            true => format!("    Saved {from}."),
            false => format!("    Saved from {from} to {to}."),
        })?;
    }
    for part in &survey.takes {
        output.line(format!("    Can be taken back: {part}"))?;
    }
    for change in &survey.changes {
        output.line(format!("        {change}"))?;
    }
    for sentence in &survey.leaves {
        output.line(format!("    {sentence}"))?;
    }
    Ok(())
}

fn is_wanted(output: &mut Output) -> anyhow::Result<bool> {
    // What is asked about was printed before.
    output.finish()?;
    Ok(can_answer() && is_confirmed("Take it back?")?)
}

fn take_back(app: &App, surveys: &[&Survey], output: &mut Output) -> anyhow::Result<()> {
    let taken = surveys.iter().map(|survey| app.take_back(&survey.name));
    let taken: Vec<TakenBack> = taken.collect::<Result<_, _>>()?;
    if output.json {
        return Ok(output.value(&taken)?);
    }
    for TakenBack { name, taken, .. } in &taken {
        let taken = match taken.as_slice() {
            [] => "nothing, because nothing was missing".into(),
            parts => parts.join(", "),
        };
        output.line(format!("Taken back from {name}: {taken}"))?;
    }
    Ok(())
}
