//! `doctor --salvage`: what is sound in quarantine, said first and then taken back.

use flagdeck::App;
use flagdeck::app::{Survey, TakenBack};

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
        for survey in &surveys {
            describe(survey, output)?;
        }
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

/// Says what can be read of an entry, and what of it can be taken back.
pub fn describe(survey: &Survey, output: &mut Output) -> anyhow::Result<()> {
    output.line(survey.name.as_str())?;
    output.line(format!("    {}", survey.readable))?;
    if let (Some(from_ms), Some(to_ms)) = (survey.from_ms, survey.to_ms) {
        output.line(format!("    From {} to {}.", when(from_ms), when(to_ms)))?;
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
