//! The domain of Flagdeck on one page.
//!
//! A **flag document** is a tree of **components** (leaves, switched on or off, named by a dotted
//! path) with a master switch and a **rollout**: which users see what is switched on. A component
//! may have a custom rollout, and may require others. A user's **bucket** is a fixed number in
//! 0..100 000, by hashing; a rollout at 12.5 % reaches the buckets below 12 500.
//!
//! In the order of the data's path:
//!
//! | module | what it does |
//! |---|---|
//! | [`limits`] | every bound, with its reason |
//! | [`text`] | bytes → text or its lines, whatever byte order mark and line ends they have |
//! | [`document`] | the published format as types |
//! | [`mod@recognise`] | whether a JSON tree is a flag document at all |
//! | [`mod@validate`] | bytes → (document, every problem) |
//! | [`edit`] | (document, edit) → document |
//! | [`diff::documents`] | two documents → what changed and was renamed, in words too; what that touches |
//! | [`mod@overrides`] | local values laid over a followed document |
//! | [`mod@loss`] | two documents → which components the one removes |
//! | [`compile`] | document → [`Compiled`], immutable and fast to evaluate |
//! | [`bucket`] | user → bucket |
//! | [`mod@evaluate`] | (compiled, component, user) → on or off, and why |
//! | [`groups`] | lists of groups as people write them |
//! | [`users`] | many ids in one buffer, and counting who is in |
//! | [`mod@roster`] | user ids with their groups and weights |
//! | [`affected`] | (two documents, roster) → how many users gain, lose and keep a component |
//! | [`affected::slide`] | (document, rollout, roster) → the same for every percentage |
//! | [`mod@reach`] | (compiled) → whom each component reaches, with all that it requires |
//! | [`mod@explain`] | the same decision with everything that led to it |
//! | [`flagd`] | document ↔ flag definitions of flagd, with what is not in them |
//! | [`measure`] | what is measured of calculations, counted so that it adds up |
//! | [`statistics`] | what can be said of counts: shares and differences with intervals, quantiles |
//! | [`verdict`] | whether an arm of a component is within its limits |
//! | [`audience`] | who sees a component, and whether that is fewer people than before |
//! | [`guard`] | blocks of calculations → whether a rollout harms, with the evidence |
//! | [`rollback`] | the edit that puts who sees a component back, never to more people |
//! | [`tree`] | JSON trees: places in them, their text and hash |
//! | [`tree::patch`] | two trees → what turns the one into the other, exactly; its bytes |
//! | [`chain`] | trees one after the other, kept as one whole and the differences since |
//! | [`state`] | the state of a source, and the record of every change to it |
//! | [`restore`] | what a restore asks a source to become, and how it ends |
//! | [`retention`] | which snapshots to remove |
//! | [`trusted`] | which time to trust when things are deleted for their age |
//! | [`bisect`] | which snapshot to try next, and what the exit code of a trial says |
//! | [`typed`] | numbers as people type them |
//! | [`mod@fold`] | texts made alike for searching |
//! | [`diff::states`] | two states → what differs, as people read it |
//! | [`mod@visible`] | texts of others → texts that are safe to show |
//!
//! # Invariants
//! - No IO, no clock, no threads, no randomness: the same input gives the same output everywhere.
//! - A [`document::FlagDocument`] that came out of [`validate()`] is valid; writing it and
//!   validating it again gives it back.
//! - Raising a percentage removes nobody.
//! - Evaluation allocates nothing, short of more than [`limits::PREREQUISITES_FLAT_MAX`]
//!   rollouts behind one component's prerequisites.
//!
//! # Example
//! ```
//! use flagdeck_core::{Compiled, User, validate};
//!
//! let bytes = br#"{
//!     "enabled": true,
//!     "components": {"calculator": true},
//!     "rollout": {"percentage": 50, "userGroups": [], "strategy": "canary"}
//! }"#;
//! let checked = validate(bytes).expect("the document is valid");
//! let compiled = Compiled::new(&checked.document);
//! let evaluation = compiled.evaluate("calculator", &User::id("user0"));
//! assert_eq!(evaluation.bucket, Some(38_371));
//! assert!(evaluation.value, "38 371 is below 50 000");
//! ```

pub mod limits;

pub mod text;

mod problem;

pub mod document;
mod json;
pub mod recognise;
pub mod validate;

pub mod edit;

pub mod diff;
pub mod loss;
pub mod overrides;

pub mod bucket;
pub mod compile;
pub mod evaluate;
pub mod groups;
pub mod users;

pub mod explain;
pub mod reach;

pub mod affected;
pub mod roster;

pub mod flagd;

pub mod measure;
pub mod statistics;
pub mod verdict;

pub mod audience;
pub mod rollback;

pub mod guard;
pub mod ramp;

pub mod tree;
pub mod trusted;
pub mod whole;

pub mod chain;

pub mod fold;
pub mod typed;
pub mod visible;

pub mod restore;
pub mod retention;
pub mod state;

pub mod bisect;

pub use affected::{Affected, Preview, Touched};
pub use compile::{Compiled, ComponentId};
pub use diff::documents::{Change, Rename, Trace, changes, summary, switches};
pub use diff::states::difference;
pub use document::{ComponentPath, FlagDocument, Percentage, Rollout, Strategy};
pub use edit::{AboutChange, Edit, EditError, RolloutChange, apply};
pub use evaluate::{Evaluation, Reason, User};
pub use explain::{Explanation, explain};
pub use fold::fold;
pub use loss::{Loss, loss};
pub use overrides::{NoPlace, Overridden, Place, differing, overridden};
pub use problem::{Code, Problem, Severity};
pub use reach::{Reach, Reaches, Widening, widenings};
pub use recognise::{Recognised, recognise};
pub use roster::{ByGroup, People, Roster, RosterBuilder, RosterError};
pub use text::TextError;
pub use tree::{KeyError, Patch, compare};
pub use users::{UserIds, UserIdsError};
pub use validate::{Checked, read_document, validate, validate_value};
pub use visible::{visible, visible_json};
