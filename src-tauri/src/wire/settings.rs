//! The settings, each with its meaning, its range and where its value came from.

use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use crate::config::{self, Kind, Source};

/// One key of the configuration, with its value and where that came from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Setting {
    /// Its dotted name, such as `http.port`.
    pub name: String,
    /// What it means, in one sentence.
    pub meaning: String,
    /// What kind of value it takes.
    pub kind: Kind,
    /// What it may be, in words.
    pub range: String,
    /// The value in force; of an address, without its password and query.
    #[cfg_attr(test, ts(type = "SettingValue"))]
    pub value: serde_json::Value,
    /// The built-in value.
    #[cfg_attr(test, ts(type = "SettingValue"))]
    pub default: serde_json::Value,
    /// Where the value in force came from.
    pub source: SettingSource,
    /// The value in the data folder's `config.toml`; `null` if it has none that can be used.
    /// It is not in force if the environment or the command line say otherwise.
    #[cfg_attr(test, ts(type = "SettingValue"))]
    pub in_file: serde_json::Value,
    /// The environment variable that can set it.
    pub variable: String,
    /// Whether a new value takes effect only when Flagdeck starts again.
    pub needs_restart: bool,
    /// Whether there is a newer value in the file that waits for that.
    pub is_waiting: bool,
    /// Why it does nothing in this version; `null` if it does what it says.
    pub unavailable: Option<String>,
}

/// What a setting may hold; `null` for none.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
#[cfg_attr(
    test,
    derive(TS),
    ts(type = "boolean | number | string | string[] | null")
)]
pub struct SettingValue(pub serde_json::Value);

/// Where the value of a setting came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(test, derive(TS), ts(tag = "kind", rename_all = "snake_case"))]
pub enum SettingSource {
    /// Built in.
    Default,
    /// The data folder's `config.toml`.
    File,
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
    },
    /// The command line.
    CommandLine,
}

impl From<config::Setting> for Setting {
    fn from(setting: config::Setting) -> Self {
        let key = setting.key;
        Self {
            name: key.name.to_owned(),
            meaning: key.meaning.to_owned(),
            kind: key.kind,
            range: key.kind.range(),
            value: key.kind.redacted(&setting.value),
            default: (key.default)(),
            source: setting.source.into(),
            in_file: key.kind.redacted(&setting.in_file),
            variable: key.variable(),
            needs_restart: key.needs_restart,
            is_waiting: setting.is_waiting,
            unavailable: key.unavailable.map(str::to_owned),
        }
    }
}

impl From<Source> for SettingSource {
    fn from(source: Source) -> Self {
        match source {
            Source::Default => Self::Default,
            Source::File(_) => Self::File,
            Source::Environment(name) => Self::Environment { name },
            Source::CommandLine => Self::CommandLine,
        }
    }
}
