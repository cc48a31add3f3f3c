/**
 * The rollouts and how each stands; the one that is shown, in full; and what a window that is open
 * has to be told of. Read again when the backend announces that something happened to one.
 */

import { SvelteSet } from "svelte/reactivity";

import type { Announcement, Failure, RolloutDetails, RolloutStatus } from "../bindings/wire";
import { asFailure, type Host } from "../host/host";
import { coalesced } from "../model/coalesced";
import { isRamping, keyOf, needsEye } from "../model/rollouts";
import { Answer } from "./answer.svelte";

/** A rollout that did harm and was switched off, to be told of until someone has seen it. */
export type RolledBack = Omit<Extract<Announcement, { kind: "rolled_back" }>, "kind">;

/** Beyond these the oldest are told of in the view alone. */
const NEWS_MAX = 3;

export class Rollouts {
  /** Those that need a person first; `null` until they were read. */
  list = $state.raw<readonly RolloutStatus[] | null>(null);
  /** Why they could not be read the last time. */
  failure = $state.raw<Failure | null>(null);
  /** When the list was read, in milliseconds since 1970. */
  readMs = $state.raw(0);
  /** The one that the view shows, as `keyOf` names it; the first one if `null` or gone. */
  selected = $state<string | null>(null);
  /** Whether its details are what a window too narrow for both shows. */
  isDetailed = $state(false);
  /** What is typed to find one. */
  query = $state("");
  /** Whether those with nothing to watch are listed, too. */
  hasOthers = $state(false);
  /** What was rolled back and is not seen yet, the latest first. */
  news = $state.raw<readonly RolledBack[]>([]);
  /** Those of which something is on its way to the backend, by key. */
  readonly busy = new SvelteSet<string>();
  /** The one that is shown, with everything that happened to it. */
  readonly details = new Answer<RolloutDetails>();

  readonly #host: Host;
  readonly #readOnce = coalesced(() => this.#read());

  /** The one that is shown; `null` without any. */
  readonly shown: RolloutStatus | null = $derived.by(() => {
    const list = this.list ?? [];
    const selected = list.find((rollout) => keyOf(rollout.component) === this.selected);
    return selected ?? list.find(needsEye) ?? list.at(0) ?? null;
  });

  /** How many ramps are under way. */
  readonly ramping: number = $derived((this.list ?? []).filter(isRamping).length);

  constructor(host: Host) {
    this.#host = host;
  }

  /** Reads the list. Resolves once a reading that began after this call has ended. */
  refresh(): Promise<void> {
    return this.#readOnce();
  }

  of(component: string | null): RolloutStatus | null {
    return this.list?.find((rollout) => rollout.component === component) ?? null;
  }

  /** The one whose last ramp has this number, if it is known. */
  withRamp(id: number): RolloutStatus | null {
    return this.list?.find(({ ramp }) => ramp?.id === id) ?? null;
  }

  /** Asks for everything about one; what is shown of another one goes. */
  open(component: string | null): void {
    this.details.ask(() => this.#host.rollout(component));
  }

  /** Asks again for the one that is shown. */
  renew(component: string | null): void {
    this.details.renew(() => this.#host.rollout(component));
  }

  /** Takes over how one stands after something was done to it. */
  take(status: RolloutStatus): void {
    const { list } = this;
    if (list === null) return;
    this.list = list.map((each) => (each.component === status.component ? status : each));
    this.readMs = Date.now();
  }

  /** Notes that one was rolled back. */
  note(news: RolledBack): void {
    const others = this.news.filter(({ id }) => id !== news.id);
    this.news = [news, ...others].slice(0, NEWS_MAX);
  }

  /** Notes that it was seen that one was rolled back. */
  see(id: number): void {
    this.news = this.news.filter((each) => each.id !== id);
  }

  async #read(): Promise<void> {
    try {
      this.list = await this.#host.rollouts();
      this.readMs = Date.now();
      this.failure = null;
    } catch (reason) {
      this.failure = asFailure(reason);
    }
  }
}
