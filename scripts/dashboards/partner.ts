import { partners, type Dashboard } from './dashboard.ts';
import { lines, stat, table } from './panel.ts';
import { asTime, governed, ofPartner, perMinute, perSecond, quantile, stored, within } from './query.ts';

const stream = 'stream';
const storedOf = (series: string): string => stored(series, stream, ofPartner);

/** One partner: its streams, its answers, its queue, and what lies between its records and their tables. */
export const partner: Dashboard = {
  name: 'partner',
  title: 'Syncline: one partner',
  variables: [{ ...partners, many: false }],
  rows: [
    [
      'Streams',
      [
        table({
          title: 'Streams',
          says: 'How fresh the data is, what the definition promises, and what needs a person',
          width: 24,
          columns: [
            {
              name: 'Data as of',
              expr: asTime(storedOf('syncline_fresh_timestamp_seconds')),
              unit: 'dateTimeFromNow',
              zero: 'never',
            },
            {
              name: 'Promised age',
              expr: storedOf('syncline_freshness_promise_seconds'),
              unit: 's',
              zero: 'none',
            },
            {
              name: 'Last ok',
              expr: asTime(storedOf('syncline_last_ok_timestamp_seconds')),
              unit: 'dateTimeFromNow',
            },
            { name: 'In quarantine', expr: storedOf('syncline_quarantined_records'), unit: 'short' },
            { name: 'Waiting', expr: storedOf('syncline_waiting_records'), unit: 'short' },
            { name: 'Overdue', expr: storedOf('syncline_waiting_overdue_records'), unit: 'short' },
            { name: 'Broken rules', expr: storedOf('syncline_broken_rules'), unit: 'short' },
          ],
        }),
        lines({
          title: 'Since the last run that ended ok',
          says: 'Beside the age that the definition promises for the data. A stream that never ended ok has no line',
          width: 12,
          unit: 's',
          queries: [
            { expr: `time() - ${storedOf('syncline_last_ok_timestamp_seconds')}`, legend: '{{stream}}' },
            { expr: `${storedOf('syncline_freshness_promise_seconds')} > 0`, legend: '{{stream}}: promised' },
          ],
        }),
        lines({
          title: 'Runs of streams by outcome, in an hour',
          says: '`syncline runs list --partner NAME` says why',
          width: 12,
          unit: 'short',
          queries: [
            {
              expr: within('syncline_streams_ended_total', '1h', ofPartner, 'stream, outcome'),
              legend: '{{stream}} {{outcome}}',
            },
          ],
        }),
      ],
    ],
    [
      'Compared with the partner',
      [
        table({
          title: 'Reconciliations',
          says: '`syncline reconcile list PARTNER` has them. Unproven: one of the latest proves nothing',
          width: 12,
          columns: [
            {
              name: 'Last compared',
              expr: asTime(storedOf('syncline_reconcile_timestamp_seconds')),
              unit: 'dateTimeFromNow',
              zero: 'never',
            },
            { name: 'May be so old', expr: storedOf('syncline_reconcile_due_seconds'), unit: 's', zero: 'no schedule' },
            { name: 'Unproven', expr: storedOf('syncline_reconcile_unproven'), unit: 'short', zero: 'no' },
          ],
        }),
        lines({
          title: 'Records that differ',
          says: 'Open findings of the latest reconciliations, by kind',
          width: 12,
          unit: 'short',
          queries: [
            {
              expr: stored('syncline_reconcile_open_findings', 'stream, kind', ofPartner),
              legend: '{{stream}} {{kind}}',
            },
          ],
        }),
      ],
    ],
    [
      'Records',
      [
        lines({
          title: 'Records per second',
          says: 'Committed, by what became of them',
          width: 8,
          unit: 'short',
          queries: [
            { expr: perSecond('syncline_rows_total', 'stream, fate', ofPartner), legend: '{{stream}} {{fate}}' },
          ],
        }),
        lines({
          title: 'Pages per second',
          says: 'Committed',
          width: 8,
          unit: 'short',
          queries: [{ expr: perSecond('syncline_pages_total', stream, ofPartner), legend: '{{stream}}' }],
        }),
        lines({
          title: 'Records of one transaction',
          says: 'Half of the transactions have no more, and 95 %',
          width: 8,
          unit: 'short',
          queries: [
            { expr: quantile(0.5, 'syncline_batch_records', 'partner', ofPartner), legend: '50 %' },
            { expr: quantile(0.95, 'syncline_batch_records', 'partner', ofPartner), legend: '95 %' },
          ],
        }),
      ],
    ],
    [
      'Calls',
      [
        lines({
          title: 'Requests per second',
          says: 'By the status of the answer; `none`: no answer came',
          width: 8,
          unit: 'reqps',
          queries: [
            {
              expr: perSecond('syncline_requests_total', 'stream, status', ofPartner),
              legend: '{{stream}} {{status}}',
            },
          ],
        }),
        lines({
          title: 'Answer times',
          says: 'From the request on the wire to the end of its answer',
          width: 8,
          unit: 's',
          queries: [
            { expr: quantile(0.5, 'syncline_request_duration_seconds', 'partner', ofPartner), legend: '50 %' },
            { expr: quantile(0.95, 'syncline_request_duration_seconds', 'partner', ofPartner), legend: '95 %' },
          ],
        }),
        lines({
          title: 'Bytes of answers',
          says: 'Decompressed',
          width: 8,
          unit: 'Bps',
          queries: [{ expr: perSecond('syncline_response_bytes_total', stream, ofPartner), legend: '{{stream}}' }],
        }),
        lines({
          title: 'Tries again per minute',
          says: 'No answer in time (`timeout`), no connection, status 5xx (`server`), a partner that is down (`outage`), our own `database`',
          width: 12,
          unit: 'short',
          queries: [
            { expr: perMinute('syncline_retries_total', 'stream, reason', ofPartner), legend: '{{stream}} {{reason}}' },
          ],
        }),
        lines({
          title: 'Waits per minute',
          says: 'Grants that ended in a wait, by why',
          width: 12,
          unit: 'short',
          queries: [
            {
              expr: perMinute('syncline_deferrals_total', 'stream, reason', ofPartner),
              legend: '{{stream}} {{reason}}',
            },
          ],
        }),
      ],
    ],
    [
      'Queue',
      [
        stat({
          title: 'May not be called',
          says: '1 while nobody may call the partner. `syncline limits show` says until when',
          width: 4,
          unit: 'short',
          badFrom: 1,
          query: { expr: governed('syncline_partner_blocked', 'partner', ofPartner), legend: 'blocked' },
        }),
        stat({
          title: 'Workers that serve it',
          says: 'Without one, its grants wait in the queue',
          width: 4,
          unit: 'short',
          query: {
            expr: 'sum(syncline_worker_serves{role="partner", name=~"$partner"}) or vector(0)',
            legend: 'workers',
          },
        }),
        lines({
          title: 'Grants that wait',
          says: 'By an estimate of the server of Temporal',
          width: 8,
          unit: 'short',
          queries: [{ expr: `max by (partner) (syncline_queue_waiting{${ofPartner}})`, legend: 'waiting' }],
        }),
        lines({
          title: 'Oldest of them',
          says: 'It waits for a free worker, or for the rate of the queue',
          width: 8,
          unit: 's',
          queries: [{ expr: `max by (partner) (syncline_queue_age_seconds{${ofPartner}})`, legend: 'oldest' }],
        }),
      ],
    ],
  ],
};
