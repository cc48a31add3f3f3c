import { describe, expect, it } from "vitest";

import vectors from "../../tests/fixtures/typed_percentages.json";
import { parsePercent, snapPercent, stepPercent } from "../src/model/percent";

function check(text: string, expected: number | string) {
  const entry = parsePercent(text);
  expect([text, entry.ok ? entry.percentage : entry.problem]).toEqual([text, expected]);
}

describe("a typed percentage", () => {
  it("is read with a point or a comma, with or without its sign", () => {
    check("12.5", 12.5);
    check("12,5", 12.5);
    check(" 12.5 % ", 12.5);
    check("100%", 100);
    check(".5", 0.5);
    check("7.", 7);
    check("+3", 3);
  });

  it("is read as flagctl reads it", () => {
    for (const [text, expected] of vectors.percentages as [string, number | string][]) {
      const isBare = /^\s*%?\s*$/.test(text);
      check(text, isBare ? "empty" : expected);
    }
  });

  it("goes down to a thousandth, trailing zeros aside", () => {
    check("0.001", 0.001);
    check("99.999", 99.999);
    check("12.50000", 12.5);
    check("0.0001", "too_fine");
  });

  it("is refused outside its range, however little", () => {
    check("100.001", "out_of_range");
    check("-0.001", "out_of_range");
    check("-5", "out_of_range");
    check("1000", "out_of_range");
  });

  it("is refused when it is no number", () => {
    for (const text of ["abc", "1e1", "1.2.3", "1,000.5", "--1", ".", "0x10", "NaN", "Infinity"]) {
      check(text, "not_a_number");
    }
    check("  ", "empty");
    check("%", "empty");
  });

  it("makes a plain zero of minus zero", () => {
    const entry = parsePercent("-0");
    expect(entry.ok && Object.is(entry.percentage, 0)).toBe(true);
  });
});

describe("a slider", () => {
  it("snaps to a stop that is near and to whole per cents elsewhere", () => {
    expect(snapPercent(23.4, 2)).toBe(25);
    expect(snapPercent(22.6, 2)).toBe(23);
    expect(snapPercent(0.4, 2)).toBe(0);
    expect(snapPercent(-30, 2)).toBe(0);
    expect(snapPercent(140, 2)).toBe(100);
  });

  it("steps without the dust of binary fractions and stays in range", () => {
    expect(stepPercent(0.1, 0.2)).toBe(0.3);
    expect(stepPercent(12.5, 0.001)).toBe(12.501);
    expect(stepPercent(99.5, 1)).toBe(100);
    expect(stepPercent(0.0005, -1)).toBe(0);
  });
});
