/** What rollouts are held to: the rules one has of its own, read from what a person types. Pure. */

import type { GuardRules, OwnGuardRules, Setting } from "../bindings/wire";
import { parseEntry } from "./setting";

export type RuleName = keyof OwnGuardRules;

/** In the order they are shown. */
export const RULES: readonly RuleName[] = [
  "enabled",
  "errorRate",
  "responseTimeMs",
  "memoryBytes",
  "toleratedRatio",
  "alpha",
  "strict",
];

/** The setting that decides unless a rollout has its own value; without one it is a constant. */
const settingNames: Partial<Record<RuleName, string>> = {
  enabled: "rollback.enabled",
  errorRate: "rollback.triggers.errorRate",
  responseTimeMs: "rollback.triggers.responseTime",
  memoryBytes: "rollback.triggers.memoryThreshold",
  strict: "rollback.strict",
};

export const isOfSettings = (rule: RuleName): boolean => settingNames[rule] !== undefined;

export const isSwitch = (rule: RuleName): rule is "enabled" | "strict" =>
  rule === "enabled" || rule === "strict";

/** The value in force without an own one; `null` if it is not known. */
export function commonValue(
  rule: RuleName,
  status: { rules: GuardRules; ownRules: OwnGuardRules },
  settings: readonly Setting[] | null,
): number | boolean | null {
  if (status.ownRules[rule] === null) return status.rules[rule];
  const value = settings?.find(({ name }) => name === settingNames[rule])?.value;
  return typeof value === "number" || typeof value === "boolean" ? value : null;
}

const HOUR_MS = 3_600_000;
const TIB = 2 ** 40;

/** Reads what was typed for a rule; `null` if it is none. */
export function parseRule(rule: RuleName, text: string): number | null {
  const value = read(rule, text);
  return value !== null && isInRange(rule, value) ? value : null;
}

function read(rule: RuleName, text: string): number | null {
  switch (rule) {
    case "errorRate":
    case "alpha":
      return numberOf(parseEntry({ kind: "share" }, text));
    case "responseTimeMs": {
      const kind = { kind: "integer", min: 1, max: HOUR_MS, unit: "milliseconds" } as const;
      return numberOf(parseEntry(kind, text));
    }
    case "memoryBytes": {
      const kind = { kind: "integer", min: 1, max: TIB, unit: "bytes" } as const;
      return numberOf(parseEntry(kind, text));
    }
    case "toleratedRatio":
      return /^\d+([.,]\d+)?$/.test(text.trim()) ? Number(text.trim().replace(",", ".")) : null;
    default:
      return null;
  }
}

function numberOf(entry: ReturnType<typeof parseEntry>): number | null {
  return entry.ok && typeof entry.value === "number" ? entry.value : null;
}

function isInRange(rule: RuleName, value: number): boolean {
  switch (rule) {
    case "errorRate":
      return value > 0 && value <= 0.65;
    case "alpha":
      return value >= 0.0001 && value <= 0.2;
    case "toleratedRatio":
      return value >= 1 && value <= 10;
    default:
      return true;
  }
}

/** Writes a rule as a person would type it. */
export function ruleText(rule: RuleName, value: number | boolean): string {
  if (typeof value === "boolean") return "";
  switch (rule) {
    case "errorRate":
    case "alpha":
      return `${Math.round(value * 1e7) / 1e5} %`;
    case "responseTimeMs":
      return value % 1000 === 0 ? `${value / 1000} s` : `${value} ms`;
    case "memoryBytes":
      return value % 2 ** 20 === 0 ? `${value / 2 ** 20} MiB` : String(value);
    default:
      return String(value);
  }
}
