/** What is overridden of the followed document, by what it is about. Pure. */

import type { Flags, Followed, Override } from "../bindings/wire";
import { parentOf } from "./edit";
import { entriesByRow, type RowEntries } from "./rows";
import { ALL, type Tree } from "./tree";

type OfDocument = Followed | null | undefined;

/** What a row of the tree says of overrides; with `ALL` its own are about the document as a whole. */
export type RowOverrides = RowEntries<Override>;

const none: readonly Override[] = [];

/** Returns what the rows of the tree say of overrides, by path. */
export function rowOverrides(followed: OfDocument): ReadonlyMap<string, RowOverrides> {
  return entriesByRow(followed?.overrides ?? none, ({ component }) => component ?? ALL);
}

/** Returns the overrides about `path`, or with `ALL` about the document as a whole. */
export function overridesOf(followed: OfDocument, path: string): readonly Override[] {
  const component = path === ALL ? null : path;
  return (followed?.overrides ?? none).filter((each) => each.component === component);
}

/** Returns the overrides about any of `paths` and what is in them; with `ALL` every one. */
export function overridesWithin(
  followed: OfDocument,
  paths: readonly string[],
): readonly Override[] {
  const all = followed?.overrides ?? none;
  const wanted = new Set(paths);
  if (wanted.has(ALL)) return all;
  return all.filter(({ component }) => {
    for (let at = component ?? ""; at !== ""; at = parentOf(at)) if (wanted.has(at)) return true;
    return false;
  });
}

/** Returns the overrides of what the tree does not have: removed here, or without a place there. */
export function overridesOutside(followed: OfDocument, tree: Tree): readonly Override[] {
  return (followed?.overrides ?? none).filter(
    ({ component }) => component !== null && !tree.byPath.has(component),
  );
}

/** Whether the master switch is turned on once an override ends. */
export function endsWithFlagsOn({ what, value, followed }: Override): boolean {
  return what === "master" && value === false && followed === true;
}

/** Whether all flags are off only because of an override. */
export function isOffByOverride(flags: Flags | null): boolean {
  const isOff = flags?.document.enabled === false;
  return isOff && (flags.followed?.overrides ?? none).some(endsWithFlagsOn);
}

/** How many overrides a step made, and how many it ended. */
export interface OverridesChange {
  made: number;
  ended: number;
}

export function overridesChange(before: Followed, after: Followed): OverridesChange {
  const placesOf = ({ overrides }: Followed) => new Set(overrides.map(({ place }) => place));
  const [old, now] = [placesOf(before), placesOf(after)];
  return {
    made: [...now].filter((place) => !old.has(place)).length,
    ended: [...old].filter((place) => !now.has(place)).length,
  };
}
