import type { Approval } from '../../core/approval.ts';
import { describeWave } from '../../core/approval.ts';
import { html, type Html } from '../../core/html.ts';
import type { PauseScope, PersonPause } from '../../core/person-pause.ts';
import { describePause } from '../../core/person-pause.ts';
import type { Viewer } from '../sign-in/viewer.ts';
import { actionForm } from './action-form.ts';

/** What somebody who has signed in can do here; for others, where to sign in. */
export function actions(viewer: Viewer, forms: readonly (Html | undefined)[]): Html | undefined {
  const shown = forms.filter((form) => form !== undefined);
  if (shown.length === 0) return undefined;
  if (viewer.by === null)
    return viewer.maySignIn
      ? html`<p class="quiet">Who has <a href="/sign-in">signed in</a> can pause, resume, retry and approve here.</p>`
      : undefined;
  return html`<section id="actions" aria-labelledby="actions-title">
    <h2 id="actions-title">Do something</h2>
    ${shown}
  </section>`;
}

export function pauseForm(
  { scope, target, pause }: { readonly scope: PauseScope; readonly target: string; readonly pause: PersonPause | null },
  viewer: Viewer,
): Html {
  const fields = { target };
  const what = scope === 'partner' ? 'all of this partner' : 'this run';
  return pause === null
    ? html`<p>A pause stops ${what} at the end of its pages. Nothing is lost, and nothing is read twice.</p>
        ${actionForm({ buttons: [{ action: 'pause', does: `Pause ${what}` }], fields, viewer })}`
    : html`<p>${describePause(pause)}</p>
        ${actionForm({ buttons: [{ action: 'resume', does: `Resume ${what}` }], fields, viewer })}`;
}

export const retryForm = ({ run, stream }: { readonly run: string; readonly stream: string }, viewer: Viewer): Html =>
  html`<p>Reads ${stream} once more; the other streams stay as they are.</p>
    ${actionForm({ buttons: [{ action: 'retry', does: `Read ${stream} again` }], fields: { target: run, stream }, viewer })}`;

/** Of an alert: for how long, and why. */
export const silenceForm = (id: number, viewer: Viewer): Html =>
  actionForm({
    buttons: [{ action: 'silence', does: 'Silence' }],
    fields: { target: String(id) },
    asks: html`<label
      >For
      <select name="for">
        <option value="1h">an hour</option>
        <option value="4h">four hours</option>
        <option value="1d">a day</option>
        <option value="7d">a week</option>
      </select></label
    >`,
    viewer,
  });

export const unsilenceForm = (id: number, viewer: Viewer): Html =>
  actionForm({ buttons: [{ action: 'unsilence', does: 'End the silence' }], fields: { target: String(id) }, viewer });

export function approvalForms(approval: Approval, viewer: Viewer): Html {
  const fields = { target: String(approval.id) };
  return html`<p>${describeWave(approval)}. Some of them: <code>syncline approvals show ${approval.id}</code>.</p>
    ${actionForm({ buttons: [{ action: 'approve', does: 'Delete them' }], fields, viewer })}
    ${actionForm({ buttons: [{ action: 'reject', does: 'Keep them' }], fields, viewer })}`;
}
