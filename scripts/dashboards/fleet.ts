import { partners, type Dashboard } from './dashboard.ts';
import { lines, stat, table } from './panel.ts';
import { processPanels } from './process-panels.ts';
import {
  ageAgainstPromise,
  asTime,
  countOf,
  governed,
  ofPartner,
  perMinute,
  perSecond,
  quantile,
  stored,
  within,
} from './query.ts';
import { temporalServer } from './temporal-panels.ts';

const schedule = 'partner, schedule';

/** Is everything well, and if not, where to look: all partners at once. */
export const fleet: Dashboard = {
  name: 'fleet',
  title: 'Syncline: fleet',
  variables: [partners],
  rows: [
    [
      'At a glance',
      [
        stat({
          title: 'Workers',
          says: 'Workers that Prometheus reaches',
          width: 4,
          unit: 'short',
          query: { expr: 'count(syncline_build_info) or vector(0)', legend: 'workers' },
        }),
        stat({
          title: 'Streams older than promised',
          says: 'Of the streams whose definition has a `freshness`; one that was never read counts as well',
          width: 4,
          unit: 'short',
          badFrom: 1,
          query: { expr: countOf(ageAgainstPromise('>')), legend: 'late' },
        }),
        stat({
          title: 'Failed or suspect, 24 h',
          says: 'Runs of streams. `syncline runs list` says why',
          width: 4,
          unit: 'short',
          badFrom: 1,
          query: {
            expr: within('syncline_streams_ended_total', '24h', `${ofPartner}, outcome=~"failed|suspect"`),
            legend: 'runs',
          },
        }),
        stat({
          title: 'In quarantine',
          says: 'Records that do not fit their schema. `syncline quarantine list` shows them',
          width: 4,
          unit: 'short',
          badFrom: 1,
          query: {
            expr: `sum(${stored('syncline_quarantined_records', 'partner, stream', ofPartner)})`,
            legend: 'records',
          },
        }),
        stat({
          title: 'Partners that may not be called',
          says: 'They are down, or said that they want no calls for now. `syncline limits show` says until when',
          width: 4,
          unit: 'short',
          badFrom: 1,
          query: { expr: `sum(${governed('syncline_partner_blocked', 'partner', ofPartner)})`, legend: 'blocked' },
        }),
        stat({
          title: 'Schedules that are paused',
          says: '`syncline schedule list` says by whom',
          width: 4,
          unit: 'short',
          badFrom: 1,
          query: { expr: `sum(max by (${schedule}) (syncline_schedule_paused{${ofPartner}}))`, legend: 'paused' },
        }),
      ],
    ],
    [
      'Syncs',
      [
        lines({
          title: 'Age of data, as a share of what is promised',
          says: 'The 20 latest streams. From 100 % on the promise is broken; a stream that was never read, and one beyond 1000 %, is shown at 1000 %',
          width: 12,
          unit: 'percentunit',
          queries: [{ expr: `topk(20, clamp_max(${ageAgainstPromise('/')}, 10))`, legend: '{{partner}} {{stream}}' }],
        }),
        lines({
          title: 'Runs of streams by outcome, in an hour',
          says: '`partial`: some records did not fit or wait; `suspect`: the run ended, but its data look wrong',
          width: 12,
          unit: 'short',
          queries: [
            { expr: within('syncline_streams_ended_total', '1h', ofPartner, 'outcome'), legend: '{{outcome}}' },
          ],
        }),
        lines({
          title: 'Records per second',
          says: 'Records that were committed, changed or not',
          width: 8,
          unit: 'short',
          queries: [{ expr: perSecond('syncline_rows_total', 'partner', ofPartner), legend: '{{partner}}' }],
        }),
        lines({
          title: 'Requests per second',
          says: 'By the status of the answer; `none`: no answer came',
          width: 8,
          unit: 'reqps',
          queries: [{ expr: perSecond('syncline_requests_total', 'status', ofPartner), legend: '{{status}}' }],
        }),
        lines({
          title: 'Tries again per minute',
          says: 'Calls and grants that are tried again, by why',
          width: 8,
          unit: 'short',
          queries: [
            {
              expr: perMinute('syncline_retries_total', 'partner, reason', ofPartner),
              legend: '{{partner}} {{reason}}',
            },
          ],
        }),
        table({
          title: 'Schedules',
          says: 'A missed slot was too late to be caught up. A skipped one was left out because the run before it had not ended. Both count since the schedule was made',
          width: 24,
          columns: [
            {
              name: 'Next run',
              expr: asTime(`max by (${schedule}) (syncline_schedule_next_timestamp_seconds{${ofPartner}})`),
              unit: 'dateTimeFromNow',
              zero: 'none',
            },
            {
              name: 'Paused',
              expr: `max by (${schedule}) (syncline_schedule_paused{${ofPartner}})`,
              unit: 'short',
              zero: 'no',
            },
            {
              name: 'Missed',
              expr: `max by (${schedule}) (syncline_schedule_missed_slots{${ofPartner}})`,
              unit: 'short',
            },
            {
              name: 'Skipped',
              expr: `max by (${schedule}) (syncline_schedule_skipped_slots{${ofPartner}})`,
              unit: 'short',
            },
          ],
        }),
      ],
    ],
    [
      'Workers',
      [
        lines({
          title: 'Who serves what',
          says: 'Workers for each role: `workflows`, each partner, each target. What fell to 0 is served by nobody',
          width: 12,
          unit: 'short',
          queries: [{ expr: 'sum by (role, name) (syncline_worker_serves)', legend: '{{role}} {{name}}' }],
        }),
        lines({
          title: 'Oldest grant in the queue of each partner',
          says: 'It waits for a free worker, or for the rate of the queue, which the limits of the partner set',
          width: 12,
          unit: 's',
          queries: [{ expr: `max by (partner) (syncline_queue_age_seconds{${ofPartner}})`, legend: '{{partner}}' }],
        }),
        ...processPanels('syncline_build_info'),
        lines({
          title: 'Slots in use',
          says: 'Work that the workers do at this moment, by queue',
          width: 8,
          unit: 'short',
          queries: [
            {
              expr: 'sum by (worker_type, task_queue) (temporal_worker_task_slots_used)',
              legend: '{{task_queue}} {{worker_type}}',
            },
          ],
        }),
        lines({
          title: 'Workflows kept in memory',
          says: 'Workflows that a worker goes on with without reading their history',
          width: 8,
          unit: 'short',
          queries: [{ expr: 'sum by (instance) (temporal_sticky_cache_size)', legend: '{{instance}}' }],
        }),
        lines({
          title: 'Failed activities and workflows per minute',
          says: 'Attempts of activities: most are tried again and succeed',
          width: 8,
          unit: 'short',
          queries: [
            {
              expr: perMinute('temporal_activity_execution_failed_total', 'activity_type'),
              legend: '{{activity_type}}',
            },
            { expr: perMinute('temporal_workflow_failed_total', 'workflow_type'), legend: '{{workflow_type}}' },
          ],
        }),
        lines({
          title: 'Answer times of partners',
          says: '95 % of the answers came within this time',
          width: 12,
          unit: 's',
          queries: [
            { expr: quantile(0.95, 'syncline_request_duration_seconds', 'partner', ofPartner), legend: '{{partner}}' },
          ],
        }),
        lines({
          title: 'What has stayed behind',
          says: 'By the last report of the janitor. `syncline janitor show` says where, since when, and who ends it',
          width: 12,
          unit: 'short',
          queries: [{ expr: stored('syncline_left_behind', 'kind', ''), legend: '{{kind}}' }],
        }),
        table({
          title: 'Last report of the janitor',
          says: 'Of each worker that has looked lately; all of them say the same',
          width: 12,
          columns: [
            {
              name: 'Made',
              expr: asTime(stored('syncline_janitor_timestamp_seconds', 'instance', '')),
              unit: 'dateTimeFromNow',
              zero: 'never',
            },
          ],
        }),
      ],
    ],
    temporalServer,
  ],
};
