import type { MetricMeter } from '@temporalio/common';
import { fateCounts } from '../core/counts.ts';
import { deferralReasons, retryReasons, type Metrics } from '../core/metrics.ts';
import { outcomes } from '../core/names.ts';
import { observedMetrics } from './observed-metrics.ts';

/**
 * Upper bounds in seconds, by metric: Temporal's defaults are in milliseconds. The SDK keeps one list of them for the
 * whole process (workers/runtime.ts).
 */
export const histogramBuckets = {
  syncline_request_duration_seconds: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  syncline_ingest_duration_seconds: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  syncline_batch_records: [1, 10, 50, 100, 500, 1000, 5000, 20_000],
  syncline_permit_wait_seconds: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
} as const satisfies Readonly<Record<string, readonly number[]>>;

/** The series of docs/metrics.md, on the exporter that Temporal's own go out by. Counters get their `_total` there. */
export function workerMetrics(meter: MetricMeter): Metrics {
  const requests = meter.createCounter('syncline_requests', undefined, 'Requests sent to partners');
  const bytes = meter.createCounter('syncline_response_bytes', undefined, 'Bytes of answers, decompressed');
  const duration = meter.createHistogram(
    'syncline_request_duration_seconds',
    'float',
    undefined,
    'From the request on the wire to the end of its answer',
  );
  const throttled = meter.createCounter('syncline_throttled', undefined, 'Answers that said: too many requests');
  const withinLimits = meter.createCounter(
    'syncline_throttled_within_limits',
    undefined,
    'Of them, those within all limits that the definition declares',
  );
  const retries = meter.createCounter('syncline_retries', undefined, 'Calls and grants that are tried again, by why');
  const batch = meter.createHistogram('syncline_batch_records', 'int', undefined, 'Records of one transaction');
  const permitWait = meter.createHistogram(
    'syncline_permit_wait_seconds',
    'float',
    undefined,
    'From wanting to send to the request on the wire',
  );
  const pages = meter.createCounter('syncline_pages', undefined, 'Pages committed');
  const rows = meter.createCounter('syncline_rows', undefined, 'Records committed, by what became of them');
  const deferrals = meter.createCounter('syncline_deferrals', undefined, 'Grants that ended in a wait');
  const ended = meter.createCounter('syncline_streams_ended', undefined, 'Runs of streams that ended, by outcome');
  const { endedOk, limitsLeft, ...observing } = observedMetrics(meter);
  const used = meter.createGauge(
    'syncline_limit_used_ratio',
    'float',
    undefined,
    'Share of a limit that is used; 1 is all',
  );
  const blocked = meter.createGauge(
    'syncline_partner_blocked',
    'int',
    undefined,
    '1 while nobody may call the partner',
  );
  const observed = meter.createGauge(
    'syncline_limits_observed_timestamp_seconds',
    'float',
    undefined,
    'When this process last looked at the limits of a partner',
  );
  const behindEvents = meter.createGauge(
    'syncline_target_behind_events',
    'int',
    undefined,
    'Events that a target does not have yet',
  );
  const behindSecs = meter.createGauge(
    'syncline_target_behind_seconds',
    'float',
    undefined,
    'Age of the first of them',
  );
  const failing = meter.createGauge('syncline_target_failing', 'int', undefined, '1 while loads into a target fail');
  const leftOut = meter.createGauge(
    'syncline_target_left_out_events',
    'int',
    undefined,
    'Events that a target lacks because they fit the definition no longer',
  );
  const waiting = meter.createGauge(
    'syncline_waiting_records',
    'int',
    undefined,
    'Records that wait for what they require',
  );
  const overdue = meter.createGauge(
    'syncline_waiting_overdue_records',
    'int',
    undefined,
    'Of them, those that wait for longer than they may',
  );
  const brokenRules = meter.createGauge(
    'syncline_broken_rules',
    'int',
    undefined,
    'Places where the rules of a stream do not hold',
  );
  const webhookSilent = meter.createGauge(
    'syncline_webhook_silent_seconds',
    'float',
    undefined,
    'Since the last delivery of a webhook',
  );
  const webhookExpected = meter.createGauge(
    'syncline_webhook_expected_silence_seconds',
    'float',
    undefined,
    'How long a webhook may be silent; 0: nothing says it',
  );
  const webhookFailed = meter.createGauge(
    'syncline_webhook_failed',
    'int',
    undefined,
    'Deliveries and hints of a webhook that wait for a person',
  );
  const targetsSeen = meter.createGauge(
    'syncline_targets_observed_timestamp_seconds',
    'float',
    undefined,
    'When this process last looked at the targets',
  );
  const seen = new Set<string>();
  const waitsTold = new Set<string>();
  const rulesTold = new Set<string>();
  return {
    ...observing,
    streamSeen: (of) => {
      const name = `${of.partner} ${of.stream}`;
      if (seen.has(name)) return;
      seen.add(name);
      throttled.add(0, { ...of });
      withinLimits.add(0, { ...of });
      for (const reason of retryReasons) retries.add(0, { ...of, reason });
      rows.add(0, { ...of, fate: 'quarantined' });
      for (const reason of deferralReasons) deferrals.add(0, { ...of, reason });
      for (const outcome of outcomes) ended.add(0, { ...of, outcome });
      if (!rulesTold.has(name)) brokenRules.set(0, { ...of });
      if (waitsTold.has(name)) return;
      waiting.set(0, { ...of });
      overdue.set(0, { ...of });
    },
    requestSent: (of, answer) => {
      requests.add(1, { ...of, status: answer === undefined ? 'none' : String(answer.status) });
      if (answer === undefined) return;
      duration.record(answer.durationMs / 1000, { partner: of.partner });
      bytes.add(answer.bytes, { ...of });
    },
    throttled: (of, { declared }) => {
      throttled.add(1, { ...of });
      if (declared) withinLimits.add(1, { ...of });
    },
    retried: (of, reason) => retries.add(1, { ...of, reason }),
    permitWaited: (of, waitedMs) => permitWait.record(Math.max(0, waitedMs) / 1000, { ...of }),
    pagesCommitted: (of, count, counts) => {
      pages.add(count, { ...of });
      batch.record(counts.fetched, { partner: of.partner });
      for (const fate of fateCounts) if (counts[fate] > 0) rows.add(counts[fate], { ...of, fate });
    },
    deferred: (of, reason) => deferrals.add(1, { ...of, reason }),
    streamEnded: (of, outcome) => {
      ended.add(1, { ...of, outcome });
      if (outcome === 'ok') endedOk(of);
    },
    limitsObserved: (partner, seen) => {
      for (const { limit, share } of seen.usedShares) used.set(share, { partner, limit });
      limitsLeft(partner, seen.limits);
      blocked.set(seen.blocked ? 1 : 0, { partner });
      observed.set(Date.now() / 1000, { partner });
    },
    targetObserved: (of, at) => {
      behindEvents.set(at.behindEvents, { ...of });
      behindSecs.set(at.behindSecs, { ...of });
      failing.set(at.failing ? 1 : 0, { ...of });
      leftOut.set(at.leftOutEvents, { ...of });
    },
    webhookObserved: (of, at) => {
      webhookSilent.set(at.silentSecs, { ...of });
      webhookExpected.set(at.expectedSecs, { ...of });
      webhookFailed.set(at.failedDeliveries, { ...of, what: 'delivery' });
      webhookFailed.set(at.failedHints, { ...of, what: 'hint' });
    },
    waitingObserved: (of, at) => {
      waitsTold.add(`${of.partner} ${of.stream}`);
      waiting.set(at.records, { ...of });
      overdue.set(at.overdue, { ...of });
    },
    rulesObserved: (of, { broken }) => {
      rulesTold.add(`${of.partner} ${of.stream}`);
      brokenRules.set(broken, { ...of });
    },
    targetsObserved: () => targetsSeen.set(Date.now() / 1000),
  };
}
