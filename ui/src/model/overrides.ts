/** What is overridden of the followed document, by what it is about. Pure. */

import type { Flags, Followed, Override } from "../bindings/wire";
import { isWithin, parentOf } from "./edit";
import { ALL, type Tree } from "./tree";

type OfDocument = Followed | null | undefined;

/** What a row of the tree says of overrides. */
export interface RowOverrides {
  /** Those about the component or group itself, or with `ALL` about the document as a whole. */
  own: readonly Override[];
  /** How many there are in the group. */
  inside: number;
}

const none: readonly Override[] = [];

/** Returns what the rows of the tree say of overrides, by path; those with nothing to say are left out. */
export function rowOverrides(followed: OfDocument): ReadonlyMap<string, RowOverrides> {
  const rows = new Map<string, { own: Override[]; inside: number }>();
  const row = (path: string) => {
    const known = rows.get(path) ?? { own: [], inside: 0 };
    rows.set(path, known);
    return known;
  };
  for (const each of followed?.overrides ?? none) {
    row(each.component ?? ALL).own.push(each);
    for (let at = parentOf(each.component ?? ""); at !== ""; at = parentOf(at)) row(at).inside += 1;
  }
  return rows;
}

/** Returns the overrides about `path`, or with `ALL` about the document as a whole. */
export function overridesOf(followed: OfDocument, path: string): readonly Override[] {
  const component = path === ALL ? null : path;
  return (followed?.overrides ?? none).filter((each) => each.component === component);
}

/** Returns the overrides about `path` and what is in it; with `ALL` every one. */
export function overridesWithin(followed: OfDocument, path: string): readonly Override[] {
  const all = followed?.overrides ?? none;
  if (path === ALL) return all;
  return all.filter(({ component }) => component !== null && isWithin(component, path));
}

/** Returns the overrides of what the tree does not have: removed here, or without a place there. */
export function overridesOutside(followed: OfDocument, tree: Tree): readonly Override[] {
  return (followed?.overrides ?? none).filter(
    ({ component }) => component !== null && !tree.byPath.has(component),
  );
}

/** Whether all flags are off only because of an override. */
export function isOffByOverride(flags: Flags | null): boolean {
  const master = flags?.followed?.overrides.find(({ what }) => what === "master");
  return flags?.document.enabled === false && master?.value === false;
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
