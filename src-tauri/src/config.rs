//! Configuration: every key of the founding specification's MLConfig, and Flagdeck's own.
//!
//! One table says what keys there are; each value comes from the last source that gives a valid
//! one: the default, `config.toml`, the environment, the command line. An invalid value is
//! reported with its key, its source and the allowed range, and the value before it stays.

mod keys;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

pub use keys::{KEYS, Key, Kind};

/// The value of every key.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the table in `keys` says what each one means")]
pub struct Config {
    pub feature_flags: FeatureFlags,
    pub metrics: Metrics,
    pub state: State,
    pub performance: Performance,
    pub rollback: Rollback,
    pub http: Http,
}

/// Where flags come from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the table in `keys` says what each one means")]
pub struct FeatureFlags {
    pub endpoint: Option<String>,
    #[serde(rename = "refreshInterval")]
    pub refresh_interval_ms: u64,
    pub cache: Cache,
}

/// How long a followed document counts as fresh.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "the table in `keys` says what each one means")]
pub struct Cache {
    pub enabled: bool,
    #[serde(rename = "ttl")]
    pub ttl_ms: u64,
}

/// Metrics: collected, served, pushed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the table in `keys` says what each one means")]
pub struct Metrics {
    pub enabled: bool,
    pub endpoint: String,
    pub push_gateway: Option<String>,
    #[serde(rename = "interval")]
    pub interval_ms: u64,
    #[serde(rename = "bufferSize")]
    pub buffer_ticks: u64,
}

/// The state of sources, and its snapshots.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the table in `keys` says what each one means")]
pub struct State {
    #[serde(rename = "persistML")]
    pub persist_ml: bool,
    pub compression_enabled: bool,
    pub max_history_size: u64,
    #[serde(rename = "snapshotInterval")]
    pub snapshot_interval_ms: u64,
}

/// Limits of the host application.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the table in `keys` says what each one means")]
pub struct Performance {
    #[serde(rename = "maxMemoryMB")]
    pub max_memory_mb: u64,
    pub max_calculation_time_ms: u64,
    pub worker_pool_size: u64,
}

/// What rolls a rollout back.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "the table in `keys` says what each one means")]
pub struct Rollback {
    pub enabled: bool,
    pub triggers: Triggers,
}

/// The thresholds of the founding specification.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the table in `keys` says what each one means")]
pub struct Triggers {
    pub error_rate: f64,
    #[serde(rename = "memoryThreshold")]
    pub memory_threshold_bytes: u64,
    #[serde(rename = "responseTime")]
    pub response_time_ms: u64,
}

/// The local HTTP interface.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the table in `keys` says what each one means")]
pub struct Http {
    pub port: u16,
    pub allowed_origins: Vec<String>,
}

/// Where a value came from, weakest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Built in.
    Default,
    /// This file.
    File(PathBuf),
    /// This environment variable.
    Environment(String),
    /// The command line.
    CommandLine,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::CommandLine => f.write_str("the command line"),
        }
    }
}

/// The configuration in force, and how it came about.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The value of every key.
    pub config: Config,
    /// Where each value came from, in the order of [`KEYS`].
    pub sources: Vec<Source>,
    /// What was passed over, a sentence each.
    pub problems: Vec<String>,
}

/// What is given beside the file: for tests as much as for the real environment.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Environment variables.
    pub environment: Vec<(String, String)>,
    /// `KEY=VALUE` of the command line, by key.
    pub command_line: Vec<(String, String)>,
}

impl Given {
    /// Takes what this process was given in its environment; values that are not UTF-8 are none.
    pub fn from_environment() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            environment: std::env::vars_os().filter_map(text).collect(),
            command_line: Vec::new(),
        }
    }
}

/// Returns the folder that everything is kept in where nobody says otherwise:
/// `$XDG_DATA_HOME/flagdeck`, by default `~/.local/share/flagdeck`. None without a home.
pub fn default_data_dir() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.data_dir().join("flagdeck"))
}

/// Reads `KEY=VALUE` of the command line.
///
/// # Errors
/// Where there is no `=`, or no setting of that name.
pub fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it must be KEY=VALUE")?;
    match KEYS.iter().any(|key| key.name == name) {
        true => Ok((name.to_owned(), value.to_owned())),
        false => Err(format!("{name} is not a setting")),
    }
}

/// Reads the configuration of a data folder. What cannot be used is reported, never fatal.
pub fn load(data_dir: &Path, given: &Given) -> Loaded {
    let mut layers = Layers::default();
    layers.file(&data_dir.join("config.toml"));
    for (name, value) in &given.environment {
        layers.variable(name, value);
    }
    for (name, value) in &given.command_line {
        layers.argument(name, value);
    }
    layers.finish()
}

/// The values so far, in the order of [`KEYS`].
struct Layers {
    values: Vec<(Value, Source)>,
    problems: Vec<String>,
}

impl Default for Layers {
    fn default() -> Self {
        let default = |key: &Key| ((key.default)(), Source::Default);
        Self {
            values: KEYS.iter().map(default).collect(),
            problems: Vec::new(),
        }
    }
}

impl Layers {
    fn file(&mut self, path: &Path) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                let problem = format!("{} cannot be read: {error}.", path.display());
                return self.problems.push(problem);
            }
        };
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                let line = error
                    .span()
                    .map_or(1, |span| 1 + text[..span.start].matches('\n').count());
                let problem = format!(
                    "{} is not valid TOML in line {line} ({}); none of it is used.",
                    path.display(),
                    error.message()
                );
                return self.problems.push(problem);
            }
        };
        self.table(&Source::File(path.to_owned()), "", &table);
    }

    fn table(&mut self, source: &Source, prefix: &str, table: &toml::Table) {
        for (name, value) in table {
            let name = format!("{prefix}{name}");
            match value {
                toml::Value::Table(inner) => self.table(source, &format!("{name}."), inner),
                value => match serde_json::to_value(value) {
                    Ok(value) => self.set(source.clone(), &name, value),
                    Err(error) => self.problems.push(format!("{name} in {source}: {error}.")),
                },
            }
        }
    }

    fn variable(&mut self, name: &str, value: &str) {
        let Some(key) = KEYS.iter().find(|key| key.variable() == name) else {
            return;
        };
        // An empty variable is how a shell says "not set".
        if !value.is_empty() {
            let source = Source::Environment(name.to_owned());
            self.set(source, key.name, key.kind.read(value));
        }
    }

    fn argument(&mut self, name: &str, value: &str) {
        let kind = KEYS.iter().find(|key| key.name == name).map(|key| key.kind);
        let value = kind.map_or(Value::Null, |kind| kind.read(value));
        self.set(Source::CommandLine, name, value);
    }

    fn set(&mut self, source: Source, name: &str, value: Value) {
        let Some(index) = KEYS.iter().position(|key| key.name == name) else {
            let problem = format!("{name} in {source} is not a setting; it is passed over.");
            return self.problems.push(problem);
        };
        let key = &KEYS[index];
        match key.kind.check(&value) {
            Ok(()) => self.values[index] = (value, source),
            Err(range) => {
                let (kept, from) = &self.values[index];
                self.problems.push(format!(
                    "{name} in {source} must be {range}, not {value}; {kept} from {from} is used."
                ));
            }
        }
    }

    fn finish(self) -> Loaded {
        let mut tree = Value::Object(Map::new());
        for (key, (value, _)) in KEYS.iter().zip(&self.values) {
            let mut place = &mut tree;
            for name in key.name.split('.') {
                place = &mut place[name];
            }
            *place = value.clone();
        }
        Loaded {
            config: serde_json::from_value(tree).expect("every checked value has its type"),
            sources: self.values.into_iter().map(|(_, source)| source).collect(),
            problems: self.problems,
        }
    }
}
