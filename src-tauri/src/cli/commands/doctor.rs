//! `doctor`: everything that can be checked from outside, one line each.

use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;

use flagdeck::App;
use flagdeck::http::{BindError, Server};
use serde::Serialize;

use crate::output::Output;

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    ok: bool,
    text: String,
}

/// Looks, prints, and exits with 1 where anything is wrong.
pub fn doctor(app: &App, output: &mut Output) -> anyhow::Result<ExitCode> {
    let mut findings = vec![finding(
        true,
        format!("data folder {}", app.data_dir().display()),
    )];
    findings.extend(
        app.notices()
            .into_iter()
            .map(|notice| finding(false, notice.message)),
    );
    findings.extend(store(app));
    findings.push(token(app));
    findings.push(port(app));
    let well = findings.iter().all(|finding| finding.ok);
    if output.json {
        output.value(&serde_json::json!({ "ok": well, "findings": findings }))?;
    } else {
        for finding in &findings {
            let line = output.mark(finding.ok, &finding.text);
            output.line(line)?;
        }
    }
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn finding(ok: bool, text: impl Into<String>) -> Finding {
    Finding {
        ok,
        text: text.into(),
    }
}

fn store(app: &App) -> Vec<Finding> {
    let report = match app.check() {
        Ok(report) => report,
        Err(error) => return vec![finding(false, error.in_full())],
    };
    if report.problems.is_empty() {
        let text = format!(
            "store sound, {} revisions match their hashes",
            report.revisions
        );
        return vec![finding(true, text)];
    }
    let problems = report.problems.into_iter();
    problems.map(|problem| finding(false, problem)).collect()
}

fn token(app: &App) -> Finding {
    let path = flagdeck::token::path(app.data_dir());
    match std::fs::metadata(&path) {
        Err(_) => finding(true, "no token yet: it is made when it is first needed"),
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

fn port(app: &App) -> Finding {
    let port = app.config().http.port;
    match Server::bind(app.clone(), port) {
        Ok(_) => finding(true, format!("port {port} is free")),
        // A running Flagdeck holds it, which is as it should be.
        Err(error @ BindError::PortTaken { .. }) => finding(true, error.to_string()),
        Err(error) => finding(false, error.to_string()),
    }
}
