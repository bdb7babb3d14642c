import type { Confidence, QuotaReading, QuotaUnit, TimeForm } from '../../core/quota.ts';
import type { Action } from '../../definitions/definition.ts';
import type { LimitProfileSetting } from '../../definitions/limit-profile.ts';

/** An answer, as `readLimits` is asked about it. */
export interface LimitsInput {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Parses the text, at most once; undefined when it is no JSON. */
  readonly body: () => unknown;
  /** The body is parsed anyway: profiles may ask for it on fine answers of any size. */
  readonly bodyIsFree?: boolean;
  readonly profile: LimitProfileSetting;
  /** What a rule of the definition says of the answer: stronger than any profile. */
  readonly ruled?: Action;
  readonly nowMs: number;
  readonly maxWaitMs: number;
}

/** Headers of one policy, lower-case names. Counts may be lists (`10, 10;w=1`), as the drafts before -07 have them. */
export interface PolicyHeaders {
  readonly policy: string;
  /** A header that names the policy, where the partner has several of one kind. */
  readonly policyFrom?: string;
  /** `requests` if absent. */
  readonly unit?: QuotaUnit;
  readonly limit?: string;
  readonly remaining?: string;
  readonly used?: string;
  readonly reset?: string;
  readonly resetAs?: TimeForm;
  readonly windowMs?: number;
  /** A header that tells the window, in units of `unitMs`. */
  readonly window?: { readonly header: string; readonly unitMs: number };
  /** A header with all policies: `100;w=60, 1000;w=3600`. */
  readonly all?: string;
}

type Scalar = string | number | boolean;

/** All that is named must match. `*` in a path stands for any element of an array. */
export interface ThrottleSign {
  readonly statuses: readonly number[];
  readonly code?: { readonly path: string; readonly equals: readonly Scalar[] };
  /** Text somewhere in the body. */
  readonly contains?: string;
}

/** The answer as profiles see it. */
export interface SeenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Epoch ms by the partner's clock: what its absolute times are measured against. */
  readonly partnerNowMs: number;
  readonly confidence: Confidence;
  /** Parses the body; undefined when it is no JSON, or too large to be parsed for this alone. */
  readonly body: () => unknown;
  /** Reports a value that could not be believed; the value itself stays out. */
  readonly note: (problem: string) => void;
}

/** What a profile found. Numbers need not be checked: `readLimits` leaves out what is odd. */
export interface Found {
  readonly quotas?: readonly QuotaReading[];
  /** Waits that the answer names itself: more exact than the resets of the same profile's policies. */
  readonly waits?: readonly { readonly waitMs: number; readonly source: string }[];
  readonly throttled?: boolean;
  readonly cost?: number;
}

/** How one vendor tells of its limits: data, and functions where data does not reach. */
export interface LimitProfile {
  readonly name: string;
  /** Where the vendor describes it. */
  readonly page: string;
  /** Headers that only this vendor sends: `auto` goes by them. */
  readonly signs: readonly string[];
  /** Reads the standard fields, too: `ietf` is not asked beside it. */
  readonly readsStandard?: true;
  readonly policies?: readonly PolicyHeaders[];
  readonly readHeaders?: (answer: SeenAnswer) => Found;
  /** Called for throttled answers, and for those that are fine if their text holds `okBodyHint`. */
  readonly readBody?: (body: unknown, answer: SeenAnswer) => Found;
  readonly okBodyHint?: string;
  /** The vendor's own headers beside `Retry-After`. */
  readonly retryAfter?: readonly { readonly header: string; readonly as: TimeForm }[];
  /** Beside 429 and 503, which always are. A 403 with nothing remaining or with `Retry-After` is, too. */
  readonly throttled?: readonly ThrottleSign[];
  readonly costHeader?: string;
  /** The wait for a policy that is exhausted and tells no reset; its window if absent. */
  readonly waitWithoutResetMs?: number;
  /** The wait of a throttled answer that says nothing at all; the backoff decides if absent. */
  readonly fallbackWaitMs?: number;
}
