/** The state in full beside a comparison, and what set a value. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import type { Blame } from "../src/bindings/wire";
import {
  deck,
  differs,
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
import { changed, differenceOf, excerptOf, stateChange } from "./support/state_changes";

useComparison();

const treeRows = () =>
  within(screen.getByTestId("state-tree"))
    .getAllByTestId("state-row")
    .map(({ dataset }) => dataset.pointer);

describe("the full state", () => {
  const text = JSON.stringify({
    flags: { percentage: 25, deep: { inner: { value: 1 } } },
    files: Array.from({ length: 20_000 }, (_, id) => ({ id })),
  });

  async function openFull(difference = differenceOf([changed("/flags/percentage", 12.5, 25)])) {
    differs(difference);
    vi.spyOn(host, "stateText").mockResolvedValue(text);
    await open();
    await user.click(screen.getByTestId("compare-full"));
    await screen.findByTestId("state-tree");
  }

  it("is open where something differs, which is marked with what it was", async () => {
    await openFull();
    await waitFor(() =>
      expect(treeRows()).toEqual(["/flags", "/flags/percentage", "/flags/deep", "/files"]),
    );
    const marked = screen.getByTestId("state-tree").querySelector(".changed");
    expect(marked?.textContent.replaceAll(/\s+/g, " ").trim()).toBe("percentage 25 was 12.5");
  });

  it("copies a name with dots in quotes, as commands read it", async () => {
    differs(differenceOf([changed("/versions/v1.2", 1, 2)]));
    vi.spyOn(host, "stateText").mockResolvedValue('{"versions":{"v1.2":2}}');
    await open();
    await user.click(screen.getByTestId("compare-full"));
    const tree = await screen.findByTestId("state-tree");
    await waitFor(() => expect(treeRows()).toContain("/versions/v1.2"));
    tree.querySelector<HTMLElement>('[data-pointer="/versions/v1.2"]')?.focus();
    await user.keyboard("c");
    await waitFor(() => expect(toasts().join()).toContain('ml.versions["v1.2"]'));
    expect(await navigator.clipboard.readText()).toBe('ml.versions["v1.2"]');
  });

  it("is walked as a tree, and renders only what is near the view", async () => {
    await openFull();
    await waitFor(() => expect(treeRows()).toHaveLength(4));
    const at = () => (document.activeElement as HTMLElement).dataset.pointer;
    screen.getByTestId("state-tree").querySelector<HTMLElement>('[data-pointer="/files"]')?.focus();
    await user.keyboard("{ArrowRight}");
    await waitFor(() => expect(treeRows().length).toBeGreaterThan(20));
    expect(treeRows().length).toBeLessThan(80);
    await user.keyboard("{End}");
    await waitFor(() => expect(at()).toBe("/files/19999"));
    await user.keyboard("{ArrowLeft}");
    await waitFor(() => expect(at()).toBe("/files"));
    await user.keyboard("{ArrowLeft}");
    await waitFor(() => expect(treeRows()).toHaveLength(4));
  });

  it("is searched from match to match, opening what holds them", async () => {
    await openFull();
    const field = screen.getByTestId("compare-find");
    await user.type(field, "value{Enter}");
    await waitFor(() => expect(treeRows()).toContain("/flags/deep/inner/value"));
    expect(screen.getByTestId("compare-found").textContent).toBe("1 of 1");
    await user.clear(field);
    await user.type(field, "id{Enter}");
    await waitFor(() =>
      expect(screen.getByTestId("compare-found").textContent).toBe("1 of 20,000"),
    );
    await user.keyboard("{Enter}");
    expect(screen.getByTestId("compare-found").textContent).toBe("2 of 20,000");
    await user.keyboard("{Shift>}{Enter}{Enter}{/Shift}");
    await waitFor(() => expect(treeRows()).toContain("/files/19999/id"));
    expect(screen.getByTestId("compare-found").textContent).toBe("20,000 of 20,000");
  });

  it("shows what went where it was, and is blamed from the keyboard", async () => {
    await openFull(
      differenceOf([stateChange("/flags/old", { kind: "removed", before: excerptOf("gone") })]),
    );
    const gone = await waitFor(() => {
      const found = screen
        .getByTestId("state-tree")
        .querySelector<HTMLElement>('[data-row="-/flags/old"]');
      if (!found) throw new Error("not there");
      return found;
    });
    expect(gone.textContent).toContain('"gone"');
    gone.focus();
    await user.keyboard("b");
    expect((await screen.findByTestId("blame-panel")).textContent).toContain("ml.flags.old");
  });

  it("of a removed record asks by its identity in the list of changes, too", async () => {
    const gone = {
      ...stateChange("/list/0", { kind: "removed", before: excerptOf({ id: "alpha" }) }),
      path: "list[id=alpha]",
      group: "ml.list",
    };
    differs(differenceOf([gone]));
    const blame = vi.spyOn(host, "blame");
    await open();
    (await row("/list/0")).focus();
    await user.keyboard("b");
    await screen.findByTestId("blame-panel");
    expect(blame.mock.calls[0]?.[1]).toBe("ml.list[id=alpha]");
  });

  it("that is no JSON says so", async () => {
    differs(usual());
    vi.spyOn(host, "stateText").mockResolvedValue('{"flags":');
    await open();
    await user.click(screen.getByTestId("compare-full"));
    expect((await screen.findByTestId("not-read")).textContent).toContain("no JSON text");
  });

  it("is where a change leads to from its row", async () => {
    differs(differenceOf([changed("/flags/deep/inner/value", 0, 1)]));
    vi.spyOn(host, "stateText").mockResolvedValue(text);
    await open();
    const at = await row("/flags/deep/inner/value");
    await user.hover(at);
    await user.click(within(at).getByTestId("show"));
    await waitFor(() => expect(treeRows()).toContain("/flags/deep/inner/value"));
    expect(deck.compare.mode).toBe("full");
  });
});

describe("blame", () => {
  const blamed = async (more: Partial<Blame>) => {
    differs(usual());
    const [since, until] = (await host.snapshots({ source }, 0, 2)).snapshots;
    const none = { records: [], earlier: [], values: [], before: null };
    vi.spyOn(host, "blame").mockResolvedValue({
      key: "ml.flags.percentage",
      pointer: "/flags/percentage",
      value: excerptOf(25),
      since: since ?? null,
      until: until ?? null,
      ...none,
      ...more,
    });
    await open();
    (await row("/flags/percentage")).focus();
    await user.keyboard("b");
    await screen.findByTestId("blame-setting");
  };
  const setting = () => screen.getByTestId("blame-setting").textContent;

  it("says between which snapshots, by which change and from where", async () => {
    await blamed({
      records: [
        {
          key: "ml.flags.percentage",
          before: excerptOf(12.5),
          after: excerptOf(25),
          atMs: NOW_MS - 120_000,
          byReport: false,
          sinceMs: null,
          place: "two.ts:2",
          origin: "at a (one.ts:1)\nat b (two.ts:2)",
        },
        {
          key: "ml.flags",
          before: null,
          after: excerptOf({}),
          atMs: NOW_MS - 180_000,
          byReport: false,
          sinceMs: null,
          place: "four.ts:4",
          origin: "at c (three.ts:3)\nat d (four.ts:4)\nat e",
        },
      ],
    });
    expect(setting()).toMatch(/^Set between .*:00.* and .*:05/);
    const places = screen.getAllByTestId("blame-place").map((place) => place.textContent);
    expect(places).toEqual(["two.ts:2", "four.ts:4"]);
    const [first, second] = screen.getAllByTestId("blame-record");
    expect(first?.textContent).not.toContain("one.ts");
    await user.keyboard("s");
    expect(first?.textContent).toContain("at a (one.ts:1)");
    expect(second?.textContent).toContain("at e");
    await user.keyboard("s");
    expect(second?.textContent).not.toContain("at e");
  });

  it("says honestly that nothing was recorded", async () => {
    await blamed({});
    expect(screen.getByTestId("blame-unrecorded").textContent).toBe(
      "No single change was recorded.",
    );
  });

  it("says between which moments a whole report set it", async () => {
    const at = (second: number) => new Date(2026, 10, 24, 14, 5, second).getTime();
    const record = {
      key: "ml.flags.percentage",
      before: excerptOf(12.5),
      after: excerptOf(25),
      atMs: at(3),
      byReport: true,
      sinceMs: at(1),
      place: "",
      origin: "",
    };
    await blamed({ records: [record] });
    const told = screen.getByTestId("blame-record").textContent;
    expect(told).toMatch(/Between .*05:01.* and .*05:03.*, by a whole report/);
    expect(screen.queryByTestId("origin-more")).toBeNull();
  });

  it("shows what a value was that is gone", async () => {
    await blamed({ value: null, before: excerptOf({ id: 7, name: "seven" }), pointer: null });
    expect(screen.getByTestId("blame-gone").textContent).toContain("Removed. Its last value:");
    expect(screen.getByTestId("blame-panel").textContent).toContain('"name": "seven"');
    expect(setting()).toMatch(/^Removed between/);
  });

  it("draws what a number was", async () => {
    const values = [1, 1, 4].map((value, index) => ({ atMs: NOW_MS + index * 1000, value }));
    await blamed({ values });
    const drawn = screen.getByTestId("blame-values");
    expect(drawn.textContent).toContain("Over 3 snapshots");
    expect(drawn.textContent).toContain("1 to 4");
    expect(drawn.querySelector("path")?.getAttribute("d")).toBe("M0 100H50V100H100V0");
  });

  it("says what it does not know", async () => {
    await blamed({ until: null });
    expect(setting()).toContain("the first snapshot there is");
  });

  it("says of what is not there when it was taken away", async () => {
    await blamed({ value: null, since: null });
    expect(setting()).toMatch(/^Removed after .*, the latest snapshot$/);
  });

  it("leads to the snapshots in which the value changed before", async () => {
    const [, , third] = (await host.snapshots({ source }, 0, 3)).snapshots;
    if (!third) throw new Error("no snapshot");
    const entry = { snapshot: third, before: excerptOf(5), after: excerptOf(12.5) };
    await blamed({ earlier: [entry] });
    expect(screen.getByTestId("blame-entry").textContent).toMatch(/5.*12\.5/);
    await user.click(screen.getByTestId(`blame-show-${third.id}`));
    await waitFor(() => expect(deck.snapshots.toSnapshot?.id).toBe(third.id));
    expect(screen.queryByTestId("blame-panel")).toBeNull();
  });
});
