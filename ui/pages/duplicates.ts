import { html } from '../../core/html.ts';
import type { DuplicatePlan } from '../../store/duplicates/plans.ts';
import { badge, type Tone } from '../parts/badge.ts';
import { planPath } from '../parts/links.ts';
import { count } from '../parts/numbers.ts';
import { table } from '../parts/table.ts';
import { when } from '../parts/times.ts';
import type { Page } from './page.ts';

/** All plans of duplicates, with how far people are with each. It shows no record and no key. */
export function duplicatesPage(plans: readonly DuplicatePlan[], { at }: { readonly at: string }): Page {
  const body = html`<p>
      A plan proposes which rows mean the same customer, order or whatever your duplicates.yaml says. Nothing is merged
      before somebody approves it, and what was merged can be undone at any time.
    </p>
    ${table<DuplicatePlan>({
      caption: 'Plans of duplicates, the newest first',
      none: 'There is no plan yet. The command syncline duplicates plan NAME makes one.',
      rows: plans,
      columns: [
        { title: 'Plan', cell: ({ plan, name }) => html`<a href="${planPath(plan)}">${plan} of ${name}</a>` },
        {
          title: 'Stands',
          cell: (plan) => {
            const { word, tone } = standingOfPlan(plan);
            return html`${badge(word, tone)}${plan.follows !== null && html` <span class="quiet">follows <a href="${planPath(plan.follows)}">${plan.follows}</a></span>`}`;
          },
        },
        { title: 'Pairs', isNumber: true, cell: ({ pairs }) => count(pairs) },
        { title: 'Approved', isNumber: true, cell: ({ approved }) => count(approved) },
        { title: 'Rejected', isNumber: true, cell: ({ rejected }) => count(rejected) },
        { title: 'Undecided', isNumber: true, cell: ({ undecided }) => count(undecided) },
        { title: 'In force', isNumber: true, cell: ({ applied }) => count(applied) },
        { title: 'Made', cell: ({ madeAt, by }) => html`${when(madeAt, at)} <span class="quiet">by ${by}</span>` },
      ],
    })}`;
  return { title: 'Duplicates', body, at };
}

/** How a plan stands, in one word. */
export function standingOfPlan({ state, pairs, undecided, approved, applied }: DuplicatePlan): {
  readonly word: string;
  readonly tone: Tone;
} {
  if (state === 'failed') return { word: 'failed', tone: 'bad' };
  if (state === 'finding') return { word: 'looks for pairs', tone: 'note' };
  if (pairs === 0) return { word: 'nothing found', tone: 'plain' };
  if (undecided > 0) return { word: 'to decide', tone: 'warning' };
  if (approved > applied) return { word: 'to apply', tone: 'warning' };
  return applied > 0 ? { word: 'in force', tone: 'good' } : { word: 'decided', tone: 'plain' };
}
