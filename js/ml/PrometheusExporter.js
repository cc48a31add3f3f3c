/**
 * Metrics of the page: exposed as Prometheus reads them, and reported to Flagdeck event by event.
 *
 * Events wait in a bounded queue and go out in batches; one that got no answer is sent again under
 * the same key, which Flagdeck counts once. Without a token nothing is sent.
 */
import { Connection, Courier, busOf, every, settings, tell } from "./MLConfig.js";

/** Bytes of one batch: what a browser still sends when a page is left is 64 KiB in all. */
const BATCH_BYTES_MAX = 60000;

const MEMORY_EVERY_MS = 5000;

const utf8 = new TextEncoder();

const DURATION_S_MAX = 86400;
const ITERATIONS_MAX = 1e9;

/** What refuses a batch for good: sent again, it would be refused again. */
const REFUSALS = [400, 413, 415, 422];

/** What is reported of an event beside its type, source and time. */
const FIELDS = "duration confidence iterations component exposed user groups bytes".split(" ");

const isWithin = (value, most) => typeof value === "number" && value >= 0 && value <= most;

/** Which data make an event that Flagdeck counts. */
const EVENTS = {
  "ml:calculation:complete": ({ duration, confidence, iterations }) =>
    isWithin(duration, DURATION_S_MAX) &&
    isWithin(confidence, 1) &&
    (iterations == null || (isWithin(iterations, ITERATIONS_MAX) && Number.isInteger(iterations))),
  "ml:calculation:error": () => true,
  "ml:memory": ({ bytes }) => isWithin(bytes, Number.MAX_SAFE_INTEGER),
  "ml:usage": () => true,
};

class Metric {
  constructor(name, help) {
    this.name = name;
    this.help = help ?? name;
  }

  /** Returns the samples as lines of the exposition format. */
  serialize() {
    return this.samples()
      .map(([name, value]) => `${name} ${number(value)}`)
      .join("\n");
  }
}

/** What only grows. */
export class Counter extends Metric {
  type = "counter";
  value = 0;

  constructor(name, { help } = {}) {
    super(name, help);
  }

  inc(by = 1) {
    if (!(by >= 0 && by < Infinity)) throw new RangeError(`${this.name} only grows`);
    this.value += by;
  }

  samples() {
    return [[this.name, this.value]];
  }
}

/** What goes up and down. */
export class Gauge extends Metric {
  type = "gauge";
  value = 0;

  constructor(name, { help } = {}) {
    super(name, help);
  }

  set(value) {
    this.value = Number(value);
  }

  inc(by = 1) {
    this.value += by;
  }

  dec(by = 1) {
    this.value -= by;
  }

  samples() {
    return [[this.name, this.value]];
  }
}

/** How values are distributed. */
export class Histogram extends Metric {
  type = "histogram";
  sum = 0;
  count = 0;

  constructor(name, { buckets = ITERATIONS, help } = {}) {
    super(name, help);
    this.buckets = [...buckets].sort((a, b) => a - b);
    this.counts = this.buckets.map(() => 0);
  }

  observe(value) {
    if (!Number.isFinite(value)) throw new RangeError(`${this.name} observes numbers`);
    const index = this.buckets.findIndex((edge) => value <= edge);
    if (index >= 0) this.counts[index]++;
    this.sum += value;
    this.count++;
  }

  samples() {
    let below = 0;
    const edges = this.buckets.map((edge, i) => [edge, (below += this.counts[i])]);
    return [
      ...edges.map(([edge, n]) => [`${this.name}_bucket{le="${number(edge, true)}"}`, n]),
      [`${this.name}_bucket{le="+Inf"}`, this.count],
      [`${this.name}_sum`, this.sum],
      [`${this.name}_count`, this.count],
    ];
  }
}

/** Writes a number as Go reads it; an edge always with a point, as Flagdeck does. */
function number(value, isEdge) {
  if (Number.isFinite(value)) return isEdge && Number.isInteger(value) ? `${value}.0` : `${value}`;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

const ITERATIONS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** The metrics of the founding specification. */
const METRICS = {
  ml_calculations_total: [Counter, "Calculations that ended well"],
  ml_errors_total: [Counter, "Calculations that failed"],
  ml_confidence_current: [Gauge, "The confidence that was reported last, 0 to 1"],
  ml_memory_usage_bytes: [Gauge, "The memory that the page uses"],
  ml_calculation_duration_seconds: [
    Histogram,
    "How long calculations took that ended well",
    [0.001, 0.01, 0.1, 0.5, 1, 2, 5],
  ],
  ml_feature_flag_toggles: [Counter, "How often a component was switched in this page"],
  ml_convergence_iterations: [Histogram, "Iterations until a calculation converged"],
};

/** Collects the metrics of the page, and hands its events to Flagdeck. */
export class PrometheusExporter {
  metrics = Object.fromEntries(
    Object.entries(METRICS).map(([name, [Kind, help, buckets]]) => [
      name,
      new Kind(name, { help, buckets }),
    ]),
  );
  #settings;
  #connection;
  #courier;
  #bus;
  /** Events as JSON. */
  #queue = [];
  /** Batches that wait for their answer, the oldest first. */
  #batches = [];
  #counts = { sent: 0, rejected: 0, dropped: 0 };
  #ending = [];

  constructor(options) {
    this.#settings = settings(options).metrics;
    this.#connection = new Connection(options);
    this.#courier = new Courier(this.#connection, "events", () => this.#deliver());
    this.#bus = busOf(options);
    if (this.#settings.enabled) this.startCollection();
  }

  /** Begins to listen and to measure; called by the constructor. */
  startCollection() {
    if (this.#ending.length > 0) return;
    for (const name of Object.keys(EVENTS)) {
      if (name !== "ml:memory") this.#on(this.#bus, name, (data) => this.report(name, data));
    }
    this.#on(this.#bus, "ml:flags:changed", (event) => this.#countToggle(event));
    const memory = every(MEMORY_EVERY_MS, () => this.#measureMemory());
    this.#ending.push(() => clearInterval(memory));
    const { document } = globalThis;
    this.#onPage(document, "visibilitychange", () => document.hidden && this.#leave());
    this.#onPage(document && globalThis, "pagehide", () => this.#leave());
  }

  #on(bus, name, listener) {
    if (!bus?.on) return;
    const safe = (data) => tell(listener, data);
    bus.on(name, safe);
    this.#ending.push(() => bus.off?.(name, safe));
  }

  #onPage(target, name, listener) {
    target?.addEventListener(name, listener);
    this.#ending.push(() => target?.removeEventListener(name, listener));
  }

  /** Stops listening and measuring, and sends what waits. */
  async close() {
    for (const end of this.#ending.splice(0)) end();
    await this.flush();
    this.#courier.close();
  }

  /** Counts events: how many wait, were sent, were refused, or found no room. */
  get status() {
    return { waiting: this.#waiting, ...this.#counts };
  }

  get #waiting() {
    return this.#batches.reduce((sum, { events }) => sum + events.length, this.#queue.length);
  }

  /**
   * Counts an event as if it had come over the event bus: `ml:calculation:complete`,
   * `ml:calculation:error`, `ml:memory` or `ml:usage`.
   */
  report(type, data) {
    if (!this.#settings.enabled) return;
    if (!EVENTS[type]) throw new TypeError(`There is no event ${type}`);
    data ??= {};
    this.#count(type, data);
    if (!EVENTS[type](data)) {
      this.#counts.rejected++;
      return;
    }
    const event = { type, source: this.#connection.source, timestamp: Date.now() };
    for (const field of FIELDS) if (data[field] != null) event[field] = data[field];
    // An id that is a number is hashed as it is written.
    if (event.user !== undefined) event.user = String(event.user);
    this.#enqueue(JSON.stringify(event));
  }

  #count(type, data) {
    const { metrics } = this;
    if (type === "ml:calculation:error") metrics.ml_errors_total.inc();
    const { duration, confidence, iterations, bytes } = data;
    if (Number.isFinite(bytes)) metrics.ml_memory_usage_bytes.set(bytes);
    if (type !== "ml:calculation:complete") return;
    metrics.ml_calculations_total.inc();
    if (Number.isFinite(duration)) metrics.ml_calculation_duration_seconds.observe(duration);
    if (Number.isFinite(confidence)) metrics.ml_confidence_current.set(confidence);
    if (Number.isFinite(iterations)) metrics.ml_convergence_iterations.observe(iterations);
  }

  #countToggle(event) {
    if (event?.cause === "toggle") this.metrics.ml_feature_flag_toggles.inc();
  }

  #measureMemory() {
    const bytes = globalThis.performance?.memory?.usedJSHeapSize;
    if (bytes) this.report("ml:memory", { bytes });
  }

  /** The oldest event makes room for a new one; a batch under way is not touched. */
  #enqueue(text) {
    const { bufferSize, interval } = this.#settings;
    this.#queue.push(text);
    while (this.#waiting > bufferSize && this.#queue.length > 0) {
      this.#queue.shift();
      this.#counts.dropped++;
    }
    this.#courier.wake(this.#waiting > bufferSize / 2 ? 0 : interval);
  }

  /** Sends what waits, and returns when it is stored or has failed once. */
  async flush() {
    if (!this.#courier.isReady) return;
    try {
      while (await this.#deliver());
    } catch {
      this.#courier.wake();
    }
  }

  /** Sends what a browser still sends of a page that is left, all at once. */
  #leave() {
    if (!this.#courier.isReady) return;
    this.#cut();
    let room = BATCH_BYTES_MAX;
    for (const batch of this.#batches) {
      room -= batch.bytes;
      if (room < 0) break;
      if (batch.isLast) continue;
      batch.isLast = true;
      const sending = this.#send(batch, { keepalive: true });
      sending.catch(() => (batch.isLast = false));
    }
    if (this.#waiting > 0) this.#courier.wake(this.#settings.interval);
  }

  /** Sends one batch; returns whether there is more. */
  async #deliver() {
    if (this.#batches.length === 0) this.#cut();
    const [batch] = this.#batches;
    if (!batch) return false;
    await this.#send(batch);
    return this.#waiting > 0;
  }

  /** Makes a batch of what waits. */
  #cut() {
    if (this.#queue.length === 0) return;
    let [bytes, taken] = [1, 0];
    for (const text of this.#queue) {
      const more = utf8.encode(text).length + 1;
      if (taken > 0 && bytes + more > BATCH_BYTES_MAX) break;
      bytes += more;
      taken++;
    }
    this.#batches.push({ key: key(), events: this.#queue.splice(0, taken), bytes });
  }

  async #send(batch, init) {
    const headers = { "Idempotency-Key": batch.key };
    const body = `[${batch.events.join(",")}]`;
    const post = this.#connection.send("POST", "/api/ml/events", body, { ...init, headers });
    let rejected = batch.events.length;
    try {
      rejected = (await post)?.rejected ?? 0;
    } catch (error) {
      if (!REFUSALS.includes(error.status)) throw error;
      console.warn("Flagdeck refused events:", error);
    }
    this.#end(batch, rejected);
  }

  /** A batch that was sent twice, because the page was left, ends once. */
  #end(batch, rejected) {
    const place = this.#batches.indexOf(batch);
    if (place < 0) return;
    this.#batches.splice(place, 1);
    this.#counts.sent += batch.events.length - rejected;
    this.#counts.rejected += rejected;
  }

  /** Returns the metrics in the text format of Prometheus. */
  async export() {
    const families = Object.entries(this.metrics).map(([name, metric]) => {
      if (metric.type !== "counter" || name.endsWith("_total")) return family(name, metric);
      // A counter is named so by convention; the founding specification's name is beside it.
      const total = Object.assign(new Counter(`${name}_total`, metric), { value: metric.value });
      return family(total.name, total) + family(name, metric, "untyped", `See ${total.name}`);
    });
    return families.join("");
  }
}

const family = (name, metric, type = metric.type, help = metric.help) =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${metric.serialize()}\n`;

/** `crypto.randomUUID` is missing on pages without HTTPS that are not of this machine. */
const key = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
