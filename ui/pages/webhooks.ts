import { formatDuration } from '../../core/duration.ts';
import { html, words } from '../../core/html.ts';
import type { ShownWebhook } from '../facts/read-webhooks.ts';
import { badge } from '../parts/badge.ts';
import { partnerPath } from '../parts/links.ts';
import { count } from '../parts/numbers.ts';
import { table } from '../parts/table.ts';
import { when } from '../parts/times.ts';
import type { Page } from './page.ts';

/** What partners send by themselves: whether it still comes, and what could not be taken. */
export function webhooksPage(webhooks: readonly ShownWebhook[], at: string): Page {
  const body = table({
    caption: 'Webhooks',
    none: 'No definition has webhooks, and none came.',
    rows: webhooks.toSorted((a, b) => b.says.length - a.says.length),
    columns: [
      {
        title: 'Webhook',
        cell: ({ partner, webhook }) => html`<a href="${partnerPath(partner)}">${partner}</a> / ${webhook}`,
      },
      {
        title: 'Stands',
        cell: ({ says }) =>
          says.length === 0
            ? badge('ok', 'good')
            : html`${badge('look', 'warning')} ${says.map((each) => html`${words(each)}<br />`)}`,
      },
      {
        title: 'Signed',
        cell: ({ preset }) => (preset === undefined ? 'not declared any more' : (preset ?? 'by its own rule')),
      },
      { title: 'Last delivery', cell: ({ facts }) => when(facts?.lastAt, at) },
      {
        title: 'Longest usual silence',
        cell: ({ standing: { expectedMs } }) =>
          expectedMs === undefined ? html`<span class="quiet">not known yet</span>` : formatDuration(expectedMs),
      },
      { title: 'Taken', isNumber: true, cell: ({ facts }) => count(facts?.taken ?? 0) },
      { title: 'Again', isNumber: true, cell: ({ facts }) => count(facts?.repeated ?? 0) },
      { title: 'Failed', isNumber: true, cell: ({ facts }) => count(facts?.failed ?? 0) },
      {
        title: 'Refused in 7 days',
        cell: ({ facts }) =>
          Object.entries(facts?.refused ?? {})
            .map(([reason, n]) => `${count(n)} × ${reason}`)
            .join(', '),
      },
      {
        title: 'To be fetched',
        isNumber: true,
        cell: ({ facts }) =>
          `${count(facts?.hints.open ?? 0)}${(facts?.hints.failed ?? 0) > 0 ? ` (${count(facts?.hints.failed ?? 0)} failed)` : ''}`,
      },
    ],
  });
  return {
    title: 'Webhooks',
    body: html`<p class="quiet">Counts are of the last 30 days.</p>
      ${body}`,
    at,
  };
}
