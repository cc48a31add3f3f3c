/** What the Snapshots view lists: along its timeline, and narrowed. */

import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import {
  focused,
  host,
  isPair,
  list,
  MINUTE_MS,
  NOW_MS,
  open,
  openTwelve,
  row,
  ROW_PX,
  sideOf,
  taken,
  timeline,
  user,
  useSnapshotsView,
  WIDTH_PX,
} from "./support/snapshots_view";
import { press } from "./support/open";
import { extremeStates, typicalStates } from "./support/snapshot_samples";
import { KeptStates } from "./support/snapshots";

useSnapshotsView();

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
