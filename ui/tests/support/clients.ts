/** Clients of the HTTP interface: a few as they are, and more than anybody has, with texts that do harm. */

import type { Client, ClientUse } from "../../src/bindings/wire";

const MINUTE_MS = 60_000;

interface Uses {
  nowMs: number;
  /** How long ago it was seen last, in minutes. */
  ago?: number;
  open?: number;
}

export function aClient(
  source: string | null,
  program: string | null,
  overs: readonly ClientUse["over"][],
  { nowMs, ago = 0, open = 0 }: Uses,
): Client {
  const lastMs = nowMs - ago * MINUTE_MS;
  const firstMs = lastMs - 7 * MINUTE_MS;
  const uses = overs.map((over, index) => ({
    over,
    requests: 42 + index,
    firstMs,
    lastMs,
    open: over === "stream" ? open : 0,
  }));
  return { source, program, firstMs, lastMs, uses };
}

export function typicalClients(nowMs: number): Client[] {
  return [
    aClient("shop", "Mozilla", ["document", "stream", "events", "state"], { nowMs, open: 1 }),
    aClient("search", "node", ["ofrep"], { nowMs }),
    aClient(null, "Prometheus", ["metrics"], { nowMs }),
    aClient(null, "curl", ["document"], { nowMs, ago: 4 }),
    aClient("nightly", "python-requests", ["document", "events"], { nowMs, ago: 12 }),
  ];
}

/** Names that act, hide, run from right to left or take much room. */
const HOSTILE = [
  "<img src=x onerror=alert(1)>",
  "x\u202egnp.exe\u2066\u200b",
  "متجر الكتب",
  "検索エンジン".repeat(21),
  "a".repeat(128),
  "{{7*7}} ${alert(1)}",
];

export function extremeClients(nowMs: number): Client[] {
  const all = ["document", "stream", "ofrep", "events", "state", "metrics"] as const;
  const many = Array.from({ length: 300 }, (_, index) =>
    aClient(`instance-${index}`, "node", all.slice(index % 6), {
      nowMs,
      ago: index % 15,
      open: (index % 3) * 40,
    }),
  );
  const hostile = HOSTILE.map((name) => aClient(name, "p".repeat(64), all, { nowMs, open: 1024 }));
  const others = [
    aClient(null, null, ["document"], { nowMs }),
    aClient(null, "http", ["document"], { nowMs }),
    aClient(null, "a'b&c;$(d)", ["document"], { nowMs }),
  ];
  return [...hostile, ...others, ...many];
}
