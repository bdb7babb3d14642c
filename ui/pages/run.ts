import { balances, fateCounts } from '../../core/counts.ts';
import { formatDuration } from '../../core/duration.ts';
import { html, words, type Html } from '../../core/html.ts';
import type { StreamDetail } from '../../store/inspect/inspect.ts';
import type { StreamTimeline } from '../../store/inspect/run-timeline.ts';
import type { RunFacts } from '../facts/read-run.ts';
import { outcomeBadge } from '../parts/badge.ts';
import { partnerPath, streamPath } from '../parts/links.ts';
import { bytes, count } from '../parts/numbers.ts';
import { facts, table, titleOf } from '../parts/table.ts';
import { second, took, when } from '../parts/times.ts';
import { timelinePlot } from '../parts/timeline-plot.ts';
import { actions, pauseForm, retryForm } from '../parts/action-forms.ts';
import { nobody, type Viewer } from '../sign-in/viewer.ts';
import { callsOf } from './calls.ts';
import { grantsOf } from './run-grants.ts';
import type { Page } from './page.ts';

/**
 * One run: how it ended and why, where every record went, how it went on and what it waited for, and where its records come from. `sent`: it is read as a
 * file, where nothing can be asked for.
 */
export function runPage(
  of: RunFacts,
  { viewer = nobody, sent = false }: { viewer?: Viewer; sent?: boolean } = {},
): Page {
  const { at, id, run, streams, timeline } = of;
  const partner = run?.partner ?? streams[0]?.partner ?? '';
  const body = html` ${facts([
      [
        'Ended',
        run === null
          ? html`${streams.map(({ outcome }) => outcomeBadge(outcome))}`
          : html`${outcomeBadge(run.outcome)}${run.undone > 0 && ` ${count(run.undone)} of its streams were undone`}`,
      ],
      ['Partner', html`<a href="${partnerPath(partner)}">${partner}</a>`],
      ...(run === null
        ? []
        : ([
            ['Window', run.window],
            ['Kind', run.generation > 1 ? `${run.kind}, time ${run.generation}` : run.kind],
            ['Began', when(run.startedAt, at)],
            ['Took', took(run.startedAt, run.finishedAt)],
          ] as const)),
    ])}
    ${run !== null && run.reason !== null && html`<p class="reason">${words(run.reason)}</p>`}
    <section id="streams" aria-labelledby="streams-title">
      <h2 id="streams-title">Where every record went</h2>
      ${balance(streams)} ${reasons(streams, at)} ${missing(of)}
    </section>
    <section id="timeline" aria-labelledby="timeline-title">
      <h2 id="timeline-title">How it went on</h2>
      ${timelinePlot({ timeline, waits: of.grants.longest }, at)} ${went(timeline)}
      ${grantsOf(of.grants, { id, form: !sent })} ${breaks(timeline, at)}
    </section>
    <section id="calls" aria-labelledby="calls-title">
      <h2 id="calls-title">Calls to the partner</h2>
      ${callsOf(of.calls, { id, at })}
    </section>
    <section id="lineage" aria-labelledby="lineage-title">
      <h2 id="lineage-title">Where its records come from</h2>
      ${lineage(of)}
    </section>
    ${actions(viewer, formsOf(of, viewer))}`;
  return { title: id, body, at };
}

/** A run that goes on can be paused; of one that has ended, each stream that is not `ok` can be read again. */
function formsOf({ run, streams, pause }: RunFacts, viewer: Viewer): readonly Html[] {
  if (run === null) return [];
  if (run.finishedAt === null) return [pauseForm({ scope: 'run', target: run.runId, pause }, viewer)];
  return run.streams
    .filter((name) => streams.findLast(({ stream }) => stream === name)?.outcome !== 'ok')
    .map((stream) => retryForm({ run: run.runId, stream }, viewer));
}

function balance(streams: readonly StreamDetail[]): Html {
  const shown = fateCounts.filter((fate) => fate !== 'deleted' || streams.some(({ counts }) => counts.deleted > 0));
  const wrong = streams.filter(({ counts }) => !balances(counts));
  return html`${table({
    caption: 'The balance of each stream: fetched is the sum of the columns that follow it',
    none: 'No stream of it has begun.',
    rows: streams,
    columns: [
      { title: 'Stream', cell: (stream) => html`<a href="${streamPath(stream)}">${stream.stream}</a>` },
      {
        title: 'Ended',
        cell: ({ outcome, undone }) =>
          html`${outcomeBadge(outcome)}${undone !== undefined && html` <span class="quiet">undone</span>`}`,
      },
      { title: 'Fetched', isNumber: true, cell: ({ counts }) => count(counts.fetched) },
      ...shown.map((fate) => ({
        title: titleOf(fate),
        isNumber: true,
        cell: ({ counts }: StreamDetail) => count(counts[fate]),
      })),
      { title: 'Pages', isNumber: true, cell: ({ pages }) => count(pages) },
      { title: 'Requests', isNumber: true, cell: ({ requests }) => count(requests) },
      { title: 'Size', isNumber: true, cell: (stream) => bytes(stream.bytes) },
    ],
  })}${
    streams.length > 0 &&
    (wrong.length === 0
      ? html`<p class="quiet">Of each stream, fetched is the sum of what follows: no record got lost on the way.</p>`
      : html`<p class="reason">
          The balance of ${wrong.map(({ stream }) => stream).join(', ')} does not add up: this is a fault of Syncline,
          please report it.
        </p>`)
  }`;
}

/** Why streams are not `ok`, and what those wait for that have not ended. */
function reasons(streams: readonly StreamDetail[], at: string): Html | undefined {
  const told = streams.flatMap(({ stream, reason, state, deferredUntil, deferredCause, counts, settled }) => [
    ...(reason === null
      ? []
      : [
          html`<dt>${stream}</dt>
            <dd>${words(reason)}</dd>`,
        ]),
    ...(state === 'running' && deferredUntil !== null
      ? [
          html`<dt>${stream}</dt>
            <dd>
              waits until ${when(deferredUntil, at)}: ${words(deferredCause ?? 'a short wait that nobody wrote down')}
            </dd>`,
        ]
      : []),
    ...(settled === undefined
      ? []
      : [
          html`<dt>${stream}</dt>
            <dd>${count(settled)} of ${count(counts.quarantined)} quarantined records were settled since</dd>`,
        ]),
  ]);
  return told.length === 0 ? undefined : html`<dl class="reasons">${told}</dl>`;
}

function missing({ run, streams }: RunFacts): Html | undefined {
  if (run === null) return undefined;
  const left = run.streams.filter((name) => !streams.some(({ stream }) => stream === name));
  if (left.length === 0) return undefined;
  return html`<p>${run.finishedAt === null ? 'Not begun yet' : 'Not read by this run'}: ${left.join(', ')}.</p>`;
}

const secondOf = (iso: string | null): Html => (iso === null ? html`<span class="quiet">–</span>` : second(iso));

const went = (timeline: readonly StreamTimeline[]): Html =>
  table({
    caption: 'How each stream went on',
    none: 'No stream of it has begun.',
    rows: timeline,
    columns: [
      { title: 'Stream', cell: ({ stream }) => stream },
      { title: 'Began, UTC', cell: ({ startedAt }) => secondOf(startedAt) },
      { title: 'First page', cell: ({ firstPageAt }) => secondOf(firstPageAt) },
      { title: 'Last page', cell: ({ lastPageAt }) => secondOf(lastPageAt) },
      { title: 'Ended', cell: ({ finishedAt }) => secondOf(finishedAt) },
      { title: 'Batches', isNumber: true, cell: ({ batches }) => count(batches) },
      { title: 'By later attempts', isNumber: true, cell: ({ retried }) => count(retried) },
      { title: 'Grants', isNumber: true, cell: ({ workers }) => count(workers) },
    ],
  });

/** The longest times in which nothing was fetched, whatever the reason: slow answers are among them. */
function breaks(timeline: readonly StreamTimeline[], at: string): Html | undefined {
  const all = timeline
    .flatMap(({ stream, breaks }) => breaks.map((each) => ({ stream, ...each })))
    .toSorted((a, b) => b.ms - a.ms);
  if (all.length === 0) return undefined;
  return html`<h3>Longest breaks between two pages</h3>
    ${table({
      caption: 'Longest breaks between two pages',
      none: '',
      rows: all.slice(0, 12),
      columns: [
        { title: 'Stream', cell: ({ stream }) => stream },
        { title: 'After page', isNumber: true, cell: ({ afterPage }) => count(afterPage) },
        { title: 'From', cell: ({ from }) => when(from, at) },
        { title: 'For', isNumber: true, cell: ({ ms }) => formatDuration(ms) },
      ],
    })}`;
}

function lineage({ streams, timeline }: RunFacts): Html {
  const of = (syncId: string): StreamTimeline | undefined => timeline.find((each) => each.syncId === syncId);
  return html`${table({
      caption: 'Where the records of each stream come from',
      none: 'No stream of it has begun.',
      rows: streams,
      columns: [
        { title: 'Stream', cell: ({ stream }) => stream },
        { title: 'Its own id', cell: ({ syncId }) => html`<code>${syncId}</code>` },
        { title: 'Range that was read', cell: ({ range }) => range ?? html`<span class="quiet">all there is</span>` },
        {
          title: 'Definition',
          cell: ({ syncId }) => html`<code>${of(syncId)?.definitionVersion.slice(0, 12) ?? ''}</code>`,
        },
        {
          title: "The partner's ids of the first and last request",
          cell: ({ syncId }) => html`${(of(syncId)?.requestIds ?? []).map((each) => html`<code>${each}</code> `)}`,
        },
      ],
    })}
    <p class="quiet">
      Each batch: <code>select * from syncline.batches where sync_id = '…'</code>. What became of one record:
      <code>syncline trace PARTNER STREAM KEY</code>.
    </p>`;
}
