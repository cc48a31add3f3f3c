/** Differences of states, and states themselves, made ready to be looked at. */

import { describe, expect, it } from "vitest";

import { drawOverlaid } from "../src/model/overlaid";
import { childOf, dotted, holdersOf, keysOf, rooted } from "../src/model/pointer";
import {
  canUnfold,
  changeRows,
  driftOf,
  groupsOf,
  noiseKeyOf,
  originOf,
  pathIn,
  readable,
  splitPath,
  stepOf,
  tallyOf,
  type ChangeRow,
} from "../src/model/state_changes";
import { ExactNumber, jsonOf, leafText, parseState } from "../src/model/state_text";
import { find, marksOf, openAtFirst, previewOf, unfold } from "../src/model/state_tree";
import { words } from "../src/words";
import {
  changed,
  differenceOf,
  excerptOf,
  listOf,
  seriesOf,
  stateChange,
} from "./support/state_changes";

describe("pointers", () => {
  it("escape what has a meaning in them, and give it back", () => {
    expect(childOf("/a", "b/c~d")).toBe("/a/b~1c~0d");
    expect(keysOf("/a/b~1c~0d")).toEqual(["a", "b/c~d"]);
    expect(keysOf("")).toEqual([]);
    expect(keysOf("/")).toEqual([""]);
  });

  it("know everything that holds them, the whole first", () => {
    expect(holdersOf("/a/b/0")).toEqual(["", "/a", "/a/b"]);
    expect(holdersOf("")).toEqual([]);
  });

  it("are dotted keys beneath ml for people", () => {
    expect(dotted("/metrics/usage")).toBe("ml.metrics.usage");
    expect(dotted("")).toBe("ml");
  });

  it("and keys that a difference prints begin with ml", () => {
    expect(rooted("list[id=gamma].n")).toBe("ml.list[id=gamma].n");
    expect(rooted('["a b"].c')).toBe('ml["a b"].c');
    expect(rooted("")).toBe("ml");
  });
});

const open = { folded: new Set<string>(), isNoiseOpen: false, query: "" };
const told = (rows: ChangeRow[]) =>
  rows.map((row) => {
    switch (row.kind) {
      case "group":
        return `[${row.group.name}]`;
      case "change":
        return row.isAlone ? `[${row.change.group}]!` : pathIn(row.change);
      case "noise":
        return `noise ${row.count}`;
      case "unchanged":
        return `(${row.name})`;
    }
  });

describe("the rows of a difference", () => {
  const difference = differenceOf(
    [
      changed("/flags/enabled", false, true),
      changed("/metrics/usage/files", 1, 2),
      changed("/flags/ui", false, true),
      stateChange("/history", { kind: "list", list: listOf({ dropped: 11, added: 11 }) }),
      stateChange("/cache/lastSeen", { isNoise: true }),
    ],
    { unchanged: ["/metrics/quality"] },
  );

  it("stand in groups, then comes noise, then what did not change", () => {
    expect(told(changeRows(difference, open))).toEqual([
      "[ml.flags]",
      "enabled",
      "ui",
      "[ml.metrics.usage]",
      "files",
      "[ml.history]!",
      "noise 1",
      "(ml.metrics.quality)",
    ]);
  });

  it("fold a group, and unfold the noise", () => {
    const folds = { folded: new Set(["ml.flags"]), isNoiseOpen: true, query: "" };
    expect(told(changeRows(difference, folds))).toEqual([
      "[ml.flags]",
      "[ml.metrics.usage]",
      "files",
      "[ml.history]!",
      "noise 1",
      "lastSeen",
      "(ml.metrics.quality)",
    ]);
  });

  it("are those that have a text in path or value, folded or not", () => {
    const folds = { folded: new Set(["ml.flags"]), isNoiseOpen: false, query: " TRUE" };
    expect(told(changeRows(difference, folds))).toEqual(["[ml.flags]", "enabled", "ui"]);
    expect(told(changeRows(difference, { ...open, query: "lastseen" }))).toEqual([
      "noise 1",
      "lastSeen",
    ]);
    expect(changeRows(difference, { ...open, query: "nowhere" })).toEqual([]);
  });

  it("have a name each, also where one went and another came", () => {
    const both = differenceOf([
      stateChange("/list/0", { kind: "removed", before: excerptOf(1) }),
      stateChange("/list/0", { kind: "added", after: excerptOf(2) }),
      changed("/list/0", 1, 2),
    ]);
    const ids = changeRows(both, open).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("know the path within the group, however the path was given", () => {
    const group = "ml.metrics.performance";
    expect(pathIn({ group, path: "calculationTime" })).toBe("calculationTime");
    expect(pathIn({ group, path: "metrics.performance.calculationTime" })).toBe("calculationTime");
  });

  it("tell the last key from what leads to it, also past an element told by a path", () => {
    expect(splitPath("ui.badges.percentage")).toEqual(["ui.badges", ".percentage"]);
    expect(splitPath("files[path=src/a.ts]")).toEqual(["", "files[path=src/a.ts]"]);
    expect(splitPath("files[path=src/a.ts].lines[0]")).toEqual([
      "files[path=src/a.ts]",
      ".lines[0]",
    ]);
  });
});

describe("a group", () => {
  it("of series alone counts their new values", () => {
    const series = (pointer: string, added: number) =>
      stateChange(pointer, { kind: "series", list: listOf({ added, dropped: added }) });
    const [group] = groupsOf([series("/metrics/p/a", 5), series("/metrics/p/b", 10)]);
    if (!group) throw new Error("no group");
    expect(words.compare.tally(tallyOf(group))).toBe("15 new values in 2 series");
    const [mixed] = groupsOf([series("/metrics/p/a", 5), changed("/metrics/p/c", 1, 2)]);
    if (!mixed) throw new Error("no group");
    expect(words.compare.tally(tallyOf(mixed))).toBe("2 changes");
  });
});

describe("a change", () => {
  it("tells how far a mean went, in words with a sign", () => {
    const drift = driftOf(seriesOf([100, 100], [131, 131]));
    expect(words.compare.drift(drift ?? 0)).toBe("+31 %");
    expect(words.compare.drift(-0.0123)).toBe("−1.2 %");
    expect(words.compare.drift(0.00001)).toBe("±0 %");
    expect(driftOf(seriesOf([0, 0], [1, 1]))).toBeNull();
    expect(driftOf({ ...seriesOf([1], [1]), meanAfter: null })).toBeNull();
  });

  it("of a number tells by how much, of anything else nothing", () => {
    expect(stepOf(changed("/a", 200, 250))).toBe(0.25);
    expect(stepOf(changed("/a", -200, -100))).toBe(0.5);
    expect(stepOf(changed("/a", 0, 5))).toBeNull();
    expect(stepOf(changed("/a", "1", "2"))).toBeNull();
    expect(stepOf(changed("/a", true, 2))).toBeNull();
  });

  it("was renamed beside its old name, or moved from elsewhere", () => {
    const moved = (from: string) => stateChange("/flags/ui/panel", { kind: "moved", from });
    expect(originOf(moved("/flags/ui/side"))).toEqual({ kind: "renamed", path: "side" });
    expect(originOf(moved("/flags/old"))).toEqual({ kind: "moved", path: "flags.old" });
    expect(originOf(changed("/a", 1, 2))).toBeNull();
  });

  it("of a list says in words what came and went", () => {
    const said = (list: ReturnType<typeof listOf>) => words.compare.elements(list, "list");
    expect(said(listOf({ dropped: 5, added: 5 }))).toBe("5 dropped, 5 added");
    expect(said(listOf({ moved: 2, changed: 1 }))).toBe("2 moved, 1 changed");
    expect(said(listOf())).toBe("in another order");
  });

  it("can be unfolded where its row cannot show all of it", () => {
    expect(canUnfold(changed("/a", 1, 2))).toBe(false);
    expect(canUnfold(changed("/a", "x".repeat(40), 2))).toBe(true);
    expect(canUnfold(stateChange("/a", { after: { text: "[1", isWhole: false } }))).toBe(true);
    expect(canUnfold(stateChange("/a", { kind: "series" }))).toBe(true);
  });

  it("is noise by its last key that is a name", () => {
    expect(noiseKeyOf("/files/3/lastSeen")).toBe("lastSeen");
    expect(noiseKeyOf("/files/lastSeen/0")).toBe("lastSeen");
    expect(noiseKeyOf("/0")).toBeNull();
  });

  it("is written with room where it is JSON that was not cut", () => {
    expect(readable('{"a":[1,2]}')).toBe('{ "a": [ 1, 2 ] }');
    expect(readable('[1,2,"cut')).toBe('[1,2,"cut');
    expect(readable('"[1,2]"')).toBe('"[1,2]"');
    expect(readable("[18446744073709551617,1e400,1.0]")).toBe(
      "[ 18446744073709551617, 1e400, 1.0 ]",
    );
    const long = '{"a":{},"b":[],"text":"{[,:]}\\"","list":[1,{"n":1}],"more":"of it, on and on"}';
    expect(readable(long)).toBe(JSON.stringify(JSON.parse(long), null, 2));
  });
});

describe("the lines of a series", () => {
  const xs = (d: string) => [...d.matchAll(/[ML]([\d.]+) /g)].map(([, x]) => Number(x));

  it("of a ring that moved on lie over each other where it stayed", () => {
    const drawn = drawOverlaid({
      series: seriesOf([1, 2, 3, 4], [3, 4, 5, 6]),
      list: listOf({ isShifted: true, dropped: 2, added: 2, lengthBefore: 4, lengthAfter: 4 }),
    });
    expect(xs(drawn.before).slice(2)).toEqual(xs(drawn.after).slice(0, 2));
    expect(drawn).toMatchObject({ low: 1, high: 6 });
  });

  it("stay in the middle where nothing differs, and are none without numbers", () => {
    const flat = drawOverlaid({ series: seriesOf([7, 7], [7, 7]), list: null });
    expect(flat.after).toBe("M25 50L75 50");
    expect(drawOverlaid({ series: null, list: null }).after).toBe("");
  });

  it("take a hundred thousand numbers", () => {
    const many = Array.from({ length: 100_000 }, (_, index) => index);
    expect(drawOverlaid({ series: seriesOfMany(many), list: null }).high).toBe(99_999);
  });

  function seriesOfMany(numbers: number[]) {
    return { ...seriesOf([1], [1]), before: numbers, after: numbers };
  }
});

describe("a state", () => {
  it("is read with whole numbers of any length as they are", () => {
    const root = parseState(
      '{"id":9007199254740993,"share":0.12345678901234566,"t":"1234567890123456789 \\" 1"}',
    );
    expect(root).toEqual({
      id: new ExactNumber("9007199254740993"),
      share: 0.12345678901234566,
      t: '1234567890123456789 " 1',
    });
    expect(leafText(new ExactNumber("9007199254740993"))).toBe("9007199254740993");
  });

  it("is shown with every digit of every number", () => {
    const text =
      '{"pi":3.14159265358979323846,"deep":[1e400,-1e-400,18446744073709551617,0.1,5e-324]}';
    const root = parseState(text);
    expect(jsonOf(root)).toBe(text);
    expect(previewOf(root)).toBe("pi: 3.14159265358979323846, deep: [5]");
    const none = marksOf([]);
    const leaves = unfold(root, new Set(["", "/deep"]), none).filter((row) => row.size === null);
    expect(leaves.map((row) => row.value !== undefined && leafText(row.value))).toEqual([
      "3.14159265358979323846",
      "1e400",
      "-1e-400",
      "18446744073709551617",
      "0.1",
      "5e-324",
    ]);
    expect(find(root, "979323846")).toEqual(["/pi"]);
  });

  it("is not taken for a number if it is a text, whatever the text begins with", () => {
    const nul = "\u0000";
    const texts = {
      one: `${nul}number:5`,
      digit: `${nul}5`,
      three: `${nul.repeat(3)}7`,
      none: "5",
    };
    const root = parseState(`${JSON.stringify(texts).slice(0, -1)},"n":12345678901234567890}`);
    expect(JSON.parse(jsonOf(root))).toEqual({
      ...texts,
      n: Number("12345678901234567890"),
    });
    expect(jsonOf(root)).toContain('"n":12345678901234567890}');
  });

  it.each([
    ["a fraction of zeros", "[1.0,2.50,-3.00,0.0,10.20e0]"],
    ["exponents", "[1e5,1E5,1e+5,1.5e-3,5e-324]"],
    ["a negative zero", '[-0,-0.0,{"a":-0}]'],
    ["a tiny number", "[0.0000001,0.00000012,0.000001]"],
    ["what JavaScript spells the same", "[0,-1,1.5,0.1,100,120,1000000]"],
    ["texts with signs of JSON", String.raw`{"a\"}],:":"x\\","\u00e9\n":["","]","\\\""],"n":1.0}`],
  ])("is shown with its numbers as they are spelled: %s", (_, text) => {
    const root = parseState(text);
    expect(JSON.parse(jsonOf(root))).toEqual(JSON.parse(text));
    const numbers = /"(?:[^"\\]|\\.)*"|-?\d[^,\]}]*/g;
    expect(
      jsonOf(root)
        .match(numbers)
        ?.filter((each) => !each.startsWith('"')),
    ).toEqual(text.match(numbers)?.filter((each) => !each.startsWith('"')));
  });

  it("is read as JSON.parse reads it, with blanks and names of JavaScript", () => {
    const text = ' {"__proto__" : [ 1.0 , { } , [ ] ] , "b" : true,\n"c":null , "b":false } ';
    const root = parseState(text);
    expect(jsonOf(root)).toBe('{"__proto__":[1.0,{},[]],"b":false,"c":null}');
    expect(Object.getPrototypeOf(root)).toBe(Object.prototype);
    expect(find(root, "1.0")).toEqual(["/__proto__/0"]);
  });

  it("that is no JSON is refused", () => {
    expect(() => parseState('{"a":')).toThrow(SyntaxError);
    expect(() => parseState('{"a":12345678901234567890')).toThrow(SyntaxError);
  });

  it("has names of JavaScript as any others", () => {
    const odd = parseState('{"__proto__":{"polluted":1},"constructor":12345678901234567890}');
    const ids = unfold(odd, new Set(["", "/__proto__"]), marksOf([])).map(({ id }) => id);
    expect(ids).toEqual(["/__proto__", "/__proto__/polluted", "/constructor"]);
    expect(find(odd, "polluted")).toEqual(["/__proto__/polluted"]);
    expect(Object.getPrototypeOf(odd)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });

  const root = parseState(
    '{"flags":{"ui":{"badges":true}},"files":[{"id":1,"note":"x"},{"id":2}],"cache":{},"a/b":null}',
  );
  const pointers = (openAt: string[], marks = marksOf([])) =>
    unfold(root, new Set(openAt), marks).map(({ id }) => id);

  it("is unfolded only as far as it is open", () => {
    expect(pointers([])).toEqual(["/flags", "/files", "/cache", "/a~1b"]);
    expect(pointers(["/files"])).toEqual([
      "/flags",
      "/files",
      "/files/0",
      "/files/1",
      "/cache",
      "/a~1b",
    ]);
    // What is open beneath something folded waits.
    expect(pointers(["/flags/ui"])).toEqual(["/flags", "/files", "/cache", "/a~1b"]);
  });

  it("is open at first where it holds a change, and shows what went where it was", () => {
    const marks = marksOf([
      changed("/files/0/note", "y", "x"),
      stateChange("/flags/ui/old", { kind: "removed", before: excerptOf(1) }),
    ]);
    expect(pointers(openAtFirst(marks), marks)).toEqual([
      "/flags",
      "/flags/ui",
      "/flags/ui/badges",
      "-/flags/ui/old",
      "/files",
      "/files/0",
      "/files/0/id",
      "/files/0/note",
      "/files/1",
      "/cache",
      "/a~1b",
    ]);
    expect(marks.within.get("/files")).toBe(1);
    expect(marks.within.get("")).toBe(2);
  });

  it("is searched by key, by value and by path, but not all beneath a match is one", () => {
    expect(find(root, "FILES")).toEqual(["/files"]);
    expect(find(root, "ui.b")).toEqual(["/flags/ui/badges"]);
    expect(find(root, "ml.fl")).toEqual(["/flags"]);
    expect(find(root, "files.1")).toEqual(["/files/1"]);
    expect(find(root, "true")).toEqual(["/flags/ui/badges"]);
    expect(find(root, "null")).toEqual(["/a~1b"]);
    expect(find(root, "2")).toEqual(["/files/1/id"]);
    expect(find(root, "  ")).toEqual([]);
  });

  it("is told of in a few words while it is folded", () => {
    const file = parseState('{"id":7,"path":"a.ts","links":[1,2],"more":{}}');
    expect(previewOf(file)).toBe('id: 7, path: "a.ts", links: [2], more: {0}');
    expect(previewOf(parseState("[1,null,3]"), 4)).toBe("1, null, …");
    expect(previewOf(parseState("[]"))).toBe("");
    expect(previewOf(parseState(JSON.stringify(["x".repeat(99)])))).toHaveLength(33);
  });

  it("of a hundred thousand values is unfolded and searched in no time", () => {
    const large = parseState(
      JSON.stringify({ files: Array.from({ length: 33_000 }, (_, id) => ({ id, n: `f${id}` })) }),
    );
    const start = performance.now();
    expect(unfold(large, new Set(["/files"]), marksOf([]))).toHaveLength(33_001);
    expect(find(large, "f32999")).toEqual(["/files/32999/n"]);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
