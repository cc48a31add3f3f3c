//! The source that is meant if none is given.

use flagdeck::state::SourceName;
use flagdeck::{App, Error};

use super::Refused;

/// The message if there is no state at all.
pub const NOBODY: &str =
    "no application has reported its state yet; flagctl demo plays one that does";

/// Returns the source that is named, or else the only one there is.
///
/// # Errors
/// [`Error::NotFound`] if there is none, [`Refused`] if there are several.
pub fn one_source(app: &App, named: Option<SourceName>) -> anyhow::Result<SourceName> {
    if let Some(named) = named {
        return Ok(named);
    }
    let sources = app.state_sources()?;
    let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    match names[..] {
        [] => Err(nobody().into()),
        [only] => Ok(only.parse()?),
        _ => Err(several(&names)),
    }
}

/// Says that there is no state at all.
pub fn nobody() -> Error {
    Error::NotFound {
        message: NOBODY.into(),
    }
}

fn several(names: &[&str]) -> anyhow::Error {
    let names = names.join(", ");
    Refused(format!(
        "there are several applications; say with --source which is meant: {names}"
    ))
    .into()
}
