import type { MLOptions } from "./MLConfig.js";

interface Metric {
  readonly name: string;
  readonly help: string;
  /** Returns the samples as lines of the exposition format. */
  serialize(): string;
}

/** What only grows. */
export declare class Counter implements Metric {
  constructor(name: string, options?: { help?: string });
  readonly name: string;
  readonly help: string;
  readonly type: "counter";
  value: number;
  /** @throws {RangeError} if it would not grow. */
  inc(by?: number): void;
  serialize(): string;
}

/** What goes up and down. */
export declare class Gauge implements Metric {
  constructor(name: string, options?: { help?: string });
  readonly name: string;
  readonly help: string;
  readonly type: "gauge";
  value: number;
  set(value: number): void;
  inc(by?: number): void;
  dec(by?: number): void;
  serialize(): string;
}

/** How values are distributed. */
export declare class Histogram implements Metric {
  /** Without `buckets`, the edges are those of iterations: 1, 2, 5 … 1000. */
  constructor(name: string, options?: { buckets?: readonly number[]; help?: string });
  readonly name: string;
  readonly help: string;
  readonly type: "histogram";
  readonly buckets: readonly number[];
  sum: number;
  count: number;
  /** @throws {RangeError} if the value is no finite number. */
  observe(value: number): void;
  serialize(): string;
}

/** Whom an event is about. */
export interface EventSubject {
  /** The component that calculated. */
  component?: string;
  /** Whether it is on for the user; Flagdeck evaluates that if it is left out. */
  exposed?: boolean;
  user?: string | number | bigint;
  groups?: readonly string[];
}

/** The events that Flagdeck counts, by name, with their data. */
export interface MLEvents {
  "ml:calculation:complete": EventSubject & {
    /** Seconds, 0 to 86 400. */
    duration: number;
    /** 0 to 1. */
    confidence: number;
    iterations?: number;
  };
  "ml:calculation:error": EventSubject;
  "ml:memory": { bytes: number };
  "ml:usage": Record<string, never>;
}

export interface ExporterStatus {
  /** Events that wait for Flagdeck. */
  waiting: number;
  /** Events that Flagdeck has on disk. */
  sent: number;
  /** Events that were not valid. */
  rejected: number;
  /** Events that made room for others in the full queue. */
  dropped: number;
}

/**
 * Collects the metrics of the page, and hands its events to Flagdeck. Listens to `KC.EventBus`, or
 * the bus in its options.
 */
export declare class PrometheusExporter {
  constructor(options?: MLOptions);
  readonly metrics: {
    readonly ml_calculations_total: Counter;
    readonly ml_errors_total: Counter;
    readonly ml_confidence_current: Gauge;
    readonly ml_memory_usage_bytes: Gauge;
    readonly ml_calculation_duration_seconds: Histogram;
    readonly ml_feature_flag_toggles: Counter;
    readonly ml_convergence_iterations: Histogram;
  };
  readonly status: ExporterStatus;
  /** Begins to listen and to measure; the constructor calls it if `metrics.enabled` is true. */
  startCollection(): void;
  /** Counts an event as if it had come over the event bus. */
  report<Name extends keyof MLEvents>(name: Name, data: MLEvents[Name]): void;
  /** Sends what waits, and returns when that is stored or failed once. Never rejects. */
  flush(): Promise<void>;
  /** Returns the metrics in the text format of Prometheus. */
  export(): Promise<string>;
  /** Ends listening and measuring, and sends what waits. */
  close(): Promise<void>;
}
