import type { Judge } from './judge.ts';
import type { JudgeOf } from './settings.ts';

/** At most `limit` requests being answered at once. When one will end cannot be known: `retryAfterMs` is what is told. */
export function concurrency({ name, limit, retryAfterMs }: JudgeOf<'concurrency'>): Judge {
  let open = 0;
  return {
    waitUs: (_, weight) => (open + weight <= limit ? 0 : retryAfterMs * 1000),
    take(_, weight) {
      open += weight;
    },
    release(weight) {
      open -= weight;
    },
    quota: () => ({ name, limit, remaining: Math.max(0, limit - open), windowMs: 1000, resetMs: 0 }),
  };
}
