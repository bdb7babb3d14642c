import { ageText } from '../../core/freshness.ts';
import { fateCounts } from '../../core/counts.ts';
import { html, words, type Html } from '../../core/html.ts';
import type { PastRun } from '../../store/inspect/stream-history.ts';
import type { StandingTable } from '../../store/comparisons/read-standing.ts';
import type { Reconciliation } from '../../store/reconcile/read-reconciliations.ts';
import { openOf } from '../../core/reconcile.ts';
import type { ComparedTarget, StreamPageFacts } from '../facts/read-stream.ts';
import { badge, outcomeBadge, standingOf } from '../parts/badge.ts';
import { partnerPath, reconciliationPath, runPath } from '../parts/links.ts';
import { count, counted } from '../parts/numbers.ts';
import { runsPlot } from '../parts/runs-plot.ts';
import { facts, table, titleOf } from '../parts/table.ts';
import { took, when } from '../parts/times.ts';
import { troubleList } from '../parts/trouble-list.ts';
import { actions, approvalForms } from '../parts/action-forms.ts';
import { nobody, type Viewer } from '../sign-in/viewer.ts';
import type { Page } from './page.ts';
import { verdictBadge } from './reconciliations.ts';

/** Of the runs that the plot shows. */
const LISTED = 20;

export function streamPage(of: StreamPageFacts, viewer: Viewer = nobody): Page {
  const { at, stream, troubles, runs, quarantine, waiting, targets, definition, approval, compared } = of;
  const { partner, stream: name, freshness } = stream;
  const { word, tone } = standingOf(stream);
  const parent = definition?.parents.get(name);
  const body = html` <p>
      Stream of <a href="${partnerPath(partner)}">${partner}</a>. Table
      <code>${stream.table}</code
      >.${parent !== undefined && html` Its records are read for each record of <a href="${partnerPath(partner)}/${encodeURIComponent(parent)}">${parent}</a>.`}
    </p>
    <section id="standing" aria-labelledby="standing-title">
      <h2 id="standing-title" class="unseen">How it stands</h2>
      ${facts([
        ['Stands', badge(word, tone)],
        [
          'Age of its data',
          freshness === null
            ? stream.freshAt === null
              ? 'no run has ended well yet'
              : html`${when(stream.freshAt, at)} <span class="quiet">(its definition promises no freshness)</span>`
            : html`${freshness.ageMs === null ? 'no run has ended well yet' : ageText(freshness.ageMs)}, promised is at
              most
              ${ageText(freshness.promiseMs)}${freshness.freshAt !== null && html` <span class="quiet">as of</span> ${when(freshness.freshAt, at)}`}`,
        ],
        [
          'Read up to',
          stream.watermark === null
            ? html`<span class="quiet">it has no watermark</span>`
            : html`<code>${stream.watermark.slice(0, 40)}</code>`,
        ],
        ['Now', nowOf(of)],
        ['Records received', count(stream.events)],
        ['Compared with the partner', lastCompared(compared, at)],
      ])}
      ${troubles.length > 0 && troubleList(troubles, { at, caption: 'What to look at' })}
    </section>
    <section id="runs" aria-labelledby="runs-title">
      <h2 id="runs-title">Runs</h2>
      ${runsPlot(runs.toReversed())} ${pastRuns(runs.slice(0, LISTED), at)}
    </section>
    <section id="held" aria-labelledby="held-title">
      <h2 id="held-title">Quarantine: ${count(stream.quarantined)}</h2>
      ${table({
        caption: 'Records in quarantine, by what is wrong with them',
        none: 'No record is held.',
        rows: quarantine,
        columns: [
          { title: 'Field', cell: ({ path }) => (path === '' ? 'the record' : html`<code>${path}</code>`) },
          { title: 'Wrong', cell: ({ reason }) => reason },
          { title: 'Records', isNumber: true, cell: ({ records }) => count(records) },
          { title: 'Since', cell: ({ since }) => when(since, at) },
        ],
      })}
      ${quarantine.length > 0 && html`<p><code>syncline quarantine list ${partner} ${name}</code> shows them, <code>syncline quarantine replay ${partner} ${name}</code> takes those that fit by now.</p>`}
    </section>
    <section id="waiting" aria-labelledby="waiting-title">
      <h2 id="waiting-title">
        Waiting: ${count(stream.waiting)}${stream.overdue > 0 && `, ${count(stream.overdue)} for too long`}
      </h2>
      ${table({
        caption: 'What its records wait for',
        none: 'No record waits for another one.',
        rows: waiting,
        columns: [
          {
            title: 'For records of',
            cell: ({ needed }) => html`<a href="${partnerPath(partner)}/${encodeURIComponent(needed)}">${needed}</a>`,
          },
          { title: 'By field', cell: ({ field }) => html`<code>${field}</code>` },
          { title: 'Records', isNumber: true, cell: ({ records }) => count(records) },
          { title: 'The first since', cell: ({ since }) => when(since, at) },
        ],
      })}
    </section>
    <section id="targets" aria-labelledby="targets-title">
      <h2 id="targets-title">Other targets</h2>
      ${table<ComparedTarget>({
        caption: 'Targets that it is written to beside the store',
        none: 'It is written to the store only.',
        rows: targets,
        columns: [
          {
            title: 'Target',
            cell: ({ target, stream: table }) =>
              table === name ? target : html`${target} <span class="quiet">${table}</span>`,
          },
          {
            title: 'Behind',
            isNumber: true,
            cell: ({ behind }) => (behind === 0 ? 'nothing' : `${count(behind)} events`),
          },
          { title: 'Since', cell: ({ behindSince }) => when(behindSince, at) },
          { title: 'Last load', cell: ({ appliedAt }) => when(appliedAt, at) },
          { title: 'Compared with the store', cell: ({ compared: table }) => comparedTable(table, at) },
          { title: 'Trouble', cell: ({ error }) => error ?? '' },
        ],
      })}
    </section>
    ${actions(viewer, approval === null ? [] : [approvalForms(approval, viewer)])}`;
  return { title: `${partner} / ${name}`, body, at };
}

function lastCompared(compared: Reconciliation | null, at: string): Html {
  if (compared === null) return html`<span class="quiet">never</span>`;
  const { id, startedAt, findings } = compared;
  return html`${when(startedAt, at)}: ${verdictBadge(compared)}
    <a href="${reconciliationPath(id)}">${counted(openOf(findings), 'record differs', 'records differ')}</a>`;
}

function comparedTable(table: StandingTable | null, at: string): Html {
  if (table === null) return html`<span class="quiet">never</span>`;
  const { proven, failed, doubt } = table;
  const last =
    proven === null
      ? html`<span class="quiet">nothing is proven</span>`
      : proven.differs
        ? html`${badge('differs', 'bad')} since ${when(proven.since, at)}`
        : html`${badge('the same', 'good')} ${when(proven.endedAt, at)}`;
  if (failed !== null) return html`${last}; the last one failed: ${failed.reason}`;
  return doubt === null ? last : html`${last}; the last one proves nothing: ${doubt}`;
}

function nowOf({ stream, at }: StreamPageFacts): Html | string {
  if (stream.deferredUntil !== null)
    return html`its run waits until ${when(stream.deferredUntil, at)}:
    ${words(stream.deferredCause ?? 'a short wait that nobody wrote down')}`;
  return stream.running ? 'a run is under way' : 'no run is under way';
}

const pastRuns = (runs: readonly PastRun[], at: string): Html =>
  table({
    caption: 'Its last runs, the newest first',
    none: 'It has no run yet.',
    rows: runs,
    columns: [
      {
        title: 'Window',
        cell: ({ window, runId, syncId }) => html`<a href="${runPath(runId ?? syncId)}">${window}</a>`,
      },
      {
        title: 'Ended',
        cell: ({ outcome, undone }) =>
          html`${outcomeBadge(outcome)}${undone && html` <span class="quiet">undone</span>`}`,
      },
      { title: 'Began', cell: ({ startedAt }) => when(startedAt, at) },
      { title: 'Took', cell: ({ startedAt, finishedAt }) => took(startedAt, finishedAt) },
      { title: 'Fetched', isNumber: true, cell: ({ fetched }) => count(fetched) },
      ...fateCounts.map((fate) => ({
        title: titleOf(fate),
        isNumber: true,
        cell: ({ fates }: PastRun) => count(fates[fate]),
      })),
      { title: 'Requests', isNumber: true, cell: ({ requests }) => count(requests) },
      { title: 'Why', cell: ({ reason }) => (reason === null ? '' : words(reason)) },
    ],
  });
