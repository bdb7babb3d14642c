import { partners, type Dashboard } from './dashboard.ts';
import { lines, stat, table } from './panel.ts';
import { asTime, ofPartner, ofTarget, stored } from './query.ts';

const by = 'target, partner, stream';
const storedOf = (series: string): string => stored(series, by, `${ofTarget}, ${ofPartner}`);
const ofTargets = (series: string): string => stored(series, 'target', ofTarget);
const legend = '{{target}} {{partner}} {{stream}}';

/** What people query: how far targets are behind the event log, and why. */
export const targets: Dashboard = {
  name: 'targets',
  title: 'Syncline: targets',
  variables: [{ name: 'target', label: 'Target', series: 'syncline_target_behind_events', many: true }, partners],
  rows: [
    [
      'At a glance',
      [
        stat({
          title: 'Loads that fail',
          says: '`syncline targets list` says why. Partners are read as before; the target catches up by itself',
          width: 6,
          unit: 'short',
          badFrom: 1,
          query: { expr: `sum(${storedOf('syncline_target_failing')})`, legend: 'failing' },
        }),
        stat({
          title: 'Furthest behind',
          says: 'How long ago the first event came that a target does not have yet',
          width: 6,
          unit: 's',
          badFrom: 3600,
          query: { expr: `max(${storedOf('syncline_target_behind_seconds')})`, legend: 'behind' },
        }),
        stat({
          title: 'Events left out',
          says: 'They fit the definition no longer, so a target lacks them',
          width: 6,
          unit: 'short',
          badFrom: 1,
          query: { expr: `sum(${storedOf('syncline_target_left_out_events')})`, legend: 'left out' },
        }),
        stat({
          title: 'Since a worker last looked',
          says: 'Workers of workflows look every 30 seconds',
          width: 6,
          unit: 's',
          badFrom: 150,
          query: { expr: 'time() - max(syncline_targets_observed_timestamp_seconds)', legend: 'ago' },
        }),
      ],
    ],
    [
      'Targets',
      [
        table({
          title: 'Targets',
          says: 'Of a history, the stream is `STREAM.history`',
          width: 24,
          columns: [
            { name: 'Events behind', expr: storedOf('syncline_target_behind_events'), unit: 'short' },
            { name: 'Behind since', expr: storedOf('syncline_target_behind_seconds'), unit: 's', zero: 'has all' },
            { name: 'Fails', expr: storedOf('syncline_target_failing'), unit: 'short', zero: 'no' },
            { name: 'Left out', expr: storedOf('syncline_target_left_out_events'), unit: 'short' },
          ],
        }),
        lines({
          title: 'Events behind',
          says: 'The 20 furthest behind',
          width: 12,
          unit: 'short',
          queries: [{ expr: `topk(20, ${storedOf('syncline_target_behind_events')})`, legend }],
        }),
        lines({
          title: 'Time behind',
          says: 'The 20 furthest behind',
          width: 12,
          unit: 's',
          queries: [{ expr: `topk(20, ${storedOf('syncline_target_behind_seconds')})`, legend }],
        }),
        table({
          title: 'Compared with the store',
          says: '`syncline targets compared` has them. Of each target, the table that was compared the longest ago',
          width: 12,
          columns: [
            {
              name: 'Last compared',
              expr: asTime(ofTargets('syncline_target_compared_timestamp_seconds')),
              unit: 'dateTimeFromNow',
              zero: 'never',
            },
            {
              name: 'May be so old',
              expr: ofTargets('syncline_target_compare_due_seconds'),
              unit: 's',
              zero: 'no schedule',
            },
            { name: 'Failed', expr: ofTargets('syncline_target_compare_failed'), unit: 'short', zero: 'no' },
          ],
        }),
        lines({
          title: 'Rows that differ from the store',
          says: 'By the latest comparisons, by kind',
          width: 12,
          unit: 'short',
          queries: [
            { expr: stored('syncline_target_differing_rows', 'target, kind', ofTarget), legend: '{{target}} {{kind}}' },
          ],
        }),
        lines({
          title: 'Workers that serve each target',
          says: 'A target that nobody serves falls behind',
          width: 24,
          unit: 'short',
          queries: [
            { expr: 'sum by (name) (syncline_worker_serves{role="target", name=~"$target"})', legend: '{{name}}' },
          ],
        }),
      ],
    ],
  ],
};
