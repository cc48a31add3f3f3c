/** The position of a row in the list, and the effect of choosing it. */

export interface RowPlace {
  /** Among the rows of the list, 0 at the top. */
  index: number;
  count: number;
  rank: number;
  /** Whether the row above is of a later day. */
  isFirstOfDay: boolean;
  isActive: boolean;
  isSelected: boolean;
  onopen: () => void;
}
