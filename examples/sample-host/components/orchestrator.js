/** `orchestrator`: works on several files at a time, the shortest first; without it, on one. */

/** How many at a time. */
const AT_A_TIME = 3;

export class Orchestrator {
  #waiting = [];
  #working = 0;
  #isOn;

  /** `isOn` is asked whenever there is work. */
  constructor(isOn) {
    this.#isOn = isOn;
  }

  /** Does a job of a size when its turn comes. */
  add(size, job) {
    this.#waiting.push({ size, job });
    this.#next();
  }

  #next() {
    const isOn = this.#isOn();
    if (isOn) this.#waiting.sort((one, other) => one.size - other.size);
    while (this.#waiting.length > 0 && this.#working < (isOn ? AT_A_TIME : 1)) {
      void this.#do(this.#waiting.shift().job);
    }
  }

  async #do(job) {
    this.#working += 1;
    try {
      await job();
    } finally {
      this.#working -= 1;
      this.#next();
    }
  }
}
