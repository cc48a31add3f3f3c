/** One line of a card. */

import type { Tone } from "../../model/verdict";

export interface Row {
  name: string;
  /** Whether the name is a component’s. */
  isPath?: boolean;
  value: string;
  /** What stands after the value, for those who look closer. */
  detail?: string;
  /** The value in full; the value itself where it is left out. */
  title?: string | undefined;
  /** What the name means, where it does not say. */
  meaning?: string;
  tone?: Tone;
  /** Takes two lines where cards are narrow, whatever its value is: so that nothing moves. */
  isLong?: boolean;
}
