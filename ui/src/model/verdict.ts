/** What the dashboard says of the flags in one line. */

import type { Flags } from "../bindings/wire";
import { words } from "../words";
import { missingRequirements, type Tree } from "./tree";

/** How a verdict is shown; `quiet` is neither good nor bad. */
export type Tone = "good" | "warning" | "error" | "quiet";

export interface Verdict {
  tone: Tone;
  text: string;
  /** What is said, apart from its figures; where it is told, a change of it is announced. */
  kind?: string;
}

export function judgeFlags(flags: Flags, tree: Tree): Verdict {
  const { document } = flags;
  if (!document.enabled) return { tone: "quiet", text: words.verdicts.off };
  if (tree.componentsOn === 0) return { tone: "quiet", text: words.verdicts.nothingOn };
  return findWaiting(flags, tree) ?? judgeReach(flags);
}

/** A component that is switched on in vain, for what it needs is off. */
function findWaiting(flags: Flags, tree: Tree): Verdict | null {
  for (const path of Object.keys(flags.document.requires ?? {})) {
    if (tree.byPath.get(path)?.componentsOn !== 1) continue;
    const [needed] = missingRequirements(flags.document, tree, path);
    if (needed !== undefined)
      return { tone: "warning", text: words.verdicts.missing(path, needed) };
  }
  return null;
}

function judgeReach({ document }: Flags): Verdict {
  const { percentage, strategy, userGroups } = document.rollout;
  const own = Object.values(document.rollouts ?? {});
  const isForGroups = strategy === "feature" && userGroups.length > 0;
  if (percentage === 0 && own.every((rollout) => rollout.percentage === 0)) {
    return { tone: "quiet", text: words.verdicts.nobody };
  }
  const reach = isForGroups
    ? words.verdicts.groups(percentage, userGroups)
    : percentage === 100
      ? words.verdicts.everyone
      : words.verdicts.share(percentage);
  const text = own.length > 0 ? words.verdicts.andOwn(reach, own.length) : reach;
  return { tone: "good", text };
}
