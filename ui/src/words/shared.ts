/** How sentences are put together. For the catalogue alone: the window says only what is in it. */

import type { Actor, Strategy, Unreadable } from "../bindings/wire";
import { formatClock, formatCount, formatDayAndTime, isSameDay } from "../format";
import { hostOf } from "../model/address";
import { isolated } from "../model/isolated";

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** What could not be read, with the verb of a sentence about it. */
export const unreadable = ({ records, snapshots }: Unreadable): string => {
  const parts = [
    ...(records > 0 ? [plural(records, "record of changes", "records of changes")] : []),
    ...(snapshots > 0 ? [plural(snapshots, "snapshot")] : []),
  ];
  return `${parts.join(" and ")} could not be read`;
};

export const listed = (names: readonly string[], shown = 1): string =>
  names.slice(0, shown).join(", ") + (names.length > shown ? ` +${names.length - shown}` : "");

/** Lines of a tooltip: with more it would not fit on a screen. */
const LINES_MAX = 20;

/** A tooltip with a line for each; how many more there are if it would be too high. */
export function inLines<Each>(all: readonly Each[], write: (each: Each) => string): string {
  const lines = all.slice(0, LINES_MAX).map(write);
  const others = all.length - lines.length;
  return (others > 0 ? [...lines, `and ${formatCount(others)} more`] : lines).join("\n");
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** How a change was made. */
export const doors: Record<Actor["via"], string> = {
  window: "in the window",
  flagctl: "with flagctl",
  http: "over HTTP",
  followed: "(followed)",
  rollout: "(rollout)",
};

/** A person or a program; a followed document by its host. */
export const nameOf = ({ name, via }: Actor): string =>
  isolated(via === "followed" ? hostOf(name) : name);

/** A clock time, with the day if that is another one. */
export const moment = (atMs: number, nowMs: number): string =>
  isSameDay(atMs, nowMs) ? formatClock(atMs) : formatDayAndTime(atMs, nowMs);

export const strategies: Record<Strategy, string> = {
  canary: "Canary",
  "blue-green": "Blue-green",
  feature: "Groups only",
};
