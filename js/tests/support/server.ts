// A Flagdeck for tests without one: answers what it is told to, and keeps what it was asked.
import { setTimeout as sleep } from "node:timers/promises";

export interface Asked {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
  keepalive: boolean;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

const TOO_LATE_MS = 20_000;

export class FakeFlagdeck {
  readonly asked: Asked[] = [];
  /** Whether it answers at all. */
  isAway = false;
  document: unknown = document();
  /** Answers by the beginning of `METHOD /path`, before what it answers by itself. */
  readonly answers = new Map<string, Answer>();
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(input as string);
    const asked: Asked = {
      method: init?.method ?? "GET",
      path: url.pathname + url.search,
      headers: new Headers(init?.headers),
      body: typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : undefined,
      keepalive: init?.keepalive ?? false,
    };
    this.asked.push(asked);
    // What counts is how it is when it is asked.
    const { isAway } = this;
    const name = `${asked.method} ${asked.path}`;
    const told = [...this.answers].find(([beginning]) => name.startsWith(beginning));
    await sleep(0);
    init?.signal?.throwIfAborted();
    if (isAway) throw new TypeError("fetch failed");
    if (told) return told[1](asked);
    if (url.pathname.endsWith("/stream")) return this.#stream(init?.signal ?? undefined);
    if (url.pathname === "/api/ml/flags") return this.#flags(asked);
    return Response.json({ accepted: 1, rejected: 0 });
  };

  /** What was asked so far by the beginning of `METHOD /path`. */
  asks(beginning: string): Asked[] {
    return this.asked.filter(({ method, path }) => `${method} ${path}`.startsWith(beginning));
  }

  get etag(): string {
    return `"${JSON.stringify(this.document).length}-${JSON.stringify(this.document).split("true").length}"`;
  }

  /** Sends an event on every stream that is open. */
  send(event: string, data: unknown): void {
    this.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  write(text: string): void {
    for (const stream of this.#streams) stream.enqueue(new TextEncoder().encode(text));
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Ends every stream, as a program that ends does. */
  cut(): void {
    for (const stream of this.#streams) stream.error(new TypeError("terminated"));
    this.#streams.clear();
  }

  #flags({ headers }: Asked): Response {
    const described = { headers: { ETag: this.etag, "Ml-Revision": "7" } };
    return headers.get("if-none-match") === this.etag
      ? new Response(null, { status: 304, ...described })
      : Response.json(this.document, described);
  }

  #stream(signal?: AbortSignal): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#streams.add(controller);
        signal?.addEventListener("abort", () => {
          if (this.#streams.delete(controller)) controller.error(signal.reason);
        });
      },
      cancel: () => this.#streams.clear(),
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }
}

export const document = (more: object = {}): object => ({
  enabled: true,
  components: { tracker: true, ui: { badges: true, dashboard: false } },
  rollout: { percentage: 100, userGroups: [], strategy: "canary" },
  ...more,
});

export const problem = (status: number, headers: Record<string, string> = {}): Response =>
  Response.json({ detail: `refused with ${status}`, code: "code" }, { status, headers });

/** Waits until something holds, for as long as a busy machine may need. */
export async function until(holds: () => unknown): Promise<void> {
  const begun = Date.now();
  while (!holds()) {
    if (Date.now() - begun > TOO_LATE_MS) throw new Error(`It never came true: ${String(holds)}`);
    await sleep(5);
  }
}

/** An event bus as the founding specification's application has it. */
export class Bus {
  readonly emitted: [string, unknown][] = [];
  readonly #listeners = new Map<string, ((data: never) => void)[]>();

  on(name: string, listener: (data: never) => void): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  off(name: string, listener: (data: never) => void): void {
    const left = this.#listeners.get(name)?.filter((one) => one !== listener);
    this.#listeners.set(name, left ?? []);
  }

  emit(name: string, data: unknown): void {
    this.emitted.push([name, data]);
    for (const listener of this.#listeners.get(name) ?? []) listener(data as never);
  }

  of(name: string): unknown[] {
    return this.emitted.filter(([one]) => one === name).map(([, data]) => data);
  }
}
