//! A file of blocks, as CSV.

use std::collections::HashMap;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, Trim};
use flagdeck_core::guard::{Block, Counts};
use flagdeck_core::text;

use super::super::Refused;
use crate::input::{remark_reading, subject};

/// A block, with its number in the file.
#[derive(Debug)]
pub struct Numbered {
    pub number: i64,
    pub block: Block,
}

const NEEDED: [&str; 5] = ["block", "exposed", "exposed_bad", "control", "control_bad"];

const POSSIBLE: [&str; 3] = ["exposed_slow", "control_slow", MEMORY];

const MEMORY: &str = "memory_bytes";

/// Calculations of one arm in a block: ten seconds of a million a second. The comparison takes time
/// in proportion.
const CALCULATIONS_MAX: u64 = 10_000_000;

/// Bytes of memory.
const BYTES_MAX: u64 = 1 << 50;

/// Where each column is.
struct Columns(HashMap<String, usize>);

/// Reads all blocks. A message names the line and the column of what is wrong.
pub fn read(file: &Path, bytes: &[u8]) -> anyhow::Result<Vec<Numbered>> {
    let refused = |what: String| Refused(format!("{} {what}", subject(file)));
    let (text, reading) = text::read(bytes).map_err(|error| refused(error.to_string()))?;
    remark_reading(file, reading);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut records = reader.byte_records();
    let header = records.next().transpose()?.unwrap_or_default();
    let columns = Columns::read(&header).map_err(&refused)?;
    let mut blocks = Vec::new();
    for record in records {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let block = columns.block(&record);
        let block = block.map_err(|what| refused(format!("line {line}: {what}")))?;
        blocks.push(block);
    }
    Ok(blocks)
}

impl Columns {
    fn read(header: &ByteRecord) -> Result<Self, String> {
        let mut places = HashMap::new();
        for (at, name) in header.iter().enumerate() {
            let name = String::from_utf8_lossy(name).into_owned();
            if !NEEDED.contains(&&*name) && !POSSIBLE.contains(&&*name) {
                let known = [&NEEDED[..], &POSSIBLE].concat().join(", ");
                return Err(format!("has a column {name:?}; it can have {known}"));
            }
            if places.insert(name.clone(), at).is_some() {
                return Err(format!("has the column {name} twice"));
            }
        }
        let missing: Vec<&str> = NEEDED
            .into_iter()
            .filter(|name| !places.contains_key(*name))
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(format!("lacks columns in its first line: {missing}"));
        }
        if places.contains_key("exposed_slow") != places.contains_key("control_slow") {
            return Err("has one of exposed_slow and control_slow; it needs both or none".into());
        }
        Ok(Self(places))
    }

    fn block(&self, record: &ByteRecord) -> Result<Numbered, String> {
        if record.len() != self.0.len() {
            let (has, columns) = (record.len(), self.0.len());
            return Err(format!("{has} values, and {columns} columns"));
        }
        let number = self.cell(record, "block");
        let number = number
            .parse()
            .map_err(|_| format!("block must be a whole number, not {number:?}"))?;
        Ok(Numbered {
            number,
            block: Block {
                exposed: self.counts(record, ["exposed", "exposed_bad", "exposed_slow"])?,
                control: self.counts(record, ["control", "control_bad", "control_slow"])?,
                memory_bytes: self.count(record, MEMORY)?,
                users: None,
                // When it was is not in the file: what is over the limit counts.
                is_widened: true,
            },
        })
    }

    fn counts(&self, record: &ByteRecord, names: [&str; 3]) -> Result<Counts, String> {
        let [all, bad, slow] = names;
        let needed = |name| {
            let count = self.count(record, name)?;
            count.ok_or_else(|| format!("{name} is empty; it must be a whole number"))
        };
        let calculations = needed(all)?;
        let part = |name: &str, count: u64| match count <= calculations {
            true => Ok(count),
            false => Err(format!(
                "{name} is {count}, more than {all}, which is {calculations}"
            )),
        };
        let failed = part(bad, needed(bad)?)?;
        let slow = match self.0.contains_key(slow) {
            true => vec![part(slow, needed(slow)?)?],
            false => Vec::new(),
        };
        Ok(Counts {
            calculations,
            failed,
            late: 0,
            slow,
        })
    }

    /// Reads a count; `None` if there is no such column or it is empty.
    fn count(&self, record: &ByteRecord, name: &str) -> Result<Option<u64>, String> {
        let text = self.cell(record, name);
        if text.is_empty() {
            return Ok(None);
        }
        let most = match name {
            MEMORY => BYTES_MAX,
            _ => CALCULATIONS_MAX,
        };
        let count = text.parse().ok().filter(|&count: &u64| count <= most);
        let refused = || format!("{name} must be a whole number from 0 to {most}, not {text:?}");
        Ok(Some(count.ok_or_else(refused)?))
    }

    fn cell(&self, record: &ByteRecord, name: &str) -> String {
        let cell = self.0.get(name).and_then(|&at| record.get(at));
        String::from_utf8_lossy(cell.unwrap_or_default()).into_owned()
    }
}
