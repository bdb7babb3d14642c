import { html, type Html } from '../../core/html.ts';
import type { NotedDeed } from '../../store/ui-audit.ts';
import { deedResult } from '../parts/deed-result.ts';
import { partnerPath } from '../parts/links.ts';
import { table } from '../parts/table.ts';
import { when } from '../parts/times.ts';
import type { Page } from './page.ts';

/** What people have done on these pages: the audit trail. */
export function deedsPage(deeds: readonly NotedDeed[], at: string): Page {
  const body = html`<p>
      What was done on these pages, the newest first. What was done by the command line is told with what it changed.
    </p>
    ${table({
      caption: 'What people have done',
      none: 'Nobody has done anything here.',
      rows: deeds,
      columns: [
        { title: 'When', cell: (deed) => when(deed.at, at) },
        { title: 'Who', cell: ({ by, how }) => html`${by} <span class="quiet">by ${how}</span>` },
        { title: 'What', cell: ({ action, id }) => html`<a href="/actions/${id}">${action}</a>` },
        {
          title: 'Where',
          cell: ({ partner, target }) => html`${ofPartner(partner)} <code>${target}</code>`,
        },
        { title: 'Why', cell: ({ reason }) => reason },
        { title: 'What came of it', cell: deedResult },
      ],
    })}`;
  return { title: 'What people have done', body, at };
}

/** One of them, as it is shown to whoever has just done it. */
export function deedPage(deed: NotedDeed, at: string): Page {
  const body = html`<p id="result">${deedResult(deed)}</p>
    <p>${deed.by}, ${when(deed.at, at)}: ${deed.reason}</p>
    <p>${deed.partner !== '' && html`${ofPartner(deed.partner)} · `}<a href="/actions">What people have done</a></p>`;
  return { title: `${deed.action} ${deed.target}`, body, at };
}

/** What was done with duplicates is of no partner. */
const ofPartner = (partner: string): Html | undefined =>
  partner === '' ? undefined : html`<a href="${partnerPath(partner)}">${partner}</a>`;
