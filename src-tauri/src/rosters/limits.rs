//! Bounds on rosters and on the files that they are imported from.

/// Rosters of a data folder.
pub const ROSTERS_MAX: usize = 100;

/// Bytes of a file that is imported: ten million rows of 1.6 KB.
pub const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;

/// Bytes at the beginning of a file by which its format is recognised.
pub(super) const SAMPLE_BYTES: usize = 64 * 1024;

/// Bytes of one line; a longer one is a bad row.
pub(super) const LINE_BYTES_MAX: usize = 256 * 1024;

/// Lines after the first that a quoted cell may go on for. A quote that is not closed would
/// otherwise take the rest of the file with it.
pub(super) const QUOTED_LINES_MAX: usize = 20;

/// Columns of a file, and further keys of all lines of NDJSON together.
pub const COLUMNS_MAX: usize = 256;

/// Bytes of a user id, as many as an override for one user takes.
pub const ID_BYTES_MAX: usize = 1024;

/// Users in events whose ids are kept; the rest is counted.
pub(super) const USERS_SEEN_MAX: usize = 100_000;

/// Groups of a user in events that are kept.
pub(super) const GROUPS_SEEN_MAX: usize = 100;

/// Bytes of a group in events that is kept.
pub(super) const GROUP_BYTES_SEEN_MAX: usize = 512;

/// Bytes of one attribute.
pub const ATTRIBUTE_BYTES_MAX: usize = 4096;

/// Bad rows that are listed; all are counted.
pub const BAD_ROWS_LISTED_MAX: usize = 20;

/// Rows that are shown before an import.
pub const FIRST_ROWS_SHOWN: usize = 5;

/// Bytes of rows that are stored together: removing one user rewrites so many.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;

/// Rows after which progress is told and a cancel is seen.
pub(super) const ROWS_PER_STEP: u64 = 4096;

/// Ids that one list of a preview returns.
pub const IDS_LISTED_MAX: usize = 100_000;
