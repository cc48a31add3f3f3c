/**
 * How often calculations fail where components are on and where they are off, read now and then
 * while the dashboard is shown and the window is in view: one reading at a time. Outlives the view,
 * so that coming back finds what was read last.
 */

import type { Charts, Failure } from "../bindings/wire";
import type { Host } from "../host/host";
import { lately } from "../model/chart_range";
import { asUnread } from "./unread";

/** From one reading to the next, also if the dashboard is left and shown again. */
const GAP_MS = 5000;

const SPAN_S = 900;
/** As many as the cards over it have columns. */
const POINTS = 60;

export interface ArmsReading {
  charts: Charts;
  /** Of which component; `null` for all of them together. */
  component: string | null;
  /** The end of its span. */
  asOfMs: number;
}

export class ArmsFeed {
  /** The latest reading that succeeded. */
  latest = $state.raw<ArmsReading | null>(null);
  /** Why the latest one did not. */
  failure = $state.raw<Failure | null>(null);

  readonly #host: Host;
  readonly #component: () => string | null;
  #isShown = false;
  #isUnderWay = false;
  #askedMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `component` says which one to read at the moment; `null` for all of them together. */
  constructor(host: Host, component: () => string | null = () => null) {
    this.#host = host;
    this.#component = component;
  }

  /** Begins to read, until the returned function is called. */
  start(): () => void {
    this.#isShown = true;
    document.addEventListener("visibilitychange", this.#goOn);
    this.#goOn();
    return () => {
      this.#isShown = false;
      clearTimeout(this.#timer);
      document.removeEventListener("visibilitychange", this.#goOn);
    };
  }

  readonly #goOn = (): void => {
    clearTimeout(this.#timer);
    // A reading that is under way schedules the next.
    if (!this.#isShown || document.hidden || this.#isUnderWay) return;
    const restMs = this.#askedMs + GAP_MS - Date.now();
    // A clock that was set back does not prolong the wait.
    const waitMs = Math.min(Math.max(restMs, 0), GAP_MS);
    this.#timer = setTimeout(() => void this.#ask(), waitMs);
  };

  async #ask(): Promise<void> {
    const asOfMs = Date.now();
    const component = this.#component();
    this.#isUnderWay = true;
    this.#askedMs = asOfMs;
    try {
      const charts = await this.#host.charts({
        ...lately(SPAN_S, asOfMs),
        pointsMax: POINTS,
        component,
        // As the cards over it: those know nothing of a Prometheus.
        own: true,
      });
      this.latest = { charts, component, asOfMs };
      this.failure = null;
    } catch (reason) {
      this.failure = asUnread(reason);
    }
    this.#isUnderWay = false;
    this.#goOn();
  }
}
