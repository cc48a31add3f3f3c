// Debian's Chromium without a window, told what to do by the DevTools protocol over a pipe.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

// A container's root cannot have a sandbox, and its /dev/shm is small. Proxies would come between.
const ARGUMENTS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-component-update",
  "--no-first-run",
  "--no-proxy-server",
  "--remote-debugging-pipe",
];

export class Chromium {
  #process;
  #profile;
  #session;
  #asked = new Map();
  #count = 0;
  #unread = "";
  /** What the page wrote to its console, and errors that it did not catch. */
  told = [];

  /** Opens a page. */
  static async open(url) {
    const chromium = new Chromium();
    await chromium.#start();
    const { targetId } = await chromium.#send("Target.createTarget", {
      url,
    });
    const attached = { targetId, flatten: true };
    chromium.#session = (await chromium.#send("Target.attachToTarget", attached)).sessionId;
    await chromium.#send("Runtime.enable");
    await chromium.#send("Log.enable");
    return chromium;
  }

  /** Returns the value of an expression in the page, waiting for a promise. */
  async evaluate(expression) {
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", asked);
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  /** Waits until an expression in the page is true. */
  async until(expression) {
    while ((await this.evaluate(expression)) !== true) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    await this.#send("Browser.close", {}, null);
    await ended;
    await rm(this.#profile, {
      recursive: true,
      force: true,
      maxRetries: 5,
    });
  }

  async #start() {
    this.#profile = await mkdtemp(join(tmpdir(), "flagdeck-chromium-"));
    const options = {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    };
    const profile = `--user-data-dir=${this.#profile}`;
    this.#process = spawn("chromium", [...ARGUMENTS, profile, "about:blank"], options);
    this.#process.once("error", (error) => {
      throw error;
    });
    process.once("exit", () => this.#process.kill());
    const answers = this.#process.stdio[4];
    answers.setEncoding("utf8");
    answers.on("data", (text) => this.#read(text));
  }

  #send(method, params = {}, sessionId = this.#session) {
    const id = ++this.#count;
    const message = JSON.stringify({
      id,
      method,
      params,
      sessionId: sessionId ?? undefined,
    });
    this.#process.stdio[3].write(`${message}\0`);
    return new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
  }

  #read(text) {
    const messages = (this.#unread + text).split("\0");
    this.#unread = messages.pop();
    for (const message of messages) this.#take(JSON.parse(message));
  }

  #take({ id, result, error, method, params }) {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (error) asked?.reject(new Error(error.message));
    else if (id) asked?.resolve(result);
    else this.#hear(method, params);
  }

  #hear(method, params) {
    if (method === "Runtime.consoleAPICalled") {
      this.told.push(params.args.map((one) => one.value ?? one.description).join(" "));
    } else if (method === "Runtime.exceptionThrown") {
      this.told.push(
        params.exceptionDetails.exception?.description ?? params.exceptionDetails.text,
      );
    } else if (method === "Log.entryAdded") {
      this.told.push(params.entry.text);
    }
  }
}
