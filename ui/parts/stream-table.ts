import { ageText } from '../../core/freshness.ts';
import { html, type Html } from '../../core/html.ts';
import type { Glimpse } from '../../store/inspect/stream-history.ts';
import type { ShownStream } from '../facts/read-overview.ts';
import { badge, standingOf } from './badge.ts';
import { runPath } from './links.ts';
import { count } from './numbers.ts';
import { table } from './table.ts';
import { when } from './times.ts';

/** Streams with how they stand. `glimpses`: their last runs, where they were read. */
export function streamTable(
  streams: readonly ShownStream[],
  of: {
    readonly at: string;
    readonly caption: string;
    readonly none: string;
    readonly name: (stream: ShownStream) => Html;
    readonly glimpses?: ReadonlyMap<string, readonly Glimpse[]>;
  },
): Html {
  const { at, caption, none, name, glimpses } = of;
  return table({
    caption,
    none,
    rows: streams,
    columns: [
      { title: 'Stream', cell: name },
      {
        title: 'Stands',
        cell: (stream) => {
          const { word, tone } = standingOf(stream);
          return badge(word, tone);
        },
      },
      { title: 'Age of its data', cell: ageOf },
      {
        title: 'Last run ended',
        cell: ({ lastFinishedAt, lastRun }) =>
          html`${when(lastFinishedAt, at)}${lastRun !== null && html` <a href="${runPath(lastRun)}" aria-label="the run ${lastRun}">run</a>`}`,
      },
      ...(glimpses === undefined
        ? []
        : [{ title: 'Last runs', cell: ({ stream }: ShownStream) => strip(glimpses.get(stream) ?? []) }]),
      {
        title: 'Waiting',
        isNumber: true,
        cell: ({ waiting, overdue }) =>
          overdue > 0 ? html`${count(waiting)} <strong>(${count(overdue)} overdue)</strong>` : count(waiting),
      },
      { title: 'Quarantine', isNumber: true, cell: ({ quarantined }) => count(quarantined) },
    ],
  });
}

/** `3.1h of 26h`. */
export function ageOf({ freshness, freshAt }: ShownStream): Html | string {
  if (freshness === null) return freshAt === null ? '–' : html`<span class="quiet">no promise</span>`;
  const { ageMs, promiseMs, late } = freshness;
  const text = `${ageMs === null ? 'never' : ageText(ageMs)} of ${ageText(promiseMs)}`;
  return late ? html`<strong>${text}</strong>` : text;
}

const strip = (glimpses: readonly Glimpse[]): Html =>
  html`<span
    class="strip"
    role="img"
    aria-label="${glimpses.length === 0 ? 'no runs' : `the last ${glimpses.length}, oldest first: ${glimpses.map(({ outcome }) => outcome).join(', ')}`}"
    >${glimpses.map(
      ({ outcome, window, fetched }) =>
        html`<span class="ended-${outcome}" title="${window}: ${outcome}, ${count(fetched)} rows"></span>`,
    )}</span
  >`;
