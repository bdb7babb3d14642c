import { html } from '../core/html.ts';
import type { RunFacts } from './facts/read-run.ts';
import { runPage } from './pages/run.ts';
import { sentPage } from './parts/sent-page.ts';
import { minute } from './parts/times.ts';

/** A run as one HTML file to send to somebody: it holds what the page of the run shows. `made`: by which version of Syncline. */
export function runReport(facts: RunFacts, made: string): string {
  const { body, at } = runPage(facts, { sent: true });
  const intro = html`What one run of a sync did, as the ledger had it at <time datetime="${at}">${minute(at)}</time>.
    All times are UTC.`;
  return sentPage({ title: `Report of ${facts.id}`, intro, body, made });
}
