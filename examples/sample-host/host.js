/**
 * What the founding specification expects of a host application: a state with `get` and `set`, and
 * an event bus. Knows nothing of flags, metrics or Flagdeck.
 */

/** The state of the application: values under dotted keys, such as `ml.results.f1`. */
export class AppState {
  /** Returns the value under a key; `undefined` if there is none. */
  get(key) {
    return key
      .split(".")
      .reduce((value, name) => (has(value, name) ? value[name] : undefined), this);
  }

  /** Sets the value under a key, and makes the objects on the way there. */
  set(key, value) {
    const names = key.split(".");
    const last = names.pop();
    let place = this;
    for (const name of names) {
      if (!has(place, name) || typeof place[name] !== "object") place[name] = {};
      place = place[name];
    }
    place[last] = value;
  }
}

/** Tells listeners what happened. */
export class EventBus {
  #listeners = new Map();

  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
  }

  off(name, listener) {
    this.#listeners.get(name)?.delete(listener);
  }

  emit(name, data) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(data);
  }
}

function has(value, name) {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name);
}
