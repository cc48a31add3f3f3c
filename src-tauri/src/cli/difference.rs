//! What differs between two states, as lines for people: by group, as the window shows it.

use std::io;

use flagdeck::wire::{
    ChangeRecord, Excerpt, ListChange, SeriesChange, StateChange, StateChangeKind, StateDifference,
};
use flagdeck_core::tree::Path;

use crate::output::{Line, Output, Table, Tone, counted, toned, when};

/// The prefix of every group and path, if it is printed.
const ROOT: &str = "ml.";

/// The widest column of names; what is wider pushes its line to the right.
const NAME_WIDTH_MAX: usize = 44;

/// What a name begins with under the heading of its group.
const INDENT: &str = "  ";

/// Prints what differs.
pub fn print(difference: &StateDifference, output: &mut Output) -> io::Result<()> {
    output.table(&table(difference))
}

/// Returns how many changes count: all but those that were asked to be left out.
pub fn count(difference: &StateDifference) -> usize {
    difference.total - difference.noise
}

fn table(difference: &StateDifference) -> Table<2> {
    let mut table = Table::new().widest(INDENT.len() + NAME_WIDTH_MAX);
    for group in groups(difference) {
        group.tell(&mut table);
    }
    for pointer in &difference.unchanged {
        let group = toned(Tone::Heading, &dotted(pointer));
        table.text(group + "  " + toned(Tone::Faint, "unchanged"));
    }
    for remark in remarks(difference) {
        table.text(remark);
    }
    table
}

/// Says what the lines before leave out.
fn remarks(difference: &StateDifference) -> Vec<String> {
    let mut remarks = Vec::new();
    let more = difference.total - difference.changes.len();
    if more > 0 {
        remarks.push(format!("… and {}", counted(more, "more change")));
    }
    if difference.noise > 0 {
        remarks.push(format!("{} left out", counted(difference.noise, "change")));
    }
    if difference.tolerated > 0 {
        let numbers = counted(difference.tolerated, "number");
        remarks.push(format!("{numbers} within the tolerance"));
    }
    if let Some(unreadable) = difference.unreadable {
        remarks.push(format!("{unreadable}, so what set a value may be missing"));
    }
    remarks
}

/// The changes that are shown under one heading.
struct Group<'a> {
    name: &'a str,
    changes: Vec<&'a StateChange>,
    /// The recorded changes that set what differs.
    records: &'a [ChangeRecord],
}

/// Sorts changes into their groups, in the order in which groups come up first.
fn groups(difference: &StateDifference) -> Vec<Group<'_>> {
    let mut groups: Vec<Group> = Vec::new();
    let changes = difference.changes.iter();
    for change in changes.filter(|change| !change.is_noise) {
        match groups.iter_mut().find(|group| group.name == change.group) {
            Some(group) => group.changes.push(change),
            None => groups.push(Group {
                name: &change.group,
                changes: vec![change],
                records: &difference.records,
            }),
        }
    }
    groups
}

impl Group<'_> {
    fn tell(&self, table: &mut Table<2>) {
        let heading = toned(Tone::Heading, self.name) + "  ";
        if self.is_one_value() {
            let change = self.changes[0];
            return table.text(heading + words(change) + self.by(change));
        }
        table.text(heading + toned(Tone::Faint, &self.summary()));
        for change in &self.changes {
            let name = Line::from(INDENT) + name(change);
            table.row([name, words(change) + self.by(change)]);
        }
    }

    /// Says from where and when a value was set, if that is known.
    fn by(&self, change: &StateChange) -> Line {
        let record = change.record.and_then(|place| self.records.get(place));
        // That it came in a whole report goes without saying: blame says which.
        let record = record.filter(|record| !record.by_report);
        let by = record.map(|record| match record.place.as_str() {
            "" => format!("  {}", when(record.at_ms)),
            place => format!("  {place}, {}", when(record.at_ms)),
        });
        by.map_or_else(Line::default, |by| toned(Tone::Faint, &by))
    }

    /// Says whether the group is a single value that changed as a whole, such as a list.
    fn is_one_value(&self) -> bool {
        matches!(self.changes[..], [change] if name(change).is_empty())
    }

    fn summary(&self) -> String {
        let is_series = |change: &StateChange| change.kind == StateChangeKind::Series;
        if !self.changes.iter().all(|change| is_series(change)) {
            return counted(self.changes.len(), "change");
        }
        let lists = self.changes.iter().filter_map(|it| it.list.as_ref());
        let added: usize = lists.map(|list| list.added).sum();
        let values = counted(added, "new value");
        format!("{values} in {} series", self.changes.len())
    }
}

/// Returns the path of a change within its group.
fn name(change: &StateChange) -> &str {
    let group = change.group.strip_prefix(ROOT).unwrap_or(&change.group);
    let path = change.path.strip_prefix(ROOT).unwrap_or(&change.path);
    match path.strip_prefix(group) {
        Some("") => "",
        Some(rest) => rest.strip_prefix('.').unwrap_or(rest),
        None => path,
    }
}

/// Says what happened to one value.
fn words(change: &StateChange) -> Line {
    let before = || shown(change.before.as_ref(), Tone::Before);
    let after = || shown(change.after.as_ref(), Tone::After);
    match change.kind {
        StateChangeKind::Added => Line::from("+ ") + after(),
        StateChangeKind::Removed => Line::from("− ") + before(),
        StateChangeKind::Changed => before() + " → " + after(),
        StateChangeKind::Moved => moved(change).into(),
        StateChangeKind::List => change
            .list
            .as_ref()
            .map(list_words)
            .unwrap_or_default()
            .into(),
        StateChangeKind::Series => {
            let list = change.list.as_ref().map(list_words);
            let series = change.series.as_ref().map(series_words);
            let words = [list, series].into_iter().flatten();
            let words = words.filter(|words| !words.is_empty());
            words.collect::<Vec<_>>().join(", ").into()
        }
    }
}

fn moved(change: &StateChange) -> String {
    match &change.from {
        Some(from) => format!("moved from {}", dotted(from)),
        None => "moved".into(),
    }
}

fn shown(excerpt: Option<&Excerpt>, tone: Tone) -> Line {
    match excerpt {
        None => toned(tone, "nothing"),
        Some(excerpt) if excerpt.is_whole => toned(tone, &excerpt.text),
        Some(excerpt) => toned(tone, &format!("{}…", excerpt.text)),
    }
}

/// Says what happened to the elements of a list: `5 dropped, 5 added`.
fn list_words(list: &ListChange) -> String {
    let counts = [
        (list.dropped, "dropped"),
        (list.added, "added"),
        (list.moved, "moved"),
        (list.changed, "changed"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    match &list.key {
        Some(key) if !words.is_empty() => format!("{}, by {key}", words.join(", ")),
        _ => words.join(", "),
    }
}

/// Says how a list of numbers drifted: `mean +31 %`.
fn series_words(series: &SeriesChange) -> String {
    let (Some(before), Some(after)) = (series.mean_before, series.mean_after) else {
        return String::new();
    };
    if before == 0.0 {
        return format!("mean 0 → {}", plain(after));
    }
    let percent = (100.0 * (after - before) / before.abs()).round();
    match percent {
        0.0 => "mean ±0 %".into(),
        percent if percent > 0.0 => format!("mean +{percent} %"),
        percent => format!("mean −{} %", percent.abs()),
    }
}

/// Writes a number with as many digits as are worth reading.
fn plain(number: f64) -> String {
    let rounded = (number * 1000.0).round() / 1000.0;
    rounded.to_string()
}

/// Writes a JSON Pointer as people read it: `ml.flags.enabled`.
fn dotted(pointer: &str) -> String {
    Path::from_pointer(pointer).rooted()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str) -> Option<Excerpt> {
        Some(Excerpt {
            text: text.into(),
            is_whole: true,
        })
    }

    fn change(group: &str, path: &str, before: &str, after: &str) -> StateChange {
        StateChange {
            pointer: format!("/{}", path.replace('.', "/")),
            path: path.into(),
            group: group.into(),
            kind: StateChangeKind::Changed,
            from: None,
            before: excerpt(before),
            after: excerpt(after),
            list: None,
            series: None,
            is_noise: false,
            record: None,
        }
    }

    fn ring(dropped: usize, added: usize) -> ListChange {
        ListChange {
            key: None,
            is_shifted: true,
            dropped,
            added,
            moved: 0,
            changed: 0,
            length_before: 100,
            length_after: 100,
        }
    }

    fn drift(path: &str, before: f64, after: f64) -> StateChange {
        StateChange {
            kind: StateChangeKind::Series,
            list: Some(ring(5, 5)),
            series: Some(SeriesChange {
                before: vec![before],
                after: vec![after],
                mean_before: Some(before),
                mean_after: Some(after),
                p95_before: None,
                p95_after: None,
                largest_change: None,
            }),
            ..change("ml.metrics.performance", path, "", "")
        }
    }

    fn difference(changes: Vec<StateChange>) -> StateDifference {
        StateDifference {
            total: changes.len(),
            noise: changes.iter().filter(|change| change.is_noise).count(),
            tolerated: 0,
            unchanged: Vec::new(),
            records: Vec::new(),
            unreadable: None,
            changes,
        }
    }

    #[track_caller]
    fn check(difference: &StateDifference, text: &[&str]) {
        let lines: Vec<String> = table(difference)
            .lines()
            .map(|line| line.to_string())
            .collect();
        assert_eq!(lines, text);
    }

    #[test]
    fn changes_are_listed_by_group_as_the_window_lists_them() {
        let groups = StateChange {
            kind: StateChangeKind::Added,
            before: None,
            ..change("ml.flags", "flags.ui.badges.userGroups", "", "\"beta\"")
        };
        let history = StateChange {
            kind: StateChangeKind::List,
            list: Some(ring(11, 11)),
            ..change("ml.history", "history", "", "")
        };
        let mut found = difference(vec![
            change("ml.flags", "flags.ui.badges.percentage", "12.5", "25"),
            drift("metrics.performance.calculationTime", 100.0, 131.0),
            groups,
            drift("metrics.performance.memoryUsage", 100.0, 99.0),
            history,
        ]);
        found.unchanged = vec!["/cache".into()];
        check(
            &found,
            &[
                "ml.flags  2 changes",
                "  ui.badges.percentage  12.5 → 25",
                "  ui.badges.userGroups  + \"beta\"",
                "ml.metrics.performance  10 new values in 2 series",
                "  calculationTime       5 dropped, 5 added, mean +31 %",
                "  memoryUsage           5 dropped, 5 added, mean −1 %",
                "ml.history  11 dropped, 11 added",
                "ml.cache  unchanged",
            ],
        );
    }

    #[test]
    fn what_set_a_value_is_told_where_it_is_known() {
        let record = |place: &str| ChangeRecord {
            key: "ml.flags.on".into(),
            before: None,
            after: excerpt("true"),
            at_ms: 0,
            by_report: false,
            since_ms: None,
            place: place.into(),
            origin: place.into(),
        };
        let set = |record| StateChange {
            record: Some(record),
            ..change("ml.flags", "flags.on", "false", "true")
        };
        let mut found = difference(vec![set(0), set(1), set(2)]);
        found.records = vec![record("panel.js:27"), record("")];
        let at = when(0);
        check(
            &found,
            &[
                "ml.flags  3 changes",
                &format!("  on  false → true  panel.js:27, {at}"),
                &format!("  on  false → true  {at}"),
                "  on  false → true",
            ],
        );
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let noise = StateChange {
            is_noise: true,
            ..change("ml.flags", "flags.at", "1", "2")
        };
        let mut found = difference(vec![noise, change("ml.flags", "flags.on", "false", "true")]);
        found.total = 7;
        found.tolerated = 1;
        check(
            &found,
            &[
                "ml.flags  1 change",
                "  on  false → true",
                "… and 5 more changes",
                "1 change left out",
                "1 number within the tolerance",
            ],
        );
        assert_eq!(count(&found), 6);
    }

    #[test]
    fn every_kind_of_change_has_its_words() {
        let mut list = ring(0, 2);
        list.key = Some("id".into());
        list.moved = 1;
        list.changed = 3;
        assert_eq!(list_words(&list), "2 added, 1 moved, 3 changed, by id");
        let of = |change: StateChange| words(&change).to_string();
        let moved = StateChange {
            kind: StateChangeKind::Moved,
            from: Some("/cache/old".into()),
            ..change("ml.cache", "cache.new", "1", "1")
        };
        assert_eq!(of(moved), "moved from ml.cache.old");
        let removed = StateChange {
            kind: StateChangeKind::Removed,
            after: None,
            before: Some(Excerpt {
                text: "[1,2".into(),
                is_whole: false,
            }),
            ..change("ml.cache", "cache.old", "", "")
        };
        assert_eq!(of(removed), "− [1,2…");
        assert_eq!(of(drift("x", 0.0, 2.0)), "5 dropped, 5 added, mean 0 → 2");
        assert_eq!(of(drift("x", 2.0, 2.0)), "5 dropped, 5 added, mean ±0 %");
        assert_eq!(of(drift("x", -2.0, -1.0)), "5 dropped, 5 added, mean +50 %");
    }
}
