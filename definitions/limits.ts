import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { limitProfile } from './limit-profile.ts';
import { methods } from './request-shapes.ts';

const name = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,39}$/,
    'a lower-case name of letters, digits, _ and - that starts with a letter, up to 40',
  );
/** What is counted: requests by their weight, or the cost that the partner charges for each. */
const unit = z.enum(['requests', 'cost']).default('requests');
const share = z.number().gt(0).max(1);

export const quotaPeriods = ['hour', 'day', 'week', 'month'] as const;

/** How fast a partner may be asked, by all workers with one credential together. Every bucket must have room for a request. */
export const limits = z.strictObject({
  /** At most `rate` units per `per`, with `burst` at once: token bucket, or a leaky bucket of that capacity. */
  rate: z.number().positive().optional(),
  per: durationMs.default(1000),
  burst: z.int().positive().default(1),
  unit,
  /** At most `limit` units in any stretch of `per`, so also in windows that begin when the partner likes. */
  windows: z.array(z.strictObject({ name, limit: z.int().positive(), per: durationMs, unit })).default([]),
  /** `limit` units until the next reset: at `resetAt` in `zone` each day, …; other durations count from 1970. Weeks begin on Monday. */
  quotas: z
    .array(
      z.strictObject({
        name,
        limit: z.int().positive(),
        per: z.union([z.enum(quotaPeriods), durationMs]),
        resetAt: z
          .string()
          .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time such as 00:00 or 18:30')
          .default('00:00'),
        zone: z.string().refine(isZone, 'a time zone such as UTC or Europe/Berlin').default('UTC'),
        unit,
      }),
    )
    .default([]),
  /** Requests in flight at once. */
  concurrency: z.int().positive().optional(),
  /**
   * Units of a request, of the buckets named in `of` (all that count requests if absent): the first that fits counts, 1 if
   * none does. `path` is what follows `baseUrl`: a prefix, or with `*` for anything but a slash.
   */
  weights: z
    .array(
      z.strictObject({
        method: z.enum(methods).optional(),
        path: z.string().startsWith('/'),
        weight: z.number().nonnegative(),
        of: z.array(name).optional(),
      }),
    )
    .default([]),
  /** Cost units: assumed before, read from the answer's header or body (a path), set right afterwards. */
  cost: z
    .strictObject({
      assume: z.number().positive().default(1),
      header: z.string().min(1).optional(),
      body: z.string().min(1).optional(),
    })
    .optional(),
  /** Shares of a quota at which a lane stops as long as critical work waits. */
  lanes: z.strictObject({ backfill: share.default(0.7), normal: share.default(0.9) }).prefault({}),
  /** Names the credential where secrets differ and the partner counts them together: two tokens of one app. */
  credential: name.optional(),
  /** Longest wait that one throttled answer can ask for; longer ones are cut and reported. */
  maxWait: durationMs.default(3_600_000),
  /** How the partner tells of its limits. */
  profile: limitProfile.default('auto'),
});
export type Limits = z.output<typeof limits>;

/** Whether each request is dear: there are only so many of them in a time. */
export const countsRequests = ({ rate, windows, quotas }: Limits): boolean =>
  rate !== undefined || windows.length > 0 || quotas.length > 0;

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
