import { readFileSync } from "node:fs";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { FlagStorage, FlagValidator, MLFeatureFlags } from "../ml/MLFeatureFlags.js";
import type { FlagsChanged, MLFeatureFlagsOptions } from "../ml/MLFeatureFlags.js";
import { Bus, FakeFlagdeck, document, problem, until } from "./support/server.js";

const url = "http://flagdeck.test";
const warn = vi.spyOn(console, "warn").mockReturnValue();
let flagdeck: FakeFlagdeck;
let open: MLFeatureFlags[];

beforeEach(() => {
  flagdeck = new FakeFlagdeck();
  open = [];
  warn.mockClear();
});

afterEach(() => {
  for (const flags of open) flags.close();
});

function make(options: MLFeatureFlagsOptions = {}): MLFeatureFlags {
  const flags = new MLFeatureFlags({
    fetch: flagdeck.fetch,
    flagdeck: { url, source: "shop" },
    storage: new MapStorage(),
    ...options,
  });
  open.push(flags);
  return flags;
}

class MapStorage {
  readonly texts = new Map<string, string>();
  getItem = (key: string): string | null => this.texts.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.texts.set(key, value);
}

interface Vector {
  user: string;
  global_hash: string;
  global_bucket: number;
  "ui.badges": { bucket: number };
  calculator: { bucket: number };
}

test("users are in the buckets of the shared vectors", () => {
  const file = new URL("../../tests/fixtures/bucketing.json", import.meta.url);
  const vectors = JSON.parse(readFileSync(file, "utf8")) as Vector[];
  const flags = make();
  for (const vector of vectors) {
    const user = vector.user === "'x' repeated 70000" ? "x".repeat(70000) : vector.user;
    expect(flags.hashUserId(user)).toBe(parseInt(vector.global_hash, 16));
    expect(flags.bucket(user)).toBe(vector.global_bucket);
    expect(flags.bucket(user, "ui.badges")).toBe(vector["ui.badges"].bucket);
    expect(flags.bucket(user, "calculator")).toBe(vector.calculator.bucket);
  }
  expect(vectors).toHaveLength(18);
});

test("half of a surrogate pair is hashed as the character that Flagdeck reads it as", () => {
  const flags = make();
  expect(flags.bucket("a\ud83d")).toBe(flags.bucket("a\ufffd"));
  expect(flags.bucket("\ude00b")).toBe(flags.bucket("\ufffdb"));
  expect(flags.bucket("\ud83d\ude00")).not.toBe(flags.bucket("\ufffd\ufffd"));
});

test("numbers are ids as they are written, and nothing is no id", () => {
  const flags = make();
  flags.flags.rollout.percentage = 50;
  for (const id of [0, 7, 12345678901234567890n]) {
    expect(flags.shouldShowForUser(id)).toBe(flags.shouldShowForUser(String(id)));
  }
  for (const id of ["", null, undefined]) expect(flags.shouldShowForUser(id)).toBe(false);
});

test("the document is loaded once, confirmed by its tag, and asked for by the client's name", async () => {
  const flags = make();
  expect(flags.flags.enabled).toBe(false);
  expect((await flags.load()).enabled).toBe(true);
  await flags.load();
  const [first, second] = flagdeck.asks("GET /api/ml/flags");
  expect(first?.path).toBe("/api/ml/flags?source=shop");
  expect(first?.headers.get("authorization")).toBeNull();
  expect(second?.headers.get("if-none-match")).toBe(flagdeck.etag);
  expect(flags.status).toMatchObject({ from: "flagdeck", revision: 7, isFresh: true, error: null });
  expect(flags.evaluate("tracker", { user: "a" })).toEqual({
    component: "tracker",
    value: true,
    reason: "full",
    bucket: null,
    revision: 7,
    isToggled: false,
  });
});

test("nothing that is no valid document replaces a good one", async () => {
  const flags = make();
  await flags.load();
  const bad = [
    "",
    "<html>",
    "null",
    "[]",
    '{"name":"package"}',
    '{"enabled":"yes"}',
    '{"enabled":true,"rollout":{"percentage":101}}',
  ];
  for (const text of bad) {
    flagdeck.answers.set(
      "GET /api/ml/flags",
      () => new Response(text, { headers: { ETag: '"x"' } }),
    );
    expect(await flags.load()).toEqual(document());
    expect(flags.status.from).toBe("cache");
    // The tag of a bad document does not confirm a good one.
    expect(flagdeck.asked.at(-1)?.headers.get("if-none-match")).not.toBe('"x"');
  }
  expect(warn).toHaveBeenCalledTimes(1);
  flagdeck.answers.clear();
  await flags.load();
  expect(flags.status).toMatchObject({ from: "flagdeck", error: null });
});

test("each outage is told once, by what Flagdeck says", async () => {
  const flags = make();
  const lose = async (): Promise<void> => {
    flagdeck.answers.set("GET /api/ml/flags", () => problem(400));
    await flags.load();
    await flags.load();
  };
  await lose();
  flagdeck.answers.clear();
  await flags.load();
  await lose();
  expect(warn).toHaveBeenCalledTimes(2);
  expect(String(warn.mock.calls[0]?.[1])).toContain("refused with 400");
});

test("without Flagdeck everything is off; with an earlier visit, as it was then", async () => {
  const storage = new MapStorage();
  flagdeck.isAway = true;
  const first = make({ storage });
  expect((await first.load()).enabled).toBe(false);
  expect(first.status).toMatchObject({ from: "default", isFresh: false, checkedAt: null });
  flagdeck.isAway = false;
  await first.load();
  flagdeck.isAway = true;
  const second = make({ storage });
  expect(await second.load()).toEqual(document());
  expect(second.status).toMatchObject({ from: "cache", revision: 7, isFresh: true });
  const stale = make({ storage, featureFlags: { cache: { ttl: 0 } } });
  expect(await stale.load()).toEqual(document());
  await until(() => !stale.status.isFresh);
  const uncached = make({ storage, featureFlags: { cache: { enabled: false } } });
  expect((await uncached.load()).enabled).toBe(false);
});

test("what an earlier visit kept of another address, or was damaged, does not count", async () => {
  const storage = new MapStorage();
  await make({ storage }).load();
  flagdeck.isAway = true;
  const elsewhere = make({ storage, featureFlags: { endpoint: "/other" } });
  expect((await elsewhere.load()).enabled).toBe(false);
  for (const text of ["{", "7", '{"document":{"enabled":7},"endpoint":"/api/ml/flags"}']) {
    storage.texts.set("flagdeck:flags:shop", text);
    expect((await make({ storage }).load()).enabled).toBe(false);
  }
});

test("a storage that is full or forbidden is replaced by memory", async () => {
  const forbidden = {
    getItem: () => {
      throw new Error("forbidden");
    },
    setItem: () => {
      throw new Error("full");
    },
  };
  const storage = new FlagStorage(forbidden);
  expect((await storage.loadLocal()).enabled).toBe(false);
  storage.saveLocal(document() as never);
  expect((await storage.loadLocal()).enabled).toBe(true);
  const flags = make({ storage: forbidden });
  await flags.load();
  flagdeck.isAway = true;
  expect((await flags.load()).enabled).toBe(true);
});

test("a storage of the application's own needs what the specification calls", async () => {
  const saved: unknown[] = [];
  const storage = {
    loadLocal: async () => Promise.resolve(document({ enabled: false }) as never),
    saveLocal: (flags: unknown) => void saved.push(flags),
  };
  flagdeck.isAway = true;
  const flags = make({ storage });
  expect(await flags.load()).toEqual(document({ enabled: false }));
  flags.toggle("tracker", false);
  expect(saved).toHaveLength(1);
});

test("a storage that fails does no harm", async () => {
  const reported = vi.fn();
  vi.stubGlobal("reportError", reported);
  const fail = (): never => {
    throw new Error("broken");
  };
  const storage = { loadLocal: async () => Promise.reject(new Error("broken")), saveLocal: fail };
  flagdeck.isAway = true;
  const flags = make({ storage });
  expect((await flags.load()).enabled).toBe(false);
  expect(flags.toggle("tracker", true).newValue).toBe(true);
  flagdeck.isAway = false;
  expect((await flags.load()).enabled).toBe(true);
  expect(flags.status).toMatchObject({ from: "flagdeck", error: null });
  expect(reported).toHaveBeenCalledTimes(2);
  vi.unstubAllGlobals();
});

test("what a page writes into its flags counts at once", () => {
  const flags = make();
  flags.flags.enabled = true;
  flags.flags.components = { a: { b: true }, c: false };
  expect(flags.isEnabled("a.b")).toBe(true);
  flags.flags.requires = { "a.b": ["c"] };
  expect(flags.isEnabled("a.b")).toBe(false);
  flags.flags.components["c"] = true;
  expect(flags.isEnabled("a.b")).toBe(true);
});

test("names that JavaScript reserves, groups and what is no name are not enabled", () => {
  const flags = make();
  flags.flags = document() as never;
  const names = ["__proto__", "constructor", "toString", "ui", "ui.badges.valueOf", "", ".", "ui."];
  for (const name of names) expect(flags.isEnabled(name), name).toBe(false);
  expect(flags.evaluate("ui").reason).toBe("unknown_component");
});

test("a component is toggled here, over Flagdeck's document, until that is cleared", async () => {
  const storage = new MapStorage();
  const bus = new Bus();
  const flags = make({ storage, eventBus: bus });
  const changes: FlagsChanged[] = [];
  flags.onChange((event) => changes.push(event));
  await flags.load();
  const event = flags.toggle("ui.dashboard", true);
  expect(event).toMatchObject({ component: "ui.dashboard", oldValue: false, newValue: true });
  expect(flags.isEnabled("ui.dashboard")).toBe(true);
  expect(flags.evaluate("ui.dashboard").isToggled).toBe(true);
  flagdeck.document = document({ components: { tracker: false, ui: { dashboard: false } } });
  await flags.load();
  expect(flags.isEnabled("ui.dashboard")).toBe(true);
  expect(flags.isEnabled("tracker")).toBe(false);
  const again = make({ storage });
  flagdeck.isAway = true;
  await again.load();
  expect(again.toggles).toEqual({ "ui.dashboard": true });
  expect(again.isEnabled("ui.dashboard")).toBe(true);
  again.clearToggles("ui.dashboard");
  expect(again.isEnabled("ui.dashboard")).toBe(false);
  expect(changes.map(({ cause }) => cause)).toEqual(["flagdeck", "toggle", "flagdeck"]);
  expect(changes[2]?.changes.map(({ component }) => component)).toEqual(["tracker", "ui.badges"]);
  expect(bus.of("ml:flags:changed")).toEqual(changes);
});

test("a toggle before the first load loses nothing that was kept", async () => {
  const storage = new MapStorage();
  const first = make({ storage });
  await first.load();
  first.toggle("tracker", false);
  flagdeck.isAway = true;
  const second = make({ storage });
  second.toggle("ui.badges", false);
  expect((await second.load()).enabled).toBe(true);
  expect(second.toggles).toEqual({ tracker: false, "ui.badges": false });
});

test("what is no component or no switch is refused, and changes nothing", () => {
  const flags = make();
  const toggle =
    (name: unknown, value: unknown = true) =>
    () =>
      flags.toggle(name as string, value as boolean);
  for (const name of ["ui", "tracker.x", "__proto__", "a.constructor", "", "a b", 7, undefined]) {
    expect(toggle(name), String(name)).toThrow(TypeError);
  }
  expect(toggle("tracker", "on")).toThrow(TypeError);
  expect(flags.toggles).toEqual({});
  expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
});

test("a listener that throws keeps no other from hearing", () => {
  const reported: unknown[] = [];
  vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
  const flags = make();
  const heard = vi.fn();
  flags.onChange(() => {
    throw new Error("a fault of the page");
  });
  const leave = flags.onChange(heard);
  flags.toggle("tracker", true);
  leave();
  flags.toggle("tracker", false);
  expect(heard).toHaveBeenCalledTimes(1);
  expect(reported).toHaveLength(2);
  vi.unstubAllGlobals();
});

test("the stream brings a change at once, and only what is new is fetched", async () => {
  const flags = make({ featureFlags: { refreshInterval: 1e9 }, flagdeck: { url, token: "t" } });
  await flags.load();
  flags.listen();
  flags.listen();
  await until(() => flags.status.isConnected);
  const [stream] = flagdeck.asks("GET /api/ml/flags/stream");
  expect(stream?.path).toBe("/api/ml/flags/stream?source=app");
  expect(stream?.headers.get("authorization")).toBe("Bearer t");
  flagdeck.send("flags", { etag: flagdeck.etag });
  flagdeck.document = document({ enabled: false });
  flagdeck.write(": heartbeat\n\nevent: flags\r\ndata: {}\r\n\r\n");
  await until(() => !flags.flags.enabled);
  // Before the stream, and for the second event.
  expect(flagdeck.asks("GET /api/ml/flags?")).toHaveLength(2);
  flags.close();
  await until(() => flagdeck.streams === 0);
});

test("a stream that ends is opened again, and what happened in between is seen", async () => {
  const flags = make({ featureFlags: { refreshInterval: 1e9 } }).listen();
  await until(() => flags.status.isConnected && flags.flags.enabled);
  flagdeck.document = document({ enabled: false });
  flagdeck.cut();
  await until(() => flagdeck.asks("GET /api/ml/flags/stream").length === 2);
  await until(() => flagdeck.streams === 1);
  flagdeck.send("flags", { etag: flagdeck.etag });
  await until(() => !flags.flags.enabled);
});

test("an event may come in pieces, and what is no event harms nothing", async () => {
  const flags = make({ featureFlags: { refreshInterval: 1e9 } }).listen();
  await until(() => flags.status.isConnected && flags.flags.enabled);
  flagdeck.document = document({ enabled: false });
  for (const piece of ["event: fl", "ags\nda", "ta: {no\n\n", "\n\n", "event: flags\ndata: {}\n"]) {
    flagdeck.write(piece);
  }
  flagdeck.write("\n");
  await until(() => !flags.flags.enabled);
  expect(flags.status.isConnected).toBe(true);
});

test("without a stream, the document is asked for in intervals", async () => {
  flagdeck.answers.set("GET /api/ml/flags/stream", () => problem(404));
  const flags = make({ featureFlags: { refreshInterval: 100 } });
  await flags.load();
  flags.listen();
  flagdeck.document = document({ enabled: false });
  await until(() => !flags.flags.enabled);
  expect(flags.status.isConnected).toBe(false);
  flags.close();
});

test("a token goes to Flagdeck alone", async () => {
  const flags = make({
    featureFlags: { endpoint: "http://elsewhere.test/flags" },
    flagdeck: { url, token: "secret" },
  });
  await flags.load();
  flags.listen();
  await until(() => flagdeck.asks("GET /flags/stream").length > 0);
  for (const { headers } of flagdeck.asked) expect(headers.get("authorization")).toBeNull();
});

test("a token that is refused is told once, and the flags come without it", async () => {
  flagdeck.answers.set("GET /api/ml/flags/stream", ({ headers }) => {
    if (headers.has("authorization")) return problem(401);
    flagdeck.answers.clear();
    return problem(503);
  });
  const flags = make({ flagdeck: { url, token: "wrong" } });
  await flags.load();
  flags.listen();
  await until(() => flags.status.isConnected);
  expect(warn).toHaveBeenCalledTimes(1);
});

test("modules of one page share a stream", async () => {
  const [first, second] = [make().listen(), make().listen()];
  await until(() => first.status.isConnected && second.status.isConnected);
  await until(() => flagdeck.streams === 1);
  first.close();
  flagdeck.document = document({ enabled: false });
  flagdeck.send("flags", {});
  await until(() => second.status.revision === 7 && !second.flags.enabled);
  second.close();
  await until(() => flagdeck.streams === 0);
});

test("the validator says where everything is that is wrong", () => {
  const validator = new FlagValidator();
  const problems = validator.problems({
    enabled: 1,
    components: { "9": true, a: null },
    rollout: { percentage: 0.0001, userGroups: [""], strategy: "x" },
    rollouts: { b: {} },
    requires: [],
    bucketing: "md5",
  });
  expect(problems.map(({ pointer }) => pointer)).toEqual([
    "/enabled",
    "/components/9",
    "/components/a",
    "/rollout/percentage",
    "/rollout/userGroups/0",
    "/rollout/strategy",
    "/rollouts/b",
    "/rollouts/b/percentage",
    "/requires",
    "/bucketing",
  ]);
  expect(() => validator.validate({})).toThrow(/enabled, components or rollout/);
});

test("a chain of ten thousand requirements is walked, and a cycle in it is refused", () => {
  const names = Array.from({ length: 10000 }, (_, i) => `c${i}`);
  const components = Object.fromEntries(names.map((name) => [name, true]));
  const requires = Object.fromEntries(names.slice(1).map((name, i) => [name, [`c${i}`]]));
  const validator = new FlagValidator();
  const flags = make();
  flags.flags = validator.validate(document({ components, requires }));
  expect(flags.evaluate("c9999", { user: "a" }).value).toBe(true);
  flags.flags.components["c0"] = false;
  expect(flags.evaluate("c9999")).toMatchObject({ value: false, failingPrerequisite: "c0" });
  expect(flags.isEnabled("c9999")).toBe(false);
  const cycle = document({ components, requires: { ...requires, c0: ["c9999"] } });
  expect(validator.problems(cycle)).toHaveLength(1);
  const many = { ...components, one: true };
  expect(validator.problems(document({ components: many }))).toHaveLength(1);
});
