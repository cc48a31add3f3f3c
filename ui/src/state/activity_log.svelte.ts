/**
 * What happened, latest first: revisions of the flags, and restores of states among them, by time.
 * A row is known by its rank, counted from the oldest, in both together. What comes later waits
 * until it is shown.
 */

import type { Failure, Revision, StateRestore, StateSource } from "../bindings/wire";
import type { Host } from "../host/host";
import { filterOf, type Narrowing } from "../model/history";
import {
  entryAt,
  findPlaces,
  rankOfRestore,
  rankOfRevision,
  restoresBelow,
  type Places,
} from "../model/interleaved";
import { isAmong, momentsOf } from "../model/restores";
import { History } from "./history.svelte";
import { Restores } from "./restores.svelte";
import { asUnread } from "./unread";

/** `undefined` until it was read. */
export type LogRow =
  { kind: "revision"; revision: Revision | undefined } | { kind: "restore"; restore: StateRestore };

/** What a row is of, by its number. */
export type LogKey = { kind: "revision"; revision: number } | { kind: "restore"; id: number };

export class ActivityLog {
  readonly history: History;
  readonly restores: Restores;

  #narrowing: Narrowing | null = null;
  /** Those that are listed, the oldest first. */
  #listed = $state.raw<readonly StateRestore[]>([]);
  #places = $state.raw<Places>([]);
  /** Those that came since, and wait. */
  #fresh = $state.raw(0);
  #failure = $state.raw<Failure | null>(null);
  /** Whether the places of the restores are known. */
  #isPlaced = $state.raw(false);
  #sources: readonly StateSource[] = [];
  #generation = 0;

  constructor(host: Host) {
    this.history = new History(host);
    this.restores = new Restores(host);
  }

  /** How many rows there are; `null` until that is known. */
  get total(): number | null {
    return this.history.total === null ? null : this.history.total + this.#listed.length;
  }

  /** How many of them are restores. */
  get restoresTotal(): number {
    return this.#listed.length;
  }

  /** How many wait to be shown. */
  get waiting(): number {
    return this.history.waiting + this.#fresh;
  }

  get failure(): Failure | null {
    return this.history.failure ?? this.restores.failure ?? this.#failure;
  }

  /** Whether what is shown is about to be replaced, because it is asked for something else. */
  get isReplacing(): boolean {
    return this.history.isReplacing || !this.#isPlaced;
  }

  at(rank: number): LogRow {
    const entry = entryAt(this.#places, rank);
    const restore = entry.kind === "restore" ? this.#listed[entry.index] : undefined;
    if (restore) return { kind: "restore", restore };
    const own = entry.kind === "revision" ? entry.rank : -1;
    return { kind: "revision", revision: this.history.at(own) };
  }

  /** The rank of what a key names, among the rows that were read; `null` if it is none of them. */
  rankOf(key: LogKey): number | null {
    if (key.kind === "restore") {
      const index = this.#listed.findIndex(({ id }) => id === key.id);
      return index < 0 ? null : rankOfRestore(this.#places, index);
    }
    const rank = this.history.rankOf(key.revision);
    return rank === null ? null : rankOfRevision(this.#places, rank);
  }

  /** The latest of the list; `null` if there is none, or it is not read yet. */
  get latest(): LogKey | null {
    const { total } = this;
    return total === null || total === 0 ? null : keyOf(this.at(total - 1));
  }

  /** Lists what `narrowing` lets through, up to the revision `newest`. */
  async show(narrowing: Narrowing, newest: number, nowMs: number): Promise<void> {
    const generation = ++this.#generation;
    this.#narrowing = narrowing;
    const filter = filterOf(narrowing, nowMs);
    const { sinceMs, untilMs } = filter;
    const times = {
      ...(sinceMs === undefined ? {} : { sinceMs }),
      ...(untilMs === undefined ? {} : { untilMs }),
    };
    this.#isPlaced = false;
    const reading = this.restores.show(times);
    await this.history.show(filter, narrowing.what === "restores" ? 0 : newest);
    if (generation !== this.#generation) return;
    // Until their places among other revisions are known.
    [this.#listed, this.#places] = [[], []];
    if (await reading) await this.#list();
    if (generation !== this.#generation) return;
    this.#isPlaced = true;
    await this.followSources(this.#sources);
  }

  /** Learns that `newest` is the latest revision. */
  follow(newest: number): void {
    if (this.#narrowing?.what !== "restores") this.history.follow(newest);
  }

  /** Reads what the sources report about their latest restores. */
  async followSources(sources: readonly StateSource[]): Promise<void> {
    this.#sources = sources;
    if (!this.#isPlaced || !(await this.restores.follow(sources))) return;
    const known = this.#listed.map(({ id }) => id);
    this.#listed = this.#listed.map((restore) => this.restores.get(restore.id) ?? restore);
    this.#fresh = this.#among().filter(({ id }) => !known.includes(id)).length;
  }

  /** Adds the waiting rows to the top of the list. */
  takeIn(): void {
    if (this.waiting === 0) return;
    this.history.takeIn();
    void this.#list();
  }

  /** Asks for the rows in view: from the `first` to before the `end`, counted from the latest. */
  want(first: number, end: number): void {
    this.history.want(first - this.#restoresAbove(first), end - this.#restoresAbove(end));
  }

  /** Reads again what could not be read. */
  retry(): void {
    if (this.history.failure) this.history.retry();
    if (this.restores.failure || this.#failure) void this.listRestoresAgain();
  }

  /** Finds the place of something, as {@link History.locate} does. */
  async locate(key: LogKey): Promise<number | null> {
    if (key.kind === "restore") return this.rankOf(key);
    const rank = await this.history.locate(key.revision);
    return rank === null ? null : rankOfRevision(this.#places, rank);
  }

  /** Reads what is at `rank`. Resolves to `null` if there is none, or it cannot be read. */
  async read(rank: number): Promise<LogKey | null> {
    if (rank < 0 || rank >= (this.total ?? 0)) return null;
    const entry = entryAt(this.#places, rank);
    if (entry.kind === "revision") await this.history.read(entry.rank);
    return keyOf(this.at(rank));
  }

  /** How many restores are among the first `count` rows, counted from the latest. */
  #restoresAbove(count: number): number {
    const rank = Math.max(0, (this.total ?? 0) - count);
    return this.#listed.length - restoresBelow(this.#places, rank);
  }

  /** Those that the narrowing lets through, the oldest first. */
  #among(): StateRestore[] {
    const narrowing = this.#narrowing;
    if (narrowing === null) return [];
    return (this.restores.list ?? []).filter((each) => isAmong(each, narrowing)).toReversed();
  }

  /** Reads the restores again, when one was removed that no source tells of. */
  async listRestoresAgain(): Promise<void> {
    if (await this.restores.refresh()) await this.#list();
  }

  /** Finds the places of the restores among the revisions that are listed, and lists them. */
  async #list(): Promise<void> {
    const [generation, restores, { history }] = [this.#generation, this.#among(), this];
    const moments = momentsOf(restores);
    const { total, top } = history;
    try {
      const places = await findPlaces(moments, total ?? 0, (atMs) => history.countBefore(atMs));
      if (generation !== this.#generation) return;
      // Others were shown while these were loaded.
      if (top !== history.top) {
        await this.#list();
        return;
      }
      [this.#listed, this.#places] = [restores, places];
      this.#fresh = 0;
      this.#failure = null;
    } catch (reason) {
      if (generation === this.#generation) this.#failure = asUnread(reason);
    }
  }
}

function keyOf(row: LogRow): LogKey | null {
  if (row.kind === "restore") return { kind: "restore", id: row.restore.id };
  return row.revision ? { kind: "revision", revision: row.revision.revision } : null;
}
