//! `flagctl`: the application without a window, for servers, scripts and CI.

mod arguments;
mod commands;
mod demo;

mod difference;

mod input;
mod key;
mod layers;
mod output;
mod signals;
mod when;
mod which;

use std::process::ExitCode;
use std::{env, io};

use flagdeck::error::Code;
use flagdeck::wire::Failure;

use crate::arguments::Arguments;
use crate::commands::Refused;
use crate::output::Output;

fn main() -> ExitCode {
    flagdeck::private::restrict();
    let arguments: Arguments = match flagdeck::arguments::read(refuse) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    flagdeck::logging::init();
    let mut output = Output::new(arguments.json);
    let done = commands::run(arguments, &mut output);
    let done = done.and_then(|code| output.finish().map(|()| code).map_err(Into::into));
    match done {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let failure = match output.is_saved() && error.is::<io::Error>() {
                true => unprinted(&error),
                false => failure(error),
            };
            output.failure(&failure);
            ExitCode::from(failure.code.exits_with())
        }
    }
}

/// Says why the command line is refused, as programs read it if they asked for that.
fn refuse(error: &clap::Error) {
    if !asks_for_json() {
        return flagdeck::arguments::print(error);
    }
    let text = error.to_string();
    let reason = text.lines().take_while(|line| !line.trim().is_empty());
    let reason: Vec<&str> = reason.map(str::trim).collect();
    let said = Failure::failed(reason.join(" ").trim_start_matches("error: "));
    Output::new(true).failure(&Failure {
        code: Code::Invalid,
        ..said
    });
}

/// Whether a command line that cannot be read has `--json`; what follows `--` is another command's.
fn asks_for_json() -> bool {
    let mut own = env::args_os().take_while(|argument| argument != "--");
    own.any(|argument| argument == "--json")
}

/// The reader of the output has read enough: `flagctl eval … | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// What was asked for is done, and cannot be printed: nothing else fails so once it is saved.
fn unprinted(error: &anyhow::Error) -> Failure {
    let said = format!("it is saved, but the output could not be written: {error:#}");
    Failure {
        code: Code::NotPrinted,
        ..Failure::failed(&said)
    }
}

fn failure(error: anyhow::Error) -> Failure {
    let error = match error.downcast::<flagdeck::Error>() {
        Ok(error) => return advised(error.into()),
        Err(error) => error,
    };
    let said = Failure::failed(&format!("{error:#}"));
    match error.is::<Refused>() {
        true => Failure {
            code: Code::Invalid,
            ..said
        },
        false => said,
    }
}

/// Adds what to do about a failure from here.
fn advised(failure: Failure) -> Failure {
    match failure.code {
        Code::LargeLoss => Failure {
            message: format!("{} To remove them, add --yes.", failure.message),
            ..failure
        },
        Code::StateDamaged if failure.damaged_state.is_some() => Failure {
            message: format!("{} To recover it: flagctl state recover.", failure.message),
            ..failure
        },
        _ => failure,
    }
}
