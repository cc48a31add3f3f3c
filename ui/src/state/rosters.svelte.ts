/** The rosters of the data folder, the one that is counted over, and the file that is read. */

import type { Failure, Look, RosterInfo } from "../bindings/wire";
import { asFailure, type Host } from "../host/host";
import { coalesced } from "../model/coalesced";
import type { Choices } from "./choices.svelte";

/** Bytes of a file that are read, or rows of a table. */
export interface ReadProgress {
  done: number;
  total: number;
}

/** How a file is read: to look at it, or to keep what is in it. */
export type Reading = "look" | "import";

export class Rosters {
  /** By name; `null` until they were read. */
  list = $state.raw<readonly RosterInfo[] | null>(null);
  /** Why they could not be read the last time. */
  failure = $state.raw<Failure | null>(null);
  /** How far a file is read; `null` while none is. */
  progress = $state.raw<ReadProgress | null>(null);

  readonly #host: Host;
  readonly #choices: Choices;
  readonly #readOnce = coalesced(() => this.#read());

  /** The one that previews are counted over: the chosen one, or else the one imported last. */
  readonly counted: RosterInfo | null = $derived.by(() => {
    const list = this.list ?? [];
    const chosen = list.find(({ name }) => name === this.#choices.roster);
    const latest = (a: RosterInfo, b: RosterInfo) => (b.atMs > a.atMs ? b : a);
    return chosen ?? (list.length > 0 ? list.reduce(latest) : null);
  });

  constructor(host: Host, choices: Choices) {
    this.#host = host;
    this.#choices = choices;
  }

  /** Reads the list. Resolves once a reading that began after this call has ended. */
  refresh(): Promise<void> {
    return this.#readOnce();
  }

  note(progress: ReadProgress): void {
    this.progress = progress;
  }

  /** Counts over this one from now on. */
  count(name: string): void {
    this.#choices.roster = name;
  }

  /**
   * Reads the file that was chosen last: resolves to what was understood, to why it was refused, or
   * to `null` if that was cancelled.
   */
  async read(how: Reading, name: string, table: string | null): Promise<Look | Failure | null> {
    this.progress = { done: 0, total: 0 };
    try {
      if (how === "look") return await this.#host.lookAtRoster(name, table);
      const imported = await this.#host.importRoster(name, table);
      await this.refresh();
      return imported;
    } catch (reason) {
      return asFailure(reason);
    } finally {
      this.progress = null;
    }
  }

  async #read(): Promise<void> {
    try {
      this.list = await this.#host.rosters();
      this.failure = null;
    } catch (reason) {
      this.failure = asFailure(reason);
    }
  }
}
