/** What is done with snapshots: keeping, naming, files, restores; and what the dashboard tells. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { words } from "../src/words";
import {
  compared,
  focus,
  focused,
  host,
  isPair,
  kept,
  MINUTE_MS,
  NOW_MS,
  open,
  openTwelve,
  row,
  sideOf,
  taken,
  text,
  user,
  useSnapshotsView,
} from "./support/snapshots_view";
import { openOver, press } from "./support/open";
import { typicalStates } from "./support/snapshot_samples";
import { KeptStates } from "./support/snapshots";

useSnapshotsView();

describe("keeping", () => {
  it("takes a snapshot with a name, a note and a pin, and shows it", async () => {
    await openTwelve();
    await user.click(screen.getByTestId("take-snapshot"));
    await user.type(await screen.findByTestId("snapshot-name"), "before 6.1");
    await user.type(await screen.findByTestId("snapshot-note"), "As agreed");
    await user.click(screen.getByTestId("snapshot-pin"));
    await user.click(screen.getByTestId("take-dialog-go"));
    await screen.findByText("Snapshot of app taken");
    await waitFor(() => expect(sideOf(13)).toBe("B"));
    expect(await kept(13)).toMatchObject({ name: "before 6.1", note: "As agreed", isPinned: true });
  });

  it("counts what is typed about a snapshot as unsaved until it is said or let go", async () => {
    await openTwelve();
    await user.click(screen.getByTestId("take-snapshot"));
    expect(host.isUnsaved).toBe(false);
    await user.type(await screen.findByTestId("snapshot-note"), "As agreed");
    expect(host.isUnsaved).toBe(true);
    await user.keyboard("{Escape}");
    await waitFor(() => expect(host.isUnsaved).toBe(false));
    await user.click(row(12));
    await user.keyboard("n");
    const name = await screen.findByTestId("snapshot-name");
    expect(host.isUnsaved).toBe(false);
    await user.type(name, "x");
    expect(host.isUnsaved).toBe(true);
    await user.type(name, "{Enter}");
    await waitFor(() => expect(host.isUnsaved).toBe(false));
  });

  it("takes one of every source by Enter", async () => {
    await open(typicalStates(NOW_MS));
    await user.click(await screen.findByTestId("all-sources"));
    await user.click(screen.getByTestId("take-snapshot"));
    await user.type(await screen.findByTestId("snapshot-name"), "x{Enter}");
    await screen.findByText("2 snapshots taken");
  });

  it("says in the dialog why none was taken, and keeps what was typed", async () => {
    await openTwelve();
    await user.click(screen.getByTestId("take-snapshot"));
    await user.type(await screen.findByTestId("snapshot-name"), "x");
    host.states.refusal = { code: "failed", message: "The disk is full.", problems: [] };
    await user.click(screen.getByTestId("take-dialog-go"));
    expect((await screen.findByText("The disk is full.")).closest("dialog")).not.toBeNull();
    expect(screen.getByTestId<HTMLInputElement>("snapshot-name").value).toBe("x");
  });

  it("pins by the key P, which the message takes back", async () => {
    await openTwelve();
    await focus(9);
    await press(row(9), "p");
    await screen.findByTestId("pinned-9");
    await user.click(screen.getByTestId("toast-action"));
    await waitFor(() => expect(screen.queryByTestId("pinned-9")).toBeNull());
  });

  it("names and notes by the key N, and takes a name away", async () => {
    await openTwelve();
    await focus(9);
    await press(row(9), "n");
    await user.type(await screen.findByTestId("snapshot-name"), "here it broke{Enter}");
    await waitFor(() => expect(text(row(9))).toContain("here it broke"));
    await waitFor(() => expect(focused()).toBe("snapshot-9"));
    await press(row(9), "n");
    await user.clear(await screen.findByTestId("snapshot-name"));
    await user.click(screen.getByTestId("label-dialog-go"));
    await waitFor(() => expect(text(row(9))).toContain("on schedule"));
  });

  it("offers everything on a row in its menu, by pointer and by keys", async () => {
    await openTwelve();
    await fireEvent.contextMenu(row(8), { clientX: 10, clientY: 10 });
    await user.click(await screen.findByTestId("menu-with-now"));
    await waitFor(() =>
      expect(compared).toEqual([
        { kind: "snapshot", id: 8 },
        { kind: "now", source: "app" },
      ]),
    );
    await focus(5);
    await press(row(5), "F10", { shiftKey: true });
    await user.click(await screen.findByTestId("menu-export"));
    expect(host.states.exported).toEqual([[5]]);
    await user.click(screen.getByTestId("snapshot-menu-6"));
    await user.click(await screen.findByTestId("menu-set-a"));
    expect(sideOf(6)).toBe("A");
  });

  it("writes the two compared to a file, or everything listed", async () => {
    await openTwelve();
    await user.click(screen.getByTestId("export-snapshots"));
    await user.click(await screen.findByTestId("export-chosen"));
    await screen.findByText(/Written to .*snapshots.json/);
    await user.click(screen.getByTestId("export-snapshots"));
    await user.click(await screen.findByTestId("export-listed"));
    await waitFor(() => expect(host.states.exported.length).toBe(2));
    expect(host.states.exported[0]).toEqual([11, 12]);
    expect(host.states.exported[1]?.length).toBe(12);
  });

  it("says what is damaged and left out of the file, until that is closed", async () => {
    await openTwelve();
    host.states.damageSnapshot(12);
    await user.click(screen.getByTestId("export-snapshots"));
    await user.click(await screen.findByTestId("export-listed"));
    const what = { records: 0, snapshots: 1 };
    await screen.findByText(words.snapshots.exportedInPart("/home/maria/snapshots.json", what));
  });

  it("shows what was read from a file, and takes it away again after a question", async () => {
    await openTwelve();
    host.states.nextImport = { source: "theirs", snapshots: 3 };
    await user.click(screen.getByTestId("import-snapshots"));
    await screen.findByText("3 snapshots of theirs imported");
    await waitFor(() => expect(text(row(15))).toContain("from a file"));
    expect(screen.queryByTestId("snapshot-now")).toBeNull();
    await fireEvent.contextMenu(row(15), { clientX: 10, clientY: 10 });
    await user.click(await screen.findByTestId("menu-remove-imported"));
    await user.click(await screen.findByTestId("remove-imported-go"));
    await waitFor(() => row(12));
    expect(screen.queryByTestId("source-theirs")).toBeNull();
  });

  it("tells how far an import is, and ends it", async () => {
    await openTwelve();
    let end: (imported: null) => void = () => undefined;
    host.importSnapshots = () => new Promise((resolve) => (end = resolve));
    await user.click(screen.getByTestId("import-snapshots"));
    host.announce({ kind: "importing", done: 3, total: 40 });
    const progress = await screen.findByRole<HTMLProgressElement>("progressbar", {
      name: "Importing 40 snapshots",
    });
    expect([progress.value, progress.max]).toEqual([3, 40]);
    host.announce({ kind: "importing", done: 12, total: 40 });
    await waitFor(() => expect(progress.value).toBe(12));
    await user.click(screen.getByRole("button", { name: "Cancel" }));
    expect(host.importsCancelled).toBe(1);
    end(null);
    await screen.findByText("Import cancelled. None of its snapshots was kept");
    expect(screen.queryByRole("progressbar")).toBeNull();
  });

  it("is reached from the palette", async () => {
    await openTwelve();
    await press(document.body, "k", { ctrlKey: true });
    await user.type(screen.getByTestId("palette-input"), "take a snapshot{Enter}");
    await screen.findByTestId("take-dialog");
  });
});

describe("the dashboard", () => {
  const health = () => document.querySelector("#state-health")?.textContent ?? "";

  beforeEach(() => {
    host.chosen = { ...host.chosen, view: "dashboard" };
  });

  it("tells the age of the latest snapshot and how full the ring of changes is", async () => {
    host.states = new KeptStates().add("app", taken(26), { nowMs: NOW_MS });
    await openOver(host);
    await waitFor(() => expect(health()).toMatch(/Snapshots\s*\d+, last 5 min ago/));
    expect(health()).toMatch(/Change history\s*38 of 100/);
    host.states.tick("app", NOW_MS, true);
    await waitFor(() => expect(health()).toMatch(/Change history\s*39 of 100/));
  });

  it("tells a restore that waits for its source, and since when", async () => {
    host.states = new KeptStates().add("app", taken(26), { nowMs: NOW_MS });
    const { snapshots } = await host.snapshots({}, 0, 1);
    const [latest] = snapshots;
    await host.restoreState({
      snapshot: latest?.id ?? 0,
      only: [],
      except: [],
      withFlags: false,
    });
    await openOver(host);
    await waitFor(() => expect(health()).toMatch(/Open restores\s*app since \d/));
    expect(health()).not.toContain("Nothing reports yet");
  });

  it("has a dash for both while nothing was handed in", async () => {
    await openOver(host);
    expect(health()).toMatch(/Snapshots\s*–/);
    expect(health()).toMatch(/Change history\s*–/);
  });
});

describe("restores", () => {
  const ask = (source: string, more: { only?: string[] } = {}) =>
    host.states.restoreElsewhere({
      snapshot: source === "app" ? 3 : 14,
      only: [],
      except: [],
      withFlags: false,
      ...more,
    });

  async function openTwo() {
    await open(
      new KeptStates()
        .add("app", taken(12), { nowMs: NOW_MS - 4000 })
        .add("other", taken(4), { nowMs: NOW_MS - MINUTE_MS }),
    );
    await user.click(await screen.findByTestId("source-app"));
    await screen.findByTestId("timeline");
  }

  it("that are open are to be seen at their source", async () => {
    await openTwo();
    expect(screen.queryByTestId("open-restore-app")).toBeNull();
    expect(screen.queryByTestId("show-restores")).toBeNull();
    ask("app");
    await waitFor(() => screen.getByTestId("open-restore-app"));
    expect(screen.getByTestId("source-app").title).toContain("open restore");
    host.states.confirm(1);
    await waitFor(() => expect(screen.queryByTestId("open-restore-app")).toBeNull());
  });

  it("of a source are listed with who, when, what, and what became of them", async () => {
    await openTwo();
    ask("app", { only: ["ml.usage.calculations"] });
    host.states.confirm(1);
    ask("other");
    ask("app");
    ask("app", { only: ["ml.cache", "ml.usage", "ml.flags"] });
    await user.click(await screen.findByTestId("show-restores"));
    const told = (await screen.findAllByTestId(/^restore-\d+$/)).map(text);
    expect(told).toHaveLength(3);
    expect(told[0]).toMatch(
      /^Restore ml\.cache, ml\.usage and 1 more ci with flagctl · .* Waiting for app to confirm/,
    );
    expect(told[1]).toMatch(/^Restore everything .* Superseded by a newer restore/);
    expect(told[2]).toMatch(/^Restore ml\.usage\.calculations .* exactly as asked/);
    await user.click(within(screen.getByTestId("restore-4")).getByTestId("restore-cancel"));
    await waitFor(() =>
      expect(text(screen.getByTestId("restore-4"))).toContain("Cancelled by maria"),
    );
    await waitFor(() => expect(screen.queryByTestId("restore-cancel")).toBeNull());
  });

  it("lead to what they would change", async () => {
    await openTwo();
    ask("app");
    await user.click(await screen.findByTestId("show-restores"));
    await user.click(await screen.findByTestId("restore-show"));
    const { safety } = host.states.restores[0] ?? {};
    await isPair(safety ?? 0, 3);
    expect(screen.queryByTestId("restores")).toBeNull();
  });

  it("lose the record of a damaged one, and are listed again", async () => {
    await openTwo();
    ask("app", { only: ["ml.usage.calculations"] });
    ask("app");
    host.states.damageRestore(1);
    await user.click(await screen.findByTestId("show-restores"));
    await user.click(await screen.findByTestId("restore-remove"));
    await user.click(await screen.findByTestId("remove-restore-go"));
    await screen.findByTestId("restore-2");
    expect(screen.queryByTestId("restore-1")).toBeNull();
    expect(host.states.restores.map(({ id }) => id)).toEqual([2]);
  });

  it("are drawn beneath the timeline, each leading to the list", async () => {
    await openTwo();
    ask("app");
    const mark = await screen.findByTestId("restore-mark-1");
    expect(mark.ariaLabel).toContain("restore of everything, waiting");
    await user.click(mark);
    await screen.findByTestId("restores");
  });

  it("are reached from the palette: a snapshot, a value, cancelling, the list", async () => {
    await openTwo();
    const run = async (query: string) => {
      await user.keyboard("{Control>}k{/Control}");
      await user.type(await screen.findByTestId("palette-input"), query);
      await user.keyboard("{Enter}");
    };
    await run("Restore snapshot");
    await screen.findByTestId("restore-state");
    await waitFor(() => expect(screen.getByTestId("restore-state-now").ariaDisabled).toBeNull());
    await user.click(screen.getByTestId("restore-state-now"));
    await waitFor(() => expect(host.states.restores).toHaveLength(1));
    await run("Cancel restore");
    await waitFor(() => expect(host.states.restores[0]?.status).toBe("cancelled"));
    (await screen.findAllByTestId("state-change"))[0]?.focus();
    await run("Restore this value");
    await user.click(within(await screen.findByTestId("restore-state")).getByText("Cancel"));
    await run("Show restores");
    await screen.findByTestId("restores");
  });
});
