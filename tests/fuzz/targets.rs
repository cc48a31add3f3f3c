//! What is tried: a reader, examples of what it reads, and what must hold for every input.

mod bytes;
mod documents;
mod files;
mod reports;
mod trees;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;

/// A reader and what must hold for it.
pub struct Target {
    /// As it is named on the command line; also the folder of its examples.
    pub name: &'static str,
    /// Tries an input, and returns the kind of the answer. Panics if something does not hold.
    pub check: fn(&[u8]) -> u64,
    /// Words that the reader has a meaning for.
    pub words: &'static [&'static str],
    /// Examples that are not text, and so are made instead of kept as files.
    made: fn() -> Vec<Vec<u8>>,
}

const fn text(
    name: &'static str,
    check: fn(&[u8]) -> u64,
    words: &'static [&'static str],
) -> Target {
    Target {
        name,
        check,
        words,
        made: Vec::new,
    }
}

/// Every target, in the order of the data's path.
pub const TARGETS: &[Target] = &[
    text("document", documents::document, documents::WORDS),
    text("patch", documents::patch, documents::WORDS),
    text("roster", documents::roster, &["user", "\r\n"]),
    text("users", files::users, files::USER_WORDS),
    text("state", trees::state, trees::WORDS),
    text("changes", reports::changes, reports::CHANGE_WORDS),
    text("events", reports::events, reports::EVENT_WORDS),
    text("evaluation", reports::evaluation, reports::EVALUATION_WORDS),
    text("bundle", files::bundle, files::BUNDLE_WORDS),
    text("config", files::config, files::CONFIG_WORDS),
    text("keys", trees::keys, trees::KEY_WORDS),
    text("difference", trees::difference, trees::WORDS),
    Target {
        made: bytes::steps,
        ..text("step", bytes::step, &[])
    },
    Target {
        made: bytes::keyframes,
        ..text("keyframe", bytes::keyframe, &[])
    },
    Target {
        made: bytes::frames,
        ..text("frame", bytes::frame, &[])
    },
    Target {
        made: bytes::logs,
        ..text("log", bytes::log, &[])
    },
    text("http", bytes::http, bytes::HTTP_WORDS),
    text("prometheus", reports::prometheus, reports::PROMETHEUS_WORDS),
];

impl Target {
    pub fn find(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Reads the examples, in the order of their names, and makes those that are made.
    pub fn examples(&self) -> io::Result<Vec<Vec<u8>>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
        let mut examples = (self.made)();
        let listed = match fs::read_dir(folder.join(self.name)) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(examples),
            Err(error) => return Err(error),
        };
        let files: io::Result<Vec<_>> = listed.map(|entry| Ok(entry?.path())).collect();
        let mut files = files?;
        files.sort();
        for file in files {
            examples.push(fs::read(file)?);
        }
        Ok(examples)
    }
}

/// Makes the kind of an answer out of what tells it from others.
fn kind(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// Reduces a message to what does not depend on the single input: its beginning, without digits
/// and without what is quoted.
fn gist(message: &impl ToString) -> String {
    let message = message.to_string();
    let mut gist = String::new();
    let mut is_quoted = false;
    for character in message.chars().take(60) {
        is_quoted ^= matches!(character, '"' | '`');
        if !is_quoted && character.is_ascii_alphabetic() {
            gist.push(character);
        }
    }
    gist
}
