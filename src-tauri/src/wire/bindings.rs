//! The TypeScript of the page's bindings, generated from the shapes and the calls.
//!
//! `UPDATE_BINDINGS=1 cargo test bindings` writes `ui/src/bindings/`; without it, the test holds
//! what is there against what would be written.

use flagdeck_core::document::{About, Bucketing};
use flagdeck_core::explain::{AppliedRollout, Step as ExplanationStep};
use flagdeck_core::{Code as ProblemCode, FlagDocument, Problem, Rollout, Severity, Strategy};
use ts_rs::TS;

use super::*;
use crate::config::Kind as SettingKind;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/bindings/wire.ts");

const CALLS_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/bindings/calls.ts");

/// An inner node of the component tree, in the order of the document.
#[derive(TS)]
#[ts(type = "{ [name: string]: boolean | Group }")]
struct Group;

fn generate() -> String {
    let config = ts_rs::Config::new().with_large_int("number");
    let mut text = String::from(
        "// Generated from src-tauri/src/wire/bindings.rs by `UPDATE_BINDINGS=1 cargo test bindings`.\n\n",
    );
    macro_rules! declare {
        ($($shape:ty),* $(,)?) => { $(
            if let Some(docs) = <$shape as TS>::docs() {
                text.push_str(&docs);
            }
            text.push_str(&format!("export {}\n\n", <$shape as TS>::decl(&config)));
        )* };
    }
    declare!(
        Flags,
        Followed,
        Override,
        OverriddenPart,
        OverrideSelection,
        OverrideChange,
        Layer,
        Target,
        TargetedOverride,
        FollowedReview,
        PublishingReview,
        Publishing,
        PublishConflict,
        FollowStatus,
        FollowState,
        AllOff,
        Reaches,
        Reach,
        Widenings,
        Widening,
        Actor,
        Via,
        Step,
        RevisionNumber,
        FlagDocument,
        Group,
        Rollout,
        Strategy,
        Bucketing,
        About,
        Edit,
        Outcome,
        Failure,
        DamagedState,
        Code,
        Problem,
        Severity,
        ProblemCode,
        Review,
        Loss,
        Difference,
        RevisionChange,
        Change,
        HistoryFilter,
        HistoryPage,
        Revision,
        Cause,
        LastChange,
        Explanation,
        ExplanationStep,
        AppliedRollout,
        Setting,
        SettingKind,
        SettingSource,
        SettingValue,
        Backup,
        DemoStatus,
        DemoSource,
        RemovedDemo,
        OpenedPage,
        Quarantined,
        Label,
        Kept,
        Database,
        Survey,
        TakenBack,
        BuildInfo,
        Part,
        Package,
        ChosenFile,
        Definitions,
        ChosenWorkspace,
        WorkspaceFile,
        Status,
        NotServing,
        StoreGone,
        StoreSummary,
        Connected,
        Client,
        ClientUse,
        Interface,
        Pulse,
        Verdict,
        Standing,
        JudgedComponent,
        JudgedArm,
        DifferenceShare,
        RollbackPlan,
        ReportingSource,
        Share,
        PulseColumn,
        Mark,
        MemoryUse,
        MemoryStanding,
        Limits,
        PushHealth,
        ChartQuery,
        Charts,
        Extent,
        StateSource,
        Snapshot,
        SnapshotCause,
        SnapshotFilter,
        SnapshotPage,
        SnapshotsFile,
        Unreadable,
        Timeline,
        TimelineColumn,
        StateAt,
        StateDifferenceOptions,
        StateDifference,
        StateChange,
        StateChangeKind,
        Excerpt,
        ListChange,
        SeriesChange,
        Blame,
        BlameEntry,
        BlameValue,
        ChangeRecord,
        RestoreRequest,
        StateRestore,
        RestoreStatus,
        RestoreFilter,
        RestorePage,
        SnapshotLabel,
        AsOf,
        Notice,
        Level,
        Planned,
        Previewed,
        OnFor,
        Tally,
        RosterCounted,
        Counts<u64>,
        OfGroup,
        OfComponent,
        Parts<u64>,
        Expected,
        Wanted,
        Listed,
        ListedUsers,
        ListedUser,
        RosterInfo,
        GroupCount,
        Form,
        FileFormat,
        Encoding,
        Column,
        Taken,
        RosterFile,
        Look,
        Understood,
        BadRow,
        Replaced,
        Person,
        Given,
        ForgottenUser,
        Forgotten,
        RolloutStatus,
        RolloutStanding,
        AttemptStatus,
        ArmCounts,
        TestStatus,
        GuardTest,
        GuardRules,
        OwnGuardRules,
        GuardAction,
        Evidence,
        Interval,
        RampStatus,
        RampPlan,
        RampHours,
        RampDay,
        RampPhase,
        RampGap,
        Unwatched,
        RampMissing,
        NamedPlan,
        RolloutDetails,
        EvidencePoint,
        TimelineEntry,
        Happened,
        DecisionSummary,
        Decision,
        DecisionOutcome,
        Replayed,
        Announcement,
        Preferences,
        Theme,
        View,
    );
    let codes: Vec<String> = Code::ALL.iter().map(json).collect();
    text.push_str(&format!(
        "/** Every code of a failure. */\nexport const CODES: readonly Code[] = [\n  {},\n];\n",
        codes.join(",\n  ")
    ));
    // What Rust calls `None` is `null` in JSON.
    text.replace("`None`", "`null`")
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data")
}

/// A call as the page sees it.
struct Call {
    docs: String,
    name: &'static str,
    parameters: Vec<(&'static str, String)>,
    answer: String,
}

impl Call {
    /// Writes it as a method. What may be none at the end of the list may be left out.
    fn method(&self) -> String {
        let last_needed = self
            .parameters
            .iter()
            .rposition(|(_, shape)| !is_optional(shape));
        let needed = last_needed.map_or(0, |last| last + 1);
        let parameters = self
            .parameters
            .iter()
            .enumerate()
            .map(|(place, (name, shape))| {
                let mark = if place < needed { "" } else { "?" };
                format!("{}{mark}: {}", camel_case(name), readonly(shape))
            });
        let parameters: Vec<String> = parameters.collect();
        let answer = match self.answer.as_str() {
            "null" => "void",
            answer => answer,
        };
        let (docs, name) = (&self.docs, camel_case(self.name));
        format!(
            "  /** {docs} */\n  {name}({}): Promise<{answer}>;\n",
            parameters.join(", ")
        )
    }

    /// Writes its name and those of its parameters as the backend knows them.
    fn names(&self) -> String {
        let parameters = self.parameters.iter().map(|(name, _)| camel_case(name));
        let names: Vec<String> = std::iter::once(self.name.to_owned())
            .chain(parameters)
            .map(|name| format!("\"{name}\""))
            .collect();
        format!("  {}: [{}],\n", camel_case(self.name), names.join(", "))
    }
}

fn is_optional(shape: &str) -> bool {
    shape.ends_with("| null")
}

fn readonly(shape: &str) -> String {
    match shape.starts_with("Array<") {
        true => format!("Readonly{shape}"),
        false => shape.to_owned(),
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (initial, rest) = word.split_at(1);
        text + &initial.to_uppercase() + rest
    })
}

fn calls() -> Vec<Call> {
    let config = ts_rs::Config::new().with_large_int("number");
    macro_rules! list {
        ($($(#[doc = $docs:literal])* $group:ident::$name:ident(
            $($parameter:ident: $shape:ty),* $(,)?
        ) -> $answer:ty;)*) => {
            vec![$(Call {
                docs: [$($docs),*].map(str::trim).join(" "),
                name: stringify!($name),
                parameters: vec![$(
                    (stringify!($parameter), <$shape as TS>::name(&config))
                ),*],
                answer: <$answer as TS>::name(&config),
            }),*]
        };
    }
    crate::with_every_call!(list)
}

fn generate_calls() -> String {
    let calls = calls();
    let methods: String = calls.iter().map(Call::method).collect();
    let names: String = calls.iter().map(Call::names).collect();
    let is_shape = |word: &&str| word.starts_with(|c: char| c.is_ascii_uppercase());
    let shapes: std::collections::BTreeSet<&str> = calls
        .iter()
        .flat_map(|call| {
            call.parameters
                .iter()
                .map(|(_, shape)| shape)
                .chain([&call.answer])
        })
        .flat_map(|shape| shape.split(|c: char| !c.is_ascii_alphanumeric()))
        .filter(is_shape)
        .filter(|word| *word != "Array")
        .collect();
    let shapes: Vec<&str> = shapes.into_iter().collect();
    format!(
        "// Generated from src-tauri/src/wire/calls.rs by `UPDATE_BINDINGS=1 cargo test bindings`.\n\n\
         import type {{ {} }} from \"./wire\";\n\n\
         /** The calls of the page to the backend; each rejects with a `Failure`. */\n\
         export interface Calls {{\n{methods}}}\n\n\
         /** The name of each in the backend, and those of its parameters, in their order. */\n\
         export const CALLS: Record<keyof Calls, readonly [string, ...string[]]> = {{\n{names}}};\n",
        shapes.join(", ")
    )
}

#[test]
fn bindings_are_fresh() {
    for (path, fresh) in [(PATH, generate()), (CALLS_PATH, generate_calls())] {
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(path, &fresh).expect("the bindings folder is writable");
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == fresh,
            "{path} is stale: run UPDATE_BINDINGS=1 cargo test bindings"
        );
    }
}
