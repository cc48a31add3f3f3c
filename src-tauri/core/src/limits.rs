//! Every bound of the domain, with its reason.
//!
//! A bound that a person can meet is named in the message that refuses what is beyond it.

use std::ops::Range;

/// Bytes of one flag document, written or received.
/// A document of [`COMPONENTS_MAX`] components with everything said about them fits twice.
pub const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Nesting of JSON anywhere in a document, unknown keys included.
/// Far above what a document needs, far below what would exhaust a thread's stack.
pub const JSON_DEPTH_MAX: usize = 64;

/// Bytes of one key of a JSON object, unknown ones included. Pointers are made of keys, so this
/// bounds every message about what is under one.
pub const KEY_BYTES_MAX: usize = 256;

/// Leaves of the component tree.
pub const COMPONENTS_MAX: usize = 10_000;

/// Segments of a component path: `a.b.c` has three.
pub const PATH_DEPTH_MAX: usize = 8;

/// Characters of one path segment.
pub const SEGMENT_CHARS_MAX: usize = 64;

/// Names with a special meaning in JavaScript when used as object keys.
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

/// The largest sum of weights of `fractional` that evaluators of flagd accept.
pub const FLAGD_WEIGHTS_MAX: u64 = 2_147_483_647;

/// Bytes around the flags in definitions of flagd, at most.
pub const FLAGD_ROOM_AROUND: usize = 1024;

/// Bytes of a user id that is prepared once to be hashed for many components. Longer ones are hashed
/// for each component by itself. A UUID has 36, a SHA-256 in hexadecimal 64.
pub const PREPARED_ID_BYTES_MAX: usize = 128;

/// Custom rollouts of a document from which on a user id is prepared to be hashed for all of them:
/// preparing it costs about as much as hashing it for so many.
pub const PREPARED_ROLLOUTS_MIN: usize = 16;

/// Characters of a value quoted back in a message.
pub const QUOTE_CHARS_MAX: usize = 40;

/// Names listed in one sentence; the rest are counted.
pub const NAMES_SHOWN_MAX: usize = 7;

/// Levels below the root that are searched for a flag document inside something else.
pub const NESTED_LEVELS_MAX: usize = 3;

/// Values that are searched for it: a wrapper has few.
pub const NESTED_VALUES_MAX: usize = 1000;

/// Entries of a list or object that are looked at to tell a format: all of one are alike.
pub const ENTRIES_LOOKED_AT_MAX: usize = 20;

/// Components named in a question about removing them; the rest are counted.
pub const LOST_NAMES_SHOWN_MAX: usize = 5;

/// Kinds of changes named in one line; changes of further kinds are counted.
pub const SUMMARY_KINDS_MAX: usize = 3;

/// Names of changed things listed whole in one line.
pub const SUMMARY_NAMES_MAX: usize = 3;

/// Names listed of more than [`SUMMARY_NAMES_MAX`]; the rest are counted.
pub const SUMMARY_NAMES_OF_MANY: usize = 2;

/// Lists of groups kept apart in the reach of a component; further ones are left out of its groups,
/// and the share stays an upper bound.
pub const REACH_LISTS_MAX: usize = 8;

/// Groups named of whom a component reaches; the rest are counted.
pub const REACH_GROUPS_SHOWN_MAX: usize = 3;

/// Nesting of a tree that is kept as state. Less than the 127 levels that the parser of JSON goes
/// down, so that the tree can be read again with a value of it in its ring of changes.
pub const TREE_DEPTH_MAX: usize = 100;

/// Nesting of what is read of a history: every tree that was ever written.
pub const HISTORY_DEPTH_MAX: usize = 130;

/// Bytes that one packed tree or step may unpack to: eight times the largest state that is kept.
pub const PATCH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Steps of one chain. Reading the last tree of it takes each of them: about 25 µs of a tree of
/// 146 KiB, of which a read may take 5 ms.
pub const CHAIN_STEPS_MAX: usize = 80;

/// Bytes of a step that are kept as they are: a switch or two.
pub const STEP_PLAIN_BYTES_MAX: usize = 64;

/// How many times the bytes of its first tree the steps of a chain may take together. Beyond
/// it, trees have so little in common that keeping one whole costs little more.
pub const CHAIN_STEP_BYTES_PER_KEYFRAME: usize = 4;

/// Bytes of a value that the ring of changes holds whole. The ring may hold a hundred of them
/// twice over, and is part of the state.
pub const RECORD_VALUE_BYTES_MAX: usize = 4096;

/// Nesting of a value that the ring of changes holds whole.
pub const RECORD_VALUE_DEPTH_MAX: usize = 32;

/// Characters that the ring keeps of a larger value.
pub const RECORD_EXCERPT_CHARS: usize = 200;

/// Timestamps that are seconds: of the years 2001 to 5138. In milliseconds they would be of January
/// 1970 to March 1973, before any application that reports.
pub const MOMENTS_IN_SECONDS: Range<i64> = 1_000_000_000..100_000_000_000;

/// How long every snapshot is kept, in milliseconds: fifteen days.
pub const SNAPSHOTS_ALL_FOR_MS: i64 = 15 * 24 * 60 * 60 * 1000;

/// How long the first of every hour is kept: ninety days.
pub const SNAPSHOTS_HOURLY_FOR_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// How long the first of every day is kept: two years.
pub const SNAPSHOTS_DAILY_FOR_MS: i64 = 2 * 365 * 24 * 60 * 60 * 1000;

/// Bytes that the snapshots of one source may take: fifteen days at one a minute and 146 KiB fit
/// well.
pub const SNAPSHOTS_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Differences that a search for the longest common part of two lists goes to. It takes at most so
/// many steps for every element, and memory for half the square of that. Lists further apart are
/// compared by their unique elements, and by place.
pub const ALIGN_DIFFERENCES_MAX: usize = 256;

/// Elements of a list, between its equal ends, that are searched for each other by their content;
/// those of a longer list by their place. The search takes some hundred bytes for each, and a state
/// has room for millions of numbers.
pub const ALIGN_CONTENT_MAX: usize = 128 * 1024;

/// From this many elements on, those in the same place with little in common count as removed and
/// added. Fewer are quickly read one by one; a ring that turned over completely is not.
pub const ALIGN_STRANGERS_MIN: usize = 9;

/// One element in so many may lack the key that identifies the elements of a list.
pub const ALIGN_KEYLESS_ONE_IN: usize = 10;

/// Members that are inserted one by one between others, each of which shifts those behind it. If
/// there are more, the object is rebuilt in one pass.
pub const MEMBERS_SHIFTED_MAX: usize = 8;

/// Characters of a text that an element of a list is named by in a key. An element with a longer
/// one is named by its place.
pub const IDENTITY_CHARS_MAX: usize = 128;

/// Levels of lists and objects that are read from JSON text, as by `serde_json`: a reader goes into
/// each, and the stack is bounded.
pub const READ_DEPTH_MAX: usize = 127;

/// Whole numbers below which a float is exact, 2^53: what JavaScript has for any number.
pub const EXACT_FLOAT_MAX: f64 = 9_007_199_254_740_992.0;

/// Keys listed in which a source differs from what a restore asked for. Enough to see what went
/// wrong; the difference of two states has all of them.
pub const RESTORE_DIFFERING_MAX: usize = 20;

/// Changes listed of a difference of two states; more are counted, not listed. Far more than a
/// person reads, and a few megabytes at most.
pub const STATE_CHANGES_MAX: usize = 5000;

/// Bytes that the pointers and paths of the listed changes take together, about. Keys may be long,
/// and everything under one repeats it.
pub const STATE_PLACES_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Groups of a state listed as unchanged.
pub const STATE_GROUPS_MAX: usize = 1000;

/// Characters of a value's JSON text shown in a difference.
pub const EXCERPT_CHARS_MAX: usize = 200;

/// Characters of JSON text from which on a moved value is recognised: shorter values are equal by
/// chance.
pub const MOVED_CHARS_MIN: usize = 12;

/// Numbers that make a list a series.
pub const SERIES_NUMBERS_MIN: usize = 3;

/// One in so many elements of a series may be null.
pub const SERIES_NULLS_ONE_IN: usize = 10;

/// Points of the small chart of a series.
pub const SERIES_POINTS_MAX: usize = 60;

/// Calculations that an arm needs before it is judged. Of fewer, one failure more or less moves
/// the share by over one per cent, and the interval of none failed reaches 4 %.
pub const VERDICT_CALCULATIONS_MIN: u64 = 100;

/// The share of calculations that may be slower than a limit on durations: the limit is one for
/// the 95th percentile.
pub const SLOW_SHARE_MAX: f64 = 0.05;

/// Earlier revisions looked at for a state in which fewer people saw a component.
pub const ROLLBACK_REVISIONS_MAX: usize = 50;

/// Characters of a source's name, an application that reports. It is a label: short enough to read
/// next to a chart.
pub const SOURCE_CHARS_MAX: usize = 128;

/// How long a program has to have run with a clock before that deletes anything for its age, in
/// milliseconds of running time: a day.
pub const CLOCK_TRUSTED_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// How long a clock that went back has to run steadily to count as right, in milliseconds of running
/// time: a month. If it turns out to have been behind sooner, what it wrote is not old by that.
pub const CLOCK_STEADY_AFTER_MS: i64 = 30 * CLOCK_TRUSTED_AFTER_MS;

/// How many times that a clock was behind are remembered of a data folder, and of those when it may
/// be.
pub const CLOCK_SPELLS_MAX: usize = 16;

/// Ids of a roster.
pub const ROSTER_IDS_MAX: usize = 10_000_000;

/// Groups of one user in a roster, as many as a rollout names.
pub const ROSTER_USER_GROUPS_MAX: usize = GROUPS_MAX;

/// Distinct groups of a roster. A step of the slider counts each of them: about 0.2 µs a group.
pub const ROSTER_GROUPS_MAX: usize = 10_000;

/// Groups of all users of a roster together. The slider keeps four bytes for each.
pub const ROSTER_MEMBERSHIPS_MAX: u64 = 100_000_000;

/// Groups in all distinct sets of groups together. With up to as many sets, they take 64 MiB.
pub const ROSTER_SET_ENTRIES_MAX: usize = 8 * 1024 * 1024;

/// The largest weight of a user: sums over [`ROSTER_IDS_MAX`] stay far from the largest float.
pub const ROSTER_WEIGHT_MAX: f64 = 1e12;

/// The probability with which a rollout whose users are shared out as they should is held for a
/// share that seems wrong. Far below that of rolling back: it asks a person to look for a fault in
/// how users are counted.
pub const GUARD_RATIO_ALPHA: f64 = 0.001;

/// The largest share that can be a limit: the shares that are bet on begin at 1.4 times as much, and
/// have to be below 0.95.
pub const GUARD_LIMIT_MAX: f64 = 0.65;

/// Samples of memory in a row that count: one may be taken in the middle of a collection.
pub const GUARD_MEMORY_SAMPLES: u32 = 3;

/// By how much memory may grow over what it was before a rollout, as a factor, before that holds.
pub const GUARD_MEMORY_GROWTH: f64 = 1.5;

/// Blocks that a bare threshold looks at: a minute of blocks of ten seconds.
pub const GUARD_STRICT_BLOCKS: usize = 6;

/// Blocks after which the guard bets anew, if it renews its bets: seventeen minutes of blocks of five
/// seconds.
pub const GUARD_RENEWAL_BLOCKS: u64 = 200;

/// Calculations that a bare threshold needs.
pub const GUARD_STRICT_MIN: u64 = 20;

/// Steps of a ramp: one for each per cent, and some between.
pub const RAMP_STEPS_MAX: usize = 200;

/// The longest a step of a ramp may have to stay, in seconds: a year.
pub const RAMP_DWELL_S_MAX: u64 = 366 * 24 * 3600;

/// The most calculations of users with it on that a step may have to see.
pub const RAMP_EXPOSED_MAX: u64 = 1_000_000_000;

/// For how long a ramp may go unwatched, in milliseconds, before its step begins again: a program
/// that is started again, or another one that takes over, needs less.
pub const RAMP_GAP_MS_MAX: i64 = 60_000;
