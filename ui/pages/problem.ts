import { html } from '../../core/html.ts';
import type { Page } from './page.ts';

/** Instead of a page that cannot be shown. What went wrong inside is in the log, with secrets left out, and not here. */
export const problemPage = (of: {
  readonly status: number;
  readonly title: string;
  readonly says: string;
  readonly at?: string;
}): Page => ({
  title: of.title,
  at: of.at ?? new Date().toISOString(),
  status: of.status,
  body: html`<p id="problem">${of.says}</p>
    <p><a href="/">Overview</a></p>`,
});

export const notThere = (what: string): Page =>
  problemPage({ status: 404, title: 'There is no such page', says: what });
