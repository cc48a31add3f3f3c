/** What can be done with a change from its row. */

import type { StateChange } from "../../../bindings/wire";

export interface ChangeActions {
  /** Reads a value of the earlier or the later state as JSON text. */
  onread: (side: "from" | "to", pointer: string) => Promise<string>;
  /** Opens the preview of restoring what a key leads to. */
  onrestore: (key: string) => void;
  onblame: (change: StateChange) => void;
  oncopypath: (change: StateChange) => void;
  oncopyvalue: (change: StateChange) => void;
  /** Folds away what changes under a key. */
  onnoise: (key: string) => void;
  /** Shows the change in the whole state. */
  onshow: (change: StateChange) => void;
}
