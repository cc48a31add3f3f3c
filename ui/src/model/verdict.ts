/** What the dashboard says of the flags in one line. */

import type { Flags } from "../bindings/wire";
import { words } from "../words";
import { allOffOf, metOf, reachOf } from "./reach";
import { rolloutOf } from "./rollout";
import { ALL, missingRequirements, type Tree } from "./tree";

/** How a verdict is shown; `quiet` is neither good nor bad. */
export type Tone = "good" | "warning" | "error" | "quiet";

export interface Verdict {
  tone: Tone;
  text: string;
  /** The kind of verdict, without its figures; a change of it is announced to screen readers. */
  kind?: string;
}

export function judgeFlags(flags: Flags, tree: Tree, nowMs: number): Verdict {
  if (!flags.document.enabled) return judgeAllOff(flags, nowMs);
  if (tree.componentsOn === 0) return { tone: "quiet", text: words.dashboard.verdicts.nothingOn };
  return findBlocked(flags, tree) ?? findUnmet(flags, tree) ?? judgeReach(flags);
}

/** Flags that were never turned on are the normal start: no reason for alarm. */
function judgeAllOff(flags: Flags, nowMs: number): Verdict {
  const allOff = allOffOf(flags);
  // The moment comes with what is stored.
  if (allOff === null) return { tone: "error", text: words.frame.allOffDone };
  const tone = allOff.sinceMs === null ? "quiet" : "error";
  return { tone, text: words.reach.allOffState.since(allOff, nowMs) };
}

/** A component that is on without effect, because what it requires is off. */
function findBlocked(flags: Flags, tree: Tree): Verdict | null {
  for (const path of Object.keys(flags.document.requires ?? {})) {
    if (tree.byPath.get(path)?.componentsOn !== 1) continue;
    const [needed] = missingRequirements(flags.document, tree, path);
    if (needed !== undefined)
      return { tone: "warning", text: words.dashboard.verdicts.missing(path, needed) };
  }
  return null;
}

/**
 * A component with a rollout that shows it to no user, because a component that it requires is on
 * for no user.
 */
function findUnmet({ document, reach }: Flags, tree: Tree): Verdict | null {
  for (const path of Object.keys(document.requires ?? {})) {
    const isOn = tree.byPath.get(path)?.componentsOn === 1;
    if (!isOn || rolloutOf(document, path).percentage === 0) continue;
    const met = metOf(reach, path);
    if (met?.isNobody) return { tone: "warning", text: words.dashboard.verdicts.unmet(path, met) };
  }
  return null;
}

function judgeReach({ document, reach: reaches }: Flags): Verdict {
  const own = Object.values(document.rollouts ?? {});
  const reach = reachOf(reaches, ALL);
  if (reach === undefined) return { tone: "quiet", text: words.dashboard.verdicts.nothingOn };
  const isForNobody = reach.isNobody && own.every((rollout) => rollout.percentage === 0);
  const said = words.reach.on(reach);
  const text = own.length > 0 ? words.dashboard.verdicts.andOwn(said, own.length) : said;
  return { tone: isForNobody ? "quiet" : "good", text };
}
