import { describe, expect, it } from "vitest";

import {
  daysUntil,
  formatAge,
  formatAgo,
  formatBytesOf,
  formatBytesRoughly,
  formatCountBriefly,
  formatLately,
  formatPercent,
  formatQuantile,
  formatRate,
  formatSeconds,
  formatShare,
  formatSpan,
  splitFigures,
  usableLocale,
} from "../src/format";

const NOW_MS = Date.UTC(2026, 10, 23, 15, 0, 0);
const MINUTE_MS = 60_000;

describe("the locale", () => {
  it("is a kind of English that the engine knows, whatever the desktop reports", () => {
    expect(usableLocale("en-US")).toBe("en-US");
    expect(usableLocale("C")).toBe("en-GB");
    expect(usableLocale("de-DE")).toBe("en-GB");
    expect(usableLocale("")).toBe("en-GB");
    expect(usableLocale(undefined)).toBe("en-GB");
  });
});

describe("times and numbers", () => {
  it("say how long ago in the largest unit that fits, and the day after a week", () => {
    const ago = (ms: number) => formatAgo(NOW_MS - ms, NOW_MS);
    expect(ago(0)).toBe("just now");
    expect(ago(-5000)).toBe("just now");
    expect(ago(59_999)).toBe("just now");
    expect(ago(2 * MINUTE_MS)).toBe("2 minutes ago");
    expect(ago(119 * MINUTE_MS)).toBe("1 hour ago");
    expect(ago(25 * 60 * MINUTE_MS)).toBe("yesterday");
    expect(ago(8 * 24 * 60 * MINUTE_MS)).toContain("2026");
  });

  it("say when in few letters, the less exactly the longer it is ago", () => {
    const at = (month: number, day: number, hour = 9, minute = 12, year = 2026) =>
      new Date(year, month, day, hour, minute).getTime();
    const lately = (atMs: number) => formatLately(atMs, at(10, 23, 15));
    expect(lately(at(10, 23, 15))).toBe("just now");
    expect(lately(at(10, 23))).toBe("9:12 AM");
    expect(lately(at(10, 22, 23))).toBe("Sun");
    expect(lately(at(10, 17))).toBe("Tue");
    expect(lately(at(10, 16))).toBe("Nov 16");
    expect(lately(at(10, 16, 9, 12, 2024))).toBe("Nov 2024");
  });

  it("write percentages as people type them", () => {
    expect(formatPercent(0.1 + 0.2)).toBe("0.3 %");
    expect(formatPercent(100)).toBe("100 %");
    expect(formatPercent(12.345)).toBe("12.345 %");
  });

  it("count days to a date, past ones below zero, and know no date when there is none", () => {
    expect(daysUntil("2026-12-02", NOW_MS)).toBe(9);
    expect(daysUntil("2026-11-23", NOW_MS)).toBe(0);
    expect(daysUntil("2026-11-20", NOW_MS)).toBe(-3);
    expect(daysUntil("soon", NOW_MS)).toBeNull();
  });
});

describe("what is measured", () => {
  const EDGES_S = [0.001, 0.01, 0.1, 0.5, 1, 2, 5];
  const MIB = 1024 ** 2;

  it.each([
    [0, "0 %"],
    [0.0001, "<0.1 %"],
    [0.0005, "0.1 %"],
    [0.008, "0.8 %"],
    [0.0949, "9.5 %"],
    [0.0996, "10 %"],
    [0.1204, "12 %"],
    [0.989, "99 %"],
    [0.9901, "99.0 %"],
    [0.9996, ">99.9 %"],
    [1, "100 %"],
  ])("writes the share %d as %s: only none is 0, only all is 100", (share, text) => {
    expect(formatShare(share)).toBe(text);
  });

  it.each([
    [0.0004, "<1 ms"],
    [0.001, "1.0 ms"],
    [0.0041, "4.1 ms"],
    [0.00999, "10 ms"],
    [0.041, "41 ms"],
    [0.0999, "0.10 s"],
    [0.38, "0.38 s"],
    [0.9999, "1.0 s"],
    [1.9, "1.9 s"],
    [5, "5.0 s"],
    [5.001, ">5 s"],
    [10, ">5 s"],
    [Infinity, ">5 s"],
  ])("writes the quantile %d as %s: outside the edges nothing is known", (quantileS, text) => {
    expect(formatQuantile(quantileS, EDGES_S)).toBe(text);
  });

  it("writes limits and edges as they are set", () => {
    expect(EDGES_S.map(formatSeconds).join(", ")).toBe("1 ms, 10 ms, 0.1 s, 0.5 s, 1 s, 2 s, 5 s");
    expect(formatSeconds(2.25)).toBe("2.25 s");
  });

  it.each([
    [0, "0"],
    [0.02, "0.1"],
    [0.44, "0.4"],
    [9.94, "9.9"],
    [9.96, "10"],
    [183.6, "184"],
    [99_999, "99,999"],
    [120_400, "120.4K"],
    [1e9, "1B"],
  ])("writes %d a second in at most six letters: %s", (perSecond, text) => {
    expect(formatRate(perSecond)).toBe(text);
  });

  it("writes counts whole until they would be long", () => {
    expect(formatCountBriefly(1_204_511)).toBe("1,204,511");
    expect(formatCountBriefly(987_654_321)).toBe("987.7M");
  });

  it("writes a size of a size with its unit once, where that is one", () => {
    expect(formatBytesOf(96.3 * MIB, 150 * MIB)).toBe("96 of 150 MiB");
    expect(formatBytesOf(3.21 * 1024 * MIB, 150 * MIB)).toBe("3.2 GiB of 150 MiB");
    expect(formatBytesOf(0, 150 * MIB)).toBe("0 B of 150 MiB");
    expect(formatBytesRoughly(161 * MIB)).toBe("161 MiB");
    expect(formatBytesRoughly(9.5 * MIB)).toBe("9.5 MiB");
  });

  it("finds the figures of a sentence, which stay with their units", () => {
    expect(splitFigures("tracker: 9.2 % errors on, <0.1 % off since revision 47")).toEqual([
      "tracker: ",
      "9.2 %",
      " errors on, ",
      "<0.1 %",
      " off since ",
      "revision 47",
      "",
    ]);
    expect(splitFigures("12 % over 5 s on").filter((_, at) => at % 2 === 1)).toEqual([
      "12 %",
      "5 s",
    ]);
    expect(splitFigures("3 more over a limit, 3 semantic")).toHaveLength(1);
  });

  it("writes spans and ages in the largest unit they fill", () => {
    expect(formatSpan(-5)).toBe("0 s");
    expect(formatSpan(59_999)).toBe("59 s");
    expect(formatSpan(900_000)).toBe("15 min");
    expect(formatSpan(2 * 60 * MINUTE_MS)).toBe("2 h");
    expect(formatSpan(3 * 24 * 60 * MINUTE_MS)).toBe("3 d");
    expect(formatAge(NOW_MS - 1999, NOW_MS)).toBe("just now");
    expect(formatAge(NOW_MS + 5000, NOW_MS)).toBe("just now");
    expect(formatAge(NOW_MS - 6000, NOW_MS)).toBe("6 s ago");
    expect(formatAge(NOW_MS - 2 * MINUTE_MS, NOW_MS)).toBe("2 min ago");
  });
});
