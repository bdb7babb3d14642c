import type { AlertFacts } from '../../core/alert-facts.ts';
import { DAY } from '../../core/duration.ts';
import { leftoverKinds, leftoverWords } from '../../core/leftover.ts';
import type { Found } from '../find.ts';

/** Since a report of the janitor named it first. With a report a week, at least two have named it. */
const LEFT_MS = 14 * DAY;

export const leftBehind = ({ left, nowMs }: AlertFacts): readonly Found[] =>
  leftoverKinds.flatMap((kind): readonly Found[] => {
    const [first, ...others] = left.filter((one) => one.kind === kind && nowMs - Date.parse(one.firstAt) >= LEFT_MS);
    if (first === undefined) return [];
    const more = others.length === 0 ? '' : ` and at ${others.length} more ${others.length === 1 ? 'place' : 'places'}`;
    return [
      {
        rule: 'left-behind',
        subject: kind,
        since: first.firstAt,
        summary: `left for two weeks: ${leftoverWords[kind].what}, at ${first.place}${more}`,
      },
    ];
  });
