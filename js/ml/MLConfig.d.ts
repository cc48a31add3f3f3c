/** Configuration of the ML modules, with the keys of the founding specification. */
export interface MLConfiguration {
  featureFlags: {
    /** Where the flag document is; `ML_FLAGS_ENDPOINT` in Node. Resolved against `flagdeck.url`. */
    endpoint: string;
    /** How often to ask for it while there is no stream, in milliseconds. */
    refreshInterval: number;
    cache: {
      /** Whether the last good document is kept for the next visit. */
      enabled: boolean;
      /** How long it counts as fresh, in milliseconds. A stale one is still used. */
      ttl: number;
    };
  };
  metrics: {
    /** Whether `PrometheusExporter` collects and reports. */
    enabled: boolean;
    /** For the application and Flagdeck: the modules do not use it. */
    endpoint: string;
    /** For the application and Flagdeck: the modules do not use it. `PROMETHEUS_GATEWAY` in Node. */
    pushGateway: string | undefined;
    /** How long an event waits for others of its batch, in milliseconds. */
    interval: number;
    /** Events that wait for Flagdeck at most; the oldest makes room for a new one. */
    bufferSize: number;
  };
  state: {
    /** Whether `MLStateExtension` hands the state to Flagdeck. */
    persistML: boolean;
    /** For the application and Flagdeck: the modules do not use it. */
    compressionEnabled: boolean;
    /** Changes that `ml.history` keeps. */
    maxHistorySize: number;
    /** How often the whole state is reported if it changed past `set`, in milliseconds. */
    snapshotInterval: number;
  };
  /** For the application: the modules do not use it. */
  performance: {
    maxMemoryMB: number;
    maxCalculationTimeMs: number;
    workerPoolSize: number;
  };
  /** For the application and Flagdeck: the modules do not use it. */
  rollback: {
    enabled: boolean;
    triggers: {
      /** A share of calculations, 0 to 1. */
      errorRate: number;
      /** Bytes. */
      memoryThreshold: number;
      /** Milliseconds. */
      responseTime: number;
    };
  };
  flagdeck: {
    /**
     * Where Flagdeck is, such as `http://127.0.0.1:4680`. Empty: the page's own origin; the origin of
     * these modules if Flagdeck served them; in Node, `http://127.0.0.1:4680`.
     */
    url: string;
    /** What this client is called: 1 to 128 characters, without control characters and slashes. */
    source: string;
    /** Flagdeck's token. Flags need none; events and states are not sent without one. */
    token: string | null;
  };
}

/**
 * The configuration that objects are made with. Assign to it before you make them, or set
 * `globalThis.ML_CONFIG` before this file loads. In Node, the environment sets every key:
 * `ML_METRICS_BUFFER_SIZE` sets `metrics.bufferSize`, `ML_FLAGDECK_TOKEN` sets `flagdeck.token`.
 */
export declare const MLConfig: MLConfiguration;
export default MLConfig;

/** Any part of the configuration. */
export type MLConfigurationPart = {
  [Section in keyof MLConfiguration]?: Part<MLConfiguration[Section]>;
};

type Part<T> = T extends object ? { [Key in keyof T]?: Part<T[Key]> } : T;

/** The application's event bus, as the founding specification has it in `KC.EventBus`. */
export interface EventBus {
  on(name: string, listener: (data: never) => void): unknown;
  emit(name: string, data: unknown): unknown;
  off?(name: string, listener: (data: never) => void): unknown;
}

/** Options of an object: what it has in place of `MLConfig`, `KC.EventBus` and the global `fetch`. */
export interface MLOptions extends MLConfigurationPart {
  eventBus?: EventBus;
  fetch?: typeof globalThis.fetch;
}
