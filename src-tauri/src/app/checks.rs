//! Checks of everything in the data folder: each database, each backup, what the databases know of
//! each other.

use serde::Serialize;

use super::App;
use crate::error::Error;
use crate::metrics;
use crate::store::{CheckReport, StoreError};

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found, naming the file.
    pub text: String,
}

impl Finding {
    /// Makes one.
    pub fn new(ok: bool, text: impl Into<String>) -> Self {
        Self {
            ok,
            text: text.into(),
        }
    }
}

impl App {
    /// Reads everything in the databases and checks it.
    ///
    /// # Errors
    /// If reading stopped before the end.
    pub fn check(&self) -> Result<CheckReport, Error> {
        let mut report = self.flags().store().check()?;
        let measured = metrics::store::check(self.data_dir())?;
        report
            .problems
            .extend(measured.into_iter().flat_map(|it| it.1));
        let states = self.0.states.check()?;
        report
            .problems
            .extend(states.into_iter().flat_map(|it| it.1));
        let rosters = self.rosters().check()?;
        report
            .problems
            .extend(rosters.into_iter().flat_map(|it| it.1));
        let rollouts = self.rollouts().check()?;
        report
            .problems
            .extend(rollouts.into_iter().flat_map(|it| it.1));
        report.problems.extend(self.missing_revisions());
        Ok(report)
    }

    /// Checks each database and each backup, one by one: what cannot be read keeps no other from
    /// being checked.
    pub fn check_each(&self) -> Vec<Finding> {
        let mut findings = self.check_flags();
        findings.extend(self.check_backups());
        findings.extend(findings_of(
            "metrics.db",
            metrics::store::check(self.data_dir()),
            frames,
        ));
        findings.extend(findings_of("state.db", self.0.states.check(), |counts| {
            let sources = many(counts.sources as u64, "source");
            format!("{sources}, {}", many(counts.snapshots as u64, "snapshot"))
        }));
        let rosters = self.rosters().check();
        findings.extend(findings_of("rosters.db", rosters, |count| {
            many(*count as u64, "roster")
        }));
        let rollouts = self.rollouts().check();
        findings.extend(findings_of("rollouts.db", rollouts, |count| {
            many(*count as u64, "decision")
        }));
        let missing = self.missing_revisions().into_iter();
        findings.extend(missing.map(|text| Finding::new(false, text)));
        findings
    }

    fn check_flags(&self) -> Vec<Finding> {
        let report = self.flags().store().check();
        let report = report.map(|report| Some((report.revisions, report.problems)));
        findings_of("flagdeck.db", report, |revisions| match revisions {
            0 => "no revision yet".into(),
            revisions => hashed(*revisions),
        })
    }

    fn check_backups(&self) -> Vec<Finding> {
        let backups = match self.flags().store().backups() {
            Ok(backups) => backups,
            Err(error) => return vec![unchecked("backups", error)],
        };
        let of_backup = |name: String| {
            let report = self.flags().store().check_backup(&name);
            let report = report.map(|it| it.map(|report| (report.revisions, report.problems)));
            findings_of(&format!("backups/{name}"), report, |revisions| {
                hashed(*revisions)
            })
        };
        backups
            .into_iter()
            .flat_map(|it| of_backup(it.name))
            .collect()
    }
}

/// Makes findings of what a check returned; none for a file that is not there.
fn findings_of<T>(
    file: &str,
    checked: Result<Option<(T, Vec<String>)>, StoreError>,
    describe: impl Fn(&T) -> String,
) -> Vec<Finding> {
    match checked {
        Ok(None) => Vec::new(),
        Ok(Some((found, problems))) if problems.is_empty() => {
            vec![Finding::new(
                true,
                format!("{file} is sound: {}", describe(&found)),
            )]
        }
        Ok(Some((_, problems))) => problems
            .into_iter()
            .map(|problem| Finding::new(false, naming(file, &problem)))
            .collect(),
        Err(StoreError::Damaged { what }) => {
            let what = what.trim_start_matches(file).trim_start_matches(": ");
            vec![Finding::new(false, format!("{file} is damaged: {what}"))]
        }
        Err(error) => vec![unchecked(file, error)],
    }
}

/// Names the file in a problem that does not.
fn naming(file: &str, problem: &str) -> String {
    match problem.contains(file) {
        true => problem.to_owned(),
        false => format!("{file}: {problem}"),
    }
}

/// Says why a file could not be checked, which is no damage.
fn unchecked(file: &str, error: StoreError) -> Finding {
    let why = match error {
        StoreError::Busy => "another program keeps it locked".into(),
        StoreError::Held { by, .. } => format!("{by} keeps it locked"),
        other => Error::from(other).in_full(),
    };
    Finding::new(false, format!("{file} could not be checked: {why}"))
}

fn frames(count: &u64) -> String {
    many(*count, "frame")
}

fn hashed(revisions: u64) -> String {
    match revisions {
        1 => "1 revision matches its hash".into(),
        revisions => format!("{revisions} revisions match their hashes"),
    }
}

fn many(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
