/** The way back from a comparison: restoring a state, a value or a record, and undoing that. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { asFailure } from "../src/host/host";
import { words } from "../src/words";
import {
  deck,
  host,
  NOW_MS,
  open,
  row,
  source,
  toasts,
  useComparison,
  user,
  usual,
} from "./support/comparison";
import { changed, differenceOf } from "./support/state_changes";

useComparison();

describe("restoring a state", () => {
  async function openRestore() {
    await open();
    await user.click(await screen.findByTestId("compare-restore"));
    await screen.findByTestId("restore-state");
  }
  const now = () => screen.getByTestId("restore-state-now");

  const status = () => screen.getByTestId("restore-status");
  const isReady = () => waitFor(() => expect(now().ariaDisabled).toBeNull());
  const partRow = (key: string) => screen.getByTestId(`part-${key}`);
  const checked = (key: string) => partRow(key).ariaChecked;

  it("shows what would change, and says what it does", async () => {
    vi.spyOn(host, "previewRestore").mockResolvedValue(usual());
    await openRestore();
    await waitFor(() =>
      expect(screen.getByTestId("restore-count").textContent).toBe("4 values will change"),
    );
    expect(now().textContent.trim()).toBe(`Restore 4 values of ${source}`);
    const told = screen.getByTestId("restore-state").textContent;
    expect(told).toContain(`${source} is asked to restore this. It stays open until ${source}`);
    expect(told).toContain("The current state is saved first");
  });

  it("asks for A, is open until the source confirms, and is green only if that is exact", async () => {
    await openRestore();
    const id = deck.snapshots.fromSnapshot?.id;
    const before = host.states.treeAt({ kind: "now", source });
    await isReady();
    await user.click(now());
    await waitFor(() => expect(host.states.restores).toHaveLength(1));
    expect(host.states.restores[0]?.snapshot).toBe(id);
    // The state is what the source says, not what it is asked for.
    expect(host.states.treeAt({ kind: "now", source })).toEqual(before);
    expect(screen.queryByTestId("restore-state")).toBeNull();
    await waitFor(() =>
      expect(status().textContent).toMatch(/from .*00.* \(everything\) · Waiting for kc-web/),
    );
    expect(status().dataset.standing).toBe("open");
    expect(toasts().join()).toContain("Open until it confirms");
    host.states.confirm(1);
    await deck.sources.refresh();
    await waitFor(() => expect(status().dataset.standing).toBe("exact"));
    expect(status().textContent).toMatch(/Confirmed by kc-web.*exactly as asked/);
  });

  it("stays open whatever the source reports, for days", async () => {
    await openRestore();
    await isReady();
    await user.click(now());
    await waitFor(() => expect(host.states.restores).toHaveLength(1));
    vi.setSystemTime(NOW_MS + 3 * 24 * 3_600_000);
    host.states.tick(source, Date.now(), false);
    await deck.sources.refresh();
    await waitFor(() => expect(status().dataset.standing).toBe("open"));
  });

  it("that is confirmed otherwise names the parts that differ, as a warning", async () => {
    const limits = { limits: { memMB: 512, cpu: 1 } };
    host.states.report(source, limits);
    const [first] = await host.takeSnapshot(source, {});
    host.states.report(source, { limits: { memMB: 5, cpu: 1 } });
    if (!first) throw new Error("no snapshot");
    const restore = host.states.restoreElsewhere({
      snapshot: first.id,
      only: ["ml.limits.memMB"],
      except: [],
      withFlags: false,
    });
    // It started with stale state, and confirms that.
    host.states.confirm(restore.id, { limits: { memMB: 5, cpu: 1 } });
    await open();
    await waitFor(() => expect(status().dataset.standing).toBe("differs"));
    expect(status().textContent).toContain("but 1 part differs: ml.limits.memMB");
  });

  it("is cancelled by one click, and says so", async () => {
    await openRestore();
    await isReady();
    await user.click(now());
    await user.click(await screen.findByTestId("restore-cancel"));
    await waitFor(() => expect(status().dataset.standing).toBe("cancelled"));
    expect(host.states.restores[0]?.status).toBe("cancelled");
    expect(toasts().join()).toContain(`${source} keeps the state it has`);
  });

  it("is cancelled from its message, which offers that only while it is open", async () => {
    await openRestore();
    await isReady();
    await user.click(now());
    expect((await screen.findByTestId("toast-action")).textContent.trim()).toBe("Cancel restore");
    host.states.confirm(1);
    await deck.sources.refresh();
    await waitFor(() => expect(screen.queryByTestId("toast-action")).toBeNull());
  });

  it("says that it replaces an open one", async () => {
    const id = host.states.restoreElsewhere({
      snapshot: (await host.snapshots({ source }, 3, 1)).snapshots[0]?.id ?? 0,
      only: ["ml.usage"],
      except: [],
      withFlags: false,
    }).id;
    await openRestore();
    expect((await screen.findByTestId("restore-supersedes")).textContent).toMatch(
      /replaces the open restore of .* \(ml\.usage\), which kc-web/,
    );
    await isReady();
    await user.click(now());
    await waitFor(() => expect(host.states.restores).toHaveLength(2));
    expect(host.states.restores.find((each) => each.id === id)?.status).toBe("superseded");
  });

  it("restores what is checked, at any depth, and nothing moves as a box is", async () => {
    const asked = vi.spyOn(host, "previewRestore");
    await openRestore();
    await isReady();
    const rows = () =>
      within(screen.getByTestId("restore-parts"))
        .getAllByRole("treeitem")
        .map(({ dataset }) => dataset.row);
    const before = rows();
    await user.click(screen.getByTestId("extent-only"));
    expect(now().ariaDisabled).toBe("true");
    expect(screen.getByTestId("restore-count").textContent).toContain("at least one part");
    await user.click(partRow("ml.usage.calculations"));
    await waitFor(() =>
      expect(asked).toHaveBeenLastCalledWith(
        expect.objectContaining({ only: ["ml.usage.calculations"], except: [] }),
        expect.anything(),
      ),
    );
    await waitFor(() =>
      expect(screen.getByTestId("restore-count").textContent).toMatch(/^1 of \d+ values will/),
    );
    expect(checked("ml.usage")).toBe("mixed");
    expect(rows()).toEqual(before);
    await user.click(partRow("ml.usage"));
    expect(checked("ml.usage.filesAnalyzed")).toBe("true");
    await isReady();
    await user.click(now());
    await waitFor(() => expect(host.states.restores[0]?.only).toEqual(["ml.usage"]));
  });

  it("of everything leaves alone what is unchecked", async () => {
    await openRestore();
    await isReady();
    expect(checked("ml.usage")).toBe("true");
    await user.click(partRow("ml.usage.calculations"));
    expect(screen.getByTestId("extent-except").ariaPressed ?? "true").toBe("true");
    expect([checked("ml.usage"), checked("ml.usage.calculations")]).toEqual(["mixed", "false"]);
    await isReady();
    await user.click(now());
    await waitFor(() => expect(host.states.restores[0]?.except).toEqual(["ml.usage.calculations"]));
  });

  it("of more parts than a request may name is refused, with why, before it is asked for", async () => {
    const keys = Array.from({ length: 1002 }, (_, index) => `many.k${index}`);
    const changes = keys.map((key) => changed(`/${key.replace(".", "/")}`, 1, 2));
    const asked = vi.spyOn(host, "previewRestore").mockResolvedValue(differenceOf(changes));
    await openRestore();
    await isReady();
    // Everything but `many`, of which only the first is taken out of what stays.
    await user.click(partRow("ml.many"));
    await isReady().catch(() => undefined);
    partRow("ml.many").focus();
    await user.keyboard("{ArrowRight}");
    const before = asked.mock.calls.length;
    await user.click(await screen.findByTestId("part-ml.many.k0"));
    await waitFor(() =>
      expect(screen.getByTestId("restore-count").textContent).toContain("names up to 1,000 parts"),
    );
    expect(now().ariaDisabled).toBe("true");
    expect(asked.mock.calls.length).toBe(before);
  });

  it("is unsaved once something is chosen, so that closing the window asks", async () => {
    await openRestore();
    await isReady();
    expect(deck.browsing.unsaved.names).toEqual([]);
    await user.click(partRow("ml.usage.calculations"));
    expect(deck.browsing.unsaved.names).toEqual([`Restore of ${source}`]);
    await user.click(screen.getByRole("button", { name: words.actions.cancel }));
    await waitFor(() => expect(deck.browsing.unsaved.names).toEqual([]));
  });

  it("is walked and checked by keys", async () => {
    await openRestore();
    await isReady();
    await user.click(screen.getByTestId("extent-only"));
    const key = () => (document.activeElement as HTMLElement).dataset.row;
    partRow("ml.usage").focus();
    await user.keyboard("{ArrowRight}");
    await waitFor(() => expect(key()).toMatch(/^ml\.usage\./));
    await user.keyboard(" ");
    expect(checked(key() ?? "")).toBe("true");
    await user.keyboard("{ArrowLeft}{ArrowLeft}");
    await waitFor(() => expect(partRow("ml.usage").ariaExpanded).toBe("false"));
    expect(checked("ml.usage")).toBe("mixed");
  });

  it("also of the flags, only if they were other ones", async () => {
    await openRestore();
    expect(screen.queryByTestId("restore-with-flags")).toBeNull();
    await user.keyboard("{Escape}");
    await host.change({ kind: "set_master", on: false });
    const snapshot = deck.snapshots.fromSnapshot;
    if (!snapshot) throw new Error("no snapshot");
    deck.overlay.show({ kind: "restore_state", snapshot: { ...snapshot, revision: 41 } });
    await user.click(await screen.findByTestId("restore-with-flags"));
    await waitFor(() => expect(now().textContent).toContain("and the flags of r41"));
    expect(screen.getByTestId("restore-state").textContent).toContain("They change at once");
  });

  it("says if the state changed since the preview, which stays until it is refreshed", async () => {
    await openRestore();
    await isReady();
    await user.click(screen.getByTestId("extent-only"));
    await user.click(partRow("ml.usage"));
    const before = screen.getByTestId("restore-parts").textContent;
    const stale = () => screen.getByTestId("restore-stale").textContent;
    // A report of the same state changes nothing.
    host.states.report(source, host.states.treeAt({ kind: "now", source }));
    await deck.sources.refresh();
    expect(stale().trim()).toBe("");
    host.states.tick(source, NOW_MS + 5000, false);
    host.states.tick(source, NOW_MS + 6000, false);
    await deck.sources.refresh();
    await waitFor(() => expect(stale()).toContain("The state changed since this preview."));
    expect(screen.getByTestId("restore-parts").textContent).toBe(before);
    await user.click(screen.getByTestId("restore-refresh"));
    await waitFor(() => expect(screen.getByTestId("restore-parts").textContent).not.toBe(before));
    expect(stale().trim()).toBe("");
    expect(checked("ml.usage")).toBe("true");
  });

  it("of what is the same says so, and does nothing", async () => {
    vi.spyOn(host, "previewRestore").mockResolvedValue(differenceOf([]));
    await openRestore();
    await waitFor(() =>
      expect(screen.getByTestId("restore-count").textContent).toContain("Nothing to restore"),
    );
    expect(now().ariaDisabled).toBe("true");
  });

  it("that is refused says why, and stays open", async () => {
    await openRestore();
    await waitFor(() => expect(now().ariaDisabled).toBeNull());
    vi.spyOn(host, "restoreState").mockRejectedValue(asFailure("The disk is full."));
    await user.click(now());
    expect(await screen.findByText("The disk is full.")).toBeTruthy();
    expect(screen.getByTestId("restore-state")).toBeTruthy();
  });

  it("offers B from beside the button", async () => {
    await open();
    await user.click(await screen.findByTestId("compare-restore-more"));
    await user.click(screen.getByTestId("restore-B"));
    const over = deck.overlay.over;
    expect(over?.kind === "restore_state" && over.snapshot.id).toBe(deck.snapshots.toSnapshot?.id);
  });
});

describe("restoring one value or one record", () => {
  const now = {
    list: [
      { id: "alpha", n: 1 },
      { id: "delta", n: 4 },
    ],
    limits: { memMB: 5, cpu: 1 },
  };
  const then = {
    list: [
      { id: "alpha", n: 0 },
      { id: "gamma", n: 3 },
      { id: "delta", n: 4 },
    ],
    limits: { memMB: 512, cpu: 2 },
  };

  async function openLists() {
    host.states.report(source, then);
    const [taken] = await host.takeSnapshot(source, {});
    host.states.report(source, now);
    await open();
    if (!taken) throw new Error("no snapshot");
    deck.snapshots.compareWithNow(taken);
    await screen.findByText("memMB");
  }
  const restoreNow = async () => {
    await waitFor(() => expect(screen.getByTestId("restore-state-now").ariaDisabled).toBeNull());
    await user.click(screen.getByTestId("restore-state-now"));
    await waitFor(() => expect(host.states.restores).toHaveLength(1));
    host.states.confirm(1);
    return host.states.treeAt({ kind: "now", source });
  };

  it("by a key on its row restores that and nothing else", async () => {
    await openLists();
    (await row("/limits/memMB")).focus();
    await user.keyboard("r");
    await waitFor(() =>
      expect(screen.getByTestId("part-ml.limits.memMB").ariaChecked).toBe("true"),
    );
    await waitFor(() =>
      expect(screen.getByTestId("restore-count").textContent).toMatch(
        /^1 of \d values will change/,
      ),
    );
    expect(await restoreNow()).toEqual({ ...now, limits: { memMB: 512, cpu: 1 } });
  });

  it("brings a lost record back among its neighbours", async () => {
    await openLists();
    await user.click(screen.getByTestId("compare-restore"));
    await user.click(await screen.findByTestId("extent-only"));
    await user.click(await screen.findByTestId("part-ml.list[id=gamma]"));
    const [alpha, delta] = now.list;
    expect(await restoreNow()).toEqual({ ...now, list: [alpha, then.list[1], delta] });
    expect(host.states.restores[0]?.only).toEqual(["ml.list[id=gamma]"]);
  });

  it("offers a lost record from the menu of its list", async () => {
    await openLists();
    (await row("/list")).focus();
    await user.keyboard("{Shift>}{F10}{/Shift}");
    await user.click(await screen.findByTestId("menu-restore-ml.list[id=gamma]"));
    expect((await screen.findByTestId("part-ml.list[id=gamma]")).ariaChecked).toBe("true");
    const [alpha, delta] = now.list;
    expect(await restoreNow()).toEqual({ ...now, list: [alpha, then.list[1], delta] });
  });

  it("offers the record of a value from the menu of its row", async () => {
    await openLists();
    (await row("/list/0/n")).focus();
    await user.keyboard("{Shift>}{F10}{/Shift}");
    const item = await screen.findByTestId("menu-restore-record");
    expect(item.textContent).toContain("Restore the record ml.list[id=alpha]…");
    await user.click(item);
    expect((await screen.findByTestId("part-ml.list[id=alpha]")).ariaChecked).toBe("true");
  });

  it("is there in the full state, by key and by menu, also where nothing differs", async () => {
    await openLists();
    await user.click(screen.getByTestId("compare-full"));
    const tree = await screen.findByTestId("state-tree");
    const at = (pointer: string) => tree.querySelector<HTMLElement>(`[data-pointer="${pointer}"]`);
    await waitFor(() => expect(at("/list/0/n")).not.toBeNull());
    at("/list/1")?.focus();
    await waitFor(() =>
      expect((document.activeElement as HTMLElement).dataset.pointer).toBe("/list/1"),
    );
    expect(deck.compare.part).toBe("ml.list[id=delta]");
    await user.keyboard("{Shift>}{F10}{/Shift}");
    await user.click(await screen.findByTestId("menu-restore-value"));
    expect((await screen.findByTestId("part-ml.list[id=delta]")).ariaChecked).toBe("true");
    await waitFor(() =>
      expect(screen.getByTestId("restore-count").textContent).toContain("as they were"),
    );
    expect(screen.getByTestId("restore-state-now").ariaDisabled).toBe("true");
  });

  it("says why it cannot be, of what came from a file", async () => {
    await openLists();
    host.state = { ...host.state, readOnly: "Another program holds the data folder." };
    host.announce({ kind: "status" });
    await waitFor(() => expect(deck.live.status?.readOnly).not.toBeNull());
    (await row("/limits/memMB")).focus();
    await user.keyboard("r");
    await waitFor(() => expect(toasts().join()).toContain("Another program"));
    expect(screen.queryByTestId("restore-state")).toBeNull();
  });
});

describe("undoing a restore", () => {
  const before = { a: 1, b: 1 };

  /** A state that was restored in one part, and confirmed. */
  async function openRestored() {
    host.states.report(source, before);
    const [taken] = await host.takeSnapshot(source, {});
    host.states.report(source, { a: 2, b: 1 });
    if (!taken) throw new Error("no snapshot");
    const only = ["ml.a"];
    host.states.restoreElsewhere({ snapshot: taken.id, only, except: [], withFlags: false });
    host.states.confirm(1);
    await open();
    await screen.findByTestId("restore-undo");
  }

  it("asks for the same parts alone, on what the source has become", async () => {
    await openRestored();
    host.states.report(source, { a: 1, b: 99 });
    await user.click(screen.getByTestId("restore-undo"));
    await waitFor(() => expect(host.states.restores).toHaveLength(2));
    const undo = host.states.restores[1];
    expect([undo?.only, undo?.undoes, undo?.status]).toEqual([["ml.a"], 1, "open"]);
    host.states.confirm(2);
    expect(host.states.treeAt({ kind: "now", source })).toEqual({ a: 2, b: 99 });
  });

  it("shows first what changed since in these parts", async () => {
    await openRestored();
    host.states.report(source, { a: 7, b: 99 });
    await user.click(screen.getByTestId("restore-undo"));
    expect((await screen.findByTestId("undo-moved")).textContent).toContain(
      "1 value changed since the restore",
    );
    expect(screen.getByTestId("undo-preview").textContent).toContain("7");
    expect(host.states.restores).toHaveLength(1);
    await user.click(screen.getByTestId("undo-restore-now"));
    await waitFor(() => expect(host.states.restores).toHaveLength(2));
    expect(screen.queryByTestId("undo-restore")).toBeNull();
  });

  it("whose snapshot is gone says that nothing is known of what changed since", async () => {
    await openRestored();
    host.states.remove([host.states.restores[0]?.snapshot ?? 0]);
    await user.click(screen.getByTestId("restore-undo"));
    expect((await screen.findByTestId("undo-moved")).textContent).toContain("is unknown");
  });
});
