//! Reading a file of users: recognised by its content, never by its name, and read row by row.
//!
//! CSV as spreadsheets write it, one id a line, NDJSON, and tables of SQLite. A row that cannot be
//! read affects no other. Nothing is kept here, and no file is changed.

mod cells;
mod lines;
mod ndjson;
mod recognise;
mod row;
mod sqlite;
mod table;

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

pub use self::recognise::{Column, Encoding, FileFormat, Form, Taken};
pub(super) use self::row::Row;
use super::RostersError;
use crate::chosen::{self, ReadError};

/// What a reader makes of a row.
#[derive(Debug)]
pub(super) enum Read {
    /// It is in [`Row`].
    Good,
    /// It is left out, for this reason.
    Bad(String),
}

/// What takes the rows of a file, each with what the reader makes of it, and how far the file is
/// read. Breaks off the reading.
pub(super) type Visit<'a> = dyn FnMut(&Row, Read, Done) -> ControlFlow<()> + 'a;

/// How far a file is read: bytes of a text, rows of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// What is read.
    pub done: u64,
    /// What there is.
    pub total: u64,
}

/// A file that was recognised.
#[derive(Debug)]
pub(super) struct Opened {
    form: Form,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    Table(Box<table::Table>),
    Lines(lines::Lines),
    Ndjson(lines::Lines),
    Sqlite(sqlite::Sqlite),
}

/// Why reading stopped before the end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error("the file cannot be read")]
    File(#[from] io::Error),
    #[error("the database cannot be read")]
    Sqlite(#[from] rusqlite::Error),
}

impl Opened {
    /// Opens a file, and finds out what it is. `table` names the one of a database that is meant.
    ///
    /// # Errors
    /// [`RostersError::Refused`] if it is nothing that can be a roster, [`RostersError::File`] if
    /// it cannot be read.
    pub(super) fn open(path: &Path, table: Option<&str>) -> Result<Self, RostersError> {
        let file = chosen::open_file(path).map_err(|error| unread(path, error))?;
        recognise::open(path, file, table)
    }

    /// Returns what was recognised.
    pub(super) fn form(&self) -> &Form {
        &self.form
    }

    /// Reads all rows; returns the form, with the further keys that were met.
    ///
    /// # Errors
    /// [`Stopped`] if it cannot be read to its end.
    pub(super) fn each(self, visit: &mut Visit<'_>) -> Result<Form, Stopped> {
        let Self { mut form, rows } = self;
        match rows {
            Rows::Table(table) => table.each(visit)?,
            Rows::Lines(lines) => lines.each_id(visit)?,
            Rows::Ndjson(lines) => form.columns = ndjson::each(lines, visit)?,
            Rows::Sqlite(sqlite) => sqlite.each(visit)?,
        }
        Ok(form)
    }
}

fn unread(path: &Path, error: ReadError) -> RostersError {
    match error {
        ReadError::File(source) => RostersError::File {
            path: path.to_owned(),
            source,
        },
        refused => RostersError::Refused {
            message: format!("the file {} {refused}", path.display()),
        },
    }
}
