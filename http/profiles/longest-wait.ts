import type { QuotaReading } from '../../core/quota.ts';
import { isCount } from './believable.ts';
import type { Found, LimitProfile } from './profile.ts';

/** What one profile found in an answer. */
export interface Sighting {
  readonly profile: LimitProfile;
  readonly found: Found;
  readonly quotas: readonly QuotaReading[];
}

export interface NamedWait {
  readonly waitMs: number;
  readonly source: string;
}

/**
 * How long a throttled answer without a usable `Retry-After` asks to wait: the longest of all its profiles. A profile
 * goes by the waits the answer names itself; else by the policies that are exhausted; else by the resets of policies that
 * do not say what remains. A reset beside something that remains is no reason: another, unnamed limit was hit.
 */
export function longestWait(sightings: readonly Sighting[]): NamedWait | undefined {
  const asked = sightings
    .flatMap((sighting) => waitsOf(sighting))
    .filter(({ waitMs }) => isCount(waitMs) && waitMs > 0);
  const fallbacks = sightings.flatMap(({ profile }) =>
    profile.fallbackWaitMs === undefined ? [] : [{ waitMs: profile.fallbackWaitMs, source: `profile ${profile.name}` }],
  );
  return longest(asked.length > 0 ? asked : fallbacks);
}

function waitsOf({ profile, found, quotas }: Sighting): readonly NamedWait[] {
  if (found.waits !== undefined && found.waits.length > 0) return found.waits;
  const exhausted = quotas.filter(isExhausted);
  const counting = exhausted.length > 0 ? exhausted : quotas.filter(({ remaining }) => remaining === undefined);
  return counting.flatMap(({ resetInMs, windowMs, remaining, source }) => {
    const waitMs = resetInMs ?? (remaining === 0 ? (profile.waitWithoutResetMs ?? windowMs) : undefined);
    return waitMs === undefined ? [] : [{ waitMs, source }];
  });
}

/** Slots of a concurrency limit come back with the answers, not with time. */
export const isExhausted = ({ remaining, unit }: QuotaReading): boolean => remaining === 0 && unit !== 'concurrency';

const longest = (waits: readonly NamedWait[]): NamedWait | undefined =>
  waits.toSorted((a, b) => b.waitMs - a.waitMs)[0];
