import { html, type Html } from '../../core/html.ts';
import { readableKey } from '../../core/key-text.ts';
import { readableVersion } from '../../core/life-words.ts';
import type { Finding, Reconciliation } from '../../store/reconcile/read-reconciliations.ts';
import { FINDINGS_EACH, type AskedFindings, type ShownFindings } from '../facts/read-reconciliation.ts';
import { reconciliationPath } from './links.ts';
import { count, counted } from './numbers.ts';
import { table } from './table.ts';

/** Findings with their keys, a page of them. */
export function findingList({ id, partner, stream }: Reconciliation, { asked, found, fit }: ShownFindings): Html {
  const { kind, state, page } = asked;
  const pages = Math.max(1, Math.ceil(fit / FINDINGS_EACH));
  const to = (number: number): string => pathOf(id, { ...asked, page: number });
  return html`<p>
      ${counted(fit, 'finding')}${kind !== undefined && ` of the kind ${kind}`}${state !== undefined && ` that are ${state}`},
      ${FINDINGS_EACH} on a page.
      ${(kind ?? state) !== undefined && html`<a href="${reconciliationPath(id)}#findings">All of them</a>.`} The life
      of a key: <code>syncline trace ${partner} ${stream} KEY</code>.
    </p>
    ${table<Finding>({
      caption: 'Findings',
      none: 'There is none.',
      rows: found,
      columns: [
        { title: 'Key', cell: ({ key }) => html`<code>${readableKey(key)}</code>` },
        { title: 'Kind', cell: (finding) => finding.kind },
        { title: 'State', cell: (finding) => finding.state },
        { title: 'The partner has', cell: ({ theirVersion }) => readableVersion(theirVersion ?? '') },
        { title: 'The store has', cell: ({ gone, ourVersion }) => (gone ? 'gone' : readableVersion(ourVersion ?? '')) },
        { title: 'Event', isNumber: true, cell: ({ event }) => event ?? '' },
        {
          title: 'Page',
          isNumber: true,
          cell: ({ page: number, requestId }) =>
            html`${number ?? ''}${requestId !== null && html` <span class="quiet">${requestId}</span>`}`,
        },
        { title: 'Why', cell: ({ why }) => why ?? '' },
      ],
    })}
    ${
      pages > 1 &&
      html`<nav aria-label="Pages of findings">
        <ul class="pages">
          ${page > 1 && html`<li><a href="${to(page - 1)}">Page before</a></li>`}
          <li>Page ${count(page)} of ${count(pages)}</li>
          ${page < pages && html`<li><a href="${to(page + 1)}">Next page</a></li>`}
        </ul>
      </nav>`
    }`;
}

function pathOf(id: string, { kind, state, page }: AskedFindings): string {
  const asked = Object.entries({ kind, state, page: page === 1 ? undefined : `${page}` }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return `${reconciliationPath(id)}?${new URLSearchParams(Object.fromEntries(asked)).toString()}#findings`;
}
