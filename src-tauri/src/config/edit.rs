//! Changes one value in the text of `config.toml`, and leaves everything else as people wrote
//! it: order, comments, spelling. Knows nothing of files.

use std::ops::Range;

use serde_json::Value;
use toml_edit::{
    Array, Document, DocumentMut, InlineTable, Item, Key, Table, TableLike, TomlError,
};

/// Why a text cannot be changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EditError {
    /// It is not TOML.
    NotToml {
        /// Where it stops being TOML, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// There is something else in the place of a table or of a value.
    Obstructed {
        /// What has to make way.
        place: String,
    },
}

/// Gives a dotted name a value: in place of the one it has, else at the end of its table, which
/// is made if it is missing.
pub(crate) fn set(text: &str, name: &str, value: &Value) -> Result<String, EditError> {
    let mut document: DocumentMut = text.parse().map_err(|error| not_toml(text, &error))?;
    let (table, last) = table_mut(&mut document, name)?;
    match table.get_mut(last) {
        None => {
            table.insert(last, Item::Value(written(value)));
        }
        Some(Item::Value(old)) => {
            let around = old.decor().clone();
            *old = written(value);
            *old.decor_mut() = around;
        }
        Some(_) => return Err(obstructed(name)),
    }
    Ok(document.to_string())
}

/// Takes a dotted name out, with its line; comments on lines of their own stay.
pub(crate) fn remove(text: &str, name: &str) -> Result<String, EditError> {
    let document = Document::parse(text).map_err(|error| not_toml(text, &error))?;
    let Some((key, item, is_inline)) = find(document.as_table(), name)? else {
        return Ok(text.to_owned());
    };
    if !item.is_value() {
        return Err(obstructed(name));
    }
    if is_inline {
        let mut document = document.into_mut();
        let (table, last) = table_mut(&mut document, name)?;
        table.remove(last);
        return Ok(document.to_string());
    }
    let lines = lines(text, key, item);
    Ok([&text[..lines.start], &text[lines.end..]].concat())
}

/// Returns the line that a part of a text begins in, counted from 1.
pub(super) fn line_of(text: &str, part: Option<Range<usize>>) -> usize {
    part.map_or(1, |part| 1 + text[..part.start].matches('\n').count())
}

/// Walks to the table that a dotted name lies in, making what is missing on the way.
fn table_mut<'a>(
    document: &'a mut DocumentMut,
    name: &'a str,
) -> Result<(&'a mut dyn TableLike, &'a str), EditError> {
    let mut parts = name.split('.').peekable();
    let mut table: &mut dyn TableLike = document.as_table_mut();
    let mut is_inline = false;
    loop {
        let part = parts.next().expect("a split has a last part");
        if parts.peek().is_none() {
            return Ok((table, part));
        }
        let missing = || match is_inline {
            true => Item::Value(InlineTable::new().into()),
            false => {
                let mut table = Table::new();
                table.set_implicit(true);
                Item::Table(table)
            }
        };
        let item = table.entry(part).or_insert_with(missing);
        is_inline = item.is_inline_table();
        table = item.as_table_like_mut().ok_or_else(|| obstructed(part))?;
    }
}

/// Finds a dotted name: its last part, its value, and whether that is inside braces.
fn find<'a>(root: &'a Table, name: &str) -> Result<Option<(&'a Key, &'a Item, bool)>, EditError> {
    let mut parts = name.split('.').peekable();
    let mut table: &dyn TableLike = root;
    let mut is_inline = false;
    loop {
        let part = parts.next().expect("a split has a last part");
        let Some((key, item)) = table.get_key_value(part) else {
            return Ok(None);
        };
        if parts.peek().is_none() {
            return Ok(Some((key, item, is_inline)));
        }
        is_inline |= item.is_inline_table();
        table = item.as_table_like().ok_or_else(|| obstructed(part))?;
    }
}

/// Returns the whole lines that a key and its value lie on, with the end of the last one.
fn lines(text: &str, key: &Key, item: &Item) -> Range<usize> {
    const PARSED: &str = "what was parsed has its place";
    let (key, value) = (key.span().expect(PARSED), item.span().expect(PARSED));
    let start = text[..key.start].rfind('\n').map_or(0, |end| end + 1);
    let end = text[value.end..].find('\n');
    start..end.map_or(text.len(), |end| value.end + end + 1)
}

/// Writes a checked value of a setting as TOML.
fn written(value: &Value) -> toml_edit::Value {
    match value {
        Value::Bool(is_on) => (*is_on).into(),
        Value::String(text) => text.into(),
        Value::Array(list) => list.iter().map(written).collect::<Array>().into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            // Adding 0 makes 0 of -0.
            None => (number.as_f64().unwrap_or_default() + 0.0).into(),
        },
        Value::Null | Value::Object(_) => unreachable!("no setting takes such a value"),
    }
}

fn not_toml(text: &str, error: &TomlError) -> EditError {
    EditError::NotToml {
        line: line_of(text, error.span()),
        problem: error.message().to_owned(),
    }
}

fn obstructed(place: &str) -> EditError {
    EditError::Obstructed {
        place: place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::config::{Given, KEYS, Kind, load, route};

    const BY_HAND: &str = "\
# Ports are listed on the wiki.
[http] # the proxy
# Agreed with Ada.
port = 4700 # not 4680

allowedOrigins = [ 'http://localhost:5173' ]

[metrics]
interval=2_000
# the end
";

    fn read(text: &str, name: &str) -> Option<Value> {
        let table: toml::Table = text.parse().expect("it is TOML");
        let mut value = toml::Value::Table(table);
        for part in name.split('.') {
            value = value.get(part)?.clone();
        }
        Some(serde_json::to_value(value).expect("it is plain data"))
    }

    #[test]
    fn one_value_changes_and_every_other_byte_stays() {
        let changed = set(BY_HAND, "http.port", &json!(4800)).unwrap();
        assert_eq!(changed, BY_HAND.replace("4700", "4800"));
        let origins = json!(["http://localhost:8080"]);
        let changed = set(BY_HAND, "http.allowedOrigins", &origins).unwrap();
        let expected =
            BY_HAND.replace("[ 'http://localhost:5173' ]", "[\"http://localhost:8080\"]");
        assert_eq!(changed, expected);
    }

    #[test]
    fn a_key_joins_its_table_and_a_table_that_is_missing_is_made() {
        let changed = set(BY_HAND, "metrics.enabled", &json!(false)).unwrap();
        let expected = BY_HAND.replace("2_000\n", "2_000\nenabled = false\n");
        assert_eq!(changed, expected);
        let changed = set("", "featureFlags.cache.ttl", &json!(5)).unwrap();
        assert_eq!(changed, "[featureFlags.cache]\nttl = 5\n");
        let changed = set(&changed, "rollback.triggers.errorRate", &json!(0.5)).unwrap();
        assert_eq!(
            changed,
            "[featureFlags.cache]\nttl = 5\n\n[rollback.triggers]\nerrorRate = 0.5\n"
        );
    }

    #[test]
    fn a_key_that_is_taken_out_takes_its_line_and_nothing_else() {
        let changed = remove(BY_HAND, "http.port").unwrap();
        let expected = BY_HAND.replace("port = 4700 # not 4680\n", "");
        assert_eq!(changed, expected);
        assert_eq!(remove(BY_HAND, "metrics.enabled").unwrap(), BY_HAND);
        assert_eq!(remove("", "http.port").unwrap(), "");
        assert_eq!(remove("[http]\nport = 1", "http.port").unwrap(), "[http]\n");
    }

    #[test]
    fn a_list_of_several_lines_is_taken_out_whole() {
        let text = "[http]\nallowedOrigins = [\n  \"http://a\", # one\n]\nport = 1\n";
        let changed = remove(text, "http.allowedOrigins").unwrap();
        assert_eq!(changed, "[http]\nport = 1\n");
    }

    #[test]
    fn every_way_to_write_a_table_is_understood() {
        for text in [
            "http.port = 1\n",
            "http = { port = 1 }\n",
            "[http]\nport = 1\n",
            "\"http\".'port' = 1\r\n",
        ] {
            let changed = set(text, "http.port", &json!(2)).unwrap();
            assert_eq!(read(&changed, "http.port"), Some(json!(2)), "{changed}");
            let more = set(&changed, "http.allowedOrigins", &json!([])).unwrap();
            assert_eq!(
                read(&more, "http.allowedOrigins"),
                Some(json!([])),
                "{more}"
            );
            let less = remove(&more, "http.port").unwrap();
            assert_eq!(read(&less, "http.port"), None, "{less}");
            assert_eq!(
                read(&less, "http.allowedOrigins"),
                Some(json!([])),
                "{less}"
            );
        }
        let deep = set("featureFlags = {}\n", "featureFlags.cache.ttl", &json!(1)).unwrap();
        assert_eq!(
            read(&deep, "featureFlags.cache.ttl"),
            Some(json!(1)),
            "{deep}"
        );
    }

    #[test]
    fn what_cannot_be_changed_without_harm_is_refused() {
        let obstructed = |place: &str| {
            Err(EditError::Obstructed {
                place: place.into(),
            })
        };
        assert_eq!(set("http = 1", "http.port", &json!(2)), obstructed("http"));
        assert_eq!(remove("http = 1", "http.port"), obstructed("http"));
        let table = "[http.port]\nis = 1\n";
        assert_eq!(set(table, "http.port", &json!(2)), obstructed("http.port"));
        assert_eq!(remove(table, "http.port"), obstructed("http.port"));
        let bad = "[http]\n\nport 4680\n";
        for refused in [set(bad, "http.port", &json!(2)), remove(bad, "http.port")] {
            assert!(
                matches!(refused, Err(EditError::NotToml { line: 3, .. })),
                "{refused:?}"
            );
        }
    }

    fn value_of(kind: Kind) -> BoxedStrategy<Value> {
        let origin = "https?://[a-z0-9]{1,12}(:[1-9][0-9]{0,3})?";
        match kind {
            Kind::Switch => any::<bool>().prop_map(Value::from).boxed(),
            Kind::Integer { min, max, .. } => (min..=max).prop_map(Value::from).boxed(),
            Kind::Share => (0.0..=1.0).prop_map(Value::from).boxed(),
            Kind::Address => "https?://[a-z0-9][!-~]{0,40}".prop_map(Value::from).boxed(),
            Kind::Route => "(/[a-z0-9~!$&'()*+,;=:@_-]{1,20}){1,3}"
                .prop_filter("it is not taken", |path| route::check(path).is_ok())
                .prop_map(Value::from)
                .boxed(),
            Kind::Origins => prop::collection::vec(origin, 0..4)
                .prop_map(Value::from)
                .boxed(),
        }
    }

    /// A setting, with a value it takes or none.
    fn step() -> impl Strategy<Value = (&'static str, Value)> {
        (0..KEYS.len()).prop_flat_map(|index| {
            let key = &KEYS[index];
            let taken = value_of(key.kind).prop_filter("it is taken", |it| key.check(it).is_ok());
            let value = prop_oneof![4 => taken, 1 => Just(Value::Null)];
            (Just(key.name), value)
        })
    }

    fn comments(text: &str) -> Vec<&str> {
        let lines = text.lines().map(str::trim);
        lines.filter(|line| line.starts_with('#')).collect()
    }

    proptest! {
        /// Whatever is changed: what was set last is what is loaded, and comments stay.
        #[test]
        fn what_is_set_is_what_is_loaded(steps in prop::collection::vec(step(), 1..30)) {
            let mut text = BY_HAND.to_owned();
            let mut expected = std::collections::BTreeMap::from([
                ("http.port", json!(4700)),
                ("http.allowedOrigins", json!(["http://localhost:5173"])),
                ("metrics.interval", json!(2000)),
            ]);
            for (name, value) in steps {
                text = match &value {
                    Value::Null => remove(&text, name).unwrap(),
                    value => set(&text, name, value).unwrap(),
                };
                match value {
                    Value::Null => expected.remove(name),
                    value => expected.insert(name, value),
                };
            }
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("config.toml"), &text).unwrap();
            let loaded = load(folder.path(), &Given::default());
            prop_assert_eq!(loaded.problems, Vec::<String>::new());
            for (key, in_file) in KEYS.iter().zip(loaded.in_file) {
                prop_assert_eq!(in_file, expected.remove(key.name).unwrap_or_default());
            }
            prop_assert_eq!(comments(&text), comments(BY_HAND));
        }
    }
}
