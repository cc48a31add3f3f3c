//! Configuration: every key of the founding specification's MLConfig, and Flagdeck's own.
//!
//! One table says what keys there are; each value comes from the last source that gives a valid
//! one: the default, `config.toml`, the environment, the command line. An invalid value is
//! reported with its key, its source and the allowed range, and the value before it stays.
//! What is changed while Flagdeck runs is changed in `config.toml`, and counts at once if
//! it can.

mod contact;
pub(crate) mod edit;
mod file;
mod keys;
mod layers;
mod layout;
mod origin;
pub(crate) mod route;
mod settings;
mod variables;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

pub use contact::Contact;
pub use file::ChangeError;
pub(crate) use file::FILE;
pub use keys::{KEYS, Key, Kind};
use layers::Layers;
pub use origin::Origin;
pub use settings::{Setting, Settings};
pub use variables::{
    FLAGS_TOKEN, FLAGS_TOKEN_FILE, data_dir, default_data_dir, trusts_folder, unknown_variables,
};

use crate::webhook::SECRET_VARIABLE;

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

/// Metrics: collected, served, pushed, and where charts have them from.
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
    pub prometheus: Option<String>,
    pub keep_users: bool,
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
    pub strict: bool,
    pub triggers: Triggers,
    pub webhook: Webhook,
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

/// Who is told of rollbacks. The secret that messages are signed with is no setting:
/// [`Secret::load`](crate::webhook::Secret::load).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "the table in `keys` says what each one means")]
pub struct Webhook {
    pub url: Option<String>,
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
    /// The same values, in the order of [`KEYS`].
    pub values: Vec<Value>,
    /// Where each value came from, in the same order.
    pub sources: Vec<Source>,
    /// What the file gives, in the same order; null if it gives nothing that can be used.
    pub in_file: Vec<Value>,
    /// What was passed over, a sentence each.
    pub problems: Vec<String>,
    /// Whether the file is there and nothing can be read of it.
    pub is_file_unusable: bool,
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
    /// Takes what this process was given in its environment. What is not UTF-8 is there with
    /// U+FFFD, which no setting takes, so that it is refused rather than passed over.
    pub fn from_environment() -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let variables = std::env::vars_os();
        Self {
            environment: variables
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
            command_line: Vec::new(),
        }
    }

    /// Returns the credential for the document that is followed; `None` if there is none here.
    pub fn flags_token(&self) -> Option<&str> {
        self.variable(FLAGS_TOKEN)
    }

    /// Returns the secret that messages are signed with; `None` if there is none here.
    pub fn webhook_secret(&self) -> Option<&str> {
        self.variable(SECRET_VARIABLE)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let mut variables = self.environment.iter();
        let found = variables.find(|(found, value)| found == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads `KEY=VALUE` of the command line.
///
/// # Errors
/// If there is no `=`, or no setting of that name.
pub fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it must be KEY=VALUE")?;
    match Key::find(name) {
        Some(_) => Ok((name.to_owned(), value.to_owned())),
        None => Err(format!("{name} is not a setting")),
    }
}

/// Reads the configuration of a data folder. What cannot be used is reported, never fatal.
pub fn load(data_dir: &Path, given: &Given) -> Loaded {
    let mut layers = Layers::default();
    layers.file(&file::path(data_dir));
    for (name, value) in &given.environment {
        layers.variable(name, value);
    }
    for (name, value) in &given.command_line {
        layers.argument(name, value);
    }
    layers.finish()
}

impl Config {
    /// Makes it of one checked value for each of [`KEYS`], in their order.
    fn of(values: &[Value]) -> Self {
        let mut tree = Value::Object(Map::new());
        for (key, value) in KEYS.iter().zip(values) {
            let mut place = &mut tree;
            for name in key.name.split('.') {
                place = &mut place[name];
            }
            *place = value.clone();
        }
        serde_json::from_value(tree).expect("every checked value has its type")
    }
}
