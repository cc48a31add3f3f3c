//! `config list`, `get`, `set`, `reset`: the settings, and what config.toml says of them.

use flagdeck::config::{ChangeError, Key, Setting, Source};
use flagdeck::{App, Error, wire};
use serde_json::Value;

use crate::arguments::ConfigCommand;
use crate::output::{Output, Table, remark};

pub fn run(app: &App, command: ConfigCommand, output: &mut Output) -> anyhow::Result<()> {
    match command {
        ConfigCommand::List => list(app.settings(), output),
        ConfigCommand::Get { key, reveal } => get(find(app.settings(), &key)?, reveal, output),
        ConfigCommand::Set { key, value } => {
            let known = Key::find(&key).ok_or_else(|| unknown(&key))?;
            let settings = app.change_setting(&key, &known.read(&value))?;
            changed(find(settings, &key)?, output)
        }
        ConfigCommand::Reset { key } => {
            let settings = app.change_setting(&key, &Value::Null)?;
            changed(find(settings, &key)?, output)
        }
    }
}

fn find(settings: Vec<Setting>, name: &str) -> Result<Setting, Error> {
    let mut settings = settings.into_iter();
    let found = settings.find(|setting| setting.key.name == name);
    found.ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Error {
    let name = name.to_owned();
    ChangeError::Unknown { name }.into()
}

fn list(settings: Vec<Setting>, output: &mut Output) -> anyhow::Result<()> {
    if output.json {
        let settings: Vec<wire::Setting> = settings.into_iter().map(Into::into).collect();
        output.value(&settings)?;
        return Ok(());
    }
    let mut table = Table::new();
    for setting in &settings {
        let (name, value) = (setting.key.name, shown(setting, &setting.value));
        table.row([name.into(), value.into(), origin(setting).into()]);
    }
    Ok(output.table(&table)?)
}

/// Prints the value alone, for scripts.
fn get(setting: Setting, reveal: bool, output: &mut Output) -> anyhow::Result<()> {
    let (value, in_file) = (setting.value.clone(), setting.in_file.clone());
    let mut shown = wire::Setting::from(setting);
    if reveal {
        (shown.value, shown.in_file) = (value, in_file);
    }
    match output.json {
        true => output.value(&shown)?,
        false => output.line(plain(&shown.value))?,
    }
    Ok(())
}

/// Says what config.toml has by now, and whether that counts.
fn changed(setting: Setting, output: &mut Output) -> anyhow::Result<()> {
    output.note_saved();
    let name = setting.key.name;
    let overruled = matches!(setting.source, Source::Environment(_) | Source::CommandLine);
    if overruled {
        let (value, source) = (shown(&setting, &setting.value), &setting.source);
        remark(&format!("{name} stays {value} here, because of {source}"));
    } else if setting.is_waiting {
        remark("programs that are running take it when they start again");
    }
    if let Some(reason) = setting.key.unavailable {
        remark(&format!("{name}: {reason}"));
    }
    if output.json {
        output.value(&wire::Setting::from(setting))?;
        return Ok(());
    }
    output.line(match &setting.in_file {
        Value::Null => format!("{name} is not set in config.toml"),
        value => format!("{name} = {}", shown(&setting, value)),
    })?;
    Ok(())
}

fn origin(setting: &Setting) -> String {
    let origin = source_of(setting);
    match setting.key.unavailable {
        Some(_) => format!("{origin}; not available yet"),
        None => origin,
    }
}

fn source_of(setting: &Setting) -> String {
    let source = match &setting.source {
        Source::File(_) => return "config.toml".into(),
        source => source.to_string(),
    };
    match &setting.in_file {
        Value::Null => source,
        value => format!("{source}, not {} from config.toml", shown(setting, value)),
    }
}

/// Shows a value of a setting to people, who want to see that there is none.
fn shown(setting: &Setting, value: &Value) -> String {
    match plain(&setting.key.kind.redacted(value)) {
        text if text.is_empty() => "(none)".into(),
        text => text,
    }
}

/// Writes a value as `config set` reads it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
