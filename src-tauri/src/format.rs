//! How several things are written in one body.

/// A list in one body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON array, or a single element of it.
    Json,
    /// One element a line.
    NdJson,
}
