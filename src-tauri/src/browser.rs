//! Hands things to the user's desktop: a page to the browser, a folder to the file manager.
//!
//! Every user of the machine can read the arguments of a program, so an address with the token in
//! it is never one: the browser is given a file, for its owner alone, that leads there.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::{env, fmt};

use crate::durable::{self, Access};
use crate::private;

/// What opens files in the program that the user has for them.
const OPENER: &str = "xdg-open";

/// The file that leads the browser to the sample page, beside the token that it holds.
const LEADING_FILE: &str = "sample.html";

/// How long the desktop may take to say that it cannot. A command that has not failed by then counts
/// as successful: some programs run until their window is closed.
const STARTED_WITHIN: Duration = Duration::from_secs(3);

/// Why nothing was opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file that leads the browser to the page cannot be written.
    #[error("{} cannot be written", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The desktop has no program for it, or that failed.
    #[error("the desktop has no program to open it with")]
    NoProgram,
}

/// The address of the sample page, with the token in its fragment: no request carries that.
#[derive(Clone, PartialEq, Eq)]
pub struct PageAddress(String);

impl PageAddress {
    /// Makes it of where Flagdeck serves, `127.0.0.1:4680`.
    pub fn new(server: impl fmt::Display, token: &str) -> Self {
        Self(format!("http://{server}/sample/#token={token}"))
    }

    /// Returns it as text, for the user alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Hides the token.
impl fmt::Debug for PageAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageAddress(…)")
    }
}

/// Returns whether there is a desktop that could open something.
pub fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Opens the sample page in the user's browser, by way of a file in the data folder.
///
/// # Errors
/// [`OpenError`] if the file cannot be written or the desktop cannot open it.
pub fn open_page(data_dir: &Path, address: &PageAddress) -> Result<(), OpenError> {
    open_page_with(OPENER, data_dir, address)
}

fn open_page_with(
    program: impl AsRef<OsStr>,
    data_dir: &Path,
    address: &PageAddress,
) -> Result<(), OpenError> {
    let path = data_dir.join(LEADING_FILE);
    let written = durable::replace(&path, leading(address).as_bytes(), Access::Private);
    written.map_err(|source| OpenError::File {
        path: path.clone(),
        source,
    })?;
    hand_over_with(program, &path)
}

/// Opens a file or folder in the program that the user has for it.
///
/// # Errors
/// [`OpenError::NoProgram`] if there is none, or it fails at once.
pub fn hand_over(path: &Path) -> Result<(), OpenError> {
    hand_over_with(OPENER, path)
}

/// A page that leads to another. The address needs no escaping: a port, and a token of digits and
/// letters.
fn leading(address: &PageAddress) -> String {
    let address = address.reveal();
    format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Sample app for Flagdeck</title>\n\
         <meta http-equiv=\"refresh\" content=\"0; url={address}\">\n\
         <a href=\"{address}\">Open the sample app</a>\n"
    )
}

fn hand_over_with(program: impl AsRef<OsStr>, path: &Path) -> Result<(), OpenError> {
    let mut command = Command::new(program);
    command
        .arg(OsString::from(path))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // What the program creates is the user's, not Flagdeck's.
    let started = private::as_user(|| command.spawn());
    let mut running = started.map_err(|_| OpenError::NoProgram)?;
    let (ended, answer) = mpsc::channel();
    let waiting = thread::Builder::new().name("flagdeck-show".into());
    let started = waiting.spawn(move || ended.send(running.wait()));
    match started.map(|_| answer.recv_timeout(STARTED_WITHIN)) {
        Ok(Ok(Ok(status))) if !status.success() => Err(OpenError::NoProgram),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_browser_is_given_a_file_for_its_owner_alone_and_no_token() {
        let folder = tempfile::tempdir().unwrap();
        // Keeps what it is called with, as any user could read it.
        let program = folder.path().join("browser");
        let noted = folder.path().join("noted");
        let script = format!("#!/bin/sh\necho \"$@\" > {}\n", noted.display());
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let address = PageAddress::new("127.0.0.1:4680", "5ec4e7");
        open_page_with(&program, folder.path(), &address).unwrap();
        let file = folder.path().join(LEADING_FILE);
        let arguments = fs::read_to_string(noted).unwrap();
        assert_eq!(arguments.trim(), file.display().to_string());
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let page = fs::read_to_string(file).unwrap();
        assert!(page.contains("url=http://127.0.0.1:4680/sample/#token=5ec4e7\""));
        assert!(!format!("{address:?}").contains("5ec4e7"));
    }

    #[test]
    fn a_desktop_without_a_program_for_it_says_so() {
        let folder = tempfile::tempdir().unwrap();
        for program in ["flagdeck-no-such-program", "false"] {
            let refused = hand_over_with(program, folder.path());
            assert!(matches!(refused, Err(OpenError::NoProgram)));
        }
        assert!(hand_over_with("true", folder.path()).is_ok());
    }
}
