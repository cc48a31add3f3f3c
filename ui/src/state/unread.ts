/** Why something could not be read. */

import type { Failure } from "../bindings/wire";
import { asFailure } from "../host/host";
import { words } from "../words";

/** In short if the data folder is gone: one banner says what became of it. */
export function asUnread(reason: unknown): Failure {
  const failure = asFailure(reason);
  return failure.code === "store_gone" ? { ...failure, message: words.store.unread } : failure;
}
