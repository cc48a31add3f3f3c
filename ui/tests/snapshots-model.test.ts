/** What the snapshots are narrowed to, and how the timeline is drawn: pure parts. */

import { describe, expect, it } from "vitest";

import type { Snapshot, Timeline } from "../src/bindings/wire";
import {
  allOf,
  isNarrowed,
  isReversed,
  snapshotFilterOf,
  within,
} from "../src/model/snapshot_filter";
import { columnAt, columnNear, heightsOf, nearestTo, stretchAround } from "../src/model/timeline";

const NOW_MS = Date.UTC(2026, 10, 24, 14, 7);
const MINUTE_MS = 60_000;

function timeline(changes: readonly (number | null)[]): Timeline {
  return {
    fromMs: 0,
    toMs: changes.length * 100,
    columns: changes.map((each) => ({ snapshots: each === null ? 0 : 1, changes: each ?? 0 })),
    marks: [],
    marksTotal: 0,
  };
}

const every = (minutes: number, count: number, fromMs = NOW_MS) =>
  Array.from({ length: count }, (_, index) => fromMs - index * minutes * MINUTE_MS);

describe("what is narrowed to", () => {
  it("leaves out nothing that is not set", () => {
    expect(snapshotFilterOf(allOf(null), NOW_MS)).toEqual({});
    expect(snapshotFilterOf(allOf("app"), NOW_MS)).toEqual({ source: "app" });
    expect(isNarrowed(allOf("app"))).toBe(false);
  });

  it("is the last hour as of now, a text without its edges, pinned ones", () => {
    const narrowing = {
      ...allOf("app"),
      span: { kind: "lately", hours: 1 } as const,
      text: " badges ",
      isPinned: true,
    };
    expect(snapshotFilterOf(narrowing, NOW_MS)).toEqual({
      source: "app",
      sinceMs: NOW_MS - 3_600_000,
      text: "badges",
      pinned: true,
    });
    expect(isNarrowed(narrowing)).toBe(true);
  });

  it("may be open at either end", () => {
    const span = { kind: "range", fromMs: null, toMs: 50 } as const;
    expect(snapshotFilterOf({ ...allOf(null), span }, NOW_MS)).toEqual({ untilMs: 50 });
    expect(isReversed(span)).toBe(false);
    expect(isReversed({ kind: "range", fromMs: 60, toMs: 50 })).toBe(true);
  });

  it("is only ever made less by a stretch of time", () => {
    const filter = { sinceMs: 10, untilMs: 20 };
    expect(within(filter, { sinceMs: 5, untilMs: 30 })).toEqual(filter);
    expect(within(filter, { sinceMs: 12 })).toEqual({ sinceMs: 12, untilMs: 20 });
    expect(within({}, { untilMs: 7 })).toEqual({ untilMs: 7 });
  });
});

describe("a timeline", () => {
  it("shows a few changes beside thousands, on a scale of roots", () => {
    expect(heightsOf(timeline([0, 100, 10_000, null]))).toEqual([0, 0.1, 1, 0]);
    expect(heightsOf(timeline([0, null]))).toEqual([0, 0]);
  });

  it("has every moment in one column, what is beyond in the first or the last", () => {
    const drawn = timeline([1, 1, 1]);
    expect([-50, 0, 99, 100, 299, 300, 900].map((atMs) => columnAt(drawn, atMs))).toEqual([
      0, 0, 0, 1, 2, 2, 2,
    ]);
  });

  it("finds the column with a snapshot that is nearest", () => {
    const drawn = timeline([1, null, null, null, 1, null]);
    expect(columnNear(drawn, 150)).toBe(0);
    expect(columnNear(drawn, 350)).toBe(4);
    expect(columnNear(drawn, 599)).toBe(4);
    expect(columnNear(timeline([null, null]), 50)).toBeNull();
  });

  it("takes the snapshot nearest to a moment", () => {
    const snapshots = [30, 20, 10].map((atMs) => ({ id: atMs, atMs }) as Snapshot);
    expect(nearestTo(snapshots, 24)?.id).toBe(20);
    expect(nearestTo([], 24)).toBeNull();
  });
});

describe("the stretch that is drawn", () => {
  it("is everything where there are few snapshots, however far apart", () => {
    expect(stretchAround(every(60 * 24, 19), 0, 100)).toBeNull();
  });

  it("leaves out one that was kept from long ago, which would press the others together", () => {
    const times = [...every(5, 99), NOW_MS - 400 * 24 * 60 * MINUTE_MS];
    expect(stretchAround(times, 0, 100)).toEqual({
      fromMs: NOW_MS - 98 * 5 * MINUTE_MS,
      toMs: NOW_MS + 1,
    });
  });

  it("has the one that is looked at in it, also further back", () => {
    const times = [...every(5, 50), ...every(60, 50, NOW_MS - 300 * MINUTE_MS)];
    for (const place of [0, 20, 55, 99]) {
      const stretch = stretchAround(times, place, 100);
      const atMs = times[place] ?? 0;
      expect(stretch?.fromMs, `${place}`).toBeLessThanOrEqual(atMs);
      expect(stretch?.toMs, `${place}`).toBeGreaterThan(atMs);
    }
  });
});
