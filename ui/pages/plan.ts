import { html, type Html } from '../../core/html.ts';
import type { Change } from '../../store/duplicates/changes.ts';
import type { PairCounts } from '../../store/duplicates/plan-facts.ts';
import type { PlanFacts } from '../facts/read-plan.ts';
import { badge } from '../parts/badge.ts';
import { deedResult } from '../parts/deed-result.ts';
import { planPath } from '../parts/links.ts';
import { count, counted } from '../parts/numbers.ts';
import { pairList } from '../parts/pair-list.ts';
import { changeForms } from '../parts/plan-forms.ts';
import { facts, table } from '../parts/table.ts';
import { when } from '../parts/times.ts';
import type { Viewer } from '../sign-in/viewer.ts';
import { standingOfPlan } from './duplicates.ts';
import type { Page } from './page.ts';

/** A plan: what it proposes and what became of it; for people who have signed in also its pairs, side by side. */
export function planPage(of: PlanFacts, viewer: Viewer): Page {
  const { at, plan, counts, changes, pairs, done } = of;
  const { word, tone } = standingOfPlan(plan);
  const open = changes.filter(({ endedAt }) => endedAt === null);
  const body = html`${done !== null && html`<p id="result" role="status">${deedResult(done)}</p>`}
    <section id="standing" aria-labelledby="standing-title">
      <h2 id="standing-title" class="unseen">How it stands</h2>
      ${facts([
        ['Stands', badge(word, tone)],
        ['Made', html`${when(plan.madeAt, at)} by ${plan.by}`],
        ['Pairs', html`${count(plan.pairs)} in ${counted(plan.counts.clusters ?? 0, 'cluster')}`],
        ['Approved', count(plan.approved)],
        ['Rejected', count(plan.rejected)],
        ['Undecided', count(plan.undecided)],
        ['In force', count(plan.applied)],
        ...(plan.follows === null
          ? []
          : [['Follows', html`<a href="${planPath(plan.follows)}">plan ${plan.follows}</a>`] as const]),
      ])}
      ${open.map((change) => underWay(change, plan.counts.clusters ?? 0))}
    </section>
    <section id="rules" aria-labelledby="rules-title">
      <h2 id="rules-title">By rule</h2>
      ${byRule(counts, plan.plan)}
    </section>
    ${viewer.by !== null && changeForms(of, viewer)}
    <section id="changes" aria-labelledby="changes-title">
      <h2 id="changes-title">What was applied and undone</h2>
      ${pastChanges(changes, at)}
    </section>
    <section id="pairs" aria-labelledby="pairs-title">
      <h2 id="pairs-title">Pairs</h2>
      ${pairs === null ? notForYou(viewer) : pairList({ plan: plan.plan, counts, shown: pairs, reason: done?.by === viewer.by ? done?.reason : undefined }, viewer)}
    </section>`;
  return { title: `Plan ${plan.plan} of ${plan.name}`, body, at };
}

/** Pairs and their rows say who somebody is: only people who may act see them. */
const notForYou = ({ maySignIn }: Viewer): Html =>
  html`<p class="quiet">
    Pairs show what your records say.
    ${maySignIn ? html`They are shown to people who have <a href="/sign-in">signed in</a>.` : html`They are shown to people who have signed in, and nobody can: set <code>SYNCLINE_UI_TOKEN</code>.`}
  </p>`;

/** A change is made in pieces, cluster by cluster. */
const underWay = ({ action, by, links, doneTo }: Change, clusters: number): Html =>
  html`<p id="under-way">
    ${badge(action === 'apply' ? 'is being applied' : 'is being undone', 'note')} by ${by}: up to cluster
    ${count(doneTo)} of ${count(clusters)}, ${counted(links, 'pair')} so far.
    <meter min="0" max="${Math.max(1, clusters)}" value="${doneTo}" aria-label="clusters that are done"></meter>
  </p>`;

const byRule = (counts: readonly PairCounts[], plan: number): Html =>
  table({
    caption: 'Pairs by rule and by what the thresholds say',
    none: 'It has no pair.',
    rows: counts,
    columns: [
      {
        title: 'Rule',
        cell: ({ rule, found }) =>
          html`<a href="${planPath(plan)}?rule=${encodeURIComponent(rule)}&found=${found}#pairs">${rule}</a>`,
      },
      { title: 'Proposal', cell: ({ found }) => (found === 'merge' ? 'to merge' : 'for a person to decide') },
      { title: 'Pairs', isNumber: true, cell: ({ pairs }) => count(pairs) },
      { title: 'Approved', isNumber: true, cell: ({ approved }) => count(approved) },
      { title: 'Rejected', isNumber: true, cell: ({ rejected }) => count(rejected) },
      { title: 'Undecided', isNumber: true, cell: (of) => count(of.pairs - of.approved - of.rejected) },
    ],
  });

const pastChanges = (changes: readonly Change[], at: string): Html =>
  table({
    caption: 'What was applied and undone, the newest first',
    none: 'Nothing of it was ever applied.',
    rows: changes,
    columns: [
      { title: 'When', cell: ({ begunAt }) => when(begunAt, at) },
      { title: 'What', cell: ({ action, scope }) => `${action} ${scopeWords(scope)}` },
      { title: 'Who', cell: ({ by }) => by },
      { title: 'Why', cell: ({ reason }) => reason },
      { title: 'Pairs', isNumber: true, cell: ({ links }) => count(links) },
      { title: 'Ended', cell: ({ endedAt, givenUp }) => (givenUp ? 'given up for a later one' : when(endedAt, at)) },
    ],
  });

/** `all`, `rule same-email`, `cluster 7`, `pair 12`, `12 pairs`. */
const scopeWords = ({ pairs, ...scope }: Change['scope']): string =>
  [
    ...Object.entries(scope).map(([name, value]) => `${name} ${value}`),
    ...(pairs === undefined ? [] : [counted(pairs.length, 'pair')]),
  ].join(', ') || 'all';
