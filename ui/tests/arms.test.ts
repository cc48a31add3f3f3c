/** The two arms on the dashboard: what is drawn of them, and when they are read. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Charts, Failure } from "../src/bindings/wire";
import { drawArms } from "../src/model/arms";
import type { Values } from "../src/model/charts";
import { ArmsFeed } from "../src/state/arms.svelte";
import { armsOf, comparedCharts, quietCharts } from "./support/charts";
import { typical } from "./support/documents";
import { MemoryHost } from "./support/memory";

describe("the arms", () => {
  const NOW_S = 1_800_000_000;
  const STEP_S = 15;

  /** Points that end with the present one. */
  function charts(exposed: Values, control: Values): Charts {
    const timesS = exposed.map((_, at) => NOW_S - (exposed.length - at) * STEP_S);
    return {
      ...quietCharts(),
      timesS,
      stepS: STEP_S,
      ...armsOf(exposed, control),
    };
  }

  const draw = (exposed: Values, control: Values, nowS = NOW_S) =>
    drawArms(charts(exposed, control), nowS * 1000);

  it("are none where no application reported any", () => {
    expect(drawArms(quietCharts(), NOW_S * 1000)).toBeNull();
    expect(draw([null, null], [null, null])).toBeNull();
  });

  it("are lines with gaps, and a dash for a point between two of them", () => {
    // The scale goes to 6 %.
    const arms = draw([0.03, 0.06, null, 0], [null, 0.03, null, null]);
    expect(arms?.exposed).toBe("M0 50L0.5 50L1.5 0L2 0M3 100L3.5 100L4 100");
    expect(arms?.control).toBe("M1 50L1.5 50L2 50");
    expect(arms?.limitAt).toBeCloseTo(1 - 5 / 6);
    expect(arms?.range).toEqual({ fromMs: (NOW_S - 60) * 1000, toMs: NOW_S * 1000 });
  });

  it("leave out a point that is not over", () => {
    const arms = draw([0.01, 0.02, 1], [0.01, 0.01, 0], NOW_S - 1);
    expect(arms?.points).toBe(2);
    expect(arms?.latest).toEqual({ exposed: 0.02, control: 0.01 });
    expect(draw([null, 1], [null, null], NOW_S - 1)).toBeNull();
  });

  it("tell the latest of each, and nothing where that is not of late", () => {
    const old = [0.04, null, null, null, null, null, null];
    const young = [0.01, 0.01, 0.01, 0.01, 0.01, 0.02, null];
    expect(draw(old, young)?.latest).toEqual({ exposed: null, control: 0.02 });
  });

  it("have an interval each, that their line lies in", () => {
    // The scale goes to 10 %: 6 % lies in 3.8 to 8.2 %, at heights of 62 to 18.
    const arms = draw([0.06, 0.1], [null, 0.03]);
    expect(arms?.exposedBand).toMatch(/^M0 ([\d.]+)V([\d.]+)H1V\1Z/);
    expect(arms?.controlBand).toMatch(/^M1 [\d.]+V[\d.]+H2V[\d.]+Z$/);
  });

  it("fit on their scale, whatever they and the limit are", () => {
    for (const most of [0, 0.0004, 0.049, 0.33, 1]) {
      for (const errorShare of [0, 0.05, 1]) {
        const limits = { ...quietCharts().limits, errorShare };
        const arms = drawArms({ ...charts([most, 0], [0, most]), limits }, NOW_S * 1000);
        const paths = [arms?.exposed, arms?.control, arms?.exposedBand, arms?.controlBand].join("");
        const heights = paths.matchAll(/[ V]([\d.e-]+)/g);
        for (const [, height] of heights) expect(Number(height)).toBeLessThanOrEqual(100);
        expect(arms?.limitAt).toBeGreaterThanOrEqual(0);
        expect(arms?.limitAt).toBeLessThanOrEqual(1);
        expect(paths).not.toMatch(/-|N/);
      }
    }
  });
});

describe("reading them", () => {
  const refused: Failure = { code: "failed", message: "The store did not answer.", problems: [] };

  let host: MemoryHost;
  let feed: ArmsFeed;
  let isHidden = false;
  let stop: () => void = () => undefined;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(document, "hidden", "get").mockImplementation(() => isHidden);
    isHidden = false;
    host = new MemoryHost(typical());
    host.drawCharts = comparedCharts(0.01, 2);
    feed = new ArmsFeed(host);
  });

  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  async function asksWithin(spanMs: number): Promise<number> {
    const before = host.chartQueries.length;
    await vi.advanceTimersByTimeAsync(spanMs);
    return host.chartQueries.length - before;
  }

  function show(isShown: boolean) {
    isHidden = !isShown;
    document.dispatchEvent(new Event("visibilitychange"));
  }

  it("asks for few points of the last quarter of an hour, at once and every five seconds", async () => {
    stop = feed.start();
    expect(await asksWithin(0)).toBe(1);
    expect(host.chartQueries).toEqual([
      {
        fromMs: Date.now() - 900_000,
        toMs: Date.now(),
        pointsMax: 60,
        component: null,
        own: true,
      },
    ]);
    expect(feed.latest?.asOfMs).toBe(Date.now());
    expect(await asksWithin(60_000)).toBe(12);
  });

  it("asks no more often where the dashboard is left and shown, or the window hidden and shown", async () => {
    stop = feed.start();
    await asksWithin(0);
    for (let turn = 0; turn < 10; turn += 1) {
      stop();
      stop = feed.start();
      show(false);
      show(true);
    }
    expect(await asksWithin(4999)).toBe(0);
    expect(await asksWithin(1)).toBe(1);
  });

  it("asks nothing while nobody looks, and at once when that was long", async () => {
    stop = feed.start();
    await asksWithin(0);
    show(false);
    expect(await asksWithin(60_000)).toBe(0);
    show(true);
    expect(await asksWithin(0)).toBe(1);
    stop();
    expect(await asksWithin(60_000)).toBe(0);
  });

  it("never asks twice at a time", async () => {
    const answer = host.hold();
    stop = feed.start();
    await asksWithin(0);
    stop();
    stop = feed.start();
    show(false);
    show(true);
    expect(await asksWithin(60_000)).toBe(0);
    answer();
    expect(await asksWithin(0)).toBe(1);
    expect(await asksWithin(4999)).toBe(0);
  });

  it("keeps what was read last where it cannot be read, and goes on trying", async () => {
    stop = feed.start();
    await asksWithin(0);
    const { latest } = feed;
    host.refusals.charts = refused;
    expect(await asksWithin(10_000)).toBe(2);
    expect(feed).toMatchObject({ failure: refused, latest });
    delete host.refusals.charts;
    await asksWithin(5000);
    expect(feed.failure).toBeNull();
  });

  it("is not put off for long by a clock that is set back", async () => {
    stop = feed.start();
    await asksWithin(0);
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(await asksWithin(10_000)).toBeGreaterThanOrEqual(1);
  });
});
