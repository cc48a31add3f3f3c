//! `doctor`: everything that can be checked from outside, one line each.

mod privacy;

use std::collections::HashSet;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use flagdeck::http::{BindError, Server, port_owner};
use flagdeck::store::sqlite::holders::{self, Holder};
use flagdeck::wire::Finding;
use flagdeck::{App, durable, serving, trusted_time};

use super::{Refused, push as pushing};
use crate::input::{can_answer, is_confirmed};
use crate::output::{Output, counted, mark, progress, remark};

/// How long a program may take to write its store back.
const WRITTEN_WITHIN: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(50);

/// Looks, prints, and exits with 1 where anything is wrong.
pub fn doctor(app: &App, output: &mut Output) -> anyhow::Result<ExitCode> {
    let mut findings = vec![finding(
        true,
        format!("data folder {}", app.data_dir().display()),
    )];
    let notices = app.obstacles().into_iter().chain(app.notices());
    findings.extend(notices.map(|notice| finding(false, notice.message)));
    findings.extend(removed(app));
    findings.extend(unlabelled(app));
    findings.extend(app.check_each());
    findings.extend(damaged_records(app));
    // A database that lacks revisions is noticed when it is opened, and when it is checked.
    let mut told = HashSet::new();
    findings.retain(|finding| told.insert(finding.text.clone()));
    let unknown = app.unknown_variables().into_iter();
    findings.extend(unknown.map(|unknown| finding(false, unknown)));
    findings.push(finding(
        true,
        trusted_time::describe(&trusted_time::read(app.data_dir())),
    ));
    findings.push(token(app));
    findings.extend(ports(app));
    findings.extend(privacy::findings(app));
    findings.extend(targeted(app));
    findings.extend(push(app));
    findings.extend(app.check_followed());
    let well = findings.iter().all(|finding| finding.ok);
    if output.json {
        output.value(&serde_json::json!({ "ok": well, "findings": findings }))?;
    } else {
        for finding in &findings {
            output.line(mark(finding.ok, &finding.text))?;
        }
    }
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// How to remove what is told of for good, because it is damaged and nothing replaces it.
fn damaged_records(app: &App) -> Option<Finding> {
    // That it cannot be read is among the other findings.
    let records = app.damaged_records().unwrap_or_default();
    let text = format!(
        "nothing needs {}: flagctl doctor --remove-damaged removes what is damaged",
        counted(records.len(), "damaged record")
    );
    (!records.is_empty()).then(|| finding(false, text))
}

/// Says which single records are damaged, and removes them if that is confirmed.
pub fn remove_damaged(app: &App, yes: bool, output: &mut Output) -> anyhow::Result<()> {
    let records = app.damaged_records()?;
    if records.is_empty() && !output.json {
        return Ok(output.line("No single record is damaged.")?);
    }
    if !records.is_empty() && !yes {
        confirm_removal(&records, output)?;
    }
    let removed = app.remove_damaged_records()?;
    output.note_saved();
    if output.json {
        return Ok(output.value(&serde_json::json!({ "removed": removed }))?);
    }
    let count = counted(removed.len(), "damaged record");
    output.line(format!("{count} removed. Lost with that:"))?;
    for lost in removed {
        output.line(format!("    {lost}"))?;
    }
    Ok(())
}

fn confirm_removal(records: &[String], output: &Output) -> anyhow::Result<()> {
    let told = format!(
        "What cannot be read is lost:\n    {}\n",
        records.join("\n    ")
    );
    if output.json || !can_answer() {
        let refused =
            format!("{told}To remove the damaged records, which cannot be undone, add --yes.");
        return Err(Refused(refused).into());
    }
    progress(&told);
    match is_confirmed("Remove the damaged records? This cannot be undone.")? {
        true => Ok(()),
        false => Err(Refused("nothing was removed".into()).into()),
    }
}

/// Entries of the quarantine without a label, as an earlier Flagdeck left them: no notice tells of
/// them, and they cannot be marked as seen.
fn unlabelled(app: &App) -> Vec<Finding> {
    let entries = match app.quarantine() {
        Ok(entries) => entries,
        Err(error) => {
            let text = format!("the quarantine cannot be read: {}", error.in_full());
            return vec![finding(false, text)];
        }
    };
    let unlabelled = entries.into_iter().filter(|entry| entry.label.is_none());
    unlabelled
        .map(|entry| {
            let text = format!(
                "quarantine/{} was set aside and why is not known: flagctl quarantine lists it",
                entry.name
            );
            finding(true, text)
        })
        .collect()
}

fn finding(ok: bool, text: impl Into<String>) -> Finding {
    Finding::new(ok, text)
}

/// Has the programs that have a removed store of this folder open write it back, and waits until
/// it is there.
pub fn write_back(data_dir: &Path) -> anyhow::Result<()> {
    let holders = holders::of_removed(data_dir);
    if holders.is_empty() {
        remark("no running Flagdeck has a removed store of this folder open");
        return Ok(());
    }
    for holder in holders {
        remark(&format!("{} writes its store back", holder.describe()));
        holder
            .ask()
            .with_context(|| format!("{} cannot be asked to write back", holder.describe()))?;
        wait_for(data_dir, &holder)?;
    }
    Ok(())
}

fn wait_for(data_dir: &Path, holder: &Holder) -> anyhow::Result<()> {
    let deadline = Instant::now() + WRITTEN_WITHIN;
    while holders::of_removed(data_dir).contains(holder) {
        if Instant::now() > deadline {
            bail!(
                "{} has not written its store back; what it prints says why",
                holder.describe()
            );
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// Programs that have a removed store of the folder open, and with it what is missing here.
fn removed(app: &App) -> Vec<Finding> {
    let holders = holders::of_removed(app.data_dir()).into_iter();
    holders
        .map(|holder| {
            let text = format!(
                "{} has a store open that was removed from this folder, and saves nothing: \
                 flagctl doctor --write-back puts it back, with what is here set aside",
                holder.describe()
            );
            finding(false, text)
        })
        .collect()
}

fn token(app: &App) -> Finding {
    let path = flagdeck::token::path(app.data_dir());
    match durable::read(&path).and_then(|_| std::fs::metadata(&path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            finding(true, "no token yet: it is made when it is first needed")
        }
        Err(error) => finding(false, format!("{} cannot be read: {error}", path.display())),
        Ok(file) if file.permissions().mode().trailing_zeros() >= 6 => {
            finding(true, "token readable by its owner only")
        }
        Ok(_) => finding(
            false,
            format!(
                "others on this machine can read the token: run chmod 600 {}, then flagctl token --rotate",
                path.display()
            ),
        ),
    }
}

/// Where flags are served; without that, whether the usual port is free.
fn ports(app: &App) -> Vec<Finding> {
    let running = serving::ports(app.data_dir()).into_iter();
    let served = running.map(|port| {
        let by = port_owner::find(port).map_or(String::new(), |owner| format!(" by {owner}"));
        finding(
            true,
            format!("flags are served at http://127.0.0.1:{port}{by}"),
        )
    });
    let served: Vec<Finding> = served.collect();
    match served.is_empty() {
        true => vec![port(app)],
        false => served,
    }
}

fn port(app: &App) -> Finding {
    let port = app.config().http.port;
    match Server::bind(app.clone(), port) {
        Ok(_) => finding(true, format!("port {port} is free")),
        // A running Flagdeck holds it, which is as it should be.
        Err(error @ BindError::PortTaken { .. }) => finding(true, error.to_string()),
        Err(error) => finding(false, error.to_string()),
    }
}

/// Whether overrides for single applications and users can be read, if there is a file of them.
fn targeted(app: &App) -> Option<Finding> {
    let path = app.data_dir().join(flagdeck::flags::targeted::FILE);
    Some(match app.flags().check_targeted() {
        Ok(in_force) => {
            let count = counted(in_force?, "override");
            finding(true, format!("{count} for single applications and users"))
        }
        Err(error) => finding(
            false,
            format!(
                "{}; nothing is overridden for single applications and users until it is removed: \
                 rm {}",
                error.in_full(),
                path.display()
            ),
        ),
    })
}

/// How pushing to a gateway goes, if one is set or another program pushes.
fn push(app: &App) -> Option<Finding> {
    let (is_well, text) = pushing::status(app.pushing().as_ref(), app)?;
    Some(finding(is_well, text))
}
