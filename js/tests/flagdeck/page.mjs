// An application with the modules, for the tests in tests/browser_modules.rs: evaluates every line
// of its input, and prints the value as JSON. The environment says where Flagdeck is.
import { createInterface } from "node:readline";

import { MLConfig } from "../../ml/MLConfig.js";
import { MLFeatureFlags } from "../../ml/MLFeatureFlags.js";
import { MLStateExtension } from "../../ml/MLStateExtension.js";
import { PrometheusExporter } from "../../ml/PrometheusExporter.js";

const heard = [];
const listeners = new Map();
const values = new Map();

globalThis.KC = {
  AppState: {
    get: (key) => values.get(key),
    set: (key, value) => void values.set(key, value),
  },
  EventBus: {
    on: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    emit: (name, data) => {
      heard.push([name, data]);
      listeners.get(name)?.forEach((listener) => listener(data));
    },
  },
};

const warnings = [];
console.warn = (...words) => warnings.push(words.join(" "));

const names = {
  MLConfig,
  MLFeatureFlags,
  MLStateExtension,
  PrometheusExporter,
  AppState: globalThis.KC.AppState,
  EventBus: globalThis.KC.EventBus,
  heard,
  values,
  warnings,
};

for await (const line of createInterface({ input: process.stdin })) {
  const evaluate = new Function(...Object.keys(names), "page", `return (async () => (${line}))()`);
  const value = await evaluate(...Object.values(names), names);
  process.stdout.write(`${JSON.stringify(value) ?? "null"}\n`);
}
process.exit(0);
