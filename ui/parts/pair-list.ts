import { html, type Html } from '../../core/html.ts';
import { ReadRows } from '../../store/duplicates/pair-values.ts';
import type { PlannedPair } from '../../store/duplicates/pairs.ts';
import type { PairCounts } from '../../store/duplicates/plan-facts.ts';
import { PAIRS_EACH, type AskedPairs, type ShownPairs } from '../facts/read-plan.ts';
import type { Viewer } from '../sign-in/viewer.ts';
import { actionForm } from './action-form.ts';
import { badge } from './badge.ts';
import { planPath } from './links.ts';
import { count, counted } from './numbers.ts';
import { pairSides } from './pair-sides.ts';

interface PairsOfPlan {
  readonly plan: number;
  readonly counts: readonly PairCounts[];
  readonly shown: ShownPairs;
  /** Of the decision before: whoever looks through many pairs has the same one often. */
  readonly reason: string | undefined;
}

/** Pairs side by side, the weakest of each cluster first, with what to do about each. */
export function pairList(of: PairsOfPlan, viewer: Viewer): Html {
  const { plan, counts, shown } = of;
  const { asked, pairs, fit, next } = shown;
  const clusters = [...new Set(pairs.map(({ cluster }) => cluster))];
  return html`<p>
      The weakest pair of each cluster comes first: if it is right, so are the others. Each field says how alike the two
      rows are in it, and how much that speaks for or against the pair. The weights of all fields add up to its
      probability (<code>docs/duplicates.md</code>).
    </p>
    ${shown.rows === null && html`<p><strong>This process may not read the rows:</strong> run <code>deploy/roles.sql</code> again.</p>`}
    ${filterForm(plan, counts, asked)}
    <p>${counted(fit, 'pair fits', 'pairs fit')}, ${PAIRS_EACH} on a page.</p>
    ${fit > 0 && forAll(of, viewer)}
    ${clusters.map((cluster) => clusterOf(of, viewer, { cluster, own: pairs.filter((pair) => pair.cluster === cluster) }))}
    ${
      (next !== null || asked.after !== undefined) &&
      html`<nav aria-label="Pages of pairs">
        <ul class="pages">
          ${asked.after !== undefined && html`<li><a href="${pathOf(plan, { ...asked, after: undefined })}">First page</a></li>`}
          ${next !== null && html`<li><a href="${pathOf(plan, { ...asked, after: next })}">Next page</a></li>`}
        </ul>
      </nav>`
    }`;
}

const decisions = [
  ['', 'all'],
  ['none', 'undecided'],
  ['merge', 'approved'],
  ['no', 'rejected'],
] as const;
const proposals = [
  ['', 'all'],
  ['merge', 'to merge'],
  ['review', 'for a person'],
] as const;

function filterForm(plan: number, counts: readonly PairCounts[], { filter }: AskedPairs): Html {
  const rules = ['', ...new Set(counts.map(({ rule }) => rule))].map((rule) => [rule, rule || 'all'] as const);
  return html`<form role="search" aria-label="Which pairs" method="get" action="${planPath(plan)}#pairs">
    ${select('rule', 'Rule', rules, filter.rule)} ${select('found', 'Proposal', proposals, filter.found)}
    ${select('decision', 'Decision', decisions, filter.decision)}
    <label>Cluster <input name="cluster" inputmode="numeric" size="7" value="${filter.cluster ?? ''}" /></label>
    <button>Show</button>
  </form>`;
}

const select = (
  name: string,
  title: string,
  options: readonly (readonly [string, string])[],
  chosen: string | undefined,
): Html =>
  html`<label
    >${title}
    <select name="${name}">
      ${options.map(([value, says]) => html`<option value="${value}" ${value === (chosen ?? '') && html`selected`}>${says}</option>`)}
    </select></label
  >`;

/** Decides all that nobody has decided, of what the filter has; without a filter from the threshold on, and never all. */
function forAll({ plan, counts, shown: { asked }, reason }: PairsOfPlan, viewer: Viewer): Html | undefined {
  const { rule, cluster, found, decision, pair } = asked.filter;
  if (decision === 'merge' || decision === 'no' || pair !== undefined || cluster !== undefined) return undefined;
  const chosen = rule === undefined && found === undefined ? 'merge' : found;
  const left = counts
    .filter((of) => (rule ?? of.rule) === of.rule && (chosen ?? of.found) === of.found)
    .reduce((sum, { pairs, approved, rejected }) => sum + pairs - approved - rejected, 0);
  if (left === 0) return undefined;
  const which = `${counted(left, 'undecided pair')}${rule === undefined ? '' : ` of rule ${rule}`}${chosen === undefined ? '' : chosen === 'merge' ? ' from the threshold on' : ' that are for a person'}`;
  return actionForm({
    buttons: [
      { action: 'approve-pairs', does: `Approve ${which}` },
      { action: 'reject-pairs', does: `Reject ${which}` },
    ],
    fields: { target: String(plan), back: pathOf(plan, asked), ...given({ rule, found: chosen }) },
    ...(reason === undefined ? {} : { reason }),
    viewer,
  });
}

function clusterOf(
  of: PairsOfPlan,
  viewer: Viewer,
  { cluster, own }: { readonly cluster: number; readonly own: readonly PlannedPair[] },
): Html {
  const { plan, shown, reason } = of;
  const { asked } = shown;
  const only = { filter: { cluster }, after: undefined };
  return html`<h3>
      Cluster
      ${cluster}${asked.filter.cluster === undefined && html` <a href="${pathOf(plan, only)}">all its pairs</a>`}
    </h3>
    ${
      own.length > 1 &&
      own.some(({ decision }) => decision === null) &&
      actionForm({
        buttons: [
          { action: 'approve-pairs', does: `Approve all of cluster ${cluster}` },
          { action: 'reject-pairs', does: `Reject all of cluster ${cluster}` },
        ],
        fields: { target: String(plan), cluster: String(cluster), back: pathOf(plan, asked) },
        ...(reason === undefined ? {} : { reason }),
        viewer,
      })
    }
    ${own.map((pair) => pairOf(of, viewer, pair))}`;
}

function pairOf({ plan, shown, reason }: PairsOfPlan, viewer: Viewer, pair: PlannedPair): Html {
  const { decision, applied } = pair;
  const buttons = {
    approve: { action: 'approve-pairs', does: decision === 'no' ? 'Approve it after all' : 'Approve' },
    reject: { action: 'reject-pairs', does: decision === 'merge' ? 'Reject it after all' : 'Reject' },
  };
  const fields = { target: String(plan), pair: String(pair.pair), back: pathOf(plan, shown.asked) };
  return html`<article class="pair" id="pair-${pair.pair}" aria-label="Pair ${pair.pair}">
    <p>
      <strong>Pair ${pair.pair}</strong> by ${pair.rule === 'score' ? 'its score' : html`rule ${pair.rule}`}:
      probability ${percent(pair.probability)} ${stateOf(pair)}
    </p>
    ${pairSides(pair, shown.rows ?? new ReadRows(new Map()), shown.rows === null ? [] : shown.fields)}
    ${actionForm({
      buttons:
        decision === null
          ? [buttons.approve, buttons.reject]
          : [
              decision === 'no' ? buttons.approve : buttons.reject,
              ...(applied ? [{ action: 'undo-plan', does: 'Undo this pair' }] : []),
            ],
      fields: decision === null ? fields : { ...fields, again: 'yes' },
      ...(reason === undefined ? {} : { reason }),
      viewer,
    })}
  </article>`;
}

function stateOf({ decision, decidedBy, reason, applied, alsoBy, found, held }: PlannedPair): Html {
  const state = applied
    ? badge('in force', 'good')
    : decision === null
      ? badge(found === 'merge' ? 'proposed to merge' : 'for a person', 'note')
      : badge(decision === 'merge' ? 'approved' : 'rejected', decision === 'merge' ? 'good' : 'plain');
  return html`${state}${decidedBy !== null && html` by ${decidedBy}: ${reason ?? ''}`}${alsoBy.length > 0 && html` In force by plan ${alsoBy.join(', ')}.`}${held !== null && html` It holds nothing: ${heldWords[held]}.`}`;
}

const heldWords = {
  large: 'its cluster would be too large',
  never: 'it would bring together rows that never merge',
} as const;

/** Never 100 % but by a rule that says so. */
const percent = (probability: number): string =>
  probability > 0.9999 && probability < 1 ? 'over 99.99 %' : `${count(probability * 100)} %`;

/** The address of a page of pairs. */
function pathOf(plan: number, { filter, after }: AskedPairs): string {
  const { rule, cluster, pair, found, decision } = filter;
  const asked = given({ rule, cluster, pair, found, decision, after });
  const query = new URLSearchParams(asked).toString();
  return `${planPath(plan)}${query === '' ? '' : `?${query}`}`;
}

const given = (of: Readonly<Record<string, string | number | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(of).flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]])));
