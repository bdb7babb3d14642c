import type { FaultInput } from '../../simulator/fault.ts';
import { pick } from '../../simulator/random.ts';

/** Wrong in ways that a later night puts right: what a partner hides for ever, nobody can find. */
const troubles: readonly ((random: () => number) => readonly FaultInput[])[] = [
  // A storm of 429: several in a row, each with its Retry-After.
  (random) => [{ kind: 'throttle', after: whole(random, 4), times: 3, seconds: 1 }],
  // The partner breaks down for a while.
  (random) => [{ kind: 'status', status: pick(random, [500, 502, 503]), after: whole(random, 6), times: 8 }],
  (random) => [
    { kind: 'reset', at: 'before', probability: 0.2, times: 4 },
    { kind: 'reset', at: 'middle', after: whole(random, 8), times: 2 },
  ],
  (random) => [{ kind: 'delay', ms: 50 + whole(random, 300), probability: 0.5, times: 8 }],
  () => [{ kind: 'hang', probability: 0.1, times: 1 }],
  (random) => [{ kind: 'truncated', length: pick(random, ['right', 'wrong']), probability: 0.2, times: 4 }],
  () => [
    { kind: 'html', probability: 0.15, times: 2 },
    { kind: 'bad_gzip', probability: 0.15, times: 2 },
    { kind: 'slow_body', delayMs: 5, probability: 0.2, times: 2 },
  ],
  () => [
    { kind: 'duplicate_in_page', count: 3, probability: 0.5 },
    { kind: 'duplicate_across_pages', count: 2, probability: 0.5 },
  ],
  () => [{ kind: 'short_page', probability: 0.5, stream: 'payments' }],
  (random) => [{ kind: 'repeat_token', stream: pick(random, ['payments', 'refunds'] as const), nth: 2, times: 1 }],
  () => [{ kind: 'early_end', stream: 'customers', nth: 2, times: 1 }],
  () => [{ kind: 'mutate', target: 'refunds', change: 1, add: 1, remove: 1, nth: [2, 3] }],
  () => [{ kind: 'mutate', target: 'payments', change: 3, nth: [2, 4] }],
  (random) => [
    { kind: 'malformed', stream: 'customers', count: 3, how: pick(random, ['missing_field', 'wrong_type']) },
  ],
  () => [{ kind: 'new_field', stream: 'customers', from: 5, field: 'risk' }],
  () => [{ kind: 'expired_token', after: 3, times: 1 }],
];

const whole = (random: () => number, below: number): number => Math.floor(random() * below);

/** What goes wrong in one night: nothing, or one or two things. */
export function nightsFaults(random: () => number): readonly FaultInput[] {
  if (random() < 0.15) return [];
  const first = pick(random, troubles)(random);
  return random() < 0.4 ? [...first, ...pick(random, troubles)(random)] : first;
}
