import { html, Html } from '../core/html.ts';
import type { RunFacts } from './facts/read-run.ts';
import { runPage } from './pages/run.ts';
import { style } from './parts/style.ts';
import { minute } from './parts/times.ts';

/**
 * A run as one HTML file to send to somebody: it loads nothing, runs nothing, links nowhere, and holds what the page of the run shows. `made`:
 * by which version of Syncline.
 */
export function runReport(facts: RunFacts, made: string): string {
  const { body, at } = runPage(facts);
  const document = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
      <title>Report of ${facts.id}</title>
      <style>
        ${new Html(style)}
      </style>
    </head>
    <body>
      <main>
        <h1>Report of ${facts.id}</h1>
        <p>
          What one run of a sync did, as the ledger had it at <time datetime="${at}">${minute(at)}</time>. All times are
          UTC.
        </p>
        ${body}
        <p class="quiet read">Made by ${made}.</p>
      </main>
    </body>
  </html>`;
  return `<!doctype html>\n${withoutLinks(document.text)}\n`;
}

/** Paths of the status page lead nowhere in a file. All that data brings is escaped, so that no other `<a ` can be among it. */
const withoutLinks = (text: string): string => text.replaceAll(/<a href="\/[^>]*>([\s\S]*?)<\/a>/g, '$1');
