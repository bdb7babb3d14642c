import type { CustomProfile, LimitProfileSetting } from '../../definitions/limit-profile.ts';
import type { QuotaReading } from '../../core/quota.ts';
import type { Found, LimitProfile, PolicyHeaders, SeenAnswer, ThrottleSign } from './profile.ts';
import { profiles } from './registry.ts';

/** The profile that a definition names or writes out; undefined for `auto` and `none`. */
export function resolveProfile(setting: LimitProfileSetting): LimitProfile | undefined {
  if (setting === 'auto' || setting === 'none') return undefined;
  if (typeof setting === 'string') return profiles[setting === 'ratelimit' ? 'ietf' : setting];
  const known = resolved.get(setting);
  if (known !== undefined) return known;
  const profile = fromCustom(setting);
  resolved.set(setting, profile);
  return profile;
}

/** A definition is read once and its profile needed for each answer. */
const resolved = new WeakMap<CustomProfile, LimitProfile>();

function fromCustom(custom: CustomProfile): LimitProfile {
  const { retryAfter, throttled, wait, read, policies = [] } = custom;
  const all = [{ name: 'quota', ...custom }, ...policies];
  return {
    name: 'custom',
    page: 'docs/limits-profiles.md',
    signs: [],
    policies: all.map(toPolicy),
    ...(retryAfter === undefined ? {} : { retryAfter: [retryAfter] }),
    throttled: throttled.map(toSign),
    ...(wait === undefined ? {} : { fallbackWaitMs: wait }),
    ...(read === undefined ? {} : { readHeaders: (answer) => callRead(read, answer) }),
  };
}

type CustomPolicy = Pick<CustomProfile, 'limit' | 'remaining' | 'used' | 'reset' | 'resetAs' | 'window' | 'unit'> & {
  readonly name: string;
};

function toPolicy({ name, limit, remaining, used, reset, resetAs, window, unit }: CustomPolicy): PolicyHeaders {
  return {
    policy: name,
    unit,
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(used === undefined ? {} : { used }),
    ...(reset === undefined ? {} : { reset, resetAs }),
    ...(window === undefined ? {} : { windowMs: window }),
  };
}

function toSign({ status, code, contains }: CustomProfile['throttled'][number]): ThrottleSign {
  return {
    statuses: [status].flat(),
    ...(contains === undefined ? {} : { contains }),
    ...(code === undefined ? {} : { code: { path: code.path, equals: [code.equals].flat() } }),
  };
}

/** A partner's function must not fail the page: its answer was fine. */
function callRead(read: NonNullable<CustomProfile['read']>, answer: SeenAnswer): Found {
  const { status, headers, body, partnerNowMs, confidence } = answer;
  try {
    const { quotas = [], waitMs, throttled, cost } = read({ status, headers, body, partnerNowMs });
    return {
      quotas: quotas.map((quota): QuotaReading => ({ ...quota, source: 'read', confidence })),
      waits: waitMs === undefined ? [] : [{ waitMs, source: 'read' }],
      ...(throttled === undefined ? {} : { throttled }),
      ...(cost === undefined ? {} : { cost }),
    };
  } catch {
    answer.note('the function `read` of the profile failed');
    return {};
  }
}
