import { html } from '../../core/html.ts';
import { cronOf } from '../../definitions/schedule-times.ts';
import type { PartnerFacts } from '../facts/read-partner.ts';
import { streamPath } from '../parts/links.ts';
import { quotaBars } from '../parts/quota-bars.ts';
import { runTable } from '../parts/run-table.ts';
import { streamTable } from '../parts/stream-table.ts';
import { table } from '../parts/table.ts';
import { troubleList } from '../parts/trouble-list.ts';
import { actions, pauseForm } from '../parts/action-forms.ts';
import type { Viewer } from '../sign-in/viewer.ts';
import type { Page } from './page.ts';

export function partnerPage(of: PartnerFacts, viewer: Viewer): Page {
  const { at, partner, definition, limits, runs, glimpses, streams, troubles, pause } = of;
  const schedules = [
    ...Object.entries(definition?.partner.schedules ?? {}).map(([name, each]) => ({ name, does: 'syncs', ...each })),
    ...Object.entries(definition?.partner.reconcile ?? {}).map(([name, each]) => ({ name, does: 'compares', ...each })),
  ];
  const body = html` <section id="troubles" aria-labelledby="troubles-title">
      <h2 id="troubles-title">${troubles.length === 0 ? 'Nothing is late or wrong' : 'What to look at'}</h2>
      ${troubles.length > 0 && troubleList(troubles, { at, caption: `What to look at of ${partner}` })}
    </section>
    <section id="streams" aria-labelledby="streams-title">
      <h2 id="streams-title">Streams</h2>
      ${streamTable(streams, { at, glimpses, caption: `Streams of ${partner}`, none: 'It has no stream.', name: (stream) => html`<a href="${streamPath(stream)}">${stream.stream}</a>` })}
    </section>
    <section id="limits" aria-labelledby="limits-title">
      <h2 id="limits-title">Limits</h2>
      ${limits === null ? html`<p class="quiet">Its definition is not known here, and so its limits are not.</p>` : quotaBars(limits)}
      ${limits !== null && limits.factor < 1 && html`<p>It is asked at ${Math.round(limits.factor * 100)} % of its speed after a throttled answer.</p>`}
    </section>
    <section id="schedules" aria-labelledby="schedules-title">
      <h2 id="schedules-title">Schedules of its definition</h2>
      ${table({
        caption: `Schedules of ${partner}`,
        none: 'None: runs begin only when somebody starts them.',
        rows: schedules,
        columns: [
          { title: 'Name', cell: ({ name }) => name },
          { title: 'What it does', cell: ({ does }) => does },
          {
            title: 'When',
            cell: (schedule) => html`<code>${cronOf(schedule).join('; ')}</code> ${schedule.timeZone}`,
          },
          {
            title: 'Streams',
            cell: ({ streams: some }) => (some.length === 0 ? 'all' : some.join(', ')),
          },
          { title: 'Paused by the definition', cell: ({ paused }) => (paused ? 'yes' : 'no') },
        ],
      })}
    </section>
    <section id="runs" aria-labelledby="runs-title">
      <h2 id="runs-title">Last runs</h2>
      ${runTable(runs, { at, caption: `Last runs of ${partner}` })}
      <p><a href="/runs?partner=${encodeURIComponent(partner)}">More runs of ${partner}</a></p>
    </section>
    ${actions(viewer, [pauseForm({ scope: 'partner', target: partner, pause }, viewer)])}`;
  return { title: partner, body, at };
}
