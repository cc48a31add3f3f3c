//! Rows of CSV (RFC 4180), as spreadsheets write it: separated by commas, semicolons or tabs.

use std::collections::VecDeque;
use std::io;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::Stopped;
use super::Visit;
use super::cells::{NO_ID, take};
use super::lines::{Line, Lines, NOT_TEXT, TOO_LONG, told};
use super::recognise::{Column, Taken};
use super::row::Row;
use crate::rosters::limits::QUOTED_LINES_MAX;

/// Why a row is bad whose quotes are not in pairs.
const BROKEN_QUOTE: &str = "a quote in it is opened and not closed";

/// The rows of a file, after a first line that names the columns if there is one.
#[derive(Debug)]
pub(super) struct Table {
    lines: Lines,
    columns: Vec<Column>,
    record: Record,
    /// Lines to be read again: a quote before them was not closed.
    again: VecDeque<(Line, Vec<u8>)>,
}

impl Table {
    /// Reads rows with these columns. `skipped` lines before them are none.
    pub(super) fn new(
        mut lines: Lines,
        separator: u8,
        columns: Vec<Column>,
        skipped: usize,
    ) -> io::Result<Self> {
        let mut line = Vec::new();
        for _ in 0..skipped {
            lines.next(&mut line)?;
        }
        Ok(Self {
            lines,
            columns,
            record: Record::new(separator),
            again: VecDeque::new(),
        })
    }

    pub(super) fn each(mut self, visit: &mut Visit<'_>) -> Result<(), Stopped> {
        let (mut line, mut row) = (Vec::new(), Row::default());
        loop {
            let read = match self.next_line(&mut line)? {
                Line::End => return Ok(()),
                Line::Cut(number) => {
                    row.start(number);
                    Err(TOO_LONG.into())
                }
                Line::Whole(number) => {
                    row.start(number);
                    match self.assemble(&line)? {
                        // Spreadsheets write rows that were emptied as separators alone.
                        true if self.record.is_blank() => continue,
                        true => self.read(&mut row),
                        false => Err(BROKEN_QUOTE.into()),
                    }
                }
            };
            if told(visit, &row, read, self.lines.done()).is_break() {
                return Ok(());
            }
        }
    }

    fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        while let Some((read, text)) = self.again.pop_front() {
            *line = text;
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Ok(read);
            }
        }
        self.lines.next(line)
    }

    /// Reads a record that begins with a line; a quoted cell may go on in the next ones. Returns
    /// `false` if a quote is not closed: then only the first line is used up.
    fn assemble(&mut self, first: &[u8]) -> io::Result<bool> {
        self.record.start();
        if self.record.feed(first) {
            return Ok(true);
        }
        let mut taken = Vec::new();
        while taken.len() < QUOTED_LINES_MAX {
            let mut line = Vec::new();
            let read = match self.again.pop_front() {
                Some((read, text)) => {
                    line = text;
                    read
                }
                None => self.lines.next_of_all(&mut line)?,
            };
            if read == Line::End {
                break;
            }
            let is_whole = matches!(read, Line::Whole(_)) && self.record.feed(&line);
            taken.push((read, line));
            if is_whole {
                return Ok(true);
            }
        }
        for line in taken.into_iter().rev() {
            self.again.push_front(line);
        }
        Ok(false)
    }

    fn read(&self, row: &mut Row) -> Result<(), String> {
        let further = (self.columns.len()..self.record.len()).map(|at| self.record.cell(at));
        if further.into_iter().any(|cell| !is_blank(cell)) {
            let (cells, columns) = (self.record.len(), self.columns.len());
            return Err(format!("it has {cells} cells, the first line {columns}"));
        }
        let mut has_id = false;
        for (at, column) in self.columns.iter().enumerate().take(self.record.len()) {
            let text = str::from_utf8(self.record.cell(at)).map_err(|_| NOT_TEXT.to_owned())?;
            has_id |= column.taken == Taken::Id;
            take(row, at as u32, column.taken, text)?;
        }
        match has_id {
            true => Ok(()),
            false => Err(NO_ID.into()),
        }
    }
}

/// Returns the cells of a line, without a quoted one that goes on in the next.
pub(super) fn cells_of(line: &str, separator: u8) -> Vec<String> {
    let mut record = Record::new(separator);
    record.start();
    if !record.feed(line.as_bytes()) {
        return Vec::new();
    }
    let cells = (0..record.len()).map(|at| String::from_utf8_lossy(record.cell(at)).into_owned());
    cells.collect()
}

fn is_blank(cell: &[u8]) -> bool {
    cell.iter().all(u8::is_ascii_whitespace)
}

/// One record while its lines are read.
#[derive(Debug)]
struct Record {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    text_len: usize,
    cells: usize,
}

impl Record {
    fn new(separator: u8) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(separator).build(),
            text: vec![0; 1024],
            ends: vec![0; 64],
            text_len: 0,
            cells: 0,
        }
    }

    fn start(&mut self) {
        self.reader.reset();
        self.text_len = 0;
        self.cells = 0;
    }

    /// Reads a line; returns whether the record ends with it.
    fn feed(&mut self, line: &[u8]) -> bool {
        self.feed_part(line) || self.feed_part(b"\n")
    }

    fn feed_part(&mut self, mut input: &[u8]) -> bool {
        // An empty input would be the end of the file.
        while !input.is_empty() {
            let (text, ends) = (
                &mut self.text[self.text_len..],
                &mut self.ends[self.cells..],
            );
            let (result, read, written, ended) = self.reader.read_record(input, text, ends);
            input = &input[read..];
            self.text_len += written;
            self.cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End => return true,
            }
        }
        false
    }

    fn len(&self) -> usize {
        self.cells
    }

    fn cell(&self, at: usize) -> &[u8] {
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[from..self.ends[at]]
    }

    fn is_blank(&self) -> bool {
        (0..self.cells).all(|at| is_blank(self.cell(at)))
    }
}
