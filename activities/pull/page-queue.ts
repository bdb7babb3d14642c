/** How many items are worth waiting for, and how long, ms. */
export interface Company {
  readonly items: number;
  readonly waitMs: number;
}

/** A queue between one reader and one writer. Pushing waits while it is full; taking takes all there is. */
export interface PageQueue<T> {
  /** Waits for room; false when the queue was closed meanwhile. */
  push(item: T): Promise<boolean>;
  /**
   * Waits for at least one, and takes those that go together; an empty list when the queue is closed and empty. With `gather`, waits a little longer for more
   * to come: fewer, larger transactions.
   */
  takeAll(gather?: Company): Promise<readonly T[]>;
  close(): void;
}

export function pageQueue<T>(limits: {
  readonly items: number;
  readonly weight: number;
  readonly weigh: (item: T) => number;
  /** How many of those that are there are taken together, at least 1; all if absent. */
  readonly together?: (items: readonly T[]) => number;
}): PageQueue<T> {
  const items: T[] = [];
  let weight = 0;
  const state = { closed: false };
  let waiters: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiters;
    waiters = [];
    for (const resume of woken) resume();
  };
  const changed = (): Promise<void> => new Promise((resolve) => waiters.push(resolve));
  return {
    async push(item) {
      while (!state.closed && (items.length >= limits.items || weight >= limits.weight)) await changed();
      if (state.closed) return false;
      items.push(item);
      weight += limits.weigh(item);
      wake();
      return true;
    },
    async takeAll(gather) {
      while (!state.closed && items.length === 0) await changed();
      if (gather !== undefined) {
        const late = { value: false };
        const timer = setTimeout(() => {
          late.value = true;
          wake();
        }, gather.waitMs);
        while (!state.closed && !late.value && items.length < gather.items && weight < limits.weight) await changed();
        clearTimeout(timer);
      }
      const taken = items.splice(0, limits.together?.(items) ?? items.length);
      for (const item of taken) weight -= limits.weigh(item);
      wake();
      return taken;
    },
    close() {
      state.closed = true;
      wake();
    },
  };
}
