//! Every bound of what is measured, with its reason.

use std::time::Duration;

/// Events of one batch. A host that sends every 250 ms reaches this at 40 000 a second.
pub const BATCH_EVENTS_MAX: usize = 10_000;

/// Problems listed in the answer to a batch; the rest are counted. A hundred are enough to see what
/// is wrong.
pub const PROBLEMS_MAX: usize = 100;

/// Bytes of an idempotency key: a UUID fits three times.
pub const KEY_BYTES_MAX: usize = 128;

/// Seconds one calculation may claim to have taken: a day. More is a broken clock.
pub const DURATION_S_MAX: f64 = 86_400.0;

/// Iterations one calculation may claim.
pub const ITERATIONS_MAX: u32 = 1_000_000_000;

/// Bytes of memory a source may claim: 2^53, up to which JSON numbers are exact.
pub const MEMORY_BYTES_MAX: f64 = 9_007_199_254_740_992.0;

/// Sets of labels that are counted separately; further ones are counted under `other`. Each costs
/// some 26 samples in every scrape, and about 30 bytes in every tick it reports in.
pub const SERIES_MAX: usize = 500;

/// Sources whose memory is kept separately; further ones are kept under `other`.
pub const SOURCES_MAX: usize = 64;

/// How long a set of labels is exposed after its last report, checked when Flagdeck opens:
/// otherwise instances that are long gone would fill [`SERIES_MAX`].
pub const SERIES_FORGOTTEN_AFTER_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// How long before it is reported an event may have happened: a day, half of what frames of ten
/// seconds are kept for.
pub const BACK_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// How far ahead of this machine's clock an event may claim to be; it counts as of when it comes.
pub const AHEAD_MS_MAX: i64 = 60 * 1000;

/// An event counts as of when it comes if it happened no longer before that.
pub const AS_IT_COMES_MS: i64 = 2000;

/// How long before it is reported an event may have happened to be evidence for a verdict: a
/// verdict is of what happens now.
pub const EVIDENCE_MS_MAX: i64 = 30 * 1000;

/// Names of unknown components that are told in the answer to a batch.
pub const UNKNOWN_TOLD_MAX: usize = 20;

/// Batches that may wait to be stored.
pub const QUEUE_BATCHES_MAX: usize = 1024;

/// Bytes of batches that may wait to be stored: eight of the largest.
pub const QUEUE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Batches stored in one commit, so that the last of them does not wait for all.
pub const COMMIT_BATCHES_MAX: usize = 128;

/// The message to clients whose batch found no room.
pub const RETRY_AFTER_S: u32 = 1;

/// Bytes of stored events kept after they were counted, for readers of single events.
pub const LOG_BYTES_MAX: i64 = 64 * 1024 * 1024;

/// How long stored events are kept after they were counted. Other programs on the same folder
/// read them within a second.
pub const LOG_KEPT_MS: i64 = 60 * 60 * 1000;

/// How long a key keeps a batch from being counted again: far longer than any client retries.
pub const KEY_KEPT_MS: i64 = 60 * 60 * 1000;

/// Keys that are remembered at a time, the latest ones: some 10 MB.
pub const KEYS_MAX: i64 = 100_000;

/// How often to look for what other programs on the same folder stored. Charts and cards are of
/// whole seconds.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often memory is sampled: the founding specification's 5 seconds.
pub const MEMORY_EVERY: Duration = Duration::from_secs(5);

/// Bytes of one-second frames in memory.
pub const SECONDS_BYTES_MAX: usize = 512 * 1024;

/// Bytes of ten-second frames in memory; older ones are read from the disk.
pub const TICKS_BYTES_MAX: usize = 5 * 1024 * 1024;

/// Points of one chart: more than any screen has columns.
pub const POINTS_MAX: u32 = 4000;

/// Seconds of one chart: a year, and a leap day.
pub const SPAN_S_MAX: i64 = 366 * 24 * 60 * 60;

/// Marks on one chart. More would be unreadable.
pub const MARKS_MAX: usize = 200;

/// Components listed in a pulse, the worst first. A dashboard shows no more.
pub const COMPONENTS_JUDGED_MAX: usize = 20;

/// Users that are remembered within a turn of the guard: 5 s of 40,000 calculations a second.
pub const USERS_AT_ONCE_MAX: usize = 200_000;

/// Users that are remembered as known to the guard, of all components: 16 MB of hashes.
pub const USERS_KNOWN_MAX: usize = 1_000_000;

/// Components whose users are counted for the guard: far more than a document has.
pub const COMPONENTS_GUARDED_MAX: usize = 20_000;
