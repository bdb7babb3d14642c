import type { AlertFacts, LimitFacts } from '../../core/alert-facts.ts';
import { DAY, MINUTE } from '../../core/duration.ts';
import { ageText } from '../../core/freshness.ts';
import type { Found } from '../find.ts';

export const brokenDefinitions = ({ broken, nowMs }: AlertFacts): readonly Found[] =>
  broken.map(({ partner, problem }) => ({
    rule: 'definition-broken',
    partner,
    since: new Date(nowMs).toISOString(),
    summary: `the definition of ${partner} does not load: ${problem}`,
  }));

/** Of each limit only the highest level: who knows that it is used up need not hear that four fifths are. */
export function limitsReached({ limits }: AlertFacts): readonly Found[] {
  const highest = new Map<string, LimitFacts>();
  for (const limit of limits) {
    const id = JSON.stringify([limit.partner, limit.bucket]);
    const known = highest.get(id);
    if (known === undefined || known.level < limit.level) highest.set(id, limit);
  }
  return [...highest.values()].map(({ partner, bucket, level, message, raisedAt }) => ({
    rule: level >= 100 ? 'limit-used-up' : 'limit-near',
    partner,
    subject: bucket,
    since: raisedAt,
    summary: `limit ${partner}, ${message}`,
  }));
}

/** Shorter outages end by themselves. */
const DOWN_MS = 30 * MINUTE;

export function partnersDown({ circuits, nowMs }: AlertFacts): readonly Found[] {
  const first = new Map<string, AlertFacts['circuits'][number]>();
  for (const one of circuits.toSorted((a, b) => a.since.localeCompare(b.since)))
    if (!first.has(one.partner)) first.set(one.partner, one);
  return [...first.values()]
    .filter(({ since }) => nowMs - Date.parse(since) >= DOWN_MS)
    .map(({ partner, since, error }) => ({
      rule: 'partner-down',
      partner,
      since,
      summary: `${partner} has not answered for ${ageText(nowMs - Date.parse(since))}: ${error}`,
    }));
}

/** A pause of a day is meant; of a longer one somebody may have forgotten. */
const FORGOTTEN_MS = DAY;

export const longPauses = ({ pauses, nowMs }: AlertFacts): readonly Found[] =>
  pauses
    .filter(({ at }) => nowMs - Date.parse(at) >= FORGOTTEN_MS)
    .map(({ partner, target, words, resume, at }) => ({
      rule: 'paused-long',
      partner,
      subject: target,
      since: at,
      summary: `${target} is ${words}; \`${resume}\` ends it`,
    }));

export const scheduleTrouble = ({ schedules, nowMs }: AlertFacts): readonly Found[] =>
  schedules.flatMap((schedule): readonly Found[] => {
    const { partner, name, state, since, note, missed, skipped, declaredPaused } = schedule;
    const place = { partner, subject: name };
    const found: Found[] = [];
    if (state === 'absent')
      found.push({ rule: 'schedule-absent', ...place, since, summary: `${partner}: Temporal has no schedule ${name}` });
    if (state === 'paused' && !declaredPaused && nowMs - Date.parse(since) >= FORGOTTEN_MS)
      found.push({
        rule: 'schedule-paused',
        ...place,
        since,
        summary: `${partner}: schedule ${name} has been paused for ${ageText(nowMs - Date.parse(since))}${note === null || note === '' ? '' : ` (${note})`}`,
      });
    const gone = [
      ...(missed === null ? [] : [`${slots(missed.slots)} passed while nothing could start`]),
      ...(skipped === null ? [] : [`${slots(skipped.slots)} left out since the run before was still going`]),
    ];
    if (gone.length > 0)
      found.push({
        rule: 'schedule-missed',
        ...place,
        since: missed?.since ?? skipped?.since ?? since,
        summary: `${partner}, schedule ${name}: ${gone.join('; ')}, within a day`,
      });
    return found;
  });

const slots = (n: number): string => (n === 1 ? '1 time' : `${n} times`);
