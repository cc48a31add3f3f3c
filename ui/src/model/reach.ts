/** Whom components reach, as the backend computed it: looked up, never computed here. */

import type { AllOff, Flags, Reach, Reaches } from "../bindings/wire";
import { ALL } from "./tree";

/** Whom a component reaches; of `ALL`, what is on and follows the default rollout. */
export function reachOf(reaches: Reaches, path: string): Reach | undefined {
  const kind = path === ALL ? undefined : reaches.sees[path];
  return reaches.kinds[kind ?? reaches.default];
}

/** For whom everything is on that a component requires; `undefined` if that is nothing. */
export function metOf(reaches: Reaches, path: string): Reach | undefined {
  const kind = reaches.met[path];
  return kind === undefined ? undefined : reaches.kinds[kind];
}

/** Since when all flags are off; `null` while they are on, or about to be. */
export function allOffOf(flags: Flags | null): AllOff | null {
  return flags === null || flags.document.enabled ? null : flags.allOff;
}
