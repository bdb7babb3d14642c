import { nothingRead, type Reading } from '../../core/quota.ts';
import { readPartnerClock } from '../partner-clock.ts';
import { capWait, parseRetryAfter } from '../retry-after.ts';
import { believable, isCount } from './believable.ts';
import { chooseProfiles, isAtHand, isFineStatus, isSearched } from './choose-profiles.ts';
import { isExhausted, longestWait, type NamedWait, type Sighting } from './longest-wait.ts';
import type { LimitProfile, LimitsInput, SeenAnswer } from './profile.ts';
import { readPolicy } from './read-policy.ts';
import { readTime } from './read-time.ts';
import { showsThrottle } from './shows-throttle.ts';

/**
 * What an answer says of the partner's limits, by the profile of the definition or by those that are recognised. On a
 * throttled answer `Retry-After` wins, then the longest wait that any exhausted policy asks for. Costs a look-up per
 * header where there is nothing to read.
 */
export function readLimits(input: LimitsInput): Reading {
  const isFine = isFineStatus(input.status);
  const profiles = chooseProfiles(input, isFine);
  if (profiles.length === 0 && isFine && input.ruled === undefined) return nothingRead;
  const problems = new Set<string>();
  const note = (problem: string): void => void (problems.size < MAX_PROBLEMS && problems.add(problem.slice(0, 100)));
  const clockMs = readPartnerClock(input.headers, input.nowMs);
  const answer: SeenAnswer = {
    status: input.status,
    headers: input.headers,
    partnerNowMs: clockMs ?? input.nowMs,
    confidence: input.profile === 'auto' ? 'standard' : 'declared',
    body: () => (isAtHand(input, isFine) ? input.body() : undefined),
    note,
  };
  const seen = profiles.map((profile) => look(profile, answer));
  const throttled = isThrottled(input, seen, isFine);
  const sightings = seen.map((sighting) => withBody(sighting, answer, { throttled, isFine, text: input.text }));
  const wait = askedWait(input, { sightings, answer, throttled, isFine });
  const cost = sightings.map(({ found }) => found.cost).find(isCount);
  return {
    profile: profiles.map(({ name }) => name).join('+'),
    throttled,
    // What a cache has kept was true for somebody else's request (draft-ietf-httpapi-ratelimit-headers).
    quotas: isFine && /^\s*[1-9]/.test(input.headers.age ?? '') ? [] : sightings.flatMap(({ quotas }) => quotas),
    ...(wait === undefined ? { cut: false } : { ...capWait(wait.waitMs, input.maxWaitMs), waitSource: wait.source }),
    ...(clockMs === undefined ? {} : { skewMs: Math.round(clockMs - input.nowMs) }),
    ...(cost === undefined ? {} : { cost }),
    problems: [...problems],
  };
}

const MAX_PROBLEMS = 5;

function look(profile: LimitProfile, seen: SeenAnswer): Sighting {
  const isGuess = profile.name === 'x-ratelimit' && seen.confidence === 'standard';
  const answer: SeenAnswer = isGuess ? { ...seen, confidence: 'guessed' } : seen;
  const found = profile.readHeaders?.(answer) ?? {};
  const policies = profile.policies?.flatMap((policy) => readPolicy(answer, policy)) ?? [];
  const cost = profile.costHeader === undefined ? undefined : answer.headers[profile.costHeader]?.trim();
  return {
    profile,
    found: cost !== undefined && /^\d{1,15}(\.\d{1,15})?$/.test(cost) ? { ...found, cost: Number(cost) } : found,
    quotas: believable([...policies, ...(found.quotas ?? [])], answer.note),
  };
}

function isThrottled(
  { ruled, status, headers, ...input }: LimitsInput,
  seen: readonly Sighting[],
  isFine: boolean,
): boolean {
  if (ruled !== undefined) return ruled === 'throttled';
  if (status === 429 || status === 503) return true;
  // GitHub and others say it with a 403.
  if (status === 403 && (headers['retry-after'] !== undefined || seen.some(({ quotas }) => quotas.some(isExhausted))))
    return true;
  if (seen.some(({ found }) => found.throttled === true)) return true;
  if (!isSearched(input.text, isFine)) return false;
  return seen.some(({ profile }) => showsThrottle(profile, { status, text: input.text, body: input.body }));
}

function withBody(
  sighting: Sighting,
  answer: SeenAnswer,
  { throttled, isFine, text }: { throttled: boolean; isFine: boolean; text: string },
): Sighting {
  const { profile, found, quotas } = sighting;
  const { readBody, okBodyHint } = profile;
  if (readBody === undefined) return sighting;
  const isWorthIt = throttled || (isFine && okBodyHint !== undefined && text.includes(okBodyHint));
  const body = isWorthIt ? answer.body() : undefined;
  if (body === undefined) return sighting;
  const more = readBody(body, answer);
  return {
    profile,
    found: { ...found, ...more, waits: [...(more.waits ?? []), ...(found.waits ?? [])] },
    quotas: [...quotas, ...believable(more.quotas ?? [], answer.note)],
  };
}

interface Waiting {
  readonly sightings: readonly Sighting[];
  readonly answer: SeenAnswer;
  readonly throttled: boolean;
  readonly isFine: boolean;
}

/** A wait of nothing (a date in the past, 0) is no leave to hammer: then the next source is asked, in the end the backoff. */
function askedWait(input: LimitsInput, { sightings, answer, throttled, isFine }: Waiting): NamedWait | undefined {
  if (isFine && !throttled && input.ruled !== 'retry') return undefined;
  return retryAfter(sightings, answer) ?? (throttled ? longestWait(sightings) : undefined);
}

function retryAfter(
  sightings: readonly Sighting[],
  { headers, partnerNowMs, note }: SeenAnswer,
): NamedWait | undefined {
  const standard = parseRetryAfter(headers['retry-after'], () => partnerNowMs);
  if (standard === undefined && headers['retry-after'] !== undefined) note('retry-after cannot be read');
  if (standard !== undefined && standard > 0) return { waitMs: standard, source: 'retry-after' };
  for (const { header, as } of sightings.flatMap(({ profile }) => profile.retryAfter ?? [])) {
    const waitMs = readTime(headers[header] ?? '', as, partnerNowMs);
    if (waitMs !== undefined && waitMs > 0) return { waitMs, source: header };
  }
  return undefined;
}
