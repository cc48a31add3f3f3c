/**
 * Feature flags: which component is on, for whom, and why. Decides in the page, exactly as
 * Flagdeck does.
 *
 * `flags` is the document in force: the last good one of Flagdeck, with what was toggled here over
 * it. Everything is decided from it as it is, so a page may also write to it. Without Flagdeck it
 * stays; without any, it is the safe default, in which everything is off.
 */
import {
  ANSWER_MS,
  Connection,
  Failure,
  busOf,
  emit,
  every,
  isObject,
  settings,
  tell,
} from "./MLConfig.js";

const DOCUMENT_CHARS_MAX = 4 * 1024 * 1024;
const COMPONENTS_MAX = 10000;
const DEPTH_MAX = 8;
const LIST_MAX = 1000;
const GROUP_CHARS_MAX = 128;
const BUCKETS = 100000;
const RESERVED = ["__proto__", "constructor", "prototype"];
const SEGMENT = /^[A-Za-z][\w-]{0,63}$/;
/** Blanks as Flagdeck trims them; `trim` of JavaScript has others. */
const BLANKS = /^\p{White_Space}+|\p{White_Space}+$/gu;
/** Paths that are kept split. */
const PATHS_MAX = 20000;

/** Returns the document of a page that knows of no other: everything is off. */
const safeDefault = () => ({
  enabled: false,
  components: {
    calculator: false,
    tracker: false,
    orchestrator: false,
    ui: { badges: false, dashboard: false, curationPanel: false },
  },
  rollout: { percentage: 0, userGroups: [], strategy: "canary" },
});

const copy = (value) => JSON.parse(JSON.stringify(value));

const own = (object, key) => (object && Object.hasOwn(object, key) ? object[key] : undefined);

/** Feature flag manager: controls the gradual rollout of components. */
export class MLFeatureFlags {
  flags = safeDefault();
  validator = new FlagValidator();
  #options;
  #settings;
  #connection;
  #listeners = new Set();
  /** The last good document of Flagdeck, as it came. */
  #document;
  #etag;
  #revision = null;
  /** Tag and revision of a document that is not validated yet. */
  #fetched;
  #checkedAt = 0;
  #from = "default";
  #error = null;
  #toggles = {};
  #hasRemembered = false;
  #refreshing;
  #again = false;
  #isConnected = false;
  #stop;

  constructor(options) {
    this.#settings = settings(options).featureFlags;
    this.#connection = new Connection(options);
    this.#options = options;
    const { storage } = options ?? {};
    this.storage = storage?.loadLocal
      ? storage
      : new FlagStorage(storage, `flagdeck:flags:${this.#connection.source}`);
  }

  /** Loads the document once and returns it. */
  static load(options) {
    return new MLFeatureFlags(options).load();
  }

  /** Loads the document and returns it: Flagdeck's, or the last good one, or the safe default. */
  async load() {
    await this.#refresh();
    return this.flags;
  }

  /** Keeps the flags up to date until `close`: by the stream, or by asking in intervals. */
  listen() {
    if (this.#stop) return this;
    const { endpoint, refreshInterval } = this.#settings;
    const leave = this.#connection.listen(`${endpoint}/stream`, {
      open: (isOpen) => (this.#isConnected = isOpen),
      event: (name, data) => {
        const isKnown = this.#etag !== undefined && data.etag === this.#etag;
        if (name === "flags" && !isKnown) void this.#refresh();
      },
    });
    const poll = every(refreshInterval, () => this.#isConnected || void this.#refresh());
    this.#stop = () => {
      leave();
      clearInterval(poll);
      this.#isConnected = false;
    };
    if (!this.#checkedAt) void this.#refresh();
    return this;
  }

  /** Ends what `listen` began. The flags stay as they are. */
  close() {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Where the flags come from, and since when. */
  get status() {
    const age = Date.now() - this.#checkedAt;
    return {
      from: this.#from,
      revision: this.#revision,
      checkedAt: this.#checkedAt || null,
      isFresh: this.#isConnected || age < this.#settings.cache.ttl,
      isConnected: this.#isConnected,
      error: this.#error,
    };
  }

  /** What was toggled in this page and is still in force over Flagdeck's document. */
  get toggles() {
    return { ...this.#toggles };
  }

  /** Returns whether a component is switched on, with everything that it requires. */
  isEnabled(component) {
    const { flags } = this;
    if (!flags.enabled || leaf(flags, component) !== true) return false;
    if (!own(flags.requires, component)) return true;
    for (const required of requiredBy(flags, component)) {
      if (leaf(flags, required) !== true) return false;
    }
    return true;
  }

  /** Returns whether the default rollout reaches a user. */
  shouldShowForUser(userId, groups) {
    return shouldShow(this.flags, this.flags.rollout, null, userId, groups).value;
  }

  /** Decides whether a component is on for a user, and says why. */
  evaluate(component, { user, groups } = {}) {
    return {
      component,
      bucket: null,
      ...decide(this.flags, component, user, groups),
      revision: this.#revision,
      isToggled: Object.hasOwn(this.#toggles, component),
    };
  }

  /** Returns the bucket of a user, 0 to 99 999: for the default rollout, or a component's own. */
  bucket(userId, component) {
    return bucketOf(this.flags, component ?? null, String(userId));
  }

  /** Returns the 32-bit hash that the bucket of the default rollout is computed from. */
  hashUserId(userId) {
    return hash(this.flags, null, String(userId));
  }

  /**
   * Switches a component here, over Flagdeck's document, until `clearToggles`. It changes nothing in
   * Flagdeck, and outlives a reload of the page.
   */
  toggle(component, value) {
    this.#remember();
    const event = {
      component,
      oldValue: this.isEnabled(component),
      newValue: value,
      timestamp: Date.now(),
    };
    this.setComponentFlag(component, value);
    this.emitFlagChange({ ...event, cause: "toggle", changes: [event], revision: this.#revision });
    this.#save();
    return event;
  }

  /** Takes back what was toggled: a component, or everything. */
  clearToggles(component) {
    this.#remember();
    const before = this.flags;
    if (component === undefined) this.#toggles = {};
    else delete this.#toggles[component];
    this.#apply();
    this.#save();
    this.#tellChanges(before, "cleared");
  }

  /** Sets the switch of a component in the document in force. */
  setComponentFlag(component, value) {
    if (typeof value !== "boolean") throw new TypeError("A component is true or false");
    if (!isPath(component)) throw new TypeError(`${component} is no name of a component`);
    if (!setLeaf(this.flags.components, component, value)) {
      throw new TypeError(`${component} is a group, or is in a component`);
    }
    this.#toggles[component] = value;
  }

  /** Calls a listener with every change until the function that is returned is called. */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emitFlagChange(event) {
    for (const listener of this.#listeners) tell(listener, event);
    emit(busOf(this.#options), "ml:flags:changed", event);
  }

  /** Fetches Flagdeck's document; the one that is known if nothing changed. */
  async fetchRemoteConfig() {
    const url = this.#connection.url(this.#settings.endpoint);
    url.searchParams.set("source", this.#connection.source);
    const response = await this.#connection.fetch(url.href, {
      headers: this.#etag ? { "If-None-Match": this.#etag } : {},
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (response.status === 304 && this.#document) return this.#document;
    if (!response.ok) throw await Failure.of(response);
    const text = await response.text();
    if (text.length > DOCUMENT_CHARS_MAX) throw new Error("The document is too large");
    const revision = response.headers.get("ml-revision");
    this.#fetched = {
      etag: response.headers.get("etag") ?? undefined,
      revision: revision === null ? null : Number(revision),
    };
    return JSON.parse(text);
  }

  /** Asks Flagdeck, once at a time: a question during an answer is asked after it. */
  #refresh() {
    if (this.#refreshing) this.#again = true;
    this.#refreshing ??= (async () => {
      this.#remember();
      do {
        this.#again = false;
        await this.#ask();
      } while (this.#again);
      this.#refreshing = undefined;
    })();
    return this.#refreshing;
  }

  async #ask() {
    try {
      this.#adopt(await this.fetchRemoteConfig());
      this.#error = null;
    } catch (error) {
      const isFirst = this.#error === null;
      this.#error = error;
      if (!isFirst) return;
      console.warn("Using local feature flags:", error);
      if (this.#document) this.#from = "cache";
      else if (!this.storage.read) await this.#loadLocal();
    }
  }

  /** Asks a storage of the application's own; what it throws leaves the flags as they are. */
  async #loadLocal() {
    try {
      this.flags = await this.storage.loadLocal();
    } catch (error) {
      this.#error = error;
    }
  }

  #adopt(remote) {
    const before = this.flags;
    const isNew = remote !== this.#document;
    if (isNew) {
      this.#document = this.validator.validate(remote);
      this.#etag = this.#fetched?.etag;
      this.#revision = this.#fetched?.revision ?? null;
      this.#apply();
    }
    const isAging = Date.now() - this.#checkedAt > this.#settings.cache.ttl / 2;
    this.#checkedAt = Date.now();
    this.#from = "flagdeck";
    if (isNew || isAging) this.#save();
    if (isNew) this.#tellChanges(before, "flagdeck");
  }

  /** Begins with what was kept of an earlier visit. */
  #remember() {
    if (this.#hasRemembered) return;
    this.#hasRemembered = true;
    const saved = this.storage.read?.();
    if (!isObject(saved)) return;
    const toggles = Object.entries(saved.toggles ?? {});
    this.#toggles = { ...Object.fromEntries(toggles.filter(isToggle)), ...this.#toggles };
    const { endpoint } = this.#settings;
    if ((saved.endpoint ?? endpoint) === endpoint) this.#recall(saved);
    this.#apply();
  }

  #recall({ document, etag, revision, checkedAt }) {
    if (!this.#settings.cache.enabled || this.validator.problems(document).length > 0) return;
    this.#document = document;
    this.#etag = etag;
    this.#revision = revision ?? null;
    this.#checkedAt = checkedAt || 0;
    this.#from = "cache";
  }

  /** Puts the document in force: a copy, because a page may write to it, with the toggles. */
  #apply() {
    this.flags = toggled(copy(this.#document ?? safeDefault()), this.#toggles);
  }

  #save() {
    const isCached = this.#settings.cache.enabled && this.#document;
    const cached = isCached && {
      endpoint: this.#settings.endpoint,
      document: this.#document,
      etag: this.#etag,
      revision: this.#revision,
      checkedAt: this.#checkedAt,
    };
    tell(() =>
      this.storage.write
        ? this.storage.write({ ...cached, toggles: this.#toggles })
        : this.storage.saveLocal(this.flags),
    );
  }

  #tellChanges(before, cause) {
    const timestamp = Date.now();
    const now = this.flags;
    const names = new Set([...leaves(before.components), ...leaves(now.components)]);
    const changes = [];
    const wasOn = (flags, name) => MLFeatureFlags.prototype.isEnabled.call({ flags }, name);
    for (const component of names) {
      const [oldValue, newValue] = [wasOn(before, component), wasOn(now, component)];
      if (oldValue !== newValue) changes.push({ component, oldValue, newValue, timestamp });
    }
    this.emitFlagChange({ cause, changes, timestamp, revision: this.#revision });
  }
}

/** Keeps the last good flags where a page finds them again: `localStorage`, or memory. */
export class FlagStorage {
  #storage;
  #key;
  #memory = null;

  constructor(storage, key = "flagdeck:flags") {
    this.#storage = storage ?? ofPage();
    this.#key = key;
  }

  /** Returns what was kept, or null. */
  read() {
    try {
      return JSON.parse(this.#storage?.getItem(this.#key) ?? null) ?? this.#memory;
    } catch {
      return this.#memory;
    }
  }

  write(saved) {
    this.#memory = saved;
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(saved));
    } catch {
      // Full, or forbidden: memory has it.
    }
  }

  /** Returns the flags that were kept, with the toggles; the safe default if there are none. */
  async loadLocal() {
    const { document, toggles } = this.read() ?? {};
    const validator = new FlagValidator();
    const isValid = validator.problems(document).length === 0;
    return toggled(isValid ? validator.validate(document) : safeDefault(), toggles);
  }

  /** Keeps flags as they are. */
  saveLocal(flags) {
    this.write({ document: flags, toggles: this.read()?.toggles });
  }
}

/** A worker and Node have none, and a page may be forbidden to use it. */
function ofPage() {
  try {
    return globalThis.document && globalThis.localStorage;
  } catch {
    return undefined;
  }
}

/** Accepts what Flagdeck accepts, of what the modules read. */
export class FlagValidator {
  /** Returns a copy of a document with everything in it. Throws an error that has `problems`. */
  validate(document) {
    const problems = this.problems(document);
    if (problems.length > 0) {
      const [{ pointer, message }] = problems;
      const error = new TypeError(`The flag document is not valid: ${pointer || "it"} ${message}`);
      throw Object.assign(error, { problems });
    }
    const valid = { ...safeDefault(), ...copy(document) };
    valid.rollout = { ...safeDefault().rollout, ...valid.rollout };
    return valid;
  }

  /** Returns everything that is wrong with a document: `{pointer, message}`. */
  problems(document) {
    const check = new Check();
    check.document(document);
    return check.problems;
  }
}

/** One pass over one document. */
class Check {
  problems = [];
  #leaves = 0;

  #no(pointer, message) {
    this.problems.push({ pointer, message });
    return false;
  }

  document(document) {
    const known = ["enabled", "components", "rollout"];
    if (!isObject(document) || !known.some((key) => Object.hasOwn(document, key))) {
      this.#no("", "must be an object with enabled, components or rollout");
      return;
    }
    const { enabled, components, rollout, rollouts, requires, bucketing } = document;
    if (!isOneOf(enabled, [undefined, true, false])) this.#no("/enabled", "must be true or false");
    if (components !== undefined) this.#group(components, "/components", 1);
    if (this.#leaves > COMPONENTS_MAX) this.#no("/components", `has more than ${COMPONENTS_MAX}`);
    if (rollout !== undefined) this.#rollout(rollout, "/rollout");
    const all = { components: components ?? safeDefault().components };
    this.#section(all, rollouts, "/rollouts", (own, at) => {
      if (isObject(own) && own.percentage === undefined) this.#no(`${at}/percentage`, "is missing");
      this.#rollout(own, at);
    });
    this.#section(all, requires, "/requires", (list, at) => this.#required(all, list, at));
    if (!isOneOf(bucketing, [undefined, "flagd-2", "flagd-3"])) {
      this.#no("/bucketing", "must be flagd-3 or flagd-2");
    }
    if (this.problems.length === 0) this.#cycles(requires ?? {});
  }

  #group(group, at, depth) {
    if (!isObject(group)) return this.#no(at, "must be true, false or a group of components");
    for (const [name, node] of Object.entries(group)) {
      const place = `${at}/${name}`;
      if (depth > DEPTH_MAX) return this.#no(place, `is deeper than ${DEPTH_MAX} names`);
      if (!isSegment(name)) this.#no(place, "is no name");
      if (typeof node === "boolean") this.#leaves++;
      else this.#group(node, place, depth + 1);
    }
    return true;
  }

  #rollout(rollout, at) {
    if (!isObject(rollout)) return this.#no(at, "must be an object");
    const { percentage = 0, userGroups = [], strategy = "canary" } = rollout;
    if (!isPercentage(percentage)) {
      this.#no(`${at}/percentage`, "must be a number from 0 to 100 in steps of 0.001");
    }
    this.#list(userGroups, `${at}/userGroups`, isGroup);
    if (!isOneOf(strategy, ["canary", "blue-green", "feature"])) {
      this.#no(`${at}/strategy`, "must be canary, blue-green or feature");
    }
    if (strategy === "blue-green" && !isOneOf(percentage, [0, 100])) {
      this.#no(`${at}/percentage`, "must be 0 or 100 with blue-green");
    }
    return true;
  }

  /** Checks an object whose keys are names of components. */
  #section(all, section, at, check) {
    if (section === undefined) return;
    if (!isObject(section)) return void this.#no(at, "must be an object");
    for (const [name, value] of Object.entries(section)) {
      if (leaf(all, name) === undefined) this.#no(`${at}/${name}`, "names no component");
      check(value, `${at}/${name}`);
    }
  }

  #required(all, list, at) {
    this.#list(list, at, (name) => typeof name === "string" && leaf(all, name) !== undefined);
  }

  #list(list, at, fits) {
    if (!Array.isArray(list)) return void this.#no(at, "must be a list");
    if (list.length > LIST_MAX) this.#no(at, `has more than ${LIST_MAX} entries`);
    list.forEach((entry, i) => fits(entry) || this.#no(`${at}/${i}`, "cannot be used"));
  }

  /** Walks with a stack of its own: a chain may be as long as there are components. */
  #cycles(requires) {
    const done = new Set();
    const open = new Set();
    for (const start of Object.keys(requires)) {
      const waiting = [start];
      while (waiting.length > 0) {
        const name = waiting.at(-1);
        const isLeft = open.delete(name) || done.has(name);
        if (isLeft) {
          done.add(waiting.pop());
          continue;
        }
        open.add(name);
        for (const next of own(requires, name) ?? []) {
          if (open.has(next)) return void this.#no(`/requires/${name}`, "requires itself");
          if (!done.has(next)) waiting.push(next);
        }
      }
    }
  }
}

const isOneOf = (value, values) => values.includes(value);

const isSegment = (name) => SEGMENT.test(name) && !RESERVED.includes(name);

function isPath(text) {
  const parts = typeof text === "string" ? text.split(".") : [];
  return parts.length > 0 && parts.length <= DEPTH_MAX && parts.every(isSegment);
}

const isPercentage = (value) =>
  typeof value === "number" &&
  value >= 0 &&
  value <= 100 &&
  Math.abs(value * 1000 - Math.round(value * 1000)) <= 1e-7;

const isGroup = (name) =>
  typeof name === "string" && name !== "" && [...name].length <= GROUP_CHARS_MAX;

/** Split paths of components: to split one for every question would cost more than the rest. */
const paths = new Map();

function split(component) {
  if (paths.size >= PATHS_MAX) paths.clear();
  const parts = String(component).split(".");
  paths.set(component, parts);
  return parts;
}

/** Returns the switch of a component; undefined for a group and for what is not there. */
function leaf(flags, component) {
  let current = flags.components;
  for (const part of paths.get(component) ?? split(component)) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, part)) {
      return undefined;
    }
    current = current[part];
  }
  return typeof current === "boolean" ? current : undefined;
}

/** Sets a component and makes the groups on its way; returns false if something else is there. */
function setLeaf(components, path, value) {
  const parts = path.split(".");
  const last = parts.pop();
  let group = components;
  for (const part of parts) {
    if (!Object.hasOwn(group, part)) group[part] = {};
    group = group[part];
    if (!isObject(group)) return false;
  }
  if (isObject(own(group, last))) return false;
  group[last] = value;
  return true;
}

const isToggle = ([path, value]) => isPath(path) && typeof value === "boolean";

/** Sets what was toggled in a document; what does not fit in it has no effect. */
function toggled(flags, toggles) {
  for (const [path, value] of Object.entries(toggles ?? {}).filter(isToggle)) {
    setLeaf(flags.components, path, value);
  }
  return flags;
}

function* leaves(group, prefix = "") {
  for (const [name, node] of Object.entries(group)) {
    if (isObject(node)) yield* leaves(node, `${prefix}${name}.`);
    else yield prefix + name;
  }
}

/** Yields what a component requires to any depth, each once, in the order of core. */
function* requiredBy(flags, component) {
  const seen = new Set();
  const waiting = [component];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (seen.has(next)) continue;
    seen.add(next);
    if (next !== component) yield next;
    const list = own(flags.requires, next) ?? [];
    for (let i = list.length - 1; i >= 0; i--) waiting.push(list[i]);
  }
}

const off = (reason, more) => ({ value: false, reason, ...more });

/** What holds for every user, then the rollout, then the rollouts of everything it requires. */
function decide(flags, component, user, groups) {
  const isOn = leaf(flags, component);
  if (isOn === undefined) return off("unknown_component");
  if (!flags.enabled) return off("master_off");
  if (!isOn) return off("component_off");
  const required = own(flags.requires, component) ? [...requiredBy(flags, component)] : [];
  const isOff = required.find((name) => leaf(flags, name) !== true);
  if (isOff !== undefined) return off("prerequisite", { failingPrerequisite: isOff });
  const decided = rolloutOf(flags, component, user, groups);
  if (!decided.value) return decided;
  const failing = required.find((name) => !rolloutOf(flags, name, user, groups).value);
  return failing === undefined
    ? decided
    : { ...decided, value: false, reason: "prerequisite", failingPrerequisite: failing };
}

function rolloutOf(flags, component, user, groups) {
  const custom = own(flags.rollouts, component);
  return custom
    ? shouldShow(flags, custom, component, user, groups)
    : shouldShow(flags, flags.rollout, null, user, groups);
}

/** The table of Flagdeck, row by row. */
function shouldShow(flags, rollout, component, user, groups) {
  const { percentage, userGroups, strategy } = rollout;
  if (!(percentage > 0)) return off("zero");
  if (userGroups?.length > 0 && strategy !== "blue-green") {
    const isNamed = Array.isArray(groups) && groups.length > 0 && namesAny(userGroups, groups);
    if (strategy === "feature" && !isNamed) return off("not_in_group");
    if (strategy !== "feature" && isNamed) return { value: true, reason: "group" };
  }
  if (percentage >= 100) return { value: true, reason: "full" };
  const id = typeof user === "number" || typeof user === "bigint" ? String(user) : user;
  if (typeof id !== "string" || id === "") return off("no_user");
  const bucket = bucketOf(flags, component, id);
  return { value: bucket < Math.round(percentage * 1000), reason: "split", bucket };
}

/** Blanks around a name count on neither side; a user is in no group without a name. */
function namesAny(named, groups) {
  const names = new Set(groups.map((name) => String(name).replace(BLANKS, "")));
  names.delete("");
  return named.some((name) => names.has(name.replace(BLANKS, "")));
}

function bucketOf(flags, component, user) {
  return Math.floor((hash(flags, component, user) * BUCKETS) / 2 ** 32);
}

/** The bytes of the key that is hashed. */
let bytes = new Uint8Array(512);

/**
 * The hash of OpenFeature flagd's `fractional`: of the canonical CBOR of the user id, or of the
 * array of component and user id (`flagd-3`); of their UTF-8, one after the other (`flagd-2`).
 */
function hash(flags, component, user) {
  const room = 3 * (user.length + (component?.length ?? 0)) + 16;
  if (room > bytes.length) bytes = new Uint8Array(room);
  const isCbor = flags.bucketing !== "flagd-2";
  let end = 0;
  if (component !== null) {
    if (isCbor) bytes[end++] = 0x82;
    end = isCbor ? writeCbor(component, end) : writeUtf8(component, end);
  }
  end = isCbor ? writeCbor(user, end) : writeUtf8(user, end);
  const hashed = murmur3(bytes, end);
  if (bytes.length > 65536) bytes = new Uint8Array(512);
  return hashed;
}

/** Writes a CBOR text in its shortest form (RFC 8949, 4.2.1); again if it is longer than it looks. */
function writeCbor(text, at, length = text.length) {
  const size = length < 24 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 4;
  const start = at + 1 + size;
  const end = writeUtf8(text, start);
  if (end - start !== length) return writeCbor(text, at, end - start);
  bytes[at] = size === 0 ? 0x60 | length : size === 4 ? 0x7a : 0x77 + size;
  for (let i = 1; i <= size; i++) bytes[at + i] = length >>> (8 * (size - i));
  return end;
}

/** Half of a surrogate pair is written as U+FFFD, as every reader of JSON in Flagdeck reads it. */
function writeUtf8(text, at) {
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code < 0x80) bytes[at++] = code;
    else if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6);
      bytes[at++] = 0x80 | (code & 63);
    } else {
      if ((code & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (text.charCodeAt(++i) & 0x3ff);
        bytes[at++] = 0xf0 | (code >> 18);
        bytes[at++] = 0x80 | ((code >> 12) & 63);
      } else {
        if ((code & 0xf800) === 0xd800) code = 0xfffd;
        bytes[at++] = 0xe0 | (code >> 12);
      }
      bytes[at++] = 0x80 | ((code >> 6) & 63);
      bytes[at++] = 0x80 | (code & 63);
    }
  }
  return at;
}

/** MurmurHash3 x86_32 with seed 0 (Austin Appleby, public domain). */
function murmur3(data, length) {
  let h = 0;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    h ^= scramble(data[i] | (data[i + 1] << 8) | (data[i + 2] << 16) | (data[i + 3] << 24));
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  }
  let tail = 0;
  for (let i = length - 1; i >= whole; i--) tail = (tail << 8) | data[i];
  h ^= scramble(tail) ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function scramble(block) {
  const k = Math.imul(block, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}
