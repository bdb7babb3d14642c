import type { AlertRow } from '../../core/alert.ts';
import { html, words, type Html } from '../../core/html.ts';
import { silenceForm, unsilenceForm } from '../parts/action-forms.ts';
import { badge } from '../parts/badge.ts';
import { partnerPath, streamPath } from '../parts/links.ts';
import { table } from '../parts/table.ts';
import { minute, took, when } from '../parts/times.ts';
import type { Viewer } from '../sign-in/viewer.ts';
import type { Page } from './page.ts';

/** What people are told of, and what they were told of. Each says what it means, what to do, and can be silenced. */
export function alertsPage(
  of: { readonly open: readonly AlertRow[]; readonly over: readonly AlertRow[]; readonly at: string },
  viewer: Viewer,
): Page {
  const { open, over, at } = of;
  const body = html` <section id="open" aria-labelledby="open-title">
      <h2 id="open-title">Open</h2>
      <div class="stacked">
        ${table({
          caption: 'Open alerts',
          none: 'There is no open alert.',
          rows: open,
          columns: [
            { title: 'Where', cell: (alert) => html`${severity(alert)} ${place(alert)}` },
            {
              title: 'What',
              cell: ({ summary, rule, silenced }) =>
                html`${words(summary)}
                  <code>${rule}</code
                  >${silenced !== null && html`<br />Silenced by ${silenced.by} until ${minute(silenced.until)}: ${silenced.reason}`}`,
            },
            { title: 'What it means', cell: ({ meaning }) => words(meaning) },
            { title: 'Since', cell: ({ since }) => when(since, at) },
            { title: 'What to do', cell: ({ whatToDo, runbook }) => html`${words(whatToDo)} ${bookOf(runbook)}` },
            ...(viewer.by === null
              ? []
              : [
                  {
                    title: 'Silence',
                    cell: ({ id, silenced }: AlertRow) =>
                      silenced === null ? silenceForm(id, viewer) : unsilenceForm(silenced.id, viewer),
                  },
                ]),
          ],
        })}
      </div>
    </section>
    <section id="over" aria-labelledby="over-title">
      <h2 id="over-title">Over</h2>
      ${table({
        caption: 'Alerts that are over, the newest first',
        none: 'None was ever open.',
        rows: over,
        columns: [
          { title: 'Where', cell: place },
          { title: 'What', cell: ({ summary, rule }) => html`${words(summary)} <code>${rule}</code>` },
          { title: 'Opened', cell: ({ openedAt }) => when(openedAt, at) },
          { title: 'Over', cell: ({ resolvedAt }) => when(resolvedAt, at) },
          { title: 'Lasted', cell: ({ openedAt, resolvedAt }) => took(openedAt, resolvedAt) },
        ],
      })}
    </section>`;
  return { title: 'Alerts', body, at };
}

const severity = ({ severity: found, silenced }: AlertRow): Html =>
  silenced === null ? badge(found, found === 'page' ? 'bad' : 'warning') : badge('silenced', 'plain');

function place({ partner, stream, subject }: AlertRow): Html {
  if (partner === null) return html`${subject ?? 'the installation'}`;
  return html`<a href="${partnerPath(partner)}">${partner}</a
    >${stream !== null && html` / <a href="${streamPath({ partner, stream })}">${stream}</a>`}${subject !== null && html` ${subject}`}`;
}

/** Only what a browser opens as a page: where runbooks are is written in a file of the installation. */
const bookOf = (url: string): Html | undefined =>
  /^https?:\/\//.test(url) ? html`<a href="${url}" rel="noreferrer">Runbook</a>` : undefined;
