/** The snapshots kept of states in memory, and the sources that they are of. */

import type {
  Failure,
  Mark,
  Snapshot,
  SnapshotCause,
  SnapshotFilter,
  SnapshotLabel,
  SnapshotPage,
  SnapshotsFile,
  StateAt,
  StateSource,
  Timeline,
  Unreadable,
} from "../../src/bindings/wire";
import { compareStates, exact } from "./state_compare";
import { failure } from "./state_restores";
import { course, type Course, type Tree } from "./state_trees";

const HOUR_MS = 3_600_000;

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
  /** The step that its state is at; `null` if there are snapshots only. */
  step: number | null;
  /** The state, if it is not on the course. */
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

export class KeptSnapshots {
  around: Around = { announce: () => undefined, revision: () => 0, marks: () => [] };
  /** Refuses what is asked while set. */
  refusal: Failure | null = null;
  /** What a person is going to choose to import. */
  nextImport: { source: string; snapshots: number } | null = null;
  /** What was asked for, for tests to look at. */
  readonly asked: { filter: SnapshotFilter; offset: number; limit: number }[] = [];
  readonly exported: number[][] = [];

  readonly #sources = new Map<string, Source>();
  readonly #kept = new Map<number, Kept>();
  /** Sources whose state is damaged, with the latest snapshot that can be read. */
  protected readonly damaged = new Map<string, number | null>();
  #lastId = 0;
  protected gate: Promise<void> = Promise.resolve();

  /** Leaves every question unanswered until the returned function is called. */
  hold(): () => void {
    let open: () => void = () => undefined;
    this.gate = new Promise((resolve) => (open = resolve));
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
    this.takeNow(source, "asked", { name });
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

  async snapshots(filter: SnapshotFilter, offset: number, limit: number): Promise<SnapshotPage> {
    this.asked.push({ filter, offset, limit });
    await this.gate;
    this.refuse();
    const found = this.find(filter);
    return {
      total: found.length,
      snapshots: found.slice(offset, offset + limit),
      ...(filter.text === undefined ? {} : this.#unreadable(filter.source)),
    };
  }

  async timeline(filter: SnapshotFilter, columns: number): Promise<Timeline | null> {
    await this.gate;
    this.refuse();
    const found = this.find(filter);
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
    await this.gate;
    this.refuse();
    const sources = [...this.#sources.values()].filter(({ step }) => step !== null);
    const wanted = source === null ? sources : sources.filter(({ name }) => name === source);
    if (wanted.length === 0) throw failure("not_found", "Nothing reported a state yet.");
    const taken = wanted.map(({ name }) => this.takeNow(name, "asked", label));
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

  /** Damages a snapshot. */
  damageSnapshot(id: number): void {
    const kept = this.keptAt(id);
    kept.snapshot = { ...kept.snapshot, isDamaged: true };
  }

  /** Damages the latest snapshot but two of every source. */
  damageLatest(): void {
    for (const source of this.names) {
      const third = this.find({ source })[2];
      if (third) this.damageSnapshot(third.id);
    }
  }

  /** Damages what is stored of the state of a source, and of its snapshots unless some is sound. */
  damage(source: string, { isRecoverable = true } = {}): void {
    const latest = this.find({ source })[0]?.id ?? null;
    this.damaged.set(source, isRecoverable ? latest : null);
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

  /** The state there, or a failure if there is none. */
  treeAt(at: StateAt): Tree {
    if (at.kind === "now") {
      const { step, tree, course: made } = this.#get(at.source);
      if (this.damaged.has(at.source)) throw this.#damageOf(at.source);
      if (step === null) throw failure("not_found", `${at.source} has snapshots only.`);
      return tree ?? made(step);
    }
    const { tree, step, snapshot } = this.keptAt(at.id);
    return tree ?? this.#get(snapshot.source).course(step);
  }

  protected takeNow(name: string, cause: SnapshotCause, label: SnapshotLabel): Snapshot {
    const { step, tree, atMs } = this.#get(name);
    const latest = this.find({ source: name })[0];
    const kept = this.#keep(
      name,
      step ?? 0,
      { ...label, atMs: Math.max(atMs, latest?.atMs ?? 0) + 1, step: step ?? 0, cause },
      tree,
    );
    return kept.snapshot;
  }

  protected keptAt(id: number): Kept {
    const kept = this.#kept.get(id);
    if (!kept) throw failure("not_found", `There is no snapshot ${id}.`);
    return kept;
  }

  protected find(filter: SnapshotFilter): Snapshot[] {
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

  protected refuse(): void {
    if (this.refusal) throw this.refusal;
  }

  /** The sources with what is kept of each, the last added last. */
  protected get described(): Omit<StateSource, "restore">[] {
    return [...this.#sources.values()].map((source) => this.#describe(source));
  }

  /** How many snapshots of a source are damaged. */
  #unreadable(source: string | undefined): { unreadable?: Unreadable } {
    const damaged = this.find(source === undefined ? {} : { source }).filter((it) => it.isDamaged);
    return damaged.length === 0 ? {} : { unreadable: { records: 0, snapshots: damaged.length } };
  }

  #damageOf(source: string): Failure {
    const snapshot = this.damaged.get(source) ?? null;
    return {
      ...failure(
        "state_damaged",
        `The state of ${source} is damaged: change 7 does not match its hash; it can be recovered from snapshot ${snapshot}, the latest that can be read; its next whole report replaces it, too.`,
      ),
      damagedState: { source, snapshot },
    };
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

  #describe({ name, step, atMs, bytes }: Source): Omit<StateSource, "restore"> {
    const kept = this.find({ source: name });
    return {
      name,
      atMs: step === null ? null : atMs,
      bytes: step === null ? 0 : bytes,
      changes: step === null ? 0 : Math.min(100, 12 + step),
      changesMax: 100,
      snapshots: kept.length,
      snapshotBytes: kept.length * 1200,
      lastSnapshotMs: kept[0]?.atMs ?? null,
      isDamaged: this.damaged.has(name),
    };
  }

  #hasText(snapshot: Snapshot, text: string): boolean {
    const { name, note, source, id } = snapshot;
    if (`${name ?? ""}\n${note ?? ""}`.toLowerCase().includes(text)) return true;
    const older = this.find({ source, untilMs: snapshot.atMs })[0];
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
}
