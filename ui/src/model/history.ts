/** What a person narrows the history to, and the filter the backend understands. Pure. */

import type { Actor, HistoryFilter } from "../bindings/wire";

/**
 * A stretch of time. Days are `YYYY-MM-DD` in the time zone of the desktop; an empty one is open.
 */
export type Span =
  { kind: "any" } | { kind: "days"; days: number } | { kind: "range"; from: string; to: string };

/** A person, a way in (window, HTTP, flagctl), or both. */
export type Who = Partial<Actor>;

/** Changes of the flags, restores of states, or both. */
export type What = "all" | "flags" | "restores";

export interface Narrowing {
  /** A component or group; `null` for all. */
  component: string | null;
  who: Who;
  span: Span;
  text: string;
  what: What;
}

export const everything: Narrowing = {
  component: null,
  who: {},
  span: { kind: "any" },
  text: "",
  what: "all",
};

/** How many parts of `narrowing` leave something out. */
export function countNarrowed({ component, who, span, text, what }: Narrowing): number {
  const isWho = who.via !== undefined || who.name !== undefined;
  return [
    component !== null,
    isWho,
    span.kind !== "any",
    text.trim() !== "",
    what !== "all",
  ].filter(Boolean).length;
}

/** Whether the first day of a range comes after its last, so that nothing can be in it. */
export function isBackwards(span: Span): boolean {
  return span.kind === "range" && span.from !== "" && span.to !== "" && span.from > span.to;
}

/** Returns the filter for `narrowing`, with "today" and its like as of `nowMs`. */
export function filterOf(narrowing: Narrowing, nowMs: number): HistoryFilter {
  const { component, who, span } = narrowing;
  const text = narrowing.text.trim();
  return {
    ...who,
    ...timesOf(span, nowMs),
    ...(component === null ? {} : { component }),
    ...(text === "" ? {} : { text }),
  };
}

/** Returns the first moment of the day that `atMs` is in, moved by whole `days`. */
function startOfDay(atMs: number, days = 0): number {
  const at = new Date(atMs);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).getTime();
}

function timesOf(span: Span, nowMs: number): Pick<HistoryFilter, "sinceMs" | "untilMs"> {
  switch (span.kind) {
    case "any":
      return {};
    case "days":
      return { sinceMs: startOfDay(nowMs, 1 - span.days) };
    case "range": {
      const [from, to] = [dayOf(span.from), dayOf(span.to)];
      return {
        ...(from === null ? {} : { sinceMs: from }),
        // The last day is part of it.
        ...(to === null ? {} : { untilMs: startOfDay(to, 1) }),
      };
    }
  }
}

/** Returns the first moment of a day given as `YYYY-MM-DD`; `null` if it is none. */
function dayOf(date: string): number | null {
  const atMs = Date.parse(`${date}T00:00:00`);
  return Number.isNaN(atMs) ? null : atMs;
}
