import type { LimitProfile, LimitsInput } from './profile.ts';
import { recognise } from './recognise.ts';
import { vendors } from './registry.ts';
import { resolveProfile } from './resolve-profile.ts';
import { isRefusalOf } from './shows-throttle.ts';

/** A page that is fine is looked at for its limits only below this. */
export const SMALL_PAGE = 64 * 1024;
/** A refusal over GraphQL, as a 200, is much smaller than a page. */
const SMALL_REFUSAL = 4 * 1024;
const LARGEST_REFUSAL = 256 * 1024;

export const isFineStatus = (status: number): boolean =>
  (status >= 200 && status < 300 && status !== 202) || status === 304;

/** Whether a text may be searched for the signs of a refusal. */
export const isSearched = (text: string, isFine: boolean): boolean =>
  text.length <= (isFine ? SMALL_PAGE : LARGEST_REFUSAL);

/** Whether the body may be asked for. */
export const isAtHand = ({ text, bodyIsFree }: LimitsInput, isFine: boolean): boolean =>
  (isFine && bodyIsFree === true) || isSearched(text, isFine);

/** The profile of the definition, or with `auto` those of the headers, or the vendor whose refusal the body shows. */
export function chooseProfiles(input: LimitsInput, isFine: boolean): readonly LimitProfile[] {
  const { profile: setting, headers, text, status } = input;
  if (setting !== 'auto') return [resolveProfile(setting)].filter((profile) => profile !== undefined);
  const recognised = recognise(headers);
  if (recognised.some((profile) => vendors.includes(profile))) return recognised;
  const mayRefuse = isFine
    ? text.length <= SMALL_REFUSAL && text.includes('"errors"')
    : refusals.has(status) && isSearched(text, isFine);
  const refusing = mayRefuse ? vendors.find((vendor) => isRefusalOf(vendor, input)) : undefined;
  return refusing === undefined ? recognised : [refusing, ...recognised];
}

/** Statuses by which some vendor says "too many requests" with a code in the body. */
const refusals: ReadonlySet<number> = new Set(
  vendors.flatMap(({ throttled = [] }) => throttled.flatMap(({ statuses }) => statuses)),
);
