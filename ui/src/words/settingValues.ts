/** What settings are called, and how their values and ranges are put into words. */

import type { SettingKind, SettingValue } from "../bindings/wire";
import { formatBytes, formatCount, formatDuration, formatPercent } from "../format";
import { isSameValue, type SettingGroup } from "../model/setting";

/** What each key is called by people. */
const labels: Readonly<Record<string, string>> = {
  "featureFlags.endpoint": "Address to follow",
  "featureFlags.refreshInterval": "Fetch interval",
  "featureFlags.cache.enabled": "Use the cached copy",
  "featureFlags.cache.ttl": "Time a copy is fresh",
  "http.port": "Port",
  "http.allowedOrigins": "Allowed web pages",
  "metrics.enabled": "Collect metrics",
  "metrics.endpoint": "Metrics path",
  "metrics.pushGateway": "Pushgateway",
  "metrics.interval": "Push interval",
  "metrics.bufferSize": "Samples counted as waiting",
  "metrics.prometheus": "Charts from a Prometheus",
  "metrics.keepUsers": "Keep users in events",
  "state.persistML": "Keep state on disk",
  "state.compressionEnabled": "Compress snapshots",
  "state.maxHistorySize": "Changes remembered",
  "state.snapshotInterval": "Snapshot interval",
  "performance.maxMemoryMB": "Memory limit",
  "performance.maxCalculationTimeMs": "Calculation time limit",
  "performance.workerPoolSize": "Worker threads",
  "rollback.enabled": "Automatic rollback",
  "rollback.strict": "Strict thresholds",
  "rollback.triggers.errorRate": "Error share",
  "rollback.triggers.memoryThreshold": "Memory threshold",
  "rollback.triggers.responseTime": "Response time",
  "rollback.webhook.url": "Webhook",
};

export const groups: Record<SettingGroup, { title: string; hint: string }> = {
  featureFlags: {
    title: "Where flags come from",
    hint: "With an address, Flagdeck follows the document there; your changes are overrides. Without one, flags come from the store on this machine.",
  },
  http: {
    title: "Local HTTP interface",
    hint: "Applications on this machine read flags here. No other machine can reach it.",
  },
  metrics: {
    title: "Metrics",
    hint: "What applications report is counted here, read by a Prometheus, and pushed where you say.",
  },
  state: {
    title: "State and snapshots",
    hint: "What applications hand in as their state, and the snapshots that Flagdeck takes of it.",
  },
  performance: {
    title: "Host limits",
    hint: "The dashboard and the charts warn beyond these. Worker threads count over rosters.",
  },
  rollback: {
    title: "Verdicts and rollback",
    hint: "The dashboard, the charts and flagctl metrics judge by these, and automatic rollback acts on them.",
  },
  other: { title: "Other", hint: "" },
};

/** Units whose name is of no use behind the number. */
const unnamed: ReadonlySet<string> = new Set(["port"]);

/** Units of which people think in larger ones. */
const isMeasured = (unit: string) => unit === "milliseconds" || unit === "bytes";

const shortUnits: Readonly<Record<string, string>> = { milliseconds: "ms" };

function amount(count: number, unit: string): string {
  if (unit === "milliseconds") return formatDuration(count);
  if (unit === "bytes") return formatBytes(count);
  if (unnamed.has(unit)) return String(count);
  return `${formatCount(count)} ${count === 1 ? unit.replace(/s$/, "") : unit}`;
}

export function valueInWords(kind: SettingKind, value: SettingValue): string {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  if (typeof value === "string") return value;
  return kind.kind === "integer" ? amount(value, kind.unit) : formatPercent(value * 100);
}

export function changeInWords(
  kind: SettingKind,
  before: SettingValue,
  after: SettingValue,
): string {
  if (isSameValue(before, after)) return valueInWords(kind, after);
  if (!Array.isArray(before) || !Array.isArray(after)) {
    return `${valueInWords(kind, before)} → ${valueInWords(kind, after)}`;
  }
  const added = after.filter((each) => !before.includes(each)).map((each) => `${each} added`);
  const removed = before.filter((each) => !after.includes(each)).map((each) => `${each} removed`);
  return [...added, ...removed].join(", ");
}

export function rangeInWords(kind: SettingKind): string {
  switch (kind.kind) {
    case "switch":
      return "on or off";
    case "integer": {
      const { min, max, unit } = kind;
      const number = isMeasured(unit) ? `a whole number of ${unit}` : "a whole number";
      return `${number} from ${numeral(min, unit)} to ${numeral(max, unit)}`;
    }
    case "share":
      return "a number from 0 to 1, or from 0 % to 100 %";
    case "address":
      return "an address that begins with http:// or https://, or empty";
    case "route":
      return "a path such as /metrics";
    case "origins":
      return "origins such as http://localhost:5173 or tauri://localhost, without a path";
  }
}

const numeral = (number: number, unit: string) =>
  unnamed.has(unit) ? String(number) : formatCount(number);

/** The range beside a field, short because the field shows the rest. */
export function hint(kind: SettingKind): string {
  switch (kind.kind) {
    case "integer":
      return isMeasured(kind.unit)
        ? `${amount(kind.min, kind.unit)} to ${amount(kind.max, kind.unit)}`
        : `${numeral(kind.min, kind.unit)} to ${numeral(kind.max, kind.unit)}`;
    case "share":
      return "0 to 1";
    case "address":
      return "Begins with http:// or https://";
    case "route":
      return "Such as /metrics";
    case "origins":
      return "Such as http://localhost:5173 or tauri://localhost";
    case "switch":
      return "";
  }
}

export const label = (name: string) => labels[name] ?? name;

/** The unit behind a field; empty if it would say nothing. */
export function unitShown(kind: SettingKind): string {
  if (kind.kind !== "integer" || unnamed.has(kind.unit)) return "";
  return shortUnits[kind.unit] ?? kind.unit;
}

/** A number in words, where its field does not say it already. */
export function alsoInWords(kind: SettingKind, value: SettingValue): string {
  const isCounted = kind.kind === "share" || (kind.kind === "integer" && isMeasured(kind.unit));
  return isCounted && typeof value === "number" ? valueInWords(kind, value) : "";
}
