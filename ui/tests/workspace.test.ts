/** The workspace as one file: written and imported from Settings. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";

function settingsHost(): MemoryHost {
  const host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view: "settings" };
  return host;
}

async function openPart(host = settingsHost()): Promise<MemoryHost> {
  await openOver(host);
  await fireEvent.click(screen.getByTestId("part-backups"));
  await screen.findByTestId("workspace");
  return host;
}

const click = (id: string) => fireEvent.click(screen.getByTestId(id));
const isDisabled = (id: string) => screen.getByTestId(id).getAttribute("aria-disabled") === "true";

describe("the workspace", () => {
  it("is written with snapshots only if that is asked for", async () => {
    const host = await openPart();
    await click("export-workspace");
    await waitFor(() => expect(host.workspaces).toEqual([{ withSnapshots: false }]));
    await click("with-snapshots");
    await click("export-workspace");
    await waitFor(() => expect(host.workspaces[1]).toEqual({ withSnapshots: true }));
    expect(
      await screen.findByText(/Wrote 0 revisions and 3 snapshots to .*workspace\.flagdeck/u),
    ).toBeTruthy();
  });

  it("is imported if there is no revision, and says what was left out", async () => {
    const host = await openPart();
    const sentence = "metrics.pushGateway is left out: set it yourself to contact http://gate.";
    host.nextWorkspace = {
      file: "all.flagdeck",
      revisions: 12,
      snapshots: 0,
      leftOut: [sentence],
      document: { ...typical(), rollout: { percentage: 25, userGroups: [], strategy: "canary" } },
    };
    await click("import-workspace");
    // Who is affected by its flags is said before they are in force.
    const dialog = await screen.findByTestId("import-workspace-dialog");
    expect(dialog.textContent).toContain("12 revisions");
    await waitFor(() => expect(screen.getByTestId("affected-sentence").textContent).not.toBe(""));
    expect(host.asked.at(-1)?.planned).toMatchObject({ edit: { kind: "replace" } });
    expect(screen.queryByText(/Imported 12 revisions/u)).toBeNull();
    await click("import-workspace-dialog-go");
    expect(await screen.findByText(/Imported 12 revisions from .*all\.flagdeck/u)).toBeTruthy();
    expect(screen.getByTestId("workspace-left-out").textContent).toContain(sentence);
    // No file is chosen this time, so there is nothing else to say.
    host.nextWorkspace = null;
    await click("import-workspace");
    await waitFor(() => expect(isDisabled("import-workspace")).toBe(false));
    expect(screen.getByTestId("workspace-left-out").textContent).toContain(sentence);
  });

  it("is not imported over revisions", async () => {
    const host = settingsHost();
    host.changeElsewhere({ kind: "set_components", paths: ["ui"], on: false });
    await openPart(host);
    await waitFor(() => expect(isDisabled("import-workspace")).toBe(true));
    expect(isDisabled("export-workspace")).toBe(false);
  });
});
