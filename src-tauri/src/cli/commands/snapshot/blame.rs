//! `snapshot blame`: what set a value, and when it changed before.

use flagdeck::App;
use flagdeck::wire::{Blame, ChangeRecord, Excerpt, Snapshot, StateAt};

use crate::key::Key;
use crate::output::{Output, when};

/// What the first line of a stack trace says, which tells nothing.
const TRACE_BEGINS: &str = "Error";

pub fn blame(app: &App, at: &StateAt, key: &Key, output: &mut Output) -> anyhow::Result<()> {
    let pointer = key.find(&app.state_at(at)?.ml)?;
    let blame = app.blame(at, &pointer)?;
    if output.json {
        return Ok(output.value(&blame)?);
    }
    for line in lines(key, &blame) {
        output.line(line)?;
    }
    Ok(())
}

fn lines(key: &Key, blame: &Blame) -> Vec<String> {
    let mut lines = vec![format!("{key} is {}", shown(blame.value.as_ref()))];
    lines.push(match &blame.since {
        Some(since) => format!("  since {}", named(since)),
        None => "  since after the latest snapshot".into(),
    });
    lines.push(match &blame.until {
        Some(until) => format!("  not yet in {}", named(until)),
        None => "  as far back as snapshots go".into(),
    });
    if !blame.records.is_empty() {
        lines.push("Recorded by the application:".into());
        lines.extend(blame.records.iter().map(record));
    }
    if !blame.earlier.is_empty() {
        lines.push("Changed before in:".into());
        lines.extend(blame.earlier.iter().map(|it| format!("  {}", named(it))));
    }
    lines
}

fn named(snapshot: &Snapshot) -> String {
    let name = snapshot.name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(" “{name}”"));
    let Snapshot { id, at_ms, .. } = snapshot;
    format!("snapshot {id} of {}{name}", when(*at_ms))
}

fn record(record: &ChangeRecord) -> String {
    let (before, after) = (shown(record.before.as_ref()), shown(record.after.as_ref()));
    let at = when(record.at_ms);
    let from = place(&record.origin);
    let from = from.map_or_else(String::new, |from| format!("  {from}"));
    format!("  {at}  {}  {before} → {after}{from}", record.key)
}

/// Returns from where a change came: of a stack trace, the first place it names.
fn place(origin: &str) -> Option<&str> {
    let lines = origin.lines().map(str::trim);
    let mut told = lines.filter(|line| !line.is_empty() && !line.starts_with(TRACE_BEGINS));
    told.next()
}

fn shown(excerpt: Option<&Excerpt>) -> String {
    match excerpt {
        None => "nothing".into(),
        Some(excerpt) if excerpt.is_whole => excerpt.text.clone(),
        Some(excerpt) => format!("{}…", excerpt.text),
    }
}
