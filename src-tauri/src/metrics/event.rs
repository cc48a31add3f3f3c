//! Bytes → events, and what is wrong with the rest.
//!
//! Each event is judged separately: a bad one is counted and reported by its index, the good ones
//! count. Knows nothing of flags: if an event does not name its arm, a callback is asked.

mod explain;

use std::collections::HashSet;
use std::fmt;

use flagdeck_core::ComponentPath;
use flagdeck_core::limits::SOURCE_CHARS_MAX;
use flagdeck_core::measure::{Arm, Calculation};
use flagdeck_core::tree;
use flagdeck_core::{TextError, groups, text, whole};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use self::explain::{
    BYTES, COMPONENT, CONFIDENCE, DURATION, ITERATIONS, SOURCE, TIMESTAMP, TYPE, explain,
};
use super::limits::{
    AHEAD_MS_MAX, AS_IT_COMES_MS, BACK_MS_MAX, BATCH_EVENTS_MAX, DURATION_S_MAX, ITERATIONS_MAX,
    MEMORY_BYTES_MAX, PROBLEMS_MAX, UNKNOWN_TOLD_MAX,
};
use super::repeats::Turn;
pub use crate::format::Format;

/// What an application reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A calculation ended well.
    Complete(Labels, Calculation),
    /// A calculation failed.
    Error(Labels),
    /// A source uses this much memory, in bytes.
    Memory(Box<str>, f64),
    /// A source was used.
    Usage(Box<str>),
    /// Everything that a source reported before was removed. Never sent by an application.
    Removed(Box<str>),
    /// Something happened at a moment before it was reported, in milliseconds since 1970.
    At(i64, Box<Event>),
    /// A calculation of a user of whom one of the same component was reported a moment before: the
    /// guard of rollouts counts users, not how busy they are.
    Again(Box<Event>),
    /// A calculation of a user of whom none of the same component was reported since this program
    /// was started.
    First(Box<Event>),
}

impl Event {
    /// Returns who reported it.
    pub fn source(&self) -> &str {
        match self {
            Self::Complete(labels, _) | Self::Error(labels) => &labels.source,
            Self::Memory(source, _) | Self::Usage(source) | Self::Removed(source) => source,
            Self::At(_, event) | Self::Again(event) | Self::First(event) => event.source(),
        }
    }

    /// Returns the component that it names; nothing if it names none.
    pub fn component(&self) -> &str {
        match self {
            Self::Complete(labels, _) | Self::Error(labels) => &labels.component,
            Self::Memory(..) | Self::Usage(_) | Self::Removed(_) => "",
            Self::At(_, event) | Self::Again(event) | Self::First(event) => event.component(),
        }
    }

    /// Returns it without a mark of its user.
    pub fn unmarked(&self) -> &Self {
        match self {
            Self::Again(event) | Self::First(event) => event,
            event => event,
        }
    }
}

/// The labels of calculations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Labels {
    /// The application that reported.
    pub source: Box<str>,
    /// The component, or nothing.
    pub component: Box<str>,
    /// For whom it was.
    pub arm: Arm,
}

/// A batch as it was read.
#[derive(Debug, Default, PartialEq)]
pub struct Batch {
    /// The valid events, in their order.
    pub events: Vec<Event>,
    /// How many were not valid.
    pub rejected: usize,
    /// What was wrong with the first of those.
    pub problems: Vec<EventProblem>,
}

/// What is wrong with one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventProblem {
    /// Its place in the batch, from 0; in NDJSON blank lines are not counted.
    pub index: usize,
    /// A sentence that names the field and its range.
    pub message: String,
}

/// Why a batch was refused as a whole.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// It is text in another encoding.
    #[error("the body {0}")]
    Text(#[from] TextError),
    /// It is neither a JSON array nor a JSON object.
    #[error("the body is not a JSON array of events: {reason}")]
    NotJson {
        /// What the parser says.
        reason: String,
    },
    /// It has more than [`BATCH_EVENTS_MAX`] events.
    #[error("a batch has at most {BATCH_EVENTS_MAX} events, and this one has more")]
    TooMany,
}

/// Returns the arm of an event, given component, user and groups.
pub type Expose<'a> = &'a dyn Fn(&str, &str, &[&str]) -> Arm;

/// Called for each valid event that names a user, with the user and the user's groups.
pub type OnUser<'a> = &'a dyn Fn(&str, &[&str]);

/// Called for each calculation with a component, a known arm and a user; says whether the user is
/// counted.
pub type OnCalculation<'a> = &'a dyn Fn(&str, &str) -> Turn;

/// What is called while a batch is read.
#[derive(Clone, Copy)]
pub struct Callbacks<'a> {
    /// Called for each event that names a component and a user, but no arm.
    pub expose: Expose<'a>,
    /// Called for each valid event that names a user.
    pub on_user: Option<OnUser<'a>>,
    /// Called for each calculation of a user, to mark those that the guard does not count.
    pub on_calculation: Option<OnCalculation<'a>>,
}

impl<'a> Callbacks<'a> {
    /// Without any other.
    pub fn new(expose: Expose<'a>) -> Self {
        Self {
            expose,
            on_user: None,
            on_calculation: None,
        }
    }
}

/// Reads a batch that comes at `now_ms`, in milliseconds since 1970.
///
/// # Errors
/// If the batch as a whole cannot be read; then no event of it counts.
pub fn read(
    bytes: &[u8],
    format: Format,
    callbacks: Callbacks<'_>,
    now_ms: i64,
) -> Result<Batch, BatchError> {
    let mut batch = Batch::default();
    let bytes = &*tree::mended(bytes);
    match format {
        Format::Json => {
            for (index, raw) in elements(bytes)?.into_iter().enumerate() {
                batch.take(index, Event::read(raw.get().as_bytes(), callbacks, now_ms));
            }
        }
        Format::NdJson => {
            for (index, line) in text::lines(bytes)?.enumerate() {
                if index >= BATCH_EVENTS_MAX {
                    return Err(BatchError::TooMany);
                }
                batch.take(index, Event::read(line, callbacks, now_ms));
            }
        }
    }
    Ok(batch)
}

fn elements(bytes: &[u8]) -> Result<Vec<&RawValue>, BatchError> {
    let (bytes, _) = text::unmarked(bytes)?;
    let is_single = bytes.trim_ascii_start().starts_with(b"{");
    let read = match is_single {
        true => serde_json::from_slice(bytes).map(|only| vec![only]),
        false => serde_json::from_slice(bytes).map(|Elements(elements)| elements),
    };
    read.map_err(|error| match error.to_string() {
        reason if reason.starts_with(TOO_MANY) => BatchError::TooMany,
        reason => BatchError::NotJson { reason },
    })
}

const TOO_MANY: &str = "too many events";

/// The elements of an array, up to the bound of a batch: the rest is not read.
struct Elements<'a>(Vec<&'a RawValue>);

impl<'a> Deserialize<'a> for Elements<'a> {
    fn deserialize<D: Deserializer<'a>>(array: D) -> Result<Self, D::Error> {
        array.deserialize_seq(ElementsVisitor)
    }
}

struct ElementsVisitor;

impl<'a> Visitor<'a> for ElementsVisitor {
    type Value = Elements<'a>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element()? {
            if elements.len() == BATCH_EVENTS_MAX {
                return Err(serde::de::Error::custom(TOO_MANY));
            }
            elements.push(element);
        }
        Ok(Elements(elements))
    }
}

impl Batch {
    /// Says of each component that there is none of it, a sentence each; its events count all the
    /// same. The first ones, if there are many.
    pub(super) fn unknown_components(&self, is_component: &dyn Fn(&str) -> bool) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut unknown: Vec<&str> = Vec::new();
        for component in self.events.iter().map(Event::component) {
            if !component.is_empty() && seen.insert(component) && !is_component(component) {
                unknown.push(component);
            }
        }
        let more = unknown.len().saturating_sub(UNKNOWN_TOLD_MAX);
        let told = unknown.iter().take(UNKNOWN_TOLD_MAX);
        let told = told.map(|name| {
            format!("the flags have no component {name}; what was reported of it is counted")
        });
        let more = (more > 0).then(|| format!("{more} more components are unknown"));
        told.chain(more).collect()
    }

    fn take(&mut self, index: usize, read: Result<Event, String>) {
        match read {
            Ok(event) => self.events.push(event),
            Err(message) => {
                self.rejected += 1;
                if self.problems.len() < PROBLEMS_MAX {
                    self.problems.push(EventProblem { index, message });
                }
            }
        }
    }
}

/// An event as it is sent. Unknown fields are ignored.
#[derive(Debug, Deserialize)]
struct Sent {
    r#type: String,
    source: Option<String>,
    duration: Option<f64>,
    confidence: Option<f64>,
    #[serde(default, deserialize_with = "whole::deserialize_option")]
    iterations: Option<u32>,
    component: Option<String>,
    exposed: Option<bool>,
    user: Option<String>,
    groups: Option<Vec<String>>,
    bytes: Option<f64>,
    timestamp: Option<f64>,
}

impl Event {
    fn read(bytes: &[u8], callbacks: Callbacks<'_>, now_ms: i64) -> Result<Self, String> {
        let sent: Sent = serde_json::from_slice(bytes).map_err(|error| explain(bytes, &error))?;
        let at_ms = sent.at_ms(now_ms)?;
        let event = sent.check(callbacks.expose)?;
        if let Some(on_user) = callbacks.on_user {
            sent.pass_user(on_user);
        }
        Ok(match at_ms {
            Some(at_ms) => Self::At(at_ms, event.into()),
            None => sent.marked(event, callbacks.on_calculation),
        })
    }
}

impl Sent {
    fn check(&self, expose: Expose) -> Result<Event, String> {
        match self.r#type.as_str() {
            "ml:calculation:complete" => {
                let calculation = self.calculation()?;
                Ok(Event::Complete(self.labels(expose)?, calculation))
            }
            "ml:calculation:error" => Ok(Event::Error(self.labels(expose)?)),
            "ml:memory" => {
                let bytes = within(self.bytes, MEMORY_BYTES_MAX).ok_or(BYTES)?;
                Ok(Event::Memory(self.source()?, bytes))
            }
            "ml:usage" => Ok(Event::Usage(self.source()?)),
            other => Err(unknown_type(other)),
        }
    }

    /// Returns when it happened; `None` if that is when it comes.
    fn at_ms(&self, now_ms: i64) -> Result<Option<i64>, &'static str> {
        let Some(at_ms) = self.timestamp else {
            return Ok(None);
        };
        // Beyond 2^63 it saturates, which is out of range, too.
        let back_ms = now_ms.saturating_sub(at_ms as i64);
        match (-AHEAD_MS_MAX..=BACK_MS_MAX).contains(&back_ms) {
            true => Ok((back_ms >= AS_IT_COMES_MS).then_some(at_ms as i64)),
            false => Err(TIMESTAMP),
        }
    }

    fn calculation(&self) -> Result<Calculation, &'static str> {
        Ok(Calculation {
            duration_s: within(self.duration, DURATION_S_MAX).ok_or(DURATION)?,
            confidence: within(self.confidence, 1.0).ok_or(CONFIDENCE)?,
            iterations: match self.iterations {
                Some(iterations) if iterations > ITERATIONS_MAX => return Err(ITERATIONS),
                iterations => iterations,
            },
        })
    }

    fn labels(&self, expose: Expose) -> Result<Labels, &'static str> {
        let component = self.component.as_deref().unwrap_or_default();
        if !component.is_empty() && component.parse::<ComponentPath>().is_err() {
            return Err(COMPONENT);
        }
        Ok(Labels {
            source: self.source()?,
            component: component.into(),
            arm: self.arm(component, expose),
        })
    }

    fn source(&self) -> Result<Box<str>, &'static str> {
        let source = self.source.as_deref().ok_or(SOURCE)?;
        let is_short = source.chars().nth(SOURCE_CHARS_MAX).is_none();
        let is_plain = !source.is_empty() && !source.contains(char::is_control);
        match is_short && is_plain {
            true => Ok(source.into()),
            false => Err(SOURCE),
        }
    }

    /// Marks a calculation whose user is not to be counted, or for the first time.
    fn marked(&self, event: Event, on_calculation: Option<OnCalculation>) -> Event {
        let (Some(user), Some(on_calculation)) = (self.user.as_deref(), on_calculation) else {
            return event;
        };
        let component = match &event {
            Event::Complete(labels, _) | Event::Error(labels) if labels.arm != Arm::Unknown => {
                &labels.component
            }
            _ => return event,
        };
        match on_calculation(component, user) {
            Turn::First => Event::First(event.into()),
            Turn::Next => event,
            Turn::Again => Event::Again(event.into()),
        }
    }

    /// Calls `on_user` if it names a user.
    fn pass_user(&self, on_user: OnUser) {
        let groups = self.groups.iter().flatten().map(String::as_str);
        if let Some(user) = self.user.as_deref() {
            on_user(user, &groups::trimmed(groups));
        }
    }

    fn arm(&self, component: &str, expose: Expose) -> Arm {
        if let Some(exposed) = self.exposed {
            return Arm::of(exposed);
        }
        let Some(user) = self.user.as_deref().filter(|_| !component.is_empty()) else {
            return Arm::Unknown;
        };
        let groups = self.groups.iter().flatten().map(String::as_str);
        expose(component, user, &groups::trimmed(groups))
    }
}

/// Checks a number that has to be there, from 0 up; minus zero is zero.
fn within(value: Option<f64>, max: f64) -> Option<f64> {
    let value = value.filter(|value| (0.0..=max).contains(value))?;
    Some(value + 0.0)
}

fn unknown_type(found: &str) -> String {
    match found.contains(char::is_control) || found.len() > 64 {
        true => TYPE.to_owned(),
        false => format!("{TYPE}, not {found}"),
    }
}

#[cfg(test)]
mod tests;
