/** Followed documents to look at: how following goes, what is overridden, what conflicts. */

import type { Document, Edit, FollowState } from "../../src/bindings/wire";
import { growTree } from "../../src/model/tree";
import type { MemoryHost } from "./memory";
import { FROM } from "./memory_following";

const HOUR_MS = 3_600_000;

const REASON = "it cannot be reached: connection refused";
const LONG_REASON =
  "its document is not valid: /rollouts/search.ranking.neural/percentage: “101” is more than 100. " +
  "/requires/ui.dashboard/0: there is no component trackerWithANameThatIsVeryLong. (and 12 more)";
const LONG_FROM = `https://flags.a-team-with-a-long-name.engineering.example.com:8443/${"path/".repeat(20)}flags`;

const states = (now: number): Record<string, FollowState> => ({
  fresh: { kind: "fresh" },
  waiting: { kind: "waiting" },
  retrying: { kind: "retrying", sinceMs: now - 90_000, reason: REASON },
  stale: { kind: "stale", sinceMs: now - 2 * HOUR_MS, reason: REASON },
  long: { kind: "stale", sinceMs: now - 50 * HOUR_MS, reason: LONG_REASON },
  held: {
    kind: "held",
    sinceMs: now - 0.2 * HOUR_MS,
    lost: "7 of 9 components: calculator, tracker, orchestrator and 4 more",
    document: "c0ffee",
  },
  elsewhere: { kind: "elsewhere" },
});

const few: readonly Edit[] = [
  { kind: "set_components", paths: ["ui.badges"], on: false },
  { kind: "set_rollout", component: null, percentage: 75 },
  { kind: "set_rollout", component: "search.ranking.neural", percentage: 40 },
  { kind: "describe", path: "tracker", owner: "צוות החיפוש" },
  { kind: "remove", paths: ["orchestrator"], release: true },
];

/** Prepares a host as the parameters of the sample page say. */
export function followed(host: MemoryHost, wanted: URLSearchParams): void {
  const name = wanted.get("follow") ?? "fresh";
  const state = states(Date.now())[name] ?? { kind: "fresh" as const };
  const from = wanted.has("long") ? LONG_FROM : FROM;
  if (name === "waiting") host.say(state, from);
  else host.follow(host.document, from, state);
  if (name === "held") host.remote = small(host.document);
  if (name !== "waiting") override(host, wanted.get("overrides"));
  if (wanted.has("conflict")) {
    host.remoteChanges = new Map<string, unknown>([
      ["/rollout", { percentage: 60, userGroups: ["beta"], strategy: "canary" }],
      ["/rollouts/search.ranking.neural", { percentage: 5, userGroups: [], strategy: "canary" }],
    ]);
  }
  if (wanted.has("refused")) {
    host.remoteRefusal = {
      code: "remote",
      message: `${from}: it refuses this credential, or a request without one (403).`,
      problems: [],
    };
  }
}

function override(host: MemoryHost, how: string | null) {
  if (how === null) return;
  if (how === "off") void host.change({ kind: "set_master", on: false });
  else if (how === "one") void host.change(few[0] ?? { kind: "set_master", on: false });
  else if (how === "many") {
    const nodes = [...growTree(host.document.components).byPath.values()];
    const leaves = nodes.filter(({ children }) => children === null).slice(0, 200);
    for (const { path, componentsOn } of leaves) {
      void host.change({ kind: "set_components", paths: [path], on: componentsOn === 0 });
    }
  } else {
    for (const edit of few) void host.change(edit);
    if (how === "suspended") void suspend(host);
  }
}

/** The remote removes what is overridden. */
async function suspend(host: MemoryHost) {
  await Promise.resolve();
  const components = { ...host.document.components };
  delete components.search;
  host.adopt({ ...host.document, components });
}

function small(document: Document): Document {
  const { calculator, tracker } = document.components;
  return {
    enabled: true,
    components: { calculator: calculator ?? true, tracker: tracker ?? false },
    rollout: document.rollout,
  };
}
