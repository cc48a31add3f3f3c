/** What the dashboard says of the state of applications, and of Flagdeck's own, in one line. */

import type { Pulse } from "../bindings/wire";
import { words } from "../words";
import {
  isCollecting,
  isVerdict,
  judgeNobody,
  judgeReading,
  silentMs,
  type Heard,
} from "./reporting";
import type { Tone, Verdict } from "./verdict";

export function judgeHealth(heard: Heard): Verdict {
  const pulse = judgeReading(heard);
  if (isVerdict(pulse)) return pulse;
  return (
    judgeMemory(pulse) ??
    judgePush(pulse) ??
    judgeIntake(pulse) ??
    judgeNobody(pulse) ??
    judgeSources(pulse, heard.asOfMs)
  );
}

/** How the memory of the application that uses most stands to its limits. */
export function toneOfMemory({ memory: { hostBytes }, limits }: Pulse): Tone {
  if (hostBytes === null) return "quiet";
  if (hostBytes >= limits.memoryBytes) return "error";
  return hostBytes >= limits.hostMemoryBytes ? "warning" : "good";
}

function judgeMemory(pulse: Pulse): Verdict | null {
  const { limits } = pulse;
  const bytes = pulse.memory.hostBytes;
  const tone = toneOfMemory(pulse);
  if (bytes === null || (tone !== "error" && tone !== "warning")) return null;
  const limit = tone === "error" ? limits.memoryBytes : limits.hostMemoryBytes;
  const say = tone === "error" ? words.health.overMemory : words.health.highMemory;
  return { kind: `memory ${tone}`, tone, text: say(bytes, limit) };
}

function judgePush({ push }: Pulse): Verdict | null {
  if (push?.error == null) return null;
  return { kind: "push", tone: "warning", text: words.health.pushFails(push.error) };
}

/** What was not taken in, or not told apart. */
function judgeIntake({ batchesTurnedAway, labelsOverflowed }: Pulse): Verdict | null {
  if (batchesTurnedAway > 0) {
    const text = words.health.turnedAway(batchesTurnedAway);
    return { kind: "turned away", tone: "warning", text };
  }
  if (labelsOverflowed === 0) return null;
  return { kind: "overflow", tone: "warning", text: words.health.overflowed(labelsOverflowed) };
}

function judgeSources(pulse: Pulse, asOfMs: number): Verdict {
  const silent = silentMs(pulse, asOfMs);
  if (silent !== null) {
    return { kind: "silent", tone: "warning", text: words.reporting.silent(silent) };
  }
  if (isCollecting(pulse, asOfMs)) {
    return { kind: "collecting", tone: "quiet", text: words.health.collecting };
  }
  return { kind: "good", tone: "good", text: words.health.good };
}
