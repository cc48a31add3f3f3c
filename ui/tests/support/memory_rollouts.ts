/** Rollouts in memory: how each stands is given, what a person does to a ramp is done as plainly. */

import type {
  Actor,
  Decision,
  EvidencePoint,
  Failure,
  Happened,
  NamedPlan,
  OwnGuardRules,
  RampPlan,
  RampStatus,
  Replayed,
  RolloutDetails,
  RolloutStatus,
  TimelineEntry,
} from "../../src/bindings/wire";
import { MemoryRosters } from "./memory_rosters";

/** What a rollout has besides how it stands. */
export type Past = Pick<RolloutDetails, "points" | "timeline">;

/** A decision that was kept, and what judging it again comes to. */
export interface KeptDecision {
  decision: Decision;
  isSame: boolean | null;
  points: EvidencePoint[];
}

export const builtInPlans: readonly NamedPlan[] = [
  { name: "standard", isBuiltIn: true, plan: planOf([1, 5, 10, 25, 50, 100], 3600, 200) },
  { name: "careful", isBuiltIn: true, plan: planOf([1, 2, 5, 10, 25, 50, 75, 100], 86_400, 1000) },
  { name: "quick", isBuiltIn: true, plan: planOf([10, 50, 100], 600, 50) },
];

export function planOf(steps: number[], dwellS: number, leastExposed: number): RampPlan {
  return { steps, dwellS, leastExposed, hours: null };
}

const maria: Actor = { via: "window", name: "maria" };

export class MemoryRollouts extends MemoryRosters {
  rolloutList: RolloutStatus[] = [];
  /** What happened to each, by its component; `""` for the default rollout. */
  readonly pasts = new Map<string, Past>();
  readonly decisions = new Map<number, KeptDecision>();
  planList: NamedPlan[] = [...builtInPlans];
  /** Refuses what is asked about rollouts, or done to one, while set. */
  rolloutRefusal: Failure | null = null;
  rolloutsAsked = 0;
  /** What was done to rollouts, in order: the call with what it was given. */
  readonly steered: [string, ...unknown[]][] = [];
  #entries = 10_000;

  async rollouts(): Promise<RolloutStatus[]> {
    this.rolloutsAsked += 1;
    await this.gate;
    if (this.rolloutRefusal) throw this.rolloutRefusal;
    return structuredClone(this.rolloutList);
  }

  async rollout(component: string | null = null): Promise<RolloutDetails> {
    await this.gate;
    if (this.rolloutRefusal) throw this.rolloutRefusal;
    return this.#detailsOf(component);
  }

  #detailsOf(component: string | null): RolloutDetails {
    const status = this.#get(component);
    const past = this.pasts.get(component ?? "") ?? { points: [], timeline: [] };
    return structuredClone({ status, ...past });
  }

  rampPlans(): Promise<NamedPlan[]> {
    return Promise.resolve(structuredClone(this.planList));
  }

  async saveRampPlan(name: string, plan: RampPlan): Promise<NamedPlan[]> {
    this.steered.push(["saveRampPlan", name, plan]);
    if (this.rolloutRefusal) throw this.rolloutRefusal;
    const others = this.planList.filter((each) => each.name !== name);
    this.planList = [...others, { name, plan, isBuiltIn: false }];
    return this.rampPlans();
  }

  removeRampPlan(name: string): Promise<NamedPlan[]> {
    this.steered.push(["removeRampPlan", name]);
    this.planList = this.planList.filter((each) => each.name !== name);
    return this.rampPlans();
  }

  async startRamp(
    component: string | null,
    plan: RampPlan,
    planName: string | null = null,
    startsMs: number | null = null,
  ): Promise<RolloutDetails> {
    this.steered.push(["startRamp", component, plan, planName, startsMs]);
    return this.#steer(component, "rampStarted", (status) => {
      const now = status.isOn ? status.percentage : 0;
      const steps = plan.steps.filter((step) => step > now);
      status.ramp = {
        id: 900,
        planName,
        plan: { ...plan, steps },
        phase: "running",
        made: 0,
        by: maria,
        startedMs: Date.now(),
        steppedMs: null,
        missing: startsMs === null ? [] : [{ kind: "start", atMs: startsMs }],
        earliestMs: startsMs,
        gap: null,
        sentence: `Not begun, next ${steps[0] ?? 0} %.`,
      };
      return `A ramp was started: ${steps.join("-")} %.`;
    });
  }

  pauseRamp(component: string | null = null): Promise<RolloutDetails> {
    this.steered.push(["pauseRamp", component]);
    return this.#steer(component, "paused", (status, ramp) => {
      Object.assign(ramp, { phase: "paused", missing: [{ kind: "person" }], earliestMs: null });
      status.standing = "holding";
      status.sentence = `At ${status.percentage} %, paused.`;
      return "Paused.";
    });
  }

  resumeRamp(component: string | null = null): Promise<RolloutDetails> {
    this.steered.push(["resumeRamp", component]);
    return this.#steer(component, "resumed", (status, ramp) => {
      const leftMs = ramp.plan.dwellS * 1000;
      Object.assign(ramp, {
        phase: "running",
        missing: [{ kind: "time", leftMs }],
        earliestMs: Date.now() + leftMs,
      });
      status.standing = "healthy";
      return "Resumed.";
    });
  }

  skipRamp(component: string | null = null): Promise<RolloutDetails> {
    this.steered.push(["skipRamp", component]);
    return this.#steer(component, "skipped", (status, ramp) => {
      const next = ramp.plan.steps[ramp.made];
      if (next === undefined) ramp.phase = "completed";
      else [ramp.made, status.percentage] = [ramp.made + 1, next];
      return `Widened to ${next ?? 100} %.`;
    });
  }

  abortRamp(component: string | null, putsBack: boolean): Promise<RolloutDetails> {
    this.steered.push(["abortRamp", component, putsBack]);
    return this.#steer(component, "aborted", (status, ramp) => {
      Object.assign(ramp, { phase: "aborted", missing: [], earliestMs: null });
      ramp.sentence = `At ${status.percentage} %, ended before it was complete.`;
      return "The ramp was ended.";
    });
  }

  setGuardRules(component: string | null, rules: OwnGuardRules): Promise<RolloutDetails> {
    this.steered.push(["setGuardRules", component, rules]);
    return this.#steer(component, "changed", (status) => {
      status.ownRules = rules;
      const own = Object.entries(rules).filter(([, value]) => value !== null);
      status.rules = {
        ...status.rules,
        ...(Object.fromEntries(own) as Partial<typeof status.rules>),
      };
      return "Held to other rules.";
    });
  }

  async replayDecision(id: number): Promise<Replayed> {
    await this.gate;
    const kept = this.decisions.get(id);
    if (!kept) {
      const message = `There is no decision ${id}.`;
      throw { code: "not_found", message, problems: [] } satisfies Failure;
    }
    return structuredClone(kept);
  }

  async #steer(
    component: string | null,
    what: Happened,
    change: (status: RolloutStatus, ramp: RampStatus) => string,
  ): Promise<RolloutDetails> {
    await this.gate;
    if (this.rolloutRefusal) throw this.rolloutRefusal;
    const status = this.#get(component);
    const sentence = change(status, status.ramp ?? ({} as RampStatus));
    this.#entries += 1;
    const past = this.pasts.get(component ?? "") ?? { points: [], timeline: [] };
    const entry: TimelineEntry = {
      id: this.#entries,
      atMs: Date.now(),
      component,
      what,
      sentence,
      by: maria,
      revision: null,
      decision: null,
    };
    this.pasts.set(component ?? "", { ...past, timeline: [entry, ...past.timeline] });
    this.announce({ kind: "rollouts" });
    return this.#detailsOf(component);
  }

  #get(component: string | null): RolloutStatus {
    const found = this.rolloutList.find((each) => each.component === component);
    if (found) return found;
    const message = `There is no component ${component ?? ""}.`;
    throw { code: "not_found", message, problems: [] } satisfies Failure;
  }
}
