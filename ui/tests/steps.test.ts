/** Undo and redo act on what was done last in the view that is shown, or say why they do nothing. */

import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Edit } from "../src/bindings/wire";
import { words } from "../src/words";
import { typical } from "./support/documents";
import type { MemoryHost } from "./support/memory";
import { openComponent, openWindow } from "./support/open";

const user = userEvent.setup();
const toast = () => screen.getByTestId("toast").textContent;
const undo = () => user.keyboard("{Control>}z{/Control}");
const redo = () => user.keyboard("{Control>}y{/Control}");
const TTL = "featureFlags.cache.ttl";
const inFile = (host: MemoryHost, name: string) =>
  host.configuration.find((setting) => setting.name === name)?.inFile;

async function changeTtl(ttl: string) {
  const field = await screen.findByTestId<HTMLInputElement>(`field-${TTL}`);
  await user.clear(field);
  await user.type(field, `${ttl}{Enter}`);
}

describe("undo among the settings", () => {
  it("takes the last setting back and brings it back, and leaves the flags alone", async () => {
    const host = await openWindow(typical());
    await user.click(screen.getByTestId("switch-tracker"));
    await waitFor(() => expect(host.revision).toBe(1));
    await user.click(screen.getByTestId("nav-settings"));
    const before = inFile(host, TTL);
    await changeTtl("5001");
    await waitFor(() => expect(inFile(host, TTL)).toBe(5001));
    await waitFor(() => expect(host.named.undo).toContain("5 seconds"));
    await undo();
    await waitFor(() => expect(inFile(host, TTL)).toEqual(before));
    expect(toast()).toContain("Undid “");
    await redo();
    await waitFor(() => expect(inFile(host, TTL)).toBe(5001));
    await undo();
    await waitFor(() => expect(inFile(host, TTL)).toEqual(before));
    await undo();
    await screen.findByText("Nothing to undo in Settings");
    expect(host.revision).toBe(1);
  });

  it("leaves a setting alone that was changed elsewhere since", async () => {
    const host = await openWindow(typical(), "settings");
    await changeTtl("5001");
    await waitFor(() => expect(inFile(host, TTL)).toBe(5001));
    await host.changeSetting(TTL, 6000);
    await undo();
    await screen.findByText(/changed elsewhere/);
    expect(inFile(host, TTL)).toBe(6000);
  });

  it("says that a step was not confirmed, and offers it again", async () => {
    const host = await openWindow(typical(), "settings");
    await changeTtl("5001");
    await waitFor(() => expect(inFile(host, TTL)).toBe(5001));
    host.isConfirming = false;
    await undo();
    await screen.findByText(words.settings.unconfirmed(TTL));
    expect(inFile(host, TTL)).toBe(5001);
    host.isConfirming = true;
    await undo();
    await waitFor(() => expect(inFile(host, TTL)).toBeNull());
  });

  it.each(["metrics", "snapshots"] as const)("says that %s have nothing", async (view) => {
    const host = await openWindow(typical());
    await user.click(screen.getByTestId("switch-tracker"));
    await waitFor(() => expect(host.named.undo).toBe("tracker: off"));
    await user.click(screen.getByTestId(`nav-${view}`));
    await waitFor(() => expect(host.named.undo).toBeNull());
    await undo();
    await screen.findByText(/^Nothing to undo in /);
    host.announce({ kind: "command", id: "redo" });
    await screen.findByText(/^Nothing to redo in /);
    expect(host.revision).toBe(1);
  });
});

describe("undo of a change made elsewhere", () => {
  const elsewhere: Edit = { kind: "set_components", paths: ["tracker"], on: false };

  it("names whose it is and asks first", async () => {
    const host = await openWindow(typical(), "dashboard");
    host.changeElsewhere(elsewhere);
    await waitFor(() => expect(host.named.undo).toBe("tracker: off"));
    await undo();
    const dialog = await screen.findByTestId("step-dialog");
    expect(dialog.textContent).toContain("tracker: off");
    expect(dialog.textContent).toContain("ci with flagctl");
    expect(document.activeElement).toBe(screen.getByTestId("step-cancel"));
    await user.keyboard("{Enter}");
    expect(host.revision).toBe(1);
    await undo();
    await user.click(await screen.findByTestId("step-go"));
    await waitFor(() => expect(host.revision).toBe(2));
    expect(host.document.components.tracker).toBe(true);
    expect(toast()).toContain("Undid “tracker: off”");
    await user.click(within(screen.getByTestId("toast")).getByText("Redo"));
    await waitFor(() => expect(host.document.components.tracker).toBe(false));
  });

  it("takes nothing back once another change came first", async () => {
    const host = await openWindow(typical(), "dashboard");
    host.changeElsewhere(elsewhere);
    await waitFor(() => expect(host.named.undo).toBe("tracker: off"));
    await undo();
    await screen.findByTestId("step-dialog");
    host.changeElsewhere({ kind: "set_master", on: false });
    await waitFor(() => expect(host.named.undo).toBe("Master switch: off"));
    await user.click(screen.getByTestId("step-go"));
    await screen.findByText("Another change came first. Nothing was undone.");
    expect(host.revision).toBe(2);
  });

  it("asks about bringing back what was taken back elsewhere", async () => {
    const host = await openWindow(typical());
    await user.click(screen.getByTestId("switch-tracker"));
    await waitFor(() => expect(host.revision).toBe(1));
    host.undoElsewhere();
    await waitFor(() => expect(host.named.redo).toBe("tracker: off"));
    await redo();
    await screen.findByText("Redo a change undone elsewhere?");
    await user.click(screen.getByTestId("step-go"));
    await waitFor(() => expect(host.document.components.tracker).toBe(false));
  });
});

describe("keys that are held", () => {
  it("switch, remove and take back once", async () => {
    const host = await openComponent(typical(), "calculator");
    screen.getByTestId("row-calculator").focus();
    await user.keyboard("{ >3/}");
    await waitFor(() => expect(host.revision).toBe(1));
    await user.keyboard("{Delete>3/}");
    await waitFor(() => expect(host.revision).toBe(2));
    await user.keyboard("{Control>}{z>3/}{/Control}");
    await waitFor(() => expect(host.revision).toBe(3));
    expect(host.edits).toHaveLength(2);
  });

  it("turn a switch once, and so does a double click", async () => {
    const host = await openComponent(typical(), "calculator");
    await user.dblClick(screen.getByTestId("switch-calculator"));
    await waitFor(() => expect(host.revision).toBe(1));
    screen.getByTestId("inspector-switch").focus();
    await user.keyboard("{Enter>4/}");
    await waitFor(() => expect(host.revision).toBe(2));
    expect(host.edits).toHaveLength(2);
  });
});
