/**
 * Whom each step of a ramp that is planned would affect, against how things are: asked one after
 * the other, and again when the steps, the flags or the roster change. Answers to an earlier plan
 * are discarded.
 */

import { untrack } from "svelte";

import type { Tally } from "../bindings/wire";
import { ownRollout } from "../model/rollout";
import { stepEdit } from "../model/ramp_plan";
import { ALL } from "../model/tree";
import type { Deck } from "./deck";

/** A pause in typing that is worth a question. */
const PAUSE_MS = 200;

/** What is known of a step. */
export type StepPreview = { kind: "waiting" } | { kind: "failed" } | { kind: "done"; tally: Tally };

export interface PlannedSteps {
  component: string | null;
  steps: readonly number[];
  /** Whether the component is switched on; else the first step does that. */
  isOn: boolean;
}

export class StepPreviews {
  /** One for each step that is asked about. */
  list = $state.raw<readonly StepPreview[]>([]);

  readonly #deck: Deck;
  #series = 0;

  /** What is counted: over other flags, or a newer roster, it is counted again. */
  readonly #over = $derived.by(() => {
    const { live, rosters } = this.#deck;
    const { counted } = rosters;
    const [revision, atMs] = [live.stored?.revision, counted?.atMs];
    return { roster: counted?.name ?? null, revision, atMs };
  });

  constructor(deck: Deck) {
    this.#deck = deck;
  }

  /** Follows what `planned` returns, while the caller is shown. */
  follow(planned: () => PlannedSteps | null): void {
    $effect(() => {
      const wanted = planned();
      const roster = this.#over.roster;
      const series = ++this.#series;
      untrack(() => (this.list = (wanted?.steps ?? []).map(() => ({ kind: "waiting" }))));
      if (wanted === null) return;
      const timer = setTimeout(() => void this.#askAll(series, wanted, roster), PAUSE_MS);
      return () => {
        clearTimeout(timer);
        this.#series += 1;
      };
    });
  }

  async #askAll(series: number, planned: PlannedSteps, roster: string | null): Promise<void> {
    for (const [at, percentage] of planned.steps.entries()) {
      const found = await this.#ask(planned, percentage, roster);
      if (series !== this.#series) return;
      this.list = this.list.with(at, found);
    }
  }

  async #ask(
    { component, isOn }: PlannedSteps,
    percentage: number,
    roster: string | null,
  ): Promise<StepPreview> {
    const { host, live } = this.#deck;
    const edit = stepEdit(component, percentage, isOn);
    const document = live.stored?.document;
    const isOwn = document !== undefined && ownRollout(document, component ?? ALL) !== null;
    try {
      // One that only moves is looked up, and not counted again.
      const tally =
        edit.kind === "set_rollout" && isOwn
          ? await host.slide(edit, roster)
          : await host.preview({ kind: "edit", edit }, roster);
      return { kind: "done", tally };
    } catch {
      return { kind: "failed" };
    }
  }
}
