/** Clients of the HTTP interface, as a list shows them. */

import type { Client } from "../bindings/wire";

/** Tells clients apart: a name holds no line break. */
export function keyOf({ source, program }: Client): string {
  return `${source ?? "\n"}\n${program ?? "\n"}`;
}

/** Whether a client has a stream open. */
export function isFollowing({ uses }: Client): boolean {
  return uses.some(({ open }) => open > 0);
}

/** Whether the program that has the port is Flagdeck itself: `flagctl (process 123)`. */
export function isFlagdeck(owner: string): boolean {
  return /^(flagctl|flagdeck)\b/.test(owner);
}
