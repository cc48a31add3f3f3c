/** Everything the parts of the window share, made once and handed down by context. */

import { createContext } from "svelte";

import type { Host } from "../host/host";
import { namedComponent } from "../model/performance";
import { ALL } from "../model/tree";
import { Aimed } from "./aimed.svelte";
import { ArmsFeed } from "./arms.svelte";
import { Past } from "./as_of.svelte";
import { Browsing } from "./browsing.svelte";
import { Choices } from "./choices.svelte";
import { ClientsFeed } from "./clients.svelte";
import { Compare } from "./compare.svelte";
import { Confirmations } from "./confirmations.svelte";
import { Configuration } from "./configuration.svelte";
import { DemoFeed } from "./demo.svelte";
import { Importing } from "./importing.svelte";
import { LastChanges } from "./last_changes.svelte";
import { Live } from "./live.svelte";
import { Metrics } from "./metrics.svelte";
import { Overlay } from "./overlay.svelte";
import { PulseFeed } from "./pulse.svelte";
import { tellConfirmed } from "./restoring";
import { Rollouts } from "./rollouts.svelte";
import { Rosters } from "./rosters.svelte";
import { Shown } from "./shown.svelte";
import { Snapshots } from "./snapshots.svelte";
import { StateSources } from "./sources.svelte";
import { Toasts } from "./toasts.svelte";

export interface Deck {
  host: Host;
  /** Messages to the person, from every part of the window. */
  toasts: Toasts;
  live: Live;
  /** What the flags were at another moment, if one is looked at. */
  past: Past;
  /** What the view of the flags shows of the two. */
  shown: Shown;
  choices: Choices;
  browsing: Browsing;
  clients: ClientsFeed;
  configuration: Configuration;
  overlay: Overlay;
  aimed: Aimed;
  lastChanges: LastChanges;
  metrics: Metrics;
  pulse: PulseFeed;
  arms: ArmsFeed;
  sources: StateSources;
  demo: DemoFeed;
  confirmations: Confirmations;
  snapshots: Snapshots;
  importing: Importing;
  rollouts: Rollouts;
  rosters: Rosters;
  compare: Compare;
}

export function makeDeck(host: Host): Deck {
  const toasts = new Toasts();
  const live = new Live(host, toasts);
  const overlay = new Overlay();
  const sources = new StateSources(host);
  const pulse = new PulseFeed(host, () => live.status?.storeGone != null);
  live.onconflict = (conflict) => overlay.ask({ kind: "conflict", conflict });
  live.onforeign = (foreign) => overlay.ask({ kind: "step", ...foreign });
  const past = new Past(host, toasts);
  const choices = new Choices(host, toasts);
  const browsing = new Browsing(
    () => live.flags?.document,
    (path) => path === ALL || live.tree.byPath.has(path),
  );
  const deck: Deck = {
    host,
    toasts,
    live,
    past,
    shown: new Shown({ toasts, live, past, browsing, choices }),
    choices,
    browsing,
    clients: new ClientsFeed(host),
    configuration: new Configuration({ host, toasts, browsing }),
    overlay,
    aimed: new Aimed(),
    lastChanges: new LastChanges(host),
    metrics: new Metrics(host),
    pulse,
    arms: new ArmsFeed(host, () => namedComponent(pulse.latest)),
    sources,
    demo: new DemoFeed(host, toasts),
    confirmations: new Confirmations(sources, (restore) => tellConfirmed(deck, restore)),
    snapshots: new Snapshots(host, sources),
    importing: new Importing(host),
    rollouts: new Rollouts(host),
    rosters: new Rosters(host, choices),
    compare: new Compare(),
  };
  return deck;
}

export const [useDeck, setDeck] = createContext<Deck>();
