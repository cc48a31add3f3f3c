import { describe, expect, it } from "vitest";

import { daysUntil, formatAgo, formatPercent, usableLocale } from "../src/format";

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
