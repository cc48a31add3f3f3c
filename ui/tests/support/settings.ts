/** Settings to look at and to test with: every key there is, of each kind and from each source. */

import type { Setting } from "../../src/bindings/wire";

export function sampleSettings(): Setting[] {
  const setting = (name: string, rest: Partial<Setting>): Setting => ({
    name,
    meaning: "What it is for.",
    kind: { kind: "switch" },
    range: "true or false",
    value: true,
    default: true,
    source: { kind: "default" },
    inFile: null,
    variable: `FLAGDECK_${name.toUpperCase().replaceAll(".", "_")}`,
    needsRestart: false,
    isWaiting: false,
    unavailable: null,
    ...rest,
  });
  const counted = (min: number, max: number, unit: string): Partial<Setting> => ({
    kind: { kind: "integer", min, max, unit },
    range: `a whole number from ${min} to ${max} (${unit})`,
  });
  const milliseconds = (min: number, max: number) => counted(min, max, "milliseconds");
  return [
    setting("featureFlags.endpoint", {
      meaning:
        "The address of the flag document to follow; without it the local document is the source.",
      kind: { kind: "address" },
      range: "an address that begins with http:// or https://",
      value: null,
      default: null,
      variable: "ML_FLAGS_ENDPOINT",
    }),
    setting("featureFlags.refreshInterval", {
      ...milliseconds(1000, 86_400_000),
      meaning: "How often a followed document is fetched.",
      value: 30_000,
      default: 60_000,
      source: { kind: "file" },
      inFile: 30_000,
    }),
    setting("featureFlags.cache.enabled", {
      meaning:
        "Whether a fetch asks only for what changed, and a failure counts only after cache.ttl; off, every fetch asks for the whole document, and the first failure makes it stale.",
    }),
    setting("featureFlags.cache.ttl", {
      ...milliseconds(0, 31_536_000_000),
      meaning:
        "How long after the last good fetch failures do not count as stale; the last good document serves in any case.",
      value: 300_000,
      default: 300_000,
    }),
    setting("metrics.enabled", { meaning: "Whether metrics are collected." }),
    setting("metrics.endpoint", {
      meaning: "The path that Prometheus reads metrics from.",
      kind: { kind: "route" },
      range: "a path such as /metrics",
      value: "/metrics",
      default: "/metrics",
    }),
    setting("metrics.pushGateway", {
      meaning: "A Pushgateway to push metrics to; without it nothing is pushed.",
      kind: { kind: "address" },
      range: "an address that begins with http:// or https://",
      value: null,
      default: null,
      variable: "PROMETHEUS_GATEWAY",
    }),
    setting("metrics.interval", {
      ...milliseconds(1000, 86_400_000),
      meaning: "How often metrics are pushed.",
      value: 10_000,
      default: 10_000,
    }),
    setting("metrics.bufferSize", {
      ...counted(1, 100_000, "samples"),
      meaning:
        "How many samples are counted as waiting for a gateway that is away; the first push that arrives makes up for all.",
      value: 1000,
      default: 1000,
    }),
    setting("metrics.prometheus", {
      meaning: "A Prometheus whose series the charts show in place of Flagdeck's own.",
      kind: { kind: "address" },
      range: "an address that begins with http:// or https://",
      value: null,
      default: null,
    }),
    setting("state.persistML", { meaning: "Whether the state of sources is kept on disk." }),
    setting("state.compressionEnabled", { meaning: "Whether snapshots are compressed." }),
    setting("state.maxHistorySize", {
      ...counted(1, 100_000, "changes"),
      meaning: "How many changes of a source are remembered.",
      value: 100,
      default: 100,
    }),
    setting("state.snapshotInterval", {
      ...milliseconds(1000, 86_400_000),
      meaning: "How often a snapshot is taken.",
      value: 300_000,
      default: 300_000,
    }),
    setting("performance.maxMemoryMB", {
      ...counted(1, 1_048_576, "MiB"),
      meaning: "How much memory the host application may use.",
      value: 100,
      default: 100,
    }),
    setting("performance.maxCalculationTimeMs", {
      ...milliseconds(1, 86_400_000),
      meaning: "How long one calculation may take.",
      value: 2000,
      default: 2000,
    }),
    setting("performance.workerPoolSize", {
      ...counted(1, 1024, "threads"),
      meaning: "How many threads long work may use; the default is the number of cores.",
      value: 8,
      default: 8,
    }),
    setting("rollback.enabled", {
      meaning: "Whether harmful rollouts are rolled back automatically.",
    }),
    setting("rollback.strict", {
      meaning: "Whether the bare thresholds decide, instead of tests that healthy rollouts pass.",
      value: false,
      default: false,
    }),
    setting("rollback.triggers.errorRate", {
      meaning: "The share of failed calculations that is too much.",
      kind: { kind: "share" },
      range: "a number from 0 to 1",
      value: 0.02,
      default: 0.05,
      source: { kind: "command_line" },
    }),
    setting("rollback.triggers.memoryThreshold", {
      ...counted(1, 2 ** 50, "bytes"),
      meaning: "The memory use of the host application that is too much.",
      value: 157_286_400,
      default: 157_286_400,
    }),
    setting("rollback.triggers.responseTime", {
      ...milliseconds(1, 86_400_000),
      meaning: "The duration of a calculation that is too long.",
      value: 5000,
      default: 5000,
    }),
    setting("rollback.webhook.url", {
      meaning:
        "A server to send a message of each automatic rollback to; without it nothing is sent.",
      kind: { kind: "address" },
      range: "an address that begins with http:// or https://",
      value: null,
      default: null,
    }),
    setting("http.port", {
      meaning: "The port of the local HTTP interface; 0 picks a free one.",
      kind: { kind: "integer", min: 0, max: 65_535, unit: "port" },
      range: "a whole number from 0 to 65535 (port)",
      value: 4700,
      default: 4680,
      source: { kind: "environment", name: "FLAGDECK_HTTP_PORT" },
      needsRestart: true,
      isWaiting: true,
      inFile: 4690,
    }),
    setting("http.allowedOrigins", {
      meaning: "Web pages and packaged web applications on this machine that may read flags.",
      kind: { kind: "origins" },
      range: "a list of origins such as http://localhost:5173 or tauri://localhost, without a path",
      value: ["http://localhost:5173"],
      default: [],
      source: { kind: "file" },
      inFile: ["http://localhost:5173"],
    }),
  ];
}
