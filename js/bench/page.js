// Runs in the page; bench/chromium.mjs prints what it finds.
import { MLFeatureFlags } from "../ml/MLFeatureFlags.js";
import { MLStateExtension } from "../ml/MLStateExtension.js";
import { PrometheusExporter } from "../ml/PrometheusExporter.js";

const CALLS = 200_000;
const ROUNDS = 15;
const EVENTS_PER_SECOND = 100;
const SECONDS = 10;
const STATE_BYTES = 411 * 1024;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const results = [];
const found = (name, value, unit, limit) =>
  results.push({ name, value: typeof value === "number" ? value.toFixed(3) : value, unit, limit });

/** Returns what one call takes, in microseconds: the median of several rounds. */
function microseconds(call) {
  let sum = 0;
  const rounds = Array.from({ length: ROUNDS }, () => {
    const begun = performance.now();
    for (let i = 0; i < CALLS; i++) sum += Number(call(i));
    return ((performance.now() - begun) * 1000) / CALLS;
  });
  if (!(sum >= 0)) throw new Error("The calls decided nothing");
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1];
}

async function main() {
  await calls();
  await worker();
  await exporter();
  await state();
}

async function calls() {
  const flags = new MLFeatureFlags();
  const groups = Array.from({ length: 10 }, (_, i) => [
    `g${i}`,
    Object.fromEntries(Array.from({ length: 10 }, (_, j) => [`c${j}`, (i + j) % 2 === 0])),
  ]);
  flags.flags = {
    enabled: true,
    components: Object.fromEntries(groups),
    rollout: { percentage: 50, userGroups: ["beta"], strategy: "canary" },
  };
  const names = Array.from({ length: 100 }, (_, i) => `g${i % 10}.c${Math.floor(i / 10)}`);
  const users = Array.from({ length: 1000 }, (_, i) => `user${i}`);
  const uuids = users.map(() => crypto.randomUUID());
  found(
    "isEnabled, of 100 components",
    microseconds((i) => flags.isEnabled(names[i % 100])),
    "µs",
    0.2,
  );
  const shown = (ids) => microseconds((i) => flags.shouldShowForUser(ids[i % 1000]));
  found("shouldShowForUser, user42", shown(users), "µs", 1);
  found("shouldShowForUser, a UUID", shown(uuids), "µs", 1);
  const of = (i) => flags.evaluate(names[i % 100], { user: users[i % 1000] }).value;
  found("evaluate, of 100 components", microseconds(of), "µs", "–");
}

async function worker() {
  const answer = await new Promise((resolve, reject) => {
    const worker = new Worker("worker.js", { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
  found("in a worker", `${answer.reason}, ${answer.changes}`, "", "–");
}

const cpu = async () => (await fetch("/cpu")).json();

async function exporter() {
  const listeners = {};
  const bus = { on: (name, listener) => (listeners[name] = listener) };
  const emit = (i) => {
    const event = { duration: 0.041, confidence: 0.83, iterations: 14 };
    listeners["ml:calculation:complete"]?.({ ...event, component: "ui.badges", user: `user${i}` });
  };
  const used = async () => {
    const before = await cpu();
    const begun = performance.now();
    for (let i = 0; i < EVENTS_PER_SECOND * SECONDS; i++) {
      emit(i);
      const due = begun + ((i + 1) * 1000) / EVENTS_PER_SECOND;
      await wait(Math.max(0, due - performance.now()));
    }
    return (((await cpu()) - before) * 1000 * 100) / (performance.now() - begun);
  };
  const without = await used();
  const made = new PrometheusExporter({
    eventBus: bus,
    flagdeck: { token: "t" },
    metrics: { interval: 1000 },
  });
  const withIt = await used();
  await made.close();
  found("PrometheusExporter at 100 events/s", Math.max(0, withIt - without), "% of a core", 2);
  found("  events that arrived", String(made.status.sent), "", "–");
}

async function state() {
  const AppState = { values: new Map(), get: (key) => AppState.values.get(key), set() {} };
  const heap = async () => {
    for (let i = 0; i < 3; i++) {
      globalThis.gc();
      await wait(100);
    }
    return performance.memory.usedJSHeapSize;
  };
  const files = Array.from({ length: 12_000 }, (_, i) => ({
    id: i,
    name: `file ${i}`,
    score: i / 7,
  }));
  const share = STATE_BYTES / JSON.stringify(files).length;
  AppState.ml = { files: files.slice(0, Math.floor(files.length * share)) };
  const bytes = JSON.stringify(AppState.ml).length;
  const before = await heap();
  MLStateExtension.extend(AppState, { flagdeck: { token: "t" } });
  for (let i = 0; i < 200; i++) AppState.set(`ml.n${i % 10}`, "x".repeat(4000) + i);
  await wait(2000);
  const grown = (await heap()) - before;
  const name = `MLStateExtension, ring of ${AppState.ml.history.length}, state of ${Math.round(bytes / 1024)} KiB`;
  found(name, grown / 1e6, "MB", 5);
}

main()
  .catch((error) => found("failed", error.message, "", "–"))
  .then(() => fetch("/result", { method: "POST", body: JSON.stringify(results) }));
