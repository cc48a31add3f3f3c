import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { MLConfiguration } from "../ml/MLConfig.js";
import { FakeFlagdeck, until } from "./support/server.js";

const warn = vi.spyOn(console, "warn").mockReturnValue();

beforeEach(() => {
  vi.resetModules();
  warn.mockClear();
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

/** Loads the configuration as at the start of a page. */
async function load(): Promise<MLConfiguration> {
  return (await import("../ml/MLConfig.js")).default;
}

test("every key of the specification has its default", async () => {
  vi.stubGlobal("navigator", { hardwareConcurrency: 8 });
  expect(await load()).toEqual({
    featureFlags: {
      endpoint: "/api/ml/flags",
      refreshInterval: 60_000,
      cache: { enabled: true, ttl: 300_000 },
    },
    metrics: {
      enabled: true,
      endpoint: "/metrics",
      pushGateway: undefined,
      interval: 10_000,
      bufferSize: 1000,
    },
    state: {
      persistML: true,
      compressionEnabled: true,
      maxHistorySize: 100,
      snapshotInterval: 300_000,
    },
    performance: { maxMemoryMB: 100, maxCalculationTimeMs: 2000, workerPoolSize: 8 },
    rollback: {
      enabled: true,
      triggers: { errorRate: 0.05, memoryThreshold: 157_286_400, responseTime: 5000 },
    },
    flagdeck: { url: "", source: "app", token: null },
  });
});

const VARIABLES: [string, string, (config: MLConfiguration) => unknown, unknown][] = [
  ["ML_FLAGS_ENDPOINT", "/flags", (it) => it.featureFlags.endpoint, "/flags"],
  ["ML_FEATURE_FLAGS_REFRESH_INTERVAL", "5", (it) => it.featureFlags.refreshInterval, 5],
  ["ML_FEATURE_FLAGS_CACHE_ENABLED", "false", (it) => it.featureFlags.cache.enabled, false],
  ["ML_FEATURE_FLAGS_CACHE_TTL", "0", (it) => it.featureFlags.cache.ttl, 0],
  ["ML_METRICS_ENABLED", "false", (it) => it.metrics.enabled, false],
  ["ML_METRICS_ENDPOINT", "/m", (it) => it.metrics.endpoint, "/m"],
  ["PROMETHEUS_GATEWAY", "http://g", (it) => it.metrics.pushGateway, "http://g"],
  ["ML_METRICS_INTERVAL", "7", (it) => it.metrics.interval, 7],
  ["ML_METRICS_BUFFER_SIZE", "1e3", (it) => it.metrics.bufferSize, 1000],
  ["ML_STATE_PERSIST_ML", "false", (it) => it.state.persistML, false],
  ["ML_STATE_COMPRESSION_ENABLED", "false", (it) => it.state.compressionEnabled, false],
  ["ML_STATE_MAX_HISTORY_SIZE", "5", (it) => it.state.maxHistorySize, 5],
  ["ML_STATE_SNAPSHOT_INTERVAL", "6", (it) => it.state.snapshotInterval, 6],
  ["ML_PERFORMANCE_MAX_MEMORY_MB", "7", (it) => it.performance.maxMemoryMB, 7],
  ["ML_PERFORMANCE_MAX_CALCULATION_TIME_MS", "8", (it) => it.performance.maxCalculationTimeMs, 8],
  ["ML_PERFORMANCE_WORKER_POOL_SIZE", "9", (it) => it.performance.workerPoolSize, 9],
  ["ML_ROLLBACK_ENABLED", "false", (it) => it.rollback.enabled, false],
  ["ML_ROLLBACK_TRIGGERS_ERROR_RATE", "0.5", (it) => it.rollback.triggers.errorRate, 0.5],
  ["ML_ROLLBACK_TRIGGERS_MEMORY_THRESHOLD", "1", (it) => it.rollback.triggers.memoryThreshold, 1],
  ["ML_ROLLBACK_TRIGGERS_RESPONSE_TIME", "2", (it) => it.rollback.triggers.responseTime, 2],
  ["ML_FLAGDECK_URL", "http://f", (it) => it.flagdeck.url, "http://f"],
  ["ML_FLAGDECK_SOURCE", "shop", (it) => it.flagdeck.source, "shop"],
  ["ML_FLAGDECK_TOKEN", "t", (it) => it.flagdeck.token, "t"],
];

test("the environment sets every key", async () => {
  const leaves = (part: unknown): number =>
    typeof part === "object" && part !== null
      ? Object.values(part).reduce((sum: number, value) => sum + leaves(value), 0)
      : 1;
  expect(VARIABLES).toHaveLength(leaves(await load()));
  vi.resetModules();
  for (const [name, text] of VARIABLES) vi.stubEnv(name, text);
  const config = await load();
  for (const [name, , of, expected] of VARIABLES) expect(of(config), name).toBe(expected);
  expect(warn).not.toHaveBeenCalled();
});

test("a value that does not fit is named, and the one before stays", async () => {
  vi.stubEnv("ML_METRICS_INTERVAL", "soon");
  vi.stubEnv("ML_METRICS_BUFFER_SIZE", " ");
  vi.stubEnv("ML_METRICS_ENABLED", "yes");
  vi.stubEnv("ML_FLAGDECK_SOURCE", "");
  vi.stubGlobal("ML_CONFIG", {
    state: { maxHistorySize: -1, snapshotInterval: 9, unknown: 1 },
    rollback: 7,
    featureFlags: null,
    flagdeck: { token: 7 },
  });
  const config = await load();
  expect(config.metrics).toMatchObject({ interval: 10_000, bufferSize: 1000, enabled: true });
  expect(config.state).toMatchObject({ maxHistorySize: 100, snapshotInterval: 9 });
  expect(config.rollback.enabled).toBe(true);
  expect(config.featureFlags.endpoint).toBe("/api/ml/flags");
  expect(config.flagdeck).toEqual({ url: "", source: "app", token: null });
  const told = warn.mock.calls.map(([text]) => String(text).split(" as ")[0]);
  expect(told).toEqual([
    "The environment has metrics.enabled",
    "The environment has metrics.interval",
    "The environment has metrics.bufferSize",
    "ML_CONFIG has featureFlags",
    "ML_CONFIG has state.maxHistorySize",
    "ML_CONFIG has rollback",
    "ML_CONFIG has flagdeck.token",
  ]);
});

test("what a page assigns counts, and the options of an object count more", async () => {
  const config = await load();
  const { PrometheusExporter } = await import("../ml/PrometheusExporter.js");
  const flagdeck = new FakeFlagdeck();
  config.flagdeck.url = "http://flagdeck.test";
  config.flagdeck.source = "page";
  config.metrics.interval = "often" as never;
  const exporter = new PrometheusExporter({
    fetch: flagdeck.fetch,
    flagdeck: { source: "object" },
  });
  expect(warn).toHaveBeenCalledTimes(1);
  // A token that a page learns late counts, too.
  config.flagdeck.token = "late";
  exporter.report("ml:usage", {});
  await exporter.flush();
  await until(() => exporter.status.sent === 1);
  expect(flagdeck.asked[0]?.headers.get("authorization")).toBe("Bearer late");
  expect(flagdeck.asked[0]?.body).toMatchObject([{ source: "object" }]);
  await exporter.close();
});

test("without an address, a page asks where it came from, and a program this machine", async () => {
  const asked = async (): Promise<string> => {
    vi.resetModules();
    const { MLFeatureFlags } = await import("../ml/MLFeatureFlags.js");
    const fetch = vi.fn<typeof globalThis.fetch>().mockRejectedValue(new TypeError("away"));
    await MLFeatureFlags.load({ fetch });
    return new URL(fetch.mock.calls[0]?.[0] as string).origin;
  };
  expect(await asked()).toBe("http://127.0.0.1:4680");
  vi.stubGlobal("location", { origin: "https://shop.example" });
  expect(await asked()).toBe("https://shop.example");
  vi.stubGlobal("location", { origin: "null" });
  expect(await asked()).toBe("http://127.0.0.1:4680");
});

/** Runs a program in a Node of its own, and returns what it prints. */
function run(program: string): string {
  const arguments_ = ["--input-type=module", "--eval", program];
  return execFileSync(process.execPath, arguments_, { encoding: "utf8" }).trim();
}

const MODULES = ["MLConfig", "MLFeatureFlags", "PrometheusExporter", "MLStateExtension"];

const imports = MODULES.map((name) => {
  const path = fileURLToPath(new URL(`../ml/${name}.js`, import.meta.url));
  return `const ${name} = await import(${JSON.stringify(path)});`;
}).join("\n");

test("without process and navigator, the modules load, and change nothing", () => {
  const program = `
    const { log } = console;
    delete globalThis.process;
    delete globalThis.navigator;
    const names = () => Object.getOwnPropertyNames(globalThis).join();
    const before = names();
    ${imports}
    log(names() === before, MLConfig.default.performance.workerPoolSize);
  `;
  expect(run(program)).toBe("true 4");
});

test("a program with everything in use ends by itself", () => {
  const program = `
    ${imports}
    const options = { fetch: async () => { throw new TypeError("away"); }, flagdeck: { token: "t" } };
    console.warn = () => {};
    const flags = new MLFeatureFlags.MLFeatureFlags(options).listen();
    const exporter = new PrometheusExporter.PrometheusExporter(options);
    const state = MLStateExtension.MLStateExtension.extend({ set() {} }, options);
    state.set("ml.a", 1);
    exporter.report("ml:usage", {});
    await flags.load();
    console.log(flags.flags.enabled, state.ml.history.length, exporter.status.waiting);
  `;
  expect(run(program)).toBe("false 1 1");
});

test("a worker has everything but a storage", () => {
  const body = `
    import { parentPort } from "node:worker_threads";
    ${imports}
    const flags = new MLFeatureFlags.MLFeatureFlags();
    parentPort.postMessage(flags.evaluate("tracker").reason);
  `;
  const program = `
    import { Worker } from "node:worker_threads";
    const source = new URL("data:text/javascript," + encodeURIComponent(${JSON.stringify(
      body.replace(/await import\("(.*?)"\)/g, 'await import("file://$1")'),
    )}));
    new Worker(source).on("message", (said) => console.log(said));
  `;
  expect(run(program)).toBe("master_off");
});
