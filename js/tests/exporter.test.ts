import { spawnSync } from "node:child_process";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { MLOptions } from "../ml/MLConfig.js";
import { Counter, Gauge, Histogram, PrometheusExporter } from "../ml/PrometheusExporter.js";
import { Bus, FakeFlagdeck, problem, until } from "./support/server.js";

const warn = vi.spyOn(console, "warn").mockReturnValue();
let flagdeck: FakeFlagdeck;
let bus: Bus;
let open: PrometheusExporter[];

beforeEach(() => {
  flagdeck = new FakeFlagdeck();
  bus = new Bus();
  open = [];
  warn.mockClear();
});

afterEach(async () => {
  flagdeck.answers.clear();
  flagdeck.isAway = false;
  for (const exporter of open) await exporter.close();
  vi.unstubAllGlobals();
});

function make(options: MLOptions = {}): PrometheusExporter {
  const exporter = new PrometheusExporter({
    eventBus: bus,
    fetch: flagdeck.fetch,
    flagdeck: { url: "http://flagdeck.test", source: "shop", token: "t" },
    metrics: { interval: 0 },
    ...options,
  });
  open.push(exporter);
  return exporter;
}

const complete = { duration: 0.25, confidence: 0.5, iterations: 7 };

const posts = (): { events: Record<string, unknown>[]; key: string | null; keepalive: boolean }[] =>
  flagdeck.asks("POST /api/ml/events").map(({ body, headers, keepalive }) => ({
    events: body as Record<string, unknown>[],
    key: headers.get("idempotency-key"),
    keepalive,
  }));

const promtool = (text: string): { status: number | null; said: string } => {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text });
  return { status, said: `${String(stdout)}${String(stderr)}` };
};

test("what is exported is text that promtool accepts", async () => {
  const exporter = make();
  expect(promtool(await exporter.export())).toEqual({ status: 0, said: "" });
  for (let i = 0; i < 20; i++) bus.emit("ml:calculation:complete", { ...complete, duration: i });
  bus.emit("ml:calculation:error", {});
  bus.emit("ml:flags:changed", { cause: "toggle" });
  bus.emit("ml:flags:changed", { cause: "flagdeck" });
  exporter.metrics.ml_memory_usage_bytes.set(Infinity);
  const text = await exporter.export();
  expect(promtool(text)).toEqual({ status: 0, said: "" });
  for (const line of [
    "# TYPE ml_calculations_total counter",
    "ml_calculations_total 20",
    "ml_errors_total 1",
    "ml_confidence_current 0.5",
    "ml_memory_usage_bytes +Inf",
    'ml_calculation_duration_seconds_bucket{le="0.001"} 1',
    'ml_calculation_duration_seconds_bucket{le="5.0"} 6',
    'ml_calculation_duration_seconds_bucket{le="+Inf"} 20',
    "ml_calculation_duration_seconds_sum 190",
    "ml_calculation_duration_seconds_count 20",
    'ml_convergence_iterations_bucket{le="10.0"} 20',
    "ml_feature_flag_toggles 1",
    "ml_feature_flag_toggles_total 1",
  ]) {
    expect(text.split("\n"), line).toContain(line);
  }
});

test("a counter only grows, and a histogram takes numbers", () => {
  const [counter, gauge] = [new Counter("a_total"), new Gauge("b", { help: "B" })];
  const histogram = new Histogram("c", { buckets: [5, 1] });
  counter.inc();
  counter.inc(0.5);
  for (const by of [-1, NaN, Infinity]) expect(() => counter.inc(by)).toThrow(RangeError);
  for (const value of [NaN, Infinity, "1"]) {
    expect(() => histogram.observe(value as number)).toThrow(RangeError);
  }
  gauge.set(3);
  gauge.dec();
  gauge.inc(5);
  for (const value of [1, 2, 9]) histogram.observe(value);
  expect(counter.serialize()).toBe("a_total 1.5");
  expect(gauge.serialize()).toBe("b 7");
  expect(histogram.serialize()).toBe(
    'c_bucket{le="1.0"} 1\nc_bucket{le="5.0"} 2\nc_bucket{le="+Inf"} 3\nc_sum 12\nc_count 3',
  );
});

test("events go out together, with the time they happened and a key of their batch", async () => {
  const exporter = make({ metrics: { interval: 50 } });
  const more = { component: "ui.badges", user: "u", groups: ["beta"], exposed: true };
  const before = Date.now();
  bus.emit("ml:calculation:complete", { ...complete, ...more, secret: "kept here" });
  bus.emit("ml:calculation:error", { component: "ui.badges", user: 42 });
  exporter.report("ml:usage", null as never);
  await until(() => exporter.status.sent === 3);
  const [post, ...others] = posts();
  expect(others).toEqual([]);
  expect(post?.key).toMatch(/^[\w-]{20,128}$/);
  const [first, ...rest] = post?.events ?? [];
  const { timestamp, ...event } = first ?? {};
  expect(timestamp).toBeGreaterThanOrEqual(before);
  expect(event).toEqual({ type: "ml:calculation:complete", source: "shop", ...complete, ...more });
  expect(rest.map(({ type }) => type)).toEqual(["ml:calculation:error", "ml:usage"]);
  expect(rest[0]?.["user"]).toBe("42");
  expect(flagdeck.asked[0]?.headers.get("authorization")).toBe("Bearer t");
});

test("what Flagdeck would refuse is counted and not sent", async () => {
  const exporter = make();
  const bad = [
    {},
    { ...complete, duration: -1 },
    { ...complete, confidence: 1.1 },
    undefined,
    null,
  ];
  for (const data of bad) bus.emit("ml:calculation:complete", data);
  bus.emit("ml:calculation:complete", { ...complete, iterations: 1.5 });
  expect(exporter.status).toMatchObject({ rejected: 6, waiting: 0 });
  expect(exporter.metrics.ml_calculations_total.value).toBe(6);
  expect(Number.isFinite(exporter.metrics.ml_calculation_duration_seconds.sum)).toBe(true);
  expect(() => exporter.report("ml:other" as "ml:usage", {})).toThrow(TypeError);
  await exporter.flush();
  expect(posts()).toEqual([]);
  expect(promtool(await exporter.export()).status).toBe(0);
});

test("nothing is lost while Flagdeck is away, up to the size of the queue", async () => {
  flagdeck.isAway = true;
  const exporter = make({ metrics: { interval: 0, bufferSize: 10 } });
  for (let i = 0; i < 4; i++) bus.emit("ml:calculation:complete", { ...complete, iterations: i });
  await until(() => posts().length > 0);
  for (let i = 4; i < 14; i++) bus.emit("ml:calculation:complete", { ...complete, iterations: i });
  expect(exporter.status).toMatchObject({ waiting: 10, dropped: 4, sent: 0 });
  flagdeck.isAway = false;
  await exporter.flush();
  expect(exporter.status).toMatchObject({ waiting: 0, sent: 10 });
  const tried = posts();
  const keys = new Set(tried.map(({ key }) => key));
  const arrived = [...keys].flatMap((key) => tried.find((post) => post.key === key)?.events ?? []);
  // The batch under way is kept; what waited behind it made room, the oldest first.
  expect(arrived.map(({ iterations }) => iterations)).toEqual([0, 1, 2, 3, 8, 9, 10, 11, 12, 13]);
  expect(warn).not.toHaveBeenCalled();
});

test("a batch without an answer is sent again under its key, unchanged", async () => {
  const exporter = make();
  const failures = [() => problem(500), () => problem(503), () => Promise.reject(new TypeError())];
  flagdeck.answers.set("POST /api/ml/events", () => {
    const failure = failures.shift();
    return failure ? failure() : Response.json({ accepted: 1, rejected: 0 });
  });
  exporter.report("ml:usage", {});
  await until(() => exporter.status.sent === 1);
  const tried = posts();
  expect(tried).toHaveLength(4);
  expect(new Set(tried.map(({ key, events }) => JSON.stringify([key, events]))).size).toBe(1);
});

test("Flagdeck says when to come again", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  try {
    const exporter = make();
    flagdeck.answers.set("POST /api/ml/events", () => problem(429, { "Retry-After": "100" }));
    exporter.report("ml:usage", {});
    vi.advanceTimersByTime(1);
    // Its next attempt is what the courier waits for then.
    await until(() => posts().length === 1 && vi.getTimerCount() === 1);
    flagdeck.answers.clear();
    exporter.report("ml:usage", {});
    vi.advanceTimersByTime(99_000);
    expect(posts()).toHaveLength(1);
    vi.advanceTimersByTime(2_000);
    await until(() => exporter.status.sent === 2);
  } finally {
    vi.useRealTimers();
  }
});

test("a batch that is refused for good is told, and does not block what is behind it", async () => {
  const exporter = make();
  flagdeck.answers.set("POST /api/ml/events", () => {
    flagdeck.answers.clear();
    return problem(413);
  });
  exporter.report("ml:usage", {});
  await until(() => exporter.status.rejected === 1);
  exporter.report("ml:usage", {});
  await until(() => exporter.status.sent === 1);
  expect(warn).toHaveBeenCalledTimes(1);
});

test("single events that Flagdeck rejects are counted", async () => {
  const exporter = make();
  flagdeck.answers.set("POST", () => Response.json({ accepted: 1, rejected: 1 }));
  exporter.report("ml:usage", {});
  exporter.report("ml:calculation:error", { component: "no name" });
  await exporter.flush();
  expect(exporter.status).toMatchObject({ sent: 1, rejected: 1, waiting: 0 });
});

test("without a token nothing is sent, and the metrics are there all the same", async () => {
  const exporter = make({ flagdeck: { url: "http://flagdeck.test" } });
  bus.emit("ml:calculation:complete", complete);
  await exporter.flush();
  expect(flagdeck.asked).toEqual([]);
  expect(exporter.metrics.ml_calculations_total.value).toBe(1);
  expect(warn).not.toHaveBeenCalled();
});

test("a refused token is told once and not tried again", async () => {
  const exporter = make();
  flagdeck.answers.set("POST", () => problem(401));
  exporter.report("ml:usage", {});
  await until(() => warn.mock.calls.length === 1);
  exporter.report("ml:usage", {});
  await exporter.flush();
  expect(posts()).toHaveLength(1);
  expect(exporter.status.waiting).toBe(2);
});

test("metrics that are turned off collect and send nothing", async () => {
  const exporter = make({ metrics: { enabled: false } });
  bus.emit("ml:calculation:complete", complete);
  exporter.report("ml:usage", {});
  expect(exporter.status.waiting).toBe(0);
  expect(exporter.metrics.ml_calculations_total.value).toBe(0);
  await exporter.flush();
  expect(flagdeck.asked).toEqual([]);
});

/** A page that can be left. */
function page(): { leave: () => void; hide: () => void } {
  const [window, document] = [new EventTarget(), new EventTarget()];
  const shown = Object.assign(document, { hidden: false, visibilityState: "visible" });
  vi.stubGlobal("document", shown);
  vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
  vi.stubGlobal("removeEventListener", window.removeEventListener.bind(window));
  return {
    leave: () => void window.dispatchEvent(new Event("pagehide")),
    hide: () => {
      shown.hidden = true;
      document.dispatchEvent(new Event("visibilitychange"));
    },
  };
}

test("what waits when the page is left is sent at once, up to 64 KiB", async () => {
  const { leave, hide } = page();
  const exporter = make({ metrics: { interval: 1e6, bufferSize: 1e6 } });
  const user = "ü".repeat(1000);
  for (let i = 0; i < 10; i++) exporter.report("ml:calculation:error", { user });
  hide();
  await until(() => exporter.status.sent === 10);
  for (let i = 0; i < 100; i++) exporter.report("ml:calculation:error", { user });
  leave();
  // A page that is gone waits for nothing.
  const [, last, ...others] = posts();
  expect(others).toEqual([]);
  expect(last?.keepalive).toBe(true);
  const bytes = new TextEncoder().encode(JSON.stringify(last?.events)).length;
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(64 * 1024);
  await until(() => exporter.status.sent > 10);
  expect(exporter.status.waiting).toBe(100 - (last?.events.length ?? 0));
});

test("a batch under way when the page is left goes again under its key, with what is behind", async () => {
  const { leave } = page();
  const exporter = make();
  let answer: (response: Response) => void = () => undefined;
  flagdeck.answers.set("POST", () => new Promise((resolve) => (answer = resolve)));
  exporter.report("ml:usage", {});
  await until(() => posts().length === 1);
  exporter.report("ml:calculation:error", {});
  flagdeck.answers.clear();
  leave();
  leave();
  const [first, again, behind, ...others] = posts();
  expect(others).toEqual([]);
  expect(again).toEqual({ ...first, keepalive: true });
  expect(behind?.events).toMatchObject([{ type: "ml:calculation:error" }]);
  await until(() => exporter.status.sent === 2);
  answer(Response.json({ accepted: 1, rejected: 0 }));
  await exporter.flush();
  expect(exporter.status).toMatchObject({ sent: 2, waiting: 0 });
});

test("memory is measured if the browser tells it", () => {
  vi.useFakeTimers();
  vi.stubGlobal("performance", { memory: { usedJSHeapSize: 12345 } });
  try {
    const exporter = make({ metrics: { interval: 1e6 } });
    vi.advanceTimersByTime(10_001);
    expect(exporter.metrics.ml_memory_usage_bytes.value).toBe(12345);
    expect(exporter.status.waiting).toBe(2);
    vi.stubGlobal("performance", {});
    vi.advanceTimersByTime(10_000);
    expect(exporter.status.waiting).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});

test("an exporter that is closed hears and sends no more", async () => {
  const exporter = make({ metrics: { interval: 1e6 } });
  exporter.report("ml:usage", {});
  await exporter.close();
  expect(exporter.status.sent).toBe(1);
  bus.emit("ml:calculation:complete", complete);
  expect(exporter.metrics.ml_calculations_total.value).toBe(0);
});

test("an application without an event bus reports by itself", async () => {
  const exporter = new PrometheusExporter();
  exporter.report("ml:calculation:complete", complete);
  expect(await exporter.export()).toContain("ml_calculations_total 1\n");
  await exporter.close();
});
