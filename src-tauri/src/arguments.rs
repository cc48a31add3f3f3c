//! The command line of a program: read, or refused in a message that is safe to show.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Error, Parser};
use flagdeck_core::visible;

use crate::address;

/// The exit code for a refused command line.
const REFUSED: u8 = 2;

/// Returns the arguments of this process; `refuse` says why, if they are refused.
///
/// # Errors
/// How the process is to end if they are refused, or ask for help or the version: what there is
/// to say is printed.
pub fn read<P: Parser>(refuse: impl FnOnce(&Error)) -> Result<P, ExitCode> {
    let given: Vec<OsString> = env::args_os().collect();
    P::try_parse_from(&given).map_err(|error| match error.use_stderr() {
        true => {
            refuse(&shown::<P>(&error, &given));
            ExitCode::from(REFUSED)
        }
        false => help(&error),
    })
}

/// Prints on standard error why a command line is refused.
pub fn print(error: &Error) {
    // Nothing can be done if standard error is closed.
    let _ = error.print();
}

/// Returns the error with control characters of its arguments escaped, and without passwords of
/// addresses among them.
fn shown<P: Parser>(error: &Error, given: &[OsString]) -> Error {
    let arguments = given.iter().map(|argument| argument.to_string_lossy());
    let arguments: Vec<String> = arguments
        .map(|argument| visible(&address::redacted_in(&argument)).into_owned())
        .collect();
    match P::try_parse_from(arguments) {
        Err(shown) => shown,
        // Only what was escaped or left out made them invalid.
        Ok(_) => {
            let text = error.to_string();
            let text = address::redacted_in(text.trim_start_matches("error: ").trim_end());
            Error::raw(error.kind(), format!("{}\n", visible(&text)))
        }
    }
}

/// Prints what was asked for; a closed pipe is no error.
fn help(help: &Error) -> ExitCode {
    match help.print().and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "error: the help cannot be printed: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
