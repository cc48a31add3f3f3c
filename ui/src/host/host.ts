/**
 * What the window asks of the backend. The only way to it: views and state know this
 * interface, one file implements it over IPC, and tests implement it in memory.
 */

import type {
  Actor,
  Announcement,
  AsOf,
  Backup,
  Blame,
  ChartQuery,
  Charts,
  ChosenFile,
  Code,
  Difference,
  Edit,
  Explanation,
  Failure,
  Flags,
  HistoryFilter,
  HistoryPage,
  Imprint,
  LastChange,
  Outcome,
  Preferences,
  Pulse,
  RestoreFilter,
  RestorePage,
  RestoreRequest,
  Review,
  Setting,
  SettingValue,
  Snapshot,
  SnapshotFilter,
  SnapshotLabel,
  SnapshotPage,
  StateAt,
  StateDifference,
  StateDifferenceOptions,
  StateRestore,
  StateSource,
  Status,
  Timeline,
  Widenings,
} from "../bindings/wire";

/** Every call rejects with a {@link Failure}, or with what {@link asFailure} makes one of. */
export interface Host {
  // The flags.

  /** The flags at the revision in force. */
  flags(): Promise<Flags>;
  /** The document in force as JSON text, indented, with every key it has. */
  documentText(): Promise<string>;
  /**
   * Makes one revision of `edit`; with `base`, only if that is the revision in force. A document
   * that removes more than half of the components is refused unless `confirmsLoss`.
   */
  change(edit: Edit, base?: number, confirmsLoss?: boolean): Promise<Outcome>;
  /** Shows a component to fewer people again, if `base` is the revision in force. */
  rollBack(component: string, base: number): Promise<Outcome>;
  /** Takes the change back that made the revision `of`, if it is still the one to take back. */
  undo(of: number): Promise<Outcome>;
  /** Brings it back by the same rule. */
  redo(of: number): Promise<Outcome>;
  /** Turns everything off, whatever else hangs; what cannot be stored yet is stored when it can. */
  emergencyOff(): Promise<Outcome>;
  /** Says what is wrong with a document, and what it would change. Changes nothing. */
  review(text: string): Promise<Review>;
  /**
   * Says why a component is what it is for one user, as of a moment or else as it is; an empty
   * `user` is one without an id.
   */
  explain(
    component: string,
    user: string,
    groups: readonly string[],
    at?: AsOf,
  ): Promise<Explanation>;
  /**
   * Lists the components that an edit would show to users who do not see them. Changes nothing.
   */
  widenings(edit: Edit): Promise<Widenings>;
  /** The flags as they were; undo and redo are `null`. */
  flagsAt(at: AsOf): Promise<Flags>;

  // Their history.

  /** Revisions that `filter` lets through, latest first, without the first `offset` of them. */
  history(filter: HistoryFilter, offset: number, limit: number): Promise<HistoryPage>;
  /** Everybody who ever saved a revision. */
  actors(): Promise<Actor[]>;
  /** For every component that a revision later than `after` changed, the last that did. */
  lastChanges(after: number): Promise<LastChange[]>;
  /** What differs between two revisions; 0 stands for the safe default. */
  difference(from: number, to: number): Promise<Difference>;
  /** Puts the document of a revision in force again, as a revision of its own. */
  restore(revision: number): Promise<Outcome>;

  // What applications report.

  /**
   * What the last minutes were like, as soon as it differs from the pulse `since`; `null` where it
   * does not for a while.
   */
  pulse(since: number | null): Promise<Pulse | null>;
  /** Everything the charts draw of a span. */
  charts(query: ChartQuery): Promise<Charts>;

  // What sources keep as state.

  /** Every source that has a state or a snapshot, the latest heard first. */
  stateSources(): Promise<StateSource[]>;
  /** Snapshots that `filter` lets through, latest first, without the first `offset` of them. */
  snapshots(filter: SnapshotFilter, offset: number, limit: number): Promise<SnapshotPage>;
  /** How much changed when, among what `filter` lets through, in so many columns; `null` without
   * any snapshot. */
  timeline(filter: SnapshotFilter, columns: number): Promise<Timeline | null>;
  /** Takes a snapshot of a source, or of every one that has a state. */
  takeSnapshot(source: string | null, label: SnapshotLabel): Promise<Snapshot[]>;
  /** Pins, names or notes a snapshot. */
  labelSnapshot(id: number, label: SnapshotLabel): Promise<Snapshot>;
  /** Takes away snapshots that came from a file. */
  removeImported(source: string): Promise<void>;
  /** What differs between two states. */
  stateDifference(
    from: StateAt,
    to: StateAt,
    options: StateDifferenceOptions,
  ): Promise<StateDifference>;
  /** A state as JSON text, or the part of it under a JSON Pointer. */
  stateText(at: StateAt, pointer: string): Promise<string>;
  /** What turns the one state into the other, as RFC 6902 JSON Patch text. */
  statePatch(from: StateAt, to: StateAt): Promise<string>;
  /**
   * Which change set a value or took it away, when, from where. `key` is a key as a difference
   * prints it, or a JSON Pointer.
   */
  blame(at: StateAt, key: string): Promise<Blame>;
  /** What restoring would change. */
  previewRestore(
    request: RestoreRequest,
    options: StateDifferenceOptions,
  ): Promise<StateDifference>;
  /** Asks a source to restore its state, after a snapshot of what it is. */
  restoreState(request: RestoreRequest): Promise<StateRestore>;
  /** Restores that `filter` lets through, latest first, without the first `offset` of them. */
  stateRestores(filter: RestoreFilter, offset: number, limit: number): Promise<RestorePage>;
  /** Takes back an open restore: the source is no longer asked for it. */
  cancelRestore(id: number): Promise<StateRestore>;
  /** What undoing a restore would change. */
  previewUndoRestore(id: number, options: StateDifferenceOptions): Promise<StateDifference>;
  /** Asks for the same parts as they were before a restore; cancels it if it is open. */
  undoRestore(id: number): Promise<StateRestore>;
  /** Lets a person choose where to write a bundle of snapshots; `null` for none. */
  exportSnapshots(ids: readonly number[]): Promise<string | null>;
  /** Lets a person choose a bundle, a snapshot or a state to read; `null` for none. */
  importSnapshots(): Promise<Snapshot[] | null>;

  // The application.

  /** How the application itself is doing. */
  status(): Promise<Status>;
  /** Every key of the configuration. */
  settings(): Promise<Setting[]>;
  /** Writes a setting to the data folder's file; `null` takes it out of there. */
  changeSetting(name: string, value: SettingValue): Promise<Setting[]>;
  /** The token that writing over HTTP needs. */
  token(): Promise<string>;
  /** Replaces the token; the one before is refused from then on. */
  rotateToken(): Promise<string>;
  /** Every backup, newest first. */
  backups(): Promise<Backup[]>;
  /** Makes a backup; `null` where one holds the latest revision already. */
  backUp(): Promise<Backup | null>;
  /** What restoring a backup would change. */
  backupDifference(name: string): Promise<Difference>;
  /** Puts the latest document of a backup in force, as a revision. */
  restoreBackup(name: string): Promise<Outcome>;
  /**
   * Puts everything that is open back into a data folder that was removed or replaced; resolves to
   * where what was in its place is kept.
   */
  writeBack(): Promise<string[]>;
  /** Continues with the store in its place; resolves to where what was open is kept. */
  useNewStore(): Promise<string[]>;
  /** What Flagdeck is made of. */
  imprint(): Promise<Imprint>;

  // The window.

  /** What belongs to the window alone. */
  preferences(): Promise<Preferences>;
  setPreferences(preferences: Preferences): Promise<void>;
  /** Lets a person choose a document to read; `null` where they chose none. */
  chooseFile(): Promise<ChosenFile | null>;
  /** The file that was dropped on the window last, once; `null` where there is none. */
  droppedFile(): Promise<ChosenFile | null>;
  /** Lets a person choose where to write a text; resolves to the place, or `null` for none. */
  saveFile(name: string, text: string): Promise<string | null>;
  /** The same for a picture: the bytes of a PNG file in base64. */
  savePicture(name: string, base64: string): Promise<string | null>;
  /** Shows the data folder in the desktop's file manager. */
  showDataFolder(): Promise<void>;
  /** Says whether closing the window would lose something that was typed. */
  setUnsaved(isUnsaved: boolean): Promise<void>;
  /** Names in the native menu what undo and redo would act on; `null` for nothing. */
  nameSteps(undo: string | null, redo: string | null): Promise<void>;
  /** Closes the window, whatever is unsaved. */
  close(): Promise<void>;
  /** Calls back on every announcement until the returned function is called. */
  listen(callback: (announcement: Announcement) => void): Promise<() => void>;
}

const codes: ReadonlySet<string> = new Set<Code>([
  "invalid",
  "not_found",
  "conflict",
  "large_loss",
  "nothing_to_do",
  "read_only",
  "store_gone",
  "failed",
]);

/** Makes a failure of whatever a call was rejected with: IPC itself rejects with strings. */
export function asFailure(reason: unknown): Failure {
  if (isFailure(reason)) return reason;
  const message = reason instanceof Error ? reason.message : String(reason);
  return { code: "failed", message, problems: [] };
}

function isFailure(reason: unknown): reason is Failure {
  return (
    typeof reason === "object" &&
    reason !== null &&
    "code" in reason &&
    typeof reason.code === "string" &&
    codes.has(reason.code) &&
    "message" in reason &&
    typeof reason.message === "string" &&
    "problems" in reason &&
    Array.isArray(reason.problems)
  );
}
