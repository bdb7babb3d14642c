import { html, type Html } from '../../core/html.ts';
import type { PlanFacts } from '../facts/read-plan.ts';
import type { Viewer } from '../sign-in/viewer.ts';
import { actionForm } from './action-form.ts';
import { counted } from './numbers.ts';

/** To apply what is approved of a plan, and to undo it: all, or one rule. Both ask once more before they do it. */
export function changeForms({ plan, counts }: PlanFacts, viewer: Viewer): Html | undefined {
  const fields = { target: String(plan.plan) };
  const toApply = plan.state === 'ready' && plan.approved > 0;
  if (!toApply && plan.applied === 0) return undefined;
  return html`<section id="actions" aria-labelledby="actions-title">
    <h2 id="actions-title">Do something</h2>
    ${
      toApply &&
      html`<p>What is approved comes in force: golden records show it at once. No row changes.</p>
        ${actionForm({ buttons: [{ action: 'apply-plan', does: 'Apply what is approved' }], fields, viewer })}`
    }
    ${
      plan.applied > 0 &&
      html`<p>
          ${counted(plan.applied, 'pair is', 'pairs are')} in force. An undo leaves everything as if it had never been
          applied.
        </p>
        ${actionForm({
          buttons: [{ action: 'undo-plan', does: 'Undo' }],
          fields,
          asks: html`<label
            >What
            <select name="rule">
              <option value="">all of it</option>
              ${[...new Set(counts.map(({ rule }) => rule))].map((rule) => html`<option value="${rule}">rule ${rule}</option>`)}
            </select></label
          >`,
          viewer,
        })}`
    }
  </section>`;
}
