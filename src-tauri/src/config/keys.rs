//! The table of keys: name, default, range, meaning.

use flagdeck_core::{typed, whole};
use serde::Serialize;
use serde_json::{Value, json};

use super::origin::Origin;
use super::{FLAGS_TOKEN, FLAGS_TOKEN_FILE, route};
use crate::address;

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// Its name, as in `config.toml`.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Its value if none is given.
    pub default: fn() -> Value,
    /// What it does, in one sentence.
    pub meaning: &'static str,
    /// Whether it is read only when Flagdeck starts. All others count as soon as they change.
    pub needs_restart: bool,
    /// Why it does nothing in this version; none if it does what it says.
    pub unavailable: Option<&'static str>,
    /// An environment variable of the founding specification, in place of the derived one.
    founding_variable: Option<&'static str>,
    /// Whether an address with a user or password in it is refused: its credential has a place of
    /// its own.
    forbids_credentials: bool,
}

/// What values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(
    test,
    derive(ts_rs::TS),
    ts(rename = "SettingKind", tag = "kind", rename_all = "snake_case")
)]
pub enum Kind {
    /// `true` or `false`.
    Switch,
    /// A whole number.
    Integer {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
        /// What is counted, for messages.
        unit: &'static str,
    },
    /// A number from 0.0 to 1.0.
    Share,
    /// An address `http://…` or `https://…`, or nothing.
    Address,
    /// A path on this server at which nothing else is, `/…`.
    Route,
    /// A list of origins, `scheme://host[:port]`.
    Origins,
}

impl Key {
    /// Finds the setting of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// Reads a text, as people write it on a command line; what does not fit stays a text.
    pub fn read(&self, text: &str) -> Value {
        self.kind.read(text)
    }

    /// Checks a value, and returns it as it is kept.
    ///
    /// # Errors
    /// What it must be, to follow "must be".
    pub(super) fn check(&self, value: &Value) -> Result<Value, String> {
        let checked = self.kind.check(value)?;
        match checked.as_str() {
            Some(text) if self.forbids_credentials && address::has_credentials(text) => {
                Err(format!(
                    "an address without a user or password (the credential belongs in {FLAGS_TOKEN} \
                     or in the file {FLAGS_TOKEN_FILE} of the data folder)"
                ))
            }
            _ => Ok(checked),
        }
    }

    /// Returns the environment variable that sets it: `FLAGDECK_HTTP_PORT` for `http.port`.
    pub fn variable(&self) -> String {
        if let Some(founding) = self.founding_variable {
            return founding.to_owned();
        }
        let mut variable = String::from("FLAGDECK_");
        let mut after_lower = false;
        for character in self.name.chars() {
            if character.is_ascii_uppercase() && after_lower {
                variable.push('_');
            }
            after_lower = character.is_ascii_lowercase();
            match character {
                '.' => variable.push('_'),
                other => variable.push(other.to_ascii_uppercase()),
            }
        }
        variable
    }
}

impl Kind {
    /// Reads a text of the environment or the command line; what does not fit stays text.
    pub(super) fn read(self, text: &str) -> Value {
        let text = text.trim();
        let read: Option<Value> = match self {
            Self::Switch => text.parse::<bool>().ok().map(Value::from),
            Self::Integer { .. } => whole::read(text).map(Value::from),
            Self::Share => typed::share(text).map(Value::from),
            Self::Origins => {
                let origins = text.split(',').map(str::trim);
                Some(origins.filter(|origin| !origin.is_empty()).collect())
            }
            Self::Address | Self::Route => None,
        };
        read.unwrap_or_else(|| text.into())
    }

    /// Checks a value, and returns it as it is kept: a whole number without decimals.
    ///
    /// # Errors
    /// What it must be, to follow "must be".
    pub(super) fn check(self, value: &Value) -> Result<Value, String> {
        let fits = match self {
            Self::Switch => value.is_boolean(),
            Self::Integer { min, max, .. } => {
                let number = whole::of_value(value).filter(|number| (min..=max).contains(number));
                return number.map(Value::from).ok_or_else(|| self.range());
            }
            Self::Share => value
                .as_f64()
                .is_some_and(|share| (0.0..=1.0).contains(&share)),
            Self::Address if value.as_str().is_some_and(address::is_redacted) => {
                return Err(format!(
                    "{}, with the password or query that *** stands for",
                    self.range()
                ));
            }
            Self::Address => value.is_null() || value.as_str().is_some_and(address::begins_as_one),
            Self::Route => {
                let path = value.as_str().ok_or_else(|| self.range())?;
                return route::check(path).map(|()| value.clone());
            }
            Self::Origins => value.as_array().is_some_and(|origins| {
                origins
                    .iter()
                    .all(|origin| origin.as_str().and_then(Origin::parse).is_some())
            }),
        };
        match fits {
            true => Ok(value.clone()),
            false => Err(self.range()),
        }
    }

    /// Returns a value as it may be shown: an address, and what is refused as one, may hold a
    /// password or a token.
    pub fn redacted(self, value: &Value) -> Value {
        match (self, value) {
            (Self::Address | Self::Origins, Value::String(text)) => address::redacted(text).into(),
            (_, Value::String(text)) => address::redacted_in(text).into_owned().into(),
            (_, Value::Array(list)) => list.iter().map(|part| self.redacted(part)).collect(),
            (_, Value::Object(table)) => {
                let parts = table.iter();
                let parts = parts.map(|(name, part)| (name.clone(), self.redacted(part)));
                Value::Object(parts.collect())
            }
            (_, other) => other.clone(),
        }
    }

    /// Says what values it takes, to follow "must be".
    pub fn range(self) -> String {
        match self {
            Self::Switch => "true or false".into(),
            Self::Integer { min, max, unit } => {
                format!("a whole number from {min} to {max} ({unit})")
            }
            Self::Share => "a number from 0 to 1".into(),
            Self::Address => "an address that begins with http:// or https://".into(),
            Self::Route => "a path such as /metrics".into(),
            Self::Origins => "a list of origins such as http://localhost:5173 or tauri://localhost, without a path"
                .into(),
        }
    }
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

const fn key(name: &'static str, kind: Kind, default: fn() -> Value, meaning: &'static str) -> Key {
    Key {
        name,
        kind,
        default,
        meaning,
        needs_restart: false,
        unavailable: None,
        founding_variable: None,
        forbids_credentials: false,
    }
}

const fn integer(min: u64, max: u64, unit: &'static str) -> Kind {
    Kind::Integer { min, max, unit }
}

/// Every setting, in the order of the founding specification.
pub const KEYS: &[Key] = &[
    Key {
        founding_variable: Some("ML_FLAGS_ENDPOINT"),
        forbids_credentials: true,
        ..key(
            "featureFlags.endpoint",
            Kind::Address,
            || Value::Null,
            "The address of the flag document to follow; without it the local document is the source.",
        )
    },
    key(
        "featureFlags.refreshInterval",
        integer(1000, DAY_MS, "milliseconds"),
        || json!(60_000),
        "How often a followed document is fetched.",
    ),
    key(
        "featureFlags.cache.enabled",
        Kind::Switch,
        || json!(true),
        "Whether a fetch asks only for what changed, and a failure counts only after cache.ttl; off, \
         every fetch asks for the whole document, and the first failure makes it stale.",
    ),
    key(
        "featureFlags.cache.ttl",
        integer(0, 365 * DAY_MS, "milliseconds"),
        || json!(300_000),
        "How long after the last good fetch failures do not count as stale; the last good document \
         serves in any case.",
    ),
    key(
        "metrics.enabled",
        Kind::Switch,
        || json!(true),
        "Whether metrics are collected.",
    ),
    key(
        "metrics.endpoint",
        Kind::Route,
        || json!("/metrics"),
        "The path that Prometheus reads metrics from.",
    ),
    Key {
        founding_variable: Some("PROMETHEUS_GATEWAY"),
        ..key(
            "metrics.pushGateway",
            Kind::Address,
            || Value::Null,
            "A Pushgateway to push metrics to; without it nothing is pushed.",
        )
    },
    key(
        "metrics.interval",
        integer(1000, DAY_MS, "milliseconds"),
        || json!(10_000),
        "How often metrics are pushed.",
    ),
    key(
        "metrics.bufferSize",
        integer(1, 100_000, "samples"),
        || json!(1000),
        "How many samples are counted as waiting for a gateway that is away; the first push that arrives makes up for all.",
    ),
    key(
        "metrics.prometheus",
        Kind::Address,
        || Value::Null,
        "A Prometheus whose series the charts show in place of Flagdeck's own.",
    ),
    key(
        "metrics.keepUsers",
        Kind::Switch,
        || json!(false),
        "Whether ids of users in events are kept on this machine, as the roster Seen in events.",
    ),
    key(
        "state.persistML",
        Kind::Switch,
        || json!(true),
        "Whether the state of sources is kept on disk.",
    ),
    key(
        "state.compressionEnabled",
        Kind::Switch,
        || json!(true),
        "Whether snapshots are compressed.",
    ),
    key(
        "state.maxHistorySize",
        integer(1, 100_000, "changes"),
        || json!(100),
        "How many changes of a source are remembered.",
    ),
    key(
        "state.snapshotInterval",
        integer(1000, DAY_MS, "milliseconds"),
        || json!(300_000),
        "How often a snapshot is taken.",
    ),
    key(
        "performance.maxMemoryMB",
        integer(1, 1_048_576, "MiB"),
        || json!(100),
        "How much memory the host application may use.",
    ),
    key(
        "performance.maxCalculationTimeMs",
        integer(1, DAY_MS, "milliseconds"),
        || json!(2000),
        "How long one calculation may take.",
    ),
    key(
        "performance.workerPoolSize",
        integer(1, 1024, "threads"),
        || json!(std::thread::available_parallelism().map_or(4, usize::from)),
        "How many threads long work may use; the default is the number of cores.",
    ),
    key(
        "rollback.enabled",
        Kind::Switch,
        || json!(true),
        "Whether harmful rollouts are rolled back automatically.",
    ),
    key(
        "rollback.strict",
        Kind::Switch,
        || json!(false),
        "Whether the bare thresholds decide, instead of tests that healthy rollouts pass.",
    ),
    key(
        "rollback.triggers.errorRate",
        Kind::Share,
        || json!(0.05),
        "The share of failed calculations, in either arm of a component, that is too much.",
    ),
    key(
        "rollback.triggers.memoryThreshold",
        integer(1, 1 << 50, "bytes"),
        || json!(157_286_400),
        "The memory use of the host application that is too much.",
    ),
    key(
        "rollback.triggers.responseTime",
        integer(1, DAY_MS, "milliseconds"),
        || json!(5000),
        "The duration that more than 5 % of the calculations in an arm may not exceed.",
    ),
    key(
        "rollback.webhook.url",
        Kind::Address,
        || Value::Null,
        "A server to send a message of each automatic rollback to; without it nothing is sent.",
    ),
    Key {
        needs_restart: true,
        ..key(
            "http.port",
            integer(0, 65_535, "port"),
            || json!(4680),
            "The port of the local HTTP interface; 0 picks a free one.",
        )
    },
    key(
        "http.allowedOrigins",
        Kind::Origins,
        || json!([]),
        "Web pages and packaged web applications on this machine that may read flags.",
    ),
];
