/**
 * The restores that a filter lets through, latest first, all of them read: people ask for them one
 * by one, so there are few. Keeps up with what becomes of them.
 */

import type { Failure, RestoreFilter, StateRestore, StateSource } from "../bindings/wire";
import type { Host } from "../host/host";
import { signatureOf } from "../model/restores";
import { asUnread } from "./unread";

const PAGE_ROWS = 500;
/** More than that are not listed, only counted. */
const RESTORES_MAX = 5000;

export class Restores {
  /** Latest first; `null` until they were read. */
  list = $state.raw<readonly StateRestore[] | null>(null);
  /** How many there are in all. */
  total = $state.raw(0);
  /** Why the last reading failed. */
  failure = $state.raw<Failure | null>(null);

  readonly #host: Host;
  #filter: RestoreFilter = {};
  /** What was known of the latest ones when they were read. */
  #known = "";
  #generation = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  get(id: number | null): StateRestore | undefined {
    return this.list?.find((restore) => restore.id === id);
  }

  /**
   * Lists what `filter` lets through. Resolves to whether it did, and nothing else was asked for.
   */
  async show(filter: RestoreFilter): Promise<boolean> {
    this.#filter = filter;
    return this.refresh();
  }

  /**
   * Reads them again if the sources tell of another restore, or of another status of one. Resolves
   * to whether they were.
   */
  async follow(sources: readonly StateSource[]): Promise<boolean> {
    const known = signatureOf(sources.map(({ restore }) => restore));
    if (known === this.#known) return false;
    this.#known = known;
    return this.refresh();
  }

  async refresh(): Promise<boolean> {
    const generation = ++this.#generation;
    try {
      const [restores, total] = await this.#readAll();
      if (generation !== this.#generation) return false;
      this.list = restores;
      this.total = total;
      this.failure = null;
      return true;
    } catch (reason) {
      if (generation === this.#generation) this.failure = asUnread(reason);
      return false;
    }
  }

  async #readAll(): Promise<[restores: StateRestore[], total: number]> {
    const filter = this.#filter;
    let read: StateRestore[] = [];
    for (let offset = 0; ; offset += PAGE_ROWS) {
      const { restores, total } = await this.#host.stateRestores(filter, offset, PAGE_ROWS);
      // What moved on to the next page while pages were read is in both.
      const lastId = read.at(-1)?.id ?? Infinity;
      read = [...read, ...restores.filter(({ id }) => id < lastId)];
      if (restores.length === 0 || read.length >= Math.min(total, RESTORES_MAX)) {
        return [read, total];
      }
    }
  }
}
