/** The backend over Tauri's IPC. The only file that knows of Tauri; holds no logic. */

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { Announcement } from "../bindings/wire";
import type { Host } from "./host";

export const tauri: Host = {
  flags: () => invoke("flags"),
  documentText: () => invoke("document_text"),
  change: (edit, base, confirmsLoss = false) =>
    invoke("change", { edit, base: base ?? null, confirmsLoss }),
  rollBack: (component, base) => invoke("roll_back", { component, base }),
  undo: (of) => invoke("undo", { of }),
  redo: (of) => invoke("redo", { of }),
  emergencyOff: () => invoke("emergency_off"),
  review: (text) => invoke("review", { text }),
  widenings: (edit) => invoke("widenings", { edit }),
  explain: (component, user, groups, at) =>
    invoke("explain", { component, user, groups, at: at ?? null }),
  flagsAt: (at) => invoke("flags_at", { at }),

  history: (filter, offset, limit) => invoke("history", { filter, offset, limit }),
  actors: () => invoke("actors"),
  lastChanges: (after) => invoke("last_changes", { after }),
  difference: (from, to) => invoke("difference", { from, to }),
  restore: (revision) => invoke("restore", { revision }),

  pulse: (since) => invoke("pulse", { since }),
  charts: (query) => invoke("charts", { query }),

  stateSources: () => invoke("state_sources"),
  snapshots: (filter, offset, limit) => invoke("snapshots", { filter, offset, limit }),
  timeline: (filter, columns) => invoke("timeline", { filter, columns }),
  takeSnapshot: (source, label) => invoke("take_snapshot", { source, label }),
  labelSnapshot: (id, label) => invoke("label_snapshot", { id, label }),
  removeImported: (source) => invoke("remove_imported", { source }),
  stateDifference: (from, to, options) => invoke("state_difference", { from, to, options }),
  stateText: (at, pointer) => invoke("state_text", { at, pointer }),
  statePatch: (from, to) => invoke("state_patch", { from, to }),
  blame: (at, key) => invoke("blame", { at, key }),
  previewRestore: (request, options) => invoke("preview_restore", { request, options }),
  restoreState: (request) => invoke("restore_state", { request }),
  stateRestores: (filter, offset, limit) => invoke("state_restores", { filter, offset, limit }),
  cancelRestore: (id) => invoke("cancel_restore", { id }),
  previewUndoRestore: (id, options) => invoke("preview_undo_restore", { id, options }),
  undoRestore: (id) => invoke("undo_restore", { id }),
  exportSnapshots: (ids) => invoke("export_snapshots", { ids }),
  importSnapshots: () => invoke("import_snapshots"),

  status: () => invoke("status"),
  settings: () => invoke("settings"),
  changeSetting: (name, value) => invoke("change_setting", { name, value }),
  token: () => invoke("token"),
  rotateToken: () => invoke("rotate_token"),
  backups: () => invoke("backups"),
  backUp: () => invoke("back_up"),
  backupDifference: (name) => invoke("backup_difference", { name }),
  restoreBackup: (name) => invoke("restore_backup", { name }),
  writeBack: () => invoke("write_back"),
  useNewStore: () => invoke("use_new_store"),
  imprint: () => invoke("imprint"),

  preferences: () => invoke("preferences"),
  setPreferences: (preferences) => invoke("set_preferences", { preferences }),
  chooseFile: () => invoke("choose_file"),
  droppedFile: () => invoke("dropped_file"),
  saveFile: (name, text) => invoke("save_file", { name, text }),
  savePicture: (name, base64) => invoke("save_picture", { name, base64 }),
  showDataFolder: () => invoke("show_data_folder"),
  setUnsaved: (isUnsaved) => invoke("set_unsaved", { isUnsaved }),
  nameSteps: (undo, redo) => invoke("name_steps", { undo, redo }),
  close: () => invoke("close"),
  listen: (callback) =>
    listen<Announcement>("announcement", (event) => {
      callback(event.payload);
    }),
};
