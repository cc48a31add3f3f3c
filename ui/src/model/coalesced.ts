/**
 * Wraps a reading that many ask for. At most one is under way and one waits; what is returned
 * resolves once a reading that began after the call has ended.
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
    next ??= underWay.then(() => {
      next = null;
      return ask();
    });
    return next;
  };
}
