/** How states are compared. Outlives the view, so that coming back finds it as it was. */

import type { StateDifferenceOptions } from "../bindings/wire";

export type CompareMode = "changes" | "full";

export class Compare {
  mode = $state<CompareMode>("changes");
  /** Numbers count as equal that differ by no more than this share of the larger one. */
  tolerance = $state(0);
  /** Names of keys whose changes are folded away. */
  noise = $state.raw<readonly string[]>([]);
  /** Whether what is folded away is shown after all. */
  isNoiseOpen = $state(false);
  /** The key of the current value, in any of the views; `null` for none. */
  part = $state<string | null>(null);

  readonly options: StateDifferenceOptions = $derived({
    tolerance: this.tolerance,
    noise: [...this.noise],
  });

  /** Whether anything is left out or folded away. */
  get isLenient(): boolean {
    return this.tolerance > 0 || this.noise.length > 0;
  }

  addNoise(key: string): void {
    if (!this.noise.includes(key)) this.noise = [...this.noise, key];
  }

  removeNoise(key: string): void {
    this.noise = this.noise.filter((each) => each !== key);
  }
}
