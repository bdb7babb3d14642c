import { grantWaits, waitWords } from '../../core/grant-waits.ts';
import { html, words, type Html } from '../../core/html.ts';
import { grantEndWords, waitedWords, waitText } from '../../core/waited-words.ts';
import { shownEnds, type GrantRow, type LongWait } from '../../store/inspect/run-grants.ts';
import type { RunGrants } from '../facts/read-run.ts';
import { runPath } from '../parts/links.ts';
import { count, counted } from '../parts/numbers.ts';
import { table } from '../parts/table.ts';
import { second, took } from '../parts/times.ts';

const SUMS = 40;
const LONGEST = 12;

/** What a run waited for: in all, the longest waits, and grant by grant. `form`: with a way to choose which grants are shown. */
export function grantsOf(of: RunGrants, { id, form }: { readonly id: string; readonly form: boolean }): Html {
  if (of.sums.length === 0)
    return html`<p class="quiet">
      No grant of it is noted: it was read before grants were, or they are not kept any longer.
    </p>`;
  return html`${sums(of)} ${longest(of.longest)}
    <section id="grants" aria-labelledby="grants-title">
      <h3 id="grants-title">Grant by grant</h3>
      ${form && filterForm(of, id)} ${list(of, id)}
    </section>`;
}

function sums({ sums }: RunGrants): Html {
  const rows = sums
    .flatMap(({ stream, waits }) => waits.map((wait) => ({ stream, ...wait })))
    .toSorted((a, b) => b.ms - a.ms);
  const all = sums.reduce((total, { grants }) => total + grants, 0);
  const lost = sums.reduce((total, each) => total + each.lost, 0);
  return html`<h3>What it waited for</h3>
    <p class="quiet">
      ${counted(all, 'grant')} in
      all${lost > 0 && html`, of which ${counted(lost, 'has', 'have')} no end: their workers were killed, or lost the database`}.
      Requests that wait side by side count once. Waits of different streams go on at the same time.
    </p>
    ${table({
      caption: 'What each stream waited for, in all',
      none: 'No stream of it waited for anything.',
      rows: rows.slice(0, SUMS),
      columns: [
        { title: 'Stream', cell: ({ stream }) => stream },
        { title: 'Waited for', cell: ({ reason }) => waitWords[reason] },
        { title: 'In all', isNumber: true, cell: ({ ms }) => waitText(ms) },
        { title: 'Most at one grant', isNumber: true, cell: ({ longestMs }) => waitText(longestMs) },
      ],
    })}
    ${rows.length > SUMS && html`<p class="quiet">And ${count(rows.length - SUMS)} that are shorter.</p>`}`;
}

const longest = (waits: readonly LongWait[]): Html | undefined =>
  waits.length === 0
    ? undefined
    : html`<h3>Longest waits</h3>
        ${table({
          caption: 'The longest waits, and why',
          none: '',
          rows: waits.slice(0, LONGEST),
          columns: [
            { title: 'Stream', cell: ({ stream }) => stream },
            {
              title: 'Where',
              cell: ({ within, number }) => `${within ? 'within' : 'before'} grant ${count(number)}`,
            },
            { title: 'From (UTC)', cell: ({ from }) => second(from) },
            { title: 'For', isNumber: true, cell: ({ ms }) => waitText(ms) },
            {
              title: 'Why',
              cell: ({ reason, cause }) => html`${waitWords[reason]}${cause !== null && html`: ${words(cause)}`}`,
            },
          ],
        })}`;

const list = ({ last, more }: RunGrants, id: string): Html =>
  html`${table<GrantRow>({
    caption: 'Grants, the newest first',
    none: 'No grant of it is like that.',
    rows: last,
    columns: [
      {
        title: 'Grant',
        cell: ({ stream, number, attempt }) =>
          html`${stream} ${count(number)}${attempt > 1 && html` <span class="quiet">attempt ${attempt}</span>`}`,
      },
      { title: 'Asked (UTC)', cell: ({ askedAt }) => second(askedAt) },
      { title: 'Given (UTC)', cell: ({ givenAt }) => second(givenAt) },
      { title: 'Waited before', cell: ({ before }) => waitedWords(before) },
      { title: 'Lasted', isNumber: true, cell: ({ givenAt, endedAt }) => took(givenAt, endedAt) },
      { title: 'Pages', isNumber: true, cell: ({ pages }) => count(pages) },
      { title: 'Records', isNumber: true, cell: ({ records }) => count(records) },
      { title: 'Requests', isNumber: true, cell: ({ requests }) => count(requests) },
      { title: 'Waited within', cell: ({ within }) => waitedWords(within) },
      { title: 'How it ended', cell: (grant) => words(grantEndWords(grant)) },
    ],
  })}${
    more &&
    html`<p class="quiet">
      There are more than these ${count(last.length)}: <code>syncline runs show ${id} --grants 1000</code> has them,
      too.
    </p>`
  }`;

function filterForm({ sums, asked }: RunGrants, id: string): Html {
  const streams = [...new Set(sums.map(({ stream }) => stream))];
  return html`<form method="get" action="${runPath(id)}#grants" role="search" aria-label="Which grants to show">
    ${select('stream', 'Stream', [['', 'all'], ...streams.map((each) => [each, each] as const)], asked.stream ?? '')}
    ${select('waited', 'Waited for', [['', 'anything, or nothing'], ...grantWaits.map((each) => [each, waitWords[each]] as const)], asked.waited ?? '')}
    ${select('ended', 'Ended', [['', 'in any way'], ...shownEnds.map((each) => [each, endNames[each]] as const)], asked.ended ?? '')}
    ${select(
      'show',
      'Show',
      ['50', '200', '1000'].map((each) => [each, each] as const),
      String(asked.show ?? 50),
    )}
    <button>Show</button>
  </form>`;
}

const select = (name: string, label: string, options: readonly (readonly [string, string])[], chosen: string): Html =>
  html`<label
    >${label}
    <select name="${name}">
      ${options.map(([value, text]) => html`<option value="${value}" ${value === chosen && html` selected`}>${text}</option>`)}
    </select></label
  >`;

const endNames: Readonly<Record<(typeof shownEnds)[number], string>> = {
  more: 'with its share',
  done: 'when all was read',
  deferred: 'with a wait',
  failed: 'with a failure',
  stopped: 'stopped',
  lost: 'unknown',
  open: 'not yet',
};
