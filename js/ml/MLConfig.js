/**
 * Central configuration of the ML modules, and how they reach Flagdeck with it.
 *
 * Values come from, the last one counts: the defaults below, the environment (in Node), the page's
 * `globalThis.ML_CONFIG` if it is there when this file loads, what is assigned to `MLConfig`, and
 * the options of an object. What is not described in MLConfig.d.ts is shared by the modules and may
 * change.
 */

/** Flagdeck's own port, for programs that have no origin. */
const LOCAL = "http://127.0.0.1:4680";

/** Waits for an answer, in milliseconds. */
export const ANSWER_MS = 5000;

/** The longest pause between two attempts, in milliseconds. */
const PAUSE_MS_MAX = 8000;

/** A timer for longer would end at once; one for less would do nothing else. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const TIMER_MS_MIN = 100;

/** Silence after which a stream is dead: Flagdeck sends a heartbeat every 15 seconds. */
const SILENCE_MS = 45000;

/** How long a hidden page keeps its stream: a browser opens six connections to a host. */
const HIDDEN_MS = 60000;

/** Characters of one event of a stream. */
const EVENT_CHARS_MAX = 1 << 20;

export const MLConfig = {
  featureFlags: {
    endpoint: "/api/ml/flags",
    refreshInterval: 60000,
    cache: { enabled: true, ttl: 300000 },
  },
  metrics: {
    enabled: true,
    endpoint: "/metrics",
    pushGateway: undefined,
    interval: 10000,
    bufferSize: 1000,
  },
  state: {
    persistML: true,
    compressionEnabled: true,
    maxHistorySize: 100,
    snapshotInterval: 300000,
  },
  performance: {
    maxMemoryMB: 100,
    maxCalculationTimeMs: 2000,
    workerPoolSize: globalThis.navigator?.hardwareConcurrency || 4,
  },
  rollback: {
    enabled: true,
    triggers: { errorRate: 0.05, memoryThreshold: 150 * 1024 * 1024, responseTime: 5000 },
  },
  flagdeck: { url: "", source: "app", token: null },
};

export default MLConfig;

/** Names of the environment that the founding specification chose. */
const VARIABLES = {
  "featureFlags.endpoint": "ML_FLAGS_ENDPOINT",
  "metrics.pushGateway": "PROMETHEUS_GATEWAY",
};

/** Returns the configuration of one object: `MLConfig` under its options. */
export function settings(options) {
  return overlay(overlay(copy(defaults), MLConfig, "MLConfig"), options, "An option");
}

const copy = (section) =>
  isObject(section)
    ? Object.fromEntries(Object.entries(section).map(([key, value]) => [key, copy(value)]))
    : section;

/** Returns what the environment says, in the types of the defaults. */
function fromEnvironment(section, prefix) {
  const found = {};
  for (const [key, value] of Object.entries(section)) {
    const path = prefix + key;
    const read = isObject(value)
      ? fromEnvironment(value, path + ".")
      : typed(variable(path), value);
    if (read !== undefined) found[key] = read;
  }
  return found;
}

/** `metrics.bufferSize` is `ML_METRICS_BUFFER_SIZE`. An empty variable is not set. */
function variable(path) {
  const snake = (part) => part.replace(/([a-z])([A-Z])/g, "$1_$2");
  const name = VARIABLES[path] ?? "ML_" + path.split(".").map(snake).join("_").toUpperCase();
  try {
    return globalThis.process?.env?.[name] || undefined;
  } catch {
    // Deno asks for a permission.
    return undefined;
  }
}

function typed(text, like) {
  if (text === undefined || typeof (like ?? "") === "string") return text;
  if (typeof like === "number") return text.trim() === "" ? text : Number(text);
  return { true: true, false: false }[text] ?? text;
}

/** Sets what fits the type of what is there, and warns of the rest. */
function overlay(base, values, from, prefix = "") {
  if (!isObject(values)) return base;
  for (const key of Object.keys(base)) {
    const [old, value] = [base[key], Object.hasOwn(values, key) ? values[key] : undefined];
    if (value === undefined) continue;
    const path = prefix + key;
    if (isObject(old) && isObject(value)) overlay(old, value, from, path + ".");
    else if (fits(old, value)) base[key] = value;
    else console.warn(`${from} has ${path} as ${value}; it stays ${old}`);
  }
  return base;
}

/** Whether a value is of the same kind; what is null or undefined by default is a text. */
function fits(old, value) {
  if (typeof old === "number") return typeof value === "number" && value >= 0;
  const kind = typeof (old ?? "");
  return !isObject(old) && (typeof value === kind || (value === null && kind === "string"));
}

export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

overlay(MLConfig, fromEnvironment(MLConfig, ""), "The environment");
overlay(MLConfig, globalThis.ML_CONFIG, "ML_CONFIG");
const defaults = copy(MLConfig);

/** Returns the page's event bus, or the one that was injected. */
export const busOf = (options) => options?.eventBus ?? globalThis.KC?.EventBus;

/** Calls a listener; what it throws is its own fault, and ends nothing here. */
export function tell(listener, ...values) {
  try {
    listener?.(...values);
  } catch (error) {
    (globalThis.reportError ?? console.error)(error);
  }
}

export const emit = (bus, name, data) => tell(bus && (() => bus.emit(name, data)));

/** Sets a timer that keeps no Node program alive. */
export function after(ms, work) {
  const timer = setTimeout(work, Math.min(ms, TIMER_MS_MAX));
  timer.unref?.();
  return timer;
}

/** Like `after`, again and again. */
export function every(ms, work) {
  const timer = setInterval(work, Math.min(Math.max(ms, TIMER_MS_MIN), TIMER_MS_MAX));
  timer.unref?.();
  return timer;
}

/** Returns a pause that doubles with every failure; half of it is up to chance. */
export const backoff = (failures) => {
  const ms = Math.min(PAUSE_MS_MAX, 500 * 2 ** Math.min(failures, 10));
  return (ms * (1 + Math.random())) / 2;
};

/** An answer that is no success. */
export class Failure extends Error {
  static async of(response) {
    return new Failure(response, await response.json().catch(() => null));
  }

  constructor(response, problem) {
    super(problem?.detail ?? `Flagdeck answered ${response.status}`);
    this.name = "Failure";
    this.status = response.status;
    this.code = problem?.code;
    const seconds = Number(response.headers.get("retry-after"));
    if (seconds > 0) this.retryAfterMs = seconds * 1000;
  }
}

/** Where Flagdeck is, what this client is called there, and its token. */
export class Connection {
  #options;

  constructor(options) {
    this.#options = options ?? {};
  }

  /** Looked up for every request: a page, or its tests, may replace it. */
  fetch(url, init) {
    const fetch = this.#options.fetch ?? globalThis.fetch;
    return fetch(url, init);
  }

  /** Read for every request: a page may learn its token late. */
  get token() {
    return this.#of("token");
  }

  get source() {
    return this.#of("source");
  }

  #of(key) {
    return this.#options.flagdeck?.[key] ?? MLConfig.flagdeck[key];
  }

  /** Returns an address of Flagdeck, or an absolute one as it is. */
  url(path) {
    return new URL(path, this.#of("url") || home());
  }

  /** Returns the address of a state. */
  state(rest = "") {
    return `/api/ml/state/${encodeURIComponent(this.source)}${rest}`;
  }

  /** Returns the headers that open what needs the token, for Flagdeck alone. */
  authorization(url) {
    return this.token && url.origin === this.url("/").origin
      ? { Authorization: `Bearer ${this.token}` }
      : {};
  }

  /** Sends JSON with the token and returns the answer. Throws a `Failure`. */
  async send(method, path, body, { headers, ...rest } = {}) {
    const url = this.url(path);
    const response = await this.fetch(url.href, {
      method,
      body,
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...this.authorization(url),
        ...headers,
      },
      signal: AbortSignal.timeout(ANSWER_MS),
      ...rest,
    });
    if (!response.ok) throw await Failure.of(response);
    return response.json().catch(() => null);
  }

  /**
   * Listens to a stream of events until the function that is returned is called. Listeners of the
   * same stream share one connection.
   */
  listen(path, listener) {
    const url = this.url(path);
    url.searchParams.set("source", this.source);
    const token = this.authorization(url).Authorization;
    const key = [url.href, token, this.#options.fetch];
    let stream = [...streams].find((one) => one.key.every((part, i) => part === key[i]));
    if (!stream) streams.add((stream = new Stream(key, (init) => this.fetch(url.href, init))));
    stream.add(listener);
    return () => stream.remove(listener);
  }
}

/**
 * The page's origin. Modules that Flagdeck itself served, to a page from elsewhere, look for it
 * where they came from.
 */
function home() {
  const own = new URL(import.meta.url);
  const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(own.hostname);
  if (isLocal && own.pathname === "/js/ml/MLConfig.js") return own.origin;
  const { origin } = globalThis.location ?? {};
  return origin?.startsWith("http") ? origin : LOCAL;
}

const streams = new Set();

/** A connection to a stream of server-sent events, again and again. */
class Stream {
  #token;
  #connect;
  #listeners = new Set();
  #abort = new AbortController();
  #isOpen = false;
  #failures = 0;
  #pause = 0;
  #hiding;
  /** Ends a pause. */
  #resume = () => {};

  constructor(key, connect) {
    this.key = key;
    this.#token = key[1];
    this.#connect = connect;
  }

  add(listener) {
    this.#listeners.add(listener);
    if (this.#listeners.size > 1) {
      // A listener begins with what is sent on connecting.
      this.#abort.abort();
      this.#resume();
      return;
    }
    globalThis.document?.addEventListener("visibilitychange", this.#onVisibility);
    void this.#run();
  }

  remove(listener) {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    streams.delete(this);
    globalThis.document?.removeEventListener("visibilitychange", this.#onVisibility);
    clearTimeout(this.#hiding);
    this.#abort.abort();
    this.#resume();
  }

  async #run() {
    // Listeners of one moment share the first connection.
    await null;
    while (this.#listeners.size > 0) {
      if (globalThis.document?.hidden) {
        await this.#rest();
        continue;
      }
      this.#abort = new AbortController();
      const { signal } = this.#abort;
      await this.#read(signal).catch(() => {});
      this.#tellOpen(false);
      if (!signal.aborted) await this.#rest(this.#pause || backoff(this.#failures++));
    }
  }

  /** Waits for a time, or until there is a reason to go on. */
  #rest(ms) {
    return new Promise((resolve) => {
      this.#resume = resolve;
      if (ms !== undefined) after(ms, resolve);
    });
  }

  #onVisibility = () => {
    clearTimeout(this.#hiding);
    if (globalThis.document.hidden) this.#hiding = after(HIDDEN_MS, () => this.#abort.abort());
    else this.#resume();
  };

  async #read(signal) {
    const headers = this.#token ? { Authorization: this.#token } : {};
    const response = await this.#connect({ headers, signal, cache: "no-store" });
    this.#pause = 0;
    if (response.status === 401 && this.#token) {
      console.warn("Flagdeck does not accept the token: restores are not heard");
      this.#token = undefined;
    }
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    if (!response.ok || !isStream || !response.body) {
      this.#pause = Number(response.headers.get("retry-after")) * 1000;
      await response.body?.cancel();
      return;
    }
    this.#tellOpen(true);
    const reader = response.body.getReader();
    const text = new TextDecoder();
    let rest = "";
    for (;;) {
      const { done, value } = await this.#soon(reader.read(), reader);
      if (done) return;
      const events = (rest + text.decode(value, { stream: true })).split(/\r?\n\r?\n/);
      rest = events.pop();
      if (rest.length > EVENT_CHARS_MAX) return void reader.cancel();
      for (const event of events) this.#take(event);
    }
  }

  /** Waits for what a living stream sends in time. */
  async #soon(reading, reader) {
    const timer = after(SILENCE_MS, () => void reader.cancel().catch(() => {}));
    try {
      return await reading;
    } finally {
      clearTimeout(timer);
    }
  }

  #take(text) {
    const fields = {};
    for (const line of text.split(/\r?\n/)) {
      const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
      if (name) fields[name] = fields[name] === undefined ? value : `${fields[name]}\n${value}`;
    }
    if (!fields.data) return;
    this.#failures = 0;
    let data;
    try {
      data = JSON.parse(fields.data);
    } catch {
      return;
    }
    for (const listener of this.#listeners) {
      tell(() => listener.event(fields.event ?? "message", data));
    }
  }

  #tellOpen(isOpen) {
    if (this.#isOpen === isOpen) return;
    this.#isOpen = isOpen;
    for (const listener of this.#listeners) tell(() => listener.open?.(isOpen));
  }
}

/**
 * Delivers what waits, one delivery at a time: until there is no more, and later after a failure.
 * Without a token it waits; a token that is refused is told once, and not tried again.
 */
export class Courier {
  #connection;
  #deliver;
  #what;
  #timer;
  #due = Infinity;
  #running = false;
  #failures = 0;
  #notBefore = 0;
  #refused;
  #closed = false;

  constructor(connection, what, deliver) {
    this.#connection = connection;
    this.#what = what;
    this.#deliver = deliver;
  }

  /** Returns whether Flagdeck may accept what is sent. */
  get isReady() {
    const { token } = this.#connection;
    return !this.#closed && !!token && token !== this.#refused;
  }

  /** Delivers what waits, not later than after a time if Flagdeck is there. */
  wake(ms = 0) {
    if (!this.isReady) return;
    const due = Math.max(Date.now() + ms, this.#notBefore);
    if (due >= this.#due) return;
    this.#due = due;
    if (this.#running) return;
    clearTimeout(this.#timer);
    this.#timer = after(due - Date.now(), () => void this.#run());
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #run() {
    this.#running = true;
    this.#due = Infinity;
    const { token } = this.#connection;
    try {
      while (this.isReady && (await this.#deliver()));
      this.#failures = 0;
      this.#notBefore = 0;
    } catch (error) {
      this.#fail(error, token);
    }
    this.#running = false;
    const due = this.#due;
    this.#due = Infinity;
    if (due < Infinity) this.wake(due - Date.now());
  }

  #fail(error, token) {
    if (error.status === 401) {
      this.#refused = token;
      console.warn(`Flagdeck does not accept the token: ${this.#what} are not sent`);
      return;
    }
    const pause = Math.max(backoff(this.#failures++), error.retryAfterMs ?? 0);
    this.#notBefore = Date.now() + pause;
    this.#due = Math.min(this.#due, this.#notBefore);
  }
}
