/** A data folder that was removed or replaced: what is said of it, and the ways on. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import type { StoreGone } from "../src/bindings/wire";
import { words } from "../src/words";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver } from "./support/open";

const open = {
  revisions: 12,
  atMs: Date.now() - 5 * 60_000,
  actor: { via: "window" as const, name: "maria" },
  summary: "Switched on: tracker and calculator",
};

const removed: StoreGone = {
  dataDir: "/home/maria/.local/share/flagdeck",
  file: null,
  open,
  isReplaced: false,
  instead: null,
  unreadable: null,
  unreachable: null,
};

const replaced: StoreGone = {
  ...removed,
  isReplaced: true,
  instead: { ...open, revisions: 3, actor: { via: "flagctl", name: "ci" }, summary: "beta: off" },
};

async function openGone(storeGone: StoreGone): Promise<MemoryHost> {
  const host = new MemoryHost(typical());
  host.state.storeGone = storeGone;
  await openOver(host);
  await screen.findByTestId("store-gone");
  return host;
}

const banner = () => screen.getByTestId("store-gone");

describe("a data folder that was removed", () => {
  it("is told as what it is, and never looks saved", async () => {
    await openGone(removed);
    expect(banner().textContent).toContain(
      "The data folder /home/maria/.local/share/flagdeck was removed while Flagdeck had it open.",
    );
    expect(banner().textContent).toContain(words.store.goneMeaning);
    const source = screen.getByTestId("source");
    expect(source.textContent.trim()).toBe("Not saved");
    expect(source.classList.contains("gone")).toBe(true);
    expect(screen.queryByTestId("use-new-store")).toBeNull();
    expect(screen.queryByTestId("banner")).toBeNull();
  });

  it("offers nothing that would be refused", async () => {
    await openGone(removed);
    for (const id of ["undo", "redo"]) {
      expect(screen.getByTestId(id).getAttribute("aria-disabled")).toBe("true");
    }
  });

  it("that cannot be reached is not called removed", async () => {
    await openGone({ ...removed, unreachable: "Permission denied (os error 13)" });
    expect(banner().textContent).toContain("cannot be reached: Permission denied (os error 13).");
    expect(banner().textContent).not.toContain("removed");
  });

  it("is told once, in the banner: no card repeats it in red", async () => {
    const host = new MemoryHost(typical());
    host.state.storeGone = removed;
    host.pulseNow = { ...host.pulseNow, trouble: "the data folder was removed or replaced" };
    const long =
      "The data folder /home/maria was removed while Flagdeck had it open; nothing is saved.";
    host.refusals.charts = { code: "store_gone", message: long, problems: [] };
    await openOver(host);
    await screen.findByTestId("store-gone");
    const cards = () => document.querySelector("#dashboard") ?? document.body;
    await waitFor(() => expect(cards().textContent).toContain(words.pulse.reporting.storeGone));
    expect(cards().textContent).not.toContain("removed");
    expect(cards().querySelector("#performance-metrics .status-error")).toBeNull();
    expect(cards().querySelector("#state-health .status-error")).toBeNull();
  });

  it("is written back at a click", async () => {
    const host = await openGone(removed);
    await fireEvent.click(screen.getByTestId("write-back"));
    await waitFor(() => expect(screen.queryByTestId("store-gone")).toBeNull());
    expect(host.settled).toEqual(["write_back"]);
    await screen.findByText(words.store.writtenBack);
    expect(screen.getByTestId("source").textContent.trim()).toBe("Local store");
  });

  it("says why it could not be written back, and offers it again", async () => {
    const host = await openGone(removed);
    host.refusal = { code: "failed", message: "The disk is full.", problems: [] };
    await fireEvent.click(screen.getByTestId("write-back"));
    await screen.findByText("The disk is full.");
    expect(screen.getByTestId("write-back").getAttribute("aria-disabled")).toBeNull();
  });

  it("with all flags off says in one banner and one toast that it is not stored", async () => {
    await openGone(removed);
    await fireEvent.click(screen.getByTestId("all-off"));
    await screen.findByText(words.frame.heldOffDone);
    expect(screen.getAllByTestId("toast")).toHaveLength(1);
    expect(banner().textContent).toContain(words.store.goneAllOff);
    expect(screen.queryByTestId("banner")).toBeNull();
    expect(screen.queryByText("Master switch off")).toBeNull();
  });
});

describe("another store in its place", () => {
  it("is shown beside what is open", async () => {
    await openGone(replaced);
    const said = banner().textContent;
    expect(said).toContain("was replaced while Flagdeck had it open.");
    expect(said).toContain(
      "12 revisions; latest: Switched on: tracker and calculator, 5 minutes ago by maria",
    );
    expect(said).toContain("3 revisions; latest: beta: off, 5 minutes ago by ci");
  });

  it("is used when the person says so, and what was open is kept", async () => {
    const host = await openGone(replaced);
    host.setAside = ["/home/maria/.local/share/flagdeck/quarantine/1"];
    await fireEvent.click(screen.getByTestId("use-new-store"));
    await screen.findByText(words.store.usedNewBeside(host.setAside));
    expect(host.settled).toEqual(["use_new_store"]);
  });

  it("that is empty or cannot be read is called that", async () => {
    await openGone({
      ...replaced,
      instead: { revisions: 0, atMs: null, actor: null, summary: "" },
    });
    within(banner()).getByText("no revisions yet");
  });

  it("that cannot be read is not offered", async () => {
    await openGone({ ...replaced, instead: null, unreadable: "it is not a database" });
    within(banner()).getByText("something that cannot be read (it is not a database)");
    expect(screen.queryByTestId("use-new-store")).toBeNull();
  });
});
