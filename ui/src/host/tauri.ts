/** The backend over Tauri's IPC. The only file that knows of Tauri; holds no logic. */

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { Announcement } from "../bindings/wire";
import type { Host } from "./host";

export const tauri: Host = {
  flags: () => invoke("flags"),
  documentText: () => invoke("document_text"),
  change: (edit, base) => invoke("change", { edit, base: base ?? null }),
  undo: () => invoke("undo"),
  redo: () => invoke("redo"),
  emergencyOff: () => invoke("emergency_off"),
  review: (text) => invoke("review", { text }),
  explain: (component, user, groups) => invoke("explain", { component, user, groups }),

  history: (filter, offset, limit) => invoke("history", { filter, offset, limit }),
  actors: () => invoke("actors"),
  lastChanges: (after) => invoke("last_changes", { after }),
  difference: (from, to) => invoke("difference", { from, to }),
  restore: (revision) => invoke("restore", { revision }),

  pulse: (since) => invoke("pulse", { since }),
  charts: (query) => invoke("charts", { query }),

  status: () => invoke("status"),
  settings: () => invoke("settings"),
  changeSetting: (name, value) => invoke("change_setting", { name, value }),
  token: () => invoke("token"),
  rotateToken: () => invoke("rotate_token"),
  backups: () => invoke("backups"),
  backUp: () => invoke("back_up"),
  backupDifference: (name) => invoke("backup_difference", { name }),
  restoreBackup: (name) => invoke("restore_backup", { name }),
  imprint: () => invoke("imprint"),

  preferences: () => invoke("preferences"),
  setPreferences: (preferences) => invoke("set_preferences", { preferences }),
  chooseFile: () => invoke("choose_file"),
  droppedFile: () => invoke("dropped_file"),
  saveFile: (name, text) => invoke("save_file", { name, text }),
  savePicture: (name, base64) => invoke("save_picture", { name, base64 }),
  showDataFolder: () => invoke("show_data_folder"),
  setUnsaved: (isUnsaved) => invoke("set_unsaved", { isUnsaved }),
  close: () => invoke("close"),
  listen: (callback) =>
    listen<Announcement>("announcement", (event) => {
      callback(event.payload);
    }),
};
