//! Readers of foreign bytes that are private otherwise, for the fuzz targets in `tests/fuzz`.
//!
//! The application itself calls nothing here.

use std::ops::ControlFlow;
use std::path::Path;

use flagdeck_core::state::Change;
use flagdeck_core::tree::Tree;
use serde_json::Value;

use crate::clock::Clock;
use crate::config::edit;
use crate::flags::context::EvaluationContext;
use crate::http::{framing, ofrep};
use crate::metrics::event::Format;
use crate::metrics::frame::Frame;
use crate::metrics::prometheus::{self, QueryError, Range};
use crate::rosters::shapes::Understood;
use crate::rosters::{ImportRequest, Rosters, RostersError};
use crate::source::SourceName;
use crate::state::intake::{self, ChangeProblem};
use crate::state::{self, StateError};

/// State changes as they were read.
#[derive(Debug)]
pub struct Changes {
    /// Those that can be tried.
    pub changes: Vec<Change>,
    /// How many are outside `ml.`.
    pub untracked: usize,
    /// What is wrong with others.
    pub problems: Vec<ChangeProblem>,
}

/// Reads the state of a source.
///
/// # Errors
/// [`StateError`] if it is refused.
pub fn state(bytes: &[u8]) -> Result<Tree, StateError> {
    Ok(intake::read_state(bytes)?.tree)
}

/// Reads a batch of state changes.
///
/// # Errors
/// [`StateError`] if the whole batch is refused.
pub fn changes(bytes: &[u8], format: Format) -> Result<Changes, StateError> {
    let batch = intake::read_changes(bytes, format, 0)?;
    let changes = batch.changes.into_iter();
    Ok(Changes {
        changes: changes.map(|(_, change)| change).collect(),
        untracked: batch.untracked,
        problems: batch.problems,
    })
}

/// Reads a snapshot bundle, and writes it again.
///
/// # Errors
/// [`StateError`] if it is refused.
pub fn bundle(bytes: &[u8]) -> Result<String, StateError> {
    let mut snapshots = Vec::new();
    state::read_bundle(bytes, 0, &mut |snapshot, _| {
        let _ = (snapshot.recorded(), snapshot.label());
        snapshots.push(snapshot);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(state::write_bundle(snapshots))
}

/// Reads a file of users for a roster.
///
/// # Errors
/// [`RostersError`] if it is refused.
pub fn users(file: &Path) -> Result<Understood, RostersError> {
    let request = ImportRequest {
        file: file.to_owned(),
        table: None,
        name: SourceName::known("fuzzed"),
    };
    // Beside the file there are no rosters.
    let rosters = Rosters::new(&file.with_extension("none"), Clock::standing_at(0));
    let look = rosters.look(&request, &mut |_| ControlFlow::Continue(()))?;
    Ok(look.expect("nothing breaks it off").understood)
}

/// Reads the body of an evaluation request.
///
/// # Errors
/// The sentence of the refusal.
pub fn evaluation(bytes: &[u8]) -> Result<EvaluationContext, String> {
    ofrep::read(bytes)
}

/// Returns what passes to the HTTP parser of a connection whose bytes arrive in these pieces, and
/// why the rest does not. Needs a tokio runtime with time.
pub fn http_heads(pieces: &[&[u8]]) -> (Vec<u8>, Option<String>) {
    framing::passed(pieces)
}

/// Reads one answer of a Prometheus as the answer to every query.
///
/// # Errors
/// [`QueryError`] if it is refused.
pub fn prometheus(answer: &[u8], range: &Range) -> Result<Vec<(i64, Frame)>, QueryError> {
    prometheus::frames_of_answer(answer, range, &mut |name| name.len() as u32)
}

/// Gives a setting a value in the text of a `config.toml`; returns `None` if it is no TOML, or
/// something else has the name.
pub fn config_set(text: &str, name: &str, value: &Value) -> Option<String> {
    edit::set(text, name, value).ok()
}

/// Takes a setting out of the text of a `config.toml`.
pub fn config_remove(text: &str, name: &str) -> Option<String> {
    edit::remove(text, name).ok()
}
