/** Two states compared: what differs, its rows, and taking it out. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import type { StateDifference } from "../src/bindings/wire";
import { formatPreciseClock } from "../src/format";
import { asFailure } from "../src/host/host";
import {
  deck,
  differs,
  host,
  list,
  NOW_MS,
  open,
  row,
  rows,
  source,
  texts,
  toasts,
  useComparison,
  user,
  usual,
} from "./support/comparison";
import { openOver, press } from "./support/open";
import { changed, differenceOf, excerptOf, stateChange } from "./support/state_changes";

useComparison();

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
