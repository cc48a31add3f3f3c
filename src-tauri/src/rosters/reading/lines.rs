//! Lines of a text file, one by one, whatever its encoding and the ends of its lines.

use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read as _};
use std::ops::ControlFlow;
use std::rc::Rc;

use super::cells::take_id;
use super::recognise::Encoding;
use super::row::Row;
use super::{Done, Read, Stopped, Visit};
use crate::rosters::limits::LINE_BYTES_MAX;

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Bytes that are read from the file at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// Why a row is bad that is not text.
pub(super) const NOT_TEXT: &str = "it is not UTF-8 text";

/// Why a row is bad whose line is cut off.
pub(super) const TOO_LONG: &str = "its line is too long";

/// The lines of a file that are not blank, without their ends and byte order marks.
pub(super) struct Lines {
    source: Box<dyn BufRead>,
    /// What ends a line: a line feed, or in files without any, a carriage return.
    end: u8,
    line: u64,
    read: Rc<Cell<u64>>,
    total: u64,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// The line of this number is in the buffer.
    Whole(u64),
    /// The same, but only its beginning.
    Cut(u64),
    /// There are no more.
    End,
}

impl Lines {
    /// Reads a file from its beginning. `total` is its length in bytes.
    pub(super) fn new(file: File, encoding: Encoding, ends_with_cr: bool, total: u64) -> Self {
        let read = Rc::new(Cell::new(0));
        let counted = Counted {
            file,
            read: Rc::clone(&read),
        };
        let bytes = BufReader::with_capacity(BUFFER_BYTES, counted);
        let source: Box<dyn BufRead> = match encoding {
            Encoding::Utf8 => Box::new(bytes),
            Encoding::Utf16Le => Box::new(BufReader::new(Utf16::new(bytes, u16::from_le_bytes))),
            Encoding::Utf16Be => Box::new(BufReader::new(Utf16::new(bytes, u16::from_be_bytes))),
        };
        Self {
            source,
            end: if ends_with_cr { b'\r' } else { b'\n' },
            line: 0,
            read,
            total,
        }
    }

    /// Returns how much of the file is read.
    pub(super) fn done(&self) -> Done {
        Done {
            done: self.read.get().min(self.total),
            total: self.total,
        }
    }

    /// Reads the next line that is not blank.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        loop {
            let read = self.next_of_all(line)?;
            if read == Line::End || !line.iter().all(u8::is_ascii_whitespace) {
                return Ok(read);
            }
        }
    }

    /// Reads the next line, also if it is blank.
    pub(super) fn next_of_all(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        let mut part = (&mut self.source).take(LINE_BYTES_MAX as u64);
        if part.read_until(self.end, line)? == 0 {
            return Ok(Line::End);
        }
        self.line += 1;
        let is_ended = line.last() == Some(&self.end);
        let is_cut = !is_ended && line.len() == LINE_BYTES_MAX;
        if is_cut {
            self.source.skip_until(self.end)?;
        }
        trim(line, self.end);
        match is_cut {
            true => Ok(Line::Cut(self.line)),
            false => Ok(Line::Whole(self.line)),
        }
    }

    /// Reads each line that is not blank as a row, until `visit` breaks that off.
    pub(super) fn each(
        mut self,
        visit: &mut Visit<'_>,
        mut read_row: impl FnMut(&[u8], &mut Row) -> Result<(), String>,
    ) -> Result<(), Stopped> {
        let (mut line, mut row) = (Vec::new(), Row::default());
        loop {
            let read = match self.next(&mut line)? {
                Line::End => return Ok(()),
                Line::Cut(number) => {
                    row.start(number);
                    Err(TOO_LONG.into())
                }
                Line::Whole(number) => {
                    row.start(number);
                    read_row(&line, &mut row)
                }
            };
            if told(visit, &row, read, self.done()).is_break() {
                return Ok(());
            }
        }
    }

    /// Reads each line as an id.
    pub(super) fn each_id(self, visit: &mut Visit<'_>) -> Result<(), Stopped> {
        self.each(visit, |line, row| {
            let text = str::from_utf8(line).map_err(|_| NOT_TEXT.to_owned());
            text.and_then(|id| take_id(row, id))
        })
    }
}

/// Hands a row on.
pub(super) fn told(
    visit: &mut Visit<'_>,
    row: &Row,
    read: Result<(), String>,
    done: Done,
) -> ControlFlow<()> {
    let read = match read {
        Ok(()) => Read::Good,
        Err(reason) => Read::Bad(reason),
    };
    visit(row, read, done)
}

/// Removes the end of a line, and a byte order mark before it, as in files that were joined.
fn trim(line: &mut Vec<u8>, end: u8) {
    if line.last() == Some(&end) {
        line.pop();
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if line.starts_with(MARK) {
        line.drain(..MARK.len());
    }
}

/// A file that counts what is read of it.
struct Counted {
    file: File,
    read: Rc<Cell<u64>>,
}

impl io::Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.file.read(buffer)?;
        self.read.set(self.read.get() + bytes as u64);
        Ok(bytes)
    }
}

/// Text in UTF-16, read as UTF-8. Half of a surrogate pair becomes U+FFFD.
struct Utf16<R> {
    units: R,
    unit: fn([u8; 2]) -> u16,
    /// The first half of a pair, whose other half is read next.
    half: Option<u16>,
    /// What was read and did not fit.
    rest: Vec<u8>,
}

/// Units that are decoded at once.
const UNITS: usize = 8 * 1024;

impl<R: io::Read> Utf16<R> {
    fn new(units: R, unit: fn([u8; 2]) -> u16) -> Self {
        Self {
            units,
            unit,
            half: None,
            rest: Vec::new(),
        }
    }

    /// Decodes the next units; nothing at the end.
    fn decode(&mut self) -> io::Result<()> {
        let mut bytes = [0; 2 * UNITS];
        let length = read_full(&mut self.units, &mut bytes)?;
        let mut units: Vec<u16> = self.half.take().into_iter().collect();
        // A last single byte is half of nothing.
        let (pairs, _) = bytes[..length].as_chunks::<2>();
        units.extend(pairs.iter().map(|pair| (self.unit)(*pair)));
        let is_first_half = |unit: &u16| (0xD800..0xDC00).contains(unit);
        if length == bytes.len() {
            self.half = units.pop_if(|unit| is_first_half(unit));
        }
        let text =
            char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER));
        self.rest = text.collect::<String>().into_bytes();
        Ok(())
    }
}

impl<R: io::Read> io::Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.decode()?;
        }
        let length = self.rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.rest[..length]);
        self.rest.drain(..length);
        Ok(length)
    }
}

/// Reads until a buffer is full or the source ends.
pub(super) fn read_full(source: &mut impl io::Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match source.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(bytes) => length += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}
