import { html, words, type Html } from '../../core/html.ts';
import type { RunSummary } from '../../store/inspect/inspect.ts';
import { outcomeBadge } from './badge.ts';
import { partnerPath, runPath } from './links.ts';
import { count } from './numbers.ts';
import { table } from './table.ts';
import { took, when } from './times.ts';

export const runTable = (
  runs: readonly RunSummary[],
  { at, caption }: { readonly at: string; readonly caption: string },
): Html =>
  table({
    caption,
    none: 'No run.',
    rows: runs,
    columns: [
      { title: 'Run', cell: ({ runId }) => html`<a href="${runPath(runId)}">${runId}</a>` },
      {
        title: 'Ended',
        cell: ({ outcome, undone }) =>
          html`${outcomeBadge(outcome)}${undone > 0 && html` <span class="quiet">${count(undone)} undone</span>`}`,
      },
      { title: 'Partner', cell: ({ partner }) => html`<a href="${partnerPath(partner)}">${partner}</a>` },
      { title: 'Kind', cell: ({ kind }) => kind },
      { title: 'Began', cell: ({ startedAt }) => when(startedAt, at) },
      { title: 'Took', cell: ({ startedAt, finishedAt }) => took(startedAt, finishedAt) },
      { title: 'Why', cell: ({ reason }) => (reason === null ? '' : words(reason)) },
    ],
  });
