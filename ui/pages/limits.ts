import { html, words, type Html } from '../../core/html.ts';
import type { LimitsView } from '../../core/limits-view.ts';
import { partnerPath } from '../parts/links.ts';
import { quotaBars } from '../parts/quota-bars.ts';
import { counted } from '../parts/numbers.ts';
import { when } from '../parts/times.ts';
import type { Page } from './page.ts';

export const LIMITS_EACH = 20;

/** The limits of each partner: how much is used, and when nothing is left at this pace. Those with trouble come first. */
export function limitsPage(
  views: readonly LimitsView[],
  { at, page, of }: { readonly at: string; readonly page: number; readonly of: number },
): Page {
  const last = Math.ceil(of / LIMITS_EACH);
  const body = html` <p>
      ${counted(of, 'partner')}. A limit is changed with
      <code>syncline limits set PARTNER LIMIT VALUE --reason …</code>.
    </p>
    ${views.map((view) => onePartner(view, at))}
    ${
      last > 1 &&
      html`<nav aria-label="Further partners">
        <ul class="pages">
          ${Array.from({ length: last }, (_, n) => n + 1).map((n) => html`<li><a href="/limits?page=${n}" ${n === page && html` aria-current="page"`}>${n}</a></li>`)}
        </ul>
      </nav>`
    }`;
  return { title: 'Limits', body, at };
}

const onePartner = (view: LimitsView, at: string): Html =>
  html`<section aria-labelledby="of-${view.partner}">
    <h2 id="of-${view.partner}"><a href="${partnerPath(view.partner)}">${view.partner}</a></h2>
    ${inTheWay(view, at)} ${quotaBars(view)}
  </section>`;

function inTheWay({ blocked, circuit, told, factor, alerts }: LimitsView, at: string): Html | undefined {
  const lines = [
    ...(blocked === null ? [] : [html`Nobody calls it until ${when(blocked.until, at)}: ${words(blocked.cause)}`]),
    ...(circuit === null || circuit.state === 'closed'
      ? []
      : [
          html`It does not answer since ${when(circuit.since, at)}: ${words(circuit.lastError)}.
          ${words(circuit.advice)}`,
        ]),
    ...(told === null ? [] : [html`It says that ${told.left} calls are left until ${when(told.until, at)}`]),
    ...(factor < 1 ? [html`It is asked at ${Math.round(factor * 100)} % of its speed after a throttled answer`] : []),
    ...alerts.map(({ message }) => html`${words(message)}`),
  ];
  return lines.length === 0
    ? undefined
    : html`<ul>
        ${lines.map((line) => html`<li>${line}</li>`)}
      </ul>`;
}
