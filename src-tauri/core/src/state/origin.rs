//! Which line of code made a change, by the stack trace that came with it.
//!
//! The rule, which docs/http.md has too:
//!
//! 1. Frames of the runtime, of its internals and of packages are left out.
//! 2. If the record has `frame`, that is the place; if it has `skip`, so many of the frames that
//!    are left are skipped, and the next one is the place.
//! 3. Else the first frame is the place, unless it is of what records changes. It is if its
//!    function is called `trackChange`, `AppState.set` or the like, if the source recorded changes
//!    of different keys from there, or if all its stack traces begin there and go on differently
//!    or lie in one file. Then the first frame of another file is the place.
//! 4. If there is none, everything is in one file: the second function is the place.

use std::collections::{HashMap, HashSet};

use super::Change;

/// Which frame a source names for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// So many frames are of what records changes.
    Skip(u32),
    /// This is the place.
    Frame(String),
}

/// Functions that record changes, whatever they are methods of.
const RECORDERS: [&str; 6] = [
    "trackChange",
    "recordChange",
    "reportChange",
    "track",
    "record",
    "report",
];

/// The setter of the founding specification, which calls `trackChange`.
const SETTER: &str = "AppState.set";

/// What the places begin with that are no part of an application.
const FOREIGN: [&str; 16] = [
    "node:",
    "internal/",
    "node_modules/",
    "bun:",
    "native:",
    "deno:",
    "ext:",
    "chrome:",
    "chrome-extension:",
    "moz-extension:",
    "safari-extension:",
    "safari-web-extension:",
    "webkit-",
    "resource:",
    "about:",
    "<anonymous>",
];

/// What a place has in it that is no part of an application.
const FOREIGN_WITHIN: [&str; 4] = [
    "/node_modules/",
    "\\node_modules\\",
    "[native code]",
    " > eval",
];

/// Columns from which on a first line is taken for a file that has one line only.
const COLUMN_TOLD_FROM: u64 = 200;

/// The places from which a source records changes of any key.
///
/// Judged by all that is known when a place is asked for, so the place of an earlier change gets
/// more exact as soon as more is known.
#[derive(Debug, Clone, Default)]
pub struct Recorders {
    places: HashSet<String>,
    /// Their functions, as path and name: an earlier build has them on other lines.
    functions: HashSet<(String, String)>,
}

impl Recorders {
    /// Finds them in what a source recorded: changes of different keys begin there, or all stack
    /// traces do, and go on differently or lie in one file.
    pub fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut begun: HashMap<&str, Begun<'_>> = HashMap::new();
        for change in changes {
            let mut frames = frames(&change.origin);
            let Some(first) = frames.next() else {
                continue;
            };
            let begun = begun.entry(first.whole).or_insert_with(|| Begun::at(first));
            begun.keys.insert(&change.key);
            begun
                .callers
                .extend(frames.clone().next().map(|frame| frame.whole));
            begun.is_in_one_file &= frames.all(|frame| frame.path == first.path);
        }
        let traces = begun.values().filter(|begun| !begun.callers.is_empty());
        let is_only_one = traces.count() == 1;
        let mut found = Self::default();
        for begun in begun
            .values()
            .filter(|begun| begun.is_recorder(is_only_one))
        {
            found.add(&begun.first);
        }
        found
    }

    fn add(&mut self, frame: &Frame<'_>) {
        self.places.insert(frame.whole.to_owned());
        if !frame.function.is_empty() {
            self.functions.insert(frame.named());
        }
    }

    fn has(&self, frame: &Frame<'_>) -> bool {
        is_recorder(frame.function)
            || self.places.contains(frame.whole)
            || self.functions.contains(&frame.named())
    }
}

/// What was recorded from one place.
struct Begun<'a> {
    first: Frame<'a>,
    keys: HashSet<&'a str>,
    /// The frames that come next in the stack traces.
    callers: HashSet<&'a str>,
    is_in_one_file: bool,
}

impl<'a> Begun<'a> {
    fn at(first: Frame<'a>) -> Self {
        Self {
            first,
            keys: HashSet::new(),
            callers: HashSet::new(),
            is_in_one_file: true,
        }
    }

    fn is_recorder(&self, is_only_one: bool) -> bool {
        let is_called = !self.callers.is_empty() && self.is_in_one_file;
        self.keys.len() > 1 || (is_only_one && (self.callers.len() > 1 || is_called))
    }
}

/// Returns the file and line that made a change, `panel.js:27`, or what its source reported
/// instead. Returns an empty text if the stack trace has no frame of the application.
pub fn place(change: &Change, recorders: &Recorders) -> String {
    if let Some(Hint::Frame(frame)) = &change.hint {
        return frame.clone();
    }
    let all: Vec<Frame<'_>> = frames(&change.origin).collect();
    if all.is_empty() {
        return said(&change.origin);
    }
    let made = match change.hint {
        Some(Hint::Skip(skip)) => all.get(skip as usize).or(all.last()),
        _ => made(&all, recorders),
    };
    made.map(Frame::in_short).unwrap_or_default()
}

/// Returns the frame that made a change, among those of the application.
fn made<'a, 'b>(all: &'a [Frame<'b>], recorders: &Recorders) -> Option<&'a Frame<'b>> {
    let first = all.first()?;
    if !recorders.has(first) {
        return Some(first);
    }
    let elsewhere = all.iter().find(|frame| frame.path != first.path);
    let is_other = |frame: &&Frame<'_>| {
        !is_recorder(frame.function)
            && (frame.function != first.function || frame.function.is_empty())
    };
    elsewhere
        .or_else(|| all.iter().skip(1).find(is_other))
        .or(Some(first))
}

/// Returns the first line of what is no stack trace.
fn said(origin: &str) -> String {
    // A stack trace without frames of the application has no place.
    if origin.lines().any(|line| read(line).is_some()) {
        return String::new();
    }
    let mut lines = origin.lines().map(str::trim);
    let said = lines.find(|line| !line.is_empty());
    said.unwrap_or_default().to_owned()
}

fn is_recorder(function: &str) -> bool {
    let name = function.rsplit('.').next().unwrap_or(function);
    RECORDERS.contains(&name) || function == SETTER || function.ends_with(".AppState.set")
}

/// One frame of a stack trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frame<'a> {
    /// What is called, as the engine names it; empty if it has no name.
    function: &'a str,
    /// The file with its line and column.
    whole: &'a str,
    path: &'a str,
    line: &'a str,
    column: Option<&'a str>,
}

impl Frame<'_> {
    /// Returns the path and the name of its function.
    fn named(&self) -> (String, String) {
        (self.path.to_owned(), self.function.to_owned())
    }

    fn in_short(&self) -> String {
        let path = self.path.split(['?', '#']).next().unwrap_or(self.path);
        let names = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']);
        let name = names.into_iter().next().unwrap_or(path);
        let column = self.column.filter(|column| {
            let is_far = column
                .parse()
                .is_ok_and(|column: u64| column >= COLUMN_TOLD_FROM);
            self.line == "1" && is_far
        });
        match column {
            Some(column) => format!("{name}:{}:{column}", self.line),
            None => format!("{name}:{}", self.line),
        }
    }

    fn is_foreign(&self) -> bool {
        FOREIGN.iter().any(|begin| self.path.starts_with(begin))
            || FOREIGN_WITHIN.iter().any(|part| self.path.contains(part))
    }
}

/// Reads the frames of an application out of a stack trace.
fn frames(origin: &str) -> impl Iterator<Item = Frame<'_>> + Clone {
    let all = origin.lines().filter_map(read);
    all.filter(|frame| !frame.is_foreign())
}

/// Reads a frame as engines write it: `at f (a.js:1:2)`, `at a.js:1:2`, `f@a.js:1:2`.
fn read(line: &str) -> Option<Frame<'_>> {
    let line = line.trim();
    let (function, whole) = match line.strip_prefix("at ") {
        Some(frame) => frame_of_v8(frame),
        None => frame_of_others(line),
    };
    // Evaluated text has no file; V8 names it by the place of the call.
    if line.contains("(eval at ") || whole.contains(" line ") {
        return Some(foreign(line));
    }
    if whole == "<anonymous>" || whole == "native" || whole == "[native code]" {
        return Some(foreign(whole));
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (rest, last) = whole.rsplit_once(':').filter(|(_, last)| is_number(last))?;
    let (path, line, column) = match rest.rsplit_once(':') {
        Some((path, line)) if is_number(line) => (path, line, Some(last)),
        _ => (rest, last, None),
    };
    // Else it is a time of day.
    let is_file = path.contains(['.', '/', '\\']) || path.starts_with("node:");
    is_file.then_some(Frame {
        function,
        whole,
        path,
        line,
        column,
    })
}

/// A frame that names no file of the application.
fn foreign(whole: &str) -> Frame<'_> {
    Frame {
        function: "",
        whole,
        path: FOREIGN[FOREIGN.len() - 1],
        line: "",
        column: None,
    }
}

fn frame_of_v8(frame: &str) -> (&str, &str) {
    let Some(inner) = frame.strip_suffix(')') else {
        return ("", frame.strip_prefix("async ").unwrap_or(frame));
    };
    // A path may have brackets in it: the first one with a space before it opens.
    match inner.split_once(" (") {
        Some((function, whole)) => (named(function), whole),
        None => ("", inner),
    }
}

/// Removes from the name of a function what engines add: `async f`, `new F`, `Function.f`,
/// `Object.f [as g]`.
fn named(function: &str) -> &str {
    let name = function.split(" [as ").next().unwrap_or(function);
    let begins = ["async ", "new ", "Function.", "Object."];
    begins
        .iter()
        .fold(name, |name, begin| name.strip_prefix(begin).unwrap_or(name))
}

fn frame_of_others(line: &str) -> (&str, &str) {
    match line.split_once('@') {
        Some((function, whole))
            if !function.contains(['/', ' ']) || function.ends_with(" code") =>
        {
            (function.rsplit('*').next().unwrap_or(function), whole)
        }
        // `@` may be in the path of a scoped package, and nothing may stand before a place.
        _ => (
            "",
            line.rsplit(['(', ' '])
                .next()
                .unwrap_or(line)
                .trim_end_matches(')'),
        ),
    }
}
