import { html, type Html } from '../../core/html.ts';
import type { BucketView, LimitsView } from '../../core/limits-view.ts';
import { count } from './numbers.ts';
import { table } from './table.ts';
import { when } from './times.ts';

/** Each limit of a partner with a bar, and when it will be used up at this pace. */
export function quotaBars({ partner, buckets, at }: LimitsView): Html {
  return table<BucketView>({
    caption: `Limits of ${partner}`,
    none: 'Its definition declares no limits.',
    rows: buckets,
    columns: [
      { title: 'Limit', cell: ({ name }) => name },
      { title: 'Allowed', cell: (bucket) => html`${allowed(bucket)}${changed(bucket)}` },
      {
        title: 'Used',
        cell: ({ kind, used, effective, name }) =>
          kind === 'rate'
            ? html`<span class="quiet">–</span>`
            : html`<meter
                  min="0"
                  max="${effective}"
                  high="${effective * 0.8}"
                  optimum="0"
                  value="${Math.min(used, effective)}"
                  aria-label="Used of ${name}"
                >
                  ${percent(used, effective)}
                </meter>
                ${percent(used, effective)}`,
      },
      { title: 'Left', isNumber: true, cell: ({ left }) => count(left) },
      {
        title: 'Per hour',
        isNumber: true,
        cell: ({ pacePerHour }) => (pacePerHour === null ? '–' : count(pacePerHour)),
      },
      { title: 'Resets', cell: ({ resetsAt }) => when(resetsAt, at) },
      {
        title: 'Used up',
        cell: ({ goneAt, kind }) =>
          goneAt === null
            ? html`<span class="quiet">${kind === 'quota' ? 'not before it resets' : '–'}</span>`
            : html`<strong>${when(goneAt, at)}</strong>`,
      },
    ],
  });
}

const allowed = ({ kind, per, effective, counts }: BucketView): string =>
  kind === 'concurrency'
    ? `${count(effective)} at once`
    : `${count(effective)}${counts === 'cost' ? ' cost units' : ''} per ${per}`;

const changed = ({ override, declared }: BucketView): Html | undefined =>
  override === null
    ? undefined
    : html`<br /><span class="quiet"
          >declared is ${count(declared)}; ${override.by} changed it: ${override.reason}</span
        >`;

const percent = (used: number, of: number): string => `${Math.floor((used / Math.max(of, 1e-9)) * 100)} %`;
