/** Who reports, since when, and until when: what the dashboard says before it says how things go. */

import type { Failure, Pulse } from "../bindings/wire";
import { words } from "../words";
import type { Verdict } from "./verdict";

/** A source that is quiet for longer is called silent; a shorter time is no evidence. */
export const MINUTE_MS = 60_000;

/** What is known of the applications; all that is judged of them follows from this. */
export interface Heard {
  /** `null` until it was read. */
  readonly latest: Pulse | null;
  /** Why it could not be read the last time; `latest` is old then. */
  readonly failure: Failure | null;
  /** Until when `latest` holds, in milliseconds since 1970. */
  readonly asOfMs: number;
  /** Whether nothing can be stored: a banner says so, and no card repeats it. */
  readonly isStoreGone: boolean;
}

/** What to say if nothing is known about the applications; else the pulse itself. */
export function judgeReading({ latest, failure, isStoreGone }: Heard): Verdict | Pulse {
  if (isStoreGone)
    return { kind: "store_gone", tone: "quiet", text: words.pulse.reporting.storeGone };
  if (failure) {
    return { kind: "unread", tone: "error", text: words.pulse.reporting.unread(failure.message) };
  }
  if (latest === null)
    return { kind: "reading", tone: "quiet", text: words.pulse.reporting.reading };
  if (latest.trouble !== null) {
    return { kind: "trouble", tone: "error", text: words.pulse.reporting.trouble(latest.trouble) };
  }
  return latest;
}

export function isVerdict(judged: Verdict | Pulse): judged is Verdict {
  return "tone" in judged;
}

/** No application reports: none ever did, or none for longer than the pulse looks back. */
export function judgeNobody({ sources, spanS, eventsAccepted }: Pulse): Verdict | null {
  if (sources.length > 0) return null;
  if (eventsAccepted === 0) return { kind: "nothing", tone: "quiet", text: words.dashboard.quiet };
  return { kind: "gone", tone: "quiet", text: words.pulse.reporting.gone(spanS) };
}

/**
 * For how long no application has reported; `null` if one did within the last minute, or none ever
 * did.
 */
export function silentMs({ sources }: Pulse, asOfMs: number): number | null {
  const silent = asOfMs - Math.max(...sources.map(({ atMs }) => atMs));
  return silent >= MINUTE_MS && Number.isFinite(silent) ? silent : null;
}

/** Whether there is less than a minute of calculations, after none. */
export function isCollecting({ columns }: Pulse, asOfMs: number): boolean {
  const first = columns.find(({ perSecond }) => perSecond > 0);
  return first !== undefined && asOfMs - first.atMs < MINUTE_MS;
}

export function hasSynthetic(pulse: Pulse | null): boolean {
  return pulse?.sources.some(({ isSynthetic }) => isSynthetic) ?? false;
}
