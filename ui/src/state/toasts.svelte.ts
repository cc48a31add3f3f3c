/**
 * Short messages over the window: what was saved goes by itself, what went wrong stays. Their texts
 * are ready to be shown: texts of others in them are isolated already.
 */

import type { Planned } from "../bindings/wire";
import { asFailure } from "../host/host";
import { isolatedWithin } from "../model/isolated";

/** A way on that a toast offers. */
export interface ToastAction {
  label: string;
  run: () => void;
  /** Whether it still does what it says. */
  isOffered: () => boolean;
  /** What it does to the flags; left out for nothing. */
  planned?: Planned;
}

export interface Toast {
  id: number;
  kind: "done" | "failed";
  text: string;
  /** Further sentences, one a line. */
  details: readonly string[];
  action: ToastAction | null;
}

/** Beyond these the oldest go, so that a failing backend cannot cover the window. */
const TOASTS_MAX = 4;

export class Toasts {
  #last = 0;
  list = $state.raw<readonly Toast[]>([]);

  /** Reports a success. Replaces the last such message. */
  done(text: string, action: ToastAction | null = null): void {
    this.list = this.list.filter((toast) => toast.kind !== "done");
    this.#add({ kind: "done", text, details: [], action });
  }

  /** Reports a failure. The same message is not shown twice. */
  failed(text: string, details: readonly string[] = []): void {
    this.list = this.list.filter((toast) => toast.text !== text);
    this.#add({ kind: "failed", text, details, action: null });
  }

  /** Reports why the backend refused, with every problem it named. */
  refused(reason: unknown): void {
    const { message, problems } = asFailure(reason);
    this.failed(
      isolatedWithin(message),
      problems.map((problem) => isolatedWithin(problem.message)),
    );
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(toast: Omit<Toast, "id">): void {
    this.#last += 1;
    this.list = [...this.list, { id: this.#last, ...toast }].slice(-TOASTS_MAX);
  }
}
