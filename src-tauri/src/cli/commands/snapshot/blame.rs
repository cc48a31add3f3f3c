//! `snapshot blame`: what set a value or took it away, and when it changed before.

use std::iter;

use flagdeck::wire::{Blame, ChangeRecord, Excerpt, Snapshot, StateAt};
use flagdeck::{App, Error};

use crate::key::Key;
use crate::output::{Output, remark, when};

/// Characters of a recorded value: two of them stand on a line with when and from where.
const VALUE_CHARS_MAX: usize = 48;

pub fn blame(
    app: &App,
    at: &StateAt,
    key: &Key,
    with_stack: bool,
    output: &mut Output,
) -> anyhow::Result<()> {
    let blame = match app.blame(at, key.text()) {
        // With what there is instead.
        Err(error @ Error::NotFound { .. }) => {
            key.find(&app.state_at(at)?.ml)?;
            return Err(error.into());
        }
        blame => blame?,
    };
    if let Some(unreadable) = blame.unreadable {
        remark(&format!("{unreadable}: another change may have set it"));
    }
    if output.json {
        return Ok(output.value(&blame)?);
    }
    for line in lines(&blame, with_stack) {
        output.line(line)?;
    }
    Ok(())
}

fn lines(blame: &Blame, with_stack: bool) -> Vec<String> {
    let mut lines = vec![match &blame.value {
        None => format!(
            "{} is gone; it was {}",
            blame.key,
            shown(blame.before.as_ref())
        ),
        value => format!("{} is {}", blame.key, shown(value.as_ref())),
    }];
    lines.push(match &blame.since {
        Some(since) => format!("  since {}", named(since)),
        None => "  since after the latest snapshot".into(),
    });
    lines.push(match &blame.until {
        Some(until) => format!("  not yet in {}", named(until)),
        None => "  as far back as snapshots go".into(),
    });
    if !blame.records.is_empty() {
        lines.push("Set by:".into());
        let records = blame.records.iter();
        lines.extend(records.flat_map(|record| set_by(record, with_stack)));
    }
    if !blame.earlier.is_empty() {
        lines.push("Changed before in:".into());
        lines.extend(blame.earlier.iter().map(|entry| {
            let sides = [&entry.before, &entry.after].map(|side| cut(shown(side.as_ref())));
            let [before, after] = sides;
            format!("  {}  {before} → {after}", named(&entry.snapshot))
        }));
    }
    lines
}

fn set_by(record: &ChangeRecord, with_stack: bool) -> impl Iterator<Item = String> {
    let frames = record.origin.lines().filter(move |_| with_stack);
    let frames = frames.map(|frame| format!("      {}", frame.trim()));
    iter::once(told(record)).chain(frames)
}

fn named(snapshot: &Snapshot) -> String {
    let name = snapshot.name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(" “{name}”"));
    let Snapshot { id, at_ms, .. } = snapshot;
    format!("snapshot {id} of {}{name}", when(*at_ms))
}

fn told(record: &ChangeRecord) -> String {
    let sides = [&record.before, &record.after].map(|side| cut(shown(side.as_ref())));
    let [before, after] = sides;
    let at = match record.since_ms {
        Some(since_ms) if when(since_ms) != when(record.at_ms) => {
            format!("between {} and {}", when(since_ms), when(record.at_ms))
        }
        _ => when(record.at_ms),
    };
    let from = match record.place.as_str() {
        _ if record.by_report => "  by a whole report".into(),
        "" => String::new(),
        place => format!("  {place}"),
    };
    format!("  {at}  {}  {before} → {after}{from}", record.key)
}

fn shown(excerpt: Option<&Excerpt>) -> String {
    match excerpt {
        None => "nothing".into(),
        Some(excerpt) if excerpt.is_whole => excerpt.text.clone(),
        Some(excerpt) => format!("{}…", excerpt.text),
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text[..end].trim_end_matches('…')),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_change_is_told_on_one_line_with_its_place() {
        let excerpt = |text: &str| {
            Some(Excerpt {
                text: text.into(),
                is_whole: false,
            })
        };
        let mut change = ChangeRecord {
            key: "ml.list".into(),
            before: None,
            after: excerpt(&"1,".repeat(100)),
            at_ms: 0,
            by_report: false,
            since_ms: None,
            place: "panel.js:27".into(),
            origin: "Error\n    at record (state.js:1)\n    at save (panel.js:27:9)".into(),
        };
        let at = when(0);
        let value = format!("{}…", "1,".repeat(24));
        let line = format!("  {at}  ml.list  nothing → {value}  panel.js:27");
        assert_eq!(told(&change), line);
        change.place = String::new();
        change.after = excerpt("7");
        assert_eq!(told(&change), format!("  {at}  ml.list  nothing → 7…"));
    }
}
