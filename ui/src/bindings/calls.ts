// Generated from src-tauri/src/wire/calls.rs by `UPDATE_BINDINGS=1 cargo test bindings`.

import type { Actor, AsOf, Backup, Blame, BuildInfo, ChartQuery, Charts, ChosenFile, ChosenWorkspace, Connected, Definitions, DemoStatus, Difference, Edit, Explanation, Flags, FollowedReview, ForgottenUser, Given, HistoryFilter, HistoryPage, LastChange, ListedUsers, Look, NamedPlan, OnFor, OpenedPage, Outcome, OverrideSelection, OwnGuardRules, Person, Planned, Preferences, Previewed, Publishing, PublishingReview, Pulse, Quarantined, RampPlan, RemovedDemo, Replayed, RestoreFilter, RestorePage, RestoreRequest, Review, RevisionChange, RolloutDetails, RolloutStatus, RosterFile, RosterInfo, Setting, SettingValue, Snapshot, SnapshotFilter, SnapshotLabel, SnapshotPage, SnapshotsFile, StateAt, StateDifference, StateDifferenceOptions, StateRestore, StateSource, Status, Survey, TakenBack, Tally, Target, TargetedOverride, Timeline, Wanted, Widenings, WorkspaceFile } from "./wire";

/** The calls of the page to the backend; each rejects with a `Failure`. */
export interface Calls {
  /** The flags at the revision in force. */
  flags(): Promise<Flags>;
  /** Makes one revision of `edit`; with `base`, only if that is the revision in force. A document that removes more than half of the components is refused unless `confirmsLoss`. */
  change(edit: Edit, base?: number | null, confirmsLoss?: boolean | null): Promise<Outcome>;
  /** Shows a component to fewer people again, if `base` is the revision in force. */
  rollBack(component: string, base: number): Promise<Outcome>;
  /** Takes the change back that made the revision `of`, if it is still the one to take back. */
  undo(of: number): Promise<Outcome>;
  /** Brings it back by the same rule. */
  redo(of: number): Promise<Outcome>;
  /** Turns everything off, whatever else hangs; what cannot be stored yet is stored when it can. */
  emergencyOff(): Promise<Outcome>;
  /** The document in force as JSON text, indented, with every key it has. */
  documentText(): Promise<string>;
  /** The document in force as flag definitions of flagd, and what is not in them. */
  definitions(): Promise<Definitions>;
  /** Says what is wrong with a document, and what it would change. Changes nothing. */
  review(text: string): Promise<Review>;
  /** Says why a component is what it is for one user, as of a moment or else as it is; an empty `user` is one without an id. */
  explain(component: string, user: string, groups: ReadonlyArray<string>, at?: AsOf | null): Promise<Explanation>;
  /** Lists the components that an edit would show to users who do not see them. Changes nothing. */
  widenings(edit: Edit): Promise<Widenings>;
  /** Says what a change would do to whom: counted over a roster, the one imported last unless it is named, or as an expected share if there is none. Changes nothing. */
  preview(planned: Planned, roster?: string | null): Promise<Previewed>;
  /** The same for a `set_rollout` whose percentage moves, on a document as of a moment or else as things are: the first call looks at every user, the next ones at none. */
  slide(edit: Edit, roster?: string | null): Promise<Tally>;
  /** For how many people of the roster a component is on, as of a moment or else as things are; `null` without a roster. */
  onFor(component: string, roster?: string | null, at?: AsOf | null): Promise<OnFor | null>;
  /** Lists users of the roster to whom a change would do something. */
  previewUsers(planned: Planned, roster: string | null, wanted: Wanted): Promise<ListedUsers>;
  /** Lets the user choose where to write all of them as a table, for its owner alone, from `wanted.offset` on; `null` for none. */
  exportUsers(planned: Planned, roster: string | null, wanted: Wanted, name: string): Promise<string | null>;
  /** Every rollout that is watched, ramps or was rolled back, and those that could be: the ones that need a person first, then in the order of the document. */
  rollouts(): Promise<Array<RolloutStatus>>;
  /** One of them with its evidence and all that happened; the default rollout without a `component`. */
  rollout(component?: string | null): Promise<RolloutDetails>;
  /** Every plan of ramps, those that every data folder has first. */
  rampPlans(): Promise<Array<NamedPlan>>;
  /** Keeps a plan under a name, in place of the one that has it. */
  saveRampPlan(name: string, plan: RampPlan): Promise<Array<NamedPlan>>;
  /** Removes a plan. */
  removeRampPlan(name: string): Promise<Array<NamedPlan>>;
  /** Starts a ramp; its first step is made at `starts_ms`, or as soon as nothing is missing for it. */
  startRamp(component: string | null, plan: RampPlan, planName?: string | null, startsMs?: number | null): Promise<RolloutDetails>;
  /** Pauses the ramp of a rollout: it stays where it is. */
  pauseRamp(component?: string | null): Promise<RolloutDetails>;
  /** Lets it go on; the present step is watched from the beginning. */
  resumeRamp(component?: string | null): Promise<RolloutDetails>;
  /** Makes the next step at once, whatever is missing for it. */
  skipRamp(component?: string | null): Promise<RolloutDetails>;
  /** Ends it where it is; or puts the rollout back to what it was before. */
  abortRamp(component: string | null, putsBack: boolean): Promise<RolloutDetails>;
  /** Sets what one rollout alone is held to, in place of what was set. */
  setGuardRules(component: string | null, rules: OwnGuardRules): Promise<RolloutDetails>;
  /** Judges a decision again, from what was stored. */
  replayDecision(id: number): Promise<Replayed>;
  /** Every roster, by name. */
  rosters(): Promise<Array<RosterInfo>>;
  /** Lets the user choose a file of users to look at and import; `null` if they chose none. */
  chooseRoster(): Promise<RosterFile | null>;
  /** The file that was dropped on the window last, once, as a file of users; `null` if there is none. */
  droppedRoster(): Promise<RosterFile | null>;
  /** Reads the file of users that was chosen last, and says what was understood; `null` if that was cancelled. `table` is the one that is meant of a database. */
  lookAtRoster(name: string, table?: string | null): Promise<Look | null>;
  /** Imports it, in place of the roster of this name if there is one; `null` if that was cancelled: then nothing is changed. */
  importRoster(name: string, table?: string | null): Promise<Look | null>;
  /** Ends the reading of a file of users that goes on, if any. */
  cancelReading(): Promise<void>;
  /** Removes a roster for good. */
  removeRoster(name: string): Promise<RosterInfo>;
  /** Finds a user in a roster; `null` if the user is not in it. */
  findPerson(roster: string, id: string): Promise<Person | null>;
  /** What a user gets of every component, in the order of the document. */
  given(user: string, groups: ReadonlyArray<string>): Promise<Array<Given>>;
  /** Removes a user from every roster, and ends the overrides for the user. */
  forgetPerson(id: string): Promise<ForgottenUser>;
  /** Ends overrides: what is followed is in force there again. */
  clearOverrides(which: OverrideSelection): Promise<Outcome>;
  /** Publishes overrides to the document that is followed. One that would remove more than half of the components is refused unless `confirmsLoss`. */
  publishOverrides(which: OverrideSelection, confirmsLoss?: boolean | null): Promise<Publishing>;
  /** Switches a component on or off for one application or one user, for so many milliseconds: a minute to 30 days. */
  overrideFor(target: Target, component: string, on: boolean, forMs: number): Promise<TargetedOverride>;
  /** Ends overrides for single applications and users: of one of these, of a component, or all; resolves to those that were in force. */
  endTargeted(target?: Target | null, component?: string | null): Promise<Array<TargetedOverride>>;
  /** Adopts the document that is held, if it still is the one that `document` names. */
  acceptFollowed(document: string): Promise<Outcome>;
  /** Fetches the document that is followed, and says what adopting it would do. Changes nothing. */
  reviewFollowed(): Promise<FollowedReview>;
  /** Says what publishing overrides would do at the remote. Changes nothing. */
  reviewPublishing(which: OverrideSelection): Promise<PublishingReview>;
  /** Fetches the document that is followed now. */
  fetchFollowed(): Promise<Status>;
  /** Revisions that `filter` lets through, latest first, without the first `offset` of them. */
  history(filter: HistoryFilter, offset: number, limit: number): Promise<HistoryPage>;
  /** Everybody who ever saved a revision. */
  actors(): Promise<Array<Actor>>;
  /** For every component that a revision later than `after` changed, the last that did. */
  lastChanges(after: number): Promise<Array<LastChange>>;
  /** What a revision changed, against the one before it. */
  changedBy(revision: number): Promise<RevisionChange>;
  /** What differs between two revisions; 0 stands for the safe default. */
  difference(from: number, to: number): Promise<Difference>;
  /** Puts the document of a revision in force again, as a revision of its own. */
  restore(revision: number): Promise<Outcome>;
  /** What the last minutes were like, as soon as it differs from the pulse `since`; `null` if it does not for a while. */
  pulse(since?: number | null): Promise<Pulse | null>;
  /** Everything the charts draw of a span. */
  charts(query: ChartQuery): Promise<Charts>;
  /** How the demo stands: whether this window plays it, and what it left. */
  demo(): Promise<DemoStatus>;
  /** Plays the demo in this window, and turns flags on for it if they are the safe default. */
  startDemo(): Promise<DemoStatus>;
  /** Stops the demo; what it reported stays. */
  stopDemo(): Promise<DemoStatus>;
  /** Deletes all that synthetic sources reported, for good, and turns flags back that were turned on for the demo, unless they are to be kept. */
  removeDemo(keepFlags: boolean): Promise<RemovedDemo>;
  /** Opens the sample app in the browser, and turns flags on for it if they are the safe default. Resolves to its address, which has the token in it. */
  openSample(): Promise<OpenedPage>;
  /** The flags as they were; undo and redo are `null`. */
  flagsAt(at: AsOf): Promise<Flags>;
  /** Every source that has a state or a snapshot, the latest heard first. */
  stateSources(): Promise<Array<StateSource>>;
  /** Snapshots that `filter` lets through, latest first, without the first `offset` of them. */
  snapshots(filter: SnapshotFilter, offset: number, limit: number): Promise<SnapshotPage>;
  /** How much changed when, among what `filter` lets through, in so many columns; `null` without any snapshot. */
  timeline(filter: SnapshotFilter, columns: number): Promise<Timeline | null>;
  /** Takes a snapshot of a source, or of every one that has a state. */
  takeSnapshot(source: string | null, label: SnapshotLabel): Promise<Array<Snapshot>>;
  /** Pins, names or notes a snapshot. */
  labelSnapshot(id: number, label: SnapshotLabel): Promise<Snapshot>;
  /** Takes away snapshots that came from a file. */
  removeImported(source: string): Promise<void>;
  /** What differs between two states. */
  stateDifference(from: StateAt, to: StateAt, options: StateDifferenceOptions): Promise<StateDifference>;
  /** A state as JSON text, or the part of it under a JSON Pointer. */
  stateText(at: StateAt, pointer: string): Promise<string>;
  /** What turns the one state into the other, as RFC 6902 JSON Patch text. */
  statePatch(from: StateAt, to: StateAt): Promise<string>;
  /** Which change set a value or took it away, when, from where. `key` is a key as a difference prints it, or a JSON Pointer. */
  blame(at: StateAt, key: string): Promise<Blame>;
  /** What restoring would change. */
  previewRestore(request: RestoreRequest, options: StateDifferenceOptions): Promise<StateDifference>;
  /** Asks a source to restore its state, after a snapshot of what it is. */
  restoreState(request: RestoreRequest): Promise<StateRestore>;
  /** Puts a snapshot in the place of a state that is damaged: its latest that can be read, unless one is named. */
  recoverState(source: string, snapshot?: number | null): Promise<StateRestore>;
  /** Restores that `filter` lets through, latest first, without the first `offset` of them. */
  stateRestores(filter: RestoreFilter, offset: number, limit: number): Promise<RestorePage>;
  /** Takes back an open restore: the source is no longer asked for it. */
  cancelRestore(id: number): Promise<StateRestore>;
  /** Removes the record of a restore that is damaged. */
  removeDamagedRestore(id: number): Promise<void>;
  /** What undoing a restore would change. */
  previewUndoRestore(id: number, options: StateDifferenceOptions): Promise<StateDifference>;
  /** Asks for the same parts as they were before a restore; cancels it if it is open. */
  undoRestore(id: number): Promise<StateRestore>;
  /** Lets a person choose where to write a bundle of snapshots; `null` for none. */
  exportSnapshots(ids: ReadonlyArray<number>): Promise<SnapshotsFile | null>;
  /** Lets a person choose a bundle, a snapshot or a state to read; `null` for none. */
  importSnapshots(): Promise<Array<Snapshot> | null>;
  /** Ends the import of snapshots that goes on, if any; none of its snapshots is kept. */
  cancelImport(): Promise<void>;
  /** How the application itself is doing. */
  status(): Promise<Status>;
  /** Every key of the configuration. */
  settings(): Promise<Array<Setting>>;
  /** Writes a setting to the data folder's file; `null` takes it out of there. A dialog of the desktop asks about an address or an origin first; resolves to `null` if the user does not confirm it. */
  changeSetting(name: string, value: SettingValue): Promise<Array<Setting> | null>;
  /** Tries again to serve flags over HTTP, if they are not served. */
  serve(): Promise<Status>;
  /** The clients that used this window's server lately. */
  connected(): Promise<Connected>;
  /** The token that writing over HTTP needs. */
  token(): Promise<string>;
  /** Replaces the token; the one before is refused from then on. */
  rotateToken(): Promise<string>;
  /** Every backup, newest first. */
  backups(): Promise<Array<Backup>>;
  /** Makes a backup; `null` if one holds the latest revision already. */
  backUp(): Promise<Backup | null>;
  /** What restoring a backup would change. */
  backupDifference(name: string): Promise<Difference>;
  /** Puts the latest document of a backup in force, as a revision. */
  restoreBackup(name: string): Promise<Outcome>;
  /** Lets the user choose where to write the workspace: flags with their history, settings without secrets, and snapshots if asked for; `null` for none. */
  exportWorkspace(withSnapshots: boolean): Promise<WorkspaceFile | null>;
  /** Lets the user choose a workspace, which a fresh data folder can start with, and checks it; `null` for none. */
  chooseWorkspace(): Promise<ChosenWorkspace | null>;
  /** Starts this data folder with the workspace that was chosen last. */
  importWorkspace(): Promise<WorkspaceFile>;
  /** Puts everything that is open back into a data folder that was removed or replaced; resolves to where what was in its place is kept. */
  writeBack(): Promise<Array<string>>;
  /** Continues with the store in its place; resolves to where what was open is kept. */
  useNewStore(): Promise<Array<string>>;
  /** Every entry of the quarantine, earliest first. */
  quarantine(): Promise<Array<Quarantined>>;
  /** What can be read of an entry, and what of it can be taken back. */
  survey(name: string): Promise<Survey>;
  /** Marks entries as seen: nothing tells of them any more. */
  noteQuarantineSeen(names: ReadonlyArray<string>): Promise<void>;
  /** Deletes the files of an entry for good. */
  removeQuarantined(name: string): Promise<void>;
  /** Adds what is sound in an entry and missing here, as it was. */
  takeBack(name: string): Promise<TakenBack>;
  /** Lets the user choose where to write what can be read of an entry; `null` for nowhere. */
  exportQuarantined(name: string): Promise<string | null>;
  /** What Flagdeck is made of. */
  buildInfo(): Promise<BuildInfo>;
  /** What belongs to the window alone. */
  preferences(): Promise<Preferences>;
  /** Keeps what belongs to the window alone. */
  setPreferences(preferences: Preferences): Promise<void>;
  /** Lets a person choose a document to read; `null` if they chose none. */
  chooseFile(): Promise<ChosenFile | null>;
  /** The file that was dropped on the window last, once; `null` if there is none. */
  droppedFile(): Promise<ChosenFile | null>;
  /** Lets the user choose where to write a text, for its owner alone if it is private; resolves to the place, or `null` for none. */
  saveFile(name: string, text: string, isPrivate?: boolean | null): Promise<string | null>;
  /** The same for a picture: the bytes of a PNG file in base64. */
  savePicture(name: string, base64: string): Promise<string | null>;
  /** Shows the data folder in the desktop's file manager. */
  showDataFolder(): Promise<void>;
  /** Says whether closing the window would lose something that was typed. */
  setUnsaved(isUnsaved: boolean): Promise<void>;
  /** Names in the native menu what undo and redo would act on; `null` for nothing. */
  nameSteps(undo?: string | null, redo?: string | null): Promise<void>;
  /** Closes the window, whatever is unsaved. */
  close(): Promise<void>;
}

/** The name of each in the backend, and those of its parameters, in their order. */
export const CALLS: Record<keyof Calls, readonly [string, ...string[]]> = {
  flags: ["flags"],
  change: ["change", "edit", "base", "confirmsLoss"],
  rollBack: ["roll_back", "component", "base"],
  undo: ["undo", "of"],
  redo: ["redo", "of"],
  emergencyOff: ["emergency_off"],
  documentText: ["document_text"],
  definitions: ["definitions"],
  review: ["review", "text"],
  explain: ["explain", "component", "user", "groups", "at"],
  widenings: ["widenings", "edit"],
  preview: ["preview", "planned", "roster"],
  slide: ["slide", "edit", "roster"],
  onFor: ["on_for", "component", "roster", "at"],
  previewUsers: ["preview_users", "planned", "roster", "wanted"],
  exportUsers: ["export_users", "planned", "roster", "wanted", "name"],
  rollouts: ["rollouts"],
  rollout: ["rollout", "component"],
  rampPlans: ["ramp_plans"],
  saveRampPlan: ["save_ramp_plan", "name", "plan"],
  removeRampPlan: ["remove_ramp_plan", "name"],
  startRamp: ["start_ramp", "component", "plan", "planName", "startsMs"],
  pauseRamp: ["pause_ramp", "component"],
  resumeRamp: ["resume_ramp", "component"],
  skipRamp: ["skip_ramp", "component"],
  abortRamp: ["abort_ramp", "component", "putsBack"],
  setGuardRules: ["set_guard_rules", "component", "rules"],
  replayDecision: ["replay_decision", "id"],
  rosters: ["rosters"],
  chooseRoster: ["choose_roster"],
  droppedRoster: ["dropped_roster"],
  lookAtRoster: ["look_at_roster", "name", "table"],
  importRoster: ["import_roster", "name", "table"],
  cancelReading: ["cancel_reading"],
  removeRoster: ["remove_roster", "name"],
  findPerson: ["find_person", "roster", "id"],
  given: ["given", "user", "groups"],
  forgetPerson: ["forget_person", "id"],
  clearOverrides: ["clear_overrides", "which"],
  publishOverrides: ["publish_overrides", "which", "confirmsLoss"],
  overrideFor: ["override_for", "target", "component", "on", "forMs"],
  endTargeted: ["end_targeted", "target", "component"],
  acceptFollowed: ["accept_followed", "document"],
  reviewFollowed: ["review_followed"],
  reviewPublishing: ["review_publishing", "which"],
  fetchFollowed: ["fetch_followed"],
  history: ["history", "filter", "offset", "limit"],
  actors: ["actors"],
  lastChanges: ["last_changes", "after"],
  changedBy: ["changed_by", "revision"],
  difference: ["difference", "from", "to"],
  restore: ["restore", "revision"],
  pulse: ["pulse", "since"],
  charts: ["charts", "query"],
  demo: ["demo"],
  startDemo: ["start_demo"],
  stopDemo: ["stop_demo"],
  removeDemo: ["remove_demo", "keepFlags"],
  openSample: ["open_sample"],
  flagsAt: ["flags_at", "at"],
  stateSources: ["state_sources"],
  snapshots: ["snapshots", "filter", "offset", "limit"],
  timeline: ["timeline", "filter", "columns"],
  takeSnapshot: ["take_snapshot", "source", "label"],
  labelSnapshot: ["label_snapshot", "id", "label"],
  removeImported: ["remove_imported", "source"],
  stateDifference: ["state_difference", "from", "to", "options"],
  stateText: ["state_text", "at", "pointer"],
  statePatch: ["state_patch", "from", "to"],
  blame: ["blame", "at", "key"],
  previewRestore: ["preview_restore", "request", "options"],
  restoreState: ["restore_state", "request"],
  recoverState: ["recover_state", "source", "snapshot"],
  stateRestores: ["state_restores", "filter", "offset", "limit"],
  cancelRestore: ["cancel_restore", "id"],
  removeDamagedRestore: ["remove_damaged_restore", "id"],
  previewUndoRestore: ["preview_undo_restore", "id", "options"],
  undoRestore: ["undo_restore", "id"],
  exportSnapshots: ["export_snapshots", "ids"],
  importSnapshots: ["import_snapshots"],
  cancelImport: ["cancel_import"],
  status: ["status"],
  settings: ["settings"],
  changeSetting: ["change_setting", "name", "value"],
  serve: ["serve"],
  connected: ["connected"],
  token: ["token"],
  rotateToken: ["rotate_token"],
  backups: ["backups"],
  backUp: ["back_up"],
  backupDifference: ["backup_difference", "name"],
  restoreBackup: ["restore_backup", "name"],
  exportWorkspace: ["export_workspace", "withSnapshots"],
  chooseWorkspace: ["choose_workspace"],
  importWorkspace: ["import_workspace"],
  writeBack: ["write_back"],
  useNewStore: ["use_new_store"],
  quarantine: ["quarantine"],
  survey: ["survey", "name"],
  noteQuarantineSeen: ["note_quarantine_seen", "names"],
  removeQuarantined: ["remove_quarantined", "name"],
  takeBack: ["take_back", "name"],
  exportQuarantined: ["export_quarantined", "name"],
  buildInfo: ["build_info"],
  preferences: ["preferences"],
  setPreferences: ["set_preferences", "preferences"],
  chooseFile: ["choose_file"],
  droppedFile: ["dropped_file"],
  saveFile: ["save_file", "name", "text", "isPrivate"],
  savePicture: ["save_picture", "name", "base64"],
  showDataFolder: ["show_data_folder"],
  setUnsaved: ["set_unsaved", "isUnsaved"],
  nameSteps: ["name_steps", "undo", "redo"],
  close: ["close"],
};
