import { html, words, type Html } from '../../core/html.ts';
import { leftoverWords } from '../../core/leftover.ts';
import type { JanitorReport } from '../../store/janitor/reports.ts';
import { badge } from '../parts/badge.ts';
import { table } from '../parts/table.ts';
import { when } from '../parts/times.ts';
import type { Page } from './page.ts';

/** What has stayed behind by the last report, and the reports before it. */
export function janitorPage(reports: readonly JanitorReport[], at: string): Page {
  const [last] = reports;
  const body = html` <section id="found" aria-labelledby="found-title">
      <h2 id="found-title">What has stayed behind</h2>
      ${last?.troubles.map((trouble) => html`<p class="quiet">${trouble}</p>`)}
      <div class="stacked">
        ${table({
          caption: 'What has stayed behind, by the last report',
          none:
            last === undefined ? 'There is no report yet: workers make one each week.' : 'Nothing has stayed behind.',
          rows: last?.findings ?? [],
          columns: [
            { title: 'Where', cell: ({ place }) => place },
            { title: 'What', cell: ({ kind }) => leftoverWords[kind].what },
            { title: 'Count', cell: ({ count }) => count, isNumber: true },
            { title: 'Since', cell: ({ since }) => when(since, at) },
            {
              title: 'What to do',
              cell: ({ kind, count, removed }) => (removed >= count ? 'Removed' : words(leftoverWords[kind].todo)),
            },
          ],
        })}
      </div>
    </section>
    <section id="reports" aria-labelledby="reports-title">
      <h2 id="reports-title">Reports</h2>
      ${table({
        caption: 'Reports of the janitor, the newest first',
        none: 'None was made yet.',
        rows: reports,
        columns: [
          { title: 'Report', cell: ({ report }) => report },
          { title: 'When', cell: (report) => when(report.at, at) },
          { title: 'By', cell: ({ by }) => by },
          { title: 'What it did', cell: did },
          { title: 'Places', cell: ({ findings }) => findings.length, isNumber: true },
          {
            title: 'Removed',
            cell: ({ findings }) => findings.reduce((sum, { removed }) => sum + removed, 0),
            isNumber: true,
          },
        ],
      })}
    </section>`;
  return { title: 'Janitor', body, at };
}

const did = ({ mode, endedAt }: JanitorReport): Html =>
  html`${mode === 'apply' ? 'Looked, and removed' : 'Looked'} ${endedAt === null && badge('not ended', 'warning')}`;
