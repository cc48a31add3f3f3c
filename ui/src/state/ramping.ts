/** What is done to rollouts and their ramps: each says what came of it, and why it was refused. */

import type {
  Edit,
  Failure,
  OwnGuardRules,
  RampPlan,
  RolloutDetails,
  RolloutStatus,
} from "../bindings/wire";
import { asFailure } from "../host/host";
import { keyOf } from "../model/rollouts";
import { words } from "../words";
import type { Deck } from "./deck";

export const pauseRamp = (deck: Deck, component: string | null) =>
  act(deck, component, () => deck.host.pauseRamp(component), words.rollouts.done.paused(component));

export const resumeRamp = (deck: Deck, component: string | null) =>
  act(
    deck,
    component,
    () => deck.host.resumeRamp(component),
    words.rollouts.done.resumed(component),
  );

export const skipRamp = (deck: Deck, component: string | null) =>
  act(deck, component, () => deck.host.skipRamp(component), words.rollouts.done.skipped(component));

/** Resolves to why it could not be done, or to `null`. */
export const abortRamp = (deck: Deck, component: string | null, putsBack: boolean) =>
  attempt(
    deck,
    () => deck.host.abortRamp(component, putsBack),
    words.rollouts.done.aborted(component),
  );

export interface RampStart {
  plan: RampPlan;
  planName: string | null;
  /** `null` for at once. */
  startsMs: number | null;
}

export const startRamp = (deck: Deck, component: string | null, start: RampStart) =>
  attempt(
    deck,
    () => deck.host.startRamp(component, start.plan, start.planName, start.startsMs),
    words.rollouts.done.started(component),
  );

export const setRules = (deck: Deck, component: string | null, rules: OwnGuardRules) =>
  attempt(
    deck,
    () => deck.host.setGuardRules(component, rules),
    words.rollouts.done.ruled(component),
  );

/** The edit that makes it off for everyone. */
export function offEdit(component: string | null): Edit {
  return component === null
    ? { kind: "set_rollout", component: null, percentage: 0 }
    : { kind: "set_components", paths: [component], on: false };
}

export function switchOff({ live }: Deck, component: string | null): void {
  void live.change(offEdit(component));
}

/** Shows a component to fewer people again, as it is now. */
export function rollBack({ live }: Deck, { component, sentence }: RolloutStatus): void {
  const base = live.stored?.revision;
  if (component !== null && base !== undefined) void live.rollBack({ component, base, sentence });
}

/** Opens the view of rollouts at one of them. */
export function showRollout({ choices, rollouts }: Deck, component: string | null): void {
  rollouts.selected = keyOf(component);
  rollouts.isDetailed = true;
  rollouts.query = "";
  choices.view = "rollouts";
}

async function act(
  deck: Deck,
  component: string | null,
  send: () => Promise<RolloutDetails>,
  done: string,
): Promise<void> {
  const key = keyOf(component);
  const { busy } = deck.rollouts;
  // One press, one step.
  if (busy.has(key)) return;
  busy.add(key);
  const failure = await attempt(deck, send, done);
  busy.delete(key);
  if (failure) deck.toasts.refused(failure);
}

async function attempt(
  { live, rollouts, toasts }: Deck,
  send: () => Promise<RolloutDetails>,
  done: string,
): Promise<Failure | null> {
  try {
    const { status } = await send();
    rollouts.take(status);
    toasts.done(done);
    return null;
  } catch (reason) {
    return asFailure(reason);
  } finally {
    // How it stands is known already; the rest follows.
    void rollouts.refresh();
    void live.refresh();
  }
}
