import { html, type Html } from '../../core/html.ts';
import { findingKinds, findingMeaning, openOf } from '../../core/reconcile.ts';
import type { Reconciliation } from '../../store/reconcile/read-reconciliations.ts';
import type { Viewer } from '../sign-in/viewer.ts';
import { actionForm } from './action-form.ts';
import { count } from './numbers.ts';

/** What a later version in the store means, only the partner can say. */
const mendable = findingKinds.filter((kind) => kind !== 'newer-in-store');

/** To repair what a reconciliation found, by kind. It asks once more before it does it. */
export function repairForm({ id, findings }: Reconciliation, viewer: Viewer): Html | undefined {
  const kinds = mendable.filter((kind) => openOf(findings, [kind]) > 0);
  if (kinds.length === 0) return undefined;
  return html`<section id="actions" aria-labelledby="actions-title">
    <h2 id="actions-title">Do something</h2>
    <p>
      A repair reads the partner once more, and what still differs lands as all records do. Of <code>extra</code> it
      deletes what only the store has: that is chosen by nobody but you.
    </p>
    ${actionForm({
      buttons: [{ action: 'repair', does: 'Repair' }],
      fields: { target: id },
      asks: html`<fieldset>
        <legend>What</legend>
        ${kinds.map(
          (kind) =>
            html`<label
              ><input type="checkbox" name="kind-${kind}" value="yes" ${kind !== 'extra' && html`checked`} />
              ${kind}: ${count(openOf(findings, [kind]))}
              <span class="quiet">${findingMeaning[kind]}${kind === 'extra' && ': it is deleted'}</span></label
            >`,
        )}
      </fieldset>`,
      viewer,
    })}
  </section>`;
}
