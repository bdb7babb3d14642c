import type { MetricMeter } from '@temporalio/common';
import type { Metrics, ObservedLimits, StreamLabels } from '../core/metrics.ts';

type Observed = Pick<
  Metrics,
  | 'streamObserved'
  | 'reconcileObserved'
  | 'comparisonsObserved'
  | 'queueObserved'
  | 'roleServed'
  | 'scheduleObserved'
  | 'leftoversObserved'
> & {
  /** A run of it has ended ok here, now. */
  readonly endedOk: (of: StreamLabels) => void;
  /** What is left of limits, and for how long. */
  readonly limitsLeft: (partner: string, limits: ObservedLimits['limits']) => void;
};

/** Gauges of what is stored elsewhere: right as soon as a process has looked, whatever it did itself. Times are Unix times; 0: none. */
export function observedMetrics(meter: MetricMeter): Observed {
  const gauge = (name: string, kind: 'int' | 'float', says: string) => meter.createGauge(name, kind, undefined, says);
  const fresh = gauge(
    'syncline_fresh_timestamp_seconds',
    'float',
    'As of when the data of a stream is; 0: no run has ended well yet',
  );
  const promise = gauge(
    'syncline_freshness_promise_seconds',
    'float',
    'How old the data of a stream may be; 0: nothing promises it',
  );
  const lastOk = gauge('syncline_last_ok_timestamp_seconds', 'float', 'When a run of the stream last ended ok');
  const quarantined = gauge('syncline_quarantined_records', 'int', 'Records in quarantine');
  const differs = gauge(
    'syncline_reconcile_open_findings',
    'int',
    'Records that differ between the partner and the store, by the latest reconciliations',
  );
  const unproven = gauge('syncline_reconcile_unproven', 'int', '1 while a latest reconciliation proves nothing');
  const reconciled = gauge(
    'syncline_reconcile_timestamp_seconds',
    'float',
    'When a reconciliation of the stream last ended well; 0: none has',
  );
  const within = gauge(
    'syncline_reconcile_due_seconds',
    'float',
    'How long ago that may be, by the schedules of the definition; 0: it has none',
  );
  const differing = gauge(
    'syncline_target_differing_rows',
    'int',
    'Rows that differ between the store and a target, by the latest comparisons of its tables',
  );
  const notCompared = gauge(
    'syncline_target_compare_failed',
    'int',
    'Tables of a target whose last comparison with the store failed',
  );
  const proven = gauge(
    'syncline_target_compared_timestamp_seconds',
    'float',
    'When the table of a target was last compared to the end that was so the longest ago; 0: one never was',
  );
  const mayBe = gauge(
    'syncline_target_compare_due_seconds',
    'float',
    'How long ago that may be, by the schedule of the target; 0: it has none',
  );
  const waiting = gauge('syncline_queue_waiting', 'int', 'Grants that wait in the queue of a partner');
  const age = gauge('syncline_queue_age_seconds', 'float', 'How long the first of them has waited');
  const serves = gauge('syncline_worker_serves', 'int', 'Always 1: what this process asks for work of');
  const paused = gauge('syncline_schedule_paused', 'int', '1 while a schedule is paused');
  const missed = gauge(
    'syncline_schedule_missed_slots',
    'int',
    'Slots of a schedule that were too late to be caught up, since it was made',
  );
  const skipped = gauge(
    'syncline_schedule_skipped_slots',
    'int',
    'Slots that were left out since the run before had not ended',
  );
  const next = gauge(
    'syncline_schedule_next_timestamp_seconds',
    'float',
    'The next slot of a schedule; 0: there is none',
  );
  const left = gauge('syncline_limit_left', 'float', 'What is left of a limit, in its own units');
  const resets = gauge(
    'syncline_limit_reset_timestamp_seconds',
    'float',
    'When a limit is whole again; 0: it has no such moment',
  );
  const gone = gauge(
    'syncline_limit_exhausted_timestamp_seconds',
    'float',
    'When nothing will be left of a limit at the present pace; 0: not before its reset',
  );
  const leftovers = gauge('syncline_left_behind', 'int', 'What has stayed behind, by the last report of the janitor');
  const reported = gauge('syncline_janitor_timestamp_seconds', 'float', 'When that report was; 0: there is none');
  return {
    streamObserved: (of, seen) => {
      fresh.set(seconds(seen.freshAtMs), { ...of });
      promise.set(seen.promiseMs / 1000, { ...of });
      if (seen.lastOkMs !== null) lastOk.set(seconds(seen.lastOkMs), { ...of });
      quarantined.set(seen.quarantined, { ...of });
    },
    reconcileObserved: (of, seen) => {
      for (const [kind, count] of seen.open) differs.set(count, { ...of, kind });
      unproven.set(seen.unproven ? 1 : 0, { ...of });
      reconciled.set(seconds(seen.endedAtMs), { ...of });
      within.set(seen.withinMs / 1000, { ...of });
    },
    comparisonsObserved: (target, seen) => {
      for (const [kind, count] of seen.differ) differing.set(count, { target, kind });
      notCompared.set(seen.failed, { target });
      proven.set(seconds(seen.provenAtMs), { target });
      mayBe.set(seen.withinMs / 1000, { target });
    },
    endedOk: (of) => lastOk.set(Date.now() / 1000, { ...of }),
    queueObserved: (partner, seen) => {
      waiting.set(seen.waiting, { partner });
      age.set(seen.oldestSecs, { partner });
    },
    roleServed: (of) => serves.set(1, { ...of }),
    scheduleObserved: (of, seen) => {
      paused.set(seen.paused ? 1 : 0, { ...of });
      missed.set(seen.missedSlots, { ...of });
      skipped.set(seen.skippedSlots, { ...of });
      next.set(seconds(seen.nextMs), { ...of });
    },
    leftoversObserved: ({ reportAtMs, kinds }) => {
      for (const [kind, count] of kinds) leftovers.set(count, { kind });
      reported.set(seconds(reportAtMs));
    },
    limitsLeft: (partner, limits) => {
      for (const { limit, left: units, resetsAtMs, goneAtMs } of limits) {
        left.set(units, { partner, limit });
        resets.set(seconds(resetsAtMs), { partner, limit });
        gone.set(seconds(goneAtMs), { partner, limit });
      }
    },
  };
}

const seconds = (ms: number | null): number => (ms ?? 0) / 1000;
