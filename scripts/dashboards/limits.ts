import { partners, type Dashboard } from './dashboard.ts';
import { lines, stat, table } from './panel.ts';
import { asTime, governed, ofPartner, perMinute, quantile, within } from './query.ts';

const limit = 'partner, limit';
const limitOf = (series: string): string => governed(series, limit, ofPartner);

/** What partners allow, how much of it is used, and when it runs out. */
export const limits: Dashboard = {
  name: 'limits',
  title: 'Syncline: limits',
  variables: [partners],
  rows: [
    [
      'Limits',
      [
        stat({
          title: 'Most used limit',
          says: 'Of all partners that are chosen; without rates, which are meant to be used up',
          width: 6,
          unit: 'percentunit',
          badFrom: 0.9,
          query: {
            expr: `max(${governed('syncline_limit_used_ratio', limit, `${ofPartner}, limit!="rate"`)}) or vector(0)`,
            legend: 'used',
          },
        }),
        stat({
          title: 'Partners that may not be called',
          says: '`syncline limits show` says until when and why',
          width: 6,
          unit: 'short',
          badFrom: 1,
          query: { expr: `sum(${governed('syncline_partner_blocked', 'partner', ofPartner)})`, legend: 'blocked' },
        }),
        stat({
          title: 'Throttled, 24 h',
          says: 'Answers that said "too many requests", whatever their status',
          width: 6,
          unit: 'short',
          query: { expr: within('syncline_throttled_total', '24h', ofPartner), legend: 'answers' },
        }),
        stat({
          title: 'Throttled within our limits, 24 h',
          says: 'The limit is declared too high, or somebody else uses the credential',
          width: 6,
          unit: 'short',
          badFrom: 1,
          query: { expr: within('syncline_throttled_within_limits_total', '24h', ofPartner), legend: 'answers' },
        }),
        table({
          title: 'Limits and forecast',
          says: '"Empty" is when nothing will be left at the present pace. A sliding window has no moment at which it is whole again',
          width: 24,
          columns: [
            { name: 'Used', expr: limitOf('syncline_limit_used_ratio'), unit: 'percentunit' },
            { name: 'Left', expr: limitOf('syncline_limit_left'), unit: 'short' },
            {
              name: 'Empty',
              expr: asTime(limitOf('syncline_limit_exhausted_timestamp_seconds')),
              unit: 'dateTimeFromNow',
              zero: 'not before it is whole again',
            },
            {
              name: 'Whole again',
              expr: asTime(limitOf('syncline_limit_reset_timestamp_seconds')),
              unit: 'dateTimeFromNow',
              zero: 'at no one moment',
            },
          ],
        }),
        lines({
          title: 'Share of each limit that is used',
          says: 'As the governor of the partner last saw it, once a minute',
          width: 12,
          unit: 'percentunit',
          queries: [{ expr: limitOf('syncline_limit_used_ratio'), legend: '{{partner}} {{limit}}' }],
        }),
        lines({
          title: 'Left of each limit',
          says: 'In the units of the limit',
          width: 12,
          unit: 'short',
          queries: [{ expr: limitOf('syncline_limit_left'), legend: '{{partner}} {{limit}}' }],
        }),
      ],
    ],
    [
      'What limits cost',
      [
        lines({
          title: 'Waits for a permit',
          says: '95 % waited no longer; longer waits than ten seconds are deferrals',
          width: 8,
          unit: 's',
          queries: [
            {
              expr: quantile(0.95, 'syncline_permit_wait_seconds', 'partner, lane', ofPartner),
              legend: '{{partner}} {{lane}}',
            },
          ],
        }),
        lines({
          title: 'Grants that waited for a limit, per minute',
          says: 'They free their worker and come again when the limit allows it',
          width: 8,
          unit: 'short',
          queries: [
            {
              expr: perMinute('syncline_deferrals_total', 'partner', `${ofPartner}, reason="limit"`),
              legend: '{{partner}}',
            },
          ],
        }),
        lines({
          title: 'Throttled answers per minute',
          says: '"within": although the request was within every limit that the definition declares',
          width: 8,
          unit: 'short',
          queries: [
            { expr: perMinute('syncline_throttled_total', 'partner', ofPartner), legend: '{{partner}}' },
            {
              expr: perMinute('syncline_throttled_within_limits_total', 'partner', ofPartner),
              legend: '{{partner}} within',
            },
          ],
        }),
        lines({
          title: 'Since the governor last looked',
          says: 'It looks once a minute. Values that are older than 150 seconds are shown nowhere',
          width: 12,
          unit: 's',
          queries: [
            {
              expr: `time() - max by (partner) (syncline_limits_observed_timestamp_seconds{${ofPartner}})`,
              legend: '{{partner}}',
            },
          ],
        }),
        lines({
          title: 'Oldest grant in the queue',
          says: 'Where limits are tight, this is the limit at work, and no lack of workers',
          width: 12,
          unit: 's',
          queries: [{ expr: `max by (partner) (syncline_queue_age_seconds{${ofPartner}})`, legend: '{{partner}}' }],
        }),
      ],
    ],
  ],
};
