/** Whom components reach, as plainly as the tests need it: one list of groups at most. */

import type { Document, Reach, Reaches, Widenings } from "../../src/bindings/wire";
import { rolloutOf } from "../../src/model/rollout";
import { growTree } from "../../src/model/tree";

interface Shares {
  others: number;
  members: number;
  groups: string[];
  nobody: string | null;
}

export function reachesOf(document: Document): Reaches {
  const leaves = leavesOf(document);
  const kinds: Reach[] = [];
  const known = new Map<string, number>();
  const kindOf = (shares: Shares) => {
    const reach = reachIn(shares);
    const kind = known.get(reach.words) ?? kinds.push(reach) - 1;
    known.set(reach.words, kind);
    return kind;
  };
  const everyone = (): Shares => ({ others: 1, members: 1, groups: [], nobody: null });
  const own = (path: string) => (document.rollouts?.[path] ? path : "");
  const sees: Record<string, number> = {};
  const met: Record<string, number> = {};
  const byDefault = kindOf(through([["", "the default rollout"]]));

  function through(rollouts: (readonly [owner: string, name: string])[]): Shares {
    const shares = everyone();
    const seen = new Set<string>();
    for (const [owner, name] of rollouts) {
      if (seen.has(owner)) continue;
      seen.add(owner);
      const { percentage, strategy, userGroups } = rolloutOf(document, owner);
      const share = percentage / 100;
      if (share === 0) shares.nobody ??= `${name} is at 0 %`;
      const isFirst = strategy === "canary" && userGroups.length > 0;
      const isOnly = strategy === "feature" && userGroups.length > 0;
      shares.others *= isOnly ? 0 : share;
      shares.members *= isFirst ? 1 : share;
      if (isFirst || isOnly) shares.groups = userGroups;
    }
    return shares;
  }

  const isOn = (path: string) => leaves.get(path) === true;
  for (const path of leaves.keys()) {
    const needed = requiredBy(document, path);
    const off = needed.find((each) => !isOn(each));
    const behind = needed.map((each) => [own(each), each] as const);
    const blocked = off === undefined ? null : `${off} is off`;
    const name = own(path) ? "its rollout" : "the default rollout";
    const shares = through([[own(path), name], ...behind]);
    const nobody = isOn(path) ? (blocked ?? shares.nobody) : "switched off";
    const kind = kindOf({ ...shares, nobody });
    if (kind !== byDefault) sees[path] = kind;
    if (needed.length > 0) {
      const requirements = through(behind);
      met[path] = kindOf({ ...requirements, nobody: blocked ?? requirements.nobody });
    }
  }
  return { kinds, default: byDefault, sees, met };
}

/** What a component requires, by itself and through others. */
export function requiredBy(document: Document, path: string): string[] {
  const found = new Set(document.requires?.[path] ?? []);
  for (const each of found) document.requires?.[each]?.forEach((deeper) => found.add(deeper));
  return [...found];
}

/** The components that are in both documents and reach more, or other users, in the second. */
export function wideningsOf(before: Document, after: Document): Widenings {
  const [was, becomes] = [reachesOf(before), reachesOf(after)];
  const wasThere = leavesOf(before);
  const of = (reaches: Reaches, path: string) =>
    reaches.kinds[reaches.sees[path] ?? reaches.default];
  const components = [...leavesOf(after).keys()].flatMap((path) => {
    const [old, next] = [of(was, path), of(becomes, path)];
    if (!wasThere.has(path) || !old || !next) return [];
    const isMore = weight(next) > weight(old);
    const hasOtherOwner = !before.rollouts?.[path] !== !after.rollouts?.[path];
    const isExchange = hasOtherOwner && !old.isEveryone && !next.isEveryone && !next.isNobody;
    if (!isMore && !isExchange) return [];
    return [{ path, before: old.words, after: isMore ? next.words : `${next.words}, other users` }];
  });
  return { components, total: components.length };
}

function weight({ words, percentage, isNobody }: Reach): number {
  if (isNobody) return 0;
  return words.endsWith(" only") ? percentage / 1000 : percentage;
}

/** Every component, and whether it is switched on. */
function leavesOf(document: Document): Map<string, boolean> {
  const leaves = [...growTree(document.components).byPath.values()].filter(
    (node) => !node.children,
  );
  return new Map(leaves.map((node) => [node.path, node.componentsOn > 0]));
}

function reachIn({ others, members, groups, nobody }: Shares): Reach {
  const percent = (share: number) => `${Math.round(share * 100_000) / 1000} %`;
  const ofMembers = members === 1 ? named(groups) : `${percent(members)} of ${named(groups)}`;
  const isPlain = groups.length === 0 || others >= members;
  const words =
    nobody !== null
      ? `Nobody: ${nobody}`
      : isPlain
        ? others === 1
          ? "Everyone"
          : `${percent(others)} of everyone`
        : others === 0
          ? `${ofMembers} only`
          : `${ofMembers}, and ${percent(others)} of everyone else`;
  return {
    words,
    phrase: words.replace(/^(Nobody|Everyone)/, (word) => word.toLowerCase()),
    percentage: nobody === null ? (others || members) * 100 : 0,
    isEveryone: words === "Everyone",
    isNobody: nobody !== null,
  };
}

/** Lists groups as the backend does, the first three by name. */
function named(groups: readonly string[]): string {
  const listed = groups.length > 3 ? [...groups.slice(0, 3), `${groups.length - 3} more`] : groups;
  return listed.length < 2
    ? listed.join()
    : `${listed.slice(0, -1).join(", ")} or ${listed.at(-1)}`;
}
