/** What a person narrows the snapshots to, and the filter the backend understands. Pure. */

import type { SnapshotFilter } from "../bindings/wire";

const HOUR_MS = 3_600_000;

/** A stretch of time; an open end of a range is `null`. */
export type SnapshotSpan =
  | { kind: "any" }
  | { kind: "lately"; hours: number }
  | { kind: "range"; fromMs: number | null; toMs: number | null };

export interface SnapshotNarrowing {
  /** `null` for all. */
  source: string | null;
  span: SnapshotSpan;
  /** A part of a path, a value, a name or a note. */
  text: string;
  isPinned: boolean;
}

/** Everything there is of a source. */
export function allOf(source: string | null): SnapshotNarrowing {
  return { source, span: { kind: "any" }, text: "", isPinned: false };
}

/** Whether something of the source, or of all, is left out. */
export function isNarrowed({ span, text, isPinned }: SnapshotNarrowing): boolean {
  return span.kind !== "any" || text.trim() !== "" || isPinned;
}

/** Whether a range ends before it begins, so that nothing can be in it. */
export function isReversed(span: SnapshotSpan): boolean {
  if (span.kind !== "range" || span.fromMs === null || span.toMs === null) return false;
  return span.fromMs >= span.toMs;
}

/** Returns the filter for `narrowing`, with "last hour" and its like as of `nowMs`. */
export function snapshotFilterOf(narrowing: SnapshotNarrowing, nowMs: number): SnapshotFilter {
  const { source, isPinned } = narrowing;
  const text = narrowing.text.trim();
  return {
    ...(source === null ? {} : { source }),
    ...timesOf(narrowing.span, nowMs),
    ...(text === "" ? {} : { text }),
    ...(isPinned ? { pinned: true } : {}),
  };
}

/** Returns `filter` for those alone that were taken at `sinceMs` or later, before `untilMs`. */
export function within(
  filter: SnapshotFilter,
  { sinceMs = -Infinity, untilMs = Infinity }: { sinceMs?: number; untilMs?: number },
): SnapshotFilter {
  const since = Math.max(sinceMs, filter.sinceMs ?? -Infinity);
  const until = Math.min(untilMs, filter.untilMs ?? Infinity);
  return {
    ...filter,
    ...(since === -Infinity ? {} : { sinceMs: since }),
    ...(until === Infinity ? {} : { untilMs: until }),
  };
}

function timesOf(span: SnapshotSpan, nowMs: number): Pick<SnapshotFilter, "sinceMs" | "untilMs"> {
  switch (span.kind) {
    case "any":
      return {};
    case "lately":
      return { sinceMs: nowMs - span.hours * HOUR_MS };
    case "range":
      return {
        ...(span.fromMs === null ? {} : { sinceMs: span.fromMs }),
        ...(span.toMs === null ? {} : { untilMs: span.toMs }),
      };
  }
}
