//! Every bound of a workspace as a file, with its reason.

/// Bytes of the file. It is read into memory; a history of ten thousand changes has a few megabytes.
pub const FILE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Bytes of all its lines. Documents that repeat take little in the file, but each is read.
pub const UNPACKED_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// Bytes of one line: the snapshots of one source as a bundle, with what is around them.
pub const LINE_BYTES_MAX: usize = crate::state::limits::BUNDLE_BYTES_MAX + 4096;

/// How far back the compression looks for what repeats, as a power of two: two of the largest
/// documents.
pub const WINDOW_LOG: u32 = 23;
