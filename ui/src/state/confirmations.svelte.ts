/**
 * Tells when a source confirms a restore that was open, whatever view is shown. Reads the sources
 * at the start, and keeps up only while a restore is known to be open.
 */

import type { StateRestore, StateSource } from "../bindings/wire";
import type { StateSources } from "./sources.svelte";

export class Confirmations {
  readonly #sources: StateSources;
  readonly #tell: (restore: StateRestore) => void;
  /** Restores that were open when they were heard of last. */
  #open: readonly StateRestore[] = [];
  #stop: (() => void) | null = null;

  constructor(sources: StateSources, tell: (restore: StateRestore) => void) {
    this.#sources = sources;
    this.#tell = tell;
  }

  /** Follows until the returned function is called. */
  start(): () => void {
    void this.#sources.refresh();
    return () => this.#rest();
  }

  /** Learns of a restore that was asked for here: it may be confirmed before it is read. */
  expect(restore: StateRestore): void {
    if (restore.status === "open") this.#follow([...this.#open, restore]);
  }

  /** Learns what is known of the latest restore of each source. */
  learn(sources: readonly StateSource[]): void {
    const latest = sources.flatMap(({ restore }) => restore ?? []);
    const before = this.#open;
    // What was read may be older than what was asked for here.
    const unread = before.filter((open) =>
      latest.every(({ id, source }) => source !== open.source || id < open.id),
    );
    this.#follow([...latest.filter(({ status }) => status === "open"), ...unread]);
    const confirmed = latest.filter(({ status }) => status === "confirmed");
    const wasOpen = ({ id }: StateRestore) => before.some((open) => open.id === id);
    for (const restore of confirmed.filter(wasOpen)) this.#tell(restore);
  }

  #follow(open: readonly StateRestore[]): void {
    this.#open = open;
    if (open.length === 0) this.#rest();
    else this.#stop ??= this.#sources.start();
  }

  #rest(): void {
    this.#stop?.();
    this.#stop = null;
  }
}
