// Generated from src-tauri/src/wire/bindings.rs by `UPDATE_BINDINGS=1 cargo test bindings`.

/**
 * Everything the window shows of the flags at one revision.
 */
export type Flags = { 
/**
 * The revision shown; 0 while nothing has been saved and the safe default is in force.
 */
revision: RevisionNumber, 
/**
 * When it was saved, in milliseconds since 1970; `null` for revision 0.
 */
atMs: number | null, 
/**
 * Who saved it; `null` for revision 0.
 */
actor: Actor | null, 
/**
 * What changed with it in one line.
 */
summary: string, 
/**
 * What changed with it, a sentence each, of which a very long list is cut.
 */
changes: Array<string>, 
/**
 * Since when all flags are off; `null` while the master switch is on.
 */
allOff: AllOff | null, 
/**
 * What is followed, with what is overridden of that; `null` if it is a local document.
 */
followed: Followed | null, 
/**
 * Overrides for single applications and users, which lie over all of this for these.
 */
targeted: Array<TargetedOverride>, 
/**
 * Whom each component reaches.
 */
reach: Reaches, 
/**
 * The document in its published format.
 */
document: Document, 
/**
 * How many components there are.
 */
components: number, 
/**
 * How many of them are switched on, whatever the master switch says.
 */
componentsOn: number, 
/**
 * What undo would take back.
 */
undo: Step | null, 
/**
 * What redo would bring back.
 */
redo: Step | null, };

/**
 * The document that is followed, and what is overridden of it.
 */
export type Followed = { 
/**
 * Its address, without credentials.
 */
from: string, 
/**
 * The overrides: of the document as a whole first, then by component.
 */
overrides: Array<Override>, };

/**
 * A value over the one that is followed.
 */
export type Override = { 
/**
 * Where: a JSON Pointer into the document.
 */
place: string, 
/**
 * The component or group that it is about; `null` for the document as a whole.
 */
component: string | null, 
/**
 * Which part of it is overridden.
 */
what: OverriddenPart, 
/**
 * What it changes of what is followed, a sentence each; none if both are the same.
 */
changes: Array<string>, 
/**
 * What it overrides with, as JSON; left out for nothing.
 */
value?: unknown, 
/**
 * What is followed, as JSON; left out for nothing.
 */
followed?: unknown, 
/**
 * Since when, in milliseconds since 1970.
 */
sinceMs: number, 
/**
 * Who set it.
 */
by: Actor, 
/**
 * Why it does not act at present, a sentence; `null` if it does.
 */
suspended: string | null, };

/**
 * A part of a document that is overridden as a whole.
 */
export type OverriddenPart = "master" | "bucketing" | "rollout" | "switch" | "custom_rollout" | "requires" | "about" | "unknown";

/**
 * Which overrides are meant.
 */
export type OverrideSelection = "all" | { "component": string } | { "places": Array<string> };

/**
 * What a change overrides of the followed document, or no longer does.
 */
export type OverrideChange = { 
/**
 * The address of the followed document, without credentials.
 */
from: string, 
/**
 * What it overrides: JSON Pointers into the document.
 */
made: Array<string>, 
/**
 * What it overrides no longer.
 */
ended: Array<string>, };

/**
 * One layer of what makes a value; the first of several decides.
 */
export type Layer = { "kind": "off", 
/**
 * Since when, in milliseconds since 1970; `null` if they were never on.
 */
sinceMs: number | null, 
/**
 * Who turned them off; `null` if they were never on.
 */
by: Actor | null, 
/**
 * Whether it is an emergency that is not stored yet.
 */
isEmergency: boolean, } | { "kind": "targeted" } & TargetedOverride | { "kind": "override", 
/**
 * Those that act on the value.
 */
overrides: Array<Override>, } | { "kind": "followed", 
/**
 * Its address, without credentials.
 */
from: string, 
/**
 * The revision since which its value is in force; `null` under an override.
 */
revision: RevisionNumber | null, 
/**
 * When that was saved, in milliseconds since 1970.
 */
atMs: number | null, } | { "kind": "local", 
/**
 * The revision that changed the value last; `null` for the safe default.
 */
revision: RevisionNumber | null, 
/**
 * When that was saved, in milliseconds since 1970.
 */
atMs: number | null, 
/**
 * Who saved it.
 */
by: Actor | null, };

/**
 * Whom an override is for.
 */
export type Target = { "source": string } | { "user": string };

/**
 * A component that is on or off for one application or one user, whatever its rollout.
 */
export type TargetedOverride = { 
/**
 * Whom it is for.
 */
for: Target, 
/**
 * The component.
 */
component: string, 
/**
 * Whether it is on. What it requires still has to be on, too.
 */
on: boolean, 
/**
 * Since when, in milliseconds since 1970.
 */
sinceMs: number, 
/**
 * Until when, in milliseconds since 1970.
 */
untilMs: number, 
/**
 * Who set it.
 */
by: Actor, };

/**
 * What the remote has at present, and what adopting it would do.
 */
export type FollowedReview = { 
/**
 * What names the document, to accept it and no other.
 */
document: string, 
/**
 * What it would change of what is in force, with the overrides over it.
 */
difference: Difference, 
/**
 * What it has lost, if that is more than half of the components.
 */
loss: Loss | null, };

/**
 * What publishing overrides would do at the remote.
 */
export type PublishingReview = { 
/**
 * What it would show to users there who do not see it.
 */
widenings: Widenings, 
/**
 * What it would remove, if that is more than half of the components: it has to be confirmed.
 */
loss: Loss | null, };

/**
 * What came of publishing: one of both.
 */
export type Publishing = { 
/**
 * What it changed here; `null` if nothing was published.
 */
published: Outcome | null, 
/**
 * Where the remote was changed since it was overridden; empty if it is published.
 */
conflicts: Array<PublishConflict>, };

/**
 * A place that was to be published, and was changed at the remote.
 */
export type PublishConflict = { 
/**
 * Where: a JSON Pointer into the document.
 */
place: string, 
/**
 * The component or group that it is about; `null` for the document as a whole.
 */
component: string | null, 
/**
 * Which part of it differs.
 */
what: OverriddenPart, 
/**
 * What the remote changed, a sentence each.
 */
theirs: Array<string>, 
/**
 * What publishing would change of that, a sentence each.
 */
mine: Array<string>, };

/**
 * How following a document is going.
 */
export type FollowStatus = { 
/**
 * The address that the settings name, without credentials.
 */
address: string, 
/**
 * How it is going.
 */
state: FollowState, 
/**
 * When the document was last found to be as it is, in milliseconds since 1970; `null` if it
 * was not since this program started.
 */
confirmedMs: number | null, 
/**
 * When the next fetch is due, in milliseconds since 1970; `null` if none is planned: another
 * program fetches, or the address or the credential cannot be used.
 */
nextMs: number | null, };

/**
 * How following a document is going.
 */
export type FollowState = { "kind": "waiting" } | { "kind": "fresh" } | { "kind": "retrying", 
/**
 * When the first of them failed, in milliseconds since 1970.
 */
sinceMs: number, 
/**
 * Why the latest failed: a sentence that follows the name of the remote.
 */
reason: string, } | { "kind": "stale", 
/**
 * When the first of them failed, in milliseconds since 1970.
 */
sinceMs: number, 
/**
 * Why the latest failed: a sentence that follows the name of the remote.
 */
reason: string, } | { "kind": "held", 
/**
 * When it was first seen, in milliseconds since 1970.
 */
sinceMs: number, 
/**
 * What it has lost, as in `5 of 6 components: calculator, tracker and 3 more`.
 */
lost: string, 
/**
 * What names the document, to accept it and no other.
 */
document: string, } | { "kind": "elsewhere" };

/**
 * Since when all flags are off, and by whom.
 */
export type AllOff = { 
/**
 * When the master switch went off, in milliseconds since 1970; `null` if it was never on.
 */
sinceMs: number | null, 
/**
 * Who turned it off; `null` if it was never on.
 */
by: Actor | null, 
/**
 * Whether that is stored; an emergency is in force before it is.
 */
isStored: boolean, };

/**
 * Whom each component reaches as soon as flags are on, with everything it requires.
 */
export type Reaches = { 
/**
 * Every distinct reach once; the rest are positions in here.
 */
kinds: Array<Reach>, 
/**
 * The reach of a component that is on, has no custom rollout and requires nothing.
 */
default: number, 
/**
 * The reach of each component that has another one, by path.
 */
sees: { [key in string]: number }, 
/**
 * For whom everything is on that a component requires, by path; only of those that require
 * something.
 */
met: { [key in string]: number }, };

/**
 * Whom a component reaches.
 */
export type Reach = { 
/**
 * In words: `25 % of everyone`.
 */
words: string, 
/**
 * In words, within a sentence: `everyone`, `nobody: tracker is off`.
 */
phrase: string, 
/**
 * The share that a bar shows, in per cent: of users in no group if they see it at all, or
 * else of the members of its groups.
 */
percentage: number, 
/**
 * Whether every user sees it.
 */
isEveryone: boolean, 
/**
 * Whether nobody does.
 */
isNobody: boolean, };

/**
 * What an edit would show to users who do not see it.
 */
export type Widenings = { 
/**
 * The components, of which a very long list is cut.
 */
components: Array<Widening>, 
/**
 * How many there are in all.
 */
total: number, };

/**
 * A component that would be shown to users who do not see it.
 */
export type Widening = { 
/**
 * The component.
 */
path: string, 
/**
 * Whom it reaches, in words.
 */
before: string, 
/**
 * Whom it would reach.
 */
after: string, };

/**
 * Who made a revision.
 */
export type Actor = { 
/**
 * The face it was made through.
 */
via: Via, 
/**
 * The name of the operating system's user, or what the HTTP client called itself.
 */
name: string, };

/**
 * The face of Flagdeck that a change was made through.
 */
export type Via = "window" | "flagctl" | "http" | "followed" | "rollout";

/**
 * A revision that undo or redo would act on.
 */
export type Step = { 
/**
 * Whether the person at this window made it.
 */
isOwn: boolean, 
/**
 * Its number.
 */
revision: RevisionNumber, 
/**
 * What it changed, in words.
 */
sentence: string, 
/**
 * Who made it, or who took it back or brought it back since; `null` for an emergency that is
 * held and not stored.
 */
actor: Actor | null, 
/**
 * When that was, in milliseconds since 1970.
 */
atMs: number | null, };

/**
 * The number of a revision: 1, 2, 3, …; 0 stands for "nothing saved yet".
 */
export type RevisionNumber = number;

/**
 * The unit that is stored, served and versioned: the component tree and who sees it.
 */
export type Document = { 
/**
 * The master switch: while it is off, no component is enabled.
 */
enabled: boolean, 
/**
 * The component tree.
 */
components: Group, 
/**
 * The rollout of every component without a custom one.
 */
rollout: Rollout, 
/**
 * Rollouts of single components.
 */
rollouts?: { [key in string]: Rollout }, 
/**
 * What must be on for a user before a component is.
 */
requires?: { [key in string]: Array<string> }, 
/**
 * What people should know about a component or a group.
 */
about?: { [key in string]: About }, 
/**
 * How users are hashed.
 */
bucketing?: Bucketing, };

/**
 * An inner node of the component tree, in the order of the document.
 */
export type Group = { [name: string]: boolean | Group };

/**
 * Who sees what is switched on.
 */
export type Rollout = { 
/**
 * The share of all users, 0 to 100 % in steps of 0.001.
 */
percentage: number, 
/**
 * Groups that the strategy gives a meaning to.
 */
userGroups: Array<string>, 
/**
 * What the groups and the percentage mean.
 */
strategy: Strategy, };

/**
 * How a rollout reads its groups and its percentage.
 */
export type Strategy = "canary" | "blue-green" | "feature";

/**
 * How users are hashed into buckets; see [`crate::bucket`].
 */
export type Bucketing = "flagd-2" | "flagd-3";

/**
 * What people should know about a component. Nothing here changes what it does.
 */
export type About = { 
/**
 * A name for people.
 */
title?: string, 
/**
 * What it does.
 */
description?: string, 
/**
 * Who answers for it.
 */
owner?: string, 
/**
 * Words to find it by.
 */
tags?: Array<string>, 
/**
 * The day it should be gone.
 */
expires?: string, };

/**
 * One change a person makes in the window.
 */
export type Edit = { "kind": "set_master", 
/**
 * Its new position.
 */
on: boolean, } | { "kind": "set_components", 
/**
 * Paths of components or groups.
 */
paths: Array<string>, 
/**
 * Their new position.
 */
on: boolean, } | { "kind": "set_rollout", 
/**
 * The component, or `null` for the document's rollout.
 */
component: string | null, 
/**
 * Per cent of all users.
 */
percentage?: number, 
/**
 * The whole new list of groups.
 */
userGroups?: Array<string>, 
/**
 * The strategy.
 */
strategy?: Strategy, } | { "kind": "clear_rollout", 
/**
 * The component.
 */
component: string, } | { "kind": "add_component", 
/**
 * Its path.
 */
path: string, 
/**
 * Its switch.
 */
on: boolean, } | { "kind": "add_group", 
/**
 * Its path.
 */
path: string, } | { "kind": "move", 
/**
 * Where it is.
 */
from: string, 
/**
 * Where it shall be.
 */
to: string, } | { "kind": "remove", 
/**
 * Components and groups.
 */
paths: Array<string>, 
/**
 * Whether others stop requiring them; otherwise the edit is refused if others do.
 */
release: boolean, } | { "kind": "describe", 
/**
 * The component or group.
 */
path: string, 
/**
 * A name for people; empty to have none.
 */
title?: string, 
/**
 * What it does; empty to say nothing.
 */
description?: string, 
/**
 * Who answers for it; empty for no owner.
 */
owner?: string, 
/**
 * The whole list of tags.
 */
tags?: Array<string>, 
/**
 * The day it should be gone, `YYYY-MM-DD`; empty for no day.
 */
expires?: string, } | { "kind": "set_requires", 
/**
 * The component.
 */
component: string, 
/**
 * The components it requires.
 */
requires: Array<string>, } | { "kind": "batch", 
/**
 * The edits.
 */
edits: Array<Edit>, } | { "kind": "replace", 
/**
 * The document, as JSON text.
 */
text: string, };

/**
 * What came of a change.
 */
export type Outcome = { 
/**
 * The revision in force after it.
 */
revision: RevisionNumber, 
/**
 * Whether it made that revision; `false` if nothing had to change.
 */
changed: boolean, 
/**
 * What came of it in one line.
 */
summary: string, 
/**
 * What changed, a sentence each.
 */
changes: Array<string>, 
/**
 * What it overrides of the followed document, or no longer does; left out if neither.
 */
overrides?: OverrideChange, };

/**
 * Why something was refused.
 */
export type Failure = { 
/**
 * The kind, to branch on.
 */
code: Code, 
/**
 * What happened, what was kept and what to do, in plain words.
 */
message: string, 
/**
 * Everything wrong with a document, if that is the reason.
 */
problems: Array<Problem>, 
/**
 * The revision in force, if a conflict is the reason.
 */
winner?: RevisionNumber, 
/**
 * The state that cannot be read, if that is the reason.
 */
damagedState?: DamagedState, };

/**
 * A state of which what is stored is damaged.
 */
export type DamagedState = { 
/**
 * Whose state it is.
 */
source: string, 
/**
 * The latest snapshot that can be read, from which it can be recovered; `null` if none can.
 */
snapshot: number | null, };

/**
 * The kind of a failure: stable names that programs may branch on, the same in the
 * window, over HTTP and in `flagctl --json`.
 */
export type Code = "failed" | "state_damaged" | "busy" | "disk_full" | "not_collecting" | "invalid" | "large_loss" | "malformed" | "too_large" | "too_many" | "not_found" | "conflict" | "remote" | "nothing_to_do" | "pinned" | "restore_ended" | "read_only" | "not_kept" | "store_gone" | "not_printed" | "unauthorized" | "foreign" | "method_not_allowed" | "too_slow" | "stale" | "address_too_long" | "unsupported_media_type" | "key_reused" | "if_match_required" | "queue_full" | "too_much_at_once" | "too_many_bad_tokens" | "head_too_large" | "too_many_streams" | "circle";

/**
 * One thing wrong with a document.
 */
export type Problem = { 
/**
 * Whether it refuses the document.
 */
severity: Severity, 
/**
 * Its kind.
 */
code: ProblemCode, 
/**
 * Where it is: a JSON Pointer (RFC 6901), `""` for the whole document.
 */
pointer: string, 
/**
 * What is wrong, in one plain sentence with the field and its range.
 */
message: string, };

/**
 * Whether a problem refuses the document or is only worth knowing.
 */
export type Severity = "error" | "warning";

/**
 * The kind of a problem: stable names that programs may branch on.
 */
export type ProblemCode = "too_large" | "not_utf8" | "syntax" | "not_a_flag_document" | "foreign_format" | "nested_document" | "misspelt_key" | "large_loss" | "too_deep" | "duplicate_key" | "missing_key" | "wrong_type" | "out_of_range" | "too_fine" | "unknown_value" | "bad_name" | "too_many" | "duplicate_entry" | "unknown_component" | "cycle" | "blue_green_partial" | "groups_only_without_group" | "bad_date" | "name_taken" | "still_required" | "unknown_key" | "not_in_flagd" | "not_in_flag_document" | "more_problems";

/**
 * What is wrong with a document, and what importing it would change.
 */
export type Review = { 
/**
 * The revision it was compared with.
 */
revision: RevisionNumber, 
/**
 * Everything wrong with it; an error among them refuses it.
 */
problems: Array<Problem>, 
/**
 * What it would change; nothing if it is refused.
 */
difference: Difference, 
/**
 * What it would remove, if that is more than half of the components: it is to be confirmed.
 */
loss: Loss | null, };

/**
 * Components that a document would remove.
 */
export type Loss = { 
/**
 * How many it would remove.
 */
removed: number, 
/**
 * How many there are.
 */
of: number, 
/**
 * The first of those it would remove.
 */
names: Array<string>, };

/**
 * What differs between two documents.
 */
export type Difference = { 
/**
 * The changes, of which a very long list is cut.
 */
changes: Array<Change>, 
/**
 * How many there are in all.
 */
total: number, };

/**
 * What a revision changed.
 */
export type RevisionChange = { 
/**
 * The revision before it; 0 if there is none.
 */
before: RevisionNumber, 
/**
 * What differs from that.
 */
difference: Difference, };

/**
 * One value that differs.
 */
export type Change = { 
/**
 * Where: a JSON Pointer into the document.
 */
pointer: string, 
/**
 * The change in words.
 */
sentence: string, 
/**
 * The value before, as JSON text; `null` if there was none. Of what was renamed or
 * moved, its path.
 */
before: string | null, 
/**
 * The value after, as JSON text; `null` if there is none any more. Of what was
 * renamed or moved, its path.
 */
after: string | null, };

/**
 * Which revisions to look for. What is not given lets every revision through.
 */
export type HistoryFilter = { 
/**
 * Only those that touched what has this path, under whatever path it had then, or
 * anything in that group; `""` for those that touched the document as a whole.
 */
component?: string, 
/**
 * Only those made through this face.
 */
via?: Via, 
/**
 * Only those made by an actor of exactly this name.
 */
name?: string, 
/**
 * Only those with this text in one of their changes or in their note, whatever its case;
 * see [`flagdeck_core::fold()`].
 */
text?: string, 
/**
 * Only those saved at this moment or later, in milliseconds since 1970.
 */
sinceMs?: number, 
/**
 * Only those saved before this moment, in milliseconds since 1970.
 */
untilMs?: number, 
/**
 * Only those up to this number, so that pages do not shift while revisions are added.
 */
upTo?: RevisionNumber, };

/**
 * Some of the revisions that a filter lets through, latest first.
 */
export type HistoryPage = { 
/**
 * How many the filter lets through in all.
 */
total: number, 
/**
 * Those of this page.
 */
revisions: Array<Revision>, };

/**
 * A revision without its document.
 */
export type Revision = { 
/**
 * What changed in one line.
 */
summary: string, 
/**
 * How many changes there are in all.
 */
changesTotal: number, 
/**
 * Its number.
 */
revision: RevisionNumber, 
/**
 * When, in milliseconds since 1970.
 */
atMs: number, 
/**
 * Who.
 */
actor: Actor, 
/**
 * Why it came to be.
 */
cause: Cause, 
/**
 * The reason given for it.
 */
note: string | null, 
/**
 * What changed, a sentence each.
 */
changes: Array<string>, 
/**
 * Whether its row does not match its hash: anything but its number may be wrong. Left out if
 * it does.
 */
isDamaged?: boolean, };

/**
 * Why a revision came to be.
 */
export type Cause = { "kind": "edit" } | { "kind": "import" } | { "kind": "undo", "of": RevisionNumber } | { "kind": "redo", "of": RevisionNumber } | { "kind": "restore", "of": RevisionNumber } | { "kind": "follow" } | { "kind": "adopt" } | { "kind": "publish" } | { "kind": "unfollow" } | { "kind": "ramp", "of": number } | { "kind": "roll_back", "of": number };

/**
 * The last revision that touched a path.
 */
export type LastChange = { 
/**
 * The path of a component or group; `""` for the document as a whole.
 */
path: string, 
/**
 * The revision.
 */
revision: RevisionNumber, 
/**
 * When it was saved, in milliseconds since 1970.
 */
atMs: number, };

/**
 * Why a user gets what they get.
 */
export type Explanation = { 
/**
 * The revision that decided.
 */
revision: RevisionNumber, 
/**
 * Where the value comes from, the layer that decides first; none if there is no such
 * component.
 */
layers: Array<Layer>, 
/**
 * The name that was asked for.
 */
component: string, 
/**
 * Whether it is on for the user.
 */
value: boolean, 
/**
 * The rule that decided, by its published name.
 */
reason: string, 
/**
 * The decision in one sentence.
 */
sentence: string, 
/**
 * Every rule that was looked at, in order; the last one decided.
 */
steps: Array<ExplanationStep>, 
/**
 * The rollout that applied; `null` if there is no such component.
 */
rollout: AppliedRollout | null, 
/**
 * The user's bucket, 0..100 000; `null` without a user id.
 */
bucket: number | null, 
/**
 * The first bucket that is not in, 0..=100 000.
 */
threshold: number | null, 
/**
 * The required component that is off, if that decided.
 */
failingPrerequisite: string | null, 
/**
 * Whom the component reaches, in words; `null` if there is no such component.
 */
reach: string | null, };

/**
 * One rule that was looked at.
 */
export type ExplanationStep = { 
/**
 * Whether it lets the component be on.
 */
ok: boolean, 
/**
 * What was found.
 */
text: string, };

/**
 * The rollout that applied.
 */
export type AppliedRollout = { 
/**
 * Whether it is the component's own, or else the document's.
 */
own: boolean, 
/**
 * Per cent of all users, 0.0..=100.0.
 */
percentage: number, 
/**
 * The strategy, by its published name.
 */
strategy: string, 
/**
 * Its groups.
 */
userGroups: Array<string>, };

/**
 * One key of the configuration, with its value and where that came from.
 */
export type Setting = { 
/**
 * Its dotted name, such as `http.port`.
 */
name: string, 
/**
 * What it means, in one sentence.
 */
meaning: string, 
/**
 * What kind of value it takes.
 */
kind: SettingKind, 
/**
 * What it may be, in words.
 */
range: string, 
/**
 * The value in force; of an address, without its password and query.
 */
value: SettingValue, 
/**
 * The built-in value.
 */
default: SettingValue, 
/**
 * Where the value in force came from.
 */
source: SettingSource, 
/**
 * The value in the data folder's `config.toml`; `null` if it has none that can be used.
 * It is not in force if the environment or the command line say otherwise.
 */
inFile: SettingValue, 
/**
 * The environment variable that can set it.
 */
variable: string, 
/**
 * Whether a new value takes effect only when Flagdeck starts again.
 */
needsRestart: boolean, 
/**
 * Whether there is a newer value in the file that waits for that.
 */
isWaiting: boolean, 
/**
 * Why it does nothing in this version; `null` if it does what it says.
 */
unavailable: string | null, };

/**
 * What values a setting takes.
 */
export type SettingKind = { "kind": "switch" } | { "kind": "integer", 
/**
 * The smallest.
 */
min: number, 
/**
 * The largest.
 */
max: number, 
/**
 * What is counted, for messages.
 */
unit: string, } | { "kind": "share" } | { "kind": "address" } | { "kind": "route" } | { "kind": "origins" };

/**
 * Where the value of a setting came from.
 */
export type SettingSource = { "kind": "default" } | { "kind": "file" } | { "kind": "environment", 
/**
 * Its name.
 */
name: string, } | { "kind": "command_line" };

/**
 * What a setting may hold; `null` for none.
 */
export type SettingValue = boolean | number | string | string[] | null;

/**
 * A verified copy of the store.
 */
export type Backup = { 
/**
 * What it is called.
 */
name: string, 
/**
 * The latest revision in it.
 */
revision: RevisionNumber, 
/**
 * When that was saved, in milliseconds since 1970.
 */
atMs: number, 
/**
 * Its size.
 */
bytes: number, };

/**
 * How the demo stands.
 */
export type DemoStatus = { 
/**
 * Whether this program plays it.
 */
isPlaying: boolean, 
/**
 * Why it cannot report; `null` if it can, or is not played.
 */
trouble: string | null, 
/**
 * The synthetic sources that a removal deletes.
 */
sources: Array<DemoSource>, 
/**
 * What a removal changes in the flags, a sentence each: what was turned on for the demo and
 * was not changed since.
 */
flags: Array<string>, 
/**
 * Whether starting it turns flags on: the safe default is in force, and no other application
 * keeps a state here.
 */
turnsFlagsOn: boolean, };

/**
 * A synthetic source.
 */
export type DemoSource = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its snapshots, pinned ones too.
 */
snapshots: number, 
/**
 * Calculations of it that are counted.
 */
calculations: number, };

/**
 * What a removal of the demo did.
 */
export type RemovedDemo = { 
/**
 * The sources that were deleted, with their states, snapshots, restores and events.
 */
sources: Array<DemoSource>, 
/**
 * What changed in the flags, a sentence each.
 */
flags: Array<string>, 
/**
 * The revision that changed them; `null` if none did.
 */
revision: number | null, };

/**
 * The sample app, opened in the browser.
 */
export type OpenedPage = { 
/**
 * Its address, with the token in it.
 */
address: string, 
/**
 * Why the browser was not opened; `null` if it was.
 */
trouble: string | null, };

/**
 * An entry as it is listed, also one of an earlier Flagdeck, without a label.
 */
export type Quarantined = { 
/**
 * Its name in the quarantine, or among the backups.
 */
name: string, 
/**
 * The folder or file.
 */
path: string, 
/**
 * Bytes of its files, and of the label.
 */
bytes: number, 
/**
 * Which database it was, by its label or its name; `null` if neither says so.
 */
database: Database | null, 
/**
 * Which database it was, why and when it was moved, and whether a person has looked at it;
 * `null` without a label.
 */
label: Label | null, };

/**
 * What is known of an entry.
 */
export type Label = { 
/**
 * The database it was.
 */
database: Database, 
/**
 * Why it was moved, without a full stop.
 */
what: string, 
/**
 * When it was moved, in milliseconds since 1970.
 */
atMs: number, 
/**
 * Whether a person has looked at it, or asked for it to be moved. Until then every program
 * tells of it.
 */
seen: boolean, 
/**
 * What of it stayed in force; `null` for nothing.
 */
kept: Kept | null, };

/**
 * What of a damaged database stayed in force.
 */
export type Kept = "part" | "all";

/**
 * A database of a data folder.
 */
export type Database = "flags" | "metrics" | "states" | "rosters" | "rollouts";

/**
 * What can be read of an entry of the quarantine, and what of it can be taken back.
 */
export type Survey = { 
/**
 * The name of the entry.
 */
name: string, 
/**
 * Revisions, snapshots or frames that match their hashes.
 */
sound: number, 
/**
 * Those that do not, cannot be read, or are missing among the others.
 */
damaged: number, 
/**
 * When the earliest sound one was saved, in milliseconds since 1970.
 */
fromMs: number | null, 
/**
 * When the latest sound one was saved, in milliseconds since 1970.
 */
toMs: number | null, 
/**
 * What can be read, in a sentence.
 */
readable: string, 
/**
 * What is missing in the database in use and can be added to it, in a few words each.
 */
takes: Array<string>, 
/**
 * What is not taken back and why, a sentence each.
 */
leaves: Array<string>, 
/**
 * What taking it back would change in the flags in force, a sentence each; the first of them
 * if there are many.
 */
changes: Array<string>, };

/**
 * What was taken back from an entry of the quarantine.
 */
export type TakenBack = { 
/**
 * The name of the entry.
 */
name: string, 
/**
 * What was added to the database in use, in a few words each; empty if nothing was missing.
 */
taken: Array<string>, 
/**
 * What was not and why, a sentence each.
 */
left: Array<string>, };

/**
 * What Flagdeck is made of.
 */
export type BuildInfo = { 
/**
 * The version of Flagdeck.
 */
version: string, 
/**
 * Versions of what it is built on: the engine that shows the page, the store, the system.
 */
parts: Array<Part>, 
/**
 * Every package that is built into it.
 */
packages: Array<Package>, };

/**
 * Something Flagdeck is built on.
 */
export type Part = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its version.
 */
version: string, };

/**
 * A package that is built into Flagdeck.
 */
export type Package = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its version.
 */
version: string, 
/**
 * Its licence, as an SPDX expression.
 */
license: string, };

/**
 * A file a person chose.
 */
export type ChosenFile = { 
/**
 * Its name without its folder.
 */
name: string, 
/**
 * What it holds; of flag definitions of flagd, the document that was made of them.
 */
text: string, 
/**
 * What of definitions is not in that document, and what refuses them.
 */
leftOut: Array<Problem>, };

/**
 * The flags as flag definitions of flagd.
 */
export type Definitions = { 
/**
 * The definitions, as JSON text.
 */
text: string, 
/**
 * What flagd cannot express, with its place in the document.
 */
leftOut: Array<Problem>, };

/**
 * A workspace that was chosen and checked, before it is imported.
 */
export type ChosenWorkspace = { 
/**
 * The name of its file.
 */
file: string, 
/**
 * The revisions in it.
 */
revisions: number, 
/**
 * The snapshots in it.
 */
snapshots: number, 
/**
 * The document that will be in force, as JSON; `null` if it has none.
 */
document: string | null, };

/**
 * A workspace that was written to a file, or imported from one.
 */
export type WorkspaceFile = { 
/**
 * The file: its place if it was written, else its name.
 */
file: string, 
/**
 * The revisions in it.
 */
revisions: number, 
/**
 * The snapshots in it.
 */
snapshots: number, 
/**
 * What was left out, a sentence each.
 */
leftOut: Array<string>, };

/**
 * How the application itself is doing.
 */
export type Status = { 
/**
 * The version of Flagdeck.
 */
version: string, 
/**
 * The data folder.
 */
dataDir: string, 
/**
 * The address flags are served at, `127.0.0.1:4680`; `null` while they are not.
 */
serving: string | null, 
/**
 * Why they are not; `null` while they are.
 */
notServing: NotServing | null, 
/**
 * Why nothing can be saved; `null` if everything can.
 */
readOnly: string | null, 
/**
 * What became of the data folder, if it or a database in it was removed or replaced: nothing
 * is saved then; `null` while everything is in place.
 */
storeGone: StoreGone | null, 
/**
 * Whether everything is held off by emergency, ahead of what is stored.
 */
isHeldOff: boolean, 
/**
 * Why that is not stored yet, in a few words; `null` while nothing is held off, and before
 * the first attempt to store it has failed.
 */
heldOffBecause: string | null, 
/**
 * How following a document is going; `null` if the settings name none.
 */
following: FollowStatus | null, 
/**
 * What people should know, newest last.
 */
notices: Array<Notice>, };

/**
 * Why flags are not served over HTTP.
 */
export type NotServing = { 
/**
 * The port that is not listened on.
 */
port: number, 
/**
 * The program that listens on it, `flagctl (process 123)`; `null` if none does, or the system
 * does not say which.
 */
owner: string | null, 
/**
 * Why, and what to do: a sentence without a full stop.
 */
reason: string, };

/**
 * A data folder that was removed or replaced while it was open.
 */
export type StoreGone = { 
/**
 * The data folder.
 */
dataDir: string, 
/**
 * The file in it that was removed or replaced; `null` if the folder was.
 */
file: string | null, 
/**
 * What is open, and would be written back.
 */
open: StoreSummary, 
/**
 * Whether something is in its place.
 */
isReplaced: boolean, 
/**
 * What is in its place, if that is another store of flags.
 */
instead: StoreSummary | null, 
/**
 * Why what is in its place cannot be read; `null` if it can, or nothing is there.
 */
unreadable: string | null, 
/**
 * Why it cannot be reached, if that is so rather than that it was removed or replaced.
 */
unreachable: string | null, };

/**
 * A store in one line.
 */
export type StoreSummary = { 
/**
 * How many revisions it has.
 */
revisions: number, 
/**
 * When the latest was saved, in milliseconds since 1970; `null` without any.
 */
atMs: number | null, 
/**
 * Who saved it; `null` without any.
 */
actor: Actor | null, 
/**
 * What it changed, in one line.
 */
summary: string, };

/**
 * The clients that were seen lately.
 */
export type Connected = { 
/**
 * For how long a client is listed after it was seen last, in seconds.
 */
seenForS: number, 
/**
 * The clients, the latest newcomer first.
 */
clients: Array<Client>, };

/**
 * A client that was seen lately.
 */
export type Client = { 
/**
 * The source it says it is; `null` if it gives no name.
 */
source: string | null, 
/**
 * The product it calls itself, such as `curl`; `null` for one of more programs than are told
 * apart.
 */
program: string | null, 
/**
 * When it was seen first, in milliseconds since 1970.
 */
firstMs: number, 
/**
 * When it was seen last.
 */
lastMs: number, 
/**
 * What it used.
 */
uses: Array<ClientUse>, };

/**
 * How a client uses one interface.
 */
export type ClientUse = { 
/**
 * The interface.
 */
over: Interface, 
/**
 * Requests that succeeded since `first_ms`.
 */
requests: number, 
/**
 * When it was used first, in milliseconds since 1970.
 */
firstMs: number, 
/**
 * When it was used last; of a stream, when one was opened or closed last.
 */
lastMs: number, 
/**
 * Streams that are open now.
 */
open: number, };

/**
 * What of the HTTP interface a client uses.
 */
export type Interface = "document" | "stream" | "ofrep" | "events" | "state" | "metrics";

/**
 * What the dashboard shows of the last minutes, [`Pulse::span_s`] of them.
 *
 * A duration above the last of [`Pulse::edges_s`] is known only to be that: such a quantile is
 * sent as a number greater than the last edge.
 */
export type Pulse = { 
/**
 * Differs from that of an earlier pulse if anything else in it may differ.
 */
version: number, 
/**
 * When it was taken, in milliseconds since 1970.
 */
atMs: number, 
/**
 * Why nothing is collected; `null` while something is.
 */
trouble: string | null, 
/**
 * How far back it looks, in seconds.
 */
spanS: number, 
/**
 * The sources that reported in the span, latest first.
 */
sources: Array<ReportingSource>, 
/**
 * What calculations amount to, each arm of each component judged separately.
 */
verdict: Verdict, 
/**
 * The components that calculated, the worst first; no more than people read.
 */
components: Array<JudgedComponent>, 
/**
 * How many there are in all.
 */
componentsTotal: number, 
/**
 * Calculations that ended well in the span. This and the figures that follow are of all
 * components and arms together.
 */
calculations: number, 
/**
 * Calculations a second over the last ten seconds, failed ones included.
 */
perSecond: number, 
/**
 * Failed calculations of all calculations in the span.
 */
errors: Share, 
/**
 * How many calculations certainly took longer than `limits.calculationS`: those in buckets
 * entirely above it.
 */
slow: Share, 
/**
 * Half of all calculations took no longer than this, in seconds; `null` without any.
 */
p50S: number | null, 
/**
 * The same of 95 in a hundred.
 */
p95S: number | null, 
/**
 * The same of 99 in a hundred.
 */
p99S: number | null, 
/**
 * The mean confidence in the span, 0 to 1; `null` without any.
 */
confidence: number | null, 
/**
 * The upper edges of the duration buckets, in seconds; one bucket more lies above the last.
 */
edgesS: Array<number>, 
/**
 * The span in equal columns, earliest first; the last one is not over yet.
 */
columns: Array<PulseColumn>, 
/**
 * Seconds that one column stands for.
 */
columnS: number, 
/**
 * Changes of the flags in the span, latest first.
 */
marks: Array<Mark>, 
/**
 * The latest memory use that a source reported, and that of Flagdeck itself.
 */
memory: MemoryUse, 
/**
 * What the settings call too much.
 */
limits: Limits, 
/**
 * How pushing to a gateway goes; `null` if none is configured.
 */
push: PushHealth | null, 
/**
 * Events collected since the counters began.
 */
eventsAccepted: number, 
/**
 * Events that were not valid, since Flagdeck was opened.
 */
eventsRejected: number, 
/**
 * Batches that were refused because too many waited, since Flagdeck was opened.
 */
batchesTurnedAway: number, 
/**
 * Calculations that were counted under the labels `other`, because there were too many sets
 * of labels, since Flagdeck was opened.
 */
labelsOverflowed: number, };

/**
 * What the calculations of all components amount to, in one sentence.
 */
export type Verdict = { 
/**
 * The standing of the worst arm.
 */
standing: Standing, 
/**
 * The verdict, in words.
 */
sentence: string, 
/**
 * The component of that arm; `null` if none is over a limit.
 */
component: string | null, };

/**
 * How an arm, or a group of arms, compares with its limits.
 */
export type Standing = "too_few" | "within" | "above" | "beyond";

/**
 * A component, judged arm by arm since the latest revision that changed who sees it.
 */
export type JudgedComponent = { 
/**
 * Its path; empty for calculations that named none.
 */
component: string, 
/**
 * How its worst arm stands.
 */
standing: Standing, 
/**
 * The verdict, in words.
 */
sentence: string, 
/**
 * The revision since which it is judged; `null` if it is judged by the last minutes, in which
 * nothing changed who sees it.
 */
since: number | null, 
/**
 * Those for whom it is on; `null` without calculations.
 */
exposed: JudgedArm | null, 
/**
 * Those for whom it is off; `null` without calculations.
 */
control: JudgedArm | null, 
/**
 * Those for whom no report says; `null` without calculations.
 */
unknown: JudgedArm | null, 
/**
 * How much more often calculations fail for exposed users; `null` unless both have enough
 * data.
 */
difference: DifferenceShare | null, 
/**
 * What rolling it back would do; `null` unless it does harm.
 */
rollback: RollbackPlan | null, };

/**
 * One arm of a component.
 */
export type JudgedArm = { 
/**
 * How it stands.
 */
standing: Standing, 
/**
 * Its failed calculations of all.
 */
errors: Share, };

/**
 * How much larger a share is than another, with its 95 % interval (Newcombe's).
 */
export type DifferenceShare = { 
/**
 * The difference, -1 to 1.
 */
difference: number, 
/**
 * The lower end of the interval.
 */
low: number, 
/**
 * The upper end of the interval.
 */
high: number, };

/**
 * What rolling a component back would do.
 */
export type RollbackPlan = { 
/**
 * The component.
 */
component: string, 
/**
 * The revision it is planned on: on another one it may be another plan.
 */
base: number, 
/**
 * What it does, in words.
 */
sentence: string, };

/**
 * An application that reported.
 */
export type ReportingSource = { 
/**
 * What it calls itself.
 */
name: string, 
/**
 * Whether its reports are synthetic, as those of `flagctl demo`.
 */
isSynthetic: boolean, 
/**
 * When it reported last, in milliseconds since 1970.
 */
atMs: number, 
/**
 * The memory it uses, in bytes; `null` if it did not report it.
 */
memoryBytes: number | null, };

/**
 * A share of a whole, with its 95 % interval (Wilson's).
 */
export type Share = { 
/**
 * How many of them.
 */
part: number, 
/**
 * Of how many.
 */
whole: number, 
/**
 * `part / whole`, 0 to 1; `null` of nothing.
 */
share: number | null, 
/**
 * The lower end of the interval.
 */
low: number | null, 
/**
 * The upper end of the interval.
 */
high: number | null, };

/**
 * One column of the dashboard's small charts.
 */
export type PulseColumn = { 
/**
 * When it begins, in milliseconds since 1970.
 */
atMs: number, 
/**
 * Calculations a second, failed ones included.
 */
perSecond: number, 
/**
 * Calculations in each duration bucket.
 */
durations: Array<number>, 
/**
 * Failed calculations.
 */
errors: number, };

/**
 * A change of the flags, to be marked on a chart.
 */
export type Mark = { 
/**
 * The revision.
 */
revision: number, 
/**
 * When it was saved, in milliseconds since 1970.
 */
atMs: number, 
/**
 * What it changed, in words.
 */
sentence: string, };

/**
 * How much memory is used.
 */
export type MemoryUse = { 
/**
 * By the source that reports the most, in bytes; `null` if none reports.
 */
hostBytes: number | null, 
/**
 * By Flagdeck, in bytes; `null` if the system does not report it.
 */
ownBytes: number | null, 
/**
 * How the first compares with the limits. Once over one, it is within again at 90 % of it.
 */
standing: MemoryStanding, };

/**
 * How memory compares with its limits.
 */
export type MemoryStanding = "unknown" | "within" | "high" | "over";

/**
 * What the settings call too much.
 */
export type Limits = { 
/**
 * The share of failed calculations, 0 to 1: `rollback.triggers.errorRate`.
 */
errorShare: number, 
/**
 * The duration that too many may not exceed, in seconds: `rollback.triggers.responseTime`.
 */
responseS: number, 
/**
 * The duration that one calculation may take, in seconds:
 * `performance.maxCalculationTimeMs`.
 */
calculationS: number, 
/**
 * The memory that is too much, in bytes: `rollback.triggers.memoryThreshold`.
 */
memoryBytes: number, 
/**
 * The memory that the host may use, in bytes: `performance.maxMemoryMB`.
 */
hostMemoryBytes: number, };

/**
 * How pushing to a gateway goes.
 */
export type PushHealth = { 
/**
 * The gateway, without the password of its address.
 */
gateway: string, 
/**
 * When the last push arrived, in milliseconds since 1970; `null` before the first.
 */
atMs: number | null, 
/**
 * Why the latest push failed; `null` if it arrived.
 */
error: string | null, 
/**
 * When the first push failed of those that failed since, in milliseconds since 1970; `null`
 * if the latest arrived.
 */
failingSinceMs: number | null, 
/**
 * How many pushes failed since the last one that arrived.
 */
failures: number, 
/**
 * Ticks whose samples wait to be pushed.
 */
waiting: number, };

/**
 * Which span to draw, and of what.
 */
export type ChartQuery = { 
/**
 * Where the span begins, in milliseconds since 1970.
 */
fromMs: number, 
/**
 * Where it ends, in milliseconds since 1970.
 */
toMs: number, 
/**
 * How many points at most.
 */
pointsMax: number, 
/**
 * Only what this component reported; `null` for everything.
 */
component: string | null, 
/**
 * Whether to draw Flagdeck's own series even if a Prometheus is configured.
 */
own: boolean, };

/**
 * Everything the charts show of a span. Every list has one value for each of `times_s`; `null` if
 * nothing was reported.
 *
 * A duration above the last of `edges_s` is known only to be that: such a quantile is sent as
 * a number greater than the last edge.
 */
export type Charts = { 
/**
 * Where the points come from: the address of a Prometheus, or `null` for Flagdeck itself.
 */
prometheus: string | null, 
/**
 * When each point begins, in seconds since 1970, ascending, `stepS` apart.
 */
timesS: Array<number>, 
/**
 * Seconds that one point stands for.
 */
stepS: number, 
/**
 * Calculations a second, failed ones included.
 */
rate: Extent, 
/**
 * The share of failed calculations of both arms together, 0 to 1, with its interval.
 */
errors: Extent, 
/**
 * The same of users for whom the component is on.
 */
errorsExposed: Extent, 
/**
 * The same of users for whom it is off.
 */
errorsControl: Extent, 
/**
 * How much larger the share is for exposed users, -1 to 1, with its interval.
 */
errorsDifference: Extent, 
/**
 * Half of all calculations took no longer than this, in seconds.
 */
p50S: Array<number | null>, 
/**
 * The same of 95 in a hundred.
 */
p95S: Array<number | null>, 
/**
 * The same of 99 in a hundred.
 */
p99S: Array<number | null>, 
/**
 * The upper edges of the duration buckets, in seconds; one bucket more lies above the last.
 */
edgesS: Array<number>, 
/**
 * For each point, the calculations in each duration bucket.
 */
durations: Array<Array<number>>, 
/**
 * Confidence, 0 to 1.
 */
confidence: Extent, 
/**
 * Half of all calculations converged within this many iterations.
 */
iterationsP50: Array<number | null>, 
/**
 * The same of 95 in a hundred.
 */
iterationsP95: Array<number | null>, 
/**
 * The last edge of the buckets of iterations: a greater value is known only to be greater.
 */
iterationsEdge: number, 
/**
 * Memory of the source that uses the most, in bytes.
 */
memory: Extent, 
/**
 * Memory of Flagdeck itself, in bytes.
 */
ownMemory: Array<number | null>, 
/**
 * Changes of the flags in the span, earliest first; only the latest, if there are too many.
 */
marks: Array<Mark>, 
/**
 * How many changes of the flags there are in the span.
 */
marksTotal: number, 
/**
 * The components that reported in the span, by name.
 */
components: Array<string>, 
/**
 * What the settings call too much.
 */
limits: Limits, };

/**
 * A value with how far it went down and up within a point, so that peaks survive.
 */
export type Extent = { 
/**
 * The mean, or the share.
 */
mean: Array<number | null>, 
/**
 * The lowest, or the lower end of the interval.
 */
low: Array<number | null>, 
/**
 * The highest, or the upper end of the interval.
 */
high: Array<number | null>, };

/**
 * A source whose state Flagdeck keeps.
 */
export type StateSource = { 
/**
 * What it calls itself.
 */
name: string, 
/**
 * When its state was reported or set last, in milliseconds since 1970; `null` if there are
 * snapshots only, as of an import.
 */
atMs: number | null, 
/**
 * Bytes of its state as JSON text; 0 if there are snapshots only.
 */
bytes: number, 
/**
 * Changes in the ring of the latest ones.
 */
changes: number, 
/**
 * How many of them the ring holds.
 */
changesMax: number, 
/**
 * Snapshots there are of it.
 */
snapshots: number, 
/**
 * What they take on disk, in bytes.
 */
snapshotBytes: number, 
/**
 * When the latest one was taken, in milliseconds since 1970.
 */
lastSnapshotMs: number | null, 
/**
 * Its restore that is open, or else its latest that is not damaged; `null` without any.
 */
restore: StateRestore | null, 
/**
 * Whether what is stored of it is damaged, so that its state cannot be read.
 */
isDamaged: boolean, };

/**
 * One source's state at one moment, without the state.
 */
export type Snapshot = { 
/**
 * Its number, which no other snapshot ever has.
 */
id: number, 
/**
 * Whose state it is.
 */
source: string, 
/**
 * When it was taken, in milliseconds since 1970.
 */
atMs: number, 
/**
 * Why it was taken.
 */
cause: SnapshotCause, 
/**
 * Its name, given by a person.
 */
name: string | null, 
/**
 * A person's note about it.
 */
note: string | null, 
/**
 * Whether it stays until it is unpinned.
 */
isPinned: boolean, 
/**
 * How many files the source had.
 */
files: number, 
/**
 * Bytes of the state as JSON text.
 */
bytes: number, 
/**
 * How many changes a comparison with the snapshot before it tells of; 0 of the first one.
 * `null` until the open application has counted them.
 */
changes: number | null, 
/**
 * Whether there is no earlier one of its source.
 */
isFirst: boolean, 
/**
 * Whether it is damaged: its state cannot be read, or what is stored beside that, such as its
 * time, may be wrong.
 */
isDamaged: boolean, 
/**
 * The revision of the flags that was in force.
 */
revision: number, };

/**
 * Why a snapshot was taken.
 */
export type SnapshotCause = "interval" | "asked" | "before_restore" | "before_rollback" | "import";

/**
 * Which snapshots to look for. What is not given lets every snapshot through.
 */
export type SnapshotFilter = { 
/**
 * Only of the source of exactly this name.
 */
source?: string, 
/**
 * Only those taken at this moment or later, in milliseconds since 1970.
 */
sinceMs?: number, 
/**
 * Only those taken before this moment, in milliseconds since 1970.
 */
untilMs?: number, 
/**
 * Only those in which this text appeared or disappeared or is in a changed key, ignoring case,
 * or whose name or note has it.
 */
text?: string, 
/**
 * Only pinned ones, or only others.
 */
pinned?: boolean, };

/**
 * Some of the snapshots that a filter lets through, latest first.
 */
export type SnapshotPage = { 
/**
 * How many the filter lets through in all.
 */
total: number, 
/**
 * Those of this page.
 */
snapshots: Array<Snapshot>, 
/**
 * What could not be searched for a text; left out if all could.
 */
unreadable?: Unreadable, };

/**
 * A file that snapshots were written to.
 */
export type SnapshotsFile = { 
/**
 * Its path.
 */
place: string, 
/**
 * What is damaged, and left out; left out itself if nothing is.
 */
unreadable?: Unreadable, };

/**
 * What could not be read, because it is damaged.
 */
export type Unreadable = { 
/**
 * Records of changes: a change, or the changes that a report or a snapshot is kept with.
 */
records: number, 
/**
 * Snapshots.
 */
snapshots: number, };

/**
 * How much changed over time, in equal columns.
 */
export type Timeline = { 
/**
 * Where it begins, in milliseconds since 1970.
 */
fromMs: number, 
/**
 * Where it ends.
 */
toMs: number, 
/**
 * Its columns, earliest first, of `(toMs - fromMs) / columns.length` each.
 */
columns: Array<TimelineColumn>, 
/**
 * The latest changes of the flags in it, earliest first.
 */
marks: Array<Mark>, 
/**
 * How many changes of the flags there are in it.
 */
marksTotal: number, };

/**
 * One column of a timeline.
 */
export type TimelineColumn = { 
/**
 * Snapshots in it.
 */
snapshots: number, 
/**
 * Values that changed in them.
 */
changes: number, };

/**
 * A state that can be looked at or compared.
 */
export type StateAt = { "kind": "snapshot", 
/**
 * Its number.
 */
id: number, } | { "kind": "now", 
/**
 * The name of the source.
 */
source: string, };

/**
 * How to compare.
 */
export type StateDifferenceOptions = { 
/**
 * Numbers count as equal that differ by no more than this share of the larger one, 0 to 1.
 */
tolerance: number, 
/**
 * Names of keys whose changes are noise, folded away.
 */
noise: Array<string>, 
/**
 * Whether to compare the `history` that the source reports, too.
 */
withHistory?: boolean, };

/**
 * What differs between two states.
 */
export type StateDifference = { 
/**
 * The changes, in the order of the later state, removals at their earlier place.
 */
changes: Array<StateChange>, 
/**
 * How many there are; more than `changes` has if there are very many.
 */
total: number, 
/**
 * How many of them are noise.
 */
noise: number, 
/**
 * Numbers that differ within the tolerance.
 */
tolerated: number, 
/**
 * Groups of the state in which nothing changed, as JSON Pointers.
 */
unchanged: Array<string>, 
/**
 * The changes that set what differs, as far as they are known.
 */
records: Array<ChangeRecord>, 
/**
 * What could not be read of those; left out if all could.
 */
unreadable?: Unreadable, };

/**
 * One thing that differs between two states.
 */
export type StateChange = { 
/**
 * Where: a JSON Pointer into the later state, or into the earlier one if it was removed.
 */
pointer: string, 
/**
 * The keys on the way there as a person reads them, from the root of the state: an element of
 * a list by its key, as in `files[id=7].name`.
 */
path: string, 
/**
 * The group it is shown under, such as `ml.metrics.performance`.
 */
group: string, 
/**
 * What happened.
 */
kind: StateChangeKind, 
/**
 * Where it was before, a JSON Pointer into the earlier state, if it moved or was renamed.
 */
from: string | null, 
/**
 * What it was; `null` if it was not there.
 */
before: Excerpt | null, 
/**
 * What it is; `null` if it is not there any more.
 */
after: Excerpt | null, 
/**
 * What happened to the elements of a list.
 */
list: ListChange | null, 
/**
 * How a list of numbers drifted.
 */
series: SeriesChange | null, 
/**
 * Whether it is noise.
 */
isNoise: boolean, 
/**
 * The latest recorded change that set it, or something in it or around it: its place in
 * `records`. `null` if none is known.
 */
record: number | null, };

/**
 * What happened to a value.
 */
export type StateChangeKind = "added" | "removed" | "changed" | "moved" | "list" | "series";

/**
 * The beginning of a value, as far as it is shown.
 */
export type Excerpt = { 
/**
 * JSON text, the first [`limits::EXCERPT_CHARS_MAX`] characters of it.
 */
text: string, 
/**
 * Whether that is all of it.
 */
isWhole: boolean, };

/**
 * What happened to the elements of a list.
 */
export type ListChange = { 
/**
 * The key that elements were identified by; `null` if by their content or place.
 */
key: string | null, 
/**
 * Whether it is a ring that moved on: elements were removed at its beginning and added at its
 * end, and nowhere else.
 */
isShifted: boolean, 
/**
 * Elements that were removed.
 */
dropped: number, 
/**
 * Elements that were added.
 */
added: number, 
/**
 * Elements that stand elsewhere among those that stayed.
 */
moved: number, 
/**
 * Elements that stayed and differ beyond the tolerance. Their changes are listed separately,
 * except those of a series.
 */
changed: number, 
/**
 * Elements before.
 */
lengthBefore: number, 
/**
 * Elements after.
 */
lengthAfter: number, };

/**
 * How a list of numbers drifted. Nulls among them are left out.
 */
export type SeriesChange = { 
/**
 * The numbers before; if there are more than [`limits::SERIES_POINTS_MAX`], means of as
 * many parts of about equal length.
 */
before: Array<number>, 
/**
 * The numbers after, likewise.
 */
after: Array<number>, 
/**
 * Their mean before; `null` if there are no numbers.
 */
meanBefore: number | null, 
/**
 * Their mean after.
 */
meanAfter: number | null, 
/**
 * Their 95th percentile before, by nearest rank; `null` if there are no numbers.
 */
p95Before: number | null, 
/**
 * The same after.
 */
p95After: number | null, 
/**
 * The largest difference between two numbers that belong together, once a shift is undone;
 * `null` if no number stayed.
 */
largestChange: number | null, };

/**
 * What set or removed a value.
 */
export type Blame = { 
/**
 * Which value, as a difference prints it: `ml.files[id=7].name`.
 */
key: string, 
/**
 * Where it is: a JSON Pointer; `null` if it is not there.
 */
pointer: string | null, 
/**
 * The value; `null` if it is not there.
 */
value: Excerpt | null, 
/**
 * Its value before; `null` if it was not there, or never changed.
 */
before: Excerpt | null, 
/**
 * The first snapshot with this value; `null` if it changed since the latest one.
 */
since: Snapshot | null, 
/**
 * The last snapshot with another value; `null` if there is none.
 */
until: Snapshot | null, 
/**
 * The recorded changes that set it, or something in it or around it, latest first.
 */
records: Array<ChangeRecord>, 
/**
 * The snapshots in which it changed before that, latest first, up to a hundred.
 */
earlier: Array<BlameEntry>, 
/**
 * If it is a number: what it was in the snapshots that were looked at, earliest first.
 */
values: Array<BlameValue>, 
/**
 * What could not be read of the snapshots that were looked at, and of the changes between
 * them; left out if all could.
 */
unreadable?: Unreadable, };

/**
 * A snapshot in which a value changed.
 */
export type BlameEntry = { 
/**
 * The first snapshot with this value.
 */
snapshot: Snapshot, 
/**
 * What it was; `null` if it was not there.
 */
before: Excerpt | null, 
/**
 * What it became; `null` if it was removed.
 */
after: Excerpt | null, };

/**
 * A number at a moment.
 */
export type BlameValue = { 
/**
 * When, in milliseconds since 1970.
 */
atMs: number, 
/**
 * What it was.
 */
value: number, };

/**
 * A change as a source recorded it, or as it was found in a whole report.
 */
export type ChangeRecord = { 
/**
 * What was set: a dotted key, or for a whole report a key as a difference prints it.
 */
key: string, 
/**
 * What it was; `null` if it was not there.
 */
before: Excerpt | null, 
/**
 * What it became; `null` if it was removed.
 */
after: Excerpt | null, 
/**
 * When, in milliseconds since 1970; for a whole report, the time of the report.
 */
atMs: number, 
/**
 * Whether it is known only from a whole report.
 */
byReport: boolean, 
/**
 * For a whole report: when the source last reported before, so that it was set between then
 * and `atMs`. `null` if it is not known.
 */
sinceMs: number | null, 
/**
 * Its origin in a few words: a file and line, or what the source reported.
 */
place: string, 
/**
 * Its origin: a stack trace, or what the source reported.
 */
origin: string, };

/**
 * What to restore.
 */
export type RestoreRequest = { 
/**
 * The snapshot to restore from.
 */
snapshot: number, 
/**
 * Only these parts, as keys such as `ml.list[id=gamma].n` or as JSON Pointers; empty for
 * everything.
 */
only: Array<string>, 
/**
 * All but these parts, likewise.
 */
except: Array<string>, 
/**
 * Whether to put the flags of that moment in force again, too, as a revision.
 */
withFlags: boolean, };

/**
 * A restore, and its outcome. Of a damaged one everything but the number may be wrong or missing.
 */
export type StateRestore = { 
/**
 * Its number.
 */
id: number, 
/**
 * Whose state was asked to be restored.
 */
source: string, 
/**
 * The snapshot it asks for.
 */
snapshot: number, 
/**
 * The snapshot of what the source had before, which undoing it asks for; `null` of a recovery,
 * which follows a state that could not be read.
 */
safety: number | null, 
/**
 * When it was asked for, in milliseconds since 1970.
 */
atMs: number, 
/**
 * By whom.
 */
actor: Actor, 
/**
 * The revision that the flags became with it; `null` if they were not changed.
 */
revision: number | null, 
/**
 * The parts that alone are asked for, as keys such as `ml.list[id=gamma].n`; empty for
 * everything.
 */
only: Array<string>, 
/**
 * The parts that are left as the source has them, likewise.
 */
except: Array<string>, 
/**
 * The restore that this one undoes; `null` if it undoes none.
 */
undoes: number | null, 
/**
 * How it stands.
 */
status: RestoreStatus, 
/**
 * When it stopped being open, in milliseconds since 1970; `null` while it is open.
 */
endedMs: number | null, 
/**
 * Who cancelled or superseded it; `null` otherwise.
 */
endedBy: Actor | null, 
/**
 * When the source confirmed it, in milliseconds since 1970; `null` if it did not.
 */
confirmedMs: number | null, 
/**
 * Whether the state that the source confirmed it with is as asked for; `null` if it did not
 * confirm it, or that was not compared.
 */
isExact: boolean | null, 
/**
 * Keys that were not as asked for when the source confirmed it, the first 20.
 */
differing: Array<string>, };

/**
 * How a restore stands.
 */
export type RestoreStatus = "open" | "confirmed" | "superseded" | "cancelled" | "recovered" | "damaged";

/**
 * Which restores to look for. What is not given lets every restore through.
 */
export type RestoreFilter = { 
/**
 * Only of the source of exactly this name.
 */
source?: string, 
/**
 * Only those asked for at this moment or later, in milliseconds since 1970.
 */
sinceMs?: number, 
/**
 * Only those asked for before this moment, in milliseconds since 1970.
 */
untilMs?: number, };

/**
 * Some of the restores that a filter lets through, newest first.
 */
export type RestorePage = { 
/**
 * How many the filter lets through in all.
 */
total: number, 
/**
 * Those of this page.
 */
restores: Array<StateRestore>, };

/**
 * The name, note and pin of a snapshot. What is not given stays; an empty text removes it.
 */
export type SnapshotLabel = { 
/**
 * What it is called.
 */
name?: string, 
/**
 * Its note.
 */
note?: string, 
/**
 * Whether it stays until it is unpinned.
 */
isPinned?: boolean, };

/**
 * A moment of the flags.
 */
export type AsOf = { "revision": number } | { "at_ms": number };

/**
 * Something people are notified of once and can read again.
 */
export type Notice = { 
/**
 * How bad it is.
 */
level: Level, 
/**
 * What happened, what was kept and what to do.
 */
message: string, 
/**
 * The entry of the quarantine that it tells of, until that was looked at.
 */
entry?: string, };

/**
 * How bad a notice is.
 */
export type Level = "info" | "warning" | "error";

/**
 * What is looked at before it is done.
 */
export type Planned = { "kind": "edit", 
/**
 * The edit.
 */
edit: Edit, } | { "kind": "undo", 
/**
 * The revision that it must have made; any if `null`.
 */
of: number | null, } | { "kind": "redo", 
/**
 * The revision that it must have made; any if `null`.
 */
of: number | null, } | { "kind": "roll_back", 
/**
 * The component.
 */
component: string, } | { "kind": "restore", 
/**
 * The revision.
 */
revision: number, } | { "kind": "backup", 
/**
 * The name of the backup.
 */
name: string, } | { "kind": "return_overrides", 
/**
 * The overrides.
 */
which: OverrideSelection, } | { "kind": "publish", 
/**
 * The overrides.
 */
which: OverrideSelection, } | { "kind": "adopt", 
/**
 * What a review named it: another one is refused. Any if `null`.
 */
document: string | null, } | { "kind": "standing", 
/**
 * The moment.
 */
at: AsOf | null, };

/**
 * What a change would do to whom.
 */
export type Previewed = { 
/**
 * Every component that changes for anyone.
 */
components: Array<OfComponent>, 
/**
 * The revision it is compared with.
 */
revision: RevisionNumber, 
/**
 * The roster that was counted; `null` if there is none.
 */
roster: RosterCounted | null, 
/**
 * All of it in one sentence, without a full stop.
 */
sentence: string, 
/**
 * What is lost by how many, as a sentence; `null` if no user loses anything.
 */
warning: string | null, 
/**
 * People; `null` without a roster.
 */
people: Counts<number> | null, 
/**
 * The same by weight, in parts of all from 0.0 to 1.0; `null` without a roster, or if all weigh
 * the same.
 */
weighted: Counts<number> | null, 
/**
 * People by group.
 */
groups: Array<OfGroup>, };

/**
 * For how many people of a roster a component is on.
 */
export type OnFor = { 
/**
 * People for whom it is on.
 */
on: number, 
/**
 * The roster that was counted.
 */
roster: RosterCounted, };

/**
 * What happens to whom, whatever the component.
 */
export type Tally = { 
/**
 * The revision it is compared with.
 */
revision: RevisionNumber, 
/**
 * The roster that was counted; `null` if there is none.
 */
roster: RosterCounted | null, 
/**
 * All of it in one sentence, without a full stop.
 */
sentence: string, 
/**
 * What is lost by how many, as a sentence; `null` if no user loses anything.
 */
warning: string | null, 
/**
 * People; `null` without a roster.
 */
people: Counts<number> | null, 
/**
 * The same by weight, in parts of all from 0.0 to 1.0; `null` without a roster, or if all weigh
 * the same.
 */
weighted: Counts<number> | null, 
/**
 * People by group.
 */
groups: Array<OfGroup>, };

/**
 * A roster that was counted.
 */
export type RosterCounted = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its users.
 */
people: number, 
/**
 * When it was imported, in milliseconds since 1970.
 */
atMs: number, };

/**
 * Those who gain and lose something.
 */
export type Counts<T> = { 
/**
 * They gain a component, or several.
 */
gain: T, 
/**
 * They lose a component, or several.
 */
lose: T, 
/**
 * They gain one and lose another: they are in `gain` and in `lose`.
 */
both: T, 
/**
 * Nothing changes for them.
 */
unchanged: T, };

/**
 * The people of one group.
 */
export type OfGroup = { 
/**
 * Its name; `null` for people in no group.
 */
group: string | null, 
/**
 * They gain a component, or several.
 */
gain: number, 
/**
 * They lose a component, or several.
 */
lose: number, 
/**
 * They gain one and lose another: they are in `gain` and in `lose`.
 */
both: number, 
/**
 * Nothing changes for them.
 */
unchanged: number, };

/**
 * What happens to one component.
 */
export type OfComponent = { 
/**
 * Its path.
 */
component: string, 
/**
 * People; `null` without a roster.
 */
people: Parts<number> | null, 
/**
 * Parts of users to be expected, by the groups that rollouts name; empty with a roster, or if
 * too many rollouts are behind the component.
 */
expected: Array<Expected>, };

/**
 * Parts of all, each user in one.
 */
export type Parts<T> = { 
/**
 * Off before, on after.
 */
gain: T, 
/**
 * On before, off after.
 */
lose: T, 
/**
 * On before and after.
 */
on: T, 
/**
 * Off before and after.
 */
off: T, };

/**
 * What is to be expected without a roster.
 */
export type Expected = { 
/**
 * Of users in this group alone; in none that a rollout names if `null`.
 */
group: string | null, 
/**
 * Off before, on after.
 */
gain: number, 
/**
 * On before, off after.
 */
lose: number, 
/**
 * On before and after.
 */
on: number, 
/**
 * Off before and after.
 */
off: number, };

/**
 * Which users are listed.
 */
export type Wanted = { 
/**
 * What happens to them.
 */
who: Listed, 
/**
 * For which component; for any of them if `null`.
 */
component: string | null, 
/**
 * How many are left out, from the first in the order of the roster.
 */
offset: number, 
/**
 * How many are listed, at most [`IDS_LISTED_MAX`](crate::rosters::limits::IDS_LISTED_MAX).
 */
limit: number, };

/**
 * What happens to users who are listed.
 */
export type Listed = "gain" | "lose" | "on" | "off";

/**
 * Users to whom something happens.
 */
export type ListedUsers = { 
/**
 * The roster.
 */
roster: string, 
/**
 * What happens to them.
 */
who: Listed, 
/**
 * To which component; `null` for any.
 */
component: string | null, 
/**
 * How many before them are left out.
 */
offset: number, 
/**
 * Users in the order of the roster.
 */
users: Array<ListedUser>, 
/**
 * Whether there are more.
 */
more: boolean, };

/**
 * A user in a list.
 */
export type ListedUser = { 
/**
 * The id.
 */
id: string, 
/**
 * The groups the user is in.
 */
groups: Array<string>, 
/**
 * The weight: 1 if none was given.
 */
weight: number, };

/**
 * What is known of a roster.
 */
export type RosterInfo = { 
/**
 * Its name.
 */
name: string, 
/**
 * When it was imported, in milliseconds since 1970.
 */
atMs: number, 
/**
 * The name of the file that it was imported from, without its folder.
 */
file: string, 
/**
 * Users.
 */
people: number, 
/**
 * Rows that were left out.
 */
bad: number, 
/**
 * Rows that replaced an earlier one.
 */
duplicates: number, 
/**
 * Every group.
 */
groups: Array<GroupCount>, 
/**
 * Users in no group.
 */
ungrouped: number, 
/**
 * Whether any weight is another than 1.
 */
hasWeights: boolean, 
/**
 * About how many users more were seen in events than there is room for, at least.
 */
rest: number, 
/**
 * Its format.
 */
format: FileFormat, 
/**
 * What separates cells; `null` if nothing does.
 */
separator: string | null, 
/**
 * How its text is written; `null` for a database.
 */
encoding: Encoding | null, 
/**
 * The table that is read; `null` for text.
 */
table: string | null, 
/**
 * Its columns in their order; of objects, their keys as they are met.
 */
columns: Array<FileColumn>, };

/**
 * A group and how many users are in it.
 */
export type GroupCount = { 
/**
 * Its name.
 */
name: string, 
/**
 * How many.
 */
people: number, };

/**
 * What was recognised of a file.
 */
export type FileForm = { 
/**
 * Its format.
 */
format: FileFormat, 
/**
 * What separates cells; `null` if nothing does.
 */
separator: string | null, 
/**
 * How its text is written; `null` for a database.
 */
encoding: Encoding | null, 
/**
 * The table that is read; `null` for text.
 */
table: string | null, 
/**
 * Its columns in their order; of objects, their keys as they are met.
 */
columns: Array<FileColumn>, };

/**
 * The format of a file of users.
 */
export type FileFormat = "csv" | "lines" | "ndjson" | "sqlite" | "events";

/**
 * How text is written as bytes.
 */
export type Encoding = "utf8" | "utf16_le" | "utf16_be";

/**
 * A column, or a key of objects.
 */
export type FileColumn = { 
/**
 * Its name.
 */
name: string, 
/**
 * What it is taken for.
 */
taken: ColumnTaken, };

/**
 * What a column is taken for.
 */
export type ColumnTaken = "id" | "groups" | "weight" | "attribute";

/**
 * A file of users that a person chose. It is read by the calls that look at it and import it.
 */
export type RosterFile = { 
/**
 * Its name without its folder.
 */
file: string, 
/**
 * A name for the roster, made of that; empty if none can be.
 */
name: string, };

/**
 * What an import brings in, and what it changes.
 */
export type Look = { 
/**
 * The name of the roster.
 */
name: string, 
/**
 * How it differs from the roster that it replaces; `null` if there is none of that name.
 */
replaces: Replaced | null, 
/**
 * Rows that can be read.
 */
good: number, 
/**
 * Rows that are left out.
 */
bad: number, 
/**
 * The first of those, at most [`BAD_ROWS_LISTED_MAX`](super::limits::BAD_ROWS_LISTED_MAX).
 */
badRows: Array<BadRow>, 
/**
 * Good rows with an id that an earlier row has: the later one counts.
 */
duplicates: number, 
/**
 * Good rows whose id begins or ends with a blank, which belongs to it.
 */
padded: number, 
/**
 * Users, each once.
 */
people: number, 
/**
 * Every group, in the order in which they were met.
 */
groups: Array<GroupCount>, 
/**
 * Users in no group.
 */
ungrouped: number, 
/**
 * Whether any weight is another than 1.
 */
hasWeights: boolean, 
/**
 * The first good rows.
 */
first: Array<Person>, 
/**
 * Its format.
 */
format: FileFormat, 
/**
 * What separates cells; `null` if nothing does.
 */
separator: string | null, 
/**
 * How its text is written; `null` for a database.
 */
encoding: Encoding | null, 
/**
 * The table that is read; `null` for text.
 */
table: string | null, 
/**
 * Its columns in their order; of objects, their keys as they are met.
 */
columns: Array<FileColumn>, };

/**
 * What a file has, before it is imported.
 */
export type Understood = { 
/**
 * Rows that can be read.
 */
good: number, 
/**
 * Rows that are left out.
 */
bad: number, 
/**
 * The first of those, at most [`BAD_ROWS_LISTED_MAX`](super::limits::BAD_ROWS_LISTED_MAX).
 */
badRows: Array<BadRow>, 
/**
 * Good rows with an id that an earlier row has: the later one counts.
 */
duplicates: number, 
/**
 * Good rows whose id begins or ends with a blank, which belongs to it.
 */
padded: number, 
/**
 * Users, each once.
 */
people: number, 
/**
 * Every group, in the order in which they were met.
 */
groups: Array<GroupCount>, 
/**
 * Users in no group.
 */
ungrouped: number, 
/**
 * Whether any weight is another than 1.
 */
hasWeights: boolean, 
/**
 * The first good rows.
 */
first: Array<Person>, 
/**
 * Its format.
 */
format: FileFormat, 
/**
 * What separates cells; `null` if nothing does.
 */
separator: string | null, 
/**
 * How its text is written; `null` for a database.
 */
encoding: Encoding | null, 
/**
 * The table that is read; `null` for text.
 */
table: string | null, 
/**
 * Its columns in their order; of objects, their keys as they are met.
 */
columns: Array<FileColumn>, };

/**
 * A row that is left out.
 */
export type BadRow = { 
/**
 * The number of its line, from 1; of the row in a table of SQLite.
 */
line: number, 
/**
 * Why.
 */
reason: string, };

/**
 * How a roster differs from the one that it replaces, in users.
 */
export type Replaced = { 
/**
 * When the one before was imported, in milliseconds since 1970.
 */
atMs: number, 
/**
 * Users that are only in the one after.
 */
added: number, 
/**
 * Users that are only in the one before.
 */
removed: number, 
/**
 * Users with other groups or another weight than before.
 */
changed: number, 
/**
 * Users with the same groups and weight.
 */
unchanged: number, };

/**
 * A user of a roster.
 */
export type Person = { 
/**
 * The id.
 */
id: string, 
/**
 * The groups the user is in.
 */
groups: Array<string>, 
/**
 * The weight: 1 if none was given.
 */
weight: number, 
/**
 * What further columns have, by their names.
 */
attributes: { [name: string]: string }, };

/**
 * What a user gets of one component.
 */
export type Given = { 
/**
 * Its path.
 */
component: string, 
/**
 * Whether it is on for the user.
 */
on: boolean, 
/**
 * Why, in a sentence.
 */
sentence: string, };

/**
 * Where a user was, who is forgotten.
 */
export type ForgottenUser = { 
/**
 * The rosters that the user was removed from.
 */
rosters: Array<Forgotten>, 
/**
 * Components that were on or off for the user alone: these overrides have ended.
 */
overrides: Array<string>, 
/**
 * Damaged rosters in quarantine, of which it is not known who is in them. They are deleted by
 * [`App::remove_quarantined`].
 */
quarantined: Array<string>, };

/**
 * A roster that a user was removed from.
 */
export type Forgotten = { 
/**
 * Its name.
 */
roster: string, 
/**
 * How many rows there were of the user.
 */
rows: number, };

/**
 * A rollout that is watched, widened step by step, or was rolled back.
 */
export type RolloutStatus = { 
/**
 * The component; `null` for the default rollout.
 */
component: string | null, 
/**
 * The percentage in force, 0 to 100; that of the default rollout if the component has no custom
 * one.
 */
percentage: number, 
/**
 * Whether it is on for anybody.
 */
isOn: boolean, 
/**
 * Whether it is on for a part of all users.
 */
isPartial: boolean, 
/**
 * How it stands.
 */
standing: RolloutStanding, 
/**
 * The same in words, with the reason and numbers.
 */
sentence: string, 
/**
 * What is watched now; `null` if nothing is.
 */
attempt: AttemptStatus | null, 
/**
 * The ramp under way, or the last one; `null` if there was none.
 */
ramp: RampStatus | null, 
/**
 * What it is held to.
 */
rules: GuardRules, 
/**
 * What is set for this rollout alone.
 */
ownRules: OwnGuardRules, 
/**
 * The last time it was rolled back; `null` if never.
 */
rolledBack: DecisionSummary | null, };

/**
 * How a rollout stands.
 */
export type RolloutStanding = "unwatched" | "collecting" | "healthy" | "holding" | "rolledBack" | "settled";

/**
 * One attempt at a rollout: from when it became partial until it is off, on for everyone or held
 * to other rules.
 */
export type AttemptStatus = { 
/**
 * 1 for the first at this rollout.
 */
number: number, 
/**
 * When it began, in milliseconds since 1970.
 */
beganMs: number, 
/**
 * When the last calculation was reported, in milliseconds since 1970; `null` for none yet.
 */
seenMs: number | null, 
/**
 * Of users with it on.
 */
exposed: ArmCounts, 
/**
 * Of the others.
 */
control: ArmCounts, 
/**
 * The share of failed calculations of users with it on, less that of the others, with an
 * interval that holds however often it is looked at; `null` while one arm is empty.
 */
difference: Interval | null, 
/**
 * The evidence of each test.
 */
tests: Array<TestStatus>, 
/**
 * Blocks that were judged.
 */
blocks: number, 
/**
 * Calculations in the block that is not judged yet.
 */
waiting: number, };

/**
 * What was counted of one arm.
 */
export type ArmCounts = { 
/**
 * Calculations.
 */
calculations: number, 
/**
 * Those that failed.
 */
failed: number, 
/**
 * Those slower than the response time.
 */
late: number, };

/**
 * The evidence of a test.
 */
export type TestStatus = { 
/**
 * Which.
 */
test: GuardTest, 
/**
 * ln of the evidence that it does harm: 0 without any, below it for harmlessness.
 */
ln: number, 
/**
 * ln of the evidence at which it acts.
 */
thresholdLn: number, };

/**
 * A test of the guard.
 */
export type GuardTest = "relative" | "latency" | "absolute" | "late" | "memory" | "ratio";

/**
 * What a rollout is held to.
 */
export type GuardRules = { 
/**
 * Whether it is rolled back if it does harm.
 */
enabled: boolean, 
/**
 * The share of failed calculations that is tolerated, above 0 and up to 0.65.
 */
errorRate: number, 
/**
 * The duration that 5 % of calculations may exceed, in milliseconds.
 */
responseTimeMs: number, 
/**
 * The memory that is tolerated, in bytes.
 */
memoryBytes: number, 
/**
 * The odds ratio between users with it on and the others that is tolerated, 1 to 10.
 */
toleratedRatio: number, 
/**
 * The probability with which an attempt of a healthy rollout may be rolled back.
 */
alpha: number, 
/**
 * Whether the bare thresholds decide, instead of tests.
 */
strict: boolean, };

/**
 * What is set for one rollout alone; `null` for what the settings say.
 */
export type OwnGuardRules = { enabled: boolean | null, errorRate: number | null, responseTimeMs: number | null, memoryBytes: number | null, toleratedRatio: number | null, alpha: number | null, strict: boolean | null, };

/**
 * What is to be done.
 */
export type GuardAction = "rollBack" | "hold" | "advance";

/**
 * Natural logarithms of the evidence of each test, all 0 before the first block.
 */
export type Evidence = { 
/**
 * That exposed users fail more often than others.
 */
lnRelative: number, 
/**
 * That exposed users wait longer than others; `null` without durations.
 */
lnLatency: number | null, 
/**
 * That exposed users fail more often than the limit; `null` without a limit.
 */
lnAbsolute: number | null, 
/**
 * That exposed users wait longer than the response time more often than the limit; `null`
 * without a limit.
 */
lnLate: number | null, 
/**
 * That more or fewer users are exposed than should be; `null` if the share is not known.
 */
lnRatio: number | null, };

/**
 * How much larger one share is than another, with the interval that holds at every look.
 */
export type Interval = { 
/**
 * The share of bad calculations of exposed users minus that of others, -1.0 to 1.0.
 */
estimate: number, 
/**
 * The lower end, -1.0 to the estimate.
 */
low: number, 
/**
 * The upper end, the estimate to 1.0.
 */
high: number, };

/**
 * A ramp.
 */
export type RampStatus = { 
/**
 * Its number.
 */
id: number, 
/**
 * The name of its plan; `null` for steps that were given by themselves.
 */
planName: string | null, 
/**
 * Its plan.
 */
plan: RampPlan, 
/**
 * Whether it goes on.
 */
phase: RampPhase, 
/**
 * How many steps were made.
 */
made: number, 
/**
 * Who started it.
 */
by: Actor, 
/**
 * When it was started, in milliseconds since 1970.
 */
startedMs: number, 
/**
 * When the present step was made, in milliseconds since 1970; `null` before the first.
 */
steppedMs: number | null, 
/**
 * What is missing for the next step, or to be complete after the last; empty if it has ended.
 */
missing: Array<RampMissing>, 
/**
 * The earliest moment of the next step, in milliseconds since 1970; `null` if it is not known.
 */
earliestMs: number | null, 
/**
 * When it was not watched last, if its step began again for that.
 */
gap: RampGap | null, 
/**
 * Where it is and what is missing, in words.
 */
sentence: string, };

/**
 * The steps of a ramp, and what each of them needs.
 */
export type RampPlan = { 
/**
 * The percentages, each larger than the one before.
 */
steps: Array<number>, 
/**
 * For how long each step is watched at least, in seconds.
 */
dwellS: number, 
/**
 * How many calculations of users with it on each step has to see.
 */
leastExposed: number, 
/**
 * When steps may be made; `null` for at any time.
 */
hours: RampHours | null, };

/**
 * Working hours. They may go over midnight, and belong to the day they begin on then.
 */
export type RampHours = { 
/**
 * The days, from Monday on, each once.
 */
days: Array<RampDay>, 
/**
 * When they begin, by the clock of the zone: `09:00`.
 */
from: string, 
/**
 * When they end: `17:00`. The same as `from` for the whole day.
 */
to: string, 
/**
 * The name of the time zone: `Europe/Berlin`.
 */
zone: string, };

/**
 * A day of the week.
 */
export type RampDay = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";

/**
 * Whether a ramp goes on.
 */
export type RampPhase = "running" | "paused" | "changed" | "completed" | "aborted" | "rolledBack";

/**
 * A time in which a ramp was not watched.
 */
export type RampGap = { 
/**
 * Why.
 */
why: Unwatched, 
/**
 * When it began, in milliseconds since 1970.
 */
fromMs: number, 
/**
 * When it ended, in milliseconds since 1970.
 */
toMs: number, };

/**
 * Why a ramp was not watched.
 */
export type Unwatched = "closed" | "unstored" | "silent" | "off";

/**
 * Something that has to come before the next step is made.
 */
export type RampMissing = { "kind": "person" } | { "kind": "start", 
/**
 * When, in milliseconds since 1970.
 */
atMs: number, } | { "kind": "guard" } | { "kind": "watching", 
/**
 * Why.
 */
why: Unwatched, 
/**
 * Since when, in milliseconds since 1970.
 */
sinceMs: number, } | { "kind": "time", 
/**
 * How much, in milliseconds.
 */
leftMs: number, } | { "kind": "exposed", 
/**
 * How many.
 */
left: number, } | { "kind": "hours", 
/**
 * When they begin, in milliseconds since 1970; `null` if never within a week.
 */
opensMs: number | null, };

/**
 * A plan of ramps under a name.
 */
export type NamedPlan = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its steps, and what each needs.
 */
plan: RampPlan, 
/**
 * Whether every data folder has it, so that it can be neither changed nor removed.
 */
isBuiltIn: boolean, };

/**
 * A rollout with everything that happened.
 */
export type RolloutDetails = { 
/**
 * How it stands.
 */
status: RolloutStatus, 
/**
 * How the evidence of the present attempt grew.
 */
points: Array<EvidencePoint>, 
/**
 * What happened, latest first.
 */
timeline: Array<TimelineEntry>, };

/**
 * The evidence at one moment.
 */
export type EvidencePoint = { 
/**
 * When, in milliseconds since 1970.
 */
atMs: number, 
/**
 * The evidence of each test.
 */
evidence: Evidence, 
/**
 * The difference of the shares of failed calculations so far.
 */
difference: Interval | null, 
/**
 * What was counted so far.
 */
exposed: ArmCounts, 
/**
 * The same of the others.
 */
control: ArmCounts, };

/**
 * Something that happened to a rollout.
 */
export type TimelineEntry = { 
/**
 * Its number.
 */
id: number, 
/**
 * When, in milliseconds since 1970.
 */
atMs: number, 
/**
 * The component; `null` for the default rollout.
 */
component: string | null, 
/**
 * What.
 */
what: Happened, 
/**
 * The same in words.
 */
sentence: string, 
/**
 * Who did it; `null` if Flagdeck did.
 */
by: Actor | null, 
/**
 * The revision that came of it, if one did.
 */
revision: number | null, 
/**
 * The decision that it is of, if it is of one.
 */
decision: number | null, };

/**
 * What may happen to a rollout.
 */
export type Happened = "attemptBegan" | "rampStarted" | "stepMade" | "stepBeganAgain" | "held" | "released" | "paused" | "resumed" | "skipped" | "changed" | "aborted" | "completed" | "rolledBack";

/**
 * What was decided about a rollout, briefly.
 */
export type DecisionSummary = { 
/**
 * Its number.
 */
id: number, 
/**
 * When, in milliseconds since 1970.
 */
atMs: number, 
/**
 * The reason, in words.
 */
sentence: string, 
/**
 * The revision that rolled it back; `null` if that is not saved yet, or was not needed.
 */
revision: number | null, };

/**
 * What was decided about a rollout, with everything that led to it.
 */
export type Decision = { 
/**
 * Its number.
 */
id: number, 
/**
 * The component; `null` for the default rollout.
 */
component: string | null, 
/**
 * When, in milliseconds since 1970.
 */
atMs: number, 
/**
 * The attempt at this rollout, from 1.
 */
attempt: number, 
/**
 * When that began, in milliseconds since 1970.
 */
beganMs: number, 
/**
 * What was decided.
 */
action: GuardAction, 
/**
 * What led to it.
 */
test: GuardTest, 
/**
 * The reason, in words.
 */
sentence: string, 
/**
 * What the rollout was held to.
 */
rules: GuardRules, 
/**
 * The percentage it had, 0 to 100.
 */
percentage: number, 
/**
 * The evidence of each test.
 */
tests: Array<TestStatus>, 
/**
 * What was counted of users with it on.
 */
exposed: ArmCounts, 
/**
 * The same of the others.
 */
control: ArmCounts, 
/**
 * The difference of the shares of failed calculations.
 */
difference: Interval | null, 
/**
 * Memory at the end, in bytes, if it was reported.
 */
memoryBytes: number | null, 
/**
 * Blocks that it was decided after.
 */
blocks: number, 
/**
 * The revision in force when it was decided.
 */
base: number, 
/**
 * What became of it.
 */
outcome: DecisionOutcome, };

/**
 * What became of a decision.
 */
export type DecisionOutcome = { "kind": "pending", 
/**
 * Why it could not be yet.
 */
trouble: string | null, } | { "kind": "done", 
/**
 * The revision.
 */
revision: number, 
/**
 * Whether it is an override of the document that is followed.
 */
isOverride: boolean, } | { "kind": "wasOff" };

/**
 * A decision as it is judged again from what was stored.
 */
export type Replayed = { 
/**
 * The decision.
 */
decision: Decision, 
/**
 * Whether the blocks that were stored lead to the same decision; `null` if they are not kept
 * any more.
 */
isSame: boolean | null, 
/**
 * How the evidence grew.
 */
points: Array<EvidencePoint>, };

/**
 * What the backend tells the window. The window reads what changed; the event does not carry it.
 */
export type Announcement = { "kind": "flags", 
/**
 * The revision in force.
 */
revision: RevisionNumber, } | { "kind": "status" } | { "kind": "state", 
/**
 * The name of the source.
 */
source: string | null, } | { "kind": "rollouts" } | { "kind": "rolled_back", 
/**
 * The number of the decision.
 */
id: number, 
/**
 * The component; `null` for the default rollout.
 */
component: string | null, 
/**
 * The reason, in words.
 */
sentence: string, } | { "kind": "command", 
/**
 * Its name in the catalogue of commands.
 */
id: string, } | { "kind": "close_asked" } | { "kind": "dropped", 
/**
 * Its name without its folder.
 */
name: string, } | { "kind": "importing", 
/**
 * Snapshots of the file that are read.
 */
done: number, 
/**
 * Snapshots of the file.
 */
total: number, } | { "kind": "reading_roster", 
/**
 * Bytes that are read; rows of a table of SQLite.
 */
done: number, 
/**
 * How many there are.
 */
total: number, };

/**
 * What belongs to the window alone. Losing it loses no data.
 */
export type Preferences = { 
/**
 * Light, dark, or as the desktop has it.
 */
theme: Theme, 
/**
 * The view shown at start.
 */
view: View, 
/**
 * How large everything is drawn, in per cent: 100 to 200.
 */
zoom: number, 
/**
 * Whether the tour of the first run was taken or skipped.
 */
isToured: boolean, 
/**
 * What was last run from the palette, latest first.
 */
recent: Array<string>, 
/**
 * The roster that previews are counted over; the one imported last if `null`.
 */
roster: string | null, };

/**
 * The colours of the window.
 */
export type Theme = "system" | "light" | "dark";

/**
 * A view of the window.
 */
export type View = "dashboard" | "flags" | "rollouts" | "rosters" | "metrics" | "snapshots" | "activity" | "settings";

/** Every code of a failure. */
export const CODES: readonly Code[] = [
  "failed",
  "state_damaged",
  "busy",
  "disk_full",
  "not_collecting",
  "invalid",
  "large_loss",
  "malformed",
  "too_large",
  "too_many",
  "not_found",
  "conflict",
  "remote",
  "nothing_to_do",
  "pinned",
  "restore_ended",
  "read_only",
  "not_kept",
  "store_gone",
  "not_printed",
  "unauthorized",
  "foreign",
  "method_not_allowed",
  "too_slow",
  "stale",
  "address_too_long",
  "unsupported_media_type",
  "key_reused",
  "if_match_required",
  "queue_full",
  "too_much_at_once",
  "too_many_bad_tokens",
  "head_too_large",
  "too_many_streams",
  "circle",
];
