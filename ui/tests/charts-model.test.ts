/** What charts are drawn of, and what is worked out before anything is drawn. */

import { describe, expect, it } from "vitest";

import type { ChartQuery, Mark } from "../src/bindings/wire";
import { formatPoint, formatStretch, formatTick } from "../src/format";
import { csvOf } from "../src/model/chart_csv";
import { clusters } from "../src/model/chart_marks";
import { between, lately, panned, pointsFor, restMs, zoomed } from "../src/model/chart_range";
import {
  currentPoint,
  drawingsOf,
  drawnAt,
  hasStrip,
  isQuiet,
  pointAt,
  ticksTo,
  type ChartId,
  type Drawing,
} from "../src/model/charts";
import { legendOf, spokenOf } from "../src/views/metrics/legend";
import { words } from "../src/words";
import {
  extremeCharts,
  gappyCharts,
  overCharts,
  quietCharts,
  typicalCharts,
} from "./support/charts";

const NOW_MS = Date.UTC(2026, 10, 25, 12);
const MINUTE_MS = 60_000;

const query: ChartQuery = {
  fromMs: NOW_MS - 15 * MINUTE_MS,
  toMs: NOW_MS,
  pointsMax: 400,
  component: null,
  own: false,
};
const typical = typicalCharts(NOW_MS)(query);
const over = overCharts(NOW_MS)(query);

function drawing(id: ChartId, charts = typical): Drawing {
  const found = drawingsOf(charts).find((each) => each.id === id);
  if (!found) throw new Error(`there is no chart ${id}`);
  return found;
}

describe("a stretch of time", () => {
  const range = lately(900, NOW_MS);

  it("is zoomed around a moment that stays where it is", () => {
    const atMs = NOW_MS - 5 * MINUTE_MS;
    const closer = zoomed(range, 0.5, atMs, NOW_MS);
    expect(closer).toEqual({ fromMs: NOW_MS - 10 * MINUTE_MS, toMs: NOW_MS - 2.5 * MINUTE_MS });
    expect(zoomed(closer, 2, atMs, NOW_MS)).toEqual(range);
  });

  it("never reaches into the future, and keeps its width for that", () => {
    expect(zoomed(range, 2, NOW_MS, NOW_MS)).toEqual(lately(1800, NOW_MS));
    expect(panned(range, 0.5, NOW_MS)).toEqual(range);
    expect(panned(range, -0.5, NOW_MS).toMs).toBe(NOW_MS - 7.5 * MINUTE_MS);
  });

  it("is as wide as something to see, and no wider than a year", () => {
    const tiny = between(NOW_MS - 60_001, NOW_MS - 60_000, NOW_MS);
    expect(tiny.toMs - tiny.fromMs).toBe(10_000);
    const wide = zoomed(range, 1e9, NOW_MS, NOW_MS);
    expect(wide.toMs - wide.fromMs).toBe(366 * 24 * 60 * MINUTE_MS);
  });

  it("is the same between two moments in either order", () => {
    const [one, other] = [NOW_MS - 90_000, NOW_MS - 30_000];
    expect(between(one, other, NOW_MS)).toEqual({ fromMs: one, toMs: other });
    expect(between(other, one, NOW_MS)).toEqual({ fromMs: one, toMs: other });
  });

  it("is asked for as many points as can be told apart, and as often as they change", () => {
    expect([40, 300, 6000].map(pointsFor)).toEqual([50, 200, 800]);
    expect(restMs(300, 0.5)).toBe(1000);
    expect(restMs(3600, 5)).toBe(5000);
    expect(restMs(21_600, 10)).toBe(15_000);
    expect(restMs(31_536_000, 86_400)).toBe(300_000);
  });

  it("is written as exactly as it is wide", () => {
    const at = (hour: number, minute = 0, second = 0, day = 25) =>
      new Date(2024, 10, day, hour, minute, second).getTime();
    expect(formatTick(at(14, 5), 300_000)).toBe("2:05 PM");
    expect(formatTick(at(0), 3_600_000)).toBe("Nov 25");
    expect(formatTick(new Date(2024, 0, 1).getTime(), 31 * 86_400_000)).toBe("2024");
    expect(formatStretch(at(1), at(1, 30), 1000)).toBe("Nov 25, 1:00:00 AM to 1:30:00 AM");
    expect(formatStretch(at(1), at(1, 0, 0, 28), 86_400_000)).toBe("Nov 25, 2024 to Nov 28, 2024");
    expect(formatPoint(at(1), 1000)).toBe("Nov 25, 1:00:00 AM");
    expect(formatPoint(at(1), 600_000)).toBe("Nov 25, 1:00 AM to 1:10 AM");
  });
});

describe("an axis", () => {
  it("has round numbers up to at least the most", () => {
    expect(ticksTo(250)).toEqual([0, 100, 200, 300]);
    expect(ticksTo(0.3)).toEqual([0, 0.1, 0.2, 0.3]);
    expect(ticksTo(1)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    for (const most of [1e-6, 0.07, 3, 41, 999, 1e9]) {
      const ticks = ticksTo(most);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-9));
      expect(ticks.length).toBeLessThan(7);
    }
  });

  it("of failures shows the limit, and is not set by an interval of few calculations", () => {
    expect(drawing("errors").axis.max).toBeGreaterThanOrEqual(5);
    const few = { ...typical, errors: { ...typical.errors, high: typical.timesS.map(() => 0.97) } };
    expect(drawing("errors", few).axis.max).toBeLessThan(20);
  });
});

describe("a value over the edge", () => {
  it("is drawn in a strip of its own, and said to be greater", () => {
    const durations = drawing("durations", over);
    const value = durations.lines[0]?.values[0] ?? 0;
    expect(hasStrip(durations)).toBe(true);
    expect(drawnAt(durations, value)).toBeGreaterThan(5);
    expect(drawnAt(durations, value)).toBeLessThan(durations.axis.max);
    expect(drawnAt(durations, value)).toBe(drawnAt(durations, 5.001));
    expect(words.metrics.value(durations, value)).toBe(">5 s");
    expect(words.metrics.told(durations, 0)).toBe("Median >5 s");
  });

  it("of iterations has a strip only where there is one", () => {
    expect(hasStrip(drawing("iterations"))).toBe(false);
    const iterations = drawing("iterations", over);
    expect(hasStrip(iterations)).toBe(true);
    expect(legendOf(iterations, 0).map(({ name, value }) => `${name} ${value}`)).toEqual([
      "p95 >1,000",
      "p50 >1,000",
    ]);
  });

  it("of iterations between two edges is told as a whole number, and exported as it is", () => {
    const read = (values: number[]) => typical.timesS.map((_, at) => values[at] ?? null);
    const charts = { ...typical, iterationsP50: read([28.9]), iterationsP95: read([63.2]) };
    const iterations = drawing("iterations", charts);
    expect(words.metrics.told(iterations, 0)).toBe("Median 29");
    expect(legendOf(iterations, 0).map(({ value }) => value)).toEqual(["63", "29"]);
    expect(spokenOf(iterations, 0)).toEqual(["p95 63", "p50 29"]);
    expect(csvOf(charts).split("\r\n")[1]).toContain(",28.9,63.2,");
    const few = drawing("iterations", { ...charts, iterationsP95: read([9.1]), iterationsP50: [] });
    expect(few.axis.ticks.every(Number.isInteger)).toBe(true);
  });

  it("is never a number in the table of values", () => {
    const [head = "", first = ""] = csvOf(over).split("\r\n");
    const cells = Object.fromEntries(
      head.split(",").map((name, at) => [name, first.split(",")[at]]),
    );
    expect(cells).toMatchObject({
      duration_p50_seconds: ">5",
      duration_p99_seconds: ">5",
      iterations_p50: ">1000",
    });
  });
});

describe("the table of values", () => {
  it("has a row for each point, times in UTC, numbers as they are and nothing for nothing", () => {
    const gaps = gappyCharts(NOW_MS)(query);
    const lines = csvOf(gaps).trimEnd().split("\r\n");
    expect(lines).toHaveLength(gaps.timesS.length + 1);
    const names = lines[0]?.split(",") ?? [];
    expect(names.slice(0, 5)).toEqual([
      "time",
      "calculations_per_second_mean",
      "calculations_per_second_low",
      "calculations_per_second_high",
      "failed_share_mean",
    ]);
    expect(names).toContain("durations_0.1_to_0.5_seconds");
    expect(names).toContain("durations_over_5_seconds");
    for (const line of lines) expect(line.split(",")).toHaveLength(names.length);
    expect(lines[1]).toMatch(/^2026-11-25T11:4\d:\d\d\.000Z,/);
    expect(lines[1]).toContain(String(gaps.rate.mean[0]));
    const gap = gaps.rate.mean.indexOf(null);
    expect(lines[gap + 1]).toMatch(/Z,,,,,/);
  });
});

describe("a point", () => {
  const timesS = [10, 12, 14, 16];

  it("is found by any moment it stands for, and by those before and after all", () => {
    expect([9, 10, 11.9, 12, 15, 99].map((atS) => pointAt(timesS, atS))).toEqual([
      0, 0, 0, 1, 2, 3,
    ]);
    expect(pointAt([], 10)).toBe(-1);
  });

  it("is the present only while it is recent", () => {
    const rate = drawing("rate");
    const toS = query.toMs / 1000;
    expect(currentPoint(rate, typical.timesS, toS)).toBe(typical.timesS.length - 1);
    expect(currentPoint(rate, typical.timesS, toS + 3600)).toBe(-1);
    expect(words.metrics.told(rate, -1)).toBe("Nothing reported lately");
  });

  it("is read aloud with everything that has a value there", () => {
    expect(spokenOf(drawing("rate"), 3)[0]).toMatch(/^Mean \d+$/);
    expect(spokenOf(drawing("heat"), 3).join()).toMatch(/% 10 ms to 0.1 s/);
    const gaps = gappyCharts(NOW_MS)(query);
    expect(spokenOf(drawing("rate", gaps), gaps.rate.mean.indexOf(null))).toEqual([]);
  });
});

describe("the arms of a rollout", () => {
  const errors = drawing("errors", typicalCharts(NOW_MS)({ ...query, component: "ui.badges" }));

  it("are two lines if both reported, each in its own interval", () => {
    expect(errors.lines.map(({ name, tone }) => [name, tone])).toEqual([
      ["control", "second"],
      ["exposed", "main"],
    ]);
    expect(errors.bands.map(({ name, tone }) => [name, tone])).toEqual([
      ["controlInterval", "second"],
      ["exposedInterval", "main"],
    ]);
    for (const [index, { values }] of errors.lines.entries()) {
      for (const [at, value] of values.entries()) {
        expect(errors.bands[index]?.low[at]).toBeLessThanOrEqual(value ?? 0);
        expect(errors.bands[index]?.high[at]).toBeGreaterThanOrEqual(value ?? 0);
      }
    }
  });

  it("say in the legend which interval is whose, and how far apart they are", () => {
    const items = legendOf(errors, 20);
    expect(items.map(({ name, ink }) => [name, ink])).toEqual([
      ["On", "main"],
      ["Off", "second"],
      ["On, 95 % interval", "main"],
      ["Off, 95 % interval", "second"],
      ["On minus off", "main"],
      ["Limit 5 %", "strictLimit"],
    ]);
    expect(items[4]?.value).toMatch(/^[+−]?[\d.]+ \([+−]?[\d.]+ to [+−]?[\d.]+\)$/);
    const together = drawing("errors");
    expect(together.lines.map(({ name }) => name)).toEqual(["share"]);
    expect(together.bands.map(({ name }) => name)).toEqual(["interval"]);
    expect(together.difference).toBeNull();
  });

  it("are in the CSV with their intervals", () => {
    const charts = typicalCharts(NOW_MS)({ ...query, component: "ui.badges" });
    const [head, ...rows] = csvOf(charts).trim().split("\r\n");
    const names = head?.split(",") ?? [];
    for (const arm of ["exposed", "control", "difference"]) {
      for (const part of ["mean", "low", "high"]) {
        const at = names.indexOf(`failed_share_${arm}_${part}`);
        expect(Number(rows[20]?.split(",")[at])).not.toBeNaN();
        expect(at).toBeGreaterThan(0);
      }
    }
  });
});

describe("a span", () => {
  it("is quiet where no application reported, whatever Flagdeck uses itself", () => {
    expect(isQuiet(quietCharts())).toBe(true);
    expect(isQuiet({ ...quietCharts(), timesS: [1], ownMemory: [5e7] })).toBe(true);
    expect(isQuiet(typical)).toBe(false);
  });
});

describe("marks", () => {
  const mark = (revision: number, share: number): Mark => ({
    revision,
    atMs: query.fromMs + share * 15 * MINUTE_MS,
    sentence: `change ${revision}`,
  });
  const range = { fromMs: query.fromMs, toMs: query.toMs };

  it("share a dot where they would overlap, which opens the latest of them", () => {
    const found = clusters([mark(1, 0.1), mark(2, 0.11), mark(3, 0.5)], range, 400);
    expect(found.map(({ marks }) => marks.length)).toEqual([2, 1]);
    expect(found[0]?.latest.revision).toBe(2);
    expect(found[0]?.share).toBeCloseTo(0.1);
    expect(words.metrics.mark(found[0]?.marks ?? [])).toBe("2 changes, the last: change 2");
  });

  it("are apart again once there is room, and gone where they are out of sight", () => {
    const all = [mark(1, 0.1), mark(2, 0.11), mark(3, 0.5)];
    expect(clusters(all, range, 4000)).toHaveLength(3);
    const closer = { fromMs: query.fromMs, toMs: query.fromMs + 5 * MINUTE_MS };
    expect(clusters(all, closer, 4000)).toHaveLength(2);
  });

  it("keep their dots apart, however many there are", () => {
    const { marks } = extremeCharts(NOW_MS)(query);
    const found = clusters(marks, range, 320);
    const shares = found.map(({ share }) => share);
    for (const [at, share] of shares.entries()) {
      if (at > 0) expect((share - (shares[at - 1] ?? 0)) * 320).toBeGreaterThanOrEqual(24);
    }
    expect(found.flatMap((each) => each.marks)).toHaveLength(
      marks.filter(({ atMs }) => atMs >= range.fromMs).length,
    );
  });
});
