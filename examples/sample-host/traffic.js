/**
 * Made-up visitors, who use the components too: enough of them for Flagdeck to compare the users for
 * whom a component is on with those for whom it is off, and to roll back what fails.
 */

import { calculateAtOnce, FailedOnPurpose } from "./components/calculator.js";
import { COMPONENTS } from "./flagdeck.js";
import { visitor } from "./people.js";
import { TEXTS } from "./texts.js";

const STEP_MS = 200;

/** Visits of one step: a page in the background is woken seldom, and makes up for some of it. */
const VISITS_MAX = 60;

const place = (id) => document.getElementById(id);

export class Traffic {
  #flags;
  #bus;
  #random;
  #due = 0;
  #visits = 0;
  #failed = 0;
  #lastMs = performance.now();

  constructor(flags, bus, random) {
    this.#flags = flags;
    this.#bus = bus;
    this.#random = random;
    place("rate").oninput = () => this.#showSettings();
    place("failure").oninput = () => this.#showSettings();
    this.#showSettings();
    setInterval(() => this.#step(), STEP_MS);
  }

  /** Which share of calculations is made to fail if the component is on. */
  get failureShare() {
    return place("failure").valueAsNumber / 100;
  }

  #step() {
    const nowMs = performance.now();
    const rate = place("rate").valueAsNumber;
    this.#due = Math.min(VISITS_MAX, this.#due + (rate * (nowMs - this.#lastMs)) / 1000);
    this.#lastMs = nowMs;
    if (this.#due < 1) return;
    for (; this.#due >= 1; this.#due -= 1) this.#visit();
    const visits = this.#visits.toLocaleString("en");
    place("visits").textContent = `${visits} visits, ${this.#failed.toLocaleString("en")} failed`;
  }

  #visit() {
    const { path: component } = this.#pick(COMPONENTS);
    const { text } = this.#pick(TEXTS);
    const of = { component, ...visitor(this.#random) };
    const isOn = this.#flags.evaluate(component, of).value;
    this.#visits += 1;
    try {
      const failureShare = isOn ? this.failureShare : 0;
      const found = calculateAtOnce(text, { random: this.#random, failureShare });
      const { durationS: duration, confidence, iterations } = found;
      this.#bus.emit("ml:calculation:complete", { duration, confidence, iterations, ...of });
    } catch (error) {
      if (!(error instanceof FailedOnPurpose)) throw error;
      this.#failed += 1;
      this.#bus.emit("ml:calculation:error", of);
    }
  }

  #pick(list) {
    return list[Math.floor(this.#random() * list.length)];
  }

  #showSettings() {
    const rate = place("rate").valueAsNumber;
    place("rate-shown").textContent = rate === 0 ? "none" : String(rate);
    place("failure-shown").textContent = `${place("failure").value} %`;
  }
}
