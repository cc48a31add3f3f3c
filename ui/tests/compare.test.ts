/** Two states compared: what differs, the state in full, what set a value, and the way back. */

import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Blame, StateDifference } from "../src/bindings/wire";
import { formatPreciseClock } from "../src/format";
import { asFailure } from "../src/host/host";
import type { Deck } from "../src/state/deck";
import { words } from "../src/words";
import Compared from "./support/Compared.svelte";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";
import { typicalStates } from "./support/snapshots";
import {
  changed,
  differenceOf,
  excerptOf,
  listOf,
  seriesOf,
  stateChange,
} from "./support/state_changes";

const NOW_MS = new Date(2026, 10, 24, 14, 7).getTime();
const source = "kc-web on studio";

let host: MemoryHost;
let deck: Deck;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW_MS });
  host = new MemoryHost(typical());
  host.states = typicalStates(NOW_MS);
  user = userEvent.setup();
  return () => vi.useRealTimers();
});

async function open() {
  render(Compared, { host, ondeck: (made: Deck) => (deck = made) });
  await screen.findByTestId("comparison");
}

/** Has the backend say that this differs. */
function differs(difference: StateDifference) {
  return vi.spyOn(host, "stateDifference").mockResolvedValue(difference);
}

const usual = () =>
  differenceOf(
    [
      changed("/flags/percentage", 12.5, 25),
      stateChange("/flags/userGroups", { kind: "added", after: excerptOf("beta") }),
      stateChange("/metrics/performance/calculationTime", {
        kind: "series",
        list: listOf({ dropped: 5, added: 5, isShifted: true }),
        series: seriesOf([1, 1, 1], [1, 1, 1.93]),
      }),
      stateChange("/history", {
        kind: "list",
        list: listOf({ dropped: 11, added: 11, key: "id" }),
        before: excerptOf([1]),
        after: excerptOf([2]),
      }),
    ],
    { unchanged: ["/cache"] },
  );

const list = () => screen.findByTestId("changes");
const rows = async () => within(await list()).getAllByRole("row");
const texts = async () =>
  (await rows()).map((row) => row.textContent.replaceAll(/\s+/g, " ").trim());
const row = async (pointer: string) => {
  const found = (await list()).querySelector<HTMLElement>(`[data-pointer="${pointer}"]`);
  if (!found) throw new Error(`no row of ${pointer}`);
  return found;
};
const toasts = () => screen.queryAllByTestId("toast").map((toast) => toast.textContent);

describe("a comparison", () => {
  it("says what is compared, how much differs, and where", async () => {
    differs(usual());
    await open();
    const [from, to] = [new Date(2026, 10, 24, 14), new Date(2026, 10, 24, 14, 5)];
    const heading = screen.getByRole("heading", { level: 2 }).textContent;
    expect(heading.replaceAll(/\s+/g, " ")).toBe(
      `A${formatPreciseClock(from.getTime())} compared with B${formatPreciseClock(to.getTime())}`,
    );
    await waitFor(() =>
      expect(screen.getByTestId("compare-count").textContent.trim()).toBe("4 changes"),
    );
    const told = (await texts()).join("\n");
    expect(told).toContain("ml.flags 2 changes");
    expect(told).toMatch(/percentage Before 12\.5 → After 25 \+100 %/);
    expect(told).toMatch(/userGroups Added \+"beta"/);
    expect(told).toContain("ml.metrics.performance 5 new values in 1 series");
    expect(told).toMatch(/mean \+31 % 5 dropped, 5 added/);
    expect(told).toMatch(/ml\.history 11 dropped, 11 added · matched by id/);
    expect(told).toContain("ml.cache unchanged");
    expect(document.querySelector(".notable b")?.textContent).toBe("+31 %");
  });

  it("swaps its sides", async () => {
    await open();
    const before = deck.snapshots.fromSnapshot?.id;
    await user.click(screen.getByTestId("compare-swap"));
    expect(deck.snapshots.toSnapshot?.id).toBe(before);
  });

  it("of two states that are the same says so, and what is one snapshot", async () => {
    differs(differenceOf([]));
    await open();
    expect((await screen.findByTestId("compare-same")).textContent).toContain("Nothing differs");
    const snapshot = deck.snapshots.toSnapshot;
    if (snapshot) deck.snapshots.setFrom(snapshot);
    await waitFor(() =>
      expect(screen.getByTestId("compare-same").textContent).toContain("one snapshot"),
    );
  });

  it("that cannot be read says why, and tries again", async () => {
    const refused = vi.spyOn(host, "stateDifference").mockRejectedValue(asFailure("Disk gone."));
    await open();
    expect((await screen.findByTestId("not-read")).textContent).toContain("Disk gone.");
    refused.mockResolvedValue(usual());
    await user.click(screen.getByTestId("read-again"));
    await row("/flags/percentage");
  });

  it("drops the answer about what is no longer compared", async () => {
    const answers: ((difference: StateDifference) => void)[] = [];
    vi.spyOn(host, "stateDifference").mockImplementation(
      () => new Promise((resolve) => answers.push(resolve)),
    );
    await open();
    await waitFor(() => expect(answers.length).toBe(1));
    deck.snapshots.swap();
    await waitFor(() => expect(answers.length).toBe(2));
    answers[1]?.(differenceOf([changed("/flags/b", 1, 2)]));
    answers[0]?.(differenceOf([changed("/flags/a", 1, 2)]));
    await row("/flags/b");
    expect(screen.queryByText("a")).toBeNull();
  });

  it("says what is left out: more than is listed, and what counts as equal", async () => {
    differs(differenceOf([changed("/flags/a", 1, 2)], { total: 7001, tolerated: 12 }));
    await open();
    deck.compare.tolerance = 0.01;
    const notes = () => screen.getByTestId("compare-notes").textContent;
    await waitFor(() => expect(notes()).toContain("The first 1 of 7,001 changes are listed"));
    expect(notes()).toContain("12 numbers differ by no more than 1 % and count as equal");
  });

  it("renders only the rows near the view, of as many as there are", async () => {
    differs(
      differenceOf(Array.from({ length: 5000 }, (_, index) => changed(`/files/f${index}`, 1, 2))),
    );
    await open();
    expect((await rows()).length).toBeLessThan(60);
    (await row("/files/f0")).focus();
    await press(await row("/files/f0"), "End");
    await waitFor(() =>
      expect((document.activeElement as HTMLElement).dataset.pointer).toBe("/files/f4999"),
    );
  });

  it("is asked for with the tolerance and the noise that are set, which stay", async () => {
    const asked = differs(usual());
    await open();
    await user.click(screen.getByTestId("compare-options"));
    await user.click(screen.getByTestId("tolerance-0.01"));
    await user.type(screen.getByTestId("noise-key"), "lastSeen{Enter}");
    await waitFor(() =>
      expect(asked).toHaveBeenLastCalledWith(expect.anything(), expect.anything(), {
        tolerance: 0.01,
        noise: ["lastSeen"],
      }),
    );
    await user.keyboard("{Escape}");
    expect(screen.queryByTestId("options-box")).toBeNull();
    expect(screen.getByTestId("compare-options").textContent.trim()).toBe("± 1 % · 1 noise key");
    expect(document.activeElement).toBe(screen.getByTestId("compare-options"));
  });

  it("folds noise into one row that opens", async () => {
    differs(
      differenceOf([stateChange("/cache/lastSeen", { isNoise: true })], { noise: 12, total: 12 }),
    );
    await open();
    const noise = await screen.findByTestId("change-noise");
    expect(noise.textContent).toContain("12 changes of noise keys");
    expect(screen.getByTestId("compare-count").textContent).toContain("0 of 12 changes shown");
    noise.focus();
    await press(noise, "Enter");
    await row("/cache/lastSeen");
  });

  it("finds a path or value, and leads on to the full state where it did not change", async () => {
    differs(usual());
    await open();
    const field = screen.getByTestId("compare-find");
    await press(await row("/flags/percentage"), "/");
    expect(document.activeElement).toBe(field);
    await user.type(field, "beta");
    await waitFor(async () => expect(await rows()).toHaveLength(2));
    expect(screen.getByTestId("compare-found").textContent).toBe("1 of 4");
    await user.clear(field);
    await user.type(field, "calculator");
    await user.click(await screen.findByTestId("find-in-full"));
    await waitFor(() => expect(screen.getByTestId("compare-found").textContent).toBe("1 of 1"));
  });
});

describe("in the view of snapshots", () => {
  it("the key of a search is of the comparison there, of the list elsewhere", async () => {
    host.chosen = { ...host.chosen, view: "snapshots" };
    await openOver(host);
    await screen.findByTestId("comparison");
    const [first] = await rows();
    first?.focus();
    if (first) await press(first, "/");
    expect(document.activeElement).toBe(screen.getByTestId("compare-find"));
    screen.getByTestId("nav-snapshots").focus();
    await press(screen.getByTestId("nav-snapshots"), "/");
    expect(document.activeElement).toBe(screen.getByTestId("snapshots-text"));
  });
});

describe("the rows", () => {
  it("are walked by arrows; Enter shows a change in full", async () => {
    differs(usual());
    await open();
    const first = (await rows())[0];
    first?.focus();
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowDown}{ArrowDown}");
    expect(document.activeElement).toBe(await row("/metrics/performance/calculationTime"));
    await user.keyboard("{Enter}");
    const detail = await screen.findByTestId("change-detail");
    expect(detail.textContent).toMatch(/Mean\s*1\s*1.31\s*\+31 %/);
    expect(detail.textContent).toMatch(/95 in 100 no more than\s*1\s*1.93/);
    expect(detail.textContent).toMatch(/Largest change\s*2/);
    await user.keyboard("{Enter}");
    expect(screen.queryByTestId("change-detail")).toBeNull();
  });

  it("say from where they were set and when, as far as that was recorded", async () => {
    const record = {
      key: "ml.flags.percentage",
      before: excerptOf(12.5),
      after: excerptOf(25),
      atMs: NOW_MS,
      byReport: false,
      sinceMs: null,
      place: "panel.js:27",
      origin: "at record (state.js:1)\nat save (panel.js:27:9)",
    };
    const set = { ...changed("/flags/percentage", 12.5, 25), record: 0 };
    const mute = { ...changed("/flags/on", false, true), record: 1 };
    differs(
      differenceOf([set, mute, changed("/flags/off", 1, 2)], {
        records: [record, { ...record, place: "", origin: "" }],
      }),
    );
    await open();
    const by = async (pointer: string) => within(await row(pointer)).queryByTestId("change-by");
    expect((await by("/flags/percentage"))?.textContent.trim()).toBe(
      `panel.js:27, ${formatPreciseClock(NOW_MS)}`,
    );
    expect((await by("/flags/percentage"))?.title).toContain("panel.js:27:9");
    expect((await by("/flags/on"))?.textContent.trim()).toBe(formatPreciseClock(NOW_MS));
    expect(await by("/flags/off")).toBeNull();
    (await row("/flags/percentage")).focus();
    await user.keyboard("{Enter}");
    const detail = within(await screen.findByTestId("change-detail"));
    expect(detail.getByTestId("blame-place").textContent).toBe("panel.js:27");
    await user.click(detail.getByText("Show stack"));
    expect(detail.getByTestId("blame-record").textContent).toContain("at record (state.js:1)");
  });

  it("fold their group to the left and unfold it to the right", async () => {
    differs(usual());
    await open();
    (await row("/flags/userGroups")).focus();
    await user.keyboard("{ArrowLeft}");
    expect(document.activeElement?.textContent).toContain("ml.flags");
    await user.keyboard("{ArrowLeft}");
    expect((await list()).querySelector('[data-pointer="/flags/percentage"]')).toBeNull();
    await user.keyboard("{ArrowRight}");
    await row("/flags/percentage");
  });

  it("lead back up to the field from the first", async () => {
    differs(usual());
    await open();
    (await rows())[0]?.focus();
    await user.keyboard("{ArrowUp}");
    expect(document.activeElement).toBe(screen.getByTestId("compare-find"));
    await user.keyboard("{ArrowDown}");
    expect(document.activeElement).toBe((await rows())[0]);
  });

  it("copy the path with C and the value with V", async () => {
    differs(usual());
    vi.spyOn(host, "stateText").mockResolvedValue("25");
    await open();
    (await row("/flags/percentage")).focus();
    await user.keyboard("c");
    await waitFor(() => expect(toasts().join()).toContain("Copied: ml.flags.percentage"));
    expect(await navigator.clipboard.readText()).toBe("ml.flags.percentage");
    await user.keyboard("v");
    await waitFor(() => expect(toasts().join()).toContain("The value was copied"));
    expect(await navigator.clipboard.readText()).toBe("25");
  });

  it("copy values and patches so that nothing in them acts or hides where they are pasted", async () => {
    differs(usual());
    const value = "\u009b2J\u202elap\u200b\u2028";
    const escaped = '"\\u009b2J\\u202elap\\u200b\\u2028"';
    vi.spyOn(host, "stateText").mockResolvedValue(JSON.stringify(value));
    vi.spyOn(host, "statePatch").mockResolvedValue(`[${JSON.stringify(value)}]\n`);
    await open();
    (await row("/flags/percentage")).focus();
    await user.keyboard("v");
    await waitFor(async () => expect(await navigator.clipboard.readText()).toBe(escaped));
    await user.click(screen.getByTestId("compare-export"));
    await user.click(screen.getByTestId("copy-patch"));
    await waitFor(async () => expect(await navigator.clipboard.readText()).toBe(`[${escaped}]\n`));
  });

  it("read the whole of a value that is cut", async () => {
    const cut = { text: '["a"', isWhole: false };
    differs(differenceOf([stateChange("/flags/groups", { kind: "added", after: cut })]));
    const asked = vi.spyOn(host, "stateText").mockResolvedValue('["a","b"]');
    await open();
    (await row("/flags/groups")).focus();
    await user.keyboard("{Enter}");
    await user.click(await screen.findByTestId("read-whole"));
    await waitFor(() =>
      expect(screen.getByTestId("change-detail").textContent).toContain('[ "a", "b" ]'),
    );
    expect(asked).toHaveBeenCalledWith(deck.snapshots.to, "/flags/groups");
  });

  it("fold a key as noise from their menu", async () => {
    differs(usual());
    await open();
    (await row("/flags/percentage")).focus();
    await press(await row("/flags/percentage"), "F10", { shiftKey: true });
    await user.click(await screen.findByTestId("menu-noise"));
    expect(deck.compare.noise).toEqual(["percentage"]);
  });
});

describe("taking a difference out", () => {
  it("writes or copies it as JSON Patch, or both snapshots", async () => {
    await open();
    await user.click(screen.getByTestId("compare-export"));
    await user.click(screen.getByTestId("export-patch"));
    await waitFor(() => expect(host.saved[0]?.name).toBe("state-patch.json"));
    expect(host.saved[0]?.isPrivate, "it holds values of the state").toBe(true);
    await user.click(screen.getByTestId("compare-export"));
    await user.click(screen.getByTestId("copy-patch"));
    await waitFor(() => expect(toasts().join()).toContain("copied"));
    expect(await navigator.clipboard.readText()).toBe(host.saved[0]?.text);
    await user.click(screen.getByTestId("compare-export"));
    await user.click(screen.getByTestId("export-bundle"));
    const ids = [deck.snapshots.fromSnapshot?.id, deck.snapshots.toSnapshot?.id];
    await waitFor(() => expect(host.states.exported).toEqual([ids]));
  });

  it("has no bundle of the state as it is now", async () => {
    await open();
    await deck.snapshots.openNow(source);
    await user.click(screen.getByTestId("compare-export"));
    expect(screen.getByTestId("export-bundle").ariaDisabled).toBe("true");
  });
});

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
