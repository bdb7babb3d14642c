import { html, Html } from '../core/html.ts';
import type { ReadRows } from '../store/duplicates/pair-values.ts';
import type { PlannedPair } from '../store/duplicates/pairs.ts';
import type { DuplicatePlan } from '../store/duplicates/plans.ts';
import { pairSides } from '../ui/parts/pair-sides.ts';
import { style } from '../ui/parts/style.ts';

/** A plan as one HTML file that loads nothing: pairs side by side, the weakest of each cluster first. It is written piece by piece. */
export function planHead({ plan, name, madeAt, pairs, counts }: DuplicatePlan): string {
  return `<!doctype html>\n<html lang="en"><head>${
    html`<meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
      <title>Plan ${plan} of ${name}</title>
      <style>
        ${new Html(style)}
      </style>`.text
  }</head><body><main>${
    html`<h1>Plan ${plan} of ${name}</h1>
      <p>
        ${pairs} pairs in ${counts.clusters ?? 0} clusters, found at ${madeAt}. Rows are shown as they were when this
        file was written. Decide with <code>syncline duplicates approve ${plan} --cluster N --reason …</code> or
        <code>reject</code>.
      </p>`.text
  }`;
}

export const planTail = '</main></body></html>\n';

export function pairHtml(pair: PlannedPair, rows: ReadRows, fields: readonly string[]): string {
  const state = pair.applied ? 'in force' : (pair.decision ?? `proposed: ${pair.found}`);
  return html`<section>
    <h2>Cluster ${pair.cluster}, pair ${pair.pair}</h2>
    <p>
      ${pair.rule}, probability ${pair.probability.toFixed(4)},
      ${state}${pair.held === null ? '' : `, held: ${pair.held}`}
    </p>
    ${pairSides(pair, rows, fields)}
  </section>`.text;
}
