/** An import of snapshots from a file: how far it is, and the way to end it. */

import type { Snapshot } from "../bindings/wire";
import type { Host } from "../host/host";

/** Snapshots of a file that are read, of how many. */
export interface Progress {
  done: number;
  total: number;
}

export class Importing {
  /** `null` while nothing is imported. */
  progress = $state.raw<Progress | null>(null);

  readonly #host: Host;
  #isCancelled = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * Imports a file that the user chooses. Resolves to its snapshots, `"cancelled"`, or `null` if
   * no file was chosen.
   */
  async run(): Promise<readonly Snapshot[] | "cancelled" | null> {
    this.#isCancelled = false;
    try {
      return (await this.#host.importSnapshots()) ?? this.#reason();
    } finally {
      this.progress = null;
    }
  }

  /** Why nothing was imported. */
  #reason(): "cancelled" | null {
    return this.#isCancelled ? "cancelled" : null;
  }

  note(progress: Progress): void {
    this.progress = progress;
  }

  async cancel(): Promise<void> {
    this.#isCancelled = true;
    await this.#host.cancelImport();
  }
}
