/** What a view contributes for each of its commands. */

export interface Command {
  run: () => void;
  /** Whether it can be done at the moment; always if left out. */
  isEnabled?: () => boolean;
  /** Says why it cannot be done. */
  refuse?: () => void;
  /** In place of the catalogue's label; that again if `undefined`. */
  label?: () => string | undefined;
  /** Whether it is about the flags as they are: in view of the past it does nothing but say so. */
  isOfNow?: () => boolean;
}

/** Commands by the id that the catalogue gives them. */
export type CommandSet = Readonly<Record<string, Command>>;

export const ofNow = () => true;
