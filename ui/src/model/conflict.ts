/** Conflicting edits: another person or program wrote to the same place since the edit was begun. */

import type { Document, Edit } from "../bindings/wire";
import { words } from "../words";
import { applyEdit } from "./edit";
import { ownRollout, rolloutOf } from "./rollout";
import { ALL } from "./tree";

export interface Conflict {
  /** What the person wants stored. */
  edit: Edit;
  /** The component or group it is about; `null` for the document. */
  path: string | null;
  /** Its field, such as `percentage`. */
  field: string;
  /** The value when the person began, in words. */
  before: string;
  /** The value the person wants. */
  mine: string;
  /** The value that was stored in the meantime. */
  theirs: string;
}

/**
 * Returns what is disputed where `edit` was begun on `seen` and is to be made on `stored`; `null`
 * where nobody touched the same place, or wrote the same value.
 */
export function conflictBetween(edit: Edit, seen: Document, stored: Document): Conflict | null {
  const place = placeOf(edit);
  if (place === null) return null;
  const [before, theirs] = [place.valueIn(seen), place.valueIn(stored)];
  const mine = place.valueIn(applyEdit(stored, edit));
  if (theirs === before || theirs === mine) return null;
  return { edit, path: place.path, field: place.field, before, mine, theirs };
}

interface Place {
  path: string | null;
  field: string;
  valueIn: (document: Document) => string;
}

/**
 * The place that an edit writes to; `null` if two can never disagree, such as both turning one
 * switch.
 */
function placeOf(edit: Edit): Place | null {
  switch (edit.kind) {
    case "set_rollout":
      return rolloutPlace(edit);
    case "clear_rollout":
      return {
        path: edit.component,
        field: words.conflict.rollout,
        valueIn: (document) => {
          const own = ownRollout(document, edit.component);
          return own ? words.conflict.wholeRollout(own) : words.conflict.asAll;
        },
      };
    case "describe":
      return descriptionPlace(edit);
    case "set_requires":
      return {
        path: edit.component,
        field: words.conflict.requires,
        valueIn: (document) => words.conflict.list(document.requires?.[edit.component] ?? []),
      };
    default:
      return null;
  }
}

function rolloutPlace(edit: Extract<Edit, { kind: "set_rollout" }>): Place {
  const given = (["percentage", "strategy", "userGroups"] as const).filter(
    (field) => edit[field] !== undefined,
  );
  return {
    path: edit.component,
    field: given.map((field) => words.conflict.rolloutFields[field]).join(", "),
    valueIn: (document) => {
      const rollout = rolloutOf(document, edit.component ?? ALL);
      return given.map((field) => words.conflict.rolloutValue(rollout, field)).join(", ");
    },
  };
}

function descriptionPlace(edit: Extract<Edit, { kind: "describe" }>): Place {
  const given = (["title", "description", "owner", "tags", "expires"] as const).filter(
    (field) => edit[field] !== undefined,
  );
  return {
    path: edit.path,
    field: given.map((field) => words.conflict.aboutFields[field]).join(", "),
    valueIn: (document) => {
      const about = document.about?.[edit.path];
      return given.map((field) => words.conflict.aboutValue(about?.[field])).join("\n");
    },
  };
}
