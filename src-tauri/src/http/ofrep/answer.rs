//! Evaluations as the protocol has them, written as JSON text: most of the work of an answer.

use axum::body::Bytes;
use flagdeck_core::Reason;

use super::failure::{ErrorCode, Failure, Wire};
use crate::flags::evaluating::{Basis, Decision, Evaluator};
use crate::flags::labels::Label;
use crate::flags::live::Live;
use crate::store::RevisionNumber;

/// Bytes of what is the same in the evaluation of every flag, at most.
const FLAG_BYTES: usize = 224;

/// Bytes of what stands around the flags.
const AROUND_BYTES: usize = 256;

/// Where the stream of events is that says when to ask again (`stream`).
const EVENTS: &str = "/api/ml/flags/stream?events=ofrep";

/// Seconds that a page is in the background after which its client closes the stream: what the
/// protocol recommends.
const INACTIVITY_DELAY_S: u32 = 120;

/// All flags for one context.
pub(super) struct Bulk {
    /// The answer.
    pub(super) json: Bytes,
    /// Its entity tag, of all of its bytes: two contexts have the same one only if they get the same
    /// answer.
    pub(super) etag: String,
}

/// Writes the evaluation of one flag.
///
/// # Errors
/// 404 if there is no such component, 400 if its value depends on a user that is not known.
pub(super) fn one(evaluator: &Evaluator, key: &str) -> Result<Vec<u8>, Failure> {
    let decision = evaluator.evaluate(key);
    let decision = decision.ok_or_else(|| not_found(evaluator.live(), key))?;
    let Some(reason) = reason(decision.basis) else {
        return Err(Failure::new(ErrorCode::TargetingKeyMissing, no_user(key)));
    };
    let mut json = Json(Vec::with_capacity(2 * FLAG_BYTES));
    json.evaluation(
        evaluator,
        &decision,
        reason,
        Some(evaluator.live().revision),
    );
    Ok(json.0)
}

/// Writes the evaluations of all flags, in the order of the document.
pub(super) fn all(evaluator: &Evaluator) -> Bulk {
    let live = evaluator.live();
    let mut json = Json(Vec::with_capacity(bytes_max(live)));
    json.text("{\"flags\":[");
    let mut separator = "";
    evaluator.evaluate_all(|decision| {
        json.text(separator);
        separator = ",";
        match reason(decision.basis) {
            Some(reason) => json.evaluation(evaluator, &decision, reason, None),
            None => json.no_user(live.compiled.path(decision.component)),
        }
    });
    json.text("],\"metadata\":{\"revision\":");
    json.number(live.revision.0);
    json.texts(&[
        "},\"eventStreams\":[{\"type\":\"sse\",\"endpoint\":{\"requestUri\":\"",
        EVENTS,
        "\"},\"inactivityDelaySec\":",
    ]);
    json.number(INACTIVITY_DELAY_S.into());
    json.text("}]}");
    let hash = blake3::hash(&json.0).to_hex();
    Bulk {
        json: json.0.into(),
        etag: format!("\"{}\"", &hash[..32]),
    }
}

/// Returns how large the answer with all flags of a document becomes at most.
pub(super) fn bytes_max(live: &Live) -> usize {
    let paths = || live.compiled.components().map(|id| live.compiled.path(id));
    let longest = paths().map(str::len).max().unwrap_or_default();
    // A refusal has the path twice, and an evaluation may have the one of a requirement.
    let flag =
        |(path, label): (&str, &Label)| FLAG_BYTES + path.len() + longest + label.about.len();
    AROUND_BYTES + paths().zip(live.labels()).map(flag).sum::<usize>()
}

/// Returns the reason that OpenFeature has for a value; `None` if there is none without a user.
fn reason(basis: Basis) -> Option<&'static str> {
    match basis {
        Basis::Switch => Some("DISABLED"),
        Basis::Constant => Some("STATIC"),
        Basis::Groups => Some("TARGETING_MATCH"),
        Basis::Bucket => Some("SPLIT"),
        Basis::MissingUser => None,
    }
}

fn no_user(path: &str) -> String {
    format!("Whether {path} is on depends on the user, and the context has no targetingKey.")
}

fn not_found(live: &Live, key: &str) -> Failure {
    let mut paths = live.compiled.components().map(|id| live.compiled.path(id));
    let is_in = |path: &&str| {
        let rest = path.strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let details = match paths.find(is_in) {
        Some(path) => {
            format!("{key} is a group; ask for a component of it, such as {path}.")
        }
        None => "There is no component of this name.".into(),
    };
    Failure::new(ErrorCode::FlagNotFound, details)
}

/// JSON text that is written piece by piece.
struct Json(Vec<u8>);

impl Json {
    fn text(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    fn texts(&mut self, texts: &[&str]) {
        texts.iter().for_each(|text| self.text(text));
    }

    fn number(&mut self, number: u64) {
        serde_json::to_writer(&mut self.0, &number).expect("memory takes all that is written");
    }

    fn evaluation(
        &mut self,
        evaluator: &Evaluator,
        decision: &Decision,
        reason: &str,
        revision: Option<RevisionNumber>,
    ) {
        let (compiled, evaluation) = (&evaluator.live().compiled, &decision.evaluation);
        let label = evaluator.label(decision.component);
        let value = match evaluation.value {
            true => "\",\"value\":true,\"variant\":\"on\",\"reason\":\"",
            false => "\",\"value\":false,\"variant\":\"off\",\"reason\":\"",
        };
        self.texts(&[
            "{\"key\":\"",
            compiled.path(decision.component),
            value,
            reason,
        ]);
        self.texts(&["\",\"metadata\":{", &label.about]);
        if let Some(revision) = revision {
            self.text("\"revision\":");
            self.number(revision.0);
            self.text(",");
        }
        self.texts(&["\"rule\":\"", evaluation.reason.as_str(), "\""]);
        match (evaluation.reason, evaluation.bucket) {
            (Reason::Prerequisite(failing), _) => {
                self.texts(&[",\"prerequisite\":\"", compiled.path(failing), "\""]);
            }
            (Reason::Split, Some(bucket)) => {
                self.text(",\"bucket\":");
                self.number(bucket.into());
                self.text(",\"threshold\":");
                self.number(label.threshold.into());
            }
            _ => {}
        }
        self.text("}}");
    }

    fn no_user(&mut self, path: &str) {
        let refusal = Wire {
            key: Some(path),
            error_code: ErrorCode::TargetingKeyMissing,
            error_details: &no_user(path),
        };
        serde_json::to_writer(&mut self.0, &refusal).expect("memory takes all that is written");
    }
}

#[cfg(test)]
mod tests {
    use flagdeck_core::Edit;
    use flagdeck_core::limits::{ABOUT_LINE_CHARS_MAX, SEGMENT_CHARS_MAX};
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::app::{App, Options};
    use crate::flags::ChangeRequest;
    use crate::flags::context::EvaluationContext;
    use crate::store::{Actor, Via};

    /// Levels of the longest path that can be a key.
    const LEVELS: usize = 3;

    fn segment(name: &str) -> String {
        name.repeat(SEGMENT_CHARS_MAX)
    }

    /// The longest path, of segments of one letter.
    fn path(name: &str) -> String {
        vec![segment(name); LEVELS].join(".")
    }

    /// The tree below the first segment of such a path.
    fn below(name: &str) -> Value {
        (1..LEVELS).fold(json!(true), |tree, _| json!({ segment(name): tree }))
    }

    /// A document of three such components, of which something long is told.
    fn long_winded() -> Value {
        let rollout = |percentage: f64| json!({"percentage": percentage, "userGroups": [], "strategy": "canary"});
        let names = ["a", "b", "c"];
        let components = names.map(|name| (segment(name), below(name)));
        let line = "\u{1}".repeat(ABOUT_LINE_CHARS_MAX);
        let about = names.map(|name| (path(name), json!({"title": line, "owner": line})));
        json!({
            "enabled": true,
            "components": Map::from_iter(components),
            "rollout": rollout(99.999),
            "rollouts": { path("a"): rollout(0.0), path("b"): rollout(100.0) },
            "requires": { path("b"): [path("a")] },
            "about": Map::from_iter(about),
        })
    }

    #[test]
    fn no_answer_is_larger_than_what_is_reserved_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(Options::new(folder.path())).unwrap();
        let change = ChangeRequest {
            edit: Edit::Replace(long_winded().to_string().into()),
            actor: Actor::new(Via::Http, "test"),
            note: None,
            base: None,
        };
        app.flags().change_confirmed(change).unwrap();
        for context in ["{}", r#"{"targetingKey": "ada"}"#] {
            let context = flagdeck_core::tree::read(context.as_bytes()).unwrap();
            let context = EvaluationContext::from_tree(context).unwrap();
            let evaluator = app.flags().evaluator(context);
            let bytes = all(&evaluator).json.len();
            let most = bytes_max(evaluator.live());
            assert!(bytes <= most && most <= 2 * bytes, "{bytes} of {most}");
        }
    }
}
