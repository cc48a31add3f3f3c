/**
 * The list of snapshots, read page by page as it is looked at. A row is known by its place from the
 * latest. What changes is read again without moving what is in view.
 */

import type { Failure, Snapshot, SnapshotFilter, SnapshotPage, Unreadable } from "../bindings/wire";
import type { Host } from "../host/host";
import { within } from "../model/snapshot_filter";
import { noRows, placeOf, rowsNear, slice, withRenewed, withRows } from "../model/snapshot_rows";
import { asUnread } from "./unread";

export const PAGE_ROWS = 200;

/** Rows kept in memory; beyond that, those far from the view are dropped. */
const ROWS_MAX = 6000;
const REACH_ROWS = 1000;

/** The places next to something, whether or not it is in the list itself. */
export interface Place {
  above: number;
  below: number;
}

export class SnapshotList {
  /** How many the filter lets through; `null` until that is known. */
  total = $state.raw<number | null>(null);
  /** Why the last reading failed. */
  failure = $state.raw<Failure | null>(null);
  /** Whether what is listed is about to be replaced, because it is asked for something else. */
  isReplacing = $state.raw(true);
  /** New ones that the filter lets through and the list does not show, as it is held still. */
  waiting = $state.raw(0);
  /** What could not be searched for the text; `null` if all could. */
  unreadable = $state.raw<Unreadable | null>(null);
  /** What is listed, with "last hour" and its like as of when it was read. */
  filter: SnapshotFilter = {};
  /**
   * Called when rows in view have moved by so many, because others were added or removed above
   * them.
   */
  onmoved: (by: number) => void = () => undefined;

  readonly #host: Host;
  #rows = $state.raw(noRows);
  #wanted = { first: 0, end: 0 };
  /** The filter without what is new since the list was held. */
  #listed: SnapshotFilter = {};
  /** When the list was read last without being held. */
  #readMs = 0;
  #isReading = false;
  /** Answers to questions of an earlier generation are dropped. */
  #generation = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** The snapshot `index` places from the latest; `undefined` until it was read. */
  at(index: number): Snapshot | undefined {
    return this.#rows.get(index);
  }

  /** The index of a snapshot; `null` if it is not among the rows that were read. */
  indexOf(id: number): number | null {
    return placeOf(this.#rows, id);
  }

  /**
   * Lists what `filter` lets through. Resolves to whether it did, and nothing else was asked for.
   */
  async show(filter: SnapshotFilter): Promise<boolean> {
    const generation = this.#startAnew(filter, filter);
    this.isReplacing = true;
    return this.#attempt(generation, async () => {
      const page = await this.#host.snapshots(filter, 0, PAGE_ROWS);
      if (generation !== this.#generation) return;
      this.#rows = withRows(noRows, page.snapshots, 0);
      this.total = page.total;
      this.unreadable = page.unreadable ?? null;
      this.waiting = 0;
      this.isReplacing = false;
      void this.#pump();
    });
  }

  /**
   * Reads what is in view again, without moving it; of a list that is held, without what is new,
   * which is counted. Resolves like {@link show}.
   */
  async reload(filter: SnapshotFilter, isHeld = false): Promise<boolean> {
    const untilMs = (this.#rows.get(0)?.atMs ?? this.#readMs) + 1;
    const listed = isHeld ? within(filter, { untilMs }) : filter;
    const generation = this.#startAnew(filter, listed);
    return this.#attempt(generation, async () => {
      const all = isHeld ? (await this.#host.snapshots(filter, 0, 1)).total : null;
      const { first, end } = this.#wanted;
      let rows = noRows;
      for (let offset = pageOf(first); ; offset += PAGE_ROWS) {
        const page = await this.#host.snapshots(listed, offset, PAGE_ROWS);
        if (generation !== this.#generation) return;
        rows = withRows(rows, page.snapshots, offset);
        if (offset + PAGE_ROWS >= Math.min(end, page.total)) {
          this.total = page.total;
          this.unreadable = page.unreadable ?? null;
          break;
        }
      }
      const top = this.#rows.get(first);
      this.#rows = rows;
      this.waiting = all === null ? 0 : Math.max(0, all - this.total);
      this.#tellMoved(top, first);
      void this.#pump();
    });
  }

  /** Asks for the rows in view: from the `first` to before the `end`. */
  want(first: number, end: number): void {
    this.#wanted = { first, end };
    void this.#pump();
  }

  /** Reads the snapshot `index` places from the latest. Resolves to `null` if there is none. */
  async read(index: number): Promise<Snapshot | null> {
    const known = this.#rows.get(index);
    if (known || index < 0 || index >= (this.total ?? 0)) return known ?? null;
    await this.#readPage(pageOf(index));
    return this.#rows.get(index) ?? null;
  }

  /** Reads the rows from the `first` to before the `end`. */
  async readAll(first: number, end: number): Promise<Snapshot[]> {
    const last = Math.min(end, this.total ?? 0) - 1;
    for (let index = pageOf(first); index <= last; index += PAGE_ROWS) {
      await this.read(Math.max(first, index));
    }
    return slice(this.#rows, first, last + 1);
  }

  /** The place of a snapshot in the list; `null` if the filter excludes it. */
  async locate(snapshot: Snapshot): Promise<number | null> {
    const { above, below } = await this.place(snapshot);
    return below - above === 2 ? above + 1 : null;
  }

  /** The places in the list next to a snapshot. */
  async place(snapshot: Snapshot): Promise<Place> {
    const known = this.indexOf(snapshot.id);
    if (known !== null) return { above: known - 1, below: known + 1 };
    const since = within(this.#listed, { sinceMs: snapshot.atMs });
    const below = (await this.#ask(since, 1))?.total ?? 0;
    for (let index = below - 1; index >= 0; index -= 1) {
      const row = await this.read(index);
      if (row?.id === snapshot.id) return { above: index - 1, below: index + 1 };
      if (row?.atMs !== snapshot.atMs) break;
    }
    return { above: below - 1, below };
  }

  /** Snapshots that a filter matches; none if they cannot be read, which a toast says. */
  async find(filter: SnapshotFilter, limit: number): Promise<Snapshot[]> {
    return (await this.#ask(filter, limit))?.snapshots ?? [];
  }

  /** Takes over what is said of a snapshot. */
  renew(snapshot: Snapshot): void {
    this.#rows = withRenewed(this.#rows, snapshot);
  }

  #startAnew(filter: SnapshotFilter, listed: SnapshotFilter): number {
    this.filter = filter;
    this.#listed = listed;
    if (listed === filter) this.#readMs = Date.now();
    this.#isReading = false;
    this.#generation += 1;
    return this.#generation;
  }

  #tellMoved(top: Snapshot | undefined, first: number): void {
    const index = top ? this.indexOf(top.id) : null;
    if (index !== null && index !== first) this.onmoved(index - first);
  }

  /** Reads pages until every wanted row is there: one at a time, always for the rows wanted last. */
  async #pump(): Promise<void> {
    if (this.#isReading || this.isReplacing || this.failure !== null) return;
    const offset = this.#missingOffset();
    if (offset === null) return;
    const generation = this.#generation;
    this.#isReading = true;
    const isRead = await this.#readPage(offset);
    if (generation !== this.#generation) return;
    this.#isReading = false;
    if (isRead && this.#missingOffset() !== offset) await this.#pump();
  }

  /** The page of the first wanted row that is missing; `null` if none is. */
  #missingOffset(): number | null {
    const end = Math.min(this.#wanted.end, this.total ?? 0);
    for (let index = Math.max(0, this.#wanted.first); index < end; index += 1) {
      if (!this.#rows.has(index)) return pageOf(index);
    }
    return null;
  }

  #readPage(offset: number): Promise<boolean> {
    const generation = this.#generation;
    return this.#attempt(generation, async () => {
      const page = await this.#host.snapshots(this.#listed, offset, PAGE_ROWS);
      if (generation === this.#generation) this.#keep(page, offset);
    });
  }

  #keep({ snapshots, total }: SnapshotPage, offset: number): void {
    const middle = (this.#wanted.first + this.#wanted.end) / 2;
    const isFull = this.#rows.size > ROWS_MAX;
    const rows = isFull ? rowsNear(this.#rows, middle, REACH_ROWS) : this.#rows;
    this.#rows = withRows(rows, snapshots, offset);
    this.total = total;
  }

  async #ask(filter: SnapshotFilter, limit: number): Promise<SnapshotPage | null> {
    try {
      return await this.#host.snapshots(filter, 0, limit);
    } catch (reason) {
      this.failure = asUnread(reason);
      return null;
    }
  }

  /** Runs `work` and keeps its failure, unless it is about something no longer asked for. */
  async #attempt(generation: number, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      if (generation !== this.#generation) return false;
      this.failure = null;
      return true;
    } catch (reason) {
      if (generation === this.#generation) this.failure = asUnread(reason);
      return false;
    }
  }
}

/** The first row of the page that a row is on. */
function pageOf(index: number): number {
  return index - (index % PAGE_ROWS);
}
