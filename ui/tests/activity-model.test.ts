/** What a person narrows the history to, and how days and reports are written. */

import { describe, expect, it } from "vitest";

import type { Difference, Revision } from "../src/bindings/wire";
import { formatDayOf, isSameDay } from "../src/format";
import { countNarrowed, everything, filterOf, isBackwards } from "../src/model/history";
import { reportOf } from "../src/model/report";
import { Browsing } from "../src/state/browsing.svelte";

const noon = new Date(2026, 10, 20, 12).getTime();
const day = (date: number, hour = 0) => new Date(2026, 10, date, hour).getTime();

describe("a narrowing", () => {
  it("to nothing in particular lets everything through", () => {
    expect(filterOf(everything, noon)).toEqual({});
    expect(countNarrowed(everything)).toBe(0);
  });

  it("becomes the filter of the backend, part by part", () => {
    const narrowing = {
      component: "ui.badges",
      who: { via: "http", name: "ci" } as const,
      span: { kind: "days", days: 7 } as const,
      text: "  beta ",
      what: "flags",
    } as const;
    expect(countNarrowed(narrowing)).toBe(5);
    expect(filterOf(narrowing, noon)).toEqual({
      component: "ui.badges",
      via: "http",
      name: "ci",
      text: "beta",
      sinceMs: day(14),
    });
  });

  it("to today begins with its first moment", () => {
    const today = { ...everything, span: { kind: "days", days: 1 } as const };
    expect(filterOf(today, noon)).toEqual({ sinceMs: day(20) });
  });

  it("to a range takes both days in, and leaves a missing one open", () => {
    const range = (from: string, to: string) =>
      filterOf({ ...everything, span: { kind: "range", from, to } }, noon);
    expect(range("2026-11-14", "2026-11-16")).toEqual({ sinceMs: day(14), untilMs: day(17) });
    expect(range("2026-11-14", "")).toEqual({ sinceMs: day(14) });
    expect(range("", "2026-11-16")).toEqual({ untilMs: day(17) });
    expect(range("not a day", "")).toEqual({});
  });

  it("to a range that ends before it begins is told", () => {
    const isWrong = (from: string, to: string) => isBackwards({ kind: "range", from, to });
    expect(isWrong("2026-11-16", "2026-11-14")).toBe(true);
    expect(isWrong("2026-11-14", "2026-11-14")).toBe(false);
    expect(isWrong("2026-11-14", "")).toBe(false);
  });

  it("to a component from elsewhere lets go of all else", () => {
    const browsing = new Browsing(
      () => undefined,
      () => true,
    );
    browsing.narrowing = { ...everything, text: "beta", who: { name: "ci" } };
    browsing.activityRevision = 12;
    browsing.activityComponent = "tracker";
    expect(browsing.narrowing).toEqual({ ...everything, component: "tracker" });
    expect(browsing.activityRevision).toBeNull();
  });
});

describe("a day", () => {
  it("is named as people do", () => {
    expect(formatDayOf(day(20, 1), noon)).toBe("Today");
    expect(formatDayOf(day(19, 23), noon)).toBe("Yesterday");
    expect(formatDayOf(day(16), noon)).toMatch(/Mon.*16/);
    expect(formatDayOf(day(16), noon)).not.toContain("2026");
    expect(formatDayOf(new Date(2025, 10, 16).getTime(), noon)).toContain("2025");
  });

  it("ends at midnight where the desktop is", () => {
    expect(isSameDay(day(20, 0), day(20, 23))).toBe(true);
    expect(isSameDay(day(19, 23), day(20, 0))).toBe(false);
  });
});

describe("a report", () => {
  const revision: Revision = {
    revision: 12,
    atMs: Date.UTC(2026, 10, 20, 12, 30, 15),
    actor: { via: "http", name: "release_bot" },
    cause: { kind: "restore", of: 9 },
    note: "Agreed with *support*\nfor the autumn",
    summary: "No change",
    changes: [],
    changesTotal: 2000,
  };
  const change = { pointer: "/about/a", sentence: "<b> changed", before: '"`a`"', after: null };
  const difference: Difference = { changes: [change], total: 2000 };
  const report = reportOf(revision, difference);

  it("says which revision, when, by whom, why, what and the note", () => {
    expect(report).toContain("# Flagdeck, revision 12\n");
    expect(report).toContain("- **When:** 2026-11-20T12:30:15.000Z (");
    expect(report).toContain("- **Who:** release\\_bot over HTTP\n");
    expect(report).toContain("- **Why:** Put back how it was at revision 9\n");
    expect(report).toContain("- **Note:** Agreed with \\*support\\* for the autumn\n");
  });

  it("keeps values and sentences from being read as Markdown", () => {
    expect(report).toContain('- \\<b\\> changed\n  `/about/a`: `` "`a`" `` → nothing\n');
  });

  it("counts what the backend left out", () => {
    expect(report).toContain("- and 1,999 further changes\n");
  });
});
