//! Every bound of the domain, with its reason.
//!
//! A bound that a person can meet is named in the message that refuses what is beyond it.

/// Bytes of one flag document, written or received.
/// A document of [`COMPONENTS_MAX`] components with everything said about them fits twice.
pub const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Nesting of JSON anywhere in a document, unknown keys included.
/// Far above what a document needs, far below what would exhaust a thread's stack.
pub const JSON_DEPTH_MAX: usize = 64;

/// Bytes of one key of a JSON object, unknown ones included.
/// Pointers are made of keys, so this bounds every message about what is beneath one.
pub const KEY_BYTES_MAX: usize = 256;

/// Leaves of the component tree.
pub const COMPONENTS_MAX: usize = 10_000;

/// Segments of a component path: `a.b.c` has three.
pub const PATH_DEPTH_MAX: usize = 8;

/// Characters of one path segment.
pub const SEGMENT_CHARS_MAX: usize = 64;

/// Names that JavaScript gives a meaning of its own when used as object keys.
pub const SEGMENTS_RESERVED: [&str; 3] = ["__proto__", "constructor", "prototype"];

/// Thousandths of a per cent in a whole rollout: the finest step is 0.001 %.
pub const PERCENT_MILLI_MAX: u32 = 100_000;

/// Number of buckets users are hashed into; one bucket is one thousandth of a per cent.
pub const BUCKETS: u32 = 100_000;

/// User groups in one rollout.
pub const GROUPS_MAX: usize = 1000;

/// Characters of one group name.
pub const GROUP_CHARS_MAX: usize = 128;

/// Prerequisites listed for one component.
pub const REQUIRES_MAX: usize = 1000;

/// Characters of `about.title` and `about.owner`.
pub const ABOUT_LINE_CHARS_MAX: usize = 200;

/// Characters of `about.description`.
pub const ABOUT_TEXT_CHARS_MAX: usize = 4000;

/// Tags of one component.
pub const TAGS_MAX: usize = 32;

/// Characters of one tag.
pub const TAG_CHARS_MAX: usize = 64;

/// Problems listed for one document; more are counted, not listed.
/// Keeps the answer to a hostile document smaller than the document.
pub const PROBLEMS_MAX: usize = 1000;

/// Prerequisite checks kept flat for one compiled component.
/// Beyond it the graph is walked at evaluation, so that a hostile chain of
/// [`COMPONENTS_MAX`] prerequisites costs time to evaluate but no memory to compile.
pub const PREREQUISITES_FLAT_MAX: usize = 64;

/// Characters of a value quoted back in a message.
pub const QUOTE_CHARS_MAX: usize = 40;

/// Names listed in one sentence; the rest are counted.
pub const NAMES_SHOWN_MAX: usize = 7;
