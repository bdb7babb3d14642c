import { html } from '../../core/html.ts';
import { listedOutcomes, type RunSummary } from '../../store/inspect/inspect.ts';
import { runTable } from '../parts/run-table.ts';
import type { Page } from './page.ts';

export interface RunsAsked {
  readonly partner: string;
  readonly outcome: (typeof listedOutcomes)[number] | '';
}

export const RUNS_SHOWN = 100;

export function runsPage(
  runs: readonly RunSummary[],
  { at, partners, asked }: { readonly at: string; readonly partners: readonly string[]; readonly asked: RunsAsked },
): Page {
  const body = html` <form method="get" action="/runs" role="search">
      <label
        >Partner
        <select name="partner">
          ${option('', 'all', asked.partner)}${partners.map((each) => option(each, each, asked.partner))}
        </select></label
      >
      <label
        >Ended
        <select name="outcome">
          ${option('', 'in any way', asked.outcome)}${listedOutcomes.map((each) => option(each, each, asked.outcome))}
        </select></label
      >
      <button>Show</button>
    </form>
    ${runTable(runs, { at, caption: 'Runs, the newest first' })}
    ${runs.length === RUNS_SHOWN && html`<p class="quiet">The newest ${RUNS_SHOWN}. Older ones: <code>syncline runs list --limit 1000</code>.</p>`}`;
  return { title: 'Runs', body, at };
}

const option = (value: string, name: string, chosen: string) =>
  html`<option value="${value}" ${value === chosen && html` selected`}>${name}</option>`;
