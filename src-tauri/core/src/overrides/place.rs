//! The places of a document that can have a value of their own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::document::ComponentPath;
use crate::problem::Pointer;
use crate::tree::keys::tokens;

/// A part of a flag document that is overridden as a whole, written as the JSON Pointer to it.
///
/// Places are in the order in which they depend on each other: a component before what is said of
/// it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The master switch.
    Master,
    /// How users are hashed.
    Bucketing,
    /// The default rollout.
    Rollout,
    /// A component: on, off, or removed. Also a group without any component.
    Switch(ComponentPath),
    /// The custom rollout of a component.
    CustomRollout(ComponentPath),
    /// What a component requires.
    Requires(ComponentPath),
    /// What people should know about a component or a group.
    About(ComponentPath),
    /// A key that the format does not have.
    Unknown(Box<str>),
}

/// A JSON Pointer that leads to no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer} is not a part of a flag document that can be overridden")]
pub struct NoPlace {
    /// The pointer.
    pub pointer: String,
}

impl Place {
    /// Returns the component or group that the place is about; `None` for the document as a whole.
    pub fn component(&self) -> Option<&ComponentPath> {
        match self {
            Self::Switch(path)
            | Self::CustomRollout(path)
            | Self::Requires(path)
            | Self::About(path) => Some(path),
            Self::Master | Self::Bucketing | Self::Rollout | Self::Unknown(_) => None,
        }
    }

    /// Returns whether the place is about the component or group of this path, or about anything in
    /// that group.
    pub fn is_within(&self, path: &ComponentPath) -> bool {
        self.component().is_some_and(|own| own.is_within(path))
    }

    /// Returns it as a JSON Pointer into the document.
    pub fn pointer(&self) -> String {
        let root = Pointer::default();
        let of = |section: &str, path: &ComponentPath| root.at(section).at(path.as_str());
        let pointer = match self {
            Self::Master => root.at("enabled"),
            Self::Bucketing => root.at("bucketing"),
            Self::Rollout => root.at("rollout"),
            Self::Switch(path) => {
                let at = root.at("components");
                path.segments().fold(at, |at, segment| at.at(segment))
            }
            Self::CustomRollout(path) => of("rollouts", path),
            Self::Requires(path) => of("requires", path),
            Self::About(path) => of("about", path),
            Self::Unknown(key) => root.at(key),
        };
        pointer.into()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pointer())
    }
}

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(pointer: &str) -> Result<Self, NoPlace> {
        let tokens = tokens(pointer);
        let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let path = |path: &str| -> Option<ComponentPath> { path.parse().ok() };
        let place = match tokens[..] {
            ["enabled"] => Some(Self::Master),
            ["bucketing"] => Some(Self::Bucketing),
            ["rollout"] => Some(Self::Rollout),
            ["components", ref segments @ ..] => path(&segments.join(".")).map(Self::Switch),
            ["rollouts", of] => path(of).map(Self::CustomRollout),
            ["requires", of] => path(of).map(Self::Requires),
            ["about", of] => path(of).map(Self::About),
            ["rollouts" | "requires" | "about", ..] => None,
            [key] => Some(Self::Unknown(key.into())),
            _ => None,
        };
        // A segment with a dot in it, or a text that is no pointer, is written otherwise.
        let place = place.filter(|place| place.pointer() == pointer);
        place.ok_or_else(|| NoPlace {
            pointer: pointer.to_owned(),
        })
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pointer = String::deserialize(deserializer)?;
        pointer.parse().map_err(serde::de::Error::custom)
    }
}
