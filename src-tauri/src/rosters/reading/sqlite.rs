//! Rows of one table of a SQLite database, which is opened to be read and never changed.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::cells::{NO_ID, not_a_weight, take};
use super::lines::{NOT_TEXT, told};
use super::recognise::{Column, Taken};
use super::row::Row;
use super::{Done, Stopped, Visit};
use crate::rosters::RostersError;
use crate::rosters::limits::COLUMNS_MAX;

/// How a file begins that is a database.
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";

/// A table of a database.
#[derive(Debug)]
pub(super) struct Sqlite {
    connection: Connection,
    pub(super) table: String,
    pub(super) columns: Vec<Column>,
}

impl Sqlite {
    /// Opens the table of this name, or the only one with a column `id`.
    ///
    /// # Errors
    /// [`RostersError::Refused`] if there is none or there are several, or the file is no database.
    pub(super) fn open(path: &Path, table: Option<&str>) -> Result<Self, RostersError> {
        let unreadable = |error: rusqlite::Error| RostersError::Refused {
            message: format!(
                "the file {} is a database that cannot be read: {error}",
                path.display()
            ),
        };
        let connection = connect(path).map_err(unreadable)?;
        let tables = tables(&connection).map_err(unreadable)?;
        let (table, columns) = chosen(path, &tables, table)?;
        Ok(Self {
            connection,
            table,
            columns,
        })
    }

    pub(super) fn each(self, visit: &mut Visit<'_>) -> Result<(), Stopped> {
        let names: Vec<String> = self
            .columns
            .iter()
            .map(|column| quoted(&column.name))
            .collect();
        let table = quoted(&self.table);
        let count = format!("SELECT count(*) FROM {table}");
        let total: i64 = self.connection.query_row(&count, [], |row| row.get(0))?;
        let sql = format!("SELECT {} FROM {table}", names.join(", "));
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let (mut row, mut done) = (Row::default(), 0);
        while let Some(found) = rows.next()? {
            done += 1;
            row.start(done);
            let read = self.read(found, &mut row);
            let total = u64::try_from(total).unwrap_or(0).max(done);
            if told(visit, &row, read, Done { done, total }).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn read(&self, found: &rusqlite::Row<'_>, row: &mut Row) -> Result<(), String> {
        let mut has_id = false;
        for (at, column) in self.columns.iter().enumerate() {
            let value = found.get_ref(at).map_err(|error| error.to_string())?;
            let Some(text) = text_of(value, column.taken)? else {
                continue;
            };
            has_id |= column.taken == Taken::Id;
            take(row, at as u32, column.taken, &text)?;
        }
        match has_id {
            true => Ok(()),
            false => Err(NO_ID.into()),
        }
    }
}

/// Opens a database so that nothing beside it is written either, unless it has a log: then the
/// program that writes to it has its files there already.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let has_log = fs::metadata(PathBuf::from(log)).is_ok_and(|log| log.len() > 0);
    let connection = match has_log {
        true => Connection::open_with_flags(path, flags)?,
        false => {
            let uri = immutable_uri(path);
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
        }
    };
    // A file from elsewhere: nothing that is written in its schema runs.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

fn immutable_uri(path: &Path) -> String {
    const ESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');
    let path = percent_encode(path.as_os_str().as_bytes(), ESCAPED);
    format!("file:{path}?immutable=1")
}

/// Lists the plain tables with their columns: no views, and no tables that a program makes up.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<(String, Vec<String>)>> {
    let mut statement = connection.prepare(
        "SELECT name FROM pragma_table_list
         WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         ORDER BY name",
    )?;
    let names: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let mut tables = Vec::new();
    for name in names {
        let of_table = columns.query_map([&name], |row| row.get(0))?;
        let of_table = of_table.collect::<Result<_, _>>()?;
        tables.push((name, of_table));
    }
    Ok(tables)
}

fn chosen(
    path: &Path,
    tables: &[(String, Vec<String>)],
    wanted: Option<&str>,
) -> Result<(String, Vec<Column>), RostersError> {
    let has_id = |columns: &[String]| columns.iter().any(|name| Taken::of(name) == Taken::Id);
    let candidates = tables.iter().filter(|(name, columns)| match wanted {
        Some(wanted) => name.eq_ignore_ascii_case(wanted),
        None => has_id(columns),
    });
    let candidates: Vec<_> = candidates.collect();
    let refused = |message: String| RostersError::Refused {
        message: format!("the file {} {message}", path.display()),
    };
    let names = |tables: &[&(String, Vec<String>)]| {
        tables
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (&candidates[..], wanted) {
        ([(name, columns)], _) if columns.len() > COLUMNS_MAX => {
            let message = format!("has more than {COLUMNS_MAX} columns in the table {name}");
            Err(refused(message))
        }
        ([(name, columns)], _) if has_id(columns) => Ok((name.clone(), Column::of_names(columns))),
        ([(name, _)], _) => Err(refused(format!("has no column id in the table {name}"))),
        ([], Some(wanted)) => Err(refused(format!("has no table {wanted}"))),
        ([], None) => Err(refused("has no table with a column id".into())),
        (several, _) => Err(refused(format!(
            "has several tables with a column id; say with --table which is meant: {}",
            names(several)
        ))),
    }
}

/// Returns a value as the text of a cell; `None` for none.
fn text_of(value: ValueRef<'_>, taken: Taken) -> Result<Option<String>, String> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(whole) => Ok(Some(whole.to_string())),
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(NOT_TEXT.into()),
        },
        ValueRef::Real(real) => match taken {
            Taken::Id => Err("its id is a number that is not whole".into()),
            Taken::Weight if real > 0.0 && real.is_finite() => Ok(Some(real.to_string())),
            Taken::Weight => Err(not_a_weight(&real.to_string())),
            Taken::Groups | Taken::Attribute => Ok(Some(real.to_string())),
        },
        ValueRef::Blob(_) => match taken {
            Taken::Attribute => Ok(None),
            Taken::Id | Taken::Groups | Taken::Weight => {
                Err("it has bytes that are no text".into())
            }
        },
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
