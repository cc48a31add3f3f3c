//! Between the domain and the shapes that faces see (`wire`). Decides nothing.

use flagdeck_core::document::{self, About, Group, Node};
use flagdeck_core::{ComponentPath, FlagDocument, Percentage, Problem, RolloutChange};

use crate::app::{App, Outcome};
use crate::error::{Code, Error};
use crate::history::UndoStep;
use crate::wire;

impl wire::Flags {
    /// Shows the flags as they are in force.
    pub fn of(app: &App) -> Self {
        let live = app.live();
        let (undo, redo) = app.steps();
        let (components, components_on) = live.document.count();
        let origin = live.origin.as_ref();
        Self {
            revision: live.revision.0,
            at_ms: origin.map(|origin| origin.at_ms),
            actor: origin.map(|origin| origin.actor.clone()),
            changes: origin.map_or_else(Vec::new, |origin| origin.changes.clone()),
            document: (&live.document).into(),
            components,
            components_on,
            undo: undo.map(Into::into),
            redo: redo.map(Into::into),
        }
    }
}

impl wire::Status {
    /// Shows how the application is doing.
    pub fn of(app: &App) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir: app.data_dir().display().to_string(),
            serving: app.serving().map(|address| address.to_string()),
            read_only: app.read_only(),
            notices: app.notices(),
        }
    }
}

impl From<UndoStep> for wire::Step {
    fn from(step: UndoStep) -> Self {
        Self {
            revision: step.revision.0,
            sentence: step.sentence,
        }
    }
}

impl From<Outcome> for wire::Outcome {
    fn from(outcome: Outcome) -> Self {
        Self {
            revision: outcome.revision.0,
            changed: outcome.changed,
            changes: outcome.changes,
        }
    }
}

impl From<Error> for wire::Failure {
    fn from(error: Error) -> Self {
        let sentence = sentence(&error.in_full());
        let (problems, winner) = match &error {
            Error::Invalid { problems } => (problems.as_slice(), None),
            Error::Conflict { winner, .. } => (&[][..], Some(winner.0)),
            _ => (&[][..], None),
        };
        Self {
            code: error.code(),
            message: sentence,
            problems: problems.iter().map(Into::into).collect(),
            winner,
        }
    }
}

impl wire::Failure {
    /// Something failed that should not have.
    pub fn failed(message: &str) -> Self {
        Self {
            code: Code::Failed,
            message: sentence(message),
            problems: Vec::new(),
            winner: None,
        }
    }
}

/// Makes a sentence of an error's text, which by custom has no capital and no full stop.
/// A name at its beginning stays as it is.
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    let is_word = text
        .split(' ')
        .next()
        .is_some_and(|word| word.chars().all(|character| character.is_ascii_lowercase()));
    let mut sentence: String = match is_word {
        true => first.into_iter().chain(characters).collect(),
        false => text.to_owned(),
    };
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

impl From<&Problem> for wire::Problem {
    fn from(problem: &Problem) -> Self {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            severity: word(serde_json::json!(problem.severity)),
            code: word(serde_json::json!(problem.code)),
            pointer: problem.pointer.clone(),
            message: problem.message.clone(),
        }
    }
}

impl From<&FlagDocument> for wire::Document {
    fn from(document: &FlagDocument) -> Self {
        let rollouts = document.rollouts.iter();
        let requires = document.requires.iter();
        let about = document.about.iter();
        let name = |path: &ComponentPath| path.as_str().to_owned();
        Self {
            enabled: document.enabled,
            components: (&document.components).into(),
            rollout: (&document.rollout).into(),
            rollouts: rollouts
                .map(|(path, own)| (name(path), own.into()))
                .collect(),
            requires: requires
                .map(|(path, list)| (name(path), list.iter().map(name).collect()))
                .collect(),
            about: about
                .map(|(path, about)| (name(path), about.into()))
                .collect(),
            bucketing: Some(match document.bucketing {
                document::Bucketing::Flagd2 => wire::Bucketing::Flagd2,
                document::Bucketing::Flagd3 => wire::Bucketing::Flagd3,
            }),
        }
    }
}

impl From<&Group> for wire::Group {
    fn from(group: &Group) -> Self {
        let value = |node: &Node| match node {
            Node::Component(on) => serde_json::Value::Bool(*on),
            Node::Group(group) => serde_json::Value::Object(Self::from(group).0),
        };
        let entries = group.iter().map(|(name, node)| (name.clone(), value(node)));
        Self(entries.collect())
    }
}

impl From<&document::Rollout> for wire::Rollout {
    fn from(rollout: &document::Rollout) -> Self {
        Self {
            percentage: rollout.percentage.as_f64(),
            user_groups: rollout.user_groups.clone(),
            strategy: match rollout.strategy {
                document::Strategy::Canary => wire::Strategy::Canary,
                document::Strategy::BlueGreen => wire::Strategy::BlueGreen,
                document::Strategy::Feature => wire::Strategy::Feature,
            },
        }
    }
}

impl From<wire::Strategy> for document::Strategy {
    fn from(strategy: wire::Strategy) -> Self {
        match strategy {
            wire::Strategy::Canary => Self::Canary,
            wire::Strategy::BlueGreen => Self::BlueGreen,
            wire::Strategy::Feature => Self::Feature,
        }
    }
}

impl From<&About> for wire::About {
    fn from(about: &About) -> Self {
        Self {
            title: about.title.clone(),
            description: about.description.clone(),
            owner: about.owner.clone(),
            tags: Some(about.tags.clone()).filter(|tags| !tags.is_empty()),
            expires: about.expires.map(|day| day.to_string()),
        }
    }
}

impl TryFrom<wire::Edit> for flagdeck_core::Edit {
    type Error = Error;

    fn try_from(edit: wire::Edit) -> Result<Self, Error> {
        Ok(match edit {
            wire::Edit::SetMaster { on } => Self::SetMaster { on },
            wire::Edit::SetComponents { paths, on } => Self::SetComponents {
                paths: paths
                    .iter()
                    .map(|name| path(name))
                    .collect::<Result<_, _>>()?,
                on,
            },
            wire::Edit::SetRollout {
                component,
                percentage: per_cent,
                user_groups,
                strategy,
            } => Self::SetRollout {
                component: component.as_deref().map(path).transpose()?,
                change: RolloutChange {
                    percentage: per_cent.map(percentage).transpose()?,
                    user_groups,
                    strategy: strategy.map(Into::into),
                },
            },
            wire::Edit::ClearRollout { component } => Self::ClearRollout {
                component: path(&component)?,
            },
        })
    }
}

/// Reads the name of a component or group.
///
/// # Errors
/// [`Error::Invalid`] where it cannot be one.
pub fn path(name: &str) -> Result<ComponentPath, Error> {
    name.parse().map_err(|error| {
        let message = format!("{name:?} cannot be a component: {error}.");
        invalid(flagdeck_core::Code::BadName, message)
    })
}

fn percentage(per_cent: f64) -> Result<Percentage, Error> {
    Percentage::try_from(per_cent).map_err(|_| {
        let message =
            format!("The percentage must be from 0 to 100 in steps of 0.001, not {per_cent}.");
        invalid(flagdeck_core::Code::OutOfRange, message)
    })
}

fn invalid(code: flagdeck_core::Code, message: String) -> Error {
    Error::Invalid {
        problems: vec![Problem::error(code, "", message)],
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn an_error_becomes_a_sentence_and_keeps_names_as_they_are() {
        assert_eq!(sentence("the disk is full"), "The disk is full.");
        assert_eq!(sentence("ui.badges is a group"), "ui.badges is a group.");
        assert_eq!(sentence("Already one."), "Already one.");
    }
}
