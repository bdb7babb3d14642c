import { html, type Html } from '../../core/html.ts';
import { minute } from '../parts/times.ts';
import type { Viewer } from '../sign-in/viewer.ts';
import type { Page } from './page.ts';

const places = [
  ['/', 'Overview'],
  ['/streams', 'Streams'],
  ['/runs', 'Runs'],
  ['/alerts', 'Alerts'],
  ['/limits', 'Limits'],
  ['/callers', 'Callers'],
  ['/webhooks', 'Webhooks'],
  ['/duplicates', 'Duplicates'],
  ['/reconciliations', 'Reconciliations'],
  ['/janitor', 'Janitor'],
  ['/actions', 'Done by people'],
] as const;

/** A whole document. It has no style and no script of its own, so that the Content-Security-Policy can forbid all but the two files. */
export function layout(
  { title, body, at }: Page,
  { path, viewer }: { readonly path: string; readonly viewer: Viewer },
): string {
  const here = path.split('?')[0] ?? '';
  return `<!doctype html>\n${
    html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Syncline</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/icon.svg" />
        <script src="/live.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#main">To the content</a>
        <header>
          <nav aria-label="Pages">
            <strong>Syncline</strong>
            <ul>
              ${places.map(
                ([to, name]) =>
                  html`<li><a href="${to}" ${isHere(here, to) && html` aria-current="page"`}>${name}</a></li>`,
              )}
            </ul>
          </nav>
          <div class="who">${whoIs(viewer, path)}</div>
        </header>
        <main id="main" tabindex="-1" data-live>
          <h1>${title}</h1>
          ${body}
          <p class="quiet read">
            Read at <time datetime="${at}">${minute(at)}</time>. <span id="live-state" role="status"></span>
          </p>
        </main>
      </body>
    </html>`.text
  }\n`;
}

const isHere = (here: string, to: string): boolean =>
  to === '/'
    ? here === '/'
    : here === to || here.startsWith(`${to}/`) || (to === '/streams' && here.startsWith('/partners/'));

function whoIs({ by, form, maySignIn, maySignOut }: Viewer, path: string): Html | undefined {
  if (by === null) return maySignIn ? html`<a href="/sign-in?to=${encodeURIComponent(path)}">Sign in</a>` : undefined;
  if (!maySignOut) return html`Signed in as ${by}`;
  return html`<form method="post" action="/sign-out">
    Signed in as ${by} <input type="hidden" name="form" value="${form}" /><button>Sign out</button>
  </form>`;
}
