/**
 * What the charts show. While it is live it reads the sliding span again and again: one reading at
 * a time, none while nobody looks. Outlives the view, so that coming back finds it as it was.
 */

import type { ChartQuery, Charts, Failure } from "../bindings/wire";
import type { Host } from "../host/host";
import {
  between,
  isWithinRange,
  lately,
  momentAt,
  panned,
  restMs,
  zoomed,
  type Range,
  type SpanS,
} from "../model/chart_range";
import { asUnread } from "./unread";

/** Held keys and impatient clicks ask no more often than this. */
export const GAP_MIN_MS = 250;

/** What cannot be read is tried again, though not as often as what can. */
const FAILED_REST_MIN_MS = 5000;

/** Until the width of the plots is known. */
const POINTS_AT_FIRST = 400;

/** Following the present, paused, or showing a chosen span. */
export type Motion = "live" | "paused" | "zoomed";

export class Metrics {
  /**
   * The answer that is drawn; `null` before the first, and if there is no answer to the question.
   */
  charts = $state.raw<Charts | null>(null);
  /** Why the last reading failed. */
  failure = $state.raw<Failure | null>(null);
  motion = $state.raw<Motion>("live");
  /** The moment that is read off every chart, in milliseconds since 1970; `null` for none. */
  cursorMs = $state.raw<number | null>(null);
  /** The Prometheus that charts came from last, also while Flagdeck's own are shown. */
  prometheus = $state.raw<string | null>(null);

  readonly #host: Host;
  readonly #nowMs: () => number;
  #spanS = $state.raw<SpanS>(900);
  #component = $state.raw<string | null>(null);
  #own = $state.raw(false);
  /** The stretch that stands still; `null` while it is live. */
  #held = $state.raw<Range | null>(null);
  #answered = $state.raw<Range | null>(null);
  /** What the answer is about; another question makes it worthless. */
  #answeredTopic: string | null = null;
  #pointsMax = POINTS_AT_FIRST;
  #isShown = false;
  #isUnderWay = false;
  /** Whether to ask as soon as the reading under way is over. */
  #isWanted = false;
  #askedMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host, nowMs: () => number = Date.now) {
    this.#host = host;
    this.#nowMs = nowMs;
  }

  get spanS(): SpanS {
    return this.#spanS;
  }

  get component(): string | null {
    return this.#component;
  }

  /** Whether Flagdeck's own series are shown in place of those of a Prometheus. */
  get isOwn(): boolean {
    return this.#own;
  }

  /** The stretch that every chart shows. */
  get range(): Range {
    return this.#held ?? this.#answered ?? lately(this.#spanS, this.#nowMs());
  }

  /** Begins to read, until the returned function is called. */
  start(): () => void {
    this.#isShown = true;
    const onVisibility = () => {
      if (document.hidden) clearTimeout(this.#timer);
      else if (this.motion !== "paused" || this.#answeredTopic !== this.#topic()) this.#want();
    };
    document.addEventListener("visibilitychange", onVisibility);
    this.#want();
    return () => {
      this.#isShown = false;
      clearTimeout(this.#timer);
      document.removeEventListener("visibilitychange", onVisibility);
    };
  }

  /** Shows the last `spanS` seconds, live. */
  showSpan(spanS: SpanS): void {
    this.#spanS = spanS;
    this.goLive();
  }

  showComponent(component: string | null): void {
    this.#component = component;
    this.#want();
  }

  showOwn(own: boolean): void {
    this.#own = own;
    this.#want();
  }

  /** Asks for as many points as the widest plot can show. From the next reading on. */
  fit(pointsMax: number): void {
    this.#pointsMax = pointsMax;
  }

  pause(): void {
    this.#hold(this.range, "paused");
    clearTimeout(this.#timer);
    this.#isWanted = false;
  }

  /** Goes back to the sliding span. */
  goLive(): void {
    this.#held = null;
    this.#answered = null;
    this.motion = "live";
    this.#want();
  }

  /** Looks at what is between two moments. */
  zoomTo(oneMs: number, otherMs: number): void {
    this.#look(between(oneMs, otherMs, this.#nowMs()));
  }

  /** Looks at `factor` times as much, around the cursor, else around the middle. */
  zoomBy(factor: number): void {
    const { range, cursorMs } = this;
    const isSeen = cursorMs !== null && isWithinRange(range, cursorMs);
    this.#look(zoomed(range, factor, isSeen ? cursorMs : momentAt(range, 0.5), this.#nowMs()));
  }

  panBy(share: number): void {
    this.#look(panned(this.range, share, this.#nowMs()));
  }

  /** Learns that the flags changed: there is a mark more. */
  noticeChange(): void {
    if (this.motion === "live") this.#want();
  }

  retry(): void {
    this.#want();
  }

  #look(range: Range): void {
    this.#hold(range, "zoomed");
    this.#want();
  }

  #hold(range: Range, motion: Motion): void {
    this.#held = range;
    this.motion = motion;
  }

  /** Asks now, or as soon as it may be asked again. */
  #want(): void {
    if (!this.#isShown || document.hidden) return;
    this.#isWanted = this.#isUnderWay;
    if (this.#isUnderWay) return;
    const waitMs = this.#askedMs + GAP_MIN_MS - this.#nowMs();
    this.#askIn(Math.max(0, waitMs));
  }

  #askIn(waitMs: number): void {
    clearTimeout(this.#timer);
    if (waitMs === 0) void this.#ask();
    else this.#timer = setTimeout(() => void this.#ask(), waitMs);
  }

  async #ask(): Promise<void> {
    this.#isUnderWay = true;
    this.#isWanted = false;
    this.#askedMs = this.#nowMs();
    const [query, topic] = [this.#query(), this.#topic()];
    try {
      const charts = await this.#host.charts(query);
      if (topic === this.#topic()) this.#take(charts, query, topic);
    } catch (reason) {
      if (topic === this.#topic()) this.#fail(asUnread(reason), topic);
    }
    this.#isUnderWay = false;
    this.#goOn();
  }

  #goOn(): void {
    if (this.#isWanted) this.#want();
    else this.#rest();
  }

  #take(charts: Charts, { fromMs, toMs }: ChartQuery, topic: string): void {
    // If the charts were paused in the meantime, they must not move.
    if (this.motion === "paused" && this.#answeredTopic === topic) return;
    this.charts = charts;
    this.failure = null;
    this.#answeredTopic = topic;
    this.#answered = { fromMs, toMs };
    if (charts.prometheus !== null || !this.#own) this.prometheus = charts.prometheus;
  }

  #fail(failure: Failure, topic: string): void {
    this.failure = failure;
    if (topic !== this.#answeredTopic) this.charts = null;
  }

  #rest(): void {
    if (!this.#isShown || document.hidden) return;
    if (this.motion !== "live" && this.failure === null) return;
    const pause = restMs(this.#spanS, this.charts?.stepS ?? 1);
    this.#askIn(this.failure ? Math.max(FAILED_REST_MIN_MS, pause) : pause);
  }

  #query(): ChartQuery {
    const { fromMs, toMs } = this.#held ?? lately(this.#spanS, this.#nowMs());
    return {
      fromMs,
      toMs,
      pointsMax: this.#pointsMax,
      component: this.#component,
      own: this.#own,
    };
  }

  /** What the answer has to be about to be of use; a zoom into it still can use it. */
  #topic(): string {
    return JSON.stringify([this.#spanS, this.#component, this.#own]);
  }
}
