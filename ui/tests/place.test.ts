import { describe, expect, it } from "vitest";

import { brokenAt, lineOf, placeOf } from "../src/model/place";

const text = `{
  "enabled": true,
  "components": { "a": true, "b/c~d": [1, { "x": null }] },
  "enabled": false
}`;

const found = (pointer: string) => {
  const place = placeOf(text, pointer);
  return place && text.slice(place.start, place.end);
};

describe("where a pointer leads", () => {
  it("is the value with its key", () => {
    expect(found("/components/a")).toBe('"a": true');
    expect(found("/components/b~1c~0d/1/x")).toBe('"x": null');
    expect(found("/components/b~1c~0d/0")).toBe("1");
    expect(found("")).toBe(text);
  });

  it("is the second of two keys alike", () => {
    expect(found("/enabled")).toBe('"enabled": false');
  });

  it("is what is around it where it leads nowhere", () => {
    expect(found("/components/gone/deeper")).toContain('"components"');
    expect(found("/gone")).toBe(text);
  });

  it("is nowhere in what is not JSON", () => {
    expect(placeOf('{"a": }', "/a")).toBeNull();
  });
});

describe("where a text stops being JSON", () => {
  it.each([
    ['{"a": 1,}', 8],
    ['{"a" 1}', 5],
    ['{"a": 01}', 7],
    ['["\t"]', 1],
    ["[1, 2", 5],
    ["{} x", 3],
    ["", 0],
    ["nul", 0],
  ])("%j: at character %i", (broken, at) => {
    expect(brokenAt(broken)).toBe(at);
  });

  it("is nowhere in JSON", () => {
    expect(brokenAt(text)).toBeNull();
    expect(brokenAt(' [-1.5e+3, "\\u00e9\\n", [], {}] ')).toBeNull();
  });

  it("passes over a byte order mark, as the backend does", () => {
    const marked = `\ufeff${text}`;
    expect(brokenAt(marked)).toBeNull();
    const place = placeOf(marked, "/components/a");
    expect(place && marked.slice(place.start, place.end)).toBe('"a": true');
    expect(brokenAt('{"a": \ufeff1}')).toBe(6);
  });

  it("is found also where brackets are nested beyond any stack", () => {
    expect(brokenAt("[".repeat(100_000))).toBeGreaterThan(0);
  });
});

it("counts lines from 1", () => {
  expect(lineOf(text, 0)).toBe(1);
  expect(lineOf(text, text.indexOf("components"))).toBe(3);
  expect(lineOf(text, text.length)).toBe(5);
});
