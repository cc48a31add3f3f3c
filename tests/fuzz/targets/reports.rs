//! What applications report, and what a Prometheus answers.

use std::mem;

use flagdeck::fuzzing;
use flagdeck::metrics::event::{self, Callbacks, Event, Format};
use flagdeck::metrics::frame::Frame;
use flagdeck::metrics::limits::{BATCH_EVENTS_MAX, PROBLEMS_MAX};
use flagdeck::metrics::prometheus::Range;
use flagdeck::state::limits::CHANGES_MAX;
use flagdeck_core::limits::GROUPS_MAX;
use flagdeck_core::measure::Arm;
use flagdeck_core::state;
use serde_json::value::RawValue;

use super::{gist, kind};

pub const EVENT_WORDS: &[&str] = &[
    "\"type\"",
    "\"ml:calculation:complete\"",
    "\"ml:calculation:error\"",
    "\"ml:memory\"",
    "\"ml:usage\"",
    "\"source\"",
    "\"duration\"",
    "\"confidence\"",
    "\"iterations\"",
    "\"component\"",
    "\"exposed\"",
    "\"user\"",
    "\"groups\"",
    "\"bytes\"",
    "\" staff\"",
];

pub const CHANGE_WORDS: &[&str] = &[
    "\"key\"",
    "\"oldValue\"",
    "\"newValue\"",
    "\"timestamp\"",
    "\"source\"",
    "\"skip\"",
    "\"frame\"",
    "\"ml.usage\"",
    "\"ml.history\"",
    "\"at run (limits.js:88:3)\"",
];

pub const EVALUATION_WORDS: &[&str] = &[
    "\"context\"",
    "\"targetingKey\"",
    "\"groups\"",
    "\"source\"",
    "\"plan\"",
    "\" staff\"",
    "\"a/b\"",
];

pub const PROMETHEUS_WORDS: &[&str] = &[
    "\"status\"",
    "\"success\"",
    "\"error\"",
    "\"data\"",
    "\"result\"",
    "\"metric\"",
    "\"values\"",
    "\"le\"",
    "\"+Inf\"",
    "\"NaN\"",
    "\"5.0\"",
    "\"arm\"",
    "\"exposed\"",
    "\"extent\"",
    "\"mean\"",
    "1010",
    "1020.5",
];

/// When the batches come, in milliseconds since 1970.
const NOW_MS: i64 = 1_767_225_600_000;

/// Every event is either taken or rejected, with a bounded list of reasons; what is taken is
/// written to the log and read again as equal; and an array means what its lines mean.
pub fn events(bytes: &[u8]) -> u64 {
    let json = event::read(bytes, Format::Json, Callbacks::new(&expose), NOW_MS);
    let lines = event::read(bytes, Format::NdJson, Callbacks::new(&expose), NOW_MS);
    for batch in [&json, &lines].into_iter().flatten() {
        assert!(batch.problems.len() <= PROBLEMS_MAX.min(batch.rejected));
        assert!(batch.events.len() + batch.rejected <= BATCH_EVENTS_MAX);
        let packed = postcard::to_allocvec(&batch.events).expect("plain data");
        let again: Vec<Event> = postcard::from_bytes(&packed).expect("it was written");
        assert_eq!(again, batch.events, "written and read again");
    }
    if let (Ok(batch), Some(written)) = (&json, written_as_lines(bytes)) {
        let same = event::read(&written, Format::NdJson, Callbacks::new(&expose), NOW_MS)
            .expect("lines are lines");
        assert_eq!(&same, batch, "an array and its lines");
    }
    let gist = |read: &Result<event::Batch, event::BatchError>| match read {
        Ok(batch) => {
            let messages = batch.problems.iter().map(|problem| gist(&problem.message));
            (batch.events.len().min(9), messages.take(3).collect())
        }
        Err(error) => (99, vec![gist(&error)]),
    };
    kind((gist(&json), gist(&lines)))
}

/// Writes the elements of an array a line each; `None` if one has a line end inside.
fn written_as_lines(bytes: &[u8]) -> Option<Vec<u8>> {
    let elements: Vec<&RawValue> = serde_json::from_slice(bytes).ok()?;
    let lines = elements.iter().map(|element| element.get());
    let lines: Vec<&str> = lines.collect();
    let has_line_end = lines.iter().any(|line| line.contains(['\n', '\r']));
    (!has_line_end).then(|| lines.join("\n").into_bytes())
}

fn expose(_: &str, user: &str, _: &[&str]) -> Arm {
    Arm::of(user.len().is_multiple_of(2))
}

/// Every change is taken, passed over or told as a problem; one that is refused by a tree leaves
/// it as it was, and one that is kept is written as a record and read again.
pub fn changes(bytes: &[u8]) -> u64 {
    let [json, lines] =
        [Format::Json, Format::NdJson].map(|format| fuzzing::changes(bytes, format));
    for batch in [&json, &lines].into_iter().flatten() {
        let all = batch.changes.len() + batch.untracked + batch.problems.len();
        assert!(all <= CHANGES_MAX);
        let mut ml = state::initial();
        for change in &batch.changes {
            tracked(&mut ml, change);
        }
    }
    let gist = |read: &Result<fuzzing::Changes, _>| match read {
        Ok(batch) => {
            let messages = batch.problems.iter().map(|problem| gist(&problem.message));
            let messages: Vec<String> = messages.take(3).collect();
            (batch.changes.len().min(9), batch.untracked.min(3), messages)
        }
        Err(error) => (99, 0, vec![gist(&error)]),
    };
    kind((gist(&json), gist(&lines)))
}

fn tracked(ml: &mut flagdeck_core::tree::Tree, change: &state::Change) {
    let before = ml.clone();
    match state::track(ml, change) {
        Ok(Some(kept)) => {
            let again = state::read(&state::record(&kept)).expect("a record has a key");
            assert_eq!((&again.key, again.at_ms), (&kept.key, kept.at_ms));
            assert_eq!((&again.new, &again.origin), (&kept.new, &kept.origin));
        }
        Ok(None) => panic!("{} was read as tracked", change.key),
        Err(_) => assert_eq!(*ml, before, "an error changes nothing"),
    }
}

/// A body is refused in a sentence, or is a context with a bounded list of groups in which each
/// member is in one place.
pub fn evaluation(bytes: &[u8]) -> u64 {
    match fuzzing::evaluation(bytes) {
        Ok(context) => {
            assert_ne!(context.targeting_key(), Some(""));
            let groups: Vec<&str> = context.groups().collect();
            assert!(groups.len() <= GROUPS_MAX);
            assert!(
                groups
                    .iter()
                    .all(|group| !group.is_empty() && group.trim() == *group)
            );
            let others = context.attributes();
            let known = ["targetingKey", "groups", "source"];
            assert!(known.iter().all(|name| !others.contains_key(name)));
            kind((
                context.targeting_key().is_some(),
                groups.len().min(3),
                context.source().is_some(),
                others.len().min(3),
            ))
        }
        Err(details) => {
            assert!(details.ends_with('.'), "{details}");
            kind(gist(&details))
        }
    }
}

/// An answer is refused, or makes a frame for every step asked for and none beside.
pub fn prometheus(bytes: &[u8]) -> u64 {
    const RANGE: Range = Range {
        from_s: 1000,
        to_s: 1060,
        step_s: 10,
    };
    match fuzzing::prometheus(bytes, &RANGE) {
        Ok(frames) => {
            let times = frames.iter().map(|(at_s, _)| *at_s);
            assert!(times.eq((1000..1060).step_by(10)));
            let (mut tallies, mut memory) = (0, 0);
            for (_, frame) in &frames {
                assert!(Frame::unpack(&frame.pack()).is_some());
                tallies += frame.tallies.len();
                memory += frame.memory.len();
            }
            kind((tallies.min(9), memory.min(9)))
        }
        Err(error) => kind(mem::discriminant(&error)),
    }
}
