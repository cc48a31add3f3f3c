/** What jsdom lacks of the window's engine. Runs before each test file, in a process that several share. */

import { cleanup, configure, prettyDOM } from "@testing-library/svelte";
import { afterEach } from "vitest";

import { installCanvas } from "./support/canvas";

HTMLElement.prototype.setPointerCapture = () => undefined;

// jsdom lays nothing out: every element is 200 px wide, so that 2 px of a slider are 1 %.
HTMLElement.prototype.getBoundingClientRect = () => new DOMRect(0, 0, 200, 20);

// Twenty rows of 36 px are in view, and nothing changes its size.
document.documentElement.style.setProperty("--row", "36px");
document.documentElement.style.setProperty("--row-double", "52px");
document.documentElement.style.setProperty("--hit", "28px");
Object.defineProperty(HTMLElement.prototype, "clientHeight", {
  configurable: true,
  get: () => 720,
});
globalThis.ResizeObserver = class implements ResizeObserver {
  readonly #callback: ResizeObserverCallback;

  constructor(callback: ResizeObserverCallback) {
    this.#callback = callback;
  }

  observe() {
    this.#callback([], this);
  }

  unobserve() {
    return;
  }

  disconnect() {
    return;
  }
};

installCanvas();

// The desktop wants nothing in particular.
globalThis.matchMedia = (media) =>
  Object.assign(new EventTarget(), { media, matches: false }) as MediaQueryList;

Element.prototype.scrollIntoView = () => undefined;

// A dialog covers the window and takes the keyboard to what asks for it.
HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement) {
  this.open = true;
  this.querySelector<HTMLElement>("[autofocus]")?.focus();
};

// Nothing comes into view by itself.
globalThis.IntersectionObserver = class implements IntersectionObserver {
  readonly root = null;
  readonly rootMargin = "";
  readonly scrollMargin = "";
  readonly thresholds = [];

  observe() {
    return;
  }

  unobserve() {
    return;
  }

  disconnect() {
    return;
  }

  takeRecords() {
    return [];
  }
};

globalThis.CSS = { escape: (text: string) => text.replace(/[^\w-]/g, "\\$&") } as typeof CSS;

// A query that is repeated fails often before it succeeds, and printing the document each time
// took a fifth of all tests. It is printed once, for the test that failed.
configure({
  asyncUtilTimeout: 10_000,
  getElementError: (message) => new Error(message ?? "the query failed"),
});

afterEach(cleanup);

afterEach(({ task }) => {
  // eslint-disable-next-line no-console -- part of the report of a failed test
  if (task.result?.state === "fail") console.error(prettyDOM(document.body));
});
