//! Rosters as the window shows them, and what a user gets.

use std::path::Path;

use flagdeck_core::{User, groups};
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

use crate::App;
use crate::error::Error;
use crate::flags::Scope;
use crate::source::SourceName;

/// A file of users that a person chose. It is read by the calls that look at it and import it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct RosterFile {
    /// Its name without its folder.
    pub file: String,
    /// A name for the roster, made of that; empty if none can be.
    pub name: String,
}

/// What a user gets of one component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(TS), ts(rename_all = "camelCase"))]
pub struct Given {
    /// Its path.
    pub component: String,
    /// Whether it is on for the user.
    pub on: bool,
    /// Why, in a sentence.
    pub sentence: String,
}

impl RosterFile {
    /// Names the roster as its file.
    pub fn of(path: &Path) -> Self {
        let text = |part: Option<&std::ffi::OsStr>| {
            part.unwrap_or_default().to_string_lossy().into_owned()
        };
        Self {
            file: text(path.file_name()),
            name: proposed(&text(path.file_stem())),
        }
    }
}

/// Makes a name of a text: what cannot be in one becomes a hyphen.
fn proposed(text: &str) -> String {
    let allowed = |c: char| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') => c,
        _ => '-',
    };
    let name: String = text.chars().map(allowed).collect();
    let name = name.trim_matches('-');
    let parsed: Result<SourceName, _> = name.parse();
    parsed.map_or(String::new(), |_| name.to_owned())
}

/// Says what a user gets of every component in force for the user, in the order of the document.
pub fn given(app: &App, user: &str, of_groups: &[String]) -> Vec<Given> {
    let live = app.flags().in_force(Scope::User(user));
    let of_groups = groups::trimmed(of_groups.iter().map(String::as_str));
    let user = User {
        id: user,
        groups: &of_groups,
    };
    let components = live.compiled.components().map(|id| live.compiled.path(id));
    let each = components.map(|component| {
        let explanation = live.explain(component, &user);
        Given {
            component: component.to_owned(),
            on: explanation.value,
            sentence: explanation.sentence,
        }
    });
    each.collect()
}

/// Reads the name of a roster.
///
/// # Errors
/// [`Error::NotFound`] if there can be none of that name.
pub fn roster_name(name: &str) -> Result<SourceName, Error> {
    let parsed: Result<SourceName, _> = name.parse();
    parsed.map_err(|error| Error::NotFound {
        message: format!("{name:?} is no name of a roster: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roster_is_named_as_its_file() {
        let named = |path: &str| RosterFile::of(Path::new(path)).name;
        assert_eq!(named("/home/ada/customers-eu.csv"), "customers-eu");
        assert_eq!(named("Customers EU (2).csv"), "Customers-EU--2");
        assert_eq!(named("çç.csv"), "");
        assert_eq!(RosterFile::of(Path::new("/x/a b.db")).file, "a b.db");
    }
}
