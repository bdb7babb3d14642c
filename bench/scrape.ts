import { Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { noCounts } from '../core/counts.ts';
import { freePort } from '../services/free-port.ts';
import { workerMetrics } from '../workers/metrics.ts';
import { installRuntime } from '../workers/runtime.ts';

/**
 * How long a worker that has worked for 1,000 streams takes to answer Prometheus: each series that one stream makes, 1,000 times.
 * `node --import tsx bench/scrape.ts`
 */
const PARTNERS = 50;
const STREAMS = 20;
const SCRAPES = 20;

const address = `127.0.0.1:${await freePort()}`;
installRuntime(pino({ level: 'silent' }), address);
const metrics = workerMetrics(Runtime.instance().metricMeter);
const limits = ['rate', 'daily'];

for (let p = 0; p < PARTNERS; p += 1) {
  const partner = `partner_${p}`;
  metrics.roleServed({ role: 'partner', name: partner });
  metrics.queueObserved(partner, { waiting: 0, oldestSecs: 0 });
  metrics.limitsObserved(partner, {
    usedShares: limits.map((limit) => ({ limit, share: 0.5 })),
    limits: limits.map((limit) => ({ limit, left: 1, resetsAtMs: null, goneAtMs: null })),
    blocked: false,
  });
  const standing = { paused: false, missedSlots: 0, skippedSlots: 0, nextMs: 1 };
  metrics.scheduleObserved({ partner, schedule: 'nightly' }, standing);
  metrics.permitWaited({ partner, lane: 'normal' }, 3);
  for (let s = 0; s < STREAMS; s += 1) {
    const of = { partner, stream: `stream_${s}` };
    metrics.streamSeen(of);
    metrics.streamObserved(of, { freshAtMs: 1, promiseMs: 1, lastOkMs: 1, quarantined: 0 });
    metrics.requestSent(of, { status: 200, durationMs: 5, bytes: 5 });
    metrics.pagesCommitted(of, 1, { ...noCounts, fetched: 7, inserted: 5, updated: 1, unchanged: 1 });
    metrics.streamEnded(of, 'ok');
    metrics.targetObserved(
      { target: 'lake', ...of },
      { behindEvents: 0, behindSecs: 0, failing: false, leftOutEvents: 0 },
    );
  }
}

const tookMs: number[] = [];
let text = '';
for (let i = 0; i < SCRAPES; i += 1) {
  const startedAt = performance.now();
  text = await (await fetch(`http://${address}/metrics`)).text();
  tookMs.push(performance.now() - startedAt);
}
const sorted = tookMs.toSorted((a, b) => a - b);
const at = (share: number): string => `${Math.round(sorted[Math.ceil(share * SCRAPES) - 1] ?? 0)} ms`;
console.log(
  `${text.split('\n').length} lines, ${(text.length / 1e6).toFixed(1)} MB: median ${at(0.5)}, p95 ${at(0.95)}`,
);
await Runtime.instance().shutdown();
