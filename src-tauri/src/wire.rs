//! The JSON shapes that faces see: what they compose of several parts, and all others by name.
//!
//! A shape of one part is defined by that part, which derives its JSON there; nothing below a face
//! imports this module. What a face composes is here, by noun, with how it is made of the parts.
//! TypeScript types in `ui/src/bindings/wire.ts` are generated from all of them.

#[cfg(test)]
mod bindings;
mod calls;
mod edit;
mod failure;
mod flags;
mod following;
mod history;
mod previews;
mod reach;
mod review;
mod rosters;
mod settings;
mod status;
mod targeted;
mod window;

pub use self::edit::{Edit, path};
pub use self::failure::{DamagedState, Failure};
pub use self::flags::{Flags, Outcome, Step};
pub use self::following::{
    Followed, FollowedReview, Following, Layer, OverriddenPart, Override, OverrideSelection,
    PublishConflict, Publishing, PublishingReview,
};
pub use self::history::{Explanation, HistoryPage, Revision};
pub use self::previews::{Planned, moving, over};
pub use self::reach::{Reach, Reaches, Widening, Widenings};
pub use self::review::{Change, DIFFERENCE_CHANGES_MAX, Difference, Loss, Review, RevisionChange};
pub use self::rosters::{Given, RosterFile, given, roster_name};
pub use self::settings::{Setting, SettingSource, SettingValue};
pub use self::status::{Status, StoreGone, StoreSummary};
pub use self::targeted::{Ended, Overrides, Targeted, TargetedWish};
pub use self::window::{
    Announcement, ChosenFile, ChosenWorkspace, Definitions, OpenedPage, Preferences, Theme, View,
    WorkspaceFile,
};
pub use crate::app::following::{FollowState, FollowStatus};
pub use crate::app::previews::shapes::{
    Counts, Expected, Listed, ListedUser, ListedUsers, OfComponent, OfGroup, OnFor, Parts,
    Previewed, RosterCounted, Tally, Wanted,
};
pub use crate::app::{Finding, ForgottenUser, Level, NotServing, Notice, Survey, TakenBack};
pub use crate::build_info::{BuildInfo, Package, Part};
pub use crate::clients::{Client, ClientUse, Connected, Interface};
pub use crate::demo::{DemoSource, DemoStatus, RemovedDemo};
pub use crate::error::Code;
pub use crate::flags::live::AllOff;
pub use crate::flags::targeted::{Target, TargetedOverride};
pub use crate::flags::{AsOf, OverrideChange};
pub use crate::metrics::shapes::{
    ChartQuery, Charts, DifferenceShare, Extent, JudgedArm, JudgedComponent, Limits,
    MemoryStanding, MemoryUse, Pulse, PulseColumn, PushHealth, ReportingSource, RollbackPlan,
    Share, Standing, Verdict,
};
pub use crate::rollouts::shapes::{
    ArmCounts, AttemptStatus, Decision, DecisionSummary, EvidencePoint, GuardRules, GuardTest,
    Happened, NamedPlan, Outcome as DecisionOutcome, OwnGuardRules, RampStatus, Replayed,
    RolloutDetails, RolloutStanding, RolloutStatus, TestStatus, TimelineEntry,
};
pub use crate::rosters::shapes::{
    BadRow, Forgotten, GroupCount, Look, Person, Replaced, RosterInfo, Understood,
};
pub use crate::rosters::{Column, Encoding, FileFormat, Form, Taken};
pub use crate::state::shapes::{
    Blame, BlameEntry, BlameValue, ChangeRecord, Excerpt, ListChange, RestoreFilter, RestorePage,
    RestoreRequest, RestoreStatus, SeriesChange, Snapshot, SnapshotCause, SnapshotFilter,
    SnapshotLabel, SnapshotPage, SnapshotsFile, StateAt, StateChange, StateChangeKind,
    StateDifference, StateDifferenceOptions, StateRestore, StateSource, Timeline, TimelineColumn,
    Unreadable,
};
pub use crate::store::sqlite::quarantine::{Database, Kept, Label, Quarantined};
pub use crate::store::{
    Actor, Backup, Cause, HistoryFilter, LastChange, Mark, RevisionNumber, Via,
};
pub use flagdeck_core::guard::interval::Interval;
pub use flagdeck_core::guard::{Action as GuardAction, Evidence};
pub use flagdeck_core::ramp::{
    Day as RampDay, Gap as RampGap, Hours as RampHours, Missing as RampMissing, Phase as RampPhase,
    Plan as RampPlan, Unwatched,
};
