/** What settings hold: read from what a person types, and written as they would type it. */

import type { Setting, SettingKind, SettingValue } from "../bindings/wire";

/** What a person typed: a value, or nothing that fits. */
export type Entry = { ok: true; value: SettingValue } | { ok: false };

/** The keys of the configuration by what people care about, by the first part of their names. */
export const settingGroups = [
  "featureFlags",
  "http",
  "metrics",
  "state",
  "performance",
  "rollback",
  "other",
] as const;

export type SettingGroup = (typeof settingGroups)[number];

export function groupOf(name: string): SettingGroup {
  const first = name.split(".")[0];
  return settingGroups.find((group) => group === first) ?? "other";
}

/** What is to be seen in a setting's control: what its file says, once that is to take effect. */
export function wantedValue(setting: Setting): SettingValue {
  if (isOverruled(setting) || !setting.isWaiting) return setting.value;
  return setting.inFile ?? setting.default;
}

/** Whether something other than the file decides, so that writing the file would change nothing. */
export function isOverruled({ source }: Setting): boolean {
  return source.kind === "environment" || source.kind === "command_line";
}

/** Whether a part of it is not shown: the password or the query of an address. */
export function isHidden(value: SettingValue): boolean {
  return typeof value === "string" && (value.includes("//***@") || value.endsWith("?***"));
}

export function isSameValue(one: SettingValue, other: SettingValue): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Writes a value as a person would type it into its field. */
export function entryText(value: SettingValue): string {
  if (value === null || typeof value === "boolean") return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/**
 * Reads what was typed for a setting of `kind`. Empty text is no value, if the setting allows none.
 */
export function parseEntry(kind: SettingKind, typed: string): Entry {
  const text = typed.trim();
  switch (kind.kind) {
    case "switch":
      return { ok: false };
    case "integer":
      return inRange(parseAmount(text, kind.unit), kind.min, kind.max, Number.isSafeInteger);
    case "share":
      return inRange(parseShare(text), 0, 1, Number.isFinite);
    case "address":
      return text === "" ? { ok: true, value: null } : onlyIf(isAddress(text), text);
    case "route":
      // Which paths are free, and why another one is not, the backend says.
      return onlyIf(text.startsWith("/"), text);
    case "origins":
      return parseOrigins(text);
  }
}

/** Units that may be typed behind a number, as multiples of the one that is stored. */
const multiples: Record<string, readonly [RegExp, number][]> = {
  milliseconds: [
    [/^(ms|milliseconds?)?$/i, 1],
    [/^(s|sec|seconds?)$/i, 1000],
    [/^(m|min|minutes?)$/i, 60_000],
    [/^(h|hours?)$/i, 3_600_000],
    [/^(d|days?)$/i, 86_400_000],
  ],
  bytes: [
    [/^(b|bytes?)?$/i, 1],
    [/^kib$/i, 2 ** 10],
    [/^mib$/i, 2 ** 20],
    [/^gib$/i, 2 ** 30],
    [/^tib$/i, 2 ** 40],
  ],
};

/** Reads `300000`, `300,000`, and with the units above `5 min` or `150 MiB`. */
function parseAmount(text: string, unit: string): number {
  const [, digits = "", suffix = ""] = /^([\d.,\s]*\d)\s*([a-z]*)$/i.exec(text) ?? [];
  const number = digits.replace(/[,\s](?=\d{3}(?!\d))/g, "");
  if (!/^\d+(\.\d+)?$/.test(number)) return Number.NaN;
  const known = multiples[unit] ?? [[/^$/, 1] as const];
  const multiple = known.find(([pattern]) => pattern.test(suffix))?.[1];
  return multiple === undefined ? Number.NaN : Number(number) * multiple;
}

function parseShare(text: string): number {
  const [, typed = "", sign] = /^\+?(\d*[.,]?\d+|\d+[.,])\s*(%?)$/.exec(text) ?? [];
  if (typed === "") return Number.NaN;
  const number = Number(typed.replace(",", "."));
  return sign === "%" ? number / 100 : number;
}

function parseOrigins(text: string): Entry {
  const origins = text.split(/[\s,]+/).filter((origin) => origin !== "");
  return onlyIf(origins.every(isOrigin), [...new Set(origins)]);
}

/** Schemes whose pages browsers give no origin of their own. */
const opaqueSchemes = new Set(["about", "blob", "data", "file", "filesystem", "javascript"]);

const origin = /^([a-z][a-z\d+.-]*):\/\/(?:\[[\da-f:.]+\]|[\w.~-]+)(?::([1-9]\d{0,4}))?$/i;

/** Whether a text is an origin such as `http://localhost:5173` or `tauri://localhost`. */
export function isOrigin(text: string): boolean {
  const [, scheme, port] = origin.exec(text) ?? [];
  if (scheme === undefined || opaqueSchemes.has(scheme.toLowerCase())) return false;
  return port === undefined || Number(port) <= 65_535;
}

function isAddress(text: string): boolean {
  return /^https?:\/\/[a-z\d[][\x21-\x7e]*$/i.test(text);
}

function inRange(
  number: number,
  min: number,
  max: number,
  fits: (number: number) => boolean,
): Entry {
  return onlyIf(fits(number) && number >= min && number <= max, number);
}

function onlyIf(fits: boolean, value: SettingValue): Entry {
  return fits ? { ok: true, value } : { ok: false };
}
