//! The bounds of what is kept beside the flag document.

/// Overrides for single applications and users at a time: far more than a team of developers sets.
pub const TARGETED_MAX: usize = 1000;

/// The shortest time that such an override is for, in milliseconds.
pub const TARGETED_TIME_MIN_MS: i64 = 60 * 1000;

/// The longest time that such an override is for, in milliseconds: it is for development, and one
/// that is forgotten ends.
pub const TARGETED_TIME_MAX_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Bytes of a user id that is overridden for. Any length is hashed, but this one is kept.
pub const TARGETED_USER_BYTES_MAX: usize = 1024;

/// The largest file of such overrides: [`TARGETED_MAX`] of them with the longest names.
pub const TARGETED_FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
