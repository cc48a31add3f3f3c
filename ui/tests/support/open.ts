/** Opens the whole window over a backend in memory. */

import { fireEvent, render, screen } from "@testing-library/svelte";

import App from "../../src/App.svelte";
import type { Document, View } from "../../src/bindings/wire";
import type { Host } from "../../src/host/host";
import { MemoryHost } from "./memory";

export async function openWindow(document: Document, view: View = "flags"): Promise<MemoryHost> {
  const host = new MemoryHost(document);
  host.chosen = { ...host.chosen, view };
  await openOver(host);
  return host;
}

/** Opens it over a backend prepared by the caller. */
export async function openOver(host: Host): Promise<void> {
  // The window loads them when they are opened, from a file; here they are compiled first.
  await Promise.all([
    import("../../src/views/Metrics.svelte"),
    import("../../src/views/Rollouts.svelte"),
    import("../../src/views/Rosters.svelte"),
    import("../../src/views/Snapshots.svelte"),
  ]);
  render(App, { host });
  await screen.findByTestId("nav-dashboard");
}

/** Opens the flags with `path` in the inspector. */
export async function openComponent(document: Document, path: string): Promise<MemoryHost> {
  const host = await openWindow(document);
  await fireEvent.click(await screen.findByTestId(`row-${path}`));
  return host;
}

export function press(
  target: Element,
  key: string,
  more: KeyboardEventInit = {},
): Promise<unknown> {
  return fireEvent.keyDown(target, { key, ...more });
}
