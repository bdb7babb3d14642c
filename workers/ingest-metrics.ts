import type { MetricMeter } from '@temporalio/common';
import { refusals } from '../ingest/callers/refusals.ts';
import type { IngestMetrics } from '../ingest/ingest-metrics.ts';
import { misuseCauses } from '../store/callers/misuse-causes.ts';

/** The series of docs/metrics.md that the role `ingest` has, on the same exporter as those of workers. */
export function ingestMetrics(meter: MetricMeter): IngestMetrics {
  const requests = meter.createCounter(
    'syncline_ingest_requests',
    undefined,
    'Requests that pushed records, by status',
  );
  const duration = meter.createHistogram(
    'syncline_ingest_duration_seconds',
    'float',
    undefined,
    'From the headers of a request that pushed records to the end of its answer',
  );
  const records = meter.createCounter(
    'syncline_ingest_records',
    undefined,
    'Records of accepted requests, by what became of them',
  );
  const deliveries = meter.createCounter(
    'syncline_webhook_deliveries',
    undefined,
    'Deliveries of webhooks, by what became of them',
  );
  const load = meter.createGauge(
    'syncline_ingest_load_ratio',
    'float',
    undefined,
    'How full what waits to be written is; 1: no request gets in',
  );
  const refused = meter.createCounter(
    'syncline_callers_refused',
    undefined,
    'Requests without a key that opens the door, by why',
  );
  const limited = meter.createCounter(
    'syncline_caller_limited',
    undefined,
    'Requests that came up against a limit of their caller',
  );
  const nearQuota = meter.createCounter(
    'syncline_caller_near_quota',
    undefined,
    'Days on which a caller came to 80 % of its quota',
  );
  const blocked = meter.createCounter(
    'syncline_callers_blocked',
    undefined,
    'Blocks that Syncline began by itself, by cause',
  );
  // A series that first shows with its first block hides that block from `increase()`. Whom it blocked is in the log and in the audit.
  for (const why of refusals) refused.add(0, { why });
  for (const cause of misuseCauses) blocked.add(0, { cause });
  return {
    answered: (of, { status, durationMs }) => {
      requests.add(1, { partner: of?.partner ?? '', stream: of?.stream ?? '', status: String(status) });
      if (of !== undefined) duration.record(durationMs / 1000, { ...of });
    },
    landed: (of, { accepted, quarantined }) => {
      // Both at once: a series that first shows with its first failure hides that failure from `increase()`.
      records.add(accepted, { ...of, fate: 'accepted' });
      records.add(quarantined, { ...of, fate: 'quarantined' });
    },
    delivered: (of, fate) => deliveries.add(1, { ...of, fate }),
    loaded: (share) => load.set(share, {}),
    refused: (why) => refused.add(1, { why }),
    limited: (caller, cause) => limited.add(1, { caller, cause }),
    nearQuota: (caller) => nearQuota.add(1, { caller }),
    blocked: (cause) => blocked.add(1, { cause }),
  };
}
