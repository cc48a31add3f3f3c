// What the founding specification's tests find around them: its application and its test runner.
// The tests beside this file are the specification's own text.
import { vi } from "vitest";

import { MLFeatureFlags } from "../../ml/MLFeatureFlags.js";
import { MLStateExtension } from "../../ml/MLStateExtension.js";
import { PrometheusExporter } from "../../ml/PrometheusExporter.js";

const values = new Map();
const listeners = new Map();

const KC = {
  AppState: {
    get: (key) => values.get(key),
    set: (key, value) => void values.set(key, value),
  },
  EventBus: {
    on: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    emit: (name, data) => listeners.get(name)?.forEach((listener) => listener(data)),
  },
  initialize: async () => Object.assign(KC, { FileRenderer: {}, FilterManager: {} }),
};

// jest-fetch-mock answers everything with an empty 200 until it is told otherwise.
const fetchMock = vi.fn(async () => new Response(""));
fetchMock.mockRejectOnce = () => fetchMock.mockRejectedValueOnce(new TypeError("no network"));

Object.assign(globalThis, {
  KC,
  MLFeatureFlags,
  MLStateExtension,
  PrometheusExporter,
  fetch: fetchMock,
  fetchMock,
  jest: { fn: vi.fn },
});
