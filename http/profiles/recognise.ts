import { ietf } from './ietf.ts';
import type { LimitProfile } from './profile.ts';
import { vendors } from './registry.ts';
import { xRateLimit } from './x-ratelimit.ts';

/** All signs in one table: an answer costs one look-up for each of its headers. */
const profileOf: ReadonlyMap<string, LimitProfile> = new Map(
  [xRateLimit, ietf, ...vendors.toReversed()].flatMap((profile) =>
    profile.signs.map((sign) => [sign, profile] as const),
  ),
);

/** The profiles whose headers the answer has: the vendor's before what many use. */
export function recognise(headers: Readonly<Record<string, string>>): readonly LimitProfile[] {
  let found: Set<LimitProfile> | undefined;
  for (const name of Object.keys(headers)) {
    const profile = profileOf.get(name);
    if (profile !== undefined) (found ??= new Set()).add(profile);
  }
  return found === undefined ? [] : ranked(found, headers);
}

function ranked(found: ReadonlySet<LimitProfile>, headers: Readonly<Record<string, string>>): readonly LimitProfile[] {
  const vendor = vendors.find((profile) => found.has(profile));
  const common = [ietf, xRateLimit].filter((profile) => found.has(profile));
  if (vendor === undefined) return common;
  const isRead = (name: string): boolean => readsHeader(vendor, name);
  // A gateway may add its own limits to the vendor's. What the vendor's profile reads itself is not read twice.
  const beside = common.filter(
    (profile) =>
      !(profile === ietf && vendor.readsStandard === true) &&
      !profile.signs.some((name) => name in headers && isRead(name)),
  );
  return [vendor, ...beside];
}

const readsHeader = (profile: LimitProfile, name: string): boolean =>
  profile.policies?.some(({ limit, remaining, reset }) => [limit, remaining, reset].includes(name)) ?? false;
