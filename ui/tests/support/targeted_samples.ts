/** Overrides for single applications and users to look at: a few, and many with texts that do harm. */

import type { Target, TargetedOverride } from "../../src/bindings/wire";

const MINUTE_MS = 60_000;

export function aTargeted(
  target: Target,
  component: string,
  { on = true, forMs = 60 * MINUTE_MS, nowMs = Date.now() } = {},
): TargetedOverride {
  const sinceMs = nowMs - 5 * MINUTE_MS;
  const by = { via: "window", name: "maria" } as const;
  return { for: target, component, on, sinceMs, untilMs: nowMs + forMs, by };
}

export function fewTargeted(nowMs: number): TargetedOverride[] {
  return [
    aTargeted({ source: "shop" }, "ui.badges", { nowMs }),
    aTargeted({ source: "search" }, "search.ranking.neural", { nowMs, on: false }),
    aTargeted({ user: "user-42" }, "ui.badges", { nowMs, on: false, forMs: 30 * 60 * MINUTE_MS }),
    aTargeted({ user: "maria@example.com" }, "tracker", { nowMs }),
  ];
}

/** Names that act, hide, run from right to left or take much room. */
const HOSTILE = [
  "<img src=x onerror=alert(1)>",
  "x\u202egnp.exe\u2066\u200b",
  "متجر الكتب",
  "検索エンジン".repeat(21),
  "a".repeat(128),
];

export function manyTargeted(nowMs: number): TargetedOverride[] {
  const hostile = HOSTILE.flatMap((name) => [
    aTargeted({ source: name }, "ui.badges", { nowMs }),
    aTargeted({ user: name.repeat(name.length > 60 ? 3 : 1) }, "ui.badges", { nowMs, on: false }),
  ]);
  const users = Array.from({ length: 190 }, (_, index) =>
    aTargeted({ user: `user-${index}` }, "ui.badges", { nowMs, on: index % 2 === 0 }),
  );
  const gone = aTargeted({ source: "shop" }, "a.component.that.was.removed", { nowMs });
  return [...hostile, ...users, gone];
}
