//! Flag definitions of OpenFeature's flagd: a flag document as definitions, and definitions as a
//! flag document.
//!
//! [`definitions`] writes what decides the same for every user in flagd's own evaluators: of a
//! `flagd-3` document in those that hash canonical CBOR (PyPI `openfeature-flagd-core` 2.0), of a
//! `flagd-2` document in those that hash text (npm `@openfeature/flagd-core` 4.0, for ASCII ids:
//! it hashes UTF-16 units). What flagd cannot express is listed, never approximated.
//! [`read`] takes what has a meaning here and lists everything else.
//!
//! The master switch and the default rollout are each one shared rule (`$evaluators`), so that each
//! can be changed in one place there, too. Neither refers to the other: evaluators replace
//! references in any order. What a component requires is written out as the rollouts that it brings
//! in, each once, of which there are at most [`limits::PREREQUISITES_FLAT_MAX`].
//!
//! Knows nothing of evaluating JSONLogic.
//!
//! [`limits::PREREQUISITES_FLAT_MAX`]: crate::limits::PREREQUISITES_FLAT_MAX

mod about;
mod candidate;
mod fractional;
mod prerequisites;
mod read;
mod rule;
mod targeting;
mod unsaid;
mod write;

pub use self::read::{is_flagd, read};
pub use self::write::{Definitions, definitions};

/// The schema that the definitions name.
const SCHEMA: &str = "https://flagd.dev/schema/v0/flags.json";

/// The shared rule that is the master switch.
const MASTER: &str = "enabled";

/// The shared rule that is the default rollout.
const DEFAULT: &str = "rollout";

/// The attribute of a context that holds the user id.
const USER: &str = "targetingKey";

/// The attribute of a context that holds the groups of the user.
const GROUPS: &str = "groups";

/// The metadata that names what a component requires.
const REQUIRES: &str = "requires";

/// The metadata of all definitions that names how users are hashed.
const BUCKETING: &str = "bucketing";
