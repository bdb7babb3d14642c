import { html } from '../../core/html.ts';
import type { Page } from './page.ts';

/** What is asked before something is done that changes much. */
export interface Confirmation {
  readonly title: string;
  /** What will happen, in sentences. */
  readonly says: string;
  /** What the button says. */
  readonly does: string;
  /** Where one comes from. */
  readonly back: string;
}

/** Asks once more. `sent` is the form as it came; sent again with `confirmed`, it is done. Nothing was done or written down so far. */
export function confirmPage(
  { title, says, does, back }: Confirmation,
  of: { readonly action: string; readonly sent: Readonly<Record<string, string>>; readonly at: string },
): Page {
  const { action, sent, at } = of;
  const body = html`<p id="confirm">${says}</p>
    <p>Your reason: ${sent['reason']}</p>
    <form method="post" action="/actions/${action}" class="act">
      ${Object.entries({ ...sent, confirmed: 'yes' }).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
      <button>${does}</button>
      <a href="${back}">Leave it as it is</a>
    </form>`;
  return { title, body, at };
}
