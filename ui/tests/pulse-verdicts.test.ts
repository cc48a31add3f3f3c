/** What is said of what applications report, and what is drawn of it. */

import { describe, expect, it } from "vitest";

import type {
  Mark,
  MemoryStanding,
  Pulse,
  Standing,
  StateRestore,
  StateSource,
} from "../src/bindings/wire";
import { judgeHealth, sourcesOf } from "../src/model/health";
import { commonestRow, heatOf, rowsBelow } from "../src/model/heat";
import { judgePerformance, offeredRollback } from "../src/model/performance";
import type { Heard } from "../src/model/reporting";
import { drawSpark, placeMarks, rangeOf } from "../src/model/spark";
import { words } from "../src/words";
import { EDGES_S, harmful, pulses, quietPulse, shareOf, source } from "./support/pulse";

const NOW_MS = Date.UTC(2026, 10, 23, 15, 0, 7);
const MIB = 1024 ** 2;

const usual = pulses.typical(NOW_MS);
const silent = [source("checkout-api", NOW_MS - 130_000), source("other", NOW_MS - 300_000)];
const refused = { code: "failed", message: "The store did not answer.", problems: [] } as const;

function heard(latest: Pulse | null, more: Partial<Heard> = {}): Heard {
  return { latest, failure: null, asOfMs: NOW_MS, isStoreGone: false, ...more };
}

function wait(error: string | null): Pulse["push"] {
  return {
    gateway: "http://127.0.0.1:9091",
    atMs: NOW_MS - 6000,
    error,
    failingSinceMs: error === null ? null : NOW_MS - 5000,
    failures: error === null ? 0 : 3,
    waiting: 3,
  };
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
      text: "No reports from the last 15 min",
    });
  });
});

describe("the verdict on calculations", () => {
  const said = (standing: Standing, sentence: string, component: string | null = null) => ({
    verdict: { standing, sentence, component },
  });
  const bad = said(
    "beyond",
    "ui.badges: 9.2 % errors on, 0.6 % off since revision 47",
    "ui.badges",
  );

  it.each<[string, string, Partial<Pulse>]>([
    ["good", "Within limits", {}],
    ["error", bad.verdict.sentence, bad],
    [
      "warning",
      "ui.badges: above the limit of 5 %: 5.4 % errors on (3.9 to 7.4 %)",
      said(
        "above",
        "ui.badges: above the limit of 5 %: 5.4 % errors on (3.9 to 7.4 %)",
        "ui.badges",
      ),
    ],
    ["quiet", "Not enough data yet", said("too_few", "Not enough data yet")],
    [
      "good",
      "Within limits; not enough data yet for tracker on",
      said("within", "Within limits; not enough data yet for tracker on"),
    ],
    ["warning", "No reports for 2 min", { sources: silent }],
    [
      "quiet",
      "No calculations in 15 min",
      { errors: shareOf(0, 0), ...said("too_few", "No calculations") },
    ],
  ])("is %s: %s", (tone, text, more) => {
    expect(judgePerformance(heard({ ...usual, ...more }))).toMatchObject({ tone, text });
  });

  it("is not good because all calculations together are, if an arm is over its limit", () => {
    // As the review found it: 1 % of everything fails, and 9 % where the component is on.
    const pulse = { ...usual, ...bad, errors: shareOf(200, 20_000) };
    expect(judgePerformance(heard(pulse)).tone).toBe("error");
  });

  it("says the worst first: arms over their limit, then silence", () => {
    const kind = (more: Partial<Pulse>) => judgePerformance(heard({ ...usual, ...more })).kind;
    expect(kind({ ...bad, sources: silent })).toBe("beyond ui.badges");
    expect(kind({ sources: silent })).toBe("silent");
  });

  it("is of one kind while only its figures change, and of another for another component", () => {
    const kinds = [8, 9, 10].map((percent) => {
      const sentence = `ui.badges: ${percent} % errors on since revision 47`;
      return judgePerformance(heard({ ...usual, ...said("beyond", sentence, "ui.badges") })).kind;
    });
    const other = judgePerformance(heard({ ...usual, ...said("beyond", "", "tracker") })).kind;
    expect(new Set([...kinds, other]).size).toBe(2);
  });

  it("offers to roll back the component that it names, and no other", () => {
    expect(offeredRollback(harmful(usual, 3))?.component).toBe("ui.badges");
    const verdict = { ...harmful(usual, 3).verdict, component: "tracker" };
    expect(offeredRollback({ ...harmful(usual, 3), verdict })).toBeNull();
    expect(offeredRollback(usual)).toBeNull();
    expect(offeredRollback(null)).toBeNull();
  });
});

describe("the verdict on health", () => {
  const memory = (mebibytes: number, standing: MemoryStanding) => ({
    memory: { hostBytes: mebibytes * MIB, ownBytes: 1, standing },
  });
  const fresh = usual.columns.map((column, index) =>
    index < 57 ? { ...column, perSecond: 0 } : column,
  );

  it.each<[string, string, Partial<Pulse>]>([
    ["good", "Healthy", {}],
    ["good", "Healthy", memory(99.9, "within")],
    ["warning", "Memory 120 MiB, limit 100 MiB", memory(120, "high")],
    // Just below the limit it was over, it is called what it was.
    ["warning", "Memory 99 MiB, limit 100 MiB", memory(99, "high")],
    ["error", "Memory 161 MiB, limit 150 MiB", memory(161, "over")],
    ["warning", "Pushing fails: the gateway is gone", { push: wait("the gateway is gone") }],
    ["warning", "1 batch turned away: too many waited", { batchesTurnedAway: 1 }],
    ["warning", "Too many names: 12 calculations counted as “other”", { labelsOverflowed: 12 }],
    ["warning", "No reports for 2 min", { sources: silent }],
    ["quiet", "Not enough data yet", { columns: fresh }],
    ["good", "Healthy", { columns: fresh.map((column) => ({ ...column, perSecond: 0 })) }],
    [
      "good",
      "Healthy",
      { memory: { hostBytes: null, ownBytes: null, standing: "unknown" }, push: null },
    ],
  ])("is %s: %s", (tone, text, more) => {
    expect(judgeHealth(heard({ ...usual, ...more }))).toMatchObject({ tone, text });
  });

  it("says that pushing fails also if nobody reports", () => {
    const pulse = { ...quietPulse(), push: wait("no route") };
    expect(judgeHealth(heard(pulse)).text).toBe("Pushing fails: no route");
  });

  const MINUTE = 60_000;
  const state = (name: string, agoMs: number | null, more: Partial<StateSource> = {}) => ({
    name,
    atMs: agoMs === null ? null : NOW_MS - agoMs,
    bytes: 1,
    changes: 0,
    changesMax: 100,
    snapshots: 570,
    snapshotBytes: 1,
    lastSnapshotMs: NOW_MS - MINUTE,
    restore: null,
    isDamaged: false,
    ...more,
  });
  const restore = (agoMs: number, confirmedMs: number | null): StateRestore => ({
    id: 1,
    source: "kanban",
    snapshot: 1,
    safety: 2,
    atMs: NOW_MS - agoMs,
    actor: { via: "window", name: "maria" },
    revision: null,
    only: [],
    except: [],
    undoes: null,
    status: confirmedMs === null ? "open" : "confirmed",
    endedMs: confirmedMs,
    endedBy: null,
    confirmedMs,
    isExact: null,
    differing: [],
  });
  const ofStates = (...states: StateSource[]) => judgeHealth(heard(quietPulse()), states);

  it("knows the sources of states, and never says that nothing reports while there are any", () => {
    expect(judgeHealth(heard(quietPulse())).text).toBe("Nothing reports yet");
    expect(ofStates(state("kanban", 1000))).toMatchObject({ tone: "good", text: "Healthy" });
    expect(ofStates(state("kanban", 12 * MINUTE), state("wiki", 90 * MINUTE))).toMatchObject({
      tone: "quiet",
      text: "No state reports for 12 min",
    });
    expect(ofStates(state("backup", null))).toMatchObject({
      tone: "quiet",
      text: "Imported snapshots only",
    });
  });

  it("says that a state is damaged", () => {
    const verdict = ofStates(state("wiki", 1000), state("kanban", 1000, { isDamaged: true }));
    expect(verdict.tone).toBe("error");
    expect(verdict.text).toBe("The state of kanban is damaged; open Snapshots to recover it");
  });

  it("is no warning of silence if states are reported, though no events are", () => {
    const pulse = heard({ ...usual, sources: silent });
    expect(judgeHealth(pulse, [state("kanban", 1000)]).tone).toBe("good");
    expect(judgeHealth(pulse, [state("kanban", 6 * MINUTE)]).text).toBe("No reports for 2 min");
  });

  it("warns of a restore that waits for a source that reports nothing", () => {
    const open = { restore: restore(20 * MINUTE, null) };
    const stuck = ofStates(state("wiki", 1000), state("kanban", 12 * MINUTE, open));
    expect(stuck.tone).toBe("warning");
    expect(stuck.text).toMatch(/^Restore waits for kanban since \d.*; last seen 12 min ago$/);
    const done = { restore: restore(20 * MINUTE, NOW_MS) };
    expect(ofStates(state("kanban", 12 * MINUTE, done)).tone).toBe("quiet");
    expect(ofStates(state("kanban", null, open)).text).toMatch(/it never reported$/);
  });

  it("is never green while a restore is open", () => {
    const open = (agoMs: number) => state("kanban", 1000, { restore: restore(agoMs, null) });
    expect(ofStates(open(10_000), state("wiki", 1000))).toMatchObject({
      tone: "quiet",
      text: "Waiting for kanban to confirm a restore",
    });
    const busy = judgeHealth(heard(usual), [open(10_000)]);
    expect(busy.tone).toBe("quiet");
    const late = ofStates(open(5 * MINUTE));
    expect(late.tone).toBe("warning");
    expect(late.text).toMatch(
      /^Restore waits for kanban since \d.*; it reports, but does not confirm$/,
    );
  });

  it("counts one that reports events and a state once, and tells who is silent", () => {
    const sources = [source("kanban", NOW_MS - 1000), source("batch", NOW_MS - 2 * MINUTE)];
    const states = [state("kanban", 3 * MINUTE), state("wiki", 6 * MINUTE), state("old", null)];
    const known = sourcesOf({ ...usual, sources }, states, NOW_MS);
    expect(known.map(({ name, isSilent }) => [name, isSilent])).toEqual([
      ["kanban", false],
      ["batch", true],
      ["wiki", true],
    ]);
    expect(words.pulse.health.seen(known[2] ?? fail(), NOW_MS)).toBe("last seen 6 min ago");
  });
});

function fail(): never {
  throw new Error("there is none");
}

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
