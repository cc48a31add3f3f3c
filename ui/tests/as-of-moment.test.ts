/** What people type for a moment, and what is made of it. */

import { describe, expect, it } from "vitest";

import { momentChoices, momentText, parseMoment } from "../src/model/moment";
import { words } from "../src/words";
import vectors from "../../tests/fixtures/typed_moments.json";

/** Wednesday, 25 November 2026, 14:30 on this desktop. */
const NOW_MS = at(2026, 11, 25, 14, 30);
const LATEST = 128;

function at(year: number, month: number, day: number, hours = 0, minutes = 0, seconds = 0): number {
  return new Date(year, month - 1, day, hours, minutes, seconds).getTime();
}

const parse = (text: string) => parseMoment(text, NOW_MS, LATEST);

describe("a moment", () => {
  it.each([
    ["2026-11-24 16:00", at(2026, 11, 24, 16)],
    ["2026-11-24T16:00:05", at(2026, 11, 24, 16, 0, 5)],
    ["2026-11-24, 4:00 PM", at(2026, 11, 24, 16)],
    ["2026-11-24 12:05 am", at(2026, 11, 24, 0, 5)],
    ["2026-11-24", at(2026, 11, 24)],
    [" Yesterday 16:00 ", at(2026, 11, 24, 16)],
    ["today 9:05", at(2026, 11, 25, 9, 5)],
    ["9:05", at(2026, 11, 25, 9, 5)],
    ["tue 16:00", at(2026, 11, 24, 16)],
    ["last Tuesday 16:00", at(2026, 11, 24, 16)],
    ["sunday", at(2026, 11, 22)],
    ["wed 9:00", at(2026, 11, 18, 9)],
    ["10m", at(2026, 11, 25, 14, 20)],
    ["2 hours ago", at(2026, 11, 25, 12, 30)],
    ["1 Day ago", at(2026, 11, 24, 14, 30)],
    ["2w", at(2026, 11, 11, 14, 30)],
    ["0 min ago", NOW_MS],
    ["2024-02-29 23:59:59", at(2024, 2, 29, 23, 59, 59)],
  ])("is read from %j", (text, atMs) => {
    expect(parse(text)).toEqual({ ok: true, at: { at_ms: atMs } });
  });

  it("is read as flagctl reads it", () => {
    const local = (text: string) => new Date(text).getTime();
    const nowMs = local(vectors.now);
    const read = (text: string) => parseMoment(text, nowMs, LATEST);
    for (const [text, expected] of vectors.local as [string, string][]) {
      expect([text, read(text)]).toEqual([text, { ok: true, at: { at_ms: local(expected) } }]);
    }
    for (const [text, at_ms] of vectors.everywhere as [string, number][]) {
      expect([text, read(text)]).toEqual([text, { ok: true, at: { at_ms } }]);
    }
    for (const [text, revision] of vectors.revisions as [string, number][]) {
      expect([text, read(text)]).toEqual([text, { ok: true, at: { revision } }]);
    }
    for (const text of vectors.refused) expect([text, read(text).ok]).toEqual([text, false]);
  });

  it.each([
    ["r12", 12],
    ["R 12", 12],
    ["#128", 128],
    ["Revision 0", 0],
  ])("is a revision in %j", (text, revision) => {
    expect(parse(text)).toEqual({ ok: true, at: { revision } });
  });

  it.each([
    ["", "form"],
    ["soon", "form"],
    ["someday", "form"],
    ["24/11/2026 16:00", "form"],
    ["tue 16", "form"],
    ["2026-11-24 16:00 or so", "form"],
    ["12", "form"],
    ["2 hours from now", "form"],
    ["-2h", "form"],
    ["999999 weeks ago", "no_such_time"],
    ["2026-02-30 16:00", "no_such_time"],
    ["2026-13-01", "no_such_time"],
    ["yesterday 24:00", "no_such_time"],
    ["yesterday 13:00 pm", "no_such_time"],
    ["16:00", "future"],
    ["2026-11-25 14:31", "future"],
    ["r129", "no_such_revision"],
  ])("%j is refused as %s, in a sentence that says what it has to be", (text, kind) => {
    const entry = parse(text);
    expect(entry.ok ? null : entry.problem.kind).toBe(kind);
    if (!entry.ok) expect(words.asOf.problem(entry.problem)).toMatch(/moment|revision/i);
  });

  it("is written as it can be typed", () => {
    for (const text of ["2026-11-24 16:00", "2026-01-02 03:04:05", "revision 12"]) {
      const entry = parse(text);
      expect(entry.ok && momentText(entry.at)).toBe(text);
    }
  });

  it("can be chosen from some that are often asked for, each of which can be read", () => {
    const choices = momentChoices(NOW_MS);
    expect(choices).toEqual([
      { choice: "hour", text: "2026-11-25 13:30" },
      { choice: "today", text: "2026-11-25 00:00" },
      { choice: "yesterday", text: "2026-11-24 14:30" },
      { choice: "week", text: "2026-11-18 14:30" },
      { choice: "month", text: "2026-10-25 14:30" },
      { choice: "beginning", text: "revision 0" },
    ]);
    for (const { text } of choices) expect(parse(text).ok).toBe(true);
  });

  it("offers the hour before midnight after the midnight it comes before", () => {
    const [first, second] = momentChoices(at(2026, 11, 25, 0, 30));
    expect([first?.choice, second?.choice]).toEqual(["today", "hour"]);
    expect(second?.text).toBe("2026-11-24 23:30");
  });
});
