//! What `flagctl` reads: files that people name, and standard input. Never more than its reader
//! can use, also from a device or a pipe that does not end.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use flagdeck::chosen::{self, ReadError};
use flagdeck_core::text::{self, Reading};

use crate::commands::Refused;
use crate::output::{can_ask, progress, remark};

/// The file name that means standard input.
pub const STANDARD_INPUT: &str = "-";

/// Reads a file of JSON, or standard input for `-`: without a byte order mark, which it reports.
pub fn read_json(file: &Path, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = read(file, bytes_max)?;
    let (text, reading) =
        text::read(&bytes).map_err(|error| Refused(format!("{} {error}", subject(file))))?;
    let from = bytes.len() - text.len();
    remark_reading(file, reading);
    bytes.drain(..from);
    Ok(bytes)
}

/// Reads a file whole, or standard input for `-`.
pub fn read(file: &Path, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let read = match is_standard_input(file) {
        true => chosen::read_from(io::stdin().lock(), bytes_max),
        false => chosen::read_stream(file, bytes_max),
    };
    read.map_err(|error| {
        let said = format!("{} {error}", subject(file));
        match error {
            ReadError::File(cause) => anyhow::Error::from(cause).context(said),
            ReadError::NotAFile(_) | ReadError::TooLarge { .. } => Refused(said).into(),
        }
    })
}

/// Reports what was changed to read a text, if anything.
pub fn remark_reading(file: &Path, reading: Reading) {
    if reading != Reading::default() {
        remark(&format!("{}: {reading}", name_of(file)));
    }
}

/// Returns whether there is a person who sees a question and can answer it.
pub fn can_answer() -> bool {
    io::stdin().is_terminal() && can_ask()
}

/// Asks a question, and returns whether the answer is yes.
pub fn is_confirmed(question: &str) -> io::Result<bool> {
    progress(&format!("{question} [y/N] "));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    let answer = answer.trim();
    Ok(["y", "yes"]
        .iter()
        .any(|yes| answer.eq_ignore_ascii_case(yes)))
}

/// Names a file for a title.
pub fn name_of(file: &Path) -> String {
    match is_standard_input(file) {
        true => "standard input".into(),
        false => file.display().to_string(),
    }
}

/// Names a file at the beginning of a sentence, without a change of its first letter.
pub fn subject(file: &Path) -> String {
    match is_standard_input(file) {
        true => "standard input".into(),
        false => format!("the file {}", file.display()),
    }
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new(STANDARD_INPUT)
}
