import { z } from 'zod';
import { quotaUnits, timeForms } from '../core/quota.ts';
import type { QuotaReading } from '../core/quota.ts';
import { durationMs } from './duration-text.ts';

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
  limit: headerName.optional(),
  remaining: headerName.optional(),
  used: headerName.optional(),
  reset: headerName.optional(),
  /** What a value of `reset` is. */
  resetAs: z.enum(timeForms).default('auto'),
  /** The length of the policy's window: also how long to wait when it is exhausted and no reset is told. */
  window: durationMs.optional(),
  unit: z.enum(quotaUnits).default('requests'),
};
const policy = z.strictObject({ name: z.string().min(1).max(64), ...policyHeaders });

const code = z.union([z.string(), z.number(), z.boolean()]);
/** A sign that the answer is refused for too many requests: all that is named must match. */
const throttleSign = z.strictObject({
  status: z.union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)]),
  /** A path in a JSON body (`*` for any element of an array) and the values it may have. */
  code: z.strictObject({ path: z.string().min(1), equals: z.union([code, z.array(code).min(1)]) }).optional(),
  /** Text of the body. */
  contains: z.string().min(1).optional(),
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
    /** More than one policy. */
    policies: z.array(policy).min(1).max(16).optional(),
    /** A header of the partner's own that says how long to wait; the standard `Retry-After` comes first. */
    retryAfter: z.strictObject({ header: headerName, as: z.enum(timeForms).default('auto') }).optional(),
    throttled: z.array(throttleSign).default([]),
    /** How long to wait when an answer is throttled and does not say; the backoff decides if this is absent. */
    wait: durationMs.optional(),
    read: z
      .custom<ReadQuotas>((value) => typeof value === 'function', 'a function (only in a .ts definition)')
      .optional(),
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
