import type { MLOptions } from "./MLConfig.js";

/** How a rollout reads its groups and its percentage. */
export type Strategy = "canary" | "blue-green" | "feature";

export interface Rollout {
  /** 0 to 100, in steps of 0.001. */
  percentage: number;
  userGroups: string[];
  strategy: Strategy;
}

/** A group of components; a component is true or false. */
export interface Components {
  [name: string]: boolean | Components;
}

/** The flag document, as Flagdeck serves it. */
export interface FlagDocument {
  enabled: boolean;
  components: Components;
  rollout: Rollout;
  rollouts?: Record<string, Rollout>;
  requires?: Record<string, string[]>;
  about?: Record<string, unknown>;
  bucketing?: "flagd-2" | "flagd-3";
}

/** The rule that decided. */
export type Reason =
  | "unknown_component"
  | "master_off"
  | "component_off"
  | "prerequisite"
  | "zero"
  | "not_in_group"
  | "group"
  | "full"
  | "no_user"
  | "split";

export interface Evaluation {
  component: string;
  value: boolean;
  reason: Reason;
  /** The user's bucket, 0 to 99 999, if the component's rollout needed it. */
  bucket: number | null;
  /** The required component that is off, if that decided. */
  failingPrerequisite?: string;
  /** The revision of Flagdeck's document; null if there is none. */
  revision: number | null;
  /** Whether the component was toggled in this page. */
  isToggled: boolean;
}

export interface User {
  /** The id, hashed as it comes; numbers as they are written. */
  user?: string | number | bigint | null | undefined;
  groups?: readonly string[] | null | undefined;
}

/** One switch that changed, with everything that it requires counted in. */
export interface SwitchChange {
  component: string;
  oldValue: boolean;
  newValue: boolean;
  timestamp: number;
}

/** Other flags are in force; on the event bus, this is `ml:flags:changed`. */
export interface FlagsChanged {
  cause: "flagdeck" | "toggle" | "cleared";
  /** Empty if only a rollout changed. */
  changes: SwitchChange[];
  revision: number | null;
  timestamp: number;
  /** Of a toggle alone, as the founding specification has it. */
  component?: string;
  oldValue?: boolean;
  newValue?: boolean;
}

export interface FlagsStatus {
  /** `cache`: the last good document, because Flagdeck does not answer. */
  from: "flagdeck" | "cache" | "default";
  revision: number | null;
  /** When Flagdeck last confirmed the document, in milliseconds since 1970. */
  checkedAt: number | null;
  /** Whether that was within `featureFlags.cache.ttl`, or the stream is open. */
  isFresh: boolean;
  /** Whether the stream is open. */
  isConnected: boolean;
  /** Why Flagdeck did not answer. */
  error: unknown;
}

/** What `localStorage` has of an interface. */
export interface TextStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** A place for the last good flags, in place of `FlagStorage`. */
export interface CustomFlagStorage {
  loadLocal(): Promise<FlagDocument>;
  saveLocal(flags: FlagDocument): void;
}

export interface MLFeatureFlagsOptions extends MLOptions {
  storage?: FlagStorage | CustomFlagStorage | TextStorage;
}

/** Feature flag manager: controls the gradual rollout of components. */
export declare class MLFeatureFlags {
  /** Loads the flags once and returns them. */
  static load(options?: MLFeatureFlagsOptions): Promise<FlagDocument>;

  constructor(options?: MLFeatureFlagsOptions);

  /** The document in force: the last good one of Flagdeck, with what was toggled here over it. */
  flags: FlagDocument;
  storage: FlagStorage | CustomFlagStorage;
  validator: FlagValidator;
  readonly status: FlagsStatus;
  /** What was toggled in this page and is still in force. */
  readonly toggles: Record<string, boolean>;

  /** Loads the flags and returns them. Never rejects: without Flagdeck, the last good ones count. */
  load(): Promise<FlagDocument>;
  /** Keeps the flags up to date until `close`: by the stream, or by asking in intervals. */
  listen(): this;
  close(): void;

  /** Returns whether a component is switched on, with everything that it requires. */
  isEnabled(component: string): boolean;
  /** Returns whether the default rollout reaches a user. */
  shouldShowForUser(userId: User["user"], groups?: User["groups"]): boolean;
  /** Decides whether a component is on for a user, and says why. */
  evaluate(component: string, user?: User): Evaluation;
  /** Returns a user's bucket, 0 to 99 999: for the default rollout, or for a component's own. */
  bucket(userId: string | number | bigint, component?: string): number;
  /** Returns the 32-bit hash that the bucket of the default rollout is computed from. */
  hashUserId(userId: string | number | bigint): number;

  /**
   * Switches a component in this page, over Flagdeck's document, until `clearToggles`. It changes
   * nothing in Flagdeck, and outlives a reload of the page.
   *
   * @throws {TypeError} if the name is none of a component, or the value not true or false.
   */
  toggle(component: string, value: boolean): SwitchChange;
  /** Takes back what was toggled: one component, or everything. */
  clearToggles(component?: string): void;
  /** Calls a listener with every change, until the function that is returned is called. */
  onChange(listener: (event: FlagsChanged) => void): () => void;

  /** What `load` and `toggle` are made of. */
  fetchRemoteConfig(): Promise<FlagDocument>;
  setComponentFlag(component: string, value: boolean): void;
  emitFlagChange(event: FlagsChanged): void;
}

/** Keeps the last good flags: in `localStorage`, or in memory if there is none. */
export declare class FlagStorage {
  constructor(storage?: TextStorage, key?: string);
  /** Returns the flags that were kept; the safe default if there are none. */
  loadLocal(): Promise<FlagDocument>;
  saveLocal(flags: FlagDocument): void;
}

export interface FlagProblem {
  /** A JSON Pointer. */
  pointer: string;
  message: string;
}

/** Accepts what Flagdeck accepts, of what the modules read. */
export declare class FlagValidator {
  /**
   * Returns a copy of a document, with the safe default of what is missing.
   *
   * @throws {TypeError} with `problems`, if the document is not valid.
   */
  validate(document: unknown): FlagDocument;
  /** Returns everything that is wrong with a document. */
  problems(document: unknown): FlagProblem[];
}
