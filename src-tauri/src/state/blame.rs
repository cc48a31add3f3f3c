//! What set or removed a value, and when it changed before.
//!
//! A value is followed by identity: the element of a list whose `id` is 7 stays the same value when
//! an earlier element is removed. Reads the snapshots from the latest chain on, each forward, until
//! it has seen enough; that takes some tens of microseconds for each.

use flagdeck_core::state::Change;
use flagdeck_core::tree::{Path, Tree};
use rusqlite::Connection;

use super::limits::{BLAME_EARLIER_MAX, BLAME_RECORDS_MAX, BLAME_VALUES_MAX};
use super::records::{
    Known, Span, dotted_key, is_around, is_as_left, is_reported_around, shown_report,
};
use super::store::{self, Row, Source};
use super::{StateError, States, show};
use crate::state::shapes::{
    Blame, BlameEntry, BlameValue, ChangeRecord, Excerpt, StateAt, Unreadable,
};
use crate::store::StoreError;

impl States {
    /// Returns which change set or removed a value, when, and from where. `key` is a key as a
    /// difference prints it, or a JSON Pointer.
    ///
    /// # Errors
    /// [`StateError`] if there is no such state, the value was never there, or it cannot be read.
    pub(crate) fn blame(&self, at: &StateAt, key: &str) -> Result<Blame, StateError> {
        self.surely(|| {
            let asked: Path = key.parse().map_err(|error| StateError::Invalid {
                message: format!("{error}"),
            })?;
            let connection = self.reader_of(&show::name_of(at))?;
            let moment = connection
                .unchecked_transaction()
                .map_err(StoreError::from)?;
            let seen = Seen::of(&moment, at)?;
            // By identity from here on, if it is there.
            let pointer = asked.find(&seen.tree);
            let named = pointer.as_deref().and_then(|it| Path::of(&seen.tree, it));
            let path = named.unwrap_or(asked);
            let past = Past::of(&moment, &seen.rows, &path, &seen.tree)?;
            if pointer.is_none() && past.turns.is_empty() {
                let readable = match past.unreadable {
                    0 => "",
                    _ => " that can be read",
                };
                return Err(StateError::NotFound {
                    message: format!(
                        "there is no {}, now or in any snapshot{readable}",
                        path.rooted()
                    ),
                });
            }
            seen.told(&moment, &path, pointer, past)
        })
    }
}

/// The state that is looked at, with the snapshots up to it.
struct Seen {
    source: Source,
    tree: Tree,
    rows: Vec<Row>,
    /// Whether it is the present state of the source, later than all snapshots.
    is_now: bool,
}

impl Seen {
    fn of(connection: &rusqlite::Transaction<'_>, at: &StateAt) -> Result<Self, StateError> {
        match at {
            StateAt::Now { source } => {
                let (source, tree) = store::current(connection, &source.parse()?)?;
                Ok(Self {
                    rows: store::of_source(connection, Some(source.id))?,
                    source,
                    tree,
                    is_now: true,
                })
            }
            StateAt::Snapshot { id } => {
                let row = store::load(connection, *id)?;
                let mut rows = store::of_source(connection, Some(row.source))?;
                rows.retain(|other| other.snapshot.id <= *id);
                Ok(Self {
                    source: store::get_any_source(connection, &row.snapshot.source.parse()?)?,
                    tree: store::tree_of(connection, &row)?,
                    rows,
                    is_now: false,
                })
            }
        }
    }

    fn told(
        &self,
        connection: &Connection,
        path: &Path,
        pointer: Option<String>,
        past: Past,
    ) -> Result<Blame, StateError> {
        let shown = |place: usize| self.rows[place].snapshot.clone();
        let mut turns = past.turns.into_iter();
        let latest = turns.next();
        let (since, until) = match &latest {
            // As far as snapshots go back.
            None => (past.earliest, None),
            Some(turn) => (turn.place, turn.until),
        };
        let mut blame = Blame {
            key: path.rooted(),
            value: path.value(&self.tree).map(show::excerpt),
            pointer,
            before: latest.as_ref().and_then(|turn| turn.before.clone()),
            since: since.map(shown),
            until: until.map(shown),
            records: Vec::new(),
            earlier: Vec::new(),
            values: self.numbers(path, past.numbers),
            unreadable: None,
        };
        let entries = turns.filter_map(|turn| {
            Some(BlameEntry {
                snapshot: shown(turn.place?),
                before: turn.before,
                after: turn.after,
            })
        });
        blame.earlier = entries.take(BLAME_EARLIER_MAX).collect();
        let (records, damaged) = self.records(connection, path, &blame, (since, until))?;
        blame.records = records;
        let unreadable = Unreadable {
            records: damaged,
            snapshots: past.unreadable,
        };
        blame.unreadable = unreadable.if_any();
        Ok(blame)
    }

    /// Returns the past numbers of a value, with the present one.
    fn numbers(&self, path: &Path, mut numbers: Vec<BlameValue>) -> Vec<BlameValue> {
        let now = path.value(&self.tree).and_then(Tree::as_f64);
        if let Some(value) = now.filter(|_| self.is_now) {
            let at_ms = self.source.at_ms;
            numbers.push(BlameValue { at_ms, value });
        }
        let too_many = numbers.len().saturating_sub(BLAME_VALUES_MAX);
        numbers.drain(..too_many);
        numbers
    }

    /// Lists the changes that set a value between the last snapshot without it and the first with
    /// it, latest first; with how many could not be read.
    fn records(
        &self,
        connection: &Connection,
        path: &Path,
        blame: &Blame,
        (since, until): (Option<usize>, Option<usize>),
    ) -> Result<(Vec<ChangeRecord>, u32), StateError> {
        let tree = |place: Option<usize>| {
            let row = place.map(|place| &self.rows[place]);
            row.map(|row| store::tree_of(connection, row)).transpose()
        };
        let before = tree(until)?;
        let after = tree(since)?;
        let after = after.as_ref().unwrap_or(&self.tree);
        let begin = until.map_or(0, |place| place + 1);
        let span = Span {
            source: &self.source,
            after: until.map(|place| &self.rows[place]),
            rows: &self.rows[begin..since.map_or(self.rows.len(), |place| place + 1)],
            is_open: since.is_none(),
        };
        let known = Known::of(connection, span, (before.as_ref(), after))?;
        let changes = changes_around(&known, path, [before.as_ref(), Some(after)]);
        let records = changes.iter();
        let mut records: Vec<ChangeRecord> = records
            .map(|change| show::record(change, &known.recorders))
            .collect();
        let latest = changes.first();
        if !latest.is_some_and(|latest| is_left(latest, path, after)) {
            records.extend(reported(&known, path));
            // Within one millisecond the report came later: no recorded change set the value.
            records.sort_by_key(|record| (std::cmp::Reverse(record.at_ms), !record.by_report));
            if !records.iter().any(|record| record.by_report) {
                records.splice(0..0, self.inferred(&known, blame));
            }
        }
        records.truncate(BLAME_RECORDS_MAX);
        Ok((records, known.damaged))
    }

    /// Returns the whole report that must have set a value, as nothing else did: inferred from the
    /// snapshots before and after it. `None` if a recorded change may be lost.
    fn inferred(&self, known: &Known, blame: &Blame) -> Option<ChangeRecord> {
        let until = blame.until.as_ref()?;
        let may_be_lost = known.changes.len() >= (self.source.records as usize).max(1);
        let at_ms = match &blame.since {
            Some(since) => since.at_ms,
            None => self.source.at_ms,
        };
        (!may_be_lost).then(|| ChangeRecord {
            key: blame.key.clone(),
            before: blame.before.clone(),
            after: blame.value.clone(),
            at_ms,
            by_report: true,
            since_ms: Some(until.at_ms),
            place: String::new(),
            origin: String::new(),
        })
    }
}

/// Lists the recorded changes of a value, or of something in it or around it, by where it is in
/// either of the two trees.
fn changes_around<'a>(known: &'a Known, path: &Path, trees: [Option<&Tree>; 2]) -> Vec<&'a Change> {
    let ends = trees.map(|tree| Some((tree?, path.find(tree?)?)));
    let is_about = |change: &&Change| {
        let mut ends = ends.iter().flatten();
        ends.any(|(tree, pointer)| is_around(change, pointer, tree))
    };
    known.changes.iter().filter(is_about).collect()
}

/// Returns whether a value is still what a recorded change set.
fn is_left(change: &Change, path: &Path, after: &Tree) -> bool {
    let pointer = path.find(after);
    match (pointer, &change.new) {
        (Some(pointer), _) => is_as_left(change, &flagdeck_core::tree::dotted(&pointer), after),
        // It is gone, which the removal or replacement of a parent explains.
        (None, None) => true,
        (None, Some(_)) => is_as_left(change, &dotted_key(change), after),
    }
}

/// Lists the changes of whole reports that set what a key leads to, latest first.
fn reported(known: &Known, path: &Path) -> Vec<ChangeRecord> {
    let key = path.to_string();
    let reports = known.reports.iter();
    let found = reports.filter_map(|report| {
        let mut changes = report.changes.iter();
        let about = changes.find(|reported| is_reported_around(reported, &key))?;
        Some(shown_report(report, about))
    });
    found.take(BLAME_RECORDS_MAX).collect()
}

/// The snapshots in which a value changed, latest first, and its numbers, earliest first.
#[derive(Debug, Default)]
struct Past {
    turns: Vec<ValueChange>,
    numbers: Vec<BlameValue>,
    /// The place of the earliest snapshot that was read.
    earliest: Option<usize>,
    /// Snapshots that could not be read.
    unreadable: u32,
}

/// A change of a value between two states.
#[derive(Debug)]
struct ValueChange {
    /// The place of the first snapshot with this value; `None` if there is none yet.
    place: Option<usize>,
    /// The place of the last snapshot with the value before.
    until: Option<usize>,
    before: Option<Excerpt>,
    after: Option<Excerpt>,
}

impl ValueChange {
    fn of(
        (until, place): (Option<usize>, Option<usize>),
        before: Option<&Tree>,
        after: Option<&Tree>,
    ) -> Self {
        Self {
            place,
            until,
            before: before.map(show::excerpt),
            after: after.map(show::excerpt),
        }
    }
}

impl Past {
    fn of(
        connection: &Connection,
        rows: &[Row],
        path: &Path,
        now: &Tree,
    ) -> Result<Self, StoreError> {
        let mut past = Self::default();
        // The value that the next chain ends with if nothing changed in between.
        let mut next: (Option<Tree>, Option<usize>) = (path.value(now).cloned(), None);
        let mut end = rows.len();
        for chain in rows.chunk_by(|one, other| one.chain == other.chain).rev() {
            end -= chain.len();
            let seen = SeenChain::of(connection, chain, end, path)?;
            let unread = chain.len().saturating_sub(seen.read);
            past.unreadable += u32::try_from(unread).unwrap_or(u32::MAX);
            let (Some((first, first_place)), Some((last, last_place))) = (seen.first, seen.last)
            else {
                continue;
            };
            if last != next.0 {
                // It changed between two chains, or since the latest snapshot.
                let places = (Some(last_place), next.1);
                past.turns
                    .push(ValueChange::of(places, last.as_ref(), next.0.as_ref()));
            }
            past.turns.extend(seen.turns.into_iter().rev());
            past.numbers.splice(0..0, seen.numbers);
            past.earliest = Some(first_place);
            next = (first, Some(first_place));
            if past.turns.len() > BLAME_EARLIER_MAX {
                break;
            }
        }
        Ok(past)
    }
}

/// A value, if it is there, and the place of the snapshot that has it.
type Placed = (Option<Tree>, usize);

/// What one chain has of a value, in the snapshots that can be read.
#[derive(Debug, Default)]
struct SeenChain {
    first: Option<Placed>,
    last: Option<Placed>,
    /// Its changes within the chain, in order.
    turns: Vec<ValueChange>,
    numbers: Vec<BlameValue>,
    /// How many snapshots could be read.
    read: usize,
}

impl SeenChain {
    /// `begin` is the place of the chain among all snapshots.
    fn of(
        connection: &Connection,
        chain: &[Row],
        begin: usize,
        path: &Path,
    ) -> Result<Self, StoreError> {
        let mut seen = Self::default();
        store::each_state(connection, chain, |place, row, state| {
            seen.add(begin + place, row, path.value(state));
        })?;
        Ok(seen)
    }

    fn add(&mut self, place: usize, row: &Row, value: Option<&Tree>) {
        self.read += 1;
        self.numbers
            .extend(value.and_then(Tree::as_f64).map(|value| {
                let at_ms = row.snapshot.at_ms;
                BlameValue { at_ms, value }
            }));
        match &mut self.last {
            None => {
                self.first = Some((value.cloned(), place));
                self.last = self.first.clone();
            }
            Some((last, last_place)) => {
                if value != last.as_ref() {
                    let places = (Some(*last_place), Some(place));
                    self.turns
                        .push(ValueChange::of(places, last.as_ref(), value));
                    *last = value.cloned();
                }
                *last_place = place;
            }
        }
    }
}
