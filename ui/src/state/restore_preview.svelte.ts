/**
 * What a restore would change, while a person chooses parts of it: of everything, which does not
 * move under their hands, and of what they chose. If the source reports another state in between,
 * that is said, and the preview stays until it is refreshed.
 */

import type { Failure, RestoreRequest, StateDifference } from "../bindings/wire";
import type { Host } from "../host/host";
import { Answer } from "./answer.svelte";
import { exactly } from "./restoring";

export class RestorePreview {
  readonly #host: Host;
  readonly #everything: RestoreRequest;
  readonly #whole = new Answer<StateDifference>();
  readonly #chosen = new Answer<StateDifference>();
  #request: RestoreRequest | null = $state.raw(null);
  #isLooking = false;

  /** Whether the state changed since, so that restoring would change something else. */
  isStale = $state(false);

  constructor(host: Host, snapshot: number) {
    this.#host = host;
    this.#everything = { snapshot, only: [], except: [], withFlags: false };
    this.#whole.ask(() => this.#ask(this.#everything));
  }

  /** What restoring everything would change; `null` until it is read. */
  get whole(): StateDifference | null {
    return this.#whole.value;
  }

  /** How many values restoring what is chosen would change; `null` until it is read. */
  get total(): number | null {
    // Of everything from the same answer as its parts: a source that reports in between would
    // have the one say another number than the others.
    const { value } = this.#isOfEverything ? this.#whole : this.#chosen;
    return value?.total ?? null;
  }

  get failure(): Failure | null {
    return this.#whole.failure ?? this.#chosen.failure;
  }

  get isAsking(): boolean {
    return this.#whole.isAsking || this.#chosen.isAsking;
  }

  /** Asks for what a person chose; `null` for nothing. */
  choose(request: RestoreRequest | null): void {
    this.#request = request;
    if (request && !this.#isOfEverything) {
      this.#chosen.renew(() => this.#ask({ ...request, withFlags: false }));
    }
  }

  /** Learns that the source reported: looks whether that makes a difference. */
  async notice(): Promise<void> {
    const shown = this.#whole.value;
    if (shown === null || this.isStale || this.#isLooking) return;
    this.#isLooking = true;
    try {
      const now = await this.#ask(this.#everything);
      if (this.#whole.value === shown) this.isStale = textOf(now) !== textOf(shown);
    } catch {
      // The next report is looked at again, and restoring itself says what is wrong.
    }
    this.#isLooking = false;
  }

  /** Reads again what would change. */
  refresh(): void {
    this.isStale = false;
    this.#whole.renew(() => this.#ask(this.#everything));
    this.choose(this.#request);
  }

  get #isOfEverything(): boolean {
    return this.#request?.only.length === 0 && this.#request.except.length === 0;
  }

  #ask(request: RestoreRequest): Promise<StateDifference> {
    return this.#host.previewRestore(request, exactly);
  }
}

function textOf({ changes, total }: StateDifference): string {
  return JSON.stringify([total, changes]);
}
