/** The backend over Tauri's IPC. The only file that knows of Tauri; holds no logic. */

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { Announcement } from "../bindings/wire";
import type { Host } from "./host";

export const tauri: Host = {
  flags: () => invoke("flags"),
  change: (edit, base) => invoke("change", { edit, base: base ?? null }),
  undo: () => invoke("undo"),
  redo: () => invoke("redo"),
  status: () => invoke("status"),
  preferences: () => invoke("preferences"),
  setPreferences: (preferences) => invoke("set_preferences", { preferences }),
  listen: (callback) =>
    listen<Announcement>("announcement", (event) => {
      callback(event.payload);
    }),
};
