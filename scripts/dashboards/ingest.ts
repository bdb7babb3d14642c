import type { Dashboard } from './dashboard.ts';
import { lines, stat, table } from './panel.ts';
import { processPanels } from './process-panels.ts';
import { perMinute, perSecond, quantile, stored, within } from './query.ts';

const webhook = 'partner, webhook';
const storedOf = (series: string, by: string): string => stored(series, by, '');

/** What is pushed to us: requests, records, callers, webhooks. */
export const ingest: Dashboard = {
  name: 'ingest',
  title: 'Syncline: ingest',
  variables: [],
  rows: [
    [
      'At a glance',
      [
        stat({
          title: 'Processes of ingest',
          says: 'That Prometheus reaches',
          width: 6,
          unit: 'short',
          query: { expr: 'count(syncline_ingest_load_ratio) or vector(0)', legend: 'processes' },
        }),
        stat({
          title: 'Highest load',
          says: 'From 50 % on callers of the tier `bulk` get 503, from 80 % those of `normal`, at 100 % all',
          width: 6,
          unit: 'percentunit',
          badFrom: 0.8,
          query: { expr: 'max(syncline_ingest_load_ratio)', legend: 'load' },
        }),
        stat({
          title: 'Answered 5xx, 1 h',
          says: 'Senders come again; nothing is lost, but it waits',
          width: 6,
          unit: 'short',
          badFrom: 1,
          query: {
            expr: `${within('syncline_ingest_requests_total', '1h', 'status=~"5.."')} or vector(0)`,
            legend: 'requests',
          },
        }),
        stat({
          title: 'Deliveries and named records that wait for a person',
          says: '`syncline webhooks list` shows of which webhook',
          width: 6,
          unit: 'short',
          badFrom: 1,
          query: { expr: `sum(${storedOf('syncline_webhook_failed', 'partner, webhook, what')})`, legend: 'failed' },
        }),
      ],
    ],
    [
      'Requests',
      [
        lines({
          title: 'Requests per second',
          says: 'By the status of our answer. 429 and 401 are no failures of ours',
          width: 8,
          unit: 'reqps',
          queries: [{ expr: perSecond('syncline_ingest_requests_total', 'status'), legend: '{{status}}' }],
        }),
        lines({
          title: 'Answer times',
          says: 'Until what came is in the database',
          width: 8,
          unit: 's',
          queries: [
            { expr: quantile(0.5, 'syncline_ingest_duration_seconds', 'partner'), legend: '{{partner}} 50 %' },
            { expr: quantile(0.99, 'syncline_ingest_duration_seconds', 'partner'), legend: '{{partner}} 99 %' },
          ],
        }),
        lines({
          title: 'Records per second',
          says: 'Of accepted requests',
          width: 8,
          unit: 'short',
          queries: [
            {
              expr: perSecond('syncline_ingest_records_total', 'partner, stream, fate'),
              legend: '{{partner}} {{stream}} {{fate}}',
            },
          ],
        }),
        lines({
          title: 'Load',
          says: 'How full what waits to be written is',
          width: 12,
          unit: 'percentunit',
          queries: [{ expr: 'max by (instance) (syncline_ingest_load_ratio)', legend: '{{instance}}' }],
        }),
        lines({
          title: 'Requests for no stream that there is, per minute',
          says: 'Requests that name no stream that is pushed, or came no further than the door',
          width: 12,
          unit: 'short',
          queries: [{ expr: perMinute('syncline_ingest_requests_total', 'status', 'stream=""'), legend: '{{status}}' }],
        }),
      ],
    ],
    [
      'Callers',
      [
        lines({
          title: 'Refused keys per minute',
          says: '`address` and `certificate`: a good key that came from where it may not be used',
          width: 8,
          unit: 'short',
          queries: [{ expr: perMinute('syncline_callers_refused_total', 'why'), legend: '{{why}}' }],
        }),
        lines({
          title: 'Requests beyond a limit of their caller, per minute',
          says: 'By `rate` or `quota`',
          width: 8,
          unit: 'short',
          queries: [
            { expr: perMinute('syncline_caller_limited_total', 'caller, cause'), legend: '{{caller}} {{cause}}' },
          ],
        }),
        lines({
          title: 'Near the quota, and blocks',
          says: 'Days on which a caller came to 80 % of its quota, and blocks for misuse, since the processes began',
          width: 8,
          unit: 'short',
          queries: [
            { expr: 'sum by (caller) (syncline_caller_near_quota_total)', legend: '{{caller}} near its quota' },
            { expr: 'sum by (cause) (syncline_callers_blocked_total)', legend: 'blocked: {{cause}}' },
          ],
        }),
      ],
    ],
    [
      'Webhooks',
      [
        lines({
          title: 'Deliveries per minute',
          says: '`refused`: the signature did not fit',
          width: 12,
          unit: 'short',
          queries: [
            {
              expr: perMinute('syncline_webhook_deliveries_total', 'partner, webhook, fate'),
              legend: '{{partner}} {{webhook}} {{fate}}',
            },
          ],
        }),
        table({
          title: 'Silence',
          says: 'A webhook that is silent for longer than expected may have lost its subscription',
          width: 12,
          columns: [
            { name: 'Silent for', expr: storedOf('syncline_webhook_silent_seconds', webhook), unit: 's' },
            {
              name: 'Expected at most',
              expr: storedOf('syncline_webhook_expected_silence_seconds', webhook),
              unit: 's',
              zero: 'nothing says it',
            },
            {
              name: 'Waits for a person',
              expr: `sum by (${webhook}) (${storedOf('syncline_webhook_failed', 'partner, webhook, what')})`,
              unit: 'short',
            },
          ],
        }),
      ],
    ],
    ['Processes', processPanels('syncline_ingest_load_ratio')],
  ],
};
