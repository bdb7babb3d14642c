import { html, type Html } from '../../core/html.ts';
import { openOf } from '../../core/reconcile.ts';
import type { Reconciliation } from '../../store/reconcile/read-reconciliations.ts';
import { badge } from '../parts/badge.ts';
import { partnerPath, reconciliationPath, streamPath } from '../parts/links.ts';
import { count } from '../parts/numbers.ts';
import { table } from '../parts/table.ts';
import { when } from '../parts/times.ts';
import type { Page } from './page.ts';

export const RECONCILIATIONS_SHOWN = 100;

/** What partners say, compared with what the store has; the newest first. It shows no key. */
export function reconciliationsPage(all: readonly Reconciliation[], at: string): Page {
  const body = html`<p>
      A reconciliation reads a partner anew and compares each record with what the store has. It changes nothing. The
      last ${RECONCILIATIONS_SHOWN} are listed.
    </p>
    ${table<Reconciliation>({
      caption: 'Reconciliations, the newest first',
      none: 'Nothing was reconciled yet. The command syncline reconcile PARTNER does it.',
      rows: all,
      columns: [
        {
          title: 'Stream',
          cell: (of) =>
            html`<a href="${partnerPath(of.partner)}">${of.partner}</a> / <a href="${streamPath(of)}">${of.stream}</a>`,
        },
        {
          title: 'Begun',
          cell: ({ id, startedAt }) => html`<a href="${reconciliationPath(id)}">${when(startedAt, at)}</a>`,
        },
        { title: 'Verdict', cell: verdictBadge },
        { title: 'Differ', isNumber: true, cell: ({ findings }) => count(openOf(findings)) },
        { title: 'Compared', isNumber: true, cell: ({ seen }) => (seen === null ? '–' : count(seen)) },
        { title: 'What', cell: whatOf },
      ],
    })}`;
  return { title: 'Reconciliations', body, at };
}

/** In one word. What differed and was repaired since does not differ any more. */
export function verdictBadge({ state, verdict, findings }: Reconciliation): Html {
  if (state === 'failed') return badge('failed', 'bad');
  if (verdict === null) return badge('running', 'note');
  if (verdict === 'differs') return openOf(findings) > 0 ? badge('differs', 'bad') : badge('repaired', 'good');
  return badge(verdict, verdict === 'clean' ? 'good' : 'warning');
}

/** `content of a sample of 300`, `keys from 2026-11-01 to 2026-11-07`. */
export const whatOf = ({ level, sample, from, to }: Reconciliation): string =>
  `${level}${sample === null ? '' : ` of a sample of ${count(sample)}`}${from === null ? '' : ` from ${from.slice(0, 10)} to ${to?.slice(0, 10) ?? 'now'}`}`;
