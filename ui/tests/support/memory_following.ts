/** The followed document in memory, as the backend answers of it. */

import type {
  Document,
  Failure,
  FollowedReview,
  FollowState,
  Outcome,
  OverrideSelection,
  PublishConflict,
  Publishing,
  PublishingReview,
  Status,
} from "../../src/bindings/wire";
import {
  componentOf,
  isMeant,
  overridden,
  partOf,
  sentencesOf,
  type KeptFollowed,
} from "./followed";
import { MemoryTargeted } from "./memory_targeted";
import { wideningsOf } from "./reach";
import { differenceOf, summaryOf } from "./revisions";

export const FROM = "https://flags.example/api/ml/flags";

export class MemoryFollowing extends MemoryTargeted {
  /** What the remote has: what is held, if the status says so. */
  remote: Document | null = null;
  /** Refuses to fetch, publish and accept while set. */
  remoteRefusal: Failure | null = null;
  /** What the remote has by the time that something is published, at places. */
  remoteChanges = new Map<string, unknown>();
  readonly published: OverrideSelection[] = [];
  fetches = 0;

  /** Follows a document from now on. */
  follow(document: Document, from = FROM, state: FollowState = { kind: "fresh" }): void {
    const actor = { via: "followed" as const, name: from };
    const followed = { from, base: document, own: new Map() };
    this.forgetSteps();
    this.append(document, [`Follows ${from}`], { actor, cause: { kind: "follow" }, followed });
    this.say(state, from);
  }

  /** Adopts a document as it is found at the remote, under the overrides. */
  adopt(document: Document): void {
    const kept = this.#kept();
    const followed = { ...kept, base: document };
    const actor = { via: "followed" as const, name: kept.from };
    const after = overridden(followed);
    const changes = differenceOf(this.document, after).changes.map(({ sentence }) => sentence);
    this.append(after, changes, { actor, cause: { kind: "adopt" }, followed });
  }

  /** Says how following goes. */
  say(state: FollowState, address = this.followed?.from ?? FROM): void {
    const now = Date.now();
    const since = "sinceMs" in state ? state.sinceMs : now;
    const confirmedMs = state.kind === "waiting" ? null : since - 20_000;
    const nextMs = state.kind === "elsewhere" ? null : now + 40_000;
    this.state = { ...this.state, following: { address, state, confirmedMs, nextMs } };
    this.announce({ kind: "status" });
  }

  async clearOverrides(which: OverrideSelection): Promise<Outcome> {
    await this.gate;
    if (this.refusal) throw this.refusal;
    const kept = this.#kept();
    const places = this.#selected(which);
    const own = new Map([...kept.own].filter(([place]) => !places.includes(place)));
    const followed = { ...kept, own };
    const after = overridden(followed);
    const said = differenceOf(this.document, after).changes.map(({ sentence }) => sentence);
    const names = places.map((place) => componentOf(place) ?? place.slice(1));
    const changes = said.length > 0 ? said : [`Override ended: ${names.join(", ")}`];
    this.push(after, changes);
    return this.append(after, changes, { followed });
  }

  async publishOverrides(
    which: OverrideSelection,
    confirmsLoss: boolean | null = false,
  ): Promise<Publishing> {
    await this.gate;
    this.published.push(which);
    if (this.remoteRefusal) throw this.remoteRefusal;
    const kept = this.#kept();
    const places = this.#selected(which);
    const conflicts = this.#conflicts(kept, places);
    if (conflicts.length > 0) return { published: null, conflicts };
    const { loss } = await this.reviewPublishing(which);
    if (loss && !confirmsLoss) {
      const message = "It wants this to be confirmed.";
      throw { code: "large_loss", message, problems: [] } satisfies Failure;
    }
    const [sent, rest] = this.#split(kept, places);
    const followed = { ...kept, base: overridden(sent), own: rest.own };
    const names = places.map((place) => componentOf(place) ?? place.slice(1));
    const changes = [`Published ${[...new Set(names)].join(", ")}`];
    this.forgetSteps();
    const cause = { kind: "publish" as const };
    return { published: this.append(this.document, changes, { cause, followed }), conflicts: [] };
  }

  async reviewPublishing(which: OverrideSelection): Promise<PublishingReview> {
    await this.gate;
    const kept = this.#kept();
    const [sent] = this.#split(kept, this.#selected(which));
    const after = overridden(sent);
    return { widenings: wideningsOf(kept.base, after), loss: this.lossBetween(kept.base, after) };
  }

  async reviewFollowed(): Promise<FollowedReview> {
    await this.gate;
    if (this.remoteRefusal) throw this.remoteRefusal;
    const kept = this.#kept();
    const remote = this.remote ?? kept.base;
    return {
      document: "c0ffee",
      difference: differenceOf(this.document, overridden({ ...kept, base: remote })),
      loss: this.lossBetween(kept.base, remote),
    };
  }

  async acceptFollowed(document: string): Promise<Outcome> {
    await this.gate;
    if (this.remoteRefusal) throw this.remoteRefusal;
    if (document !== "c0ffee" || this.remote === null) throw new Error("another document");
    this.adopt(this.remote);
    this.say({ kind: "fresh" });
    return { revision: this.revision, changed: true, summary: summaryOf(["Adopted"]), changes: [] };
  }

  async fetchFollowed(): Promise<Status> {
    await this.gate;
    this.fetches += 1;
    if (this.remoteRefusal) throw this.remoteRefusal;
    if (this.state.following?.state.kind !== "held") this.say({ kind: "fresh" });
    return this.state;
  }

  #kept(): KeptFollowed {
    if (this.followed) return this.followed;
    const message = "no document is followed";
    throw { code: "nothing_to_do", message, problems: [] } satisfies Failure;
  }

  #selected(which: OverrideSelection): string[] {
    const places = [...this.#kept().own.keys()].filter((place) => {
      if (which === "all") return true;
      return "places" in which ? which.places.includes(place) : isMeant(place, which.component);
    });
    if (places.length > 0) return places;
    const message = "there is no such override";
    throw { code: "not_found", message, problems: [] } satisfies Failure;
  }

  #split(kept: KeptFollowed, places: readonly string[]): [KeptFollowed, KeptFollowed] {
    const own = [...kept.own];
    const sent = new Map(own.filter(([place]) => places.includes(place)));
    const rest = new Map(own.filter(([place]) => !places.includes(place)));
    return [
      { ...kept, own: sent },
      { ...kept, own: rest },
    ];
  }

  /** Adopts what was changed at the remote, and says where that is to be published. */
  #conflicts(kept: KeptFollowed, places: readonly string[]): PublishConflict[] {
    if (this.remoteChanges.size === 0) return [];
    const was = new Map(places.map((place) => [place, valueAt(kept.base, place)]));
    const { actor, sinceMs } = { actor: { via: "http", name: "team" } as const, sinceMs: 0 };
    const theirs = [...this.remoteChanges].map(
      ([place, value]) => [place, { value, sinceMs, by: actor }] as const,
    );
    this.adopt(overridden({ ...kept, own: new Map(theirs) }));
    const changed = this.remoteChanges;
    this.remoteChanges = new Map();
    return places
      .filter((place) => changed.has(place))
      .map((place) => ({
        place,
        component: componentOf(place),
        what: partOf(place),
        theirs: sentencesOf(place, was.get(place), changed.get(place)),
        mine: sentencesOf(place, changed.get(place), kept.own.get(place)?.value),
      }));
  }
}

function valueAt(document: Document, place: string): unknown {
  let at: unknown = document;
  for (const segment of place.slice(1).split("/")) {
    at =
      typeof at === "object" && at !== null ? (at as Record<string, unknown>)[segment] : undefined;
  }
  return at;
}
