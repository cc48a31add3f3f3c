/** States in memory, and the snapshots kept of them: none, the usual, and too many. */

import type {
  Actor,
  Blame,
  Failure,
  Mark,
  RestoreFilter,
  RestorePage,
  RestoreRequest,
  Snapshot,
  SnapshotCause,
  SnapshotFilter,
  SnapshotLabel,
  SnapshotPage,
  SnapshotsFile,
  StateAt,
  StateDifference,
  StateDifferenceOptions,
  StateRestore,
  StateSource,
  Timeline,
  Unreadable,
} from "../../src/bindings/wire";
import { compareStates, exact, excerpt, valueAt } from "./state_compare";
import { askedFor, type Parts } from "./state_parts";
import { failure, Restores } from "./state_restores";
import { course, type Course, type Tree } from "./state_trees";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const BLAMED_MAX = 100;
const maria: Actor = { via: "window", name: "maria" };

/** How a snapshot came to be, as far as one differs from the next. */
export interface Taken {
  atMs: number;
  step: number;
  cause?: SnapshotCause;
  name?: string;
  note?: string;
  isPinned?: boolean;
}

interface Source {
  name: string;
  course: Course;
  /** The step that its state is at; `null` where there are snapshots only. */
  step: number | null;
  /** The state, where it is none of the course. */
  tree: Tree | undefined;
  atMs: number;
  bytes: number;
}

interface Kept {
  snapshot: Snapshot;
  step: number;
  tree: Tree | undefined;
}

/** What the states need of the backend around them. */
export interface Around {
  announce: (source: string | null) => void;
  revision: () => number;
  marks: (fromMs: number, toMs: number) => Mark[];
}

export class KeptStates {
  around: Around = { announce: () => undefined, revision: () => 0, marks: () => [] };
  /** Refuses what is asked while set. */
  refusal: Failure | null = null;
  /** What a person is going to choose to import. */
  nextImport: { source: string; snapshots: number } | null = null;
  /** What was asked for, for tests to look at. */
  readonly asked: { filter: SnapshotFilter; offset: number; limit: number }[] = [];
  readonly exported: number[][] = [];
  /** Whether sources confirm what is restored as soon as they hear of it. */
  isConfirming = false;

  readonly #sources = new Map<string, Source>();
  readonly #kept = new Map<number, Kept>();
  readonly #restores = new Restores();
  /** Sources whose state is damaged, with the latest snapshot that can be read. */
  readonly #damaged = new Map<string, number | null>();
  #lastId = 0;
  #gate: Promise<void> = Promise.resolve();

  /** Leaves every question unanswered until the returned function is called. */
  hold(): () => void {
    let open: () => void = () => undefined;
    this.#gate = new Promise((resolve) => (open = resolve));
    return () => open();
  }

  /** Has a source with these snapshots, earliest first, and a state a step further. */
  add(name: string, taken: readonly Taken[], more: { nowMs?: number; bulk?: Tree } = {}): this {
    const { nowMs = null, bulk } = more;
    const last = taken.at(-1)?.step ?? 0;
    const seed = Array.from(name).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7);
    const made = course(seed, bulk);
    const bytes = JSON.stringify(made(last)).length;
    this.#sources.set(name, {
      name,
      course: made,
      step: nowMs === null ? null : last + 1,
      tree: undefined,
      atMs: nowMs ?? 0,
      bytes,
    });
    for (const each of taken) this.#keep(name, each.step, each);
    return this;
  }

  /** The sources, the last added first. */
  get names(): string[] {
    return [...this.#sources.keys()].reverse();
  }

  /** Keeps the state that a source has under a name. */
  keep(source: string, name: string): void {
    this.#takeNow(source, "asked", { name });
  }

  /** Lets time pass for a source: its state is a later one, of which a snapshot may be taken. */
  tick(name: string, atMs: number, isKept: boolean): void {
    const source = this.#get(name);
    source.step = (source.step ?? 0) + 1;
    source.atMs = atMs;
    source.tree = undefined;
    if (isKept) this.#keep(name, source.step, { atMs, step: source.step });
    this.around.announce(name);
  }

  /** Takes snapshots away, as thinning does. */
  remove(ids: readonly number[]): void {
    for (const id of ids) this.#kept.delete(id);
    this.around.announce(null);
  }

  async stateSources(): Promise<StateSource[]> {
    await this.#gate;
    this.#refuse();
    const heard = ({ atMs, lastSnapshotMs }: StateSource) => atMs ?? lastSnapshotMs ?? 0;
    return [...this.#sources.values()]
      .map((source) => this.#describe(source))
      .toSorted((one, other) => heard(other) - heard(one));
  }

  async snapshots(filter: SnapshotFilter, offset: number, limit: number): Promise<SnapshotPage> {
    this.asked.push({ filter, offset, limit });
    await this.#gate;
    this.#refuse();
    const found = this.#find(filter);
    return {
      total: found.length,
      snapshots: found.slice(offset, offset + limit),
      ...(filter.text === undefined ? {} : this.#unreadable(filter.source)),
    };
  }

  async timeline(filter: SnapshotFilter, columns: number): Promise<Timeline | null> {
    await this.#gate;
    this.#refuse();
    const found = this.#find(filter);
    const [latest, earliest] = [found[0], found.at(-1)];
    if (!latest || !earliest) return null;
    const fromMs = filter.sinceMs ?? earliest.atMs;
    const toMs = Math.max(fromMs + 1, filter.untilMs ?? latest.atMs + 1);
    const counted = Array.from({ length: columns }, () => ({ snapshots: 0, changes: 0 }));
    for (const { atMs, changes } of found) {
      const place = Math.floor(((atMs - fromMs) * columns) / (toMs - fromMs));
      const column = counted[Math.min(columns - 1, place)];
      if (!column) continue;
      column.snapshots += 1;
      column.changes += changes ?? 0;
    }
    const marks = this.around.marks(fromMs, toMs);
    return { fromMs, toMs, columns: counted, marks, marksTotal: marks.length };
  }

  async takeSnapshot(source: string | null, label: SnapshotLabel): Promise<Snapshot[]> {
    await this.#gate;
    this.#refuse();
    const sources = [...this.#sources.values()].filter(({ step }) => step !== null);
    const wanted = source === null ? sources : sources.filter(({ name }) => name === source);
    if (wanted.length === 0) throw failure("not_found", "Nothing reported a state yet.");
    const taken = wanted.map(({ name }) => this.#takeNow(name, "asked", label));
    this.around.announce(source);
    return taken;
  }

  labelSnapshot(id: number, { name, note, isPinned }: SnapshotLabel): Promise<Snapshot> {
    const kept = this.#kept.get(id);
    if (this.refusal) return Promise.reject(this.refusal);
    if (!kept) return Promise.reject(failure("not_found", `There is no snapshot ${id}.`));
    const { snapshot } = kept;
    kept.snapshot = {
      ...snapshot,
      name: name === undefined ? snapshot.name : name || null,
      note: note === undefined ? snapshot.note : note || null,
      isPinned: isPinned ?? snapshot.isPinned,
    };
    this.around.announce(snapshot.source);
    return Promise.resolve(kept.snapshot);
  }

  removeImported(name: string): Promise<void> {
    for (const [id, { snapshot }] of this.#kept) {
      if (snapshot.source === name && snapshot.cause === "import") this.#kept.delete(id);
    }
    const isLeft = [...this.#kept.values()].some(({ snapshot }) => snapshot.source === name);
    if (!isLeft && this.#sources.get(name)?.step === null) this.#sources.delete(name);
    this.around.announce(null);
    return Promise.resolve();
  }

  async stateDifference(
    from: StateAt,
    to: StateAt,
    options: StateDifferenceOptions,
  ): Promise<StateDifference> {
    await this.#gate;
    this.#refuse();
    return compareStates(this.treeAt(from), this.treeAt(to), options);
  }

  async stateText(at: StateAt, pointer: string): Promise<string> {
    await this.#gate;
    this.#refuse();
    const value = valueAt(this.treeAt(at), pointer);
    if (value === undefined) throw failure("not_found", `There is nothing under ${pointer}.`);
    return JSON.stringify(value);
  }

  async statePatch(from: StateAt, to: StateAt): Promise<string> {
    const { changes } = await this.stateDifference(from, to, exact);
    const operations = changes.map(({ pointer, kind }) =>
      kind === "removed"
        ? { op: "remove", path: pointer }
        : {
            op: kind === "added" ? "add" : "replace",
            path: pointer,
            value: valueAt(this.treeAt(to), pointer),
          },
    );
    return `${JSON.stringify(operations, null, 2)}\n`;
  }

  async blame(at: StateAt, key: string): Promise<Blame> {
    await this.#gate;
    this.#refuse();
    const pointer = pointerOf(key);
    const value = valueAt(this.treeAt(at), pointer);
    const text = JSON.stringify(value);
    const source = at.kind === "now" ? at.source : this.#keptAt(at.id).snapshot.source;
    const past = this.#find({ source })
      .filter(({ id }) => at.kind === "now" || id <= at.id)
      .slice(0, BLAMED_MAX);
    const textOf = ({ id }: Snapshot) =>
      JSON.stringify(valueAt(this.treeAt({ kind: "snapshot", id }), pointer));
    const untilIndex = past.findIndex((snapshot) => textOf(snapshot) !== text);
    const until = past[untilIndex] ?? null;
    const since =
      untilIndex === 0 ? null : (past[(untilIndex < 0 ? past.length : untilIndex) - 1] ?? null);
    const excerptIn = (snapshot: Snapshot) => {
      const found = valueAt(this.treeAt({ kind: "snapshot", id: snapshot.id }), pointer);
      return found === undefined ? null : excerpt(found);
    };
    const earlier = past.flatMap((snapshot, index) => {
      const older = past[index + 1];
      const isEarlier = index >= untilIndex && untilIndex >= 0;
      if (!isEarlier || !older || textOf(snapshot) === textOf(older)) return [];
      return [{ snapshot, before: excerptIn(older), after: excerptIn(snapshot) }];
    });
    const values = past.toReversed().flatMap((snapshot) => {
      const number: unknown = JSON.parse(textOf(snapshot));
      return typeof number === "number" ? [{ atMs: snapshot.atMs, value: number }] : [];
    });
    const before = until === null ? undefined : this.treeAt({ kind: "snapshot", id: until.id });
    const was = before === undefined ? undefined : valueAt(before, pointer);
    return {
      key: `ml${pointer.replaceAll("/", ".")}`,
      pointer: value === undefined ? null : pointer,
      value: value === undefined ? null : excerpt(value),
      before: was === undefined ? null : excerpt(was),
      since,
      until,
      records:
        since === null
          ? []
          : [
              {
                key: `ml${pointer.replaceAll("/", ".")}`,
                before: was === undefined ? null : excerpt(was),
                after: value === undefined ? null : excerpt(value),
                atMs: since.atMs - 40_000,
                byReport: false,
                sinceMs: null,
                place: "tracker.ts:118",
                origin:
                  "at Store.set (src/state/store.ts:41:9)\nat Tracker.flush (src/ml/tracker.ts:118:5)",
              },
            ],
      earlier,
      values,
    };
  }

  async previewRestore(
    request: RestoreRequest,
    options: StateDifferenceOptions,
  ): Promise<StateDifference> {
    await this.#gate;
    this.#refuse();
    return this.#preview(request.snapshot, request, options);
  }

  async restoreState(request: RestoreRequest): Promise<StateRestore> {
    await this.#gate;
    this.#refuse();
    return this.#ask(request, null);
  }

  /** Damages a snapshot. */
  damageSnapshot(id: number): void {
    const kept = this.#keptAt(id);
    kept.snapshot = { ...kept.snapshot, isDamaged: true };
  }

  /** Damages the latest snapshot but two of every source. */
  damageLatest(): void {
    for (const source of this.names) {
      const third = this.#find({ source })[2];
      if (third) this.damageSnapshot(third.id);
    }
  }

  /** How many snapshots of a source are damaged. */
  #unreadable(source: string | undefined): { unreadable?: Unreadable } {
    const damaged = this.#find(source === undefined ? {} : { source }).filter((it) => it.isDamaged);
    return damaged.length === 0 ? {} : { unreadable: { records: 0, snapshots: damaged.length } };
  }

  /** Damages what is stored of the state of a source, and of its snapshots unless some is sound. */
  damage(source: string, { isRecoverable = true } = {}): void {
    const latest = this.#find({ source })[0]?.id ?? null;
    this.#damaged.set(source, isRecoverable ? latest : null);
  }

  async recoverState(source: string, snapshot: number | null): Promise<StateRestore> {
    await this.#gate;
    this.#refuse();
    const id = snapshot ?? this.#find({ source })[0]?.id ?? 0;
    const tree = this.treeAt({ kind: "snapshot", id });
    this.#damaged.delete(source);
    const restore = this.#restores.noteRecovery(source, id, maria);
    this.report(source, tree);
    return restore;
  }

  async stateRestores(filter: RestoreFilter, offset: number, limit: number): Promise<RestorePage> {
    await this.#gate;
    this.#refuse();
    return this.#restores.page(filter, offset, limit);
  }

  async cancelRestore(id: number): Promise<StateRestore> {
    await this.#gate;
    this.#refuse();
    return this.cancel(id);
  }

  async removeDamagedRestore(id: number): Promise<void> {
    await this.#gate;
    this.#refuse();
    this.#restores.removeDamaged(id);
  }

  async previewUndoRestore(id: number, options: StateDifferenceOptions): Promise<StateDifference> {
    await this.#gate;
    this.#refuse();
    const restore = this.#restores.get(id);
    if (restore.status === "open") return compareStates(null, null, options);
    return this.#preview(restore.safety ?? 0, restore, options);
  }

  async undoRestore(id: number): Promise<StateRestore> {
    const { status, safety, only, except } = this.#restores.get(id);
    if (status === "open") return this.cancelRestore(id);
    await this.#gate;
    this.#refuse();
    if (status !== "confirmed") {
      throw failure("nothing_to_do", `Restore ${id} is ${status}: there is nothing to undo.`);
    }
    return this.#ask({ snapshot: safety ?? 0, only, except, withFlags: false }, id);
  }

  /** Every restore, earliest first. */
  get restores(): readonly StateRestore[] {
    return this.#restores.all;
  }

  /** Has another face ask for a restore, at a moment of the past if one is given. */
  restoreElsewhere(request: RestoreRequest, atMs = Date.now()): StateRestore {
    return this.#ask(request, null, { actor: { via: "flagctl", name: "ci" }, atMs });
  }

  /** Damages what is stored of a restore. */
  damageRestore(id: number): void {
    this.#restores.damage(id);
  }

  /** Has a person cancel a restore. */
  cancel(id: number): StateRestore {
    const restore = this.#restores.cancel(id, maria);
    this.around.announce(restore.source);
    return restore;
  }

  /** The source takes a restore and says so: with what was asked for, or with what is given. */
  confirm(id: number, state?: Tree): void {
    const { source } = this.#restores.get(id);
    const now = this.treeAt({ kind: "now", source });
    this.report(source, state ?? this.#restores.treeOf(id, now));
    this.#restores.confirm(id, this.treeAt({ kind: "now", source }));
    this.around.announce(source);
  }

  /** A source says what it has, knowing of no restore. */
  report(name: string, state: Tree, atMs = Date.now()): void {
    const source = this.#get(name);
    source.tree = state;
    source.step ??= 0;
    source.atMs = Math.max(atMs, source.atMs + 1);
    this.around.announce(name);
  }

  exportSnapshots(ids: readonly number[]): Promise<SnapshotsFile | null> {
    if (this.refusal) return Promise.reject(this.refusal);
    this.exported.push([...ids]);
    const place = "/home/maria/snapshots.json";
    const snapshots = ids.filter((id) => this.#kept.get(id)?.snapshot.isDamaged).length;
    const unreadable = { records: 0, snapshots };
    return Promise.resolve(snapshots === 0 ? { place } : { place, unreadable });
  }

  importSnapshots(): Promise<Snapshot[] | null> {
    if (this.refusal) return Promise.reject(this.refusal);
    if (this.nextImport === null) return Promise.resolve(null);
    const { source, snapshots } = this.nextImport;
    if (!this.#sources.has(source)) this.add(source, []);
    const imported = Array.from({ length: snapshots }, (_, step) =>
      this.#keep(source, step, {
        atMs: Date.now() - (snapshots - step) * HOUR_MS,
        step,
        cause: "import",
      }),
    );
    this.around.announce(null);
    return Promise.resolve(imported.map(({ snapshot }) => snapshot));
  }

  /** The state there, or a failure where there is none. */
  treeAt(at: StateAt): Tree {
    if (at.kind === "now") {
      const { step, tree, course: made } = this.#get(at.source);
      if (this.#damaged.has(at.source)) throw this.#damageOf(at.source);
      if (step === null) throw failure("not_found", `${at.source} has snapshots only.`);
      return tree ?? made(step);
    }
    const { tree, step, snapshot } = this.#keptAt(at.id);
    return tree ?? this.#get(snapshot.source).course(step);
  }

  #damageOf(source: string): Failure {
    const snapshot = this.#damaged.get(source) ?? null;
    return {
      ...failure(
        "state_damaged",
        `The state of ${source} is damaged: change 7 does not match its hash; it can be recovered from snapshot ${snapshot}, the latest that can be read; its next whole report replaces it, too.`,
      ),
      damagedState: { source, snapshot },
    };
  }

  #preview(snapshot: number, parts: Parts, options: StateDifferenceOptions): StateDifference {
    const { source } = this.#keptAt(snapshot).snapshot;
    const now = this.treeAt({ kind: "now", source });
    const then = this.treeAt({ kind: "snapshot", id: snapshot });
    return compareStates(now, askedFor(now, then, parts), options);
  }

  #ask(
    { snapshot, only, except, withFlags }: RestoreRequest,
    undoes: number | null,
    { actor = maria, atMs = Date.now() } = {},
  ): StateRestore {
    const { source } = this.#keptAt(snapshot).snapshot;
    const then = this.treeAt({ kind: "snapshot", id: snapshot });
    const safety = this.#takeNow(source, "before_restore", {}).id;
    const revision = withFlags ? this.around.revision() : null;
    const asked = { source, snapshot, safety, only, except, revision, undoes };
    const restore = this.#restores.ask(asked, then, actor, atMs);
    this.around.announce(source);
    if (this.isConfirming) this.confirm(restore.id);
    return restore;
  }

  #takeNow(name: string, cause: SnapshotCause, label: SnapshotLabel): Snapshot {
    const { step, tree, atMs } = this.#get(name);
    const latest = this.#find({ source: name })[0];
    const kept = this.#keep(
      name,
      step ?? 0,
      { ...label, atMs: Math.max(atMs, latest?.atMs ?? 0) + 1, step: step ?? 0, cause },
      tree,
    );
    return kept.snapshot;
  }

  #keep(source: string, step: number, taken: Taken, tree?: Tree): Kept {
    const { course: made, bytes } = this.#get(source);
    const before = [...this.#kept.values()].findLast(({ snapshot }) => snapshot.source === source);
    const [was, is] = [before && (before.tree ?? made(before.step)), tree ?? made(step)];
    this.#lastId += 1;
    const kept: Kept = {
      step,
      tree,
      snapshot: {
        id: this.#lastId,
        source,
        atMs: taken.atMs,
        cause: taken.cause ?? "interval",
        name: taken.name ?? null,
        note: taken.note ?? null,
        isPinned: taken.isPinned ?? false,
        files: 1204 + step,
        bytes,
        changes: was === undefined ? 0 : compareStates(was, is, exact).total,
        isFirst: was === undefined,
        isDamaged: false,
        revision: this.around.revision(),
      },
    };
    this.#kept.set(this.#lastId, kept);
    return kept;
  }

  #describe({ name, step, atMs, bytes }: Source): StateSource {
    const kept = this.#find({ source: name });
    return {
      name,
      atMs: step === null ? null : atMs,
      bytes: step === null ? 0 : bytes,
      changes: step === null ? 0 : Math.min(100, 12 + step),
      changesMax: 100,
      snapshots: kept.length,
      snapshotBytes: kept.length * 1200,
      lastSnapshotMs: kept[0]?.atMs ?? null,
      restore: this.#restores.latestOf(name),
      isDamaged: this.#damaged.has(name),
    };
  }

  #find(filter: SnapshotFilter): Snapshot[] {
    const text = filter.text?.toLowerCase();
    return [...this.#kept.values()]
      .map(({ snapshot }) => snapshot)
      .filter(
        (snapshot) =>
          (filter.source === undefined || snapshot.source === filter.source) &&
          snapshot.atMs >= (filter.sinceMs ?? -Infinity) &&
          snapshot.atMs < (filter.untilMs ?? Infinity) &&
          (filter.pinned === undefined || snapshot.isPinned === filter.pinned) &&
          (text === undefined || this.#hasText(snapshot, text)),
      )
      .toSorted((one, other) => other.atMs - one.atMs || other.id - one.id);
  }

  #hasText(snapshot: Snapshot, text: string): boolean {
    const { name, note, source, id } = snapshot;
    if (`${name ?? ""}\n${note ?? ""}`.toLowerCase().includes(text)) return true;
    const older = this.#find({ source, untilMs: snapshot.atMs })[0];
    if (!older) return false;
    const [from, to] = [
      this.treeAt({ kind: "snapshot", id: older.id }),
      this.treeAt({ kind: "snapshot", id }),
    ];
    return compareStates(from, to, exact).changes.some(({ path, before, after }) =>
      [path, before?.text, after?.text].some((part) => part?.toLowerCase().includes(text)),
    );
  }

  #get(name: string): Source {
    const source = this.#sources.get(name);
    if (!source) throw failure("not_found", `There is no source ${name}.`);
    return source;
  }

  #keptAt(id: number): Kept {
    const kept = this.#kept.get(id);
    if (!kept) throw failure("not_found", `There is no snapshot ${id}.`);
    return kept;
  }

  #refuse(): void {
    if (this.refusal) throw this.refusal;
  }
}

/** The pointer of a key as differences print it, without identities. */
function pointerOf(key: string): string {
  if (key === "" || key.startsWith("/")) return key;
  const names = key.replace(/^ml\.?/, "").matchAll(/\["(.*?)"\]|\[(\d+)\]|([^.[\]]+)/g);
  return [...names].map(([, quoted, place, name]) => `/${quoted ?? place ?? name}`).join("");
}
