//! The beginning of a file → what it is, and what its columns are taken for.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

use flagdeck_core::text;
use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use super::lines::{Lines, read_full};
use super::sqlite::{self, Sqlite};
use super::table::{Table, cells_of};
use super::{Opened, Rows};
use crate::rosters::RostersError;
use crate::rosters::limits::{COLUMNS_MAX, FILE_BYTES_MAX, SAMPLE_BYTES};

/// The format of a file of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum FileFormat {
    /// Columns that are named in the first line.
    Csv,
    /// One id a line.
    Lines,
    /// An object a line.
    Ndjson,
    /// A table of a SQLite database.
    Sqlite,
    /// No file: what applications report.
    Events,
}

/// How text is written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(rename_all = "snake_case"))]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, the lower byte first.
    Utf16Le,
    /// UTF-16, the higher byte first.
    Utf16Be,
}

/// What a column is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    test,
    derive(TS),
    ts(rename = "ColumnTaken", rename_all = "snake_case")
)]
pub enum Taken {
    /// The user's id.
    Id,
    /// The groups the user is in.
    Groups,
    /// How much the user counts in weighted shares.
    Weight,
    /// Kept as text.
    Attribute,
}

/// A column, or a key of objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename = "FileColumn", rename_all = "camelCase"))]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it is taken for.
    pub taken: Taken,
}

/// What was recognised of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename = "FileForm", rename_all = "camelCase"))]
pub struct Form {
    /// Its format.
    pub format: FileFormat,
    /// What separates cells; `None` if nothing does.
    pub separator: Option<char>,
    /// How its text is written; `None` for a database.
    pub encoding: Option<Encoding>,
    /// The table that is read; `None` for text.
    pub table: Option<String>,
    /// Its columns in their order; of objects, their keys as they are met.
    pub columns: Vec<Column>,
}

impl Taken {
    /// Tells by the name of a column. Case and blanks around it do not count.
    pub(super) fn of(name: &str) -> Self {
        match name.trim().to_ascii_lowercase().as_str() {
            "id" => Self::Id,
            "groups" => Self::Groups,
            "weight" => Self::Weight,
            _ => Self::Attribute,
        }
    }
}

impl Column {
    /// Makes columns of their names. Of several with one meaning, the first has it.
    pub(super) fn of_names<T: AsRef<str>>(names: &[T]) -> Vec<Self> {
        let mut columns: Vec<Self> = Vec::with_capacity(names.len());
        for name in names.iter().map(AsRef::as_ref) {
            let taken = Taken::of(name);
            let is_first = columns.iter().all(|column| column.taken != taken);
            columns.push(Self {
                name: name.to_owned(),
                taken: if is_first { taken } else { Taken::Attribute },
            });
        }
        columns
    }
}

/// Recognises a file and prepares to read it from its beginning.
pub(super) fn open(
    path: &Path,
    mut file: File,
    table: Option<&str>,
) -> Result<Opened, RostersError> {
    let failed = |source: io::Error| RostersError::File {
        path: path.to_owned(),
        source,
    };
    let refused = |message: String| RostersError::Refused {
        message: format!("the file {} {message}", path.display()),
    };
    let total = file.metadata().map_err(failed)?.len();
    if total > FILE_BYTES_MAX {
        return Err(refused("is larger than 16 GiB".into()));
    }
    let mut sample = vec![0; SAMPLE_BYTES];
    let length = read_full(&mut file, &mut sample).map_err(failed)?;
    sample.truncate(length);
    if sample.starts_with(sqlite::MAGIC) {
        return of_sqlite(Sqlite::open(path, table)?);
    }
    if table.is_some() {
        return Err(refused("is no SQLite database, so it has no tables".into()));
    }
    let encoding = encoding(&sample).map_err(refused)?;
    let looked = Looked::at(&decoded(&sample, encoding)).map_err(refused)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let lines = Lines::new(file, encoding, looked.ends_with_cr, total);
    looked.opened(lines, encoding).map_err(failed)
}

fn of_sqlite(sqlite: Sqlite) -> Result<Opened, RostersError> {
    let form = Form {
        format: FileFormat::Sqlite,
        separator: None,
        encoding: None,
        table: Some(sqlite.table.clone()),
        columns: sqlite.columns.clone(),
    };
    let rows = Rows::Sqlite(sqlite);
    Ok(Opened { form, rows })
}

/// Tells UTF-16 with a byte order mark from UTF-8; refuses what is neither.
fn encoding(sample: &[u8]) -> Result<Encoding, String> {
    match sample {
        [b'P', b'K', 3, 4, ..] => {
            Err("is a spreadsheet or an archive; save the sheet as CSV".into())
        }
        [0xFF, 0xFE, 0, 0, ..] => Err("is UTF-32; save it as UTF-8".into()),
        [0xFF, 0xFE, ..] => Ok(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => Ok(Encoding::Utf16Be),
        _ => match text::unmarked(sample) {
            Ok(_) => Ok(Encoding::Utf8),
            Err(error) => Err(error.to_string()),
        },
    }
}

fn decoded(sample: &[u8], encoding: Encoding) -> String {
    let units = |unit: fn([u8; 2]) -> u16| {
        let (pairs, _) = sample.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match encoding {
        Encoding::Utf8 => String::from_utf8_lossy(sample).into_owned(),
        Encoding::Utf16Le => units(u16::from_le_bytes),
        Encoding::Utf16Be => units(u16::from_be_bytes),
    };
    text.trim_start_matches('\u{feff}').to_owned()
}

/// What the beginning of a text shows.
struct Looked {
    ends_with_cr: bool,
    kind: Kind,
}

enum Kind {
    Ndjson,
    Lines,
    /// Cells that may be quoted; the first `skipped` lines are no rows.
    Table {
        separator: u8,
        columns: Vec<Column>,
        skipped: usize,
    },
}

/// What can separate cells, the first of equals.
const SEPARATORS: [char; 3] = [';', '\t', ','];

impl Looked {
    fn at(sample: &str) -> Result<Self, String> {
        let ends_with_cr = sample.contains('\r') && !sample.contains('\n');
        let lines = sample.split(['\n', '\r']);
        let mut lines = lines.filter(|line| !line.trim().is_empty());
        let Some(first) = lines.next() else {
            return Err("has no user id in it".into());
        };
        let kind = match first.trim_start() {
            text if is_object(text) => Kind::Ndjson,
            text if text.starts_with("[{") || text.trim_end() == "[" => {
                return Err("is a JSON list; write one object a line, as jq -c '.[]' does".into());
            }
            _ => table_of(first, &mut lines)?,
        };
        Ok(Self { ends_with_cr, kind })
    }

    fn opened(self, lines: Lines, encoding: Encoding) -> io::Result<Opened> {
        let id = || Column::of_names(&["id"]);
        let (format, separator, columns, rows) = match self.kind {
            Kind::Ndjson => (FileFormat::Ndjson, None, Vec::new(), Rows::Ndjson(lines)),
            Kind::Lines => (FileFormat::Lines, None, id(), Rows::Lines(lines)),
            Kind::Table {
                separator,
                columns,
                skipped,
            } => {
                let rows = Table::new(lines, separator, columns.clone(), skipped)?;
                let shown = (columns.len() > 1).then(|| char::from(separator));
                (FileFormat::Csv, shown, columns, Rows::Table(Box::new(rows)))
            }
        };
        let form = Form {
            format,
            separator,
            encoding: Some(encoding),
            table: None,
            columns,
        };
        Ok(Opened { form, rows })
    }
}

/// An id in braces, as of a GUID, is none.
fn is_object(text: &str) -> bool {
    let within = text.strip_prefix('{').map(str::trim_start);
    within.is_some_and(|within| within.is_empty() || within.starts_with(['"', '}']))
}

fn table_of<'a>(first: &str, rest: &mut impl Iterator<Item = &'a str>) -> Result<Kind, String> {
    // The first line with which a spreadsheet is told the separator.
    let told = first
        .trim()
        .strip_prefix("sep=")
        .and_then(|it| it.chars().next());
    let told = told.filter(|it| SEPARATORS.contains(it));
    let (header, skipped) = match told {
        Some(_) => (rest.next().unwrap_or_default(), 2),
        None => (first, 1),
    };
    let separators = told.map_or(SEPARATORS.to_vec(), |it| vec![it]);
    let named = separators
        .iter()
        .map(|it| (*it as u8, cells_of(header, *it as u8)));
    let has_id = |(_, cells): &(u8, Vec<String>)| cells.iter().any(|it| Taken::of(it) == Taken::Id);
    // The most cells: a column of another separator may be named id by chance.
    let named = named.filter(has_id).max_by_key(|(_, cells)| cells.len());
    if let Some((separator, names)) = named {
        return match names.len() > COLUMNS_MAX {
            true => Err(format!("has more than {COLUMNS_MAX} columns")),
            false => Ok(Kind::Table {
                separator,
                columns: Column::of_names(&names),
                skipped,
            }),
        };
    }
    without_names(header, rest, (&separators, skipped - 1))
}

/// Without a line that names columns, there is only one: the ids.
fn without_names<'a>(
    header: &str,
    rest: &mut impl Iterator<Item = &'a str>,
    (separators, skipped): (&[char], usize),
) -> Result<Kind, String> {
    let is_split = |line: &str| {
        separators
            .iter()
            .any(|it| cells_of(line, *it as u8).len() > 1)
    };
    if is_split(header) {
        return Err(
            "has several columns, and its first line names none of them id; \
             name them, as in: id,groups,weight"
                .into(),
        );
    }
    let is_quoted = |line: &str| {
        let line = line.trim();
        line.len() > 1 && line.starts_with('"') && line.ends_with('"')
    };
    // The last line of the beginning may be cut.
    let is_table = is_quoted(header) && rest.take(20).all(is_quoted);
    Ok(match is_table || skipped > 0 {
        true => Kind::Table {
            separator: separators[0] as u8,
            columns: Column::of_names(&["id"]),
            skipped,
        },
        false => Kind::Lines,
    })
}
