import { z } from 'zod';
import { DAY, MINUTE, SECOND } from '../../core/duration.ts';
import { retryAfterForms } from '../fault.ts';
import { headerFamilies } from '../settings.ts';

/** What the judge takes as JSON: on the command line, over HTTP, from tests. */

const count = z.int().positive();
const text = z.string().min(1);
const refusalStatus = z.union([z.literal(429), z.literal(403), z.literal(503)]);

const weight = z.strictObject({
  method: text.optional(),
  path: z.string().startsWith('/'),
  /** 0: this judge does not look at such requests. */
  weight: z.int().nonnegative(),
});

const common = {
  /** Of its refusals; otherwise that of `refusal`. */
  status: refusalStatus.optional(),
  /** A refused request counts as well, whoever refused it. */
  countRefused: z.boolean().default(false),
  weights: z.array(weight).max(100).default([]),
  /** Never in the headers. */
  hidden: z.boolean().default(false),
};

const judge = z
  .discriminatedUnion('kind', [
    z.strictObject({
      ...common,
      kind: z.literal('tokenBucket'),
      name: text.default('burst'),
      rate: count,
      perMs: count.default(SECOND),
      burst: count.default(1),
    }),
    z.strictObject({
      ...common,
      kind: z.literal('leakyBucket'),
      name: text.default('bucket'),
      capacity: count,
      leak: count,
      perMs: count.default(SECOND),
    }),
    z.strictObject({
      ...common,
      kind: z.literal('fixedWindow'),
      name: text.default('window'),
      limit: count,
      perMs: count,
    }),
    z.strictObject({
      ...common,
      kind: z.literal('slidingWindow'),
      name: text.default('sliding'),
      limit: count,
      perMs: count,
    }),
    z.strictObject({
      ...common,
      kind: z.literal('concurrency'),
      name: text.default('concurrency'),
      limit: count,
      /** What a refused request is told; nobody can know when one of the others ends. */
      retryAfterMs: count.default(SECOND),
    }),
    z.strictObject({
      ...common,
      kind: z.literal('dailyQuota'),
      name: text.default('daily'),
      limit: count,
      /** The "day"; short ones make short tests. */
      windowMs: count.default(DAY),
      /** The reset comes so long after each whole multiple of `windowMs` since 1970 (midnight UTC for days). */
      phaseMs: z.int().nonnegative().default(0),
    }),
    /** GitHub's points per minute: reading 1, changing 5; refused with 403, told by no header. */
    z.strictObject({
      ...common,
      kind: z.literal('secondary'),
      name: text.default('secondary'),
      points: count,
      perMs: count.default(MINUTE),
      status: refusalStatus.default(403),
      hidden: z.boolean().default(true),
      weights: z
        .array(weight)
        .max(100)
        .default(['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => ({ method, path: '/', weight: 5 }))),
    }),
  ])
  .superRefine((settings, context) => {
    const room = capacityOf(settings);
    settings.weights.forEach((each, index) => {
      if (each.weight <= room) return;
      const message = `must not be above ${room}, or such a request would never pass`;
      context.addIssue({ code: 'custom', path: ['weights', index, 'weight'], message });
    });
    if (settings.kind !== 'tokenBucket' && settings.kind !== 'leakyBucket') return;
    // A level is a whole number of request-microseconds in a double.
    if (room * settings.perMs * 1000 > Number.MAX_SAFE_INTEGER / 4)
      context.addIssue({ code: 'custom', path: ['perMs'], message: 'is too long for so large a bucket to be exact' });
  });
export type JudgeSettings = z.output<typeof judge>;
export type JudgeOf<K extends JudgeSettings['kind']> = Extract<JudgeSettings, { kind: K }>;

/** What passes at once when nothing was used. */
function capacityOf(settings: JudgeSettings): number {
  if (settings.kind === 'tokenBucket') return settings.burst;
  if (settings.kind === 'leakyBucket') return settings.capacity;
  return settings.kind === 'secondary' ? settings.points : settings.limit;
}

/** A judged partner's headers that do not tell the truth, for requests `from`..`to` of a token (counted from 1). */
const when = { from: count.default(1), to: count.optional() };
const lie = z.discriminatedUnion('kind', [
  z.strictObject({ ...when, kind: z.literal('vanish') }),
  z.strictObject({ ...when, kind: z.literal('garbage') }),
  /** Nothing remains although it passed; all remains although it was refused. */
  z.strictObject({ ...when, kind: z.literal('contradict') }),
  z.strictObject({ ...when, kind: z.literal('hugeReset'), resetSecs: count.default(1_000_000_000) }),
]);
export type Lie = z.output<typeof lie>;

const scripted = z.strictObject({
  /** The n-th request of a token, counted from 1. */
  nth: count,
  status: refusalStatus.default(429),
  retryAfterMs: count,
  /** Everything before the reset is refused as well. */
  holds: z.boolean().default(true),
});

const outage = z
  .strictObject({
    fromMs: z.int().nonnegative(),
    toMs: count,
    how: z.enum(['503', 'reset']).default('503'),
  })
  .refine((each) => each.toMs > each.fromMs, { path: ['toMs'], error: 'must be after fromMs' });

export const judgeConfig = z.strictObject({
  /** Each token has its own of each; all must agree. */
  judges: z.array(judge).max(20).default([]),
  /** Those that are let in; absent: any. */
  tokens: z.array(text).optional(),
  /** Pages of each listing; a listing that is not named has `pages`. */
  streams: z.record(z.string(), z.strictObject({ pages: count.max(1_000_000) })).default({}),
  pages: count.max(1_000_000).default(100),
  /** Rows of a page that does not ask for a `size`. */
  size: count.max(1000).default(10),
  latencyMs: z.number().nonnegative().default(0),
  /** Up to so much longer. */
  jitterMs: z.number().nonnegative().default(0),
  refusal: z
    .strictObject({ status: refusalStatus.default(429), retryAfter: z.enum(retryAfterForms).default('int') })
    .prefault({}),
  headers: z.enum(headerFamilies).default('none'),
  /** The partner's clock is off by so much: `Date`, dates in `Retry-After`, resets that are times. */
  clockSkewMs: z.int().default(0),
  lies: z.array(lie).max(100).default([]),
  scripted: z.array(scripted).max(1000).default([]),
  outages: z.array(outage).max(100).default([]),
  /** What the times of outages count from. */
  outagesFrom: z.enum(['start', 'firstArrival']).default('start'),
  /** What arrives so soon after a wait was told may have been on its way: not `early` but `inTransit`. */
  transitMs: z.number().nonnegative().default(0),
});
export type JudgeConfig = z.output<typeof judgeConfig>;
export type JudgeInput = z.input<typeof judgeConfig>;
