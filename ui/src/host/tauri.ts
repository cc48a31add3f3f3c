/** The backend over Tauri's IPC. The only file that knows of Tauri; holds no logic. */

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import { CALLS, type Calls } from "../bindings/calls";
import type { Announcement } from "../bindings/wire";
import type { Host } from "./host";

/** Makes a function that calls the backend by a name, with values for its parameters. */
function caller([name, ...parameters]: readonly [string, ...string[]]) {
  return (...values: unknown[]) =>
    invoke(
      name,
      Object.fromEntries(parameters.map((parameter, at) => [parameter, values[at] ?? null])),
    );
}

const callers = Object.entries(CALLS).map(([name, call]) => [name, caller(call)]);

export const tauri: Host = {
  ...(Object.fromEntries(callers) as Calls),
  listen: (callback) =>
    listen<Announcement>("announcement", (event) => {
      callback(event.payload);
    }),
};
