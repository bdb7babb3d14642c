export interface Successes {
  readonly count: number;
  /** How long ago the last one was, ms. */
  readonly agoMs: number;
}

export interface SuccessBatch {
  add(): void;
  /** What has come together and not been told; from now on it counts as told. */
  take(): Successes;
  flush(): Promise<void>;
}

/** Gathers successes and tells them together, once per `everyMs` at most; while there are none, nothing runs. */
export function successBatch(tell: (ok: Successes) => Promise<void>, everyMs: number): SuccessBatch {
  let count = 0;
  let lastMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const take = (): Successes => {
    const taken = { count, agoMs: count === 0 ? 0 : performance.now() - lastMs };
    count = 0;
    return taken;
  };
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (count === 0) return;
    // Lost with a database that is away: they are evidence of that second, not a debt.
    await tell(take()).catch(() => {});
  };
  return {
    take,
    flush,
    add() {
      count += 1;
      lastMs = performance.now();
      timer ??= setTimeout(() => void flush(), everyMs).unref();
    },
  };
}
