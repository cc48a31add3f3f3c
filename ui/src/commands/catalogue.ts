/**
 * What each command is called, its menu and its keys. The data is in `catalogue.json`, of which the
 * native menu is made too; what commands do is up to the views that contribute them: `all.ts`.
 */

import type { View } from "../bindings/wire";
import type { CommandId } from "./all";
import menus from "./catalogue.json";

export interface CommandEntry {
  id: CommandId;
  label: string;
  /** Such as `Ctrl+Shift+Z`; empty for none. */
  keys: string;
  /** Other keys for the same. */
  alsoKeys?: string;
  /** Words it can be found by, in addition to its label. */
  also: string;
  menu: string;
  /** The only view in which its keys mean it. */
  view?: View;
  /** Whether a held key repeats it. Any other happens once. */
  isRepeated?: boolean;
  /** Whether it works also while something lies over the window. */
  isAlwaysThere?: boolean;
}

/** In the order of the menus. */
export const catalogue = menus.flatMap(({ menu, commands }) =>
  commands.map((command) => ({ keys: "", ...command, menu })),
) as readonly CommandEntry[];

const byId = new Map(catalogue.map((entry) => [entry.id, entry]));

export function entryOf(id: CommandId): CommandEntry {
  const entry = byId.get(id);
  if (!entry) throw new Error(`${id} is not in the catalogue of commands`);
  return entry;
}

/** Whether a name, such as one the native menu sends, is a command's. */
export function isCommandId(id: string): id is CommandId {
  return byId.has(id as CommandId);
}
