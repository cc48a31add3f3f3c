//! The layers of the configuration, laid over each other: the last valid value of a key wins.

use std::path::Path;

use serde_json::Value;

use super::{Config, KEYS, Key, Loaded, Source, edit, file};

/// The values so far, in the order of [`KEYS`].
pub(super) struct Layers {
    values: Vec<(Value, Source)>,
    in_file: Vec<Value>,
    problems: Vec<String>,
    is_file_unusable: bool,
}

impl Default for Layers {
    fn default() -> Self {
        let default = |key: &Key| ((key.default)(), Source::Default);
        Self {
            values: KEYS.iter().map(default).collect(),
            in_file: vec![Value::Null; KEYS.len()],
            problems: Vec::new(),
            is_file_unusable: false,
        }
    }
}

impl Layers {
    /// Takes what a file says; a missing one says nothing.
    pub(super) fn file(&mut self, path: &Path) {
        match read(path) {
            Ok(table) => self.table(&Source::File(path.to_owned()), "", &table),
            Err(fault) => {
                let problem = format!("{} {fault}; it is not used.", path.display());
                self.problems.push(problem);
                self.is_file_unusable = true;
            }
        }
    }

    fn table(&mut self, source: &Source, prefix: &str, table: &toml::Table) {
        for (name, value) in table {
            // A quoted dot is part of a name, and no name has one.
            let name = match name.contains('.') {
                true => format!("{prefix}{name:?}"),
                false => format!("{prefix}{name}"),
            };
            match value {
                toml::Value::Table(inner) => self.table(source, &format!("{name}."), inner),
                value => match serde_json::to_value(value) {
                    Ok(value) => self.set(source.clone(), &name, &value),
                    Err(error) => self.problems.push(format!("{name} in {source}: {error}.")),
                },
            }
        }
    }

    /// Takes a variable of the environment, if it names a setting.
    pub(super) fn variable(&mut self, name: &str, value: &str) {
        let Some(key) = KEYS.iter().find(|key| key.variable() == name) else {
            return;
        };
        // An empty variable is how a shell says "not set".
        if !value.trim().is_empty() {
            let source = Source::Environment(name.to_owned());
            self.set(source, key.name, &key.read(value));
        }
    }

    /// Takes an argument of the command line.
    pub(super) fn argument(&mut self, name: &str, value: &str) {
        let value = Key::find(name).map_or(Value::Null, |key| key.read(value));
        self.set(Source::CommandLine, name, &value);
    }

    fn set(&mut self, source: Source, name: &str, value: &Value) {
        let Some(index) = KEYS.iter().position(|key| key.name == name) else {
            let problem = format!("{name} in {source} is not a setting; it is passed over.");
            return self.problems.push(problem);
        };
        let key = &KEYS[index];
        match key.check(value) {
            Ok(value) => {
                if matches!(source, Source::File(_)) {
                    self.in_file[index] = value.clone();
                }
                self.values[index] = (value, source);
            }
            Err(range) => {
                let (kept, from) = &self.values[index];
                let (value, kept) = (key.kind.redacted(value), key.kind.redacted(kept));
                self.problems.push(format!(
                    "{name} in {source} must be {range}, not {value}; {kept} from {from} is used."
                ));
            }
        }
    }

    /// Returns what came of all of them.
    pub(super) fn finish(self) -> Loaded {
        let (values, sources): (Vec<_>, Vec<_>) = self.values.into_iter().unzip();
        Loaded {
            config: Config::of(&values),
            values,
            sources,
            in_file: self.in_file,
            problems: self.problems,
            is_file_unusable: self.is_file_unusable,
        }
    }
}

/// Reads a file, or says what is wrong with it, to follow its name.
fn read(path: &Path) -> Result<toml::Table, String> {
    let text = file::read(path).map_err(|error| error.to_string())?.plain();
    text.parse().map_err(|error: toml::de::Error| {
        format!(
            "is not valid TOML in line {} ({})",
            edit::line_of(&text, error.span()),
            error.message()
        )
    })
}
