import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { circuitSettings, mostCallsInOutage } from '../../core/circuit-settings.ts';
import { SECOND } from '../../core/duration.ts';
import { plainNames } from '../../messages/names.ts';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import { startJudge, type JudgeProcess } from '../../simulator/judge/start-judge.ts';
import { firstOf } from '../support/long.ts';
import { openPullBench, WINDOW, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { pullOne } from '../support/pull-one.ts';
import { sideBySide } from '../support/side-by-side.ts';

let bench: PullBench;
const judges: JudgeProcess[] = [];
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(async () => {
  await Promise.all(judges.map((judge) => judge.close()));
  await bench.close();
});

const scenario = sideBySide(6);

const names = ['orders', 'items', 'refunds', 'customers'];
const PAGES = 40;
const SIZE = 5;
const stream = (name: string): StreamInput => ({
  path: `/s/${name}`,
  query: { size: SIZE },
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'token', token: 'next', as: 'page' },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, v: { type: 'integer' } } },
});

const retry = { attempts: 3, base: '80ms', cap: '800ms' };
const settings = circuitSettings({ baseMs: 80, capMs: 800, timeoutMs: 10 * SECOND });
const FROM_MS = 400;
const TO_MS = 5400;

const failings = [
  ['answers 503, with permits by turns', '503', { rate: 100, burst: 1 }],
  ['resets its connections, with permits in batches', 'reset', { rate: 200, burst: 100, concurrency: 4 }],
  ['answers 503, without limits', '503', {}],
] as const satisfies readonly (readonly [string, string, PartnerInput['limits']])[];

describe('a partner that goes down while four streams read, and comes back', () => {
  scenario.each(firstOf(failings, 2))(
    'is left alone but for one probe at a time, and read to its end once it is back: %s',
    async (_what, how, limits) => {
      const judge = await startJudge();
      judges.push(judge);
      await judge.configure({
        pages: PAGES,
        size: SIZE,
        latencyMs: 25,
        outages: [{ fromMs: FROM_MS, toMs: TO_MS, how }],
        outagesFrom: 'firstArrival',
      });
      const partner = await bench.partner({
        streams: Object.fromEntries(names.map((name) => [name, stream(name)])),
        partner: { baseUrl: judge.url, auth: { type: 'bearer', token: `outage ${how}` }, retry, limits },
      });
      const syncing = partner.sync();
      const said = await heard(partner, syncing);
      const report = await syncing;
      const arrivals = await judge.arrivals();
      const { outages } = await judge.report();

      // Nothing lost, nothing doubled, nothing fetched twice.
      expect(report.outcome).toBe('ok');
      for (const each of report.streams)
        expect(each).toMatchObject({ outcome: 'ok', pages: PAGES, counts: { inserted: PAGES * SIZE } });
      expect(arrivals.filter(({ verdict }) => verdict === 'admitted')).toHaveLength(names.length * PAGES);

      const calls = arrivals.filter(({ verdict }) => verdict === 'outage').map(({ atUs }) => atUs / 1000);
      const beforeItOpens = settings.streak + names.length;
      expect(calls.length).toBeGreaterThan(settings.streak);
      expect(calls.length).toBeLessThanOrEqual(mostCallsInOutage(settings, TO_MS - FROM_MS, names.length));
      // From one failed probe to the next at least half of the first pause, so never two at once.
      for (let i = beforeItOpens; i < calls.length; i++)
        expect(calls[i]! - calls[i - 1]!).toBeGreaterThanOrEqual(settings.baseMs / 2);
      // No pause is longer than the cap; Temporal's timers are good to a second, and the rest is for a busy machine.
      expect(outages[0]?.recoveredAfterMs).toBeLessThanOrEqual(settings.capMs + 10 * SECOND);

      const lastError = how === '503' ? /answered 503/ : /could not be reached, or broke off/;
      expect(said.circuit).toContainEqual({ state: 'open', lastError: expect.stringMatching(lastError) });
      expect(said.words.filter((words) => /not (been )?answering/.test(words) && lastError.test(words))).not.toEqual(
        [],
      );
      expect(await circuitOf(partner)).toMatchObject({ state: 'closed' });
    },
  );
});

describe('a partner that stays down', () => {
  scenario('fails the stream after the total time, whatever the attempts, and says why', async () => {
    const { report, requests } = await pullOne(bench, {
      faults: [{ kind: 'status', status: 502 }],
      partner: { retry: { attempts: 6, base: '50ms', cap: '1s', total: '6s' } },
    });
    expect(report).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/not (been )?answering.*502/) });
    // More than the attempts, but one by one.
    expect(requests).toBeGreaterThanOrEqual(6);
    expect(requests).toBeLessThanOrEqual(
      mostCallsInOutage(circuitSettings({ baseMs: 50, capMs: SECOND, timeoutMs: SECOND }), 12 * SECOND, 1),
    );
  });
});

describe('the circuit stays closed', () => {
  scenario.each([
    ['throttles again and again', { kind: 'throttle', retryAfter: 'none', nth: [3, 4, 5, 6, 7, 8, 9] }],
    [
      'says 503 with a wait again and again',
      { kind: 'throttle', status: 503, retryAfter: 'decimal', nth: [3, 4, 5, 6, 7, 8] },
    ],
    ['answers nonsense again and again', { kind: 'html', nth: [2, 3, 4, 6, 7, 8] }],
  ] as const)('for a partner that %s', async (_what, fault) => {
    const { partner, report } = await pullOne(bench, { faults: [{ ...fault, nth: [...fault.nth] }] });
    expect(report.outcome).toBe('ok');
    expect(await circuitOf(partner)).toBeUndefined();
  });
});

interface Row {
  readonly state: string;
  readonly lastError: string;
}

async function circuitOf({ name }: BenchPartner): Promise<Row | undefined> {
  const { rows } = await bench.pool.query<Row>(
    'select state, last_error as "lastError" from circuits where partner = $1',
    [name],
  );
  return rows[0];
}

/** What circuit and streams say while the run goes on. */
async function heard(partner: BenchPartner, until: Promise<unknown>): Promise<{ circuit: Row[]; words: string[] }> {
  const circuit: Row[] = [];
  const words = new Set<string>();
  const ended = { value: false };
  void until.finally(() => (ended.value = true)).catch(() => {});
  while (!ended.value) {
    const row = await circuitOf(partner);
    if (row !== undefined) circuit.push(row);
    for (const stream of names) {
      const id = plainNames.streamSyncId({ partner: partner.name, stream, window: WINDOW, generation: 1 });
      const described = await bench.client.workflow
        .getHandle(id)
        .describe()
        .catch(() => undefined);
      for (const { lastFailure } of described?.raw.pendingActivities ?? [])
        if (typeof lastFailure?.message === 'string') words.add(lastFailure.message);
    }
    await sleep(100);
  }
  return { circuit, words: [...words] };
}
