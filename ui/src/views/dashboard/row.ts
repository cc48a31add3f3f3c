/** One line of a card. */

import type { Tone } from "../../model/verdict";

export interface Row {
  name: string;
  /** Whether the name is a component’s. */
  isPath?: boolean;
  value: string;
  /** What stands after the value, for those who look closer. */
  detail?: string;
  /** The value in full; omitted if the value is short. */
  title?: string | undefined;
  /** What the name means, if it does not say so itself. */
  meaning?: string;
  tone?: Tone;
  /** Takes two lines in narrow cards, even with a short value, so that nothing moves. */
  isLong?: boolean;
}
