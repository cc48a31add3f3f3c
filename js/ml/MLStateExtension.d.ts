import type { MLOptions } from "./MLConfig.js";

/** A recorded change; of a value that is too large, the ring keeps the beginning. */
export interface StateChange {
  key: string;
  /** Left out if nothing was there. */
  oldValue?: unknown;
  /** Left out if the key was removed. */
  newValue?: unknown;
  /** Milliseconds since 1970. */
  timestamp: number;
  /** The stack of what set it. */
  source: string;
}

/** The namespace that a state gains. */
export interface MLNamespace {
  version: string;
  flags: Record<string, unknown>;
  metrics: Record<string, unknown>;
  /** The latest changes, the oldest first. */
  history: StateChange[];
  cache: Map<string, unknown>;
  [name: string]: unknown;
}

export interface StateSnapshot {
  timestamp: number;
  ml: Record<string, unknown>;
  files: number;
}

/** What is extended: `get` and `set` may also be asynchronous, or missing. */
export interface ApplicationState {
  ml?: unknown;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what an application has as its own
  get?(key: any, ...more: any[]): any;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what an application has as its own
  set?(key: any, value: any, ...more: any[]): any;
}

export interface ExtendedState {
  ml: MLNamespace;
  /** Returns a copy of the namespace. */
  mlSnapshot(): StateSnapshot;
  /** Puts a copy of a snapshot in its place; on the event bus, this is `ml:state:restored`. */
  mlRestore(snapshot: Pick<StateSnapshot, "ml">): void;
}

/**
 * Extends an application's state with the namespace `ml`. What is set under it is recorded, handed to
 * Flagdeck if there is a token, and restored from there; `ml:state:changed` on the event bus says
 * of each change.
 */
export declare class MLStateExtension {
  /**
   * Extends a state, `KC.AppState` if none is given, and returns it; for one that is frozen or sealed,
   * an object to use in its place. Extending it again changes nothing.
   */
  static extend<State extends ApplicationState>(
    AppState?: State,
    options?: MLOptions,
  ): Omit<State, keyof ExtendedState> & ExtendedState;
  /** Records a change that was made past `set`. */
  static trackChange(
    key: string,
    oldValue: unknown,
    newValue: unknown,
    AppState?: ApplicationState,
  ): void;
  /** Ends what goes to and comes from Flagdeck, and sends what waits. The state stays extended. */
  static close(AppState?: ApplicationState): Promise<void>;
}
