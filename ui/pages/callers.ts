import { html } from '../../core/html.ts';
import type { CallerLimits } from '../../core/caller.ts';
import type { ListedCaller, ListedTier } from '../../store/callers/list-callers.ts';
import { badge } from '../parts/badge.ts';
import { count } from '../parts/numbers.ts';
import { table } from '../parts/table.ts';
import { minute, when } from '../parts/times.ts';
import type { Page } from './page.ts';

/** Who may push, how much of it is used, and who is blocked. Of keys only their ids are known here. */
export function callersPage(
  callers: readonly ListedCaller[],
  { at, tiers }: { readonly at: string; readonly tiers: readonly ListedTier[] },
): Page {
  const body = html` ${table({
      caption: 'Callers',
      none: 'Nobody may push yet: `syncline callers add` makes a caller.',
      rows: callers,
      columns: [
        { title: 'Caller', cell: ({ id }) => id },
        {
          title: 'Stands',
          cell: ({ block }) =>
            block === null
              ? badge('ok', 'good')
              : html`${badge('blocked', 'bad')}
                ${block.cause}${block.until !== null && html` until ${when(block.until, at)}`}`,
        },
        { title: 'Tier', cell: ({ tier }) => tier },
        { title: 'May push to', cell: ({ scopes }) => scopes.join(', ') },
        {
          title: 'Limits',
          cell: ({ limits, override }) =>
            html`${limitsText(limits)}${override !== null && html`<br /><span class="quiet">changed until ${minute(override.until)}</span>`}`,
        },
        {
          title: 'Used today',
          isNumber: true,
          cell: ({ usedToday, limits }) =>
            `${count(usedToday)}${limits.daily == null ? '' : ` of ${count(limits.daily)}`}`,
        },
        {
          title: 'Last push',
          cell: ({ keys }) =>
            when(
              keys
                .map(({ usedAt }) => usedAt)
                .reduce((last, at) => (at !== null && (last === null || at > last) ? at : last), null),
              at,
            ),
        },
        {
          title: 'Keys',
          cell: ({ keys }) =>
            html`${keys.map(({ keyId, endsAt }) => html`<code>${keyId}</code>${endsAt !== null && html` <span class="quiet">ends ${minute(endsAt)}</span>`}<br />`)}`,
        },
      ],
    })}
    <h2>Tiers</h2>
    ${table({
      caption: 'Tiers of callers',
      none: 'None.',
      rows: tiers,
      columns: [
        { title: 'Tier', cell: ({ tier }) => tier },
        { title: 'Limits', cell: (tier) => limitsText(tier) },
      ],
    })}`;
  return { title: 'Callers', body, at };
}

const limitsText = ({ rate, burst, daily }: CallerLimits): string =>
  `${count(rate)} per second, ${count(burst)} at once${daily == null ? '' : `, ${count(daily)} a day`}`;
