/** Overrides for single applications and users, by what they act on. Pure. */

import type { Target, TargetedOverride } from "../bindings/wire";
import { isWithin } from "./edit";
import { entriesByRow, type RowEntries } from "./rows";
import { ALL } from "./tree";

type Overrides = readonly TargetedOverride[];

/** What a row of the tree says of such overrides. */
export type RowTargeted = RowEntries<TargetedOverride>;

/** Returns what the rows of the tree say of them, by path. */
export function rowTargeted(overrides: Overrides): ReadonlyMap<string, RowTargeted> {
  return entriesByRow(overrides, ({ component }) => component);
}

/** Returns the overrides of a component, of what is in a group, or with `ALL` every one. */
export function targetedWithin(overrides: Overrides, path: string): Overrides {
  return path === ALL ? overrides : overrides.filter(({ component }) => isWithin(component, path));
}

/** Returns the overrides for an application. */
export function targetedOf(overrides: Overrides, source: string | null): Overrides {
  if (source === null) return [];
  return overrides.filter(({ for: target }) => "source" in target && target.source === source);
}

/** Tells overrides apart: a component has one for each target. */
export function keyOf({ for: target, component }: Pick<TargetedOverride, "for" | "component">) {
  return JSON.stringify([target, component]);
}

/** An override lasts at least this long. */
const TIME_MIN_MS = 60_000;

/** How much of an override is left to set again; `null` if that is too little. */
export function restMs({ untilMs }: TargetedOverride, nowMs: number): number | null {
  const rest = untilMs - nowMs;
  return rest < TIME_MIN_MS ? null : rest;
}

/** As `SOURCE_CHARS_MAX` in the backend. */
export const NAME_CHARS_MAX = 128;
/** As `TARGETED_USER_BYTES_MAX` in the backend. */
export const USER_BYTES_MAX = 1024;

export type TargetProblem = "empty" | "long" | "letters";

/** What is wrong with a target; `null` if nothing is. The backend decides. */
export function problemOf(target: Target): TargetProblem | null {
  return "source" in target ? problemOfName(target.source) : problemOfUser(target.user);
}

function problemOfName(name: string): TargetProblem | null {
  if (name.trim() === "") return "empty";
  if (Array.from(name).length > NAME_CHARS_MAX) return "long";
  return /[/\\\p{Cc}]/u.test(name) || name === "." || name === ".." ? "letters" : null;
}

function problemOfUser(id: string): TargetProblem | null {
  if (id === "") return "empty";
  return new TextEncoder().encode(id).length > USER_BYTES_MAX ? "long" : null;
}
