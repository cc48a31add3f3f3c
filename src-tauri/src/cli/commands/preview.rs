//! `preview`: who would gain and lose what, before it is done.

use std::ops::ControlFlow;

use flagdeck::app::previews::shapes::{
    Counts, Listed, ListedUsers, OfComponent, OfGroup, Previewed, Wanted,
};
use flagdeck::app::previews::{Over, Planned, percent};
use flagdeck::flags::Incoming;
use flagdeck::store::RevisionNumber;
use flagdeck::wire::path;
use flagdeck::{App, Error};
use flagdeck_core::diff::documents::thousands;
use flagdeck_core::limits::DOCUMENT_BYTES_MAX;
use flagdeck_core::{Edit, RolloutChange, groups};

use super::Refused;
use crate::arguments::{PreviewArguments, PreviewCommand, RolloutArguments, Who};
use crate::input::read_json;
use crate::output::{Output, Table, remark};

/// Groups and components that are listed for people.
const ROWS_MAX: usize = 20;

pub fn preview(app: &App, arguments: &PreviewArguments, output: &mut Output) -> anyhow::Result<()> {
    let planned = planned(&arguments.planned)?;
    let over = arguments.roster.clone().map_or(Over::Latest, Over::Named);
    if let Some(who) = arguments.list {
        let wanted = Wanted {
            who: who.into(),
            component: arguments.of.as_ref().map(ToString::to_string),
            offset: arguments.offset,
            limit: arguments.limit,
        };
        return list(&app.preview_users(&planned, &over, &wanted)?, output);
    }
    let go_on = |_, _| ControlFlow::Continue(());
    let previewed = app.preview(&planned, &over, &go_on)?;
    let previewed = previewed.expect("nothing breaks it off");
    match output.json {
        true => Ok(output.value(&previewed)?),
        false => tell(&previewed, output),
    }
}

impl From<Who> for Listed {
    fn from(who: Who) -> Self {
        match who {
            Who::Gain => Self::Gain,
            Who::Lose => Self::Lose,
            Who::On => Self::On,
            Who::Off => Self::Off,
        }
    }
}

fn planned(command: &PreviewCommand) -> anyhow::Result<Planned> {
    Ok(match command {
        PreviewCommand::Set(arguments) => Planned::Edit(Edit::SetComponents {
            paths: vec![path(&arguments.component)?],
            on: arguments.position.is_on(),
        }),
        PreviewCommand::Master { position } => Planned::Edit(Edit::SetMaster {
            on: position.is_on(),
        }),
        PreviewCommand::Rollout { rollout, share } => {
            let percentage = rollout.percentage.or(*share);
            Planned::Edit(rollout_edit(rollout, percentage)?)
        }
        PreviewCommand::Import { file, format } => {
            let bytes = read_json(file, DOCUMENT_BYTES_MAX)?;
            let incoming = Incoming::read(bytes, format.map(Into::into));
            let incoming = incoming.map_err(|problems| Error::Invalid { problems })?;
            Planned::Edit(Edit::Replace(incoming.document))
        }
        PreviewCommand::Restore { revision } => Planned::Restore(RevisionNumber(*revision)),
        PreviewCommand::Undo => Planned::Undo(None),
        PreviewCommand::Redo => Planned::Redo(None),
    })
}

fn rollout_edit(
    rollout: &RolloutArguments,
    percentage: Option<flagdeck_core::Percentage>,
) -> anyhow::Result<Edit> {
    let component = rollout.component.as_deref().map(path).transpose()?;
    let named = rollout.groups.as_deref();
    let change = RolloutChange {
        percentage,
        user_groups: named.map(|named| groups::owned(groups::split(named))),
        strategy: rollout.strategy,
    };
    match component {
        Some(component) if rollout.inherit => Ok(Edit::ClearRollout { component }),
        _ if change == RolloutChange::default() => {
            let message = "name what would change: --percentage, --groups, --strategy or --inherit";
            Err(Refused(message.into()).into())
        }
        component => Ok(Edit::SetRollout { component, change }),
    }
}

fn list(listed: &ListedUsers, output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        return Ok(output.value(listed)?);
    }
    output.csv(["id", "groups", "weight"])?;
    for user in &listed.users {
        output.csv([
            user.id.as_str(),
            &user.groups.join(";"),
            &user.weight.to_string(),
        ])?;
    }
    if listed.more {
        let next = listed.offset + listed.users.len();
        remark(&format!("there are more: --offset {next}"));
    }
    Ok(())
}

fn tell(previewed: &Previewed, output: &mut Output) -> anyhow::Result<()> {
    output.line(&previewed.all.sentence)?;
    if let Some(weighted) = &previewed.all.weighted {
        output.line(format!("  by weight: {}", by_weight(weighted)))?;
    }
    tell_components(&previewed.components, output)?;
    tell_groups(&previewed.all.groups, output)?;
    if let Some(warning) = &previewed.all.warning {
        remark(&format!("warning: {warning}"));
    }
    Ok(())
}

fn by_weight(weighted: &Counts<f64>) -> String {
    let Counts {
        gain,
        lose,
        unchanged,
        ..
    } = weighted;
    format!(
        "{} gain, {} lose, {} unchanged",
        percent(*gain),
        percent(*lose),
        percent(*unchanged)
    )
}

fn tell_components(components: &[OfComponent], output: &mut Output) -> anyhow::Result<()> {
    let is_told_already = matches!(components, [only] if only.expected.len() < 2);
    if components.is_empty() || is_told_already {
        return Ok(());
    }
    let mut table = Table::headed(["COMPONENT", "GROUP", "GAIN", "LOSE", "ON", "OFF"])
        .numbers_from(2)
        .indented("  ");
    for of in components.iter().take(ROWS_MAX) {
        if let Some(people) = of.people {
            let cells = [people.gain, people.lose, people.on, people.off];
            let [gain, lose, on, off] = cells.map(|count| thousands(count as usize).into());
            table.row([
                of.component.as_str().into(),
                "all".into(),
                gain,
                lose,
                on,
                off,
            ]);
        }
        for expected in &of.expected {
            let parts = expected.parts;
            let cells = [parts.gain, parts.lose, parts.on, parts.off];
            let [gain, lose, on, off] = cells.map(|part| percent(part).into());
            let group = expected.group.as_deref().unwrap_or("in none of these");
            table.row([
                of.component.as_str().into(),
                group.into(),
                gain,
                lose,
                on,
                off,
            ]);
        }
    }
    output.table(&table)?;
    more(components.len(), "components", output)
}

fn tell_groups(groups: &[OfGroup], output: &mut Output) -> anyhow::Result<()> {
    // People in no group are all there are.
    if groups.iter().all(|of| of.group.is_none()) {
        return Ok(());
    }
    let mut groups: Vec<&OfGroup> = groups.iter().collect();
    let affected = |of: &OfGroup| of.people.gain + of.people.lose - of.people.both;
    groups.sort_by_key(|of| std::cmp::Reverse(affected(of)));
    let mut table = Table::headed(["GROUP", "GAIN", "LOSE", "UNCHANGED"])
        .numbers_from(1)
        .indented("  ");
    for of in groups.iter().take(ROWS_MAX) {
        let cells = [of.people.gain, of.people.lose, of.people.unchanged];
        let [gain, lose, unchanged] = cells.map(|count| thousands(count as usize).into());
        let group = of.group.as_deref().unwrap_or("in no group");
        table.row([group.into(), gain, lose, unchanged]);
    }
    output.table(&table)?;
    more(groups.len(), "groups", output)
}

fn more(rows: usize, what: &str, output: &mut Output) -> anyhow::Result<()> {
    match rows.saturating_sub(ROWS_MAX) {
        0 => Ok(()),
        more => Ok(output.line(format!("  … and {} more {what} (--json)", thousands(more)))?),
    }
}
