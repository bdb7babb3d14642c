import { html, Html } from '../../core/html.ts';
import { style } from './style.ts';

/** One HTML file to send to somebody: it loads nothing, runs nothing, links nowhere. `made`: by which version of Syncline. */
export function sentPage(of: {
  readonly title: string;
  readonly intro: Html;
  readonly body: Html;
  readonly made: string;
}): string {
  const { title, intro, body, made } = of;
  const document = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
      <title>${title}</title>
      <style>
        ${new Html(style)}
      </style>
    </head>
    <body>
      <main>
        <h1>${title}</h1>
        <p>${intro}</p>
        ${body}
        <p class="quiet read">Made by ${made}.</p>
      </main>
    </body>
  </html>`;
  return `<!doctype html>\n${withoutLinks(document.text)}\n`;
}

/** Paths of the status page lead nowhere in a file. All that data brings is escaped, so that no other `<a ` can be among it. */
const withoutLinks = (text: string): string => text.replaceAll(/<a href="\/[^>]*>([\s\S]*?)<\/a>/g, '$1');
