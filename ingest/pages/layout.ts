import { html, type Html } from '../../core/html.ts';

/** A whole page. Scripts and styles of its own are not allowed by our Content-Security-Policy, and not needed. */
export const layout = (title: string, body: Html): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="stylesheet" href="/docs/style.css" />
      </head>
      <body>
        <nav>
          <a href="/docs">Reference</a> <a href="/docs/versions">Versions</a> <a href="/problems">Problems</a>
          <a href="/openapi.json">OpenAPI</a>
        </nav>
        <main>${body}</main>
      </body>
    </html> `.text.replaceAll(/^ {4}/gm, '');
