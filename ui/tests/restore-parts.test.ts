/** What of a state is restored: keys as people read them, and parts chosen at any depth. */

import { describe, expect, it } from "vitest";

import type { StateChange } from "../src/bindings/wire";
import {
  addRecords,
  choicesOf,
  holdersIn,
  isEmptyChoice,
  partRows,
  partsOf,
  namedIn,
  requestOf,
  toggled,
  type Part,
} from "../src/model/restore_parts";
import { keyAt, keyOf, recordOfKey, stepsOf } from "../src/model/state_keys";
import { parseState } from "../src/model/state_text";
import { changed, differenceOf, excerptOf, listOf, stateChange } from "./support/state_changes";
import { compareStates, exact } from "./support/state_compare";
import { askedFor } from "./support/state_parts";
import type { Tree } from "./support/state_trees";

const at = (path: string, more: Partial<StateChange> = {}): StateChange => ({
  ...changed("/x", 1, 2),
  path,
  ...more,
});

describe("a key", () => {
  it("is that of a change, beneath ml", () => {
    expect(keyOf(at("limits.memMB"))).toBe("ml.limits.memMB");
    expect(keyOf(at('["b.c"].d'))).toBe('ml["b.c"].d');
    expect(keyOf(at(""))).toBe("ml");
  });

  it("is taken apart at dots and brackets, not within them", () => {
    expect(stepsOf('ml.list[id=a.b].n["x.y"][3]')).toEqual([
      "list",
      "[id=a.b]",
      "n",
      '["x.y"]',
      "[3]",
    ]);
  });

  it("leads to the record that it lies in", () => {
    expect(recordOfKey("ml.list[id=gamma].n")).toBe("ml.list[id=gamma]");
    expect(recordOfKey("ml.list[2].n")).toBeNull();
    expect(recordOfKey('ml["a=b"].n')).toBeNull();
  });

  it("of a place in a state names records by what tells them apart", () => {
    const state = parseState(
      '{"list":[{"id":"alpha","n":1},{"id":"gamma","n":2}],"plain":[4,5],"a.b":{"c":1}}',
    );
    expect(keyAt(state, "/list/1/n")).toBe("ml.list[id=gamma].n");
    expect(keyAt(state, "/plain/1")).toBe("ml.plain[1]");
    expect(keyAt(state, "/a.b/c")).toBe('ml["a.b"].c');
    expect(keyAt(state, "")).toBe("ml");
  });

  it("quotes what would be misread, and names by place what is too long", () => {
    const long = "x".repeat(129);
    const state = parseState(
      JSON.stringify({ list: [{ id: "7" }, { id: 7 }, { id: "a]b" }, { id: long }], "/a": 1 }),
    );
    const keys = [0, 1, 2, 3].map((place) => keyAt(state, `/list/${place}`));
    expect(keys).toEqual(['ml.list[id="7"]', "ml.list[id=7]", 'ml.list[id="a]b"]', "ml.list[3]"]);
    expect(stepsOf('ml.list[id="a]b"].n')).toEqual(["list", '[id="a]b"]', "n"]);
    expect(keyAt(state, "/~1a")).toBe('ml["/a"]');
  });

  it("writes what is not seen as escapes, which the backend reads", () => {
    const state = parseState(
      JSON.stringify({ list: [{ id: "\u202ea" }, { id: "b" }], "\u200bk": 1, "\u05d0": 2 }),
    );
    expect(keyAt(state, "/list/0")).toBe('ml.list[id="\\u202ea"]');
    expect(keyAt(state, "/\u200bk")).toBe('ml["\\u200bk"]');
    expect(keyAt(state, "/\u05d0")).toBe("ml.\u05d0");
  });

  it("names records by numbers as they are spelled, and tells them apart by value", () => {
    const spelled = parseState('{"list":[{"id":1.0},{"id":2.50},{"id":12345678901234567890.5}]}');
    expect(keyAt(spelled, "/list/0")).toBe("ml.list[id=1.0]");
    expect(keyAt(spelled, "/list/2")).toBe("ml.list[id=12345678901234567890.5]");
    const twice = parseState('{"list":[{"id":1.0,"name":"x"},{"id":1,"name":"y"}]}');
    expect(keyAt(twice, "/list/1")).toBe("ml.list[name=y]");
  });

  it("names no record by what two of them share", () => {
    const twice = parseState('{"list":[{"id":1,"name":"x"},{"id":1,"name":"y"}]}');
    expect(keyAt(twice, "/list/1")).toBe("ml.list[name=y]");
  });
});

const difference = differenceOf([
  at("flags.on"),
  at("metrics.quality.low"),
  at("metrics.quality.high"),
  at("metrics.speed"),
  at("list[id=alpha].n"),
  at("list", {
    kind: "list",
    list: listOf({ key: "id", dropped: 1, added: 1 }),
    before: excerptOf([{ id: "delta" }]),
    after: excerptOf([{ id: "gamma", n: 3 }]),
  }),
]);
const parts = partsOf(difference);

function part(key: string, root = parts): Part {
  const found = stepsOf(key).reduce<Part | undefined>(
    (holder, step) => holder?.parts.find(({ name }) => name === step),
    root,
  );
  if (!found) throw new Error(`no part ${key}`);
  return found;
}

const choice = (key: string, chosen: ReadonlySet<string>) => choicesOf(parts, chosen).get(key);
const toggle = (key: string, chosen: Iterable<string> = []) => toggled(part(key), new Set(chosen));

describe("the parts to restore", () => {
  it("are a tree, in which records that come and go have their own place", () => {
    const rows = partRows(parts, new Set(holdersIn(parts)));
    expect(rows.map(({ name, depth, part: { key } }) => [depth, name, key])).toEqual([
      [0, "flags.on", "ml.flags.on"],
      [0, "metrics", "ml.metrics"],
      [1, "quality", "ml.metrics.quality"],
      [2, "low", "ml.metrics.quality.low"],
      [2, "high", "ml.metrics.quality.high"],
      [1, "speed", "ml.metrics.speed"],
      [0, "list", "ml.list"],
      [1, "[id=alpha]", "ml.list[id=alpha]"],
      [2, "n", "ml.list[id=alpha].n"],
      [1, "[id=gamma]", "ml.list[id=gamma]"],
      [1, "[id=delta]", "ml.list[id=delta]"],
    ]);
    expect(part("ml.list[id=gamma]").change?.kind).toBe("added");
    expect(part("ml.list[id=delta]").change?.kind).toBe("removed");
    expect(part("ml.metrics").changes).toBe(3);
  });

  it("add up to the changes of the difference, whatever records a list brings and takes away", () => {
    expect(part("ml.list").changes).toBe(2);
    expect(parts.changes).toBe(difference.total);
  });

  it("are chosen with all that is in them", () => {
    const chosen = toggle("ml.metrics");
    expect([...chosen]).toEqual(["ml.metrics"]);
    expect(choice("ml.metrics.quality.low", chosen)).toBe("all");
    expect(choice("ml.flags.on", chosen)).toBe("none");
    expect(choice("ml", chosen)).toBe("some");
    expect([...toggle("ml.metrics", chosen)]).toEqual([]);
  });

  it("are taken out one by one of what holds them", () => {
    const chosen = toggle("ml.metrics.quality.low", ["ml.metrics"]);
    expect([...chosen].sort()).toEqual(["ml.metrics.quality.high", "ml.metrics.speed"]);
    expect(choice("ml.metrics", chosen)).toBe("some");
    expect(choice("ml.metrics.quality", chosen)).toBe("some");
  });

  it("are all chosen once everything in them is, and named as they were chosen", () => {
    const one = toggle("ml.metrics.quality.low");
    const both = toggle("ml.metrics.quality.high", one);
    expect(choice("ml.metrics.quality", both)).toBe("all");
    expect([...both].sort()).toEqual(["ml.metrics.quality.high", "ml.metrics.quality.low"]);
    expect([...toggle("ml.metrics.quality", both)]).toEqual([]);
  });

  it("are never counted twice: what holds a chosen part takes its place", () => {
    expect([...toggle("ml.metrics", ["ml.metrics.quality.low"])]).toEqual(["ml.metrics"]);
  });

  it("of a list are not the list itself", () => {
    const inner = ["ml.list[id=alpha]", "ml.list[id=gamma]", "ml.list[id=delta]"];
    expect(choice("ml.list", new Set(inner))).toBe("some");
  });

  it("are a request, of everything only where all is meant", () => {
    const chosen = new Set(["ml.list[id=gamma]", "ml.flags.on"]);
    expect(requestOf(7, "all", parts, new Set(), true)).toEqual({
      snapshot: 7,
      only: [],
      except: [],
      withFlags: true,
    });
    const keys = ["ml.flags.on", "ml.list[id=gamma]"];
    expect(requestOf(7, "only", parts, chosen, false).only).toEqual(keys);
    expect(requestOf(7, "except", parts, chosen, false).except).toEqual(keys);
    expect(isEmptyChoice("only", new Set())).toBe(true);
    expect(isEmptyChoice("except", new Set())).toBe(false);
  });

  it("of most of a part are the whole of it without the others", () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      at(`shard${index % 5}.k${index}.value`),
    );
    const root = partsOf(differenceOf(many));
    const but = (key: string, chosen: ReadonlySet<string>) => toggled(part(key, root), chosen);
    const chosen = but("ml.shard1.k1", but("ml.shard0.k5", new Set(["ml.shard0", "ml.shard1"])));
    expect(chosen.size).toBe(1998);
    expect(requestOf(1, "only", root, chosen, false)).toMatchObject({
      only: ["ml.shard0", "ml.shard1"],
      except: ["ml.shard0.k5", "ml.shard1.k1"],
    });
  });

  it("are counted as a request names them", () => {
    const chosen = new Set(["ml.list[id=gamma]", "ml.flags.on"]);
    expect(namedIn(requestOf(7, "all", parts, new Set(), false))).toBe(0);
    expect(namedIn(requestOf(7, "except", parts, chosen, false))).toBe(2);
  });

  it("that moved are asked for with the place they were at", () => {
    const moved = partsOf(differenceOf([at("b.x", { kind: "moved", from: "/a/x" })]));
    const { only } = requestOf(1, "only", moved, new Set(["ml.b.x"]), false);
    expect(only).toEqual(["ml.b.x", "/a/x"]);
  });

  it("that are given are there though nothing would change in them", () => {
    const root = partsOf(differenceOf([at("flags.on")]), ["ml.usage.n"]);
    expect(part("ml.usage.n", root).changes).toBe(0);
    expect(partRows(root, new Set()).map(({ name }) => name)).toEqual(["flags.on", "usage.n"]);
  });

  it("of ten levels share one row, of many thousands are found at once", () => {
    const deep = partsOf(differenceOf([at("a.b.c.d.e.f.g.h.i.j")]));
    expect(partRows(deep, new Set()).map(({ name }) => name)).toEqual(["a.b.c.d.e.f.g.h.i.j"]);
    const many = Array.from({ length: 5000 }, (_, index) => at(`cache.k${index}.value`));
    const begin = performance.now();
    const root = partsOf(differenceOf(many));
    const chosen = toggled(part("ml.cache.k77", root), new Set(["ml.cache"]));
    expect(chosen.size).toBe(4999);
    expect(choicesOf(root, chosen).get("ml.cache")).toBe("some");
    expect(partRows(root, new Set(holdersIn(root)))).toHaveLength(5001);
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});

describe("the records of a long list", () => {
  const cut = { text: '[{"id":"ga', isWhole: false };
  const long = () =>
    partsOf(
      differenceOf([
        stateChange("/list", {
          kind: "list",
          list: listOf({ key: "id", dropped: 1, added: 2 }),
          before: cut,
          after: cut,
        }),
      ]),
    );

  it("are read when they are looked for", () => {
    const root = long();
    const list = part("ml.list", root);
    expect(list.isUnread).toBe(true);
    // It is not open before they are there.
    expect(partRows(root, new Set(["ml.list"])).map(({ isOpen }) => isOpen)).toEqual([false]);
    const now = '[{"id":"alpha"},{"id":"delta"}]';
    const then = '[{"id":"alpha"},{"id":"beta","big":12345678901234567890},{"id":"gamma"}]';
    expect(addRecords(list, now, then)).toBe(3);
    expect(list.parts.map(({ name, change }) => [name, change?.kind])).toEqual([
      ["[id=beta]", "added"],
      ["[id=gamma]", "added"],
      ["[id=delta]", "removed"],
    ]);
    expect(list.isUnread).toBe(false);
  });
});

describe("the backend in memory", () => {
  const now: Record<string, Tree> = { list: [{ id: "alpha", n: 1 }, { id: "delta" }], other: 1 };
  const then: Record<string, Tree> = {
    list: [{ id: "alpha", n: 0 }, { id: "gamma", n: 3 }, { id: "delta" }],
    other: 2,
  };
  const asked = (only: string[], except: string[] = []) => askedFor(now, then, { only, except });

  it("brings one record back to its place, and overwrites none", () => {
    expect(asked(["ml.list[id=gamma]"])).toEqual({
      list: [{ id: "alpha", n: 1 }, { id: "gamma", n: 3 }, { id: "delta" }],
      other: 1,
    });
  });

  it("takes exactly the record away that was not there", () => {
    const back = askedFor(then, now, { only: ["ml.list[id=gamma]"], except: [] });
    expect(back).toEqual({ ...then, list: [{ id: "alpha", n: 0 }, { id: "delta" }] });
  });

  it("lays what the keys of a difference name, one after the other, to the whole", () => {
    const { changes } = compareStates(now, then, exact);
    expect(asked(changes.map(keyOf))).toEqual(then);
    expect(asked([], ["ml.list"])).toEqual({ ...then, list: now.list ?? null });
  });
});
