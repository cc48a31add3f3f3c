/** Everything the parts of the window share, made once and handed down by context. */

import { createContext } from "svelte";

import type { Host } from "../host/host";
import { ArmsFeed } from "./arms.svelte";
import { Browsing } from "./browsing.svelte";
import { Choices } from "./choices.svelte";
import { LastChanges } from "./last_changes.svelte";
import { Live } from "./live.svelte";
import { Metrics } from "./metrics.svelte";
import { Overlay } from "./overlay.svelte";
import { PulseFeed } from "./pulse.svelte";

export interface Deck {
  host: Host;
  live: Live;
  choices: Choices;
  browsing: Browsing;
  overlay: Overlay;
  lastChanges: LastChanges;
  metrics: Metrics;
  pulse: PulseFeed;
  arms: ArmsFeed;
}

export function makeDeck(host: Host): Deck {
  const live = new Live(host);
  const overlay = new Overlay();
  live.onconflict = (conflict) => overlay.show({ kind: "conflict", conflict });
  return {
    host,
    live,
    choices: new Choices(host, live.toasts),
    browsing: new Browsing(() => live.flags?.document),
    overlay,
    lastChanges: new LastChanges(host),
    metrics: new Metrics(host),
    pulse: new PulseFeed(host),
    arms: new ArmsFeed(host),
  };
}

export const [useDeck, setDeck] = createContext<Deck>();
