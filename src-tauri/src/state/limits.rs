//! Every bound of what is kept of states, with its reason.

use std::time::Duration;

/// Sources whose state is kept. Each may have snapshots of
/// [`flagdeck_core::limits::SNAPSHOTS_BYTES_MAX`] bytes.
pub const SOURCES_MAX: u32 = 64;

/// Bytes of one state as JSON text. A state of 5 MB fits with its ring of changes.
pub const STATE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Changes of one batch.
pub const CHANGES_MAX: usize = 10_000;

/// Problems listed in the answer to a batch; the rest are counted. A hundred are enough to see what
/// is wrong.
pub const PROBLEMS_MAX: usize = 100;

/// Keys named in the warning about members next to a state: enough to see what was sent.
pub const KEYS_TOLD_MAX: usize = 5;

/// Characters of such a key that are shown.
pub const KEY_CHARS_TOLD_MAX: usize = 64;

/// Files a source may claim to have: 2^53 - 1, up to which JSON numbers are exact.
pub const FILES_MAX: u64 = 9_007_199_254_740_991;

/// Changes in the journal after which the state is written whole: reading a state applies them
/// again, at about a microsecond each.
pub const JOURNAL_CHANGES_MAX: i64 = 1000;

/// Bytes of changes in the journal after which the state is written whole.
pub const JOURNAL_BYTES_MAX: i64 = 512 * 1024;

/// Bytes of the texts of the states whose trees are cached in memory, so that a source that reports
/// often need not read its state for each batch. A tree takes about five times its text: 40 MB.
pub const TREES_HELD_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What SQLite keeps of `state.db` in memory, in KiB: what is in it is read whole and seldom.
pub const PAGES_KIB: i64 = 256;

/// How long an unused tree is cached.
pub const TREE_HELD_FOR: Duration = Duration::from_secs(30);

/// Characters of a snapshot's name.
pub const NAME_CHARS_MAX: usize = 120;

/// Characters of a snapshot's note.
pub const NOTE_CHARS_MAX: usize = 4000;

/// Snapshots that blame lists in which a value changed earlier.
pub const BLAME_EARLIER_MAX: usize = 100;

/// Recorded changes that blame lists.
pub const BLAME_RECORDS_MAX: usize = 100;

/// Keys that an event of a changed state names.
pub const NEWS_KEYS_MAX: usize = 20;

/// Numbers that blame lists: those of two days of snapshots every five minutes, and more than a
/// small chart shows.
pub const BLAME_VALUES_MAX: usize = 600;

/// Recorded changes that are looked at when two states are compared.
pub const COMPARED_RECORDS_MAX: usize = 2000;

/// Recorded changes that a snapshot keeps: as many as a ring holds, twice over, for those it
/// inherits from removed snapshots.
pub const RECORDED_MAX: usize = 200;

/// Whole reports of a source whose changes are kept.
pub const REPORTS_MAX: u32 = 100;

/// Changes kept of one report.
pub const REPORT_CHANGES_MAX: usize = 200;

/// Columns of a timeline: one for each point of a wide screen.
pub const TIMELINE_COLUMNS_MAX: usize = 2000;

/// Bytes of a bundle that is read: some thousand snapshots, or a hundred of the largest states.
pub const BUNDLE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Snapshots of one bundle.
pub const BUNDLE_SNAPSHOTS_MAX: usize = 10_000;

/// How often the oldest snapshots are looked at.
pub const THIN_EVERY: Duration = Duration::from_secs(60 * 60);

/// Parts that one restore names: more than people choose, and each is looked up in every report.
pub const RESTORE_PARTS_MAX: usize = 1000;

/// The last moment that every reader of JSON has a date for, in milliseconds since 1970.
pub const MOMENT_MS_MAX: i64 = 8_640_000_000_000_000;
