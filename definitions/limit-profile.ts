import { z } from 'zod';
import { quotaUnits, timeForms } from '../core/quota.ts';
import type { QuotaReading } from '../core/quota.ts';
import { durationMs } from './duration-text.ts';
import { means } from './means.ts';

/** How the partner tells of its limits: `limits.profile` of a definition. */

export const profileNames = [
  'ietf',
  'github',
  'stripe',
  'shopify',
  'hubspot',
  'salesforce',
  'zendesk',
  'slack',
  'linear',
  'openai',
  'google',
  'exact-online',
  'xero',
  'discord',
  'atlassian',
  'x-ratelimit',
] as const;
export type ProfileName = (typeof profileNames)[number];

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, "a header's name")
  .transform((name) => name.toLowerCase());

/** One policy of the partner: the headers that show where it stands. */
const policyHeaders = {
  limit: means('header with the most that is allowed', headerName.optional()),
  remaining: means('header with what is left', headerName.optional()),
  used: means('header with what is used up', headerName.optional()),
  reset: means('header that says when it begins anew', headerName.optional()),
  resetAs: means('form of the value of `reset`; `auto` recognises it', z.enum(timeForms).default('auto')),
  window: means(
    "length of the partner's window; also how long to wait if it is used up and no reset is announced",
    durationMs.optional(),
  ),
  unit: means('what the partner counts', z.enum(quotaUnits).default('requests')),
};
const policy = z.strictObject({ name: means('name of the policy', z.string().min(1).max(64)), ...policyHeaders });

const code = z.union([z.string(), z.number(), z.boolean()]);
const throttleSign = z.strictObject({
  status: means(
    'HTTP status of such an answer, or a list',
    z.union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)]),
  ),
  code: means(
    "a value of the answer's JSON that means throttling",
    z
      .strictObject({
        path: means("path in the answer's JSON; `*` is any element of a list", z.string().min(1)),
        equals: means('the value, or list of values, that means throttling', z.union([code, z.array(code).min(1)])),
      })
      .optional(),
  ),
  contains: means('text that the body must contain', z.string().min(1).optional()),
});
/** What a function of a `.ts` definition may look at. */
export interface AnswerForProfile {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parses the body; on an answer that is fine it may be asked only for small ones and is undefined otherwise. */
  readonly body: () => unknown;
  /** The partner's clock at the answer, epoch ms. */
  readonly partnerNowMs: number;
}
/** The escape hatch: whatever the declarative part cannot read. Odd numbers in its result are left out, not believed. */
export type ReadQuotas = (answer: AnswerForProfile) => {
  readonly quotas?: readonly Omit<QuotaReading, 'source' | 'confidence'>[];
  readonly waitMs?: number;
  readonly throttled?: boolean;
  readonly cost?: number;
};

export const customProfile = z
  .strictObject({
    ...policyHeaders,
    policies: means('several policies, if the partner has more than one', z.array(policy).min(1).max(16).optional()),
    retryAfter: means(
      'a further header that says how long to wait; the standard `Retry-After` comes first',
      z
        .strictObject({
          header: headerName.describe('name of that header'),
          as: means('form of its value; `auto` recognises it', z.enum(timeForms).default('auto')),
        })
        .optional(),
    ),
    throttled: means(
      'answers besides 429 that mean "too many requests": all that an entry names must match',
      z.array(throttleSign).default([]),
    ),
    wait: means(
      'how long to wait if a throttled answer does not say; as `retry` says if absent',
      durationMs.optional(),
    ),
    read: means(
      'a function that reads what the other fields cannot',
      z.custom<ReadQuotas>((value) => typeof value === 'function', 'a function (only in a .ts definition)').optional(),
    ),
  })
  .refine(readsSomething, {
    path: ['remaining'],
    message: 'the name of a header (or `policies`, `throttled`, …: the profile names nothing to read)',
  });
export type CustomProfile = z.output<typeof customProfile>;

function readsSomething(profile: Readonly<Record<string, unknown>>): boolean {
  const { limit, remaining, used, reset, policies, retryAfter, throttled, read } = profile;
  const named = [limit, remaining, used, reset, policies, retryAfter, read].some((value) => value !== undefined);
  return named || (Array.isArray(throttled) && throttled.length > 0);
}

/** `auto`: whatever is recognised. `none`: only `Retry-After`. `ratelimit`: another name of `ietf`. */
export const limitProfile = z.union([customProfile, z.enum(['auto', 'none', 'ratelimit', ...profileNames])]);
export type LimitProfileSetting = z.output<typeof limitProfile>;
