//! Which state is meant: that of a snapshot, that of now, or what a file holds.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use flagdeck_core::typed;
/// The word for the state as it is.
const NOW: &str = "now";

/// A state that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// That of the snapshot of this number.
    Snapshot(u64),
    /// That which an application has.
    Now,
}

/// A text that names no state that is kept.
#[derive(Debug, thiserror::Error)]
#[error("it must be the number of a snapshot, or now")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        match text {
            NOW => Ok(Self::Now),
            // `parse` alone would take `+12`.
            text if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map(Self::Snapshot).map_err(|_| NoPlace)
            }
            _ => Err(NoPlace),
        }
    }
}

/// A state that can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// One that is kept.
    Kept(Place),
    /// What a file holds; `-` for standard input.
    File(PathBuf),
}

impl FromStr for Which {
    type Err = Infallible;

    /// A file that is called as a number is, or `now`, is reached as `./12`.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.parse() {
            Ok(place) => Self::Kept(place),
            Err(NoPlace) => Self::File(text.into()),
        })
    }
}

/// A text that is no share.
#[derive(Debug, thiserror::Error)]
#[error("it must be a percentage from 0% to 100%, such as 1%")]
pub struct NoShare;

/// Reads a share, 0 to 1, written as a percentage: `1%`, `0.5%`, `0,5 %`.
pub fn share(text: &str) -> Result<f64, NoShare> {
    let typed = typed::number(text).filter(|typed| typed.is_percent);
    let percent = typed.map(|typed| typed.number).ok_or(NoShare)?;
    match (0.0..=100.0).contains(&percent) {
        true => Ok(percent / 100.0),
        false => Err(NoShare),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, which: Which) {
        assert_eq!(text.parse(), Ok(which), "{text}");
    }

    #[test]
    fn numbers_and_now_are_states_that_are_kept_and_all_else_is_a_file() {
        check("12", Which::Kept(Place::Snapshot(12)));
        check("now", Which::Kept(Place::Now));
        for file in ["./12", "-", "+12", "-1", "12.json", "Now", ""] {
            check(file, Which::File(file.into()));
        }
    }

    #[test]
    fn a_share_is_a_percentage() {
        assert_eq!(share("1%").unwrap(), 0.01);
        assert_eq!(share("0 %").unwrap(), 0.0);
        assert_eq!(share("12,5%").unwrap(), 0.125);
        assert_eq!(share("100%").unwrap(), 1.0);
        for text in ["1", "0.01", "-1%", "101%", "NaN%", "%", ""] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
