import { html, type Html } from '../../core/html.ts';
import type { Viewer } from '../sign-in/viewer.ts';

/** A button of a form: what it says, and the action that it stands for. */
export interface Button {
  readonly action: string;
  readonly does: string;
}

/**
 * A form that changes something. What stands in `form` is known to this page only, so that no other site can send it. Several buttons share one reason.
 */
export function actionForm(of: {
  readonly buttons: readonly [Button, ...Button[]];
  /** Sent as they are. */
  readonly fields: Readonly<Record<string, string>>;
  /** Further fields, for a person to fill in. */
  readonly asks?: Html;
  /** The reason that is there already. */
  readonly reason?: string;
  readonly viewer: Viewer;
}): Html {
  const { buttons, fields, asks, reason = '', viewer } = of;
  const hidden = { ...fields, form: viewer.form };
  return html`<form method="post" action="/actions/${buttons[0].action}" class="act">
    ${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    ${asks}
    <label
      >Reason <input type="text" name="reason" value="${reason}" required maxlength="400" autocomplete="off"
    /></label>
    ${buttons.map(({ action, does }) => html`<button formaction="/actions/${action}">${does}</button> `)}
  </form>`;
}
