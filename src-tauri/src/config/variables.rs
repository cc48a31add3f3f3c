//! The environment variables that Flagdeck reads, and those that look like one of them and are not.
//!
//! An empty variable counts as not set.

use std::collections::HashSet;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use flagdeck_core::edit::distance;

use super::{Given, KEYS, Key};
use crate::webhook::SECRET_VARIABLE;

/// Says where everything is kept.
const DATA_DIR: &str = "FLAGDECK_DATA_DIR";

/// Says that it is used even if other users can write in it or replace it.
const TRUST_FOLDER: &str = "FLAGDECK_TRUST_FOLDER";

/// Holds the credential for the document that is followed.
pub const FLAGS_TOKEN: &str = "ML_FLAGS_TOKEN";

/// The file of the data folder that holds that credential otherwise.
pub const FLAGS_TOKEN_FILE: &str = "flags-token";

/// Those that name no setting: the credential, the secret of webhooks, the folder, the log, and what
/// `flagctl bisect` tells the commands that it runs.
const OTHERS: [&str; 8] = [
    FLAGS_TOKEN,
    SECRET_VARIABLE,
    DATA_DIR,
    TRUST_FOLDER,
    "FLAGDECK_LOG",
    "FLAGDECK_SNAPSHOT_FILE",
    "FLAGDECK_SNAPSHOT_ID",
    "FLAGDECK_SNAPSHOT_TIME",
];

/// What every variable of Flagdeck begins with, but for those of the founding specification.
const PREFIX: &str = "FLAGDECK";

/// Letters that may differ in a name, if it is short: two for two that changed places.
const TYPOS_MAX: usize = 2;

/// Returns the folder that everything is kept in: `argument` of the command line, or else
/// `FLAGDECK_DATA_DIR`, or else `$XDG_DATA_HOME/flagdeck`, by default `~/.local/share/flagdeck`.
/// `None` without a home.
pub fn data_dir(argument: Option<PathBuf>) -> Option<PathBuf> {
    let named = || env::var_os(DATA_DIR).filter(|folder| !folder.is_empty());
    argument
        .or_else(|| named().map(PathBuf::from))
        .or_else(default_data_dir)
}

/// Returns whether the folder is used even if other users can write in it or replace it: by the
/// command line, or else by `FLAGDECK_TRUST_FOLDER`.
pub fn trusts_folder(argument: bool) -> bool {
    let is_on = |value: OsString| value == "1" || value == "true";
    argument || env::var_os(TRUST_FOLDER).is_some_and(is_on)
}

/// Returns the folder that everything is kept in if neither the command line nor the environment
/// names one. `None` without a home.
pub fn default_data_dir() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.data_dir().join("flagdeck"))
}

/// Says of each variable that Flagdeck does not read, and that was meant for it, what comes close.
pub fn unknown_variables(given: &Given) -> Vec<String> {
    let names = given.environment.iter().map(|(name, _)| name.as_str());
    let mut unknown: Vec<String> = names.filter_map(unknown).collect();
    unknown.sort();
    unknown
}

fn unknown(name: &str) -> Option<String> {
    if known().any(|known| known == name) {
        return None;
    }
    let is_meant = after_prefix(name).is_some();
    match nearest(name) {
        Some(near) => Some(format!(
            "Flagdeck reads no environment variable {name}; did you mean {near}?"
        )),
        None if is_meant => Some(format!("Flagdeck reads no environment variable {name}.")),
        None => None,
    }
}

fn known() -> impl Iterator<Item = String> {
    let settings = KEYS.iter().map(Key::variable);
    settings.chain(OTHERS.map(str::to_owned))
}

/// Returns the variable that a name was meant for: the one of the setting that is spelled with
/// the same letters, the one that is spelled nearly the same, or the only one that is made of the
/// same words and some more.
fn nearest(name: &str) -> Option<String> {
    let Some(rest) = after_prefix(name) else {
        return known().find(|known| distance(name, known) <= TYPOS_MAX);
    };
    let is_spelled = |key: &&Key| letters(key.name) == letters(rest);
    if let Some(key) = KEYS.iter().find(is_spelled) {
        return Some(key.variable());
    }
    let typos_max = (rest.len() / 3).max(TYPOS_MAX);
    let typos = |known: &str| distance(name, known);
    let near = known().min_by_key(|known| typos(known));
    let near = near.filter(|near| (..rest.len().min(typos_max + 1)).contains(&typos(near)));
    near.or_else(|| {
        // A token is more likely meant as that of Flagdeck itself, which no variable sets.
        let others = known().filter(|known| known != FLAGS_TOKEN);
        let mut related = others.filter(|known| are_related(rest, known));
        related.next().filter(|_| related.next().is_none())
    })
}

/// Returns what follows the prefix of Flagdeck's variables, in capitals or not.
fn after_prefix(name: &str) -> Option<&str> {
    let (start, rest) = name.split_at_checked(PREFIX.len())?;
    let rest = rest.strip_prefix('_').unwrap_or(rest);
    start.eq_ignore_ascii_case(PREFIX).then_some(rest)
}

fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Says whether all words of the one are in the other.
fn are_related(rest: &str, known: &str) -> bool {
    let rest = rest.to_ascii_uppercase();
    let words = |text: &str| -> HashSet<String> { text.split('_').map(str::to_owned).collect() };
    let (one, other) = (words(&rest), words(after_prefix(known).unwrap_or(known)));
    one.is_subset(&other) || other.is_subset(&one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(names: &[&str]) -> Vec<String> {
        let environment = names
            .iter()
            .map(|name| ((*name).to_owned(), "1".to_owned()));
        unknown_variables(&Given {
            environment: environment.collect(),
            command_line: Vec::new(),
        })
    }

    #[track_caller]
    fn check_near(name: &str, near: &str) {
        let expected =
            format!("Flagdeck reads no environment variable {name}; did you mean {near}?");
        assert_eq!(told(&[name]), [expected]);
    }

    #[test]
    fn a_name_that_is_nearly_one_is_told_with_it() {
        check_near("FLAGDECK_HTTP_PROT", "FLAGDECK_HTTP_PORT");
        check_near("flagdeck_http_port", "FLAGDECK_HTTP_PORT");
        check_near("FLAGDECK_PORT", "FLAGDECK_HTTP_PORT");
        check_near("FLAGDECK_DATADIR", "FLAGDECK_DATA_DIR");
        check_near("FLAGDECK_STATE_PERSISTML", "FLAGDECK_STATE_PERSIST_ML");
        check_near("FLAGDECK_SNAPSHOT_IDS", "FLAGDECK_SNAPSHOT_ID");
        check_near("FLAGDECK_LGO", "FLAGDECK_LOG");
        check_near("FLAGDECK_LOG_LEVEL", "FLAGDECK_LOG");
        check_near("FLAGDECK_DIR", "FLAGDECK_DATA_DIR");
        check_near("FLAGDECK-HTTP-PORT", "FLAGDECK_HTTP_PORT");
        // Settings whose variable is that of the founding specification.
        check_near("FLAGDECK_FEATURE_FLAGS_ENDPOINT", "ML_FLAGS_ENDPOINT");
        check_near("FLAGDECK_METRICS_PUSH_GATEWAY", "PROMETHEUS_GATEWAY");
        check_near("ML_FLAG_ENDPOINT", "ML_FLAGS_ENDPOINT");
        check_near("ML_FLAG_TOKEN", "ML_FLAGS_TOKEN");
        check_near("FLAGDECK_WEBHOOK_SECERT", "FLAGDECK_WEBHOOK_SECRET");
    }

    #[test]
    fn a_name_that_is_none_is_told_alone() {
        for name in [
            "FLAGDECK_COLOUR_OF_THE_SKY",
            "FLAGDECK_TOKEN",
            "FLAGDECK_CONFIG",
            "FLAGDECK_X",
            "FLAGDECK_",
            "FLAGDECK",
            // More than one setting has it.
            "FLAGDECK_ENABLED",
        ] {
            let expected = format!("Flagdeck reads no environment variable {name}.");
            assert_eq!(told(&[name]), [expected]);
        }
    }

    #[test]
    fn names_that_are_read_and_those_of_other_programs_are_not_told() {
        let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
        let mut names: Vec<&str> = known.iter().map(String::as_str).collect();
        names.extend(OTHERS);
        names.extend([
            "",
            "PATH",
            "ML_FLAGS",
            "PROMETHEUS_URL",
            "FLAG_DECK",
            "ünïcode_name",
        ]);
        assert_eq!(told(&names), Vec::<String>::new());
    }
}
