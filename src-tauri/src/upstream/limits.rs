//! Bounds of what is asked of a remote, and of what it answers. Those of a document are the core's.

use std::time::Duration;

/// How long one fetch or publication may take in all, redirects and body included: a document of
/// the largest size at 3.4 Mbit/s.
pub(super) const CALL_TIME: Duration = Duration::from_secs(10);

/// Redirects that are followed: from `http` to `https`, to another host, to a file there.
pub(super) const REDIRECTS_MAX: usize = 3;

/// Bytes of an entity tag that is remembered. Those of servers are hashes or times.
pub(super) const ETAG_BYTES_MAX: usize = 256;

/// Flagdecks that may follow one another. A chain of three is a long one.
pub(super) const CHAIN_IDS_MAX: usize = 16;

/// Bytes of a credential. A signed token with many claims has two thousand.
pub(super) const CREDENTIAL_BYTES_MAX: u64 = 8 * 1024;

/// Bytes that are read of the answer that refuses a publication.
pub(super) const REFUSAL_BYTES_MAX: u64 = 64 * 1024;

/// Problems that are told of a document or a publication; more are counted or left out.
pub(super) const PROBLEMS_TOLD_MAX: usize = 3;

/// Problems of a refused publication that are kept, for a list of them.
pub(super) const REFUSAL_PROBLEMS_MAX: usize = 100;

/// The shortest time from one fetch to the next, in milliseconds.
pub(super) const PAUSE_MIN_MS: u64 = 1000;

/// How far the time from one failed fetch to the next grows, unless it is longer anyway.
pub(super) const BACKOFF_MAX_MS: u64 = 10 * 60 * 1000;

/// The longest time that a server may ask for with `Retry-After`.
pub(super) const RETRY_AFTER_MAX_MS: u64 = 60 * 60 * 1000;
