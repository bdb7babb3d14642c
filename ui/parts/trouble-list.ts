import { html, words, type Html } from '../../core/html.ts';
import { grouped, type Trouble, type TroubleGroup } from '../facts/trouble.ts';
import { troubleBadge } from './badge.ts';
import { partnerPath, runPath, streamPath } from './links.ts';
import { count } from './numbers.ts';
import { table } from './table.ts';
import { when } from './times.ts';

/** What is late or wrong, the worst first: what, why, since when, what to do. */
export function troubleList(
  troubles: readonly Trouble[],
  { at, most = Infinity, caption }: { readonly at: string; readonly most?: number; readonly caption: string },
): Html {
  const groups = grouped(troubles);
  const left = groups.length - most;
  return html`<div class="stacked">
      ${table({
        caption,
        none: 'Nothing is late or wrong.',
        rows: groups.slice(0, most),
        columns: [
          { title: 'Where', cell: ({ first, streams }) => html`${troubleBadge(first)} ${place(first, streams)}` },
          {
            title: 'What',
            cell: ({ first }) =>
              html`${first.what}${first.run === null ? undefined : html` (<a href="${runPath(first.run)}">run</a>)`}`,
          },
          {
            title: 'Why',
            cell: ({ first }) =>
              first.why === null ? html`<span class="quiet">nobody knows</span>` : words(first.why),
          },
          {
            title: 'Since',
            cell: ({ first }) =>
              first.since === null && first.kind === 'late' ? 'it was never read' : when(first.since, at),
          },
          {
            title: 'What to do',
            cell: ({ first: { todo } }) =>
              html`${todo.says}${todo.command === null ? undefined : html`<br /><code>${todo.command}</code>`}`,
          },
        ],
      })}
    </div>
    ${left > 0 && html`<p>And ${count(left)} more: <a href="/streams?state=trouble">all streams that are late or wrong</a>.</p>`}`;
}

function place({ partner, stream }: Trouble, streams: TroubleGroup['streams']): Html {
  const ofPartner = html`<a href="${partnerPath(partner)}">${partner}</a>`;
  if (streams.length > 1)
    return html`${ofPartner}
      <span class="quiet">${count(streams.length)} streams, such as</span> ${nameOf(partner, stream)}`;
  return stream === null ? ofPartner : html`${ofPartner} / ${nameOf(partner, stream)}`;
}

const nameOf = (partner: string, stream: string | null): Html | undefined =>
  stream === null ? undefined : html`<a href="${streamPath({ partner, stream })}">${stream}</a>`;
