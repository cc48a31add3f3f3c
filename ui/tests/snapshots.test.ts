/** The Snapshots view: its list, its timeline and what is done with snapshots, by pointer and keys. */

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Snapshot, StateAt } from "../src/bindings/wire";
import { formatClock, formatPreciseClock } from "../src/format";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";
import { openOver, press } from "./support/open";
import {
  extremeStates,
  KeptStates,
  noStates,
  typicalStates,
  unkeptStates,
} from "./support/snapshots";

const NOW_MS = new Date(2026, 10, 24, 14, 7).getTime();
const MINUTE_MS = 60_000;
const ROW_PX = 36;
/** The width of everything in this test, of which the timeline takes what it has. */
const WIDTH_PX = 200;

let host: MemoryHost;
let user: ReturnType<typeof userEvent.setup>;
/** What was compared last. */
let compared: [StateAt, StateAt] | null;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
  host = new MemoryHost(typical());
  host.chosen = { ...host.chosen, view: "snapshots" };
  compared = null;
  const compare = host.stateDifference.bind(host);
  host.stateDifference = (from, to, options) => {
    compared = [from, to];
    return compare(from, to, options);
  };
  user = userEvent.setup();
  return () => vi.useRealTimers();
});

const taken = (count: number) =>
  Array.from({ length: count }, (_, step) => ({
    atMs: NOW_MS - (count - step) * 5 * MINUTE_MS,
    step,
  }));

async function open(states: KeptStates): Promise<void> {
  host.states = states;
  await openOver(host);
  await screen.findByTestId("snapshots");
}

/** Twelve snapshots of one application, the latest of them compared. */
async function openTwelve(): Promise<void> {
  await open(new KeptStates().add("app", taken(12), { nowMs: NOW_MS - 4000 }));
  await isPair(11, 12);
  await screen.findByTestId("timeline");
}

const list = () => screen.getByTestId("snapshot-list");
const row = (id: number) => screen.getByTestId(`snapshot-${id}`);
const text = (element: HTMLElement) => element.textContent.replace(/\s+/g, " ").trim();
const focused = () => (document.activeElement as HTMLElement | null)?.dataset.testid;
const sideOf = (id: number) => row(id).querySelector(".side")?.textContent.trim() ?? "";
const timeline = () => screen.getByTestId("timeline");

const isPair = (a: number, b: number) =>
  waitFor(() => {
    expect([sideOf(a), sideOf(b)]).toEqual(["A", "B"]);
    expect(compared).toEqual([
      { kind: "snapshot", id: a },
      { kind: "snapshot", id: b },
    ]);
  });

async function focus(id: number): Promise<void> {
  row(id).focus();
  await waitFor(() => expect(row(id).tabIndex).toBe(0));
}

async function kept(id: number): Promise<Snapshot | undefined> {
  const { snapshots } = await host.states.snapshots({}, 0, 1000);
  return snapshots.find((snapshot) => snapshot.id === id);
}

describe("the way there", () => {
  it("is the fourth view, by its key and in the sidebar", async () => {
    host.chosen = { ...host.chosen, view: "dashboard" };
    host.states = typicalStates(NOW_MS);
    await openOver(host);
    await press(document.body, "4");
    await screen.findByTestId("snapshots");
    expect(screen.getByTestId("nav-snapshots").getAttribute("aria-current")).toBe("page");
  });

  it("leads from a dot beneath the timeline to the revision in Activity", async () => {
    host.fillHistory(4, 10 * MINUTE_MS);
    await open(new KeptStates().add("app", taken(12), { nowMs: NOW_MS }));
    const dots = await screen.findAllByTestId(/^timeline-mark-/);
    const last = dots.at(-1);
    const revision = last?.dataset.testid?.replace("timeline-mark-", "");
    expect(last?.getAttribute("aria-label")).toContain("Open in Activity");
    if (last) await user.click(last);
    await screen.findByTestId("details");
    expect(screen.getByTestId(`revision-${revision}`).getAttribute("aria-selected")).toBe("true");
  });
});

describe("with nothing to show", () => {
  it("says how an application hands in its state, where this one listens", async () => {
    host.state = { ...host.state, serving: "127.0.0.1:5000" };
    await open(noStates());
    const nothing = await screen.findByTestId("nothing-kept");
    expect(nothing.textContent).toContain("curl -X PUT http://127.0.0.1:5000/api/ml/state/my-app");
    expect(nothing.textContent).toContain("flagctl demo");
    await user.click(screen.getByTestId("how-to-hand-in"));
    await screen.findByRole("heading", { name: "Snapshots of states" });
  });

  it("shows a source as soon as there is one", async () => {
    await open(noStates());
    await screen.findByTestId("nothing-kept");
    host.states.add("app", taken(2), { nowMs: NOW_MS });
    host.announce({ kind: "state", source: "app" });
    await waitFor(() => row(2));
  });

  it("offers to take the first snapshot of a source without any", async () => {
    await open(unkeptStates(NOW_MS));
    await user.click(await screen.findByTestId("take-first"));
    await user.click(await screen.findByTestId("take-dialog-go"));
    await waitFor(() => row(1));
    expect(screen.queryByTestId("take-dialog")).toBeNull();
    expect(text(row(1))).toContain("asked for");
  });

  it("says that nothing was found, and shows everything again", async () => {
    await openTwelve();
    await user.type(screen.getByTestId("snapshots-text"), "unicorn{Enter}");
    await screen.findByTestId("nothing-found");
    await user.click(screen.getByTestId("show-all-snapshots"));
    await waitFor(() => expect(screen.getByTestId("snapshots-count").textContent).toContain("12"));
  });

  it("says why it could not be read, and tries again", async () => {
    const states = typicalStates(NOW_MS);
    states.refusal = { code: "failed", message: "The disk is gone.", problems: [] };
    await open(states);
    expect((await screen.findByTestId("snapshots-unread")).textContent).toContain("disk is gone");
    states.refusal = null;
    await user.click(screen.getByTestId("snapshots-again"));
    await waitFor(() => expect(screen.queryByTestId("snapshots-unread")).toBeNull());
    expect(list().querySelectorAll("[data-row]").length).toBeGreaterThan(10);
  });
});

describe("a row", () => {
  it("says when, why and how much changed, the time exactly on pointing", async () => {
    await openTwelve();
    expect(text(row(12))).toMatch(/^B Today .*\d:02.* on schedule (\d+ changes?|no change)$/);
    expect(row(12).querySelector("time")?.title).toContain("24");
    expect(text(row(1))).toMatch(/first$/);
  });

  it("tells the second where rows are of the same minute", async () => {
    const [first, second, third] = taken(3);
    if (!first || !second || !third) return;
    const close = { ...second, atMs: third.atMs + 3000 };
    const closer = { ...third, atMs: third.atMs + 5000 };
    await open(new KeptStates().add("app", [first, close, closer], { nowMs: NOW_MS }));
    await screen.findByTestId("snapshot-3");
    const time = (id: number) => row(id).querySelector("time")?.textContent.trim();
    expect(time(3)).toBe(formatPreciseClock(closer.atMs));
    expect(time(2)).toBe(formatPreciseClock(close.atMs));
    expect(time(1)).toBe(formatClock(first.atMs));
  });

  it("is called by its name, however long, and marked where it is pinned or has a note", async () => {
    const name = "n".repeat(120);
    const [first, second] = taken(2);
    if (!first || !second) return;
    const named = { ...second, name, note: "Keep it", isPinned: true };
    await open(new KeptStates().add("app", [first, named], { nowMs: NOW_MS }));
    await screen.findByTestId("pinned-2");
    expect(text(row(2))).toContain(name);
    expect(text(row(2))).toContain("Has a note");
  });

  it("says that a later day begins above it", async () => {
    const late = { atMs: NOW_MS - 26 * 60 * MINUTE_MS, step: 0 };
    const today = taken(2).map((each) => ({ ...each, step: each.step + 1 }));
    await open(new KeptStates().add("app", [late, ...today], { nowMs: NOW_MS }));
    await waitFor(() => expect(row(1).querySelector(".day")?.textContent).toBe("Yesterday"));
    expect(row(2).querySelector(".day")).toBeNull();
  });

  it("names its source where those of all sources are listed", async () => {
    await open(typicalStates(NOW_MS));
    await user.click(await screen.findByTestId("all-sources"));
    await waitFor(() => expect(list().textContent).toContain("kc-cli on build-3"));
    expect(screen.queryByTestId("snapshot-now")).toBeNull();
  });

  it("says which one is the first of its source, also among those of others", async () => {
    const [early, late] = taken(2);
    if (!early || !late) return;
    const states = new KeptStates()
      .add("app", [early], { nowMs: NOW_MS })
      .add("web", [late], { nowMs: NOW_MS });
    await open(states);
    await user.click(await screen.findByTestId("all-sources"));
    await waitFor(() => expect(list().textContent).toContain("web"));
    for (const id of [1, 2]) expect(text(row(id))).toContain("first");
  });
});

describe("choosing", () => {
  it("compares what is clicked with the one before it", async () => {
    await openTwelve();
    await user.click(row(7));
    await isPair(6, 7);
    expect(row(7).getAttribute("aria-selected")).toBe("true");
    expect(sideOf(12)).toBe("");
  });

  it("makes A of what is clicked with Shift, and of what the key A is pressed on", async () => {
    await openTwelve();
    await fireEvent.click(row(5), { shiftKey: true });
    await isPair(5, 12);
    await focus(3);
    await press(row(3), "a");
    await isPair(3, 12);
  });

  it("compares the latest with the state as it is", async () => {
    await openTwelve();
    await user.click(screen.getByTestId("snapshot-now"));
    await waitFor(() =>
      expect(compared).toEqual([
        { kind: "snapshot", id: 12 },
        { kind: "now", source: "app" },
      ]),
    );
    expect(text(screen.getByTestId("snapshot-now"))).toMatch(/^B Now reported/);
  });

  it("walks by keys, also far, and chooses with Enter", async () => {
    await open(new KeptStates().add("app", taken(300), { nowMs: NOW_MS }));
    await isPair(299, 300);
    await focus(300);
    const walk = async (key: string, to: string) => {
      await press(document.activeElement ?? document.body, key);
      await waitFor(() => expect(focused()).toBe(to));
    };
    await walk("ArrowDown", "snapshot-299");
    await walk("ArrowUp", "snapshot-300");
    await walk("Home", "snapshot-now");
    await walk("PageDown", "snapshot-282");
    await walk("End", "snapshot-1");
    await walk("ArrowUp", "snapshot-2");
    await press(row(2), "Enter");
    await isPair(1, 2);
  });

  it("goes from snapshot to snapshot with the keys for it, wherever the keyboard is", async () => {
    await openTwelve();
    await press(document.body, ",");
    await isPair(10, 11);
    await press(document.body, ".");
    await isPair(11, 12);
    await user.click(screen.getByTestId("snapshot-previous"));
    await isPair(10, 11);
  });

  it("plays back with Space, and stops with it", async () => {
    await openTwelve();
    await focus(12);
    await press(row(12), " ");
    await waitFor(() => expect(sideOf(1)).toBe("B"));
    expect(screen.getByTestId("snapshot-play").getAttribute("aria-label")).toBe("Pause");
    await press(document.activeElement ?? document.body, " ");
    expect(screen.getByTestId("snapshot-play").getAttribute("aria-label")).toBe("Play back");
    expect(screen.getByTestId("snapshot-speed").textContent).toBe("1×");
    await user.click(screen.getByTestId("snapshot-speed"));
    expect(screen.getByTestId("snapshot-speed").textContent).toBe("4×");
  });

  it("stays as it is while others come", async () => {
    await openTwelve();
    await user.click(row(7));
    await isPair(6, 7);
    await user.hover(timeline());
    timeline().focus();
    host.states.tick("app", NOW_MS, true);
    await waitFor(() => row(13));
    expect([sideOf(6), sideOf(7)]).toEqual(["A", "B"]);
  });

  it.each([
    ["pointed at", () => user.hover(row(9))],
    ["walked by keys", () => focus(9)],
  ])("moves no row of a list that is %s, and says how many are new", async (_, enter) => {
    await openTwelve();
    await enter();
    const place = row(9).dataset.row;
    for (const more of [1, 2]) {
      vi.setSystemTime(NOW_MS + more * MINUTE_MS);
      host.states.tick("app", Date.now(), true);
    }
    const button = await screen.findByTestId("newer-snapshots");
    expect(text(button)).toBe("2 new");
    expect(row(9).dataset.row).toBe(place);
    expect(screen.queryByTestId("snapshot-13")).toBeNull();
    await user.click(button);
    await waitFor(() => expect([row(14).dataset.row, row(13).dataset.row]).toEqual(["1", "2"]));
    expect(screen.queryByTestId("newer-snapshots")).toBeNull();
  });

  it("lists what is new as soon as the pointer leaves", async () => {
    await openTwelve();
    await user.hover(row(9));
    vi.setSystemTime(NOW_MS + MINUTE_MS);
    host.states.tick("app", Date.now(), true);
    await screen.findByTestId("newer-snapshots");
    await user.hover(timeline());
    await waitFor(() => row(13));
  });

  it("keeps an A that was chosen by its key over a click, until it is released", async () => {
    await openTwelve();
    await focus(3);
    await press(row(3), "a");
    await isPair(3, 12);
    await user.click(row(8));
    await isPair(3, 8);
    await user.click(row(10));
    await isPair(3, 10);
    await user.click(screen.getByTestId("release-a"));
    await isPair(3, 10);
    await user.click(row(8));
    await isPair(7, 8);
  });

  it("releases A by its key on the same row, and for once by the menu", async () => {
    await openTwelve();
    await focus(3);
    await press(row(3), "a");
    await isPair(3, 12);
    await press(row(3), "a");
    expect(screen.queryByTestId("release-a")).toBeNull();
    await press(row(3), "a");
    await user.click(screen.getByTestId("snapshot-menu-8"));
    await user.click(screen.getByTestId("menu-open"));
    await isPair(7, 8);
  });
});

describe("the timeline", () => {
  /** Where a moment is along it. */
  const xOf = (atMs: number, fromMs: number, toMs: number) =>
    (WIDTH_PX * (atMs - fromMs)) / (toMs - fromMs);
  const [fromMs, toMs] = [NOW_MS - 60 * MINUTE_MS, NOW_MS - 5 * MINUTE_MS + 1];

  it("has a column where there is a snapshot, the higher the more changed, A and B stronger", async () => {
    await openTwelve();
    const bars = [...timeline().querySelectorAll(".bar")];
    expect(bars.length).toBe(12);
    expect(bars.filter((bar) => bar.classList.contains("strong")).length).toBe(2);
    expect(timeline().getAttribute("aria-valuetext")).toContain("on schedule");
    expect(timeline().getAttribute("aria-valuenow")).toBe("12");
    expect(timeline().getAttribute("aria-valuemax")).toBe("12");
  });

  it("compares what is clicked on", async () => {
    await openTwelve();
    const clientX = xOf(NOW_MS - 31 * MINUTE_MS, fromMs, toMs);
    await fireEvent.pointerDown(timeline(), { button: 0, clientX });
    await fireEvent.pointerUp(timeline(), { clientX });
    await isPair(6, 7);
  });

  it("says what is pointed at", async () => {
    await openTwelve();
    const clientX = xOf(NOW_MS - 30 * MINUTE_MS, fromMs, toMs);
    await fireEvent.pointerMove(timeline(), { clientX });
    expect(screen.getByTestId("timeline-reading").textContent).toContain("1 snapshot");
    await fireEvent.pointerLeave(timeline());
    expect(screen.getByTestId("timeline-reading").textContent).toContain("height");
  });

  it("looks closer at what is dragged over, and at all again with Escape", async () => {
    await openTwelve();
    await fireEvent.pointerDown(timeline(), { button: 0, clientX: 50 });
    await fireEvent.pointerMove(timeline(), { clientX: 120 });
    expect(timeline().querySelector(".brush")).not.toBeNull();
    await fireEvent.pointerUp(timeline(), { clientX: 120 });
    await waitFor(() => expect(screen.getByTestId("snapshots-count").textContent).toContain("4"));
    expect(screen.getByTestId<HTMLSelectElement>("snapshots-span").value).toBe("range");
    await press(timeline(), "Escape");
    await waitFor(() => expect(screen.getByTestId("snapshots-count").textContent).toContain("12"));
  });

  it("lets a drag go with Escape", async () => {
    await openTwelve();
    await fireEvent.pointerDown(timeline(), { button: 0, clientX: 50 });
    await fireEvent.pointerMove(timeline(), { clientX: 120 });
    await press(timeline(), "Escape");
    await fireEvent.pointerUp(timeline(), { clientX: 120 });
    expect(screen.getByTestId("snapshots-count").textContent).toContain("12");
  });

  it("goes from snapshot to snapshot by keys", async () => {
    await openTwelve();
    await press(timeline(), "ArrowLeft");
    await isPair(10, 11);
    await press(timeline(), "Home");
    await waitFor(() => expect(sideOf(1)).toBe("B"));
    await press(timeline(), "End");
    await isPair(11, 12);
    await press(timeline(), "ArrowLeft", { shiftKey: true });
    await isPair(1, 2);
  });
});

describe("what is listed", () => {
  it("is narrowed by a text, which is looked for while that is said", async () => {
    await openTwelve();
    const answer = host.states.hold();
    await user.type(screen.getByTestId("snapshots-text"), "filesAnalyzed");
    await screen.findByText("Searching every change…");
    answer();
    await waitFor(() => expect(screen.getByTestId("snapshots-count").textContent).toMatch(/found/));
    await user.click(screen.getByTestId("clear-snapshot-filters"));
    await waitFor(() => expect(screen.getByTestId("snapshots-count").textContent).toContain("12"));
    expect(focused()).toBe("snapshots-text");
  });

  it("is reached by / and left by an arrow", async () => {
    await openTwelve();
    await press(document.body, "/");
    expect(focused()).toBe("snapshots-text");
    await press(screen.getByTestId("snapshots-text"), "ArrowDown");
    await waitFor(() => expect(focused()).toMatch(/^snapshot-/));
  });

  it("leaves / to the comparison where the keyboard is there", async () => {
    await openTwelve();
    await screen.findByTestId("compare-find");
    const inside = document.querySelector("[data-own-find]");
    if (inside) await press(inside, "/");
    expect(focused()).toBe("compare-find");
  });

  it("is narrowed to a time, lately or between two moments", async () => {
    await open(typicalStates(NOW_MS));
    const span = await screen.findByTestId("snapshots-span");
    const count = () => screen.getByTestId("snapshots-count").textContent;
    await user.selectOptions(span, "hour");
    await waitFor(() => expect(count()).toContain("12"));
    await user.selectOptions(span, "range");
    const to = await screen.findByTestId("snapshots-to");
    await fireEvent.change(to, { target: { value: "2026-11-24T13:30" } });
    await waitFor(() => expect(count()).toContain("4 "));
    await fireEvent.change(to, { target: { value: "2026-11-01T13:30" } });
    await screen.findByText(/ends before it begins/);
  });

  it("is narrowed to pinned ones", async () => {
    await open(typicalStates(NOW_MS));
    const pinned = await screen.findByTestId("snapshots-pinned");
    await user.click(pinned);
    expect(pinned.getAttribute("aria-pressed")).toBe("true");
    await waitFor(() => expect(screen.getByTestId("snapshots-count").textContent).toContain("2"));
  });

  it("is not narrowed by what was looked for in another source, but stays of the same time", async () => {
    await open(
      new KeptStates()
        .add("other", taken(4), { nowMs: NOW_MS - MINUTE_MS })
        .add("app", taken(30), { nowMs: NOW_MS - 4000 }),
    );
    await user.click(await screen.findByTestId("source-app"));
    await user.selectOptions(await screen.findByTestId("snapshots-span"), "hour");
    await user.click(screen.getByTestId("snapshots-pinned"));
    await user.type(screen.getByTestId("snapshots-text"), "nowhere{Enter}");
    await screen.findByText("No snapshot matches");
    await user.click(screen.getByTestId("source-other"));
    await waitFor(() => row(4));
    expect(screen.getByTestId<HTMLInputElement>("snapshots-text").value).toBe("");
    expect(screen.getByTestId("snapshots-pinned").ariaPressed).toBe("false");
    expect(screen.getByTestId<HTMLSelectElement>("snapshots-span").value).toBe("hour");
  });

  it("is of one source of few beside each other, of many by name", async () => {
    await open(extremeStates(NOW_MS, { snapshots: 20, files: 3, sources: 65 }));
    const field = await screen.findByTestId("source-choice");
    await user.clear(field);
    await user.type(field, "worker-07");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(screen.getByTestId("snapshots-count").textContent).toContain("1"));
    expect((field as HTMLInputElement).value).toContain("worker-07");
  });

  it("renders a few rows of thousands, and reads those that are scrolled to", async () => {
    await open(extremeStates(NOW_MS, { snapshots: 2000, files: 3, sources: 1 }));
    await waitFor(() => expect(list().getAttribute("aria-rowcount")).toBe("2001"));
    expect(list().querySelectorAll("[data-row]").length).toBeLessThan(60);
    list().scrollTop = 1500 * ROW_PX;
    await fireEvent.scroll(list());
    await waitFor(() => row(500));
    expect(list().querySelectorAll("[data-row]").length).toBeLessThan(70);
  });
});

describe("keeping", () => {
  it("takes a snapshot with a name, a note and a pin, and shows it", async () => {
    await openTwelve();
    await user.click(screen.getByTestId("take-snapshot"));
    await user.type(screen.getByTestId("snapshot-name"), "before 6.1");
    await user.type(screen.getByTestId("snapshot-note"), "As agreed");
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
    await user.type(screen.getByTestId("snapshot-note"), "As agreed");
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
    await user.type(screen.getByTestId("snapshot-name"), "x{Enter}");
    await screen.findByText("2 snapshots taken");
  });

  it("says in the dialog why none was taken, and keeps what was typed", async () => {
    await openTwelve();
    await user.click(screen.getByTestId("take-snapshot"));
    await user.type(screen.getByTestId("snapshot-name"), "x");
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
