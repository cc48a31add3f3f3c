/** The rosters of the data folder, the one that is counted over, and the file that is read. */

import type { Failure, Look, RosterInfo } from "../bindings/wire";
import { asFailure, type Host } from "../host/host";
import { coalesced } from "../model/coalesced";
import { latestOf } from "../model/roster_facts";
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
  /** The one that the view shows, by name; another one if it is gone or `null`. */
  selected = $state<string | null>(null);
  /** Whether its details are what a window too narrow for both shows. */
  isDetailed = $state(false);
  /** Whose id was looked for last, exactly as it was typed; `null` for nobody's. */
  person = $state<string | null>(null);
  /** Whether a command wants the keyboard in the field for an id. */
  wantsPerson = $state(false);

  readonly #host: Host;
  readonly #choices: Choices;
  readonly #readOnce = coalesced(() => this.#read());
  /** The reading of a file that was asked for last. */
  #reading: Promise<unknown> = Promise.resolve();
  /** Readings that were asked for, the one under way, and the last one that is cancelled. */
  #asked = 0;
  #current = 0;
  #cancelled = 0;

  /** The one that previews are counted over: the chosen one, or else the one imported last. */
  readonly counted: RosterInfo | null = $derived.by(() => {
    const list = this.list ?? [];
    const chosen = list.find(({ name }) => name === this.#choices.roster);
    return chosen ?? latestOf(list);
  });

  /** The one that is shown: the one selected, or else the one counted over. */
  readonly shown: RosterInfo | null = $derived.by(
    () => this.list?.find(({ name }) => name === this.selected) ?? this.counted,
  );

  constructor(host: Host, choices: Choices) {
    this.#host = host;
    this.#choices = choices;
  }

  /** Reads the list. Resolves once a reading that began after this call has ended. */
  refresh(): Promise<void> {
    return this.#readOnce();
  }

  note(progress: ReadProgress): void {
    // One that arrives after the end is of no reading.
    if (this.progress === null) return;
    this.progress = progress;
    // A cancel that came before the backend began to read was lost.
    if (this.#current <= this.#cancelled) void this.#stop();
  }

  /** Counts over this one from now on. */
  count(name: string): void {
    this.#choices.roster = name;
  }

  /**
   * Reads the file that was chosen last: resolves to what was understood, to why it was refused, or
   * to `null` if that was cancelled. One after the other: a cancel ends all that are under way.
   */
  read(how: Reading, name: string, table: string | null): Promise<Look | Failure | null> {
    const number = ++this.#asked;
    const before = this.#reading;
    const reading = before.then(() => {
      this.#current = number;
      return number <= this.#cancelled ? null : this.#readFile(how, name, table);
    });
    this.#reading = reading;
    return reading;
  }

  /** Ends the reading that is under way, and those that wait for it. */
  async cancel(): Promise<void> {
    this.#cancelled = this.#asked;
    if (this.progress !== null) await this.#stop();
  }

  async #stop(): Promise<void> {
    try {
      await this.#host.cancelReading();
    } catch {
      // Then it is read to its end, and says so.
    }
  }

  async #readFile(
    how: Reading,
    name: string,
    table: string | null,
  ): Promise<Look | Failure | null> {
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
