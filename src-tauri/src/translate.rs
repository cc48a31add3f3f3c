//! Between the domain and the shapes that faces see (`wire`). Decides nothing.

mod reach;
mod review;

use flagdeck_core::document::{self, About, Group, Node};
use flagdeck_core::tree::Tree;
use flagdeck_core::{
    AboutChange, Change, ComponentPath, FlagDocument, Percentage, Problem, Rename, RolloutChange,
    User, groups, summary,
};

use crate::app::App;
use crate::config::{Kind, Setting, Source};
pub use crate::error::sentence;
use crate::error::{Code, Error};
use crate::flags::live::Live;
use crate::flags::undo_log::UndoStep;
use crate::flags::{Difference, Outcome, Scope};
use crate::store::{
    Actor, Backup, Cause, Gone, HistoryFilter, Instead, LastChange, RevisionNumber, RevisionSummary,
};
use crate::wire;

impl wire::Flags {
    /// Shows the flags as they are in force, to `viewer`.
    pub fn of(app: &App, viewer: &Actor) -> Self {
        let (undo, redo) = app.flags().steps();
        Self {
            undo: undo.map(|step| wire::Step::of(step, viewer)),
            redo: redo.map(|step| wire::Step::of(step, viewer)),
            ..Self::past(&app.flags().in_force(Scope::Everyone))
        }
    }

    /// Shows the flags of one revision, of which there is nothing to undo.
    pub fn past(live: &Live) -> Self {
        let (components, components_on) = live.document.count();
        let origin = live.origin.as_ref();
        Self {
            revision: live.revision.0,
            at_ms: origin.map(|origin| origin.at_ms),
            actor: origin.map(|origin| origin.actor.clone()),
            summary: origin.map_or_else(String::new, |origin| summary(&origin.changes)),
            changes: origin.map_or_else(Vec::new, |origin| {
                let listed = origin.changes.iter().take(SENTENCES_LISTED_MAX);
                listed.cloned().collect()
            }),
            all_off: live.all_off.as_deref().map(Into::into),
            reach: wire::Reaches::of(live),
            document: (&live.document).into(),
            components,
            components_on,
            undo: None,
            redo: None,
        }
    }
}

/// Sentences of one revision that lists show: its point, not all 10 000 an import may have.
const SENTENCES_LISTED_MAX: usize = 20;

/// Changes that a difference lists: more than is read, and far less than two unrelated
/// documents of 10 000 components have between them.
pub const DIFFERENCE_CHANGES_MAX: usize = 2000;

/// Revisions of one page: several windows full, and little to read and send.
const PAGE_REVISIONS_MAX: usize = 500;

impl wire::HistoryPage {
    /// Shows a page of the history.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn of(
        app: &App,
        filter: wire::HistoryFilter,
        offset: usize,
        limit: usize,
    ) -> Result<Self, Error> {
        let page = app
            .flags()
            .history(&filter.into(), offset, limit.min(PAGE_REVISIONS_MAX))?;
        Ok(Self {
            total: page.total,
            revisions: page.revisions.into_iter().map(Into::into).collect(),
        })
    }
}

impl From<wire::HistoryFilter> for HistoryFilter {
    fn from(filter: wire::HistoryFilter) -> Self {
        Self {
            component: filter.component,
            via: filter.via,
            name: filter.name,
            text: filter.text,
            since_ms: filter.since_ms,
            until_ms: filter.until_ms,
            up_to: filter.up_to.map(RevisionNumber),
        }
    }
}

impl From<RevisionSummary> for wire::Revision {
    fn from(summary: RevisionSummary) -> Self {
        let changes_total = summary.changes.len();
        let in_one_line = self::summary(&summary.changes);
        let mut changes = summary.changes;
        changes.truncate(SENTENCES_LISTED_MAX);
        Self {
            revision: summary.number.0,
            at_ms: summary.at_ms,
            actor: summary.actor,
            cause: summary.cause.into(),
            note: summary.note,
            summary: in_one_line,
            changes,
            changes_total,
        }
    }
}

impl From<Cause> for wire::Cause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Edit => Self::Edit,
            Cause::Import => Self::Import,
            Cause::Undo(of) => Self::Undo(of.0),
            Cause::Redo(of) => Self::Redo(of.0),
            Cause::Restore(of) => Self::Restore(of.0),
        }
    }
}

impl From<LastChange> for wire::LastChange {
    fn from(change: LastChange) -> Self {
        Self {
            path: change.path,
            revision: change.revision.0,
            at_ms: change.at_ms,
        }
    }
}

impl From<Difference> for wire::Difference {
    fn from(difference: Difference) -> Self {
        let listed = difference.changes.iter().take(DIFFERENCE_CHANGES_MAX);
        Self {
            total: difference.changes.len(),
            changes: listed.map(Into::into).collect(),
        }
    }
}

impl From<&Change> for wire::Change {
    fn from(change: &Change) -> Self {
        let text = |value: &Option<Tree>| value.as_ref().map(ToString::to_string);
        let (before, after) = match change.renamed() {
            Some(Rename { from, to }) => (Some(from.into()), Some(to.into())),
            None => (change.before.clone(), change.after.clone()),
        };
        Self {
            pointer: change.pointer.clone(),
            sentence: change.to_string(),
            before: text(&before),
            after: text(&after),
        }
    }
}

impl wire::Explanation {
    /// Shows why a component is what it is for a user.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no revision of that number.
    pub fn of(
        app: &App,
        component: &str,
        user: &str,
        groups: &[String],
        at: Option<wire::AsOf>,
    ) -> Result<Self, Error> {
        let groups = groups::trimmed(groups.iter().map(String::as_str));
        let user = User {
            id: user,
            groups: &groups,
        };
        let (revision, told) = app.flags().explain(component, &user, at)?;
        let step = |step: flagdeck_core::explain::Step| wire::ExplanationStep {
            ok: step.ok,
            text: step.text,
        };
        Ok(Self {
            revision: revision.0,
            value: told.value,
            reason: told.reason.to_owned(),
            sentence: told.sentence,
            steps: told.steps.into_iter().map(step).collect(),
            bucket: told.bucket,
            threshold: told.threshold,
            reach: told.reach,
        })
    }
}

impl wire::Status {
    /// Shows how the application is doing.
    pub fn of(app: &App) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir: app.data_dir().display().to_string(),
            serving: app.serving().map(|address| address.to_string()),
            read_only: app.flags().read_only(),
            store_gone: app.gone().map(|gone| wire::StoreGone::of(app, gone)),
            is_held_off: app.flags().is_emergency(),
            held_off_because: app.flags().why_not_stored(),
            notices: app.notices(),
        }
    }
}

impl wire::StoreGone {
    fn of(app: &App, gone: Gone) -> Self {
        let live = app.flags().live();
        let open = wire::StoreSummary {
            revisions: live.revision.0,
            at_ms: live.origin.as_ref().map(|origin| origin.at_ms),
            actor: live.origin.as_ref().map(|origin| origin.actor.clone()),
            summary: live
                .origin
                .as_ref()
                .map_or_else(String::new, |origin| summary(&origin.changes)),
        };
        let is_replaced = !matches!(gone.instead, Instead::Nothing | Instead::Unreachable { .. });
        let (instead, unreadable, unreachable) = match gone.instead {
            Instead::Nothing | Instead::Something => (None, None, None),
            Instead::Store(latest) => (Some(wire::StoreSummary::of(latest.as_deref())), None, None),
            Instead::Unreadable { reason } => (None, Some(reason), None),
            Instead::Unreachable { reason } => (None, None, Some(reason)),
        };
        Self {
            data_dir: gone.data_dir.display().to_string(),
            file: gone.file,
            open,
            is_replaced,
            instead,
            unreadable,
            unreachable,
        }
    }
}

impl wire::StoreSummary {
    fn of(latest: Option<&RevisionSummary>) -> Self {
        Self {
            revisions: latest.map_or(0, |latest| latest.number.0),
            at_ms: latest.map(|latest| latest.at_ms),
            actor: latest.map(|latest| latest.actor.clone()),
            summary: latest.map_or_else(String::new, |latest| summary(&latest.changes)),
        }
    }
}

impl From<Backup> for wire::Backup {
    fn from(backup: Backup) -> Self {
        Self {
            name: backup.name,
            revision: backup.revision.0,
            at_ms: backup.at_ms,
            bytes: backup.bytes,
        }
    }
}

impl From<Setting> for wire::Setting {
    fn from(setting: Setting) -> Self {
        let key = setting.key;
        Self {
            name: key.name.to_owned(),
            meaning: key.meaning.to_owned(),
            kind: key.kind.into(),
            range: key.kind.range(),
            value: setting.value,
            default: (key.default)(),
            source: setting.source.into(),
            in_file: setting.in_file,
            variable: key.variable(),
            needs_restart: key.needs_restart,
            is_waiting: setting.is_waiting,
            unavailable: key.unavailable.map(str::to_owned),
        }
    }
}

impl From<Kind> for wire::SettingKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Switch => Self::Switch,
            Kind::Integer { min, max, unit } => Self::Integer {
                min,
                max,
                unit: unit.to_owned(),
            },
            Kind::Share => Self::Share,
            Kind::Address => Self::Address,
            Kind::Route => Self::Route,
            Kind::Origins => Self::Origins,
        }
    }
}

impl From<Source> for wire::SettingSource {
    fn from(source: Source) -> Self {
        match source {
            Source::Default => Self::Default,
            Source::File(_) => Self::File,
            Source::Environment(name) => Self::Environment { name },
            Source::CommandLine => Self::CommandLine,
        }
    }
}

impl wire::Step {
    /// Shows a step to `viewer`, whose own a held emergency counts as.
    fn of(step: UndoStep, viewer: &Actor) -> Self {
        Self {
            revision: step.revision.0,
            sentence: step.sentence,
            is_own: step.actor.as_ref().is_none_or(|actor| actor == viewer),
            actor: step.actor,
            at_ms: step.at_ms,
        }
    }
}

impl From<Outcome> for wire::Outcome {
    fn from(outcome: Outcome) -> Self {
        Self {
            revision: outcome.revision.0,
            changed: outcome.changed,
            summary: outcome.sentence(),
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
            wire::Edit::SetComponents { paths: names, on } => Self::SetComponents {
                paths: paths(&names)?,
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
                    user_groups: user_groups.map(groups::owned),
                    strategy: strategy.map(Into::into),
                },
            },
            wire::Edit::ClearRollout { component } => Self::ClearRollout {
                component: path(&component)?,
            },
            wire::Edit::AddComponent { path: name, on } => Self::AddComponent {
                path: path(&name)?,
                on,
            },
            wire::Edit::AddGroup { path: name } => Self::AddGroup { path: path(&name)? },
            wire::Edit::Move { from, to } => Self::Move {
                from: path(&from)?,
                to: path(&to)?,
            },
            wire::Edit::Remove {
                paths: names,
                release,
            } => Self::Remove {
                paths: paths(&names)?,
                release,
            },
            wire::Edit::Describe {
                path: name,
                title,
                description,
                owner,
                tags,
                expires,
            } => Self::Describe {
                path: path(&name)?,
                change: AboutChange {
                    title,
                    description,
                    owner,
                    tags,
                    expires,
                },
            },
            wire::Edit::SetRequires {
                component,
                requires,
            } => Self::SetRequires {
                component: path(&component)?,
                requires: paths(&requires)?,
            },
            wire::Edit::Batch { edits } => {
                let edits = edits.into_iter().map(TryInto::try_into);
                Self::Batch(edits.collect::<Result<_, _>>()?)
            }
            wire::Edit::Replace { text } => Self::Replace(text.into_bytes()),
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

fn paths(names: &[String]) -> Result<Vec<ComponentPath>, Error> {
    names.iter().map(|name| path(name)).collect()
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
