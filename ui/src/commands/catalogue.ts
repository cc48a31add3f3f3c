/**
 * Every command of the window: its name, what it is called, its menu and its keys. The data is in
 * `catalogue.json`, of which the native menu is made too.
 */

import menus from "./catalogue.json";

export const commandIds = [
  "import",
  "export",
  "json",
  "back_up",
  "quit",
  "undo",
  "redo",
  "add_component",
  "add_group",
  "rename",
  "move",
  "remove",
  "explain",
  "filter",
  "as_of",
  "older_revision",
  "newer_revision",
  "back_to_now",
  "roll_back",
  "all_off",
  "take_snapshot",
  "import_snapshots",
  "export_snapshots",
  "compare_now",
  "restore_snapshot",
  "restore_value",
  "cancel_restore",
  "show_restores",
  "previous_snapshot",
  "next_snapshot",
  "play_snapshots",
  "pin_snapshot",
  "label_snapshot",
  "palette",
  "view_dashboard",
  "view_flags",
  "view_metrics",
  "view_snapshots",
  "view_activity",
  "view_settings",
  "theme_light",
  "theme_dark",
  "theme_system",
  "zoom_in",
  "zoom_out",
  "zoom_reset",
  "help",
  "shortcuts",
  "tour",
  "about",
] as const;

export type CommandId = (typeof commandIds)[number];

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
}

/** In the order of the menus. */
export const catalogue: readonly CommandEntry[] = menus.flatMap(({ menu, commands }) =>
  commands.map((command) => ({ keys: "", ...command, id: command.id as CommandId, menu })),
);

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
