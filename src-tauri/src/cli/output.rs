//! What `flagctl` prints: results on standard output, everything else on standard error.
//!
//! The only file that writes to either. What people read goes through [`Line`], which holds no
//! character that a terminal acts on; what programs read goes as it is to a file or a pipe, and
//! to a terminal in a form of the same value that is safe there.

mod line;
mod table;

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use flagdeck::csv;
use flagdeck::wire::{Actor, Failure, Via};
use flagdeck_core::diff::documents::thousands;
use flagdeck_core::{Problem, Severity, visible, visible_json};
use serde::Serialize;

pub use self::line::{Line, Tone, mark, toned};
pub use self::table::Table;
use crate::arguments::Listing;

/// Lines of a list of changes that are printed unless all are wanted.
const LINES_LISTED_MAX: usize = 20;

/// Where results go, and in which form.
pub struct Output {
    pub json: bool,
    out: BufWriter<StdoutLock<'static>>,
    is_terminal: bool,
    colour: bool,
    /// Whether the last line is not ended yet and may be overwritten.
    is_line_open: bool,
    /// Whether something was saved, which what is printed reports.
    is_saved: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        Self {
            json,
            is_terminal,
            colour: is_terminal && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty()),
            out: BufWriter::new(stdout.lock()),
            is_line_open: false,
            is_saved: false,
        }
    }

    /// Notes that something was saved: if it cannot be printed, that is another failure than if
    /// nothing had been done.
    pub fn note_saved(&mut self) {
        self.is_saved = true;
    }

    /// Returns whether something was saved.
    pub fn is_saved(&self) -> bool {
        self.is_saved
    }

    /// Prints a line for people.
    pub fn line(&mut self, line: impl Into<Line>) -> io::Result<()> {
        self.end_line()?;
        let text = self.shown(&line.into());
        writeln!(self.out, "{text}")
    }

    /// Prints a list for people: the first lines, and how many more there are, or all of it.
    pub fn list(
        &mut self,
        indent: &str,
        lines: impl ExactSizeIterator<Item = String>,
        listing: Listing,
    ) -> io::Result<()> {
        let shown = match listing.all {
            true => lines.len(),
            false => lines.len().min(LINES_LISTED_MAX),
        };
        let left_out = lines.len() - shown;
        for line in lines.take(shown) {
            self.line(format!("{indent}{line}"))?;
        }
        match left_out {
            0 => Ok(()),
            more => self.line(format!("{indent}… and {} more (--all)", thousands(more))),
        }
    }

    /// Prints rows in columns.
    pub fn table<const N: usize>(&mut self, table: &Table<N>) -> io::Result<()> {
        table.lines().try_for_each(|line| self.line(line))
    }

    /// Prints a value for programs.
    pub fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        if self.is_terminal {
            return self.json_text(&(serde_json::to_string_pretty(value)? + "\n"));
        }
        serde_json::to_writer_pretty(&mut self.out, value)?;
        writeln!(self.out)
    }

    /// Prints a value on one line, for programs that read as it comes.
    pub fn value_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.json_text(&(serde_json::to_string(value)? + "\n"))?;
        self.finish()
    }

    /// Prints JSON text for programs.
    pub fn json_text(&mut self, text: &str) -> io::Result<()> {
        let text = match self.is_terminal {
            true => visible_json(text),
            false => text.into(),
        };
        self.out.write_all(text.as_bytes())
    }

    /// Prints a row of a table for programs.
    pub fn csv<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        let row = csv::row(cells);
        let row: Cow<str> = match self.is_terminal {
            true => visible(&row),
            false => row.as_str().into(),
        };
        writeln!(self.out, "{row}")
    }

    /// Prints a text that no input has a part in, such as a script, as it is.
    pub fn script(&mut self, text: &[u8]) -> io::Result<()> {
        self.out.write_all(text)
    }

    /// Returns whether the output is a terminal, on which a line can be overwritten.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Overwrites the last line of a terminal, cut to its width.
    pub fn rewrite(&mut self, line: impl Into<Line>) -> io::Result<()> {
        const NO_WRAP: &str = "\u{1b}[?7l";
        const WRAP: &str = "\u{1b}[?7h";
        const CLEAR: &str = "\u{1b}[2K";
        self.is_line_open = true;
        let text = self.shown(&line.into());
        write!(self.out, "\r{CLEAR}{NO_WRAP}{text}{WRAP}")?;
        self.finish()
    }

    fn end_line(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.is_line_open) {
            true => writeln!(self.out),
            false => Ok(()),
        }
    }

    fn shown(&self, line: &Line) -> String {
        match self.colour {
            true => line.painted(),
            false => line.to_string(),
        }
    }

    pub fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Says why something was refused: for programs, as the last line on standard error, whatever
    /// was remarked before.
    pub fn failure(&mut self, failure: &Failure) {
        // What was printed before comes first; if the pipe is closed, nothing can be printed.
        let _ = self.end_line().and_then(|()| self.finish());
        if self.json {
            let text = serde_json::to_string(failure).expect("a failure is plain data");
            let mut err = io::stderr().lock();
            let text = match err.is_terminal() {
                true => visible_json(&text),
                false => text.as_str().into(),
            };
            let _ = writeln!(err, "{text}");
            return;
        }
        match failure.problems.as_slice() {
            [] => remark(&failure.message),
            problems => problems
                .iter()
                .for_each(|problem| remark(&problem_line(problem))),
        }
    }
}

/// Prints a remark for people, in one line, apart from the result.
pub fn remark(text: &str) {
    // Nothing to be done where standard error is gone.
    let _ = writeln!(io::stderr(), "flagctl: {}", visible(text));
}

/// Whether people see what they are asked.
pub fn can_ask() -> bool {
    io::stderr().is_terminal()
}

/// Prints progress for people; the line is not ended, unless the text ends it.
pub fn progress(text: &str) {
    let (text, end) = match text.strip_suffix('\n') {
        Some(text) => (text, "\n"),
        None => (text, ""),
    };
    // Nothing to be done where standard error is gone.
    let _ = write!(io::stderr(), "{}{end}", visible(text));
}

/// One problem in one line: `error at /rollout/percentage: …`.
pub fn problem_line(problem: &Problem) -> String {
    let Problem {
        pointer, message, ..
    } = problem;
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    match pointer.as_str() {
        "" => format!("{severity}: {message}"),
        pointer => format!("{severity} at {pointer}: {message}"),
    }
}

/// Prints rows under headings, each column as wide as it has to be.
pub fn table<const N: usize>(
    headings: [&str; N],
    rows: &[[String; N]],
    output: &mut Output,
) -> io::Result<()> {
    let mut table = Table::headed(headings);
    for row in rows {
        table.row(row.each_ref().map(Line::from));
    }
    output.table(&table)
}

/// `1 change`, `18 changes`.
pub fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// `48 KB`, `5.2 MB`; at least 1 KB.
pub fn size(bytes: u64) -> String {
    match bytes.div_ceil(1000) {
        kilobytes @ ..1000 => format!("{kilobytes} KB"),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// `maria (window)`.
pub fn who(actor: &Actor) -> String {
    let via = match actor.via {
        Via::Window => "window",
        Via::Flagctl => "flagctl",
        Via::Http => "HTTP",
        Via::Followed => "followed",
        Via::Rollout => "rollout",
    };
    format!("{} ({via})", actor.name)
}

/// The local time of this machine: `2026-11-23 14:02:05`.
pub fn when(at_ms: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    let local = instant.to_zoned(jiff::tz::TimeZone::system());
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The same for programs: `2026-11-23T14:02:05.123Z`.
pub fn moment(at_ms: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    instant.to_string()
}
