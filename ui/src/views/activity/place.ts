/** Where a row stands in the list, and what choosing it does. */

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
