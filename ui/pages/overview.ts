import type { AlertRow } from '../../core/alert.ts';
import { html, type Html } from '../../core/html.ts';
import type { UndecidedPlan } from '../../store/duplicates/plan-facts.ts';
import type { StreamThatDiffers } from '../../store/reconcile/open-findings.ts';
import type { Overview, ShownStream } from '../facts/read-overview.ts';
import { troublesOfWebhooks } from '../facts/partner-troubles.ts';
import { inOrder, type Trouble } from '../facts/trouble.ts';
import { badge, standingOf } from '../parts/badge.ts';
import { partnerPath, planPath, reconciliationPath } from '../parts/links.ts';
import { count, counted } from '../parts/numbers.ts';
import { table } from '../parts/table.ts';
import { when } from '../parts/times.ts';
import { troubleList } from '../parts/trouble-list.ts';
import type { Page } from './page.ts';

const MOST_TROUBLES = 40;

/** What is late or wrong first; then all partners. */
export function overviewPage(
  { at, streams, troubles: found }: Overview,
  open: readonly AlertRow[] = [],
  waiting: WaitsForPeople = { plans: [], differ: [] },
): Page {
  const troubles = inOrder([...found, ...troublesOfWebhooks(open)]);
  const urgent = troubles.filter(({ level }) => level !== 'note');
  const notes = troubles.filter(({ level }) => level === 'note');
  const alerts =
    open.length > 0 && html`<p>People are told of <a href="/alerts">${counted(open.length, 'open alert')}</a>.</p>`;
  const body = html` ${summary(streams)} ${alerts} ${plansToDecide(waiting.plans)} ${streamsToRepair(waiting.differ)}
    <section id="troubles" aria-labelledby="troubles-title">
      <h2 id="troubles-title">${urgent.length === 0 ? 'Nothing is late or wrong' : 'Late or wrong'}</h2>
      ${urgent.length === 0 ? html`<p class="good">All streams are as fresh as they promise, and their last runs ended well.</p>` : troubleList(urgent, { at, most: MOST_TROUBLES, caption: 'Late or wrong, the worst first' })}
    </section>
    ${
      notes.length > 0 &&
      html`<section id="notes" aria-labelledby="notes-title">
        <h2 id="notes-title">Good to know</h2>
        ${troubleList(notes, { at, most: MOST_TROUBLES, caption: 'What goes on by itself, or was ordered by a person' })}
      </section>`
    }
    <section id="partners" aria-labelledby="partners-title">
      <h2 id="partners-title">Partners</h2>
      ${partners(streams, troubles, at)}
    </section>`;
  return { title: 'Overview', body, at };
}

/** What goes on only when somebody decides something, and is not late or wrong by itself. */
export interface WaitsForPeople {
  readonly plans: readonly UndecidedPlan[];
  readonly differ: readonly StreamThatDiffers[];
}

const NAMED = 3;

/** One line: the first ones, and how many more. */
function line(all: readonly Html[], more: Html): Html {
  const left = all.length - NAMED;
  return html`${all.slice(0, NAMED).map((one, n) => html`${n > 0 && ', '}${one}`)}${left > 0 && html` and ${count(left)} ${more}`}`;
}

const plansToDecide = (plans: readonly UndecidedPlan[]): Html | undefined =>
  plans.length === 0
    ? undefined
    : html`<p id="to-decide">
        Pairs of duplicates wait for a decision:
        ${line(
          plans.map(({ plan, name }) => html`<a href="${planPath(plan)}?decision=none">plan ${plan} of ${name}</a>`),
          html`<a href="/duplicates">more plans</a>`,
        )}.
      </p>`;

const streamsToRepair = (differ: readonly StreamThatDiffers[]): Html | undefined =>
  differ.length === 0
    ? undefined
    : html`<p id="differ">
        Records differ from what the partner has:
        ${line(
          differ.map(
            ({ reconciliation, partner, stream, open }) =>
              html`<a href="${reconciliationPath(reconciliation)}">${count(open)} of ${partner} / ${stream}</a>`,
          ),
          html`<a href="/reconciliations">more streams</a>`,
        )}.
      </p>`;

/** One line that says whether anybody has to look at all. */
function summary(streams: readonly ShownStream[]): Html {
  if (streams.length === 0)
    return html`<p>
      No stream is known yet: <code>syncline sync PARTNER</code> starts one, or write a definition (<code
        >syncline init</code
      >).
    </p>`;
  const late = streams.filter(({ freshness }) => freshness?.late === true).length;
  const wrong = streams.filter((stream) => stream.worst === 'bad' && stream.freshness?.late !== true).length;
  const look = streams.filter(({ worst }) => worst === 'warning').length;
  const running = streams.filter(({ running }) => running).length;
  const well = streams.filter(({ worst }) => worst === null || worst === 'note').length;
  return html`<ul class="tiles" id="summary" aria-label="${counted(streams.length, 'stream')}">
    ${tile(late, 'late', 'bad', 'late')} ${tile(wrong, 'wrong', 'bad', 'wrong')}
    ${tile(look, 'to look at', 'warning', 'look')} ${tile(running, 'running', 'note', 'running')}
    ${tile(well, 'as they should be', 'good', 'well')}
  </ul>`;
}

const tile = (n: number, word: string, tone: string, state: string): Html =>
  html`<li class="${n === 0 ? 'none' : tone}">
    <a href="/streams?state=${state}"><strong>${count(n)}</strong> ${word}</a>
  </li>`;

interface Row {
  readonly partner: string;
  readonly streams: readonly ShownStream[];
  readonly troubles: readonly Trouble[];
}

function partners(streams: readonly ShownStream[], troubles: readonly Trouble[], at: string): Html {
  const byPartner = new Map<string, ShownStream[]>();
  for (const stream of streams) byPartner.set(stream.partner, [...(byPartner.get(stream.partner) ?? []), stream]);
  const rows = [...byPartner].map(([partner, own]): Row => ({
    partner,
    streams: own,
    troubles: troubles.filter((trouble) => trouble.partner === partner),
  }));
  return table({
    caption: 'All partners',
    none: 'There is no partner yet.',
    rows,
    columns: [
      { title: 'Partner', cell: ({ partner }) => html`<a href="${partnerPath(partner)}">${partner}</a>` },
      { title: 'Stands', cell: standing },
      { title: 'Streams', isNumber: true, cell: (row) => count(row.streams.length) },
      { title: 'Last ended', cell: (row) => when(latest(row.streams.map(({ lastFinishedAt }) => lastFinishedAt)), at) },
      { title: 'Waiting', isNumber: true, cell: (row) => count(sum(row.streams.map(({ waiting }) => waiting))) },
      {
        title: 'Quarantine',
        isNumber: true,
        cell: (row) => count(sum(row.streams.map(({ quarantined }) => quarantined))),
      },
    ],
  });
}

function standing({ streams, troubles }: Row): Html {
  const words = new Map<string, number>();
  for (const stream of streams) {
    const { word } = standingOf(stream);
    words.set(word, (words.get(word) ?? 0) + 1);
  }
  if (troubles.length === 0 && words.size === 1 && words.has('ok')) return badge('ok', 'good');
  const tone = (word: string) =>
    standingOf(streams.find((stream) => standingOf(stream).word === word) as ShownStream).tone;
  return html`${[...words].map(([word, n]) => html`${badge(n === streams.length ? word : `${count(n)} ${word}`, tone(word))} `)}`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
const latest = (times: readonly (string | null)[]): string | null =>
  times.reduce((last, time) => (time !== null && (last === null || time > last) ? time : last), null);
