//! Every bound of the HTTP interface, with its reason.

use std::time::Duration;

use flagdeck_core::limits::DOCUMENT_BYTES_MAX;

/// Bytes of a request's first line.
/// Addresses of this interface are short; what is longer is a mistake or an attack.
pub const REQUEST_LINE_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a request's head: its first line and its headers.
/// Browsers send the cookies of every program on this machine to each of them.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Headers of a request.
pub const HEADERS_MAX: usize = 100;

/// Bytes of a request's body: a whole document has to fit.
pub const BODY_BYTES_MAX: usize = DOCUMENT_BYTES_MAX;

/// Bytes of a state that is put whole: one as large as any that is kept has to fit.
pub const STATE_BODY_BYTES_MAX: usize = crate::state::limits::STATE_BYTES_MAX;

/// Bytes of a body from which on it has memory of its own, that is returned to the system.
pub const LARGE_BODY_BYTES_MIN: usize = 1024 * 1024;

/// Bytes of address space of such a body. What is freed of fewer than 32 MiB, glibc may keep for
/// the thread that had it (mallopt(3), `M_MMAP_THRESHOLD`), and each thread of a server had one.
/// Memory that is not written to is none.
pub const LARGE_BODY_ROOM_BYTES: usize = 33 * 1024 * 1024;

/// Bytes of a body with the context of an evaluation: a user has a name, groups and some attributes,
/// and thousands of users may be asked for at a time.
pub const CONTEXT_BODY_BYTES_MAX: usize = 64 * 1024;

/// Components that are looked at without going to another thread: 0.2 ms of work or less.
pub const COMPONENTS_AT_ONCE_MAX: usize = 1000;

/// Groups of a user that are looked up for that, over all components.
pub const LOOKUPS_AT_ONCE_MAX: usize = 10_000;

/// Bytes of a body that are discarded after a request was answered without it.
/// For more, a new connection costs the client less.
pub const UNREAD_BYTES_MAX: usize = 64 * 1024;

/// Bytes a connection reads ahead of what is being worked on.
pub const READ_AHEAD_BYTES_MAX: usize = 64 * 1024;

/// Bytes read and discarded after the last answer on a connection.
/// A client that has not finished sending would otherwise lose the answer with the connection.
pub const LINGER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Changes listed in an event of flags; the rest are counted.
pub const CHANGES_TOLD_MAX: usize = 20;

/// Bytes of a value in such a list, as JSON text; longer ones are left out.
pub const VALUE_TOLD_BYTES_MAX: usize = 200;

/// Bounds that may differ from one server to another.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections open at a time. Each costs a file descriptor and some 10 KB. When there is one
    /// more, the connection that has waited longest for a request is closed.
    pub connections_max: usize,
    /// Until the head of a request has to be there, from its first byte, or on a fresh
    /// connection from its opening.
    pub head_time: Duration,
    /// Until the body of a request has to be there, from the end of its head.
    pub body_time: Duration,
    /// Without any byte in either direction, after which a connection may be closed;
    /// after twice as long it is.
    pub idle_time: Duration,
    /// For what is left to read after the last answer on a connection.
    pub linger_time: Duration,
    /// For requests in flight when the server stops.
    pub drain_time: Duration,
    /// Streams of events open at a time. Each keeps one of the connections. When there is one
    /// more, the oldest of a client without the token is ended.
    pub streams_max: usize,
    /// How often a stream is sent a comment, so that both sides know the other is there. Shorter
    /// than `idle_time`, which would end it.
    pub heartbeat_time: Duration,
    /// How long a stream waits for its client to read before it is cut off.
    pub slow_reader_time: Duration,
    /// Bytes of bodies that are in memory at a time, from before a body is read until its request
    /// is answered. What is made of a body takes several times its bytes: of states, one at a time
    /// is, by the thread that stores them. One of the largest bodies must fit.
    pub body_bytes_in_memory_max: usize,
    /// Bytes of large answers that are in memory at a time, until each was sent.
    pub answer_bytes_in_memory_max: usize,
    /// How long a request waits for others to be answered before it is refused for those bytes.
    pub memory_wait: Duration,
    /// Wrong tokens in a second that are answered as such.
    pub bad_tokens_per_s_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1536,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(15),
            idle_time: Duration::from_secs(60),
            linger_time: Duration::from_secs(1),
            drain_time: Duration::from_secs(2),
            streams_max: 1024,
            heartbeat_time: Duration::from_secs(15),
            slow_reader_time: Duration::from_secs(10),
            body_bytes_in_memory_max: 2 * STATE_BODY_BYTES_MAX,
            answer_bytes_in_memory_max: 16 * 1024 * 1024,
            memory_wait: Duration::from_secs(15),
            bad_tokens_per_s_max: 20,
        }
    }
}

/// Files that a process needs for other things than connections: databases, backups, logs, the
/// window.
const OTHER_FILES: u64 = 256;

impl Limits {
    /// Returns these limits for a process that may open so many files: a third of its connections
    /// is always left to requests.
    #[must_use]
    pub(super) fn within(self, open_files_max: u64) -> Self {
        let files = open_files_max.saturating_sub(OTHER_FILES).max(16);
        let connections_max = usize::try_from(files)
            .unwrap_or(usize::MAX)
            .min(self.connections_max);
        Self {
            connections_max,
            streams_max: self.streams_max.min(connections_max.div_ceil(3) * 2),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_may_open_few_files_takes_fewer_connections() {
        let within = |files| {
            let limits = Limits::default().within(files);
            (limits.connections_max, limits.streams_max)
        };
        assert_eq!(within(u64::MAX), (1536, 1024));
        assert_eq!(within(1024), (768, 512));
        assert_eq!(within(64), (16, 12));
    }
}
