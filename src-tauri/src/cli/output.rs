//! What `flagctl` prints: results on standard output, everything else on standard error.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use flagdeck::wire::{Actor, Failure, Problem, Via};
use flagdeck_core::diff::thousands;
use serde::Serialize;

use crate::arguments::Listing;

/// Lines of a list of changes that are printed unless all are asked for.
const LINES_LISTED_MAX: usize = 20;

/// Where results go, and in which form.
pub struct Output {
    pub json: bool,
    out: BufWriter<StdoutLock<'static>>,
    is_terminal: bool,
    colour: bool,
    /// Whether the last line may be written anew, and is not ended yet.
    is_line_open: bool,
}

/// How a piece of text is set off, where colours can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Heading,
    Before,
    After,
    Faint,
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
        }
    }

    /// Prints a line for people.
    pub fn line(&mut self, line: impl AsRef<str>) -> io::Result<()> {
        self.end_line()?;
        writeln!(self.out, "{}", line.as_ref())
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

    /// Prints a value for programs.
    pub fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.out, value)?;
        writeln!(self.out)
    }

    /// Prints a value on one line, for programs that read as it comes.
    pub fn value_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        writeln!(self.out)?;
        self.finish()
    }

    /// Says whether people see what is printed at once, and a line can be written anew.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Writes the last line of a terminal anew, cut off where the terminal ends.
    pub fn rewrite(&mut self, line: &str) -> io::Result<()> {
        const NO_WRAP: &str = "\u{1b}[?7l";
        const WRAP: &str = "\u{1b}[?7h";
        const CLEAR: &str = "\u{1b}[2K";
        self.is_line_open = true;
        write!(self.out, "\r{CLEAR}{NO_WRAP}{line}{WRAP}")?;
        self.finish()
    }

    fn end_line(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.is_line_open) {
            true => writeln!(self.out),
            false => Ok(()),
        }
    }

    /// The stream itself, for output that is made piece by piece.
    pub fn stream(&mut self) -> &mut impl Write {
        &mut self.out
    }

    /// Shows what is so in green, what is not in red, where colours can be seen.
    pub fn mark(&self, ok: bool, text: &str) -> String {
        let (sign, colour) = if ok { ("✓", 32) } else { ("✗", 31) };
        match self.colour {
            true => format!("\u{1b}[{colour}m{sign}\u{1b}[0m {text}"),
            false => format!("{sign} {text}"),
        }
    }

    /// Sets a piece of text off, where colours can be seen.
    pub fn tone(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Heading => 1,
            Tone::Before => 31,
            Tone::After => 32,
            Tone::Faint => 2,
        };
        match self.colour {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    pub fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Says why something was refused.
    pub fn failure(&mut self, failure: &Failure) {
        // What was printed before comes first; a reader that is gone cannot be told anything.
        let _ = self.end_line().and_then(|()| self.finish());
        let mut err = io::stderr().lock();
        let _ = if self.json {
            let text = serde_json::to_string_pretty(failure).expect("a failure is plain data");
            writeln!(err, "{text}")
        } else {
            match failure.problems.as_slice() {
                [] => writeln!(err, "flagctl: {}", failure.message),
                problems => problems
                    .iter()
                    .try_for_each(|problem| writeln!(err, "flagctl: {}", problem_line(problem))),
            }
        };
    }
}

/// Tells people something beside the result.
pub fn remark(text: &str) {
    // Nothing to be done where standard error is gone.
    let _ = writeln!(io::stderr(), "flagctl: {text}");
}

/// Tells people how far something is; the line is not ended.
pub fn progress(text: &str) {
    // Nothing to be done where standard error is gone.
    let _ = write!(io::stderr(), "{text}");
}

/// One problem in one line: `error at /rollout/percentage: …`.
pub fn problem_line(problem: &Problem) -> String {
    let Problem {
        severity,
        pointer,
        message,
        ..
    } = problem;
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
    let headings = headings.map(str::to_owned);
    let all = || std::iter::once(&headings).chain(rows);
    let widths: [usize; N] = std::array::from_fn(|column| {
        let widths = all().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    });
    for row in all() {
        let cells = row.iter().zip(widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        output.line(line.trim_end())?;
    }
    Ok(())
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
