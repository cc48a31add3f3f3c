/**
 * Extends an application's state with the namespace `ml`: what is set under it is recorded, handed
 * to Flagdeck, and restored from there. Everything else of the state stays as it is: calls outside
 * of `ml.` reach the state's own functions as they come, and what these return or throw comes back.
 */
import { Connection, Courier, after, busOf, emit, every, isObject, settings } from "./MLConfig.js";

/** Characters of a value, as JSON, that the ring of changes keeps whole. */
const VALUE_CHARS_MAX = 4096;
const EXCERPT_CHARS = 200;
const SOURCE_CHARS_MAX = 2048;

/** Keys that a restore sets again. */
const KEYS_MAX = 10000;

/** Names of one key: the depth of a state in Flagdeck. */
const PARTS_MAX = 100;

/** Characters of changes that wait to be sent; beyond, the whole state is sent in their place. */
const WAITING_CHARS_MAX = 1 << 20;
const WAITING_MAX = 1000;

/** Changes of one moment go together. */
const TOGETHER_MS = 250;

/** How long a stream that opened may take to name an open restore, before the first report. */
const SETTLE_MS = 300;

/** How long the first report waits for a stream that does not open. */
const PATIENCE_MS = 5000;

/** What refuses a state for good, as it is. */
const REFUSALS = [400, 413, 415, 422];

/** Before every key of the namespace. */
const ROOT = "ml.";

const initial = () => ({
  version: "6.0.0",
  flags: {},
  metrics: {
    performance: { calculationTime: [], convergenceIterations: [], memoryUsage: [] },
    usage: { filesAnalyzed: 0, feedbackProvided: 0, confidenceImprovement: [] },
    quality: { avgConfidence: 0, convergenceRate: 0, userAgreement: 0 },
  },
  history: [],
  cache: new Map(),
});

/** What was made of each state that is extended. */
const extensions = new WeakMap();

export class MLStateExtension {
  /**
   * Adds `ml`, `mlSnapshot` and `mlRestore` to a state, and records what is set under `ml.`. Returns
   * the state; for one that cannot be changed, an object to use in its place.
   */
  static extend(AppState = globalThis.KC?.AppState, options) {
    const known = extensions.get(AppState);
    if (known) {
      known.wrap();
      return known.state;
    }
    const extension = new Extension(AppState, options);
    extensions.set(AppState, extension);
    extensions.set(extension.state, extension);
    return extension.state;
  }

  /** Records a change to a state that was made past `set`. */
  static trackChange(key, oldValue, newValue, AppState = globalThis.KC?.AppState) {
    const source = trackChange(MLStateExtension.trackChange);
    extensions.get(AppState)?.track({ key, before: text(oldValue), oldValue, newValue, source });
  }

  /** Ends what goes to and comes from Flagdeck, and sends what waits. The state stays extended. */
  static async close(AppState = globalThis.KC?.AppState) {
    await extensions.get(AppState)?.reporter?.close();
  }
}

class Extension {
  #settings;
  #options;
  /** What stands for `set`; an older layer passes on and records nothing. */
  #layer;
  #set;
  /** Keys that were set: a restore sets them again. */
  #keys = new Set();

  constructor(origin, options) {
    this.#settings = settings(options).state;
    this.#options = options;
    this.origin = origin;
    this.state = canChange(origin) ? origin : Object.create(origin);
    this.#add("ml", namespace(origin.ml));
    if (this.state !== origin) this.#add("get", (...values) => origin.get(...values));
    this.wrap();
    this.#add("mlSnapshot", () => this.snapshot());
    this.#add("mlRestore", (snapshot) => this.restore(snapshot));
    if (this.#settings.persistML) this.reporter = new Reporter(this, this.#settings, options);
  }

  /** Adds a member that no loop over the state meets; one that is there stays as it is met. */
  #add(name, value) {
    const { enumerable = false } = Object.getOwnPropertyDescriptor(this.state, name) ?? {};
    const kind = { configurable: true, enumerable, writable: true };
    Object.defineProperty(this.state, name, { ...kind, value });
  }

  /**
   * Puts a layer around `set`, unless it has one. A proxy stands for the function in everything: its
   * name, its members, what a mock counts.
   */
  wrap() {
    const { state, origin } = this;
    const inner = state.set;
    if (typeof inner !== "function" || inner === this.#layer) return;
    const apply = (set, self, values) => {
      const receiver = self === state ? origin : self;
      const isOurs = layer === this.#layer && isTracked(values[0]);
      return isOurs
        ? this.#record(values, apply, () => Reflect.apply(set, receiver, values))
        : Reflect.apply(set, receiver, values);
    };
    const layer = new Proxy(inner, { apply });
    this.#layer = layer;
    this.#set = (...values) => Reflect.apply(inner, origin, values);
    this.#add("set", layer);
  }

  /** Lets a state set a value; once that is done, it is recorded. */
  #record([key, newValue], caller, set) {
    const oldValue = this.#valueOf(key);
    const before = text(oldValue);
    const source = trackChange(caller);
    const returned = set();
    const made = () => {
      put(this.state.ml, key.slice(ROOT.length), newValue);
      if (this.#keys.size < KEYS_MAX) this.#keys.add(key);
      this.track({ key, before, oldValue, newValue, source });
    };
    // One that is asynchronous has changed nothing before it is done, or if it fails.
    if (isThenable(returned)) returned.then(made, () => {});
    else made();
    return returned;
  }

  #valueOf(key) {
    try {
      const value = this.origin.get?.(key);
      if (value !== undefined && !isThenable(value)) return value;
    } catch {
      // The namespace knows it, too.
    }
    return find(this.state.ml, key.slice(ROOT.length));
  }

  /** Records a change in the ring, and hands it on. */
  track({ key, before, oldValue, newValue, source }) {
    const now = text(newValue);
    const timestamp = Date.now();
    const record = { key };
    if (before !== undefined) record.oldValue = bounded(before);
    if (now !== undefined) record.newValue = bounded(now);
    Object.assign(record, { timestamp, source });
    const { ml } = this.state;
    if (!Array.isArray(ml.history)) ml.history = [];
    ml.history.push(record);
    const extra = ml.history.length - this.#settings.maxHistorySize;
    if (extra > 0) ml.history.splice(0, extra);
    this.reporter?.add(record, now);
    const change = { key, oldValue, newValue, timestamp, source };
    emit(busOf(this.#options), "ml:state:changed", change);
  }

  snapshot() {
    return { timestamp: Date.now(), ml: copy(this.state.ml), files: this.#files() };
  }

  #files() {
    try {
      return this.origin.get?.("files")?.length || 0;
    } catch {
      return 0;
    }
  }

  restore(snapshot) {
    const { ml } = this.state;
    const restored = copy(snapshot.ml);
    if (!Array.isArray(restored.history)) restored.history = ml.history;
    // JSON has no maps.
    if (ml.cache instanceof Map) restored.cache = new Map(Object.entries(restored.cache ?? {}));
    this.state.ml = restored;
    this.#setAgain(ml, restored);
    emit(busOf(this.#options), "ml:state:restored", snapshot);
    this.reporter?.report();
  }

  /** Tells the state's own `set` what a restore made of the keys that were set through it. */
  #setAgain(before, restored) {
    for (const key of this.#keys) {
      const [old, value] = [before, restored].map((ml) => find(ml, key.slice(ROOT.length)));
      if (text(old) === text(value)) continue;
      try {
        const returned = this.#set(key, value);
        if (isThenable(returned)) returned.then(undefined, () => {});
      } catch {
        // The namespace has it; the state refuses it.
      }
    }
  }
}

/** Reports a state to Flagdeck, and applies the restores that Flagdeck asks for. */
class Reporter {
  #extension;
  #connection;
  #courier;
  #changes = [];
  #chars = 0;
  /** Whether the whole state is to be reported. */
  #isDue = true;
  #isSettled = false;
  /** Whether the whole state was reported at least once. */
  #wasReported = false;
  #restore;
  /** What was reported last, in short. */
  #reported;
  #leave;
  #snapshotInterval;
  #interval;
  #refusal;

  constructor(extension, { snapshotInterval }, options) {
    this.#extension = extension;
    this.#connection = new Connection(options);
    this.#courier = new Courier(this.#connection, "states", () => this.#deliver());
    this.#snapshotInterval = snapshotInterval;
    this.#begin();
  }

  /** The order at the start: the stream, a restore that is open, and the report. */
  #begin() {
    if (this.#leave || !this.#courier.isReady) return;
    this.#leave = this.#connection.listen("/api/ml/flags/stream", {
      open: (isOpen) => isOpen && this.#open(),
      event: (name, data) => this.#hear(name, data),
    });
    this.#interval = every(this.#snapshotInterval, () => this.report());
    after(PATIENCE_MS, () => this.#settle());
  }

  /** Whatever Flagdeck has since, it gets the state as it is. */
  #open() {
    this.#reported = undefined;
    this.#isDue = true;
    after(SETTLE_MS, () => this.#settle());
  }

  #settle() {
    this.#isSettled = true;
    this.#courier.wake();
  }

  #hear(name, { source, restore, href }) {
    if (name !== "ml:state:restored" || source !== this.#connection.source) return;
    this.#restore = { id: restore, href };
    this.#settle();
  }

  /** Takes a change with its value as JSON. */
  add(record, value) {
    if (!this.#courier.isReady) {
      this.#isDue = true;
      return;
    }
    this.#begin();
    const { newValue: _, ...rest } = record;
    const behind = value === undefined ? "}" : `,"newValue":${value}}`;
    const change = JSON.stringify(rest).slice(0, -1) + behind;
    this.#changes.push(change);
    this.#chars += change.length;
    // A key with brackets may be read in another way than it was set.
    if (record.key.includes("[")) this.#isDue = true;
    if (this.#chars > WAITING_CHARS_MAX || this.#changes.length > WAITING_MAX) this.#drop();
    if (this.#isSettled) this.#courier.wake(TOGETHER_MS);
  }

  /** The whole state says where single changes led. */
  #drop() {
    this.#changes = [];
    this.#chars = 0;
    this.#isDue = true;
  }

  /** Reports the whole state, if it is another one. */
  report() {
    this.#isDue = true;
    this.#begin();
    if (this.#isSettled) this.#courier.wake();
  }

  async close() {
    clearInterval(this.#interval);
    this.#leave?.();
    try {
      while (this.#courier.isReady && (await this.#deliver()));
    } catch {
      // Flagdeck is away; the state is reported when the page is back.
    }
    this.#courier.close();
  }

  /**
   * Sends one thing; returns whether there is more. Of the state that a restore replaces, Flagdeck
   * has only what was reported: if that is out of date, the state is reported before it is replaced.
   */
  async #deliver() {
    const isBehind = this.#isDue && this.#wasReported;
    if (this.#changes.length > 0) await this.#sendChanges();
    else if (this.#restore && !isBehind) await this.#apply(this.#restore);
    else if (this.#isDue) await this.#put();
    return this.#changes.length > 0 || !!this.#restore || this.#isDue;
  }

  async #sendChanges() {
    const waiting = this.#changes;
    const { length } = waiting;
    const body = `[${waiting.join(",")}]`;
    try {
      const receipt = await this.#connection.send("POST", this.#connection.state("/changes"), body);
      if (receipt?.rejected > 0) this.#isDue = true;
    } catch (error) {
      const isForGood = REFUSALS.includes(error.status) || error.code === "state_damaged";
      if (!isForGood) throw error;
      this.#isDue = true;
    }
    // More may wait by then, or a report of the whole state in their place.
    if (this.#changes !== waiting) return;
    this.#changes = waiting.slice(length);
    this.#chars = this.#changes.reduce((sum, text) => sum + text.length, 0);
  }

  async #apply(restore) {
    let asked;
    try {
      asked = await this.#connection.send("GET", restore.href);
    } catch (error) {
      const isOver = error.status === 404 || error.status === 410;
      if (!isOver && error.code !== "state_damaged") throw error;
      // A whole report replaces a damaged state; a restore that is sound and open comes again with
      // the next connection.
      if (!isOver) [this.#reported, this.#isDue] = [undefined, true];
    }
    if (asked?.ml) {
      this.#extension.restore(asked);
      await this.#put({ "Ml-Restore": String(restore.id) });
    }
    if (this.#restore === restore) this.#restore = undefined;
  }

  async #put(headers) {
    this.#isDue = false;
    const body = this.#body();
    if (body === undefined) return;
    const { print } = body;
    if (print === this.#reported && !headers) return;
    try {
      await this.#connection.send("PUT", this.#connection.state(), body.text, { headers });
      this.#reported = print;
      this.#wasReported = true;
    } catch (error) {
      if (!REFUSALS.includes(error.status)) {
        this.#isDue = true;
        throw error;
      }
      this.#refuse(error, print);
    }
  }

  /** Writes the state without its ring, which Flagdeck keeps of the changes. */
  #body() {
    try {
      const { timestamp, ml, files } = this.#extension.snapshot();
      delete ml.history;
      return {
        print: fingerprint(JSON.stringify(ml)),
        text: JSON.stringify({ timestamp, ml, files }),
      };
    } catch (error) {
      this.#refuse(error);
      return undefined;
    }
  }

  /** Told once for one reason: the same state would be refused again. */
  #refuse(error, print) {
    if (this.#refusal !== error.message) console.warn("Flagdeck did not take the state:", error);
    this.#refusal = error.message;
    this.#reported = print;
  }
}

const isTracked = (key) => typeof key === "string" && key.startsWith(ROOT);

const isThenable = (value) => typeof value?.then === "function";

const copy = (value) => JSON.parse(JSON.stringify(value));

/** Whether members can be added to a state, and its `set` replaced. */
function canChange(state) {
  const names = ["set", "ml", "mlSnapshot", "mlRestore"];
  const kinds = names.map((name) => Object.getOwnPropertyDescriptor(state, name));
  return Object.isExtensible(state) && kinds.every((kind) => kind?.configurable ?? true);
}

/** Returns the namespace: what a state has of it, and the rest as it begins. */
function namespace(ml) {
  const own = isObject(ml) && Object.isExtensible(ml) ? ml : { ...ml };
  for (const [name, value] of Object.entries(initial())) {
    if (!Object.hasOwn(own, name)) own[name] = value;
  }
  return own;
}

/** Writes a value as JSON: undefined for what JSON has nothing for, a text for what it cannot. */
function text(value) {
  try {
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(String(value));
  }
}

/** Returns a value as the ring keeps it: of one that is too large, the beginning. */
const bounded = (json) =>
  json.length <= VALUE_CHARS_MAX
    ? JSON.parse(json)
    : { excerpt: json.slice(0, EXCERPT_CHARS), bytes: json.length };

/**
 * Returns the stack of what set a value, from behind `caller` on. Engines that cannot cut it begin
 * with this function, by whose name Flagdeck knows that it records changes.
 */
function trackChange(caller) {
  const error = new Error();
  Error.captureStackTrace?.(error, caller);
  return String(error.stack).slice(0, SOURCE_CHARS_MAX);
}

/** Tells two texts apart (FNV-1a, and the length). */
function fingerprint(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${text.length}:${hash}`;
}

const hasPart = (at, name) => canHold(at) && Object.hasOwn(at, name);

/**
 * Finds the names on the way to a key, as Flagdeck reads one: `a.b` is the member `b` of `a`, else
 * the one member `a.b`. Undefined if nothing is there.
 */
function way(at, parts) {
  if (parts.length > PARTS_MAX) return undefined;
  if (parts.length === 0) return [];
  for (let n = 1; n <= parts.length; n++) {
    const name = parts.slice(0, n).join(".");
    const rest = hasPart(at, name) ? way(at[name], parts.slice(n)) : undefined;
    if (rest) return [name, ...rest];
  }
  return undefined;
}

function find(ml, key) {
  return way(ml, key.split("."))?.reduce((at, name) => at[name], ml);
}

/** Sets a key, or removes it; leaves alone what the key does not fit in. */
function put(ml, key, value) {
  const parts = key.split(".");
  if (parts.length > PARTS_MAX) return;
  let names = way(ml, parts);
  for (let n = parts.length - 1; !names; n--) {
    const before = way(ml, parts.slice(0, n));
    if (before) names = [...before, ...parts.slice(n)];
  }
  const last = names.pop();
  let at = ml;
  for (const name of names) {
    if (!canHold(at)) return;
    if (!hasPart(at, name)) assign(at, name, {});
    at = at[name];
  }
  if (!canHold(at)) return;
  if (value === undefined) Reflect.deleteProperty(at, last);
  else assign(at, last, value);
}

const canHold = (at) => typeof at === "object" && at !== null && !(at instanceof Map);

/** Sets a member whatever its name; what is frozen stays as it is. */
function assign(at, name, value) {
  if (name !== "__proto__") Reflect.set(at, name, value);
  else {
    const kind = { configurable: true, enumerable: true, writable: true };
    Reflect.defineProperty(at, name, { ...kind, value });
  }
}
