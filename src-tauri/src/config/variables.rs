//! The environment variables that Flagdeck reads, and those that look like one of them and are not.
//!
//! An empty variable is not set, whichever it is.

use std::env;
use std::path::PathBuf;

use flagdeck_core::edit::distance;

use super::{Given, KEYS, Key};

/// Says where everything is kept.
const DATA_DIR: &str = "FLAGDECK_DATA_DIR";

/// Those that stand for no setting: the folder, the log, and what `flagctl bisect` tells the
/// commands that it runs.
const OTHERS: [&str; 5] = [
    DATA_DIR,
    "FLAGDECK_LOG",
    "FLAGDECK_SNAPSHOT_FILE",
    "FLAGDECK_SNAPSHOT_ID",
    "FLAGDECK_SNAPSHOT_TIME",
];

/// What every variable of Flagdeck begins with, but for those of the founding specification.
const PREFIX: &str = "FLAGDECK";

/// Returns the folder that everything is kept in: `argument` of the command line, or else
/// `FLAGDECK_DATA_DIR`, or else `$XDG_DATA_HOME/flagdeck`, by default `~/.local/share/flagdeck`.
/// `None` without a home.
pub fn data_dir(argument: Option<PathBuf>) -> Option<PathBuf> {
    let named = || env::var_os(DATA_DIR).filter(|folder| !folder.is_empty());
    argument
        .or_else(|| named().map(PathBuf::from))
        .or_else(default_data_dir)
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
    let known = || {
        KEYS.iter()
            .map(Key::variable)
            .chain(OTHERS.map(str::to_owned))
    };
    if known().any(|known| known == name) {
        return None;
    }
    let is_meant = name
        .get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    let nearest = match setting_of(name) {
        Some(key) => Some(key.variable()),
        None => known().min_by_key(|known| distance(name, known)),
    };
    let most = if is_meant { name.len() / 3 } else { 2 };
    let near = nearest.filter(|near| setting_of(name).is_some() || distance(name, near) <= most);
    match near {
        Some(near) => Some(format!(
            "Flagdeck reads no environment variable {name}; did you mean {near}?"
        )),
        None if is_meant => Some(format!("Flagdeck reads no environment variable {name}.")),
        None => None,
    }
}

/// Returns the setting that a name is made of, without regard to how its words are separated:
/// `FLAGDECK_METRICS_PUSHGATEWAY`, or `FLAGDECK_PORT` for the only setting whose last word it is.
fn setting_of(name: &str) -> Option<&'static Key> {
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let name = letters(name);
    let name = name
        .strip_prefix("flagdeck")
        .filter(|name| !name.is_empty())?;
    let is_whole = |key: &&Key| letters(key.name) == name;
    let is_last = |key: &&Key| {
        key.name
            .rsplit('.')
            .next()
            .is_some_and(|last| letters(last) == name)
    };
    let mut last = KEYS.iter().filter(is_last);
    KEYS.iter()
        .find(is_whole)
        .or_else(|| last.next().filter(|_| last.next().is_none()))
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
        // Settings whose variable is that of the founding specification.
        check_near("FLAGDECK_FEATURE_FLAGS_ENDPOINT", "ML_FLAGS_ENDPOINT");
        check_near("FLAGDECK_METRICS_PUSH_GATEWAY", "PROMETHEUS_GATEWAY");
        check_near("ML_FLAG_ENDPOINT", "ML_FLAGS_ENDPOINT");
    }

    #[test]
    fn a_name_that_is_none_is_told_alone() {
        let expected = "Flagdeck reads no environment variable FLAGDECK_COLOUR_OF_THE_SKY.";
        assert_eq!(told(&["FLAGDECK_COLOUR_OF_THE_SKY"]), [expected]);
        assert_eq!(told(&["FLAGDECK_", "FLAGDECK"]).len(), 2);
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
