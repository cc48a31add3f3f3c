// Generated from src-tauri/src/wire.rs by `UPDATE_BINDINGS=1 cargo test bindings`.

/**
 * Everything the window shows of the flags at one revision.
 */
export type Flags = { 
/**
 * The revision shown; 0 while nothing has been saved and the safe default is in force.
 */
revision: number, 
/**
 * When it was saved, in milliseconds since 1970; `null` for revision 0.
 */
atMs: number | null, 
/**
 * Who saved it; `null` for revision 0.
 */
actor: Actor | null, 
/**
 * What changed with it, a sentence each.
 */
changes: Array<string>, 
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
 * A face of Flagdeck.
 */
export type Via = "window" | "flagctl" | "http";

/**
 * A revision that undo or redo would act on.
 */
export type Step = { 
/**
 * Its number.
 */
revision: number, 
/**
 * What it changed, in words.
 */
sentence: string, };

/**
 * A flag document as published. Keys the format does not have are kept by the store.
 */
export type Document = { 
/**
 * The master switch.
 */
enabled: boolean, 
/**
 * The component tree.
 */
components: Group, 
/**
 * The rollout of every component that has none of its own.
 */
rollout: Rollout, 
/**
 * Rollouts of single components, by path.
 */
rollouts?: { [key in string]: Rollout }, 
/**
 * What a component needs to be on, by path.
 */
requires?: { [key in string]: Array<string> }, 
/**
 * What people should know about a component or group, by path.
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
 * Per cent of all users, 0 to 100 in steps of 0.001.
 */
percentage: number, 
/**
 * Names of groups the strategy gives a meaning to.
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
 * How users are hashed into buckets.
 */
export type Bucketing = "flagd-3" | "flagd-2";

/**
 * What people should know about a component.
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
 * The day it should be gone, `YYYY-MM-DD`.
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
component: string, };

/**
 * What came of a change.
 */
export type Outcome = { 
/**
 * The revision in force after it.
 */
revision: number, 
/**
 * Whether it made that revision; `false` where everything was so already.
 */
changed: boolean, 
/**
 * What changed, a sentence each.
 */
changes: Array<string>, };

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
 * Everything wrong with a document, where that was the reason.
 */
problems: Array<Problem>, 
/**
 * The revision in force, where a conflict was the reason.
 */
winner?: number, };

/**
 * The kind of a failure: stable names that programs may branch on.
 */
export type Code = "invalid" | "not_found" | "conflict" | "nothing_to_do" | "read_only" | "failed";

/**
 * One thing wrong with a document.
 */
export type Problem = { 
/**
 * `error` refuses the document, `warning` does not.
 */
severity: string, 
/**
 * The kind, to branch on.
 */
code: string, 
/**
 * Where: a JSON Pointer.
 */
pointer: string, 
/**
 * What is wrong, in one sentence.
 */
message: string, };

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
 * Why nothing can be saved; `null` where everything can.
 */
readOnly: string | null, 
/**
 * What people should know, newest last.
 */
notices: Array<Notice>, };

/**
 * Something people are told once and can read again.
 */
export type Notice = { 
/**
 * How bad it is.
 */
level: Level, 
/**
 * What happened, what was kept and what to do.
 */
message: string, };

/**
 * How bad a notice is.
 */
export type Level = "info" | "warning" | "error";

/**
 * What the backend tells the window; always read anew, never carried in the event.
 */
export type Announcement = { "kind": "flags", 
/**
 * The revision in force.
 */
revision: number, } | { "kind": "status" };

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
view: View, };

/**
 * The colours of the window.
 */
export type Theme = "system" | "light" | "dark";

/**
 * A view of the window.
 */
export type View = "dashboard" | "flags";
