/** Overrides for single applications and users in memory, which are in no revision. */

import type { Actor, Failure, Flags, Target, TargetedOverride } from "../../src/bindings/wire";
import { MemoryFlags } from "./memory_flags";

const maria: Actor = { via: "window", name: "maria" };

export class MemoryTargeted extends MemoryFlags {
  targeted: readonly TargetedOverride[] = [];
  /** Refuses to set and to end such overrides while set. */
  targetedRefusal: Failure | null = null;

  override async flags(): Promise<Flags> {
    return { ...(await super.flags()), targeted: [...this.targeted] };
  }

  async overrideFor(
    target: Target,
    component: string,
    on: boolean,
    forMs: number,
  ): Promise<TargetedOverride> {
    await this.gate;
    if (this.targetedRefusal) throw this.targetedRefusal;
    const [sinceMs, untilMs] = [Date.now(), Date.now() + forMs];
    const set = { for: target, component, on, sinceMs, untilMs, by: maria };
    const others = this.targeted.filter((each) => keyOf(each) !== keyOf(set));
    this.target([...others, set]);
    return set;
  }

  async endTargeted(
    target?: Target | null,
    component?: string | null,
  ): Promise<TargetedOverride[]> {
    await this.gate;
    if (this.targetedRefusal) throw this.targetedRefusal;
    const isMeant = (each: TargetedOverride) =>
      (target == null || textOf(target) === textOf(each.for)) &&
      (component == null || component === each.component);
    const ended = this.targeted.filter(isMeant);
    this.target(this.targeted.filter((each) => !isMeant(each)));
    return ended;
  }

  /** Puts these in force, as any face would, and announces it. */
  target(list: readonly TargetedOverride[]): void {
    this.targeted = list.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
    this.announce({ kind: "flags", revision: this.revision });
  }
}

/** Applications come first. */
function textOf(target: Target): string {
  return "source" in target ? `0${target.source}` : `1${target.user}`;
}

function keyOf({ for: target, component }: TargetedOverride): string {
  return `${textOf(target)}\n${component}`;
}
