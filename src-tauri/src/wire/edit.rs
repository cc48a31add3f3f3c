//! Edits as the page sends them: names and numbers that are not checked yet.

use flagdeck_core::{
    AboutChange, Code, ComponentPath, Percentage, Problem, RolloutChange, Strategy, groups,
};
use serde::Deserialize;
#[cfg(test)]
use ts_rs::TS;

use crate::error::Error;

/// One change a person makes in the window.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
#[cfg_attr(
    test,
    derive(TS),
    ts(
        tag = "kind",
        rename_all = "snake_case",
        rename_all_fields = "camelCase"
    )
)]
pub enum Edit {
    /// Turns the master switch.
    SetMaster {
        /// Its new position.
        on: bool,
    },
    /// Switches components; a group stands for every component in it.
    SetComponents {
        /// Paths of components or groups.
        paths: Vec<String>,
        /// Their new position.
        on: bool,
    },
    /// Changes what is given of a rollout; a component without its own gets one first,
    /// as a copy of the document's.
    SetRollout {
        /// The component, or `null` for the document's rollout.
        component: Option<String>,
        /// Per cent of all users.
        #[cfg_attr(test, ts(optional))]
        percentage: Option<f64>,
        /// The whole new list of groups.
        #[cfg_attr(test, ts(optional))]
        user_groups: Option<Vec<String>>,
        /// The strategy.
        #[cfg_attr(test, ts(optional))]
        strategy: Option<Strategy>,
    },
    /// Removes a component's own rollout: it follows the document's again.
    ClearRollout {
        /// The component.
        component: String,
    },
    /// Adds a component, with the groups around it that are missing.
    AddComponent {
        /// Its path.
        path: String,
        /// Its switch.
        on: bool,
    },
    /// Adds an empty group, with the groups around it that are missing.
    AddGroup {
        /// Its path.
        path: String,
    },
    /// Renames or moves a component or group; everything said about it moves along.
    Move {
        /// Where it is.
        from: String,
        /// Where it shall be.
        to: String,
    },
    /// Removes components and groups, with everything said about them.
    Remove {
        /// Components and groups.
        paths: Vec<String>,
        /// Whether others stop requiring them; otherwise the edit is refused if others do.
        release: bool,
    },
    /// Changes what is given of what people should know about a component or group.
    Describe {
        /// The component or group.
        path: String,
        /// What to change.
        #[serde(flatten)]
        change: AboutChange,
    },
    /// Says what a component requires, in place of what it required before.
    SetRequires {
        /// The component.
        component: String,
        /// The components it requires.
        requires: Vec<String>,
    },
    /// Several edits as one revision, each applied to what those before it made.
    Batch {
        /// The edits.
        edits: Vec<Edit>,
    },
    /// Replaces the whole document.
    Replace {
        /// The document, as JSON text.
        text: String,
    },
}

impl TryFrom<Edit> for flagdeck_core::Edit {
    type Error = Error;

    fn try_from(edit: Edit) -> Result<Self, Error> {
        Ok(match edit {
            Edit::SetMaster { on } => Self::SetMaster { on },
            Edit::SetComponents { paths, on } => Self::SetComponents {
                paths: all(&paths)?,
                on,
            },
            Edit::SetRollout {
                component,
                percentage,
                user_groups,
                strategy,
            } => Self::SetRollout {
                component: component.as_deref().map(path).transpose()?,
                change: rollout(percentage, user_groups, strategy)?,
            },
            Edit::ClearRollout { component } => Self::ClearRollout {
                component: path(&component)?,
            },
            Edit::AddComponent { path: name, on } => Self::AddComponent {
                path: path(&name)?,
                on,
            },
            Edit::AddGroup { path: name } => Self::AddGroup { path: path(&name)? },
            Edit::Move { from, to } => relocation(&from, &to)?,
            Edit::Remove { paths, release } => Self::Remove {
                paths: all(&paths)?,
                release,
            },
            Edit::Describe { path: name, change } => Self::Describe {
                path: path(&name)?,
                change,
            },
            Edit::SetRequires {
                component,
                requires,
            } => requirement(&component, &requires)?,
            Edit::Batch { edits } => Self::Batch(batch(edits)?),
            Edit::Replace { text } => Self::Replace(text.into_bytes()),
        })
    }
}

fn relocation(from: &str, to: &str) -> Result<flagdeck_core::Edit, Error> {
    Ok(flagdeck_core::Edit::Move {
        from: path(from)?,
        to: path(to)?,
    })
}

fn requirement(component: &str, requires: &[String]) -> Result<flagdeck_core::Edit, Error> {
    Ok(flagdeck_core::Edit::SetRequires {
        component: path(component)?,
        requires: all(requires)?,
    })
}

fn batch(edits: Vec<Edit>) -> Result<Vec<flagdeck_core::Edit>, Error> {
    edits.into_iter().map(TryInto::try_into).collect()
}

fn rollout(
    per_cent: Option<f64>,
    user_groups: Option<Vec<String>>,
    strategy: Option<Strategy>,
) -> Result<RolloutChange, Error> {
    Ok(RolloutChange {
        percentage: per_cent.map(percentage).transpose()?,
        user_groups: user_groups.map(groups::owned),
        strategy,
    })
}

/// Reads the name of a component or group.
///
/// # Errors
/// [`Error::Invalid`] if it cannot be one.
pub fn path(name: &str) -> Result<ComponentPath, Error> {
    name.parse().map_err(|error| {
        let message = format!("{name:?} cannot be a component: {error}.");
        invalid(Code::BadName, message)
    })
}

fn all(names: &[String]) -> Result<Vec<ComponentPath>, Error> {
    names.iter().map(|name| path(name)).collect()
}

fn percentage(per_cent: f64) -> Result<Percentage, Error> {
    Percentage::try_from(per_cent).map_err(|_| {
        let message =
            format!("The percentage must be from 0 to 100 in steps of 0.001, not {per_cent}.");
        invalid(Code::OutOfRange, message)
    })
}

fn invalid(code: Code, message: String) -> Error {
    Error::Invalid {
        problems: vec![Problem::error(code, "", message)],
    }
}
