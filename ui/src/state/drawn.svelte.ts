/**
 * When how much changed, of what is listed. Where the list reaches far back it draws only what is
 * near B, about a column for each snapshot: else most of it would be empty.
 */

import type { Failure, Timeline } from "../bindings/wire";
import type { Host } from "../host/host";
import type { Range } from "../model/chart_range";
import { snapshotOf, type Chosen } from "../model/chosen";
import { within } from "../model/snapshot_filter";
import { stretchAround } from "../model/timeline";
import type { SnapshotList } from "./snapshot_list.svelte";
import { asUnread } from "./unread";

/** How much of what is listed is drawn. */
export type Reach = "near" | "all";

/** Until its width is known. */
const COLUMNS_AT_FIRST = 120;

export class Drawn {
  timeline = $state.raw<Timeline | null>(null);
  reach = $state.raw<Reach>("near");
  /** Why the last reading failed. */
  failure = $state.raw<Failure | null>(null);

  readonly #host: Host;
  readonly #list: SnapshotList;
  readonly #chosen: () => Chosen | null;
  #columns = COLUMNS_AT_FIRST;
  /** What is near; `null` while all is drawn. */
  #near: Range | null = null;
  /** Whether the span near B ends with the latest snapshot, and moves with it. */
  #isAtLatest = false;
  #drawing = 0;

  constructor(host: Host, list: SnapshotList, chosen: () => Chosen | null) {
    this.#host = host;
    this.#list = list;
    this.#chosen = chosen;
  }

  /** Whether everything that is listed is drawn. */
  get isWhole(): boolean {
    const drawn = this.timeline?.columns.reduce((sum, { snapshots }) => sum + snapshots, 0);
    return drawn === (this.#list.total ?? 0);
  }

  /** Whether nothing that is listed comes after what is drawn. */
  get isToLatest(): boolean {
    return this.#near === null ? this.#list.filter.untilMs === undefined : this.#isAtLatest;
  }

  /** Draws it in so many columns. */
  fit(columns: number): void {
    if (columns === this.#columns) return;
    this.#columns = columns;
    this.#near = null;
    if (this.timeline !== null) void this.draw();
  }

  show(reach: Reach): void {
    this.reach = reach;
    this.startAnew();
    void this.draw();
  }

  /** Forgets what was near: something else is listed. */
  startAnew(): void {
    this.#near = null;
  }

  /** Sees to it that B is in what is drawn. */
  follow(): void {
    if (!this.#isNear()) void this.draw();
  }

  async draw(): Promise<void> {
    const drawing = ++this.#drawing;
    try {
      await this.#lookNear();
      if (drawing !== this.#drawing) return;
      const timeline = await this.#read();
      if (drawing !== this.#drawing) return;
      this.timeline = timeline;
      this.failure = null;
    } catch (reason) {
      if (drawing === this.#drawing) this.failure = asUnread(reason);
    }
  }

  #read(): Promise<Timeline | null> {
    const near = this.#near;
    const { filter } = this.#list;
    const drawn = near ? within(filter, { sinceMs: near.fromMs, untilMs: near.toMs }) : filter;
    return this.#host.timeline(drawn, this.#columns);
  }

  /** Finds what is near: around B, unless B is in it already. */
  async #lookNear(): Promise<void> {
    const { sinceMs, untilMs } = this.#list.filter;
    if (this.reach === "all" || sinceMs !== undefined || untilMs !== undefined) {
      this.#near = null;
    } else if (this.#near === null || this.#isAtLatest || !this.#isNear()) {
      // Now comes after the latest.
      const chosen = snapshotOf(this.#chosen());
      const place = (chosen && (await this.#list.locate(chosen))) ?? 0;
      const first = Math.max(0, place - Math.ceil(this.#columns / 2));
      const around = await this.#list.readAll(first, first + this.#columns);
      const times = around.map(({ atMs }) => atMs);
      this.#near = stretchAround(times, place - first, this.#columns);
      this.#isAtLatest = first === 0;
    }
  }

  #isNear(): boolean {
    const chosen = this.#chosen();
    if (this.#near === null || chosen === null) return true;
    if (chosen.kind === "now") return this.#isAtLatest;
    const { atMs } = chosen.snapshot;
    return atMs >= this.#near.fromMs && atMs < this.#near.toMs;
  }
}
