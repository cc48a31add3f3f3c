//! What a data folder has of the last minutes, for a program that only reads, and what components
//! are judged by. Writes nothing.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::collector::{Checkpoint, Collector};
use super::evidence::Arms;
use super::frame::NameId;
use super::store::MetricsReader;
use super::{pulse, shapes};
use crate::store::StoreError;

/// Returns the last minutes as stored in a data folder, for a program that only reads; `None` if
/// nothing was ever measured.
///
/// # Errors
/// [`StoreError`] if what was kept cannot be read.
pub fn glance(
    data_dir: &Path,
    limits: shapes::Limits,
    now_ms: i64,
) -> Result<Option<Glance>, StoreError> {
    let Some(mut reader) = MetricsReader::open(data_dir)? else {
        return Ok(None);
    };
    let collector = replayed(&mut reader, now_ms)?;
    let pulse = pulse::take(&collector.state(), now_ms, limits);
    Ok(Some(Glance {
        pulse,
        counted: collector.checkpoint(),
        collector,
        now_ms,
    }))
}

/// Counts what is stored, without writing anything.
pub(super) fn replayed(reader: &mut MetricsReader, now_ms: i64) -> Result<Collector, StoreError> {
    let names = reader.names()?;
    let past = reader.past()?;
    let collector = Collector::default();
    let mut numbers: HashMap<Box<str>, NameId> = HashMap::new();
    numbers.extend(names.into_iter().map(|(id, name)| (name, id)));
    let mut number = |text: &str| {
        if let Some(id) = numbers.get(text) {
            return Some(*id);
        }
        // Not stored yet: any unused number will do, and they are assigned from 1 up.
        let id = NameId::MAX - numbers.len() as NameId;
        numbers.insert(text.into(), id);
        Some(id)
    };
    collector.resume(past, now_ms, &mut number);
    Ok(collector)
}

/// What was kept in a data folder.
#[derive(Debug)]
pub struct Glance {
    /// The last minutes. Marks, push and verdicts are for the caller to fill in.
    pub pulse: shapes::Pulse,
    /// Everything since counting began.
    pub counted: Checkpoint,
    collector: Collector,
    /// When it was read, in milliseconds since 1970.
    now_ms: i64,
}

impl Glance {
    /// Returns what components are judged by.
    pub fn judged(&self, since_ms: impl Fn(&str) -> i64) -> Judged {
        Judged::of(&self.collector, self.now_ms, since_ms)
    }
}

/// What components, and the memory of the application that uses the most, are judged by.
#[derive(Debug)]
pub struct Judged {
    /// What was counted of each component.
    pub components: BTreeMap<Box<str>, Arms>,
    /// The memory, in bytes; `None` if no application reports any.
    pub host_bytes: Option<f64>,
}

impl Judged {
    pub(super) fn of(collector: &Collector, now_ms: i64, since_ms: impl Fn(&str) -> i64) -> Self {
        let state = collector.state();
        Self {
            components: state.evidence.since(since_ms),
            host_bytes: pulse::host_memory(&state, now_ms),
        }
    }
}
