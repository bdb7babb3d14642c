import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE, SECOND } from '../core/duration.ts';
import { explain } from '../core/errors.ts';

export interface AwaitServer {
  /** It may only be starting; any other error is thrown at once. */
  readonly isAway: (error: unknown) => boolean;
  /** Told why it is asked again. */
  readonly warn: (facts: { readonly attempt: number; readonly error: string }) => void;
  readonly signal?: AbortSignal | undefined;
  readonly patienceMs?: number;
}

/**
 * Asks a server that may be starting beside us, or anew, until it answers. Throws at once when `signal` is aborted, though an answer may still be on its way:
 * one that takes connections and is silent would keep us for half a minute.
 */
export async function awaitServer<T>(
  ask: () => Promise<T>,
  { isAway, warn, signal = new AbortController().signal, patienceMs = 2 * MINUTE }: AwaitServer,
): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  aborted.catch(() => {});
  const until = performance.now() + patienceMs;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await Promise.race([ask(), aborted]);
    } catch (error) {
      signal.throwIfAborted();
      if (performance.now() >= until || !isAway(error)) throw error;
      warn({ attempt, error: explain(error) });
      await sleep(Math.min(attempt, 5) * SECOND, undefined, { signal });
    }
  }
}
