/** One value that differs, made ready to be looked at. Pure. */

import type { Change } from "../bindings/wire";
import { indented } from "./json_text";

export type ChangeKind = "added" | "removed" | "changed";

export type Comparison =
  /** Members of a list that came and went, and how many stayed. */
  | { kind: "list"; added: readonly string[]; removed: readonly string[]; kept: number }
  /** JSON text; `null` if there was no value. */
  | { kind: "json"; before: string | null; after: string | null };

/** JSON up to here is written on one line. */
const LINE_CHARS_MAX = 72;

export function kindOf(change: Change): ChangeKind {
  if (change.before === null) return "added";
  return change.after === null ? "removed" : "changed";
}

/** Returns how to show the value before beside the one after. */
export function compareValues({ before, after }: Change): Comparison {
  const [old, young] = [namesIn(before), namesIn(after)];
  if (old && young && (before !== null || after !== null)) {
    const [wasIn, isIn] = [new Set(old), new Set(young)];
    const added = young.filter((name) => !wasIn.has(name));
    const removed = old.filter((name) => !isIn.has(name));
    // Else it is their order that changed, which only the whole lists show.
    if (added.length + removed.length > 0) {
      return { kind: "list", added, removed, kept: young.length - added.length };
    }
  }
  return { kind: "json", before: readable(before), after: readable(after) };
}

/** Returns the names in a JSON list of strings, none for no value; `null` for anything else. */
function namesIn(json: string | null): readonly string[] | null {
  if (json === null) return [];
  const value = parse(json);
  const isNames = Array.isArray(value) && value.every((name) => typeof name === "string");
  return isNames ? value : null;
}

/** Writes JSON with room between its parts, on several lines if it is long. */
function readable(json: string | null): string | null {
  if (json === null) return null;
  const value = parse(json);
  if (typeof value !== "object" || value === null) return json;
  const lines = indented(json);
  const line = lines.replaceAll(/\n */g, " ");
  return line.length <= LINE_CHARS_MAX ? line : lines;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}
