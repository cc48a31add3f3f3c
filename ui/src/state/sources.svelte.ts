/**
 * The sources whose state is kept. Read while somebody shows them, and again when one of them is
 * announced to have changed: not more often than people look.
 */

import type { Failure, StateSource } from "../bindings/wire";
import type { Host } from "../host/host";
import { asUnread } from "./unread";

/** A busy source is announced many times a second. */
export const REST_MS = 1000;

export class StateSources {
  /** By name; `null` until they were read. */
  list = $state.raw<readonly StateSource[] | null>(null);
  /** Why the last reading failed. */
  failure = $state.raw<Failure | null>(null);

  readonly #host: Host;
  /** Called after every reading. */
  readonly #followers: (() => void)[] = [];
  #isUnderWay = false;
  #isWanted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** The source that reported last; `null` if there is none. */
  get latest(): StateSource | null {
    return (this.list ?? []).reduce<StateSource | null>(
      (latest, source) => (heardMs(source) > heardMs(latest) ? source : latest),
      null,
    );
  }

  get(name: string | null): StateSource | undefined {
    return this.list?.find((source) => source.name === name);
  }

  /** Reads them, and keeps up until the returned function is called. */
  start(onRead: () => void = () => undefined): () => void {
    const follower = () => onRead();
    this.#followers.push(follower);
    const onVisibility = () => this.#want();
    document.addEventListener("visibilitychange", onVisibility);
    // What is known is shown at once, though it may not be time to ask again.
    if (this.list !== null) onRead();
    this.#want();
    return () => {
      this.#followers.splice(this.#followers.indexOf(follower), 1);
      document.removeEventListener("visibilitychange", onVisibility);
      if (this.#followers.length === 0) this.#rest();
    };
  }

  /** Notes that a state or its snapshots changed. */
  notice(): void {
    this.#want();
  }

  /** Reads them now. */
  async refresh(): Promise<void> {
    this.#isUnderWay = true;
    this.#isWanted = false;
    clearTimeout(this.#timer);
    try {
      const sources = await this.#host.stateSources();
      this.list = sources.toSorted((one, other) => (one.name < other.name ? -1 : 1));
      this.failure = null;
    } catch (reason) {
      this.failure = asUnread(reason);
    }
    this.#isUnderWay = false;
    for (const follower of this.#followers) follower();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isWanted) this.#want();
    }, REST_MS);
  }

  /** Stops reading until they are shown again. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isWanted = false;
  }

  #want(): void {
    if (this.#followers.length === 0 || document.hidden) return;
    this.#isWanted = true;
    if (!this.#isUnderWay && this.#timer === undefined) void this.refresh();
  }
}

function heardMs(source: StateSource | null): number {
  return source === null ? -Infinity : (source.atMs ?? source.lastSnapshotMs ?? 0);
}
