/** The Snapshots view: the way there, its rows, and choosing what is compared. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { formatClock, formatPreciseClock } from "../src/format";
import {
  compared,
  focus,
  focused,
  host,
  isPair,
  list,
  MINUTE_MS,
  NOW_MS,
  open,
  openTwelve,
  row,
  sideOf,
  taken,
  text,
  timeline,
  user,
  useSnapshotsView,
} from "./support/snapshots_view";
import { openOver, press } from "./support/open";
import { noStates, typicalStates, unkeptStates } from "./support/snapshot_samples";
import { KeptStates } from "./support/snapshots";

useSnapshotsView();

describe("the way there", () => {
  it("is the fifth view, by its key and in the sidebar", async () => {
    host.chosen = { ...host.chosen, view: "dashboard" };
    host.states = typicalStates(NOW_MS);
    await openOver(host);
    await press(document.body, "5");
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
