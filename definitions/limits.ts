import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { limitProfile } from './limit-profile.ts';
import { methods } from './request-shapes.ts';
import { means } from './means.ts';

const name = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,39}$/,
    'a lower-case name of letters, digits, _ and - that starts with a letter, up to 40',
  );
const unit = means(
  'what is counted: requests by their weight, or the cost that the partner charges for each',
  z.enum(['requests', 'cost']).default('requests'),
);
const share = z.number().gt(0).max(1);

export const quotaPeriods = ['hour', 'day', 'week', 'month'] as const;

const bucketName = name.describe('name of the limit; limits with the same name share one counter');

const quota = z.strictObject({
  name: bucketName,
  limit: means('the most units until the next reset', z.int().positive()),
  per: means(
    '`hour`, `day`, `week` (from Monday) or `month`; or a duration, counted from 1970',
    z.union([z.enum(quotaPeriods), durationMs]),
  ),
  resetAt: means(
    'time of day of the reset, in `zone`',
    z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time such as 00:00 or 18:30')
      .default('00:00'),
  ),
  zone: means(
    'time zone of the reset',
    z.string().refine(isZone, 'a time zone such as UTC or Europe/Berlin').default('UTC'),
  ),
  unit,
});

/** How fast a partner may be asked, by all workers with one credential together. Every bucket must have room for a request. */
export const limits = z.strictObject({
  // A token bucket, or a leaky bucket of that capacity.
  rate: means(
    'how many units may go within `per`, over all workers together; any number if absent',
    z.number().positive().optional(),
  ),
  per: means('length of the time in which `rate` is counted', durationMs.default(1000)),
  burst: means('how many units may go at once', z.int().positive().default(1)),
  unit,
  windows: means(
    "at most `limit` units in any stretch of `per`, so in the partner's own windows, too",
    z
      .array(
        z.strictObject({
          name: bucketName,
          limit: means('the most units in any stretch of `per`', z.int().positive()),
          per: durationMs.describe('length of the window'),
          unit,
        }),
      )
      .default([]),
  ),
  quotas: means('at most `limit` units until the next reset', z.array(quota).default([])),
  concurrency: means('how many requests may be under way at once; any number if absent', z.int().positive().optional()),
  weights: means(
    'units of a request: the first entry that fits counts; 1 if none does',
    z
      .array(
        z.strictObject({
          method: means('only requests with this method; all if absent', z.enum(methods).optional()),
          path: means(
            'beginning of the path that follows `baseUrl`; `*` stands for anything but a slash',
            z.string().startsWith('/'),
          ),
          weight: means('units of such a request', z.number().nonnegative()),
          of: means('limits that this weight applies to; all that count requests if absent', z.array(name).optional()),
        }),
      )
      .default([]),
  ),
  cost: means(
    'what a request costs, for limits with `unit: cost`',
    z
      .strictObject({
        assume: means(
          'units that a request is assumed to cost until its answer is there',
          z.number().positive().default(1),
        ),
        header: means('header of the answer that says the cost', z.string().min(1).optional()),
        body: means("path of the cost in the answer's JSON", z.string().min(1).optional()),
      })
      .optional(),
  ),
  lanes: means(
    'shares of a quota at which a lane stops while critical work waits',
    z
      .strictObject({
        backfill: means('the lane `backfill` stops at this share of a quota, above 0 to 1', share.default(0.7)),
        normal: means('the lane `normal` stops at this share of a quota, above 0 to 1', share.default(0.9)),
      })
      .prefault({}),
  ),
  credential: means('name of the credential, if secrets differ but the partner counts them together', name.optional()),
  maxWait: means(
    'the longest wait that one throttled answer can ask for; longer ones are cut and reported',
    durationMs.default(3_600_000),
  ),
  profile: means(
    'how the partner tells of its limits: `auto`, `none` (only `Retry-After`), a vendor, or the names of its headers',
    limitProfile.default('auto'),
  ),
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
