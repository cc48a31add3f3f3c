/** Revisions as the backend in memory keeps them, and what it says of them, in plainer sentences. */

import type {
  Actor,
  Cause,
  Change,
  Difference,
  Document,
  Edit,
  HistoryFilter,
} from "../../src/bindings/wire";
import { isWithin } from "../../src/model/edit";
import type { KeptFollowed } from "./followed";

export interface Kept {
  document: Document;
  changes: string[];
  actor: Actor;
  cause: Cause;
  note: string | null;
  atMs: number;
  touched: string[];
  /** What is followed; left out for a local document. */
  followed?: KeptFollowed | null;
}

/** The backend sums up by kind; here the first change and how many more there are do. */
export function summaryOf([first, ...rest]: readonly string[]): string {
  if (first === undefined) return "No change";
  return rest.length === 0 ? first : `${first} and ${rest.length} more`;
}

/** A step that was taken back or brought back, and what that means for all flags. */
export function stepOf(
  verb: string,
  { before, after, changes }: { before: Document; after: Document; changes: string[] },
  now: Document,
): string {
  const effect = now.enabled ? ": flags are live again" : ": all flags are off";
  return `${verb} “${summaryOf(changes)}”${before.enabled === after.enabled ? "" : effect}`;
}

/** A change as a user may have made it, other than the one before it. */
export function pastEdit(path: string, index: number): Edit {
  if (index % 4 !== 1) return { kind: "set_components", paths: [path], on: index % 2 === 0 };
  const percentage = (index * 12.5) % 100;
  return { kind: "set_rollout", component: path, percentage };
}

export function describe(edit: Edit, before?: Document): string {
  switch (edit.kind) {
    case "set_master":
      return `Master switch: ${edit.on ? "on" : "off"}`;
    case "set_components":
      return `${edit.paths.join(", ")}: ${edit.on ? "on" : "off"}`;
    case "clear_rollout":
      return `${edit.component}: rollout as all`;
    case "set_rollout": {
      const path = edit.component;
      const own = path === null ? before?.rollout : (before?.rollouts?.[path] ?? before?.rollout);
      const name = path ?? "All components";
      if (edit.percentage !== undefined) {
        return `${name}: ${own?.percentage ?? 0} % → ${edit.percentage} %`;
      }
      if (edit.strategy !== undefined) return `${name}: strategy ${edit.strategy}`;
      return `${name}: groups ${edit.userGroups?.join(", ") ?? ""}`;
    }
    case "add_component":
      return `${edit.path} added`;
    case "add_group":
      return `Group ${edit.path} added`;
    case "move":
      return `${edit.from} renamed to ${edit.to}`;
    case "remove":
      return `${edit.paths.join(", ")} removed`;
    case "describe":
      return `${edit.path}: described`;
    case "set_requires":
      return `${edit.component} requires ${edit.requires.join(", ") || "nothing"}`;
    case "batch":
      return edit.edits.map((each) => describe(each, before)).join("; ");
    case "replace":
      return "Document replaced";
  }
}

export function touchedBy(edit: Edit): string[] {
  switch (edit.kind) {
    case "set_components":
    case "remove":
      return edit.paths;
    case "set_rollout":
    case "clear_rollout":
    case "set_requires":
      return edit.component === null ? [] : [edit.component];
    case "add_component":
    case "add_group":
    case "describe":
      return [edit.path];
    case "move":
      return [edit.from, edit.to];
    case "batch":
      return edit.edits.flatMap(touchedBy);
    case "set_master":
    case "replace":
      return [];
  }
}

export function isLetThrough(kept: Kept, revision: number, filter: HistoryFilter): boolean {
  const text = filter.text?.toLowerCase() ?? "";
  return (
    revision <= (filter.upTo ?? Infinity) &&
    kept.atMs >= (filter.sinceMs ?? -Infinity) &&
    kept.atMs < (filter.untilMs ?? Infinity) &&
    (filter.via === undefined || kept.actor.via === filter.via) &&
    (filter.name === undefined || kept.actor.name === filter.name) &&
    (filter.component === undefined ||
      kept.touched.some((path) => isWithin(path, filter.component ?? ""))) &&
    [...kept.changes, kept.note ?? ""].join("\n").toLowerCase().includes(text)
  );
}

/** What differs, value by value, in the order of the documents. */
export function differenceOf(before: unknown, after: unknown): Difference {
  const changes = compare("", before, after);
  return { changes, total: changes.length };
}

function compare(pointer: string, before: unknown, after: unknown): Change[] {
  const text = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  if (text(before) === text(after)) return [];
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => compare(`${pointer}/${key}`, before[key], after[key]));
  }
  const name = pointer.split("/").slice(2).join(".") || pointer.slice(1);
  const sentence = `${name}: ${text(before) ?? "nothing"} → ${text(after) ?? "nothing"}`;
  return [{ pointer, sentence, before: text(before), after: text(after) }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
