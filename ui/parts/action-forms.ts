import { html, type Html, type Part } from '../../core/html.ts';
import type { PauseScope, PersonPause } from '../../core/person-pause.ts';
import { describePause } from '../../core/person-pause.ts';
import type { Viewer } from '../sign-in/viewer.ts';

/** A form that changes something; nobody else's form gets through, since it holds what only this page knows. */
export function actionForm(of: {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
  /** What the button says. */
  readonly does: string;
  readonly viewer: Viewer;
  /** Further fields for a person. */
  readonly more?: Part;
}): Html {
  const { action, fields, does, viewer, more } = of;
  const hidden = { ...fields, form: viewer.form };
  return html`<form method="post" action="/actions/${action}" class="act">
    ${Object.entries(hidden).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
    )}${more}<label>Reason <input type="text" name="reason" required maxlength="400" autocomplete="off" /></label>
    <button>${does}</button>
  </form>`;
}

export function pauseForm(
  {
    scope,
    target,
    partner,
    pause,
  }: {
    readonly scope: PauseScope;
    readonly target: string;
    readonly partner: string;
    readonly pause: PersonPause | null;
  },
  viewer: Viewer,
): Html | undefined {
  if (viewer.by === null) return signInFirst(viewer);
  const fields = { scope, target, partner };
  const what = scope === 'partner' ? 'all of this partner' : 'this run';
  return html`<section id="actions" aria-labelledby="actions-title">
    <h2 id="actions-title">Do something</h2>
    ${
      pause === null
        ? html`<p>A pause stops ${what} at the end of its pages. Nothing is lost, and nothing is read twice.</p>
            ${actionForm({ action: 'pause', fields, does: `Pause ${what}`, viewer })}`
        : html`<p>${describePause(pause)}</p>
            ${actionForm({ action: 'resume', fields, does: `Resume ${what}`, viewer })}`
    }
  </section>`;
}

export const signInFirst = ({ maySignIn }: Viewer): Html | undefined =>
  maySignIn
    ? html`<p class="quiet">Who has <a href="/sign-in">signed in</a> can pause, resume, retry and approve here.</p>`
    : undefined;
