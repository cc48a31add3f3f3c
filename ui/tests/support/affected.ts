/** The window over a backend with rosters, for the tests of who is affected. */

import { fireEvent, screen } from "@testing-library/svelte";

import type { Document, View } from "../../src/bindings/wire";
import { typical } from "./documents";
import { MemoryHost } from "./memory";
import { openOver } from "./open";
import { withRosters } from "./roster_samples";

/** Opens a view, with a component selected. */
export async function openWithRosters(
  path: string | null = "ui.badges",
  view: View = "flags",
  document: Document = typical(),
): Promise<MemoryHost> {
  const host = new MemoryHost(document);
  host.chosen = { ...host.chosen, view };
  withRosters(host, "typical");
  host.chosen.roster = "Customers-EU";
  await openOver(host);
  if (path !== null) await fireEvent.click(await screen.findByTestId(`row-${path}`));
  return host;
}
