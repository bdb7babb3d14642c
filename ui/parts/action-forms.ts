import type { Approval } from '../../core/approval.ts';
import { describeWave } from '../../core/approval.ts';
import { html, type Html } from '../../core/html.ts';
import type { PauseScope, PersonPause } from '../../core/person-pause.ts';
import { describePause } from '../../core/person-pause.ts';
import type { Viewer } from '../sign-in/viewer.ts';

/** A form that changes something. What stands in `form` is known to this page only, so that no other site can send it. */
function actionForm(of: {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
  /** What the button says. */
  readonly does: string;
  readonly viewer: Viewer;
}): Html {
  const { action, fields, does, viewer } = of;
  const hidden = { ...fields, form: viewer.form };
  return html`<form method="post" action="/actions/${action}" class="act">
    ${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    <label>Reason <input type="text" name="reason" required maxlength="400" autocomplete="off" /></label>
    <button>${does}</button>
  </form>`;
}

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
        ${actionForm({ action: 'pause', fields, does: `Pause ${what}`, viewer })}`
    : html`<p>${describePause(pause)}</p>
        ${actionForm({ action: 'resume', fields, does: `Resume ${what}`, viewer })}`;
}

export const retryForm = ({ run, stream }: { readonly run: string; readonly stream: string }, viewer: Viewer): Html =>
  html`<p>Reads ${stream} once more; the other streams stay as they are.</p>
    ${actionForm({ action: 'retry', fields: { target: run, stream }, does: `Read ${stream} again`, viewer })}`;

/** Of an alert: for how long, and why. */
export const silenceForm = (id: number, viewer: Viewer): Html =>
  html`<form method="post" action="/actions/silence" class="act">
    <input type="hidden" name="target" value="${id}" /><input type="hidden" name="form" value="${viewer.form}" />
    <label
      >For
      <select name="for">
        <option value="1h">an hour</option>
        <option value="4h">four hours</option>
        <option value="1d">a day</option>
        <option value="7d">a week</option>
      </select></label
    >
    <label>Reason <input type="text" name="reason" required maxlength="400" autocomplete="off" /></label>
    <button>Silence</button>
  </form>`;

export const unsilenceForm = (id: number, viewer: Viewer): Html =>
  actionForm({ action: 'unsilence', fields: { target: String(id) }, does: 'End the silence', viewer });

export function approvalForms(approval: Approval, viewer: Viewer): Html {
  const fields = { target: String(approval.id) };
  return html`<p>${describeWave(approval)}. Some of them: <code>syncline approvals show ${approval.id}</code>.</p>
    ${actionForm({ action: 'approve', fields, does: 'Delete them', viewer })}
    ${actionForm({ action: 'reject', fields, does: 'Keep them', viewer })}`;
}
