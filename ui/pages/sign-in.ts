import { html } from '../../core/html.ts';
import type { Page } from './page.ts';

export interface SignInAsked {
  /** Where to go afterwards. */
  readonly to: string;
  readonly byToken: boolean;
  readonly byOidc: boolean;
  /** What was wrong with the last attempt. */
  readonly problem?: string;
}

export function signInPage({ to, byToken, byOidc, problem }: SignInAsked): Page {
  const body = html` ${problem !== undefined && html`<p class="reason" role="alert" id="problem">${problem}</p>`}
  ${byOidc && html`<p><a href="/sign-in/oidc?to=${encodeURIComponent(to)}">Sign in with your organisation</a></p>`}
  ${
    byToken &&
    html`<form method="post" action="/sign-in" class="act">
        <input type="hidden" name="to" value="${to}" />
        <label>Your name <input type="text" name="name" required maxlength="100" autocomplete="username" /></label>
        <label>Token <input type="password" name="token" required autocomplete="current-password" /></label>
        <button>Sign in</button>
      </form>
      <p class="quiet">
        The token is what <code>SYNCLINE_UI_TOKEN</code> of this process holds. Your name is kept with what you do.
      </p>`
  }
  ${!byOidc && !byToken && html`<p>There is no way to sign in here: whoever runs this page can set <code>SYNCLINE_UI_TOKEN</code>.</p>`}`;
  return { title: 'Sign in', body, at: new Date().toISOString(), status: problem === undefined ? 200 : 403 };
}
