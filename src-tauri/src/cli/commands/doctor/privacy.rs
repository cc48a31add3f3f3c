//! What `doctor` looks at for other users of this machine: what they can read, and whether one of
//! them has the port.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use flagdeck::App;
use flagdeck::http::port_owner;
use flagdeck::private::{self, Exposed};

use super::{Finding, finding};

/// What others may not do in a data folder that Flagdeck makes.
const OTHERS: u32 = 0o077;

pub fn findings(app: &App) -> Vec<Finding> {
    let mut findings = vec![folder(app)];
    findings.extend(private::exposed(app.data_dir()).into_iter().map(file));
    findings.extend(settings(app));
    findings.extend(port(app));
    findings
}

fn folder(app: &App) -> Finding {
    let folder = app.data_dir();
    if let Err(untrusted) = private::check(folder) {
        return finding(false, format!("{}: {untrusted}", folder.display()));
    }
    let mode = fs::metadata(folder).map_or(0, |found| found.permissions().mode());
    match mode & OTHERS {
        0 => finding(true, "data folder for its owner only"),
        _ => finding(
            true,
            format!(
                "others on this machine can list the data folder, but read no file of it: \
                 chmod 700 {} closes it",
                folder.display()
            ),
        ),
    }
}

fn file(exposed: Exposed) -> Finding {
    let (path, command) = (exposed.path.display(), exposed.command);
    finding(
        false,
        match exposed.owner {
            Some(owner) => format!("{path} belongs to {owner}: run {command}"),
            None => format!("others on this machine can use {path}: run {command}"),
        },
    )
}

/// `config.toml` keeps the mode that its user gave it, which matters if a password is in it.
fn settings(app: &App) -> Option<Finding> {
    let path = app.data_dir().join("config.toml");
    let settings = app.settings();
    let mut secret = settings
        .iter()
        .filter(|setting| setting.key.kind.redacted(&setting.in_file) != setting.in_file);
    let secret = secret.next().filter(|_| private::others_can_read(&path))?;
    let (name, path) = (secret.key.name, path.display());
    Some(finding(
        false,
        format!("others on this machine can read the password in {name}: run chmod 600 {path}"),
    ))
}

fn port(app: &App) -> Option<Finding> {
    let port = app.config().http.port;
    let user = port_owner::another_user(port)?;
    Some(finding(
        false,
        format!(
            "a program of {user} listens on port {port}: applications that send the token there \
             give it away; choose another port with http.port, then run flagctl token --rotate"
        ),
    ))
}
