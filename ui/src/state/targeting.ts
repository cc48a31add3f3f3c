/** Sets and ends overrides for single applications and users, and says so with a way back. */

import type { Failure, Target, TargetedOverride } from "../bindings/wire";
import { asFailure } from "../host/host";
import { keyOf, restMs } from "../model/targeted";
import { words } from "../words";
import type { Deck } from "./deck";

/** An override that a person asks for. */
export interface Wanted {
  target: Target;
  component: string;
  on: boolean;
  forMs: number;
}

/** Sets an override. Resolves to why it could not be set, or to `null`. */
export async function overrideFor(deck: Deck, wanted: Wanted): Promise<Failure | null> {
  const { host, live, toasts } = deck;
  const { target, component, on, forMs } = wanted;
  const before = inForce(deck).get(keyOf({ for: target, component }));
  try {
    const set = await host.overrideFor(target, component, on, forMs);
    await live.refresh();
    toasts.done(words.targeted.set(set, Date.now()), {
      label: words.actions.undo,
      run: () => void takeBack(deck, set, before),
      isOffered: () => inForce(deck).get(keyOf(set))?.sinceMs === set.sinceMs,
    });
    return null;
  } catch (reason) {
    return asFailure(reason);
  }
}

/** Ends the overrides that are meant, all of them if nothing is named. */
export async function endTargeted(
  deck: Deck,
  which: { target?: Target; component?: string } = {},
): Promise<void> {
  const { host, live, toasts } = deck;
  try {
    const ended = await host.endTargeted(which.target ?? null, which.component ?? null);
    await live.refresh();
    if (ended.length === 0) toasts.done(words.targeted.noneToEnd);
    else tellEnded(deck, ended);
  } catch (reason) {
    toasts.refused(reason);
    await live.refresh();
  }
}

function tellEnded(deck: Deck, ended: readonly TargetedOverride[]): void {
  deck.toasts.done(words.targeted.ended(ended), {
    label: words.actions.undo,
    run: () => void bringBack(deck, ended),
    isOffered: () => ended.some((each) => restMs(each, Date.now()) !== null),
  });
}

async function takeBack(
  deck: Deck,
  set: TargetedOverride,
  before: TargetedOverride | undefined,
): Promise<void> {
  if (before && restMs(before, Date.now()) !== null) await setAgain(deck, [before]);
  else await endTargeted(deck, { target: set.for, component: set.component });
}

/** Sets again what was ended, unless it has been set differently since. */
async function bringBack(deck: Deck, ended: readonly TargetedOverride[]): Promise<void> {
  const known = inForce(deck);
  await setAgain(
    deck,
    ended.filter((each) => !known.has(keyOf(each))),
  );
}

/** Sets overrides for what is left of their time; if some are refused, says why the first was. */
async function setAgain(deck: Deck, overrides: readonly TargetedOverride[]): Promise<void> {
  const { host, live, toasts } = deck;
  const refusals: unknown[] = [];
  for (const each of overrides) {
    const forMs = restMs(each, Date.now());
    if (forMs === null) continue;
    await host
      .overrideFor(each.for, each.component, each.on, forMs)
      .catch((reason: unknown) => refusals.push(reason));
  }
  if (refusals.length > 0) toasts.refused(refusals[0]);
  await live.refresh();
}

function inForce({ live }: Deck): ReadonlyMap<string, TargetedOverride> {
  return new Map((live.flags?.targeted ?? []).map((each) => [keyOf(each), each]));
}
