/** What the dashboard says of calculations in one line: the worst that is certain comes first. */

import type { JudgedComponent, Pulse, RollbackPlan, Standing } from "../bindings/wire";
import { isolatedWithin } from "./isolated";
import { words } from "../words";
import { isVerdict, judgeNobody, judgeReading, silentMs, type Heard } from "./reporting";
import type { Tone, Verdict } from "./verdict";

/** How a standing is shown. Too few calculations are neither good nor bad. */
export const toneOfStanding: Readonly<Record<Standing, Tone>> = {
  too_few: "quiet",
  within: "good",
  above: "warning",
  beyond: "error",
};

export function judgePerformance(heard: Heard): Verdict {
  const pulse = judgeReading(heard);
  if (isVerdict(pulse)) return pulse;
  return (
    judgeNobody(pulse) ?? judgeArms(pulse) ?? judgeSilence(pulse, heard.asOfMs) ?? judgeRest(pulse)
  );
}

/** What rolling back the component would do that the verdict names; `null` if it does no harm. */
export function offeredRollback(pulse: Pulse | null): RollbackPlan | null {
  return (pulse && judgedNamed(pulse)?.rollback) ?? null;
}

/** The path that the verdict names; `null` if it names none, or calculations without one. */
export function namedComponent(pulse: Pulse | null): string | null {
  const component = pulse?.verdict.component ?? null;
  return component === "" ? null : component;
}

/** The component that the verdict names; `undefined` if none is over a limit. */
function judgedNamed({ verdict, components }: Pulse): JudgedComponent | undefined {
  return components.find(({ component }) => component === verdict.component);
}

type Judged = Pick<Pulse["verdict"], "standing" | "sentence" | "component">;

/** Each arm of each component, as the backend judges them. */
function judgeArms(pulse: Pulse): Verdict | null {
  const judged: readonly Judged[] = [pulse.verdict, ...pulse.components];
  // No sentence about everything hides an arm that is over its limit.
  const worst =
    judged.find((each) => each.standing === "beyond") ??
    judged.find((each) => each.standing === "above");
  if (worst === undefined) return null;
  const { standing, sentence, component } = worst;
  const tone = toneOfStanding[standing];
  return { kind: `${standing} ${component ?? ""}`, tone, text: isolatedWithin(sentence) };
}

function judgeSilence(pulse: Pulse, asOfMs: number): Verdict | null {
  const silent = silentMs(pulse, asOfMs);
  if (silent === null) return null;
  return { kind: "silent", tone: "warning", text: words.pulse.reporting.silent(silent) };
}

function judgeRest({ errors, spanS, verdict: { standing, sentence } }: Pulse): Verdict {
  if (errors.whole === 0) {
    return { kind: "none", tone: "quiet", text: words.pulse.performance.none(spanS) };
  }
  return { kind: standing, tone: toneOfStanding[standing], text: isolatedWithin(sentence) };
}
