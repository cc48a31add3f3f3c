//! What is wrong with an event: a sentence that names the field and its range.

use flagdeck_core::tree::{self, Tree};

pub(super) const TYPE: &str = "type must be one of ml:calculation:complete, ml:calculation:error, \
    ml:memory and ml:usage";
pub(super) const SOURCE: &str = "source must be the name of the application that reports, 1 to 128 \
    characters without control characters";
pub(super) const DURATION: &str = "duration must be a number of seconds from 0 to 86400";
pub(super) const CONFIDENCE: &str = "confidence must be a number from 0 to 1";
pub(super) const ITERATIONS: &str = "iterations must be a whole number from 0 to 1000000000";
pub(super) const BYTES: &str = "bytes must be a number from 0 to 9007199254740992";
pub(super) const COMPONENT: &str = "component must be the path of a component, such as ui.badges";
pub(super) const EXPOSED: &str = "exposed must be true or false";
pub(super) const USER: &str = "user must be a text";
pub(super) const GROUPS: &str = "groups must be a list of texts";
pub(super) const TIMESTAMP: &str = "timestamp must be a number of milliseconds since 1970, at most a day \
    ago and at most a minute ahead";

/// A field of an event, as it has to be.
struct Field {
    name: &'static str,
    fits: fn(&Tree) -> bool,
    message: &'static str,
}

const fn field(name: &'static str, fits: fn(&Tree) -> bool, message: &'static str) -> Field {
    Field {
        name,
        fits,
        message,
    }
}

const FIELDS: [Field; 11] = [
    field("type", is_text, TYPE),
    field("source", is_text, SOURCE),
    field("duration", is_number, DURATION),
    field("confidence", is_number, CONFIDENCE),
    field("iterations", is_count, ITERATIONS),
    field("component", is_text, COMPONENT),
    field("exposed", is_switch, EXPOSED),
    field("user", is_text, USER),
    field("groups", is_texts, GROUPS),
    field("bytes", is_number, BYTES),
    field("timestamp", is_number, TIMESTAMP),
];

fn is_text(value: &Tree) -> bool {
    value.as_str().is_some()
}

/// Returns whether a value is a number, and not beyond all doubles.
fn is_number(value: &Tree) -> bool {
    value.as_f64().is_some()
}

/// Returns whether a value is a number that cannot be counted with, such as 1e400.
fn is_beyond_doubles(value: &Tree) -> bool {
    matches!(value, Tree::Number(number) if number.as_f64().is_none())
}

fn is_switch(value: &Tree) -> bool {
    value.as_bool().is_some()
}

fn is_count(value: &Tree) -> bool {
    let number = value.as_u64();
    number.is_some_and(|number| u32::try_from(number).is_ok())
}

fn is_texts(value: &Tree) -> bool {
    let texts = value.as_array();
    texts.is_some_and(|texts| texts.iter().all(is_text))
}

/// Finds the field that makes bytes an invalid event. Only bad events pay for that.
pub(super) fn explain(bytes: &[u8], error: &serde_json::Error) -> String {
    let Ok(value) = tree::read(bytes) else {
        return format!("this is not JSON: {error}");
    };
    let Tree::Object(fields) = value else {
        return "an event must be a JSON object".to_owned();
    };
    let given = |name: &str| fields.get(name).filter(|value| **value != Tree::Null);
    if given("type").is_none() {
        return TYPE.to_owned();
    }
    let is_wrong = |field: &&Field| given(field.name).is_some_and(|value| !(field.fits)(value));
    match FIELDS.iter().find(is_wrong) {
        Some(field) if given(field.name).is_some_and(is_beyond_doubles) => {
            format!("{}; this number is too large", field.message)
        }
        Some(field) => field.message.to_owned(),
        // A duplicate field, of which a value would silently keep the last.
        None => format!("this event cannot be read: {error}"),
    }
}
