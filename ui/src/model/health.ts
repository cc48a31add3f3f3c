/** What the dashboard says of the state of applications, and of Flagdeck's own, in one line. */

import type {
  MemoryStanding,
  Pulse,
  RolloutStanding,
  RolloutStatus,
  StateRestore,
  StateSource,
} from "../bindings/wire";
import { words } from "../words";
import {
  isCollecting,
  isVerdict,
  judgeNobody,
  judgeReading,
  MINUTE_MS,
  silentMs,
  type Heard,
} from "./reporting";
import { toneOf } from "./rollouts";
import type { Tone, Verdict } from "./verdict";

/** A source that has reported no state for longer is silent: the interval between two snapshots. */
const STATE_SILENT_MS = 5 * MINUTE_MS;

/** A source that takes restores does so sooner, even if it connects once a minute. */
const RESTORE_LATE_MS = 5 * MINUTE_MS;

/** A restore that its source has not confirmed yet. */
export interface OpenRestore {
  source: string;
  sinceMs: number;
  /** For how long the source has reported nothing; `null` if it reports. */
  silentMs: number | null;
}

/** A source of events, of a state, or of both. */
export interface Source {
  name: string;
  isSynthetic: boolean;
  /** When it reported last, in milliseconds since 1970. */
  atMs: number;
  isSilent: boolean;
}

/** A verdict, and the reason for it if that takes another line. */
export interface HealthVerdict extends Verdict {
  detail?: string;
}

/**
 * What is worst comes first: a rollout that did harm, what fails in Flagdeck or an application, a
 * rollout that is held, one of which too little is known. States and rollouts are read apart from
 * the pulse, and hold at `nowMs`.
 */
export function judgeHealth(
  heard: Heard,
  states: readonly StateSource[] = [],
  nowMs = heard.asOfMs,
  rollouts: readonly RolloutStatus[] = [],
): HealthVerdict {
  const judged = judgeReports(heard, states, nowMs);
  const worst = worstOf(rollouts, nowMs);
  if (worst === null || heard.isStoreGone) return judged;
  const said = judgeRollout(worst);
  if (said.tone === "error") return said;
  if (said.tone === "warning") {
    return judged.tone === "good" || judged.tone === "quiet" ? said : judged;
  }
  const isOfReports = judged.kind === "good" || judged.kind === "collecting";
  return isOfReports && said.tone !== "good" ? said : judged;
}

const DAY_MS = 24 * 60 * MINUTE_MS;

/** Worst first. What is not watched, or has nothing to watch, is no verdict. */
const worstFirst: readonly RolloutStanding[] = ["rolledBack", "holding", "collecting", "healthy"];

/** The rollout that is worst off: one that was rolled back counts for a day, while it is off. */
function worstOf(rollouts: readonly RolloutStatus[], nowMs: number): RolloutStatus | null {
  const counted = rollouts.filter(
    ({ standing, rolledBack }) =>
      standing !== "rolledBack" || nowMs - (rolledBack?.atMs ?? -Infinity) < DAY_MS,
  );
  for (const standing of worstFirst) {
    const found = counted.find((rollout) => rollout.standing === standing);
    if (found) return found;
  }
  return null;
}

function judgeRollout(rollout: RolloutStatus): HealthVerdict {
  const { component, standing } = rollout;
  return {
    kind: `rollout ${standing} ${component ?? ""}`,
    tone: toneOf(standing),
    text: words.rollouts.health.worst(rollout),
    detail: words.rollouts.health.reason(rollout),
  };
}

function judgeReports(heard: Heard, states: readonly StateSource[], nowMs: number): Verdict {
  const pulse = judgeReading(heard);
  if (isVerdict(pulse)) return pulse;
  return (
    judgeMemory(pulse) ??
    judgePush(pulse) ??
    judgeIntake(pulse) ??
    judgeDamage(states) ??
    judgeRestores(states, nowMs) ??
    judgeOpen(judgeSources(pulse, heard.asOfMs, states, nowMs), states, nowMs)
  );
}

/** Whether a restore still waits for its source. */
export function isOpen({ status }: StateRestore): boolean {
  return status === "open";
}

/** The restores that wait for their sources, the one that waits longest first. */
export function openRestores(states: readonly StateSource[], nowMs: number): OpenRestore[] {
  const open = states.flatMap(({ name, atMs, restore }): OpenRestore[] => {
    if (restore === null || !isOpen(restore)) return [];
    return [{ source: name, sinceMs: restore.atMs, silentMs: stateSilentMs(atMs, nowMs) }];
  });
  return open.toSorted((one, other) => one.sinceMs - other.sinceMs);
}

/**
 * Whether the source of a restore may never take it: it is silent, or reports and does not confirm.
 */
export function isStuck({ sinceMs, silentMs }: OpenRestore, nowMs: number): boolean {
  return silentMs !== null || nowMs - sinceMs >= RESTORE_LATE_MS;
}

/** Everyone who reports events or a state, the latest first; one that does both once. */
export function sourcesOf(
  pulse: Pulse | null,
  states: readonly StateSource[],
  nowMs: number,
): Source[] {
  const byName = new Map<string, Source>();
  for (const { name, atMs } of states) {
    // What was imported is no application.
    if (atMs === null) continue;
    const isSilent = stateSilentMs(atMs, nowMs) !== null;
    byName.set(name, { name, isSynthetic: false, atMs, isSilent });
  }
  for (const { name, atMs, isSynthetic } of pulse?.sources ?? []) {
    const state = byName.get(name);
    const isSilent = nowMs - atMs >= MINUTE_MS && (state?.isSilent ?? true);
    byName.set(name, { name, isSynthetic, isSilent, atMs: Math.max(atMs, state?.atMs ?? 0) });
  }
  return [...byName.values()].toSorted((one, other) => other.atMs - one.atMs);
}

const memoryTones: Readonly<Record<MemoryStanding, Tone>> = {
  unknown: "quiet",
  within: "good",
  high: "warning",
  over: "error",
};

/** How the memory of the application that uses most stands to its limits. */
export function toneOfMemory({ memory: { standing } }: Pulse): Tone {
  return memoryTones[standing];
}

function judgeMemory({ memory: { hostBytes, standing }, limits }: Pulse): Verdict | null {
  if (hostBytes === null || (standing !== "high" && standing !== "over")) return null;
  const limit = standing === "over" ? limits.memoryBytes : limits.hostMemoryBytes;
  const text = words.pulse.health.memoryLimit(hostBytes, limit);
  return { kind: `memory ${standing}`, tone: memoryTones[standing], text };
}

function judgePush({ push }: Pulse): Verdict | null {
  if (push?.error == null) return null;
  return { kind: "push", tone: "warning", text: words.pulse.health.pushFails(push.error) };
}

/** What was not accepted, or not distinguished. */
function judgeIntake({ batchesTurnedAway, labelsOverflowed }: Pulse): Verdict | null {
  if (batchesTurnedAway > 0) {
    const text = words.pulse.health.turnedAway(batchesTurnedAway);
    return { kind: "turned away", tone: "warning", text };
  }
  if (labelsOverflowed === 0) return null;
  return {
    kind: "overflow",
    tone: "warning",
    text: words.pulse.health.overflowed(labelsOverflowed),
  };
}

function judgeDamage(states: readonly StateSource[]): Verdict | null {
  const damaged = states.filter(({ isDamaged }) => isDamaged).map(({ name }) => name);
  if (damaged.length === 0) return null;
  const text = words.pulse.health.statesDamaged(damaged);
  return { kind: `damaged ${damaged.join(" ")}`, tone: "error", text };
}

function judgeRestores(states: readonly StateSource[], nowMs: number): Verdict | null {
  const stuck = openRestores(states, nowMs).find((open) => isStuck(open, nowMs));
  if (!stuck) return null;
  const text = words.pulse.health.restoreStuck(stuck);
  return { kind: `restore ${stuck.source}`, tone: "warning", text };
}

/**
 * All is not well while a restore is open: a state is not what was asked for, as far as is known.
 */
function judgeOpen(verdict: Verdict, states: readonly StateSource[], nowMs: number): Verdict {
  const [first] = openRestores(states, nowMs);
  if (verdict.tone !== "good" || first === undefined) return verdict;
  const text = words.pulse.health.restoreOpen(first);
  return { kind: `restore ${first.source}`, tone: "quiet", text };
}

function judgeSources(
  pulse: Pulse,
  asOfMs: number,
  states: readonly StateSource[],
  nowMs: number,
): Verdict {
  const silent = silentMs(pulse, asOfMs);
  const hasLiveState = states.some(({ atMs }) => stateSilentMs(atMs, nowMs) === null);
  if (silent !== null && !hasLiveState) {
    return { kind: "silent", tone: "warning", text: words.pulse.reporting.silent(silent) };
  }
  if (pulse.sources.length === 0 && states.length > 0) return judgeStates(states, nowMs);
  const nobody = judgeNobody(pulse);
  if (nobody) return nobody;
  if (isCollecting(pulse, asOfMs)) {
    return { kind: "collecting", tone: "quiet", text: words.pulse.health.collecting };
  }
  return { kind: "good", tone: "good", text: words.pulse.health.good };
}

/** What is said if there are states, and no events. */
function judgeStates(states: readonly StateSource[], nowMs: number): Verdict {
  const latestMs = Math.max(...states.map(({ atMs }) => atMs ?? -Infinity));
  if (latestMs === -Infinity) {
    return { kind: "imported", tone: "quiet", text: words.pulse.health.importedOnly };
  }
  const silent = stateSilentMs(latestMs, nowMs);
  if (silent === null) return { kind: "good", tone: "good", text: words.pulse.health.good };
  return { kind: "silent states", tone: "quiet", text: words.pulse.health.statesSilent(silent) };
}

function stateSilentMs(atMs: number | null, nowMs: number): number | null {
  const silent = nowMs - (atMs ?? -Infinity);
  return silent >= STATE_SILENT_MS ? silent : null;
}
