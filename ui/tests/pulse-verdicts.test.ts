/** What is said of what applications report, and what is drawn of it. */

import { describe, expect, it } from "vitest";

import type { Mark, Pulse } from "../src/bindings/wire";
import { judgeHealth } from "../src/model/health";
import { commonestRow, heatOf, rowsBelow } from "../src/model/heat";
import { judgePerformance } from "../src/model/performance";
import { sourcesAt, type Heard } from "../src/model/reporting";
import { drawSpark, placeMarks, rangeOf } from "../src/model/spark";
import { EDGES_S, limits, pulses, quietPulse, shareOf, source } from "./support/pulse";

const NOW_MS = Date.UTC(2026, 10, 23, 15, 0, 7);
const MIB = 1024 ** 2;

const usual = pulses.typical(NOW_MS);
const silent = [source("checkout-api", NOW_MS - 130_000), source("other", NOW_MS - 300_000)];
const refused = { code: "failed", message: "The store did not answer.", problems: [] } as const;

function heard(latest: Pulse | null, more: Partial<Heard> = {}): Heard {
  return { latest, failure: null, asOfMs: NOW_MS, ...more };
}

function wait(error: string | null): Pulse["push"] {
  return { gateway: "http://127.0.0.1:9091", atMs: NOW_MS - 6000, error, waiting: 3 };
}

describe("what is read of the applications", () => {
  it.each([judgePerformance, judgeHealth])("comes before what they are like", (judge) => {
    expect(judge(heard(null))).toMatchObject({ tone: "quiet", text: "Reading…" });
    const failed = heard(usual, { failure: { ...refused, problems: [] } });
    expect(judge(failed)).toMatchObject({
      tone: "error",
      text: "Not read: The store did not answer.",
    });
    expect(judge(heard({ ...quietPulse(), trouble: "the disk is full" }))).toMatchObject({
      tone: "error",
      text: "Nothing is collected: the disk is full",
    });
    expect(judge(heard(quietPulse()))).toMatchObject({
      tone: "quiet",
      text: "Nothing reports yet",
    });
    expect(judge(heard({ ...quietPulse(), eventsAccepted: 12 }))).toMatchObject({
      tone: "quiet",
      text: "Silent for over 15 min",
    });
  });

  it("counts those that reported within the last minute", () => {
    const sources = [source("a", NOW_MS - 59_000), source("b", NOW_MS - 61_000)];
    expect(sourcesAt({ ...usual, sources }, NOW_MS).map(({ name }) => name)).toEqual(["a"]);
  });
});

describe("the verdict on calculations", () => {
  it.each<[string, string, Partial<Pulse>]>([
    ["good", "Within limits", {}],
    [
      "error",
      "Failing: 8.1 % of calculations (7.0 to 9.4), limit 5 %",
      { errors: shareOf(162, 2000) },
    ],
    [
      "warning",
      "Errors near the limit: 6.0 % of calculations (4.2 to 8.4), limit 5 %",
      { errors: shareOf(30, 500) },
    ],
    ["good", "Within limits", { errors: shareOf(50, 1000) }],
    [
      "error",
      "Failing: 100 % of calculations (99.6 to 100), limit 5 %",
      { errors: shareOf(1000, 1000) },
    ],
    ["error", "Slow: 5 of 100 take over 5 s", { p95S: 10 }],
    ["good", "Within limits", { p95S: 5 }],
    ["error", "Slow: 5 of 100 take over 1 s", { p95S: 1.2, limits: { ...limits, responseS: 1 } }],
    ["warning", "Slow: 5 of 100 take over 5 s", { p95S: 10, limits: { ...limits, responseS: 8 } }],
    ["warning", "Slow: 12 % take over 2 s", { slow: shareOf(240, 2000) }],
    ["good", "Within limits", { slow: shareOf(3, 40) }],
    ["warning", "Silent for 2 min", { sources: silent }],
    [
      "quiet",
      "No calculations in 15 min",
      { errors: shareOf(0, 0), slow: shareOf(0, 0), p95S: null },
    ],
  ])("is %s: %s", (tone, text, more) => {
    expect(judgePerformance(heard({ ...usual, ...more }))).toMatchObject({ tone, text });
  });

  it("says the worst first: errors, then durations, then silence", () => {
    const all = { errors: shareOf(500, 1000), p95S: 10, sources: silent };
    const kind = (more: Partial<Pulse>) => judgePerformance(heard({ ...usual, ...more })).kind;
    expect(kind(all)).toBe("failing");
    expect(kind({ ...all, errors: usual.errors })).toBe("late");
    expect(kind({ sources: silent })).toBe("silent");
  });

  it("is of one kind while only its figures change", () => {
    const kinds = [8, 9, 10].map(
      (failed) => judgePerformance(heard({ ...usual, errors: shareOf(failed * 10, 1000) })).kind,
    );
    expect(new Set(kinds).size).toBe(1);
  });
});

describe("the verdict on health", () => {
  const memory = (mebibytes: number) => ({ hostBytes: mebibytes * MIB, ownBytes: 1 });
  const fresh = usual.columns.map((column, index) =>
    index < 57 ? { ...column, perSecond: 0 } : column,
  );

  it.each<[string, string, Partial<Pulse>]>([
    ["good", "Healthy", {}],
    ["good", "Healthy", { memory: memory(99.9) }],
    ["warning", "Memory 120 MiB is more than the 100 MiB meant for it", { memory: memory(120) }],
    ["error", "Memory 161 MiB is over the limit of 150 MiB", { memory: memory(161) }],
    ["error", "Memory 150 MiB is over the limit of 150 MiB", { memory: memory(150) }],
    ["warning", "Pushing fails: the gateway is gone", { push: wait("the gateway is gone") }],
    ["warning", "1 batch turned away: too many waited", { batchesTurnedAway: 1 }],
    ["warning", "Too many names: 12 calculations counted as “other”", { labelsOverflowed: 12 }],
    ["warning", "Silent for 2 min", { sources: silent }],
    ["quiet", "Collecting: too early to judge", { columns: fresh }],
    ["good", "Healthy", { columns: fresh.map((column) => ({ ...column, perSecond: 0 })) }],
    ["good", "Healthy", { memory: { hostBytes: null, ownBytes: null }, push: null }],
  ])("is %s: %s", (tone, text, more) => {
    expect(judgeHealth(heard({ ...usual, ...more }))).toMatchObject({ tone, text });
  });

  it("says that pushing fails also where nobody reports", () => {
    const pulse = { ...quietPulse(), push: wait("no route") };
    expect(judgeHealth(heard(pulse)).text).toBe("Pushing fails: no route");
  });
});

describe("the rate as a line", () => {
  const column = (perSecond: number) => ({ atMs: 0, perSecond, durations: [], errors: 0 });

  it("ends at the rate of the moment, for its last column is not over", () => {
    expect(drawSpark([column(100), column(50), column(3)], 100)).toEqual({
      line: "M0 0L0.5 0L1.5 50L2.5 0L3 0",
      area: "M0 0L0.5 0L1.5 50L2.5 0L3 0V100H0Z",
      peak: 100,
    });
  });

  it("lies on the ground where there is none", () => {
    expect(drawSpark([column(0), column(0)], 0).line).toBe("M0 100L0.5 100L1.5 100L2 100");
    expect(drawSpark([], 0).peak).toBe(0);
  });
});

describe("changes on the line", () => {
  const fromMs = 1_000_000;
  const columns = Array.from({ length: 10 }, (_, index) => ({
    atMs: fromMs + index * 10_000,
    perSecond: 1,
    durations: [],
    errors: 0,
  }));
  const mark = (revision: number, at: number): Mark => ({
    revision,
    atMs: fromMs + at * 100_000,
    sentence: "",
  });
  const place = (marks: Mark[], gap: number) =>
    placeMarks(marks, rangeOf({ columns, columnS: 10 }), gap).map((each) => [
      each.mark.revision,
      each.at,
      each.others,
    ]);

  it("stand where they were made, none before the span, none after it", () => {
    expect(place([mark(3, 1.2), mark(2, 0.25), mark(1, -0.1)], 0.1)).toEqual([
      [3, 1, 0],
      [2, 0.25, 0],
    ]);
  });

  it("share a mark where there is no room for one each", () => {
    expect(place([mark(4, 0.9), mark(3, 0.86), mark(2, 0.82), mark(1, 0.5)], 0.1)).toEqual([
      [4, 0.9, 2],
      [1, 0.5, 0],
    ]);
  });

  it("are none where nothing was reported", () => {
    expect(placeMarks([mark(1, 0.5)], rangeOf({ columns: [], columnS: 10 }), 0.1)).toEqual([]);
  });
});

describe("durations as a grid", () => {
  const column = (durations: number[]) => ({ atMs: 0, perSecond: 1, errors: 0, durations });

  it("draws the share of the column, one in a thousand still other than none", () => {
    const [none, few, most, all] = [0, 1, 2, 0].map(
      (row, index) => heatOf(column(index === 3 ? [5] : [0, 1, 999]), 3)[row] ?? 0,
    );
    expect(none).toBeGreaterThan(0);
    expect(few).toBeGreaterThan(none ?? 1);
    expect(most).toBeGreaterThan(few ?? 1);
    expect(all).toBe(1);
  });

  it.each([
    [5, 7],
    [0.001, 1],
    [2, 6],
    [Math.sqrt(10), 6.5],
    [8, 7.5],
  ])("puts %d s above %d rows", (durationS, rows) => {
    expect(rowsBelow(durationS, EDGES_S)).toBeCloseTo(rows, 1);
  });

  it("knows which durations are the commonest", () => {
    expect(commonestRow([column([0, 5, 1]), column([9, 5, 0])], 3)).toBe(1);
    expect(commonestRow([column([0, 0])], 2)).toBeNull();
  });
});
