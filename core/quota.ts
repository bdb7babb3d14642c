/** What a partner's answer says of its limits, in one vocabulary for all vendors. */

export const quotaUnits = ['requests', 'cost', 'concurrency', 'bytes'] as const;
export type QuotaUnit = (typeof quotaUnits)[number];

/** How a header spells a time. `auto` goes by the look and size of the value. */
export const timeForms = [
  'seconds',
  'milliseconds',
  'epoch',
  'epochMs',
  'iso',
  'httpDate',
  'duration',
  'auto',
] as const;
export type TimeForm = (typeof timeForms)[number];

/**
 * How sure the meaning is: `declared` by the definition's own profile, `standard` by a header that only one standard or
 * vendor has, `guessed` from a name that several vendors use differently.
 */
export type Confidence = 'declared' | 'standard' | 'guessed';

/** One of the partner's policies as one answer shows it. All numbers are finite and not negative. */
export interface QuotaReading {
  /** The partner's name for it, or the profile's: `core`, `daily`. */
  readonly policy: string;
  readonly unit: QuotaUnit;
  readonly limit?: number;
  readonly used?: number;
  /** No promise: others may use it up. 0 means nothing is left before the reset. */
  readonly remaining?: number;
  readonly windowMs?: number;
  /** From this answer on; already measured against the partner's clock. */
  readonly resetInMs?: number;
  /** What was used comes back little by little until then, as in a leaky bucket, and not all at once. */
  readonly refills?: true;
  /** The headers it was read from, or `body`. */
  readonly source: string;
  readonly confidence: Confidence;
}

export interface Reading {
  /** The profiles that were recognised, such as `github` or `x-ratelimit+ietf`; `''` for none. */
  readonly profile: string;
  /** The answer says that it is refused for too many requests, whatever its status. */
  readonly throttled: boolean;
  readonly quotas: readonly QuotaReading[];
  /** How long the partner wants nobody to send, above 0, at most the definition's cap. Not on answers that are fine. */
  readonly waitMs?: number;
  /** Who asked for the wait: a header's name, `body`, or the profile's own rule. */
  readonly waitSource?: string;
  /** The wait was longer than the cap. */
  readonly cut: boolean;
  /** The partner's clock minus ours, to a second or so; absent when its answer has no time. */
  readonly skewMs?: number;
  /** What the answer cost, in the partner's units. */
  readonly cost?: number;
  /** Malformed or absurd values, by the header's name; a few, short, no values. */
  readonly problems: readonly string[];
}

export const nothingRead: Reading = { profile: '', throttled: false, quotas: [], cut: false, problems: [] };
