/** What the dashboard says of calculations in one line: the worst that is certain comes first. */

import type { Pulse } from "../bindings/wire";
import { words } from "../words";
import { isVerdict, judgeNobody, judgeReading, silentMs, type Heard } from "./reporting";
import type { Verdict } from "./verdict";

/** Where more than this share of calculations is over its time, they are called slow. */
const SLOW_SHARE = 0.05;

export function judgePerformance(heard: Heard): Verdict {
  const pulse = judgeReading(heard);
  if (isVerdict(pulse)) return pulse;
  return (
    judgeNobody(pulse) ??
    judgeErrors(pulse) ??
    judgeDurations(pulse) ??
    judgeSilence(pulse, heard.asOfMs) ??
    judgeRest(pulse)
  );
}

function judgeErrors({ errors, limits }: Pulse): Verdict | null {
  if (errors.share === null || errors.share <= limits.errorShare) return null;
  if ((errors.low ?? 0) > limits.errorShare) {
    const text = words.performance.failing(errors, limits.errorShare);
    return { kind: "failing", tone: "error", text };
  }
  const text = words.performance.nearErrors(errors, limits.errorShare);
  return { kind: "near errors", tone: "warning", text };
}

function judgeDurations({ p95S, slow, limits, edgesS }: Pulse): Verdict | null {
  const lastS = edgesS.at(-1) ?? Infinity;
  if (p95S !== null && p95S > Math.min(limits.responseS, lastS)) {
    // Of what is over the last edge nobody knows whether it is over a limit beyond it.
    const isOver = limits.responseS <= lastS;
    const overS = isOver ? limits.responseS : lastS;
    const text = words.performance.late(overS);
    return { kind: isOver ? "late" : "maybe late", tone: isOver ? "error" : "warning", text };
  }
  if (slow.share === null || (slow.low ?? 0) <= SLOW_SHARE) return null;
  const text = words.performance.slow(slow.share, limits.calculationS);
  return { kind: "slow", tone: "warning", text };
}

function judgeSilence(pulse: Pulse, asOfMs: number): Verdict | null {
  const silent = silentMs(pulse, asOfMs);
  if (silent === null) return null;
  return { kind: "silent", tone: "warning", text: words.reporting.silent(silent) };
}

function judgeRest({ errors, spanS }: Pulse): Verdict {
  if (errors.whole === 0) {
    return { kind: "none", tone: "quiet", text: words.performance.none(spanS) };
  }
  return { kind: "good", tone: "good", text: words.performance.good };
}
