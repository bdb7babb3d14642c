import { html, type Html } from '../../core/html.ts';
import { findingMeaning, openOf, type FindingCount } from '../../core/reconcile.ts';
import type { Reconciliation } from '../../store/reconcile/read-reconciliations.ts';
import type { PastRepair } from '../../store/reconcile/repairs.ts';
import type { ReconciliationFacts } from '../facts/read-reconciliation.ts';
import { badge } from '../parts/badge.ts';
import { deedResult } from '../parts/deed-result.ts';
import { findingList } from '../parts/finding-list.ts';
import { partnerPath, reconciliationPath, runPath, streamPath } from '../parts/links.ts';
import { count, counted } from '../parts/numbers.ts';
import { repairForm } from '../parts/repair-form.ts';
import { facts, table } from '../parts/table.ts';
import { when } from '../parts/times.ts';
import type { Viewer } from '../sign-in/viewer.ts';
import type { Page } from './page.ts';
import { verdictBadge, whatOf } from './reconciliations.ts';

/** What one reconciliation found; for people who have signed in also of which keys, and a way to repair it. */
export function reconciliationPage({ at, of, repairs, findings, done }: ReconciliationFacts, viewer: Viewer): Page {
  const body = html`<p>
      <a href="${partnerPath(of.partner)}">${of.partner}</a> / <a href="${streamPath(of)}">${of.stream}</a>:
      ${whatOf(of)}
    </p>
    ${done !== null && html`<p id="result" role="status">${deedResult(done)}</p>`}
    <section id="standing" aria-labelledby="standing-title">
      <h2 id="standing-title" class="unseen">What it came to</h2>
      ${facts([
        ['Verdict', html`${verdictBadge(of)}${of.reason !== null && html` ${of.reason}`}`],
        ['Begun', when(of.startedAt, at)],
        ['Ended', when(of.finishedAt, at)],
        ['The partner has', of.partnerTotal === null ? '–' : counted(of.partnerTotal, 'record')],
        ['The store has', of.storeTotal === null ? '–' : counted(of.storeTotal, 'record')],
        ['Compared', of.seen === null ? '–' : count(of.seen)],
        ['In flight', of.inFlight === null ? '–' : count(of.inFlight)],
        ['Requests', count(of.requests)],
        ...(of.syncedBy === null
          ? []
          : [['Synced between the two looks by', html`<a href="${runPath(of.syncedBy)}">${of.syncedBy}</a>`] as const]),
        ...(of.deferredUntil === null ? [] : [['Waits until', when(of.deferredUntil, at)] as const]),
      ])}
      ${boundOf(of)}
    </section>
    <section id="kinds" aria-labelledby="kinds-title">
      <h2 id="kinds-title">What differs</h2>
      ${kinds(of)}
    </section>
    ${viewer.by !== null && openOf(of.findings) > 0 && of.state === 'done' && repairForm(of, viewer)}
    ${repairs.length > 0 && pastRepairs(repairs, at)}
    <section id="findings" aria-labelledby="findings-title">
      <h2 id="findings-title">Each finding</h2>
      ${findings === null ? notForYou(viewer) : findingList(of, findings)}
    </section>`;
  return { title: `Reconciliation of ${of.partner} / ${of.stream}`, body, at };
}

/** A key may be an e-mail address or a number of a customer. */
const notForYou = ({ maySignIn }: Viewer): Html =>
  html`<p class="quiet">
    Findings name keys of records.
    ${maySignIn ? html`They are shown to people who have <a href="/sign-in">signed in</a>.` : html`They are shown to people who have signed in, and nobody can: set <code>SYNCLINE_UI_TOKEN</code>.`}
  </p>`;

/** What a sample says of all. */
const boundOf = ({ bound, storeTotal }: Reconciliation): Html | undefined =>
  bound === null
    ? undefined
    : html`<p>
        ${count(bound.wrong)} of ${counted(bound.asked, 'record')} of the sample differ: with a confidence of 95 % at
        most ${(bound.share * 100).toPrecision(3)} % of all do, which is
        ${count(Math.ceil(bound.share * (storeTotal ?? 0)))}.
      </p>`;

const kinds = ({ id, findings }: Reconciliation): Html =>
  table<FindingCount>({
    caption: 'Findings by kind and state',
    none: 'Nothing differs.',
    rows: findings,
    columns: [
      {
        title: 'Kind',
        cell: ({ kind, state }) =>
          html`<a href="${reconciliationPath(id)}?kind=${kind}&state=${state}#findings">${kind}</a>`,
      },
      { title: 'What it means', cell: ({ kind }) => findingMeaning[kind] },
      { title: 'State', cell: ({ state }) => badge(state, state === 'open' ? 'bad' : 'plain') },
      { title: 'Records', isNumber: true, cell: ({ count: n }) => count(n) },
    ],
  });

const pastRepairs = (repairs: readonly PastRepair[], at: string): Html =>
  html`<section id="repairs" aria-labelledby="repairs-title">
    <h2 id="repairs-title">Repairs</h2>
    ${table({
      caption: 'Repairs, the newest first',
      none: '',
      rows: repairs,
      columns: [
        { title: 'Begun', cell: ({ startedAt }) => when(startedAt, at) },
        { title: 'Kinds', cell: (repair) => repair.kinds.join(', ') },
        { title: 'Who', cell: ({ by }) => by },
        {
          title: 'Stands',
          cell: ({ state, reason }) =>
            html`${badge(state, state === 'done' ? 'good' : state === 'failed' ? 'bad' : 'note')}${reason !== null && html` ${reason}`}`,
        },
        { title: 'Its run', cell: ({ syncId }) => html`<a href="${runPath(syncId)}">${syncId}</a>` },
      ],
    })}
  </section>`;
