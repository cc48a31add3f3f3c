/**
 * The files of the person: analysed as the flags have it, listed with what is known of them.
 *
 * What is known is in the state under `ml.results`, and reported to Flagdeck from there; the texts
 * themselves stay in this object. A restore therefore brings results back, and no texts.
 */

import { difficulty } from "./analysis.js";
import { badge, sureness } from "./components/badges.js";
import { AnalysisError, calculate, count, FailedOnPurpose } from "./components/calculator.js";
import { agreement, question } from "./components/curation.js";
import { figures } from "./components/dashboard.js";
import { Orchestrator } from "./components/orchestrator.js";
import { draw, kept } from "./components/tracker.js";
import { element, fill, percent } from "./dom.js";
import { TEXTS } from "./texts.js";

const FILES_MAX = 50;
const FILE_BYTES_MAX = 5 * 1024 * 1024;

/** Durations that are kept. */
const DURATIONS_MAX = 50;

const place = (id) => document.getElementById(id);

export class Files {
  #app;
  #orchestrator;
  /** The texts of files in the list, by id. */
  #texts = new Map();
  /** Where the calculation of a file is, by id. */
  #steps = new Map();

  /** Gets `{ state, bus, random, person, isOn, failureShare }`. */
  constructor(app) {
    this.#app = app;
    this.#orchestrator = new Orchestrator(() => app.isOn("orchestrator"));
    place("samples").onclick = () =>
      TEXTS.toReversed().forEach(({ name, text }) => this.#add(name, text));
    place("choose").onclick = () => place("chooser").click();
    place("chooser").onchange = ({ target }) => void this.#read([...target.files]);
    place("again").onclick = () => this.#analyseAll(() => true);
    place("clear").onclick = () => this.#clear();
    this.#acceptDrops();
  }

  /** Shows the list by the flags in force, and analyses what could not be before. */
  show() {
    if (this.#app.isOn("calculator")) this.#analyseAll((result) => !isAnalysed(result));
    this.#render();
  }

  /** Shows what a restore put in place of what was there. */
  restored() {
    this.#steps.clear();
    const count = this.#entries().length;
    this.#note(`Flagdeck restored an earlier state: ${plural(count, "file")}.`);
    this.#render();
  }

  #acceptDrops() {
    const isOver = (over) => document.body.classList.toggle("over", over);
    document.ondragover = (event) => {
      event.preventDefault();
      isOver(true);
    };
    document.ondragleave = ({ relatedTarget }) => relatedTarget ?? isOver(false);
    document.ondrop = (event) => {
      event.preventDefault();
      isOver(false);
      void this.#read([...event.dataTransfer.files]);
    };
  }

  async #read(files) {
    this.#note("");
    for (const file of files.slice(0, FILES_MAX)) {
      if (file.size > FILE_BYTES_MAX) this.#note(`${file.name} is larger than 5 MB`);
      else await this.#readOne(file);
    }
    if (files.length > FILES_MAX) this.#note(`The first ${FILES_MAX} files were taken.`);
  }

  async #readOne(file) {
    try {
      this.#add(file.name, await file.text());
    } catch {
      this.#note(`${file.name} cannot be read`);
    }
  }

  #add(name, text) {
    const entries = this.#entries();
    const known = entries.find(([, result]) => result.name === name);
    const numbers = entries.map(([id]) => Number(id.slice(1)));
    const id = known?.[0] ?? `f${Math.max(0, ...numbers) + 1}`;
    if (!known && entries.length >= FILES_MAX)
      return this.#note(`The list holds ${FILES_MAX} files.`);
    this.#texts.set(id, text);
    this.#keep(id, counted(name, text));
    return this.#analyse(id);
  }

  #analyseAll(isMeant) {
    for (const [id, result] of this.#entries()) {
      const isFree = this.#texts.has(id) && !this.#steps.has(id);
      if (isFree && isMeant(result)) this.#analyse(id);
    }
  }

  #analyse(id) {
    if (!this.#app.isOn("calculator") || this.#steps.has(id)) return;
    const text = this.#texts.get(id);
    this.#steps.set(id, null);
    this.#orchestrator.add(text.length, () => this.#work(id, text));
    this.#render();
  }

  async #work(id, text) {
    const { bus, random, failureShare } = this.#app;
    const of = { component: "calculator", ...this.#app.person() };
    const onStep = (step) => this.#showStep(id, step);
    const { name } = this.#results()[id] ?? {};
    try {
      const found = await calculate(text, { random, failureShare: failureShare(), onStep });
      if (this.#steps.has(id)) this.#keepFound(id, name, found);
      const { durationS: duration, confidence, iterations } = found;
      bus.emit("ml:calculation:complete", { duration, confidence, iterations, ...of });
    } catch (error) {
      if (!(error instanceof AnalysisError) && !(error instanceof FailedOnPurpose)) throw error;
      if (this.#steps.has(id)) this.#keep(id, { name, error: error.message });
      bus.emit("ml:calculation:error", of);
    } finally {
      this.#steps.delete(id);
      this.#render();
    }
  }

  #keepFound(id, name, { curve, durationS, ...figuresFound }) {
    const { state, isOn } = this.#app;
    const tracked = isOn("tracker") ? { curve: kept(curve) } : {};
    this.#keep(id, { name, ...figuresFound, ...tracked });
    const durations = state.get("ml.metrics.performance.calculationTime") ?? [];
    const latest = [...durations, Math.round(durationS * 1000)].slice(-DURATIONS_MAX);
    state.set("ml.metrics.performance.calculationTime", latest);
    const analysed = state.get("ml.metrics.usage.filesAnalyzed") ?? 0;
    state.set("ml.metrics.usage.filesAnalyzed", analysed + 1);
    const all = this.#entries().filter(([, result]) => isAnalysed(result) && !result.error);
    const sum = all.reduce((total, [, { confidence }]) => total + confidence, 0);
    const mean = Number((sum / all.length).toFixed(3));
    state.set("ml.metrics.quality.avgConfidence", mean);
  }

  #answer(id, feedback) {
    const { state, bus } = this.#app;
    this.#keep(id, { ...this.#results()[id], feedback });
    const given = state.get("ml.metrics.usage.feedbackProvided") ?? 0;
    state.set("ml.metrics.usage.feedbackProvided", given + 1);
    const results = this.#entries().map(([, result]) => result);
    state.set("ml.metrics.quality.userAgreement", agreement(results));
    bus.emit("ml:usage", {});
    this.#render();
  }

  #clear() {
    this.#texts.clear();
    this.#steps.clear();
    this.#app.state.set("ml.results", {});
    this.#note("");
    this.#render();
  }

  #results() {
    return this.#app.state.get("ml.results") ?? {};
  }

  /** Returns what is listed, latest first. A restored state may have anything in it. */
  #entries() {
    const entries = Object.entries(this.#results());
    const known = entries.filter(
      ([id, it]) => /^f\d{1,9}$/.test(id) && typeof it?.name === "string",
    );
    return known.sort(([one], [other]) => other.slice(1) - one.slice(1));
  }

  #keep(id, result) {
    this.#app.state.set(`ml.results.${id}`, result);
  }

  #note(text) {
    place("note").textContent = text;
  }

  #showStep(id, step) {
    if (!this.#steps.has(id)) return;
    this.#steps.set(id, step);
    const row = place("list").querySelector(`[data-id="${id}"]`);
    row?.querySelector(".bar")?.replaceWith(bar(step.confidence, true));
    const said = row?.querySelector(".figures");
    if (said) said.textContent = `Iteration ${step.iteration}: ${percent(step.confidence)} sure`;
  }

  #render() {
    const { isOn } = this.#app;
    const entries = this.#entries();
    const focused = document.activeElement?.closest("[data-id]")?.dataset.id;
    const choice = document.activeElement?.textContent;
    fill(place("list"), ...entries.map(([id, result]) => this.#row(id, result)));
    if (focused) {
      const buttons = place("list").querySelectorAll(`[data-id="${focused}"] button`);
      [...buttons].find(({ textContent }) => textContent === choice)?.focus();
    }
    place("off").hidden = isOn("calculator") || entries.length === 0;
    place("actions").hidden = entries.length === 0;
    place("drop").classList.toggle("small", entries.length > 0);
    place("dashboard").hidden = !isOn("ui.dashboard");
    fill(place("dashboard"), figures(entries.map(([, result]) => result)));
  }

  #row(id, result) {
    const { isOn } = this.#app;
    const isRunning = this.#steps.has(id);
    const isShown = isOn("calculator") && isAnalysed(result) && !isRunning;
    const isFailed = isShown && result.error !== undefined;
    const isFound = isShown && !isFailed;
    const name = element("bdi", { className: "name", title: result.name }, result.name);
    return element(
      "li",
      { dataset: { id, testid: "file" }, className: isFailed ? "failed" : "" },
      element(
        "div",
        { className: "head" },
        name,
        isFound && isOn("ui.badges") ? badge(result.confidence) : null,
        isFound && isOn("ui.curationPanel")
          ? question(result, (answer) => this.#answer(id, answer))
          : null,
      ),
      element("p", { className: "figures" }, this.#figures(id, result)),
      isOn("calculator") && !isFailed ? bar(this.#confidence(id, result), isRunning) : null,
      isFound && isOn("tracker") && result.curve?.length > 1 ? draw(result.curve) : null,
    );
  }

  #confidence(id, result) {
    return this.#steps.has(id) ? (this.#steps.get(id)?.confidence ?? 0) : (result.confidence ?? 0);
  }

  #figures(id, result) {
    const size = `${plural(result.sentences ?? 0, "sentence")}, ${plural(result.words ?? 0, "word")}`;
    if (!this.#app.isOn("calculator")) return size;
    if (this.#steps.has(id)) return "Waiting…";
    if (result.error !== undefined) return result.error;
    if (!isAnalysed(result)) return `${size}; drop it again to analyse it`;
    const found = `Reading ease ${shown(result.ease)}, ${difficulty(result.ease)}`;
    return `${found} · ${plural(result.iterations, "iteration")} · ${size}`;
  }
}

/** Readers know reading ease as 0 to 100. */
const shown = (ease) => Math.round(Math.min(100, Math.max(0, ease)));

function isAnalysed({ confidence, error }) {
  return typeof confidence === "number" || error !== undefined;
}

function counted(name, text) {
  try {
    return { name, ...count(text) };
  } catch (error) {
    if (!(error instanceof AnalysisError)) throw error;
    return { name };
  }
}

/** A bar as long as a confidence. */
function bar(confidence, isRunning) {
  const filled = element("span", { className: isRunning ? "running" : sureness(confidence) });
  filled.style.setProperty("--share", confidence.toFixed(3));
  return element("div", { className: "bar", aria: { hidden: "true" } }, filled);
}

function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
