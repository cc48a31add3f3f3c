/** Shows snapshots one after the other, until there is no further one or it is stopped. */

import type { Speed } from "../model/timeline";

/** How long each is looked at. */
export const STEP_MS = 1000;

export class Playback {
  isPlaying = $state.raw(false);
  speed = $state.raw<Speed>(1);

  readonly #step: () => Promise<boolean>;
  readonly #startOver: () => Promise<boolean>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Number of the present run: steps of an earlier one are ignored. */
  #run = 0;

  /** Both resolve to whether they led somewhere else. */
  constructor(step: () => Promise<boolean>, startOver: () => Promise<boolean>) {
    this.#step = step;
    this.#startOver = startOver;
  }

  /** Continues from the current snapshot; from the start if that is the last one. */
  play(): void {
    if (this.isPlaying) return;
    this.isPlaying = true;
    this.#run += 1;
    void this.#goOn(this.#run, true);
  }

  pause(): void {
    this.isPlaying = false;
    this.#run += 1;
    clearTimeout(this.#timer);
  }

  toggle(): void {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  async #goOn(run: number, isFirst: boolean): Promise<void> {
    let hasMoved = await this.#step();
    if (!hasMoved && isFirst && run === this.#run) hasMoved = await this.#startOver();
    if (run !== this.#run) return;
    if (hasMoved) {
      this.#timer = setTimeout(() => void this.#goOn(run, false), STEP_MS / this.speed);
    } else {
      this.pause();
    }
  }
}
