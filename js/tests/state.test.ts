import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { MLOptions } from "../ml/MLConfig.js";
import { MLStateExtension } from "../ml/MLStateExtension.js";
import type { ApplicationState, ExtendedState } from "../ml/MLStateExtension.js";
import { Bus, FakeFlagdeck, problem, until } from "./support/server.js";

const warn = vi.spyOn(console, "warn").mockReturnValue();
let flagdeck: FakeFlagdeck;
let bus: Bus;
let open: ApplicationState[];

beforeEach(() => {
  flagdeck = new FakeFlagdeck();
  bus = new Bus();
  open = [];
  warn.mockClear();
});

afterEach(async () => {
  flagdeck.isAway = false;
  for (const state of open) await MLStateExtension.close(state);
});

function extend<State extends ApplicationState & object>(
  state: State,
  options: MLOptions = {},
): Omit<State, keyof ExtendedState> & ExtendedState {
  open.push(state);
  return MLStateExtension.extend(state, { eventBus: bus, fetch: flagdeck.fetch, ...options });
}

const reporting: MLOptions = {
  flagdeck: { url: "http://flagdeck.test", source: "my shop", token: "t" },
};

class Store {
  readonly #values = new Map<string, unknown>();

  get(key: string): unknown {
    return this.#values.get(key);
  }

  set(key: string, value: unknown): number {
    this.#values.set(key, value);
    return this.#values.size;
  }
}

const keys = (state: object): string[] => {
  const found: string[] = [];
  for (const key in state) found.push(key);
  return found;
};

test("outside of ml. the state is what it was", () => {
  const plain = { get: vi.fn(() => 7), set: vi.fn(() => "set"), other: 1 };
  const before = { keys: keys(plain), json: JSON.stringify(plain), get: plain.get };
  const { set } = plain;
  const state = extend(plain);
  expect(state).toBe(plain);
  expect(keys(state)).toEqual(before.keys);
  expect(JSON.stringify({ ...state })).toBe(before.json);
  expect(state.get).toBe(before.get);
  expect(state.set.name).toBe(set.name);
  expect(state.set.length).toBe(set.length);
  const values = ["existingKey", { a: 1 }, "more"] as const;
  expect((state.set as (...all: unknown[]) => unknown)(...values)).toBe("set");
  expect(set).toHaveBeenCalledExactlyOnceWith(...values);
  expect(set.mock.contexts[0]).toBe(state);
  expect(plain.get).not.toHaveBeenCalled();
  expect(state.ml.history).toEqual([]);
  expect(bus.emitted).toEqual([]);
});

test("what is no text is a key of the state's own", () => {
  const set = vi.fn();
  const state = extend({ set });
  const odd = [
    undefined,
    null,
    7,
    Symbol("ml."),
    { startsWith: () => true },
    "ml",
    "mlx.a",
    "ML.a",
  ];
  for (const key of odd) state.set(key, 1);
  expect(set).toHaveBeenCalledTimes(odd.length);
  expect(state.ml.history).toEqual([]);
});

test("a method of a class stays one, and finds its own state", () => {
  const store = new Store();
  const state = extend(store);
  expect(state.set("a", 1)).toBe(1);
  expect(state.set("ml.a.b", 2)).toBe(2);
  expect(store.get("ml.a.b")).toBe(2);
  expect(keys(store)).toEqual([]);
  expect(state.ml["a"]).toEqual({ b: 2 });
});

test("one change is one entry, however often a state is extended", () => {
  const store = new Store();
  const state = extend(store);
  expect(extend(store)).toBe(state);
  state.set("ml.n", 1);
  state.set("ml.n", 2);
  expect(state.ml.history).toMatchObject([
    { key: "ml.n", newValue: 1 },
    { key: "ml.n", oldValue: 1, newValue: 2 },
  ]);
  expect(state.ml.history[0]).not.toHaveProperty("oldValue");
  expect(bus.of("ml:state:changed")).toHaveLength(2);
  expect(state.ml.history[0]?.source).toContain("state.test.ts");
  expect(state.ml.history[0]?.source).not.toContain("MLStateExtension");
});

test("a set that is replaced afterwards is recorded once, if it calls the one before", () => {
  const store = new Store();
  const state = extend(store);
  const { set } = state;
  state.set = function (key, value) {
    return set.call(this, key, value);
  };
  state.set("ml.a", 1);
  expect(state.ml.history).toHaveLength(1);
  extend(store);
  state.set("ml.a", 2);
  expect(state.ml.history).toHaveLength(2);
  state.set = () => 0;
  extend(store);
  state.set("ml.a", 3);
  expect(state.ml.history).toHaveLength(3);
});

test("a state that throws throws the same, and nothing is recorded", () => {
  const error = new Error("full");
  const state = extend({
    get: () => {
      throw error;
    },
    set: (key: string, _value: unknown) => {
      if (key !== "ml.ok") throw error;
    },
  });
  for (const key of ["other", "ml.a"]) expect(() => state.set(key, 1)).toThrow(error);
  expect(state.ml.history).toEqual([]);
  state.set("ml.ok", 1);
  expect(state.ml.history).toHaveLength(1);
  expect(state.mlSnapshot().files).toBe(0);
});

test("a state that is asynchronous is recorded when it has changed", async () => {
  const values = new Map<string, unknown>();
  const state = extend({
    get: async (key: string) => Promise.resolve(values.get(key)),
    set: async (key: string, value: unknown) => {
      await Promise.resolve();
      if (value === "bad") throw new Error("refused");
      values.set(key, value);
      return "done";
    },
  });
  const setting = state.set("ml.a", 1);
  expect(state.ml.history).toEqual([]);
  expect(await setting).toBe("done");
  await expect(state.set("ml.a", "bad")).rejects.toThrow("refused");
  await state.set("ml.a", 2);
  expect(state.ml.history).toMatchObject([{ newValue: 1 }, { oldValue: 1, newValue: 2 }]);
  expect(state.ml.history[0]?.source).toContain("state.test.ts");
});

test("a state that cannot be changed stays so, and an object stands for it", () => {
  const seal = (state: Store): Store => Object.seal(state);
  const fix = (state: Store): Store =>
    Object.defineProperty(state, "set", {
      value: (...all: [string, unknown]) => Store.prototype.set.apply(state, all),
    });
  for (const close of [(state: Store) => Object.freeze(state), seal, fix]) {
    const store = close(new Store());
    const before = Object.getOwnPropertyNames(store);
    const state = extend(store);
    expect(state).not.toBe(store);
    state.set("other", 1);
    state.set("ml.a", 2);
    expect(store.get("other")).toBe(1);
    expect(state.get("ml.a")).toBe(2);
    expect(state.ml.history).toHaveLength(1);
    expect(Object.getOwnPropertyNames(store)).toEqual(before);
    expect(extend(store)).toBe(state);
    expect(extend(state)).toBe(state);
    MLStateExtension.trackChange("ml.b", 1, 2, store);
    expect(state.ml.history).toHaveLength(2);
  }
});

test("what a state has under ml already stays, as it is", () => {
  const ml = { n: 1, history: [] };
  const state = extend({ ml, set: vi.fn() });
  expect(state.ml).toBe(ml);
  expect(state.ml).toMatchObject({ n: 1, version: "6.0.0", cache: new Map() });
  expect(keys(state)).toContain("ml");
  expect(extend({ ml: Object.freeze({ n: 1 }) }).ml).toMatchObject({ n: 1, flags: {} });
});

test("keys are read as Flagdeck reads them", () => {
  const state = extend(new Store());
  state.ml["versions"] = { "v1.2": 1, list: [1, 2] };
  state.set("ml.versions.v1.2", 2);
  state.set("ml.versions.list.2", 3);
  state.set("ml.versions.new.deep", true);
  state.set("ml.gone", 1);
  state.set("ml.gone", undefined);
  state.set("ml.versions.v1.2.x", "in a number");
  expect(state.ml["versions"]).toEqual({ "v1.2": 2, list: [1, 2, 3], new: { deep: true } });
  expect(state.ml).not.toHaveProperty("gone");
  state.set("ml.__proto__.polluted", 1);
  state.set("ml.a.constructor.prototype.polluted", 1);
  state.set(`ml.${"a.".repeat(5000)}b`, 1);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  state.ml["frozen"] = Object.freeze({ a: 1 });
  state.set("ml.frozen.a", 2);
  expect(state.ml["frozen"]).toEqual({ a: 1 });
});

test("the ring keeps the latest hundred, and of large values the beginning", () => {
  const state = extend(new Store());
  for (let i = 0; i < 150; i++) state.set(`ml.k${i}`, "x".repeat(100_000));
  const { history } = state.ml;
  expect(history).toHaveLength(100);
  expect(history[0]?.key).toBe("ml.k50");
  expect(history[0]?.newValue).toEqual({ excerpt: `"${"x".repeat(199)}`, bytes: 100_002 });
  expect(JSON.stringify(history).length).toBeLessThan(400_000);
  const few = extend(new Store(), { state: { maxHistorySize: 3 } });
  for (let i = 0; i < 10; i++) few.set("ml.n", i);
  expect(few.ml.history.map(({ newValue }) => newValue)).toEqual([7, 8, 9]);
});

test("a value that is changed afterwards stays in the ring as it was set", () => {
  const state = extend(new Store());
  const value = { n: 1 };
  state.set("ml.value", value);
  value.n = 2;
  state.set("ml.value", value);
  expect(state.ml.history[0]?.newValue).toEqual({ n: 1 });
  const odd: unknown[] = [1n, () => 1, Symbol("s"), NaN];
  const circle: unknown[] = [];
  circle.push(circle);
  for (const one of [...odd, circle]) state.set("ml.odd", one);
  expect(state.ml.history).toHaveLength(7);
});

test("a snapshot is a copy, and a restore puts a copy in its place", () => {
  const store = new Store();
  const state = extend(store);
  store.set("files", [1, 2, 3]);
  state.set("ml.a", { deep: 1 });
  state.ml.cache.set("k", 1);
  const snapshot = state.mlSnapshot();
  expect(snapshot.files).toBe(3);
  state.set("ml.a", { deep: 2 });
  state.set("ml.b", 1);
  state.mlRestore(snapshot);
  expect(state.ml["a"]).toEqual({ deep: 1 });
  expect(state.ml["a"]).not.toBe(snapshot.ml["a"]);
  expect(state.ml.cache).toBeInstanceOf(Map);
  // The state's own functions say what was restored.
  expect(state.get("ml.a")).toEqual({ deep: 1 });
  expect(state.get("ml.b")).toBeUndefined();
  expect(bus.of("ml:state:restored")).toEqual([snapshot]);
  const { length } = state.ml.history;
  state.set("ml.c", 1);
  expect(state.ml.history).toHaveLength(length + 1);
  expect(() => state.mlRestore({ ml: undefined as never })).toThrow();
});

const puts = (): unknown[] => flagdeck.asks("PUT").map(({ body }) => body);

const changes = (): Record<string, unknown>[] =>
  flagdeck.asks("POST").flatMap(({ body }) => body as Record<string, unknown>[]);

test("the whole state comes first, and then what changes", async () => {
  const store = new Store();
  store.set("files", [1]);
  const state = extend(store, reporting);
  state.set("ml.early", 1);
  await until(() => puts().length === 1);
  expect(flagdeck.asked[0]?.path).toBe("/api/ml/flags/stream?source=my+shop");
  expect(flagdeck.asks("PUT")[0]?.path).toBe("/api/ml/state/my%20shop");
  expect(puts()[0]).toMatchObject({ ml: { version: "6.0.0", early: 1, cache: {} }, files: 1 });
  expect(puts()[0]).not.toHaveProperty("ml.history");
  state.set("ml.big", "x".repeat(10_000));
  state.set("ml.big", undefined);
  await until(() => changes().length === 3);
  expect(changes()).toMatchObject([
    { key: "ml.early", newValue: 1 },
    { key: "ml.big", newValue: "x".repeat(10_000) },
    { key: "ml.big", oldValue: { bytes: 10_002 } },
  ]);
  expect(changes()[2]).not.toHaveProperty("newValue");
  expect(puts()).toHaveLength(1);
});

test("a change that is made while others are under way is not lost", async () => {
  const state = extend(new Store(), reporting);
  await until(() => puts().length === 1);
  const answers: ((response: Response) => void)[] = [];
  flagdeck.answers.set("POST", () => new Promise((resolve) => answers.push(resolve)));
  state.set("ml.a", 1);
  await until(() => answers.length === 1);
  flagdeck.answers.clear();
  state.set("ml.b", 2);
  answers[0]?.(Response.json({ accepted: 1, rejected: 0 }));
  await until(() => changes().length === 2);
  expect(changes().map(({ key }) => key)).toEqual(["ml.a", "ml.b"]);
});

test("a restore is taken in after what was not reported yet, and confirmed", async () => {
  const state = extend(new Store(), reporting);
  await until(() => puts().length === 1);
  const href = "/api/ml/state/my%20shop/restores/7";
  const asked = { timestamp: 1, ml: { restored: true }, files: 0 };
  flagdeck.answers.set(`GET ${href}`, () => Response.json(asked));
  state.set("ml.late", 1);
  flagdeck.send("ml:state:restored", { source: "another", restore: 6, href: "/x" });
  flagdeck.send("ml:state:restored", { source: "my shop", restore: 7, href });
  await until(() => puts().length === 2);
  expect(state.ml["restored"]).toBe(true);
  expect(state.ml).not.toHaveProperty("late");
  const order = flagdeck.asked.map(({ method, headers }) => [method, headers.get("ml-restore")]);
  expect(order.slice(2)).toEqual([
    ["POST", null],
    ["GET", null],
    ["PUT", "7"],
  ]);
});

test("a restore waits for the whole state if that is still to be reported", async () => {
  const state = extend(new Store(), reporting);
  await until(() => puts().length === 1);
  flagdeck.answers.set("GET /asked", () => Response.json({ timestamp: 1, ml: {}, files: 0 }));
  flagdeck.answers.set("POST", () => Response.json({ accepted: 0, rejected: 1 }));
  const { length } = flagdeck.asked;
  state.set("ml.a", 1);
  flagdeck.send("ml:state:restored", { source: "my shop", restore: 7, href: "/asked" });
  await until(() => puts().length === 3);
  expect(puts()[1]).toMatchObject({ ml: { a: 1 } });
  const order = flagdeck.asked
    .slice(length)
    .map(({ method, headers }) => [method, headers.get("ml-restore")]);
  expect(order).toEqual([
    ["POST", null],
    ["PUT", null],
    ["GET", null],
    ["PUT", "7"],
  ]);
});

test("a restore that was cancelled is left alone", async () => {
  extend(new Store(), reporting);
  await until(() => puts().length === 1);
  flagdeck.answers.set("GET /gone", () => problem(410));
  flagdeck.send("ml:state:restored", { source: "my shop", restore: 7, href: "/gone" });
  await until(() => flagdeck.asks("GET /gone").length === 1);
  expect(bus.of("ml:state:restored")).toEqual([]);
  expect(puts()).toHaveLength(1);
});

test("a restore that is damaged, or whose state is, is left, and the state reported whole", async () => {
  extend(new Store(), reporting);
  await until(() => puts().length === 1);
  const damaged = { detail: "damaged", code: "state_damaged" };
  flagdeck.answers.set("GET /damaged", () => Response.json(damaged, { status: 500 }));
  flagdeck.send("ml:state:restored", { source: "my shop", restore: 7, href: "/damaged" });
  await until(() => puts().length === 2);
  expect(flagdeck.asks("GET /damaged")).toHaveLength(1);
  expect(flagdeck.asks("PUT")[1]?.headers.get("ml-restore")).toBeNull();
  expect(bus.of("ml:state:restored")).toEqual([]);
});

test("without a token nothing is sent, and with a late one everything is", async () => {
  const flagdeckOptions = { url: "http://flagdeck.test", source: "late", token: "" };
  const state = extend(new Store(), { flagdeck: flagdeckOptions });
  state.set("ml.a", 1);
  expect(flagdeck.asked).toEqual([]);
  flagdeckOptions.token = "t";
  state.set("ml.b", 2);
  await until(() => puts().length === 1);
  expect(puts()[0]).toMatchObject({ ml: { a: 1, b: 2 } });
  const off = extend(new Store(), { ...reporting, state: { persistML: false } });
  off.set("ml.a", 1);
  expect(off.ml.history).toHaveLength(1);
});

test("changes wait for Flagdeck, and too many of them become one whole report", async () => {
  const state = extend(new Store(), reporting);
  await until(() => puts().length === 1);
  flagdeck.isAway = true;
  flagdeck.cut();
  for (let i = 0; i < 30; i++) state.set("ml.n", i);
  flagdeck.isAway = false;
  await until(() => changes().length >= 30);
  expect(changes().at(-1)).toMatchObject({ newValue: 29 });
  await until(() => flagdeck.streams === 1 && puts().length >= 2);
  const { length } = flagdeck.asks("POST");
  flagdeck.isAway = true;
  flagdeck.cut();
  for (let i = 0; i < 1500; i++) state.set("ml.n", -i);
  flagdeck.isAway = false;
  const last = (): unknown => puts().at(-1);
  await until(() => JSON.stringify(last()).includes('"n":-1499'));
  expect(
    flagdeck
      .asks("POST")
      .slice(length)
      .flatMap(({ body }) => body as unknown[]).length,
  ).toBeLessThan(1001);
});

test("a state that Flagdeck refuses is told once", async () => {
  flagdeck.answers.set("PUT", () => problem(413));
  const state = extend(new Store(), reporting);
  await until(() => warn.mock.calls.length === 1);
  state.mlRestore(state.mlSnapshot());
  state.set("ml.a", 1);
  await until(() => changes().length === 1);
  expect(warn).toHaveBeenCalledTimes(1);
  const circle: Record<string, unknown> = {};
  circle["circle"] = circle;
  state.ml["circle"] = circle;
  state.set("ml.b", 1);
  await until(() => changes().length === 2);
});

test("changes that Flagdeck could not apply are followed by the whole state", async () => {
  const state = extend(new Store(), reporting);
  await until(() => puts().length === 1);
  flagdeck.answers.set("POST", () => Response.json({ accepted: 0, rejected: 1 }));
  state.set("ml.a", 1);
  await until(() => puts().length === 2);
  expect(puts()[1]).toMatchObject({ ml: { a: 1 } });
});

test("KC.AppState is what is extended if nothing else is named", () => {
  const store = new Store();
  vi.stubGlobal("KC", { AppState: store, EventBus: bus });
  const state = MLStateExtension.extend() as unknown as Store & ExtendedState;
  state.set("ml.a", 1);
  MLStateExtension.trackChange("ml.b", 1, 2);
  expect(state.ml.history.map(({ key }) => key)).toEqual(["ml.a", "ml.b"]);
  expect(bus.of("ml:state:changed")).toHaveLength(2);
  vi.unstubAllGlobals();
});
