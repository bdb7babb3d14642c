import { html, type Html } from '../../core/html.ts';
import type { Overview, ShownStream } from '../facts/read-overview.ts';
import { count, counted } from '../parts/numbers.ts';
import { partnerPath, streamPath } from '../parts/links.ts';
import { streamTable } from '../parts/stream-table.ts';
import type { Page } from './page.ts';

export const streamStates = ['all', 'trouble', 'late', 'wrong', 'look', 'running', 'well'] as const;
export type StreamState = (typeof streamStates)[number];

const words: Readonly<Record<StreamState, string>> = {
  all: 'all',
  trouble: 'late or wrong',
  late: 'late',
  wrong: 'wrong',
  look: 'to look at',
  running: 'running',
  well: 'as they should be',
};

const fits: Readonly<Record<StreamState, (stream: ShownStream) => boolean>> = {
  all: () => true,
  trouble: ({ worst }) => worst === 'bad' || worst === 'warning',
  late: ({ freshness }) => freshness?.late === true,
  wrong: ({ worst, freshness }) => worst === 'bad' && freshness?.late !== true,
  look: ({ worst }) => worst === 'warning',
  running: ({ running }) => running,
  well: ({ worst }) => worst === null || worst === 'note',
};

const EACH = 200;

/** All streams, or those in some state, or whose name holds a text. */
export function streamsPage(
  { at, streams }: Overview,
  { state, text, page }: { readonly state: StreamState; readonly text: string; readonly page: number },
): Page {
  const found = streams.filter(
    (stream) =>
      fits[state](stream) && (text === '' || `${stream.partner}.${stream.stream}`.includes(text.toLowerCase())),
  );
  const shown = found.slice((page - 1) * EACH, page * EACH);
  const body = html` <form method="get" action="/streams" role="search">
      <label>Name <input type="search" name="q" value="${text}" autocomplete="off" /></label>
      <label
        >Which
        <select name="state">
          ${streamStates.map((each) => html`<option value="${each}" ${each === state && html` selected`}>${words[each]}</option>`)}
        </select></label
      >
      <button>Show</button>
    </form>
    <p>${counted(found.length, 'stream')} of ${count(streams.length)}.</p>
    ${streamTable(shown, { at, caption: 'Streams', none: 'No such stream.', name: ({ partner, stream }) => html`<a href="${partnerPath(partner)}">${partner}</a> / <a href="${streamPath({ partner, stream })}">${stream}</a>` })}
    ${pages(found.length, { state, text, page })}`;
  return { title: 'Streams', body, at };
}

function pages(
  found: number,
  { state, text, page }: { readonly state: StreamState; readonly text: string; readonly page: number },
): Html | undefined {
  const last = Math.ceil(found / EACH);
  if (last <= 1) return undefined;
  const to = (n: number): string => `/streams?${new URLSearchParams({ q: text, state, page: String(n) }).toString()}`;
  return html`<nav aria-label="Further streams">
    <ul class="pages">
      ${Array.from({ length: last }, (_, n) => n + 1).map(
        (n) => html`<li><a href="${to(n)}" ${n === page && html` aria-current="page"`}>${n}</a></li>`,
      )}
    </ul>
  </nav>`;
}
