/**
 * Wraps a reading that many ask for. At most one is under way and one waits; what is returned
 * settles as a reading does that began with the call or after it.
 */
export function coalesced(read: () => Promise<void>): () => Promise<void> {
  let underWay: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  return function ask(): Promise<void> {
    if (underWay === null) {
      underWay = read().finally(() => {
        underWay = null;
      });
      return underWay;
    }
    const askNext = () => {
      next = null;
      return ask();
    };
    // Also after one that failed: else what waits would fail with it, and for good.
    next ??= underWay.then(askNext, askNext);
    return next;
  };
}
