/**
 * The list of revisions, read page by page as it is looked at.
 *
 * A row is known by its rank, counted from the oldest: revisions are only ever added at the other
 * end, so a rank stays what it is. The list is pinned to the revisions known when it was read;
 * later ones wait in `waiting` until somebody takes them in.
 */

import type { Failure, HistoryFilter, HistoryPage, Revision } from "../bindings/wire";
import type { Host } from "../host/host";
import { near, noRanks, rankOf, withPage, type Ranks } from "../model/ranks";
import { asUnread } from "./unread";

export const PAGE_ROWS = 100;

/** Rows kept in memory; beyond that, those far from the view are dropped. */
const ROWS_MAX = 3000;
const REACH_ROWS = 700;

export class History {
  /** How many revisions the filter lets through; `null` until that is known. */
  total = $state.raw<number | null>(null);
  /** The latest revision listed; `null` if there is none. */
  latest = $state.raw<Revision | null>(null);
  /** Later ones that the filter lets through and the list does not show. */
  waiting = $state.raw(0);
  /** Why the last reading failed. */
  failure = $state.raw<Failure | null>(null);
  /** Whether what is shown is about to be replaced, because it is asked for something else. */
  isReplacing = $state.raw(true);

  /** The latest revision the list may hold. */
  top = $state.raw(0);

  readonly #host: Host;
  #rows = $state.raw<Ranks>(noRanks);
  #filter: HistoryFilter = {};
  /** The latest revision there is. */
  #newest = 0;
  #newer: HistoryPage & { top: number } = { top: 0, total: 0, revisions: [] };
  #wanted = { first: 0, end: 0 };
  #isReading = false;
  /** Answers to questions of an earlier generation are dropped. */
  #generation = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** The revision at `rank`; `undefined` until it was read. */
  at(rank: number): Revision | undefined {
    return this.#rows.get(rank);
  }

  /** The rank of a revision among the rows that were read; `null` if it is none of them. */
  rankOf(revision: number): number | null {
    return rankOf(this.#rows, revision);
  }

  /** Lists what `filter` lets through, up to `newest`. What is shown stays until the answer. */
  async show(filter: HistoryFilter, newest: number): Promise<void> {
    this.#filter = filter;
    this.#newest = newest;
    const generation = this.#startAnew();
    this.isReplacing = true;
    await this.#attempt(generation, async () => {
      const page = await this.#readPage(newest, 0);
      if (generation !== this.#generation) return;
      this.#replace(page, newest);
    });
  }

  /** Learns that `newest` is the latest revision. */
  follow(newest: number): void {
    if (newest <= this.#newest) return;
    this.#newest = newest;
    // A list that is being read looks for later revisions when it has arrived.
    if (!this.isReplacing) void this.#lookForNewer();
  }

  /** Adds the waiting ones to the top of the list. */
  takeIn(): void {
    if (this.waiting === 0) return;
    this.top = this.#newer.top;
    this.waiting = 0;
    this.#start(this.#newer);
  }

  /** Asks for the rows in view: from the `first` to before the `end`, counted from the latest. */
  want(first: number, end: number): void {
    this.#wanted = { first, end };
    void this.#pump();
  }

  /** Reads again what could not be read. */
  retry(): void {
    this.failure = null;
    if (this.isReplacing) {
      void this.show(this.#filter, this.#newest);
    } else {
      void this.#lookForNewer();
      void this.#pump();
    }
  }

  /**
   * Finds the place of a revision and reads the rows around it. Resolves to its rank; to `null`
   * where the filter does not let it through, or the answer came too late to matter.
   */
  async locate(revision: number): Promise<number | null> {
    const generation = this.#generation;
    const known = this.rankOf(revision);
    if (known !== null || revision > this.top) return known;
    try {
      const page = await this.#host.history({ ...this.#filter, upTo: revision }, 0, PAGE_ROWS);
      if (generation !== this.#generation || page.revisions[0]?.revision !== revision) return null;
      this.#keep(page, 0);
      return page.total - 1;
    } catch {
      // The list itself will say what is wrong once it reads.
      return null;
    }
  }

  /** How many of the listed revisions are older than a moment. */
  async countBefore(atMs: number): Promise<number> {
    if (this.top === 0) return 0;
    const untilMs = Math.min(this.#filter.untilMs ?? Infinity, atMs);
    const filter = { ...this.#filter, upTo: this.top, untilMs };
    return (await this.#host.history(filter, 0, 1)).total;
  }

  /** Reads the revision at `rank`. Resolves to `null` if there is none, or it cannot be read. */
  async read(rank: number): Promise<Revision | null> {
    const total = this.total ?? 0;
    const known = this.#rows.get(rank);
    if (known || rank < 0 || rank >= total) return known ?? null;
    const [generation, offset] = [this.#generation, total - 1 - rank];
    await this.#attempt(generation, async () => {
      const page = await this.#readPage(this.top, offset);
      if (generation === this.#generation) this.#keep(page, offset);
    });
    return this.#rows.get(rank) ?? null;
  }

  #startAnew(): number {
    this.#generation += 1;
    this.#isReading = false;
    this.waiting = 0;
    this.failure = null;
    return this.#generation;
  }

  #replace(page: HistoryPage, top: number): void {
    this.#rows = noRanks;
    this.top = top;
    this.isReplacing = false;
    this.#start(page);
    void this.#lookForNewer();
    void this.#pump();
  }

  /** Takes a page as the start of the list. */
  #start(page: HistoryPage): void {
    this.total = page.total;
    this.latest = page.revisions[0] ?? null;
    this.#keep(page, 0);
  }

  async #lookForNewer(): Promise<void> {
    const [generation, top] = [this.#generation, this.#newest];
    if (top === this.top) return;
    await this.#attempt(generation, async () => {
      const page = await this.#readPage(top, 0);
      if (generation !== this.#generation || top !== this.#newest) return;
      const waiting = page.total - (this.total ?? 0);
      if (waiting < 0) return this.show(this.#filter, top);
      this.#newer = { ...page, top };
      this.waiting = waiting;
      // The filter lets nothing of it through: the list is up to date as it is.
      if (waiting === 0) this.top = top;
    });
  }

  /** Reads pages until every wanted row is there: one at a time, always for the rows wanted last. */
  async #pump(): Promise<void> {
    if (this.#isReading || this.isReplacing || this.failure !== null) return;
    const offset = this.#missingOffset();
    if (offset === null) return;
    const [generation, total] = [this.#generation, this.total];
    this.#isReading = true;
    const isComplete = await this.#attempt(generation, async () => {
      const page = await this.#readPage(this.top, offset);
      if (generation !== this.#generation) return;
      // A renaming may let other revisions through than before: ranks are void.
      if (page.total !== total) return this.show(this.#filter, this.#newest);
      this.#keep(page, offset);
    });
    if (generation !== this.#generation) return;
    this.#isReading = false;
    if (isComplete && this.#missingOffset() !== offset) await this.#pump();
  }

  /** The page of the first wanted row that is missing; `null` if none is. */
  #missingOffset(): number | null {
    const total = this.total ?? 0;
    const end = Math.min(this.#wanted.end, total);
    for (let index = Math.max(0, this.#wanted.first); index < end; index += 1) {
      if (!this.#rows.has(total - 1 - index)) return index - (index % PAGE_ROWS);
    }
    return null;
  }

  #readPage(top: number, offset: number): Promise<HistoryPage> {
    if (top === 0) return Promise.resolve({ total: 0, revisions: [] });
    return this.#host.history({ ...this.#filter, upTo: top }, offset, PAGE_ROWS);
  }

  /** Keeps a page that starts `offset` rows from the latest. */
  #keep(page: HistoryPage, offset: number): void {
    const middle = (this.total ?? 0) - (this.#wanted.first + this.#wanted.end) / 2;
    const rows = this.#rows.size < ROWS_MAX ? this.#rows : near(this.#rows, middle, REACH_ROWS);
    this.#rows = withPage(rows, page, offset);
  }

  /** Runs `work` and keeps its failure, unless it is about something no longer asked for. */
  async #attempt(generation: number, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      if (generation === this.#generation) this.failure = null;
      return true;
    } catch (reason) {
      if (generation === this.#generation) this.failure = asUnread(reason);
      return false;
    }
  }
}
