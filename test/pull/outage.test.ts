import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { circuitSettings, mostCallsInOutage } from '../../core/circuit-settings.ts';
import { SECOND } from '../../core/duration.ts';
import { plainNames } from '../../messages/names.ts';
import { loadPartner } from '../../definitions/load.ts';
import { postgresCircuit } from '../../limits/circuit/postgres-circuit.ts';
import { credentialOf } from '../../limits/declare/credential.ts';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import { serve, type LocalServer } from '../http/support/local-server.ts';
import { firstOf } from '../support/long.ts';
import { openPullBench, streamReport, WINDOW, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { pullOne } from '../support/pull-one.ts';
import { sideBySide } from '../support/side-by-side.ts';
import { payments } from '../support/simulator-streams.ts';

let bench: PullBench;
const servers: LocalServer[] = [];
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await bench.close();
});

const scenario = sideBySide(6);

const names = ['orders', 'items', 'refunds', 'customers'];
const PAGES = 20;
const SIZE = 5;
const stream = (name: string): StreamInput => ({
  path: `/s/${name}`,
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'token', token: 'next', as: 'page' },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
});

const retry = { attempts: 3, base: '80ms', cap: '800ms' };
const settings = circuitSettings({ baseMs: 80, capMs: 800, timeoutMs: 10 * SECOND });
/** Calls that find the partner down before the circuit has opened: those that open it, and one of each stream that is under way. */
const BEFORE_IT_OPENS = settings.streak + names.length;
/** What a kept connection breaks under is sent once more, and counts as one call: each stream has one of those. */
const SENT_AGAIN = { reset: names.length, '503': 0 } as const;
/** Goes down with the page after so many. */
const GOOD_PAGES = 20;

interface FrailPartner {
  readonly url: string;
  /** Pages that were given. */
  readonly given: number;
  /** When calls came that found it down; monotonic ms. */
  readonly failedAtMs: readonly number[];
  comeBack(): void;
}

/** Four listings. It goes down in the midst of them, and comes back when it is told to. */
async function frailPartner(how: 'reset' | '503'): Promise<FrailPartner> {
  const failedAtMs: number[] = [];
  const state = { given: 0, isBack: false };
  const server = await serve((request, response) => {
    if (state.given === GOOD_PAGES && !state.isBack) {
      failedAtMs.push(performance.now());
      if (how === '503') response.writeHead(503).end();
      else request.socket.resetAndDestroy();
      return;
    }
    state.given += 1;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://local');
    const page = Number(searchParams.get('page') ?? 1);
    const data = Array.from({ length: SIZE }, (_, i) => ({ id: `${pathname} ${page} ${i}` }));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data, next: page < PAGES ? String(page + 1) : null }));
  });
  servers.push(server);
  return {
    url: server.url,
    failedAtMs,
    get given() {
      return state.given;
    },
    comeBack: () => (state.isBack = true),
  };
}

const failings = [
  ['answers 503, with permits by turns', '503', { rate: 100, burst: 1 }],
  ['resets its connections, with permits in batches', 'reset', { rate: 200, burst: 100, concurrency: 4 }],
  ['answers 503, without limits', '503', {}],
] as const satisfies readonly (readonly [string, string, PartnerInput['limits']])[];

describe('a partner that goes down while four streams read, and comes back', () => {
  scenario.each(firstOf(failings, 2))(
    'is left alone but for one probe at a time, and read to its end once it is back: %s',
    async (_what, how, limits) => {
      const frail = await frailPartner(how);
      const partner = await bench.partner({
        streams: Object.fromEntries(names.map((name) => [name, stream(name)])),
        partner: { baseUrl: frail.url, auth: { type: 'bearer', token: `outage ${how}` }, retry, limits },
      });
      const syncing = partner.sync();
      const before = BEFORE_IT_OPENS + SENT_AGAIN[how];
      const circuit = await circuitUntil(partner, () => frail.failedAtMs.length >= before + 4);
      const upAtMs = performance.now();
      frail.comeBack();
      const report = await syncing;

      // Nothing lost, nothing doubled, nothing fetched twice.
      expect(report.outcome).toBe('ok');
      for (const each of report.streams)
        expect(each).toMatchObject({ outcome: 'ok', pages: PAGES, counts: { inserted: PAGES * SIZE } });
      expect(frail.given).toBe(names.length * PAGES);

      const calls = frail.failedAtMs;
      const most = mostCallsInOutage(settings, upAtMs - calls[0]!, names.length) + SENT_AGAIN[how];
      expect(calls.length).toBeLessThanOrEqual(most);
      // From one failed probe to the next at least half of the first pause, so never two at once.
      for (let i = before; i < calls.length; i++)
        expect(calls[i]! - calls[i - 1]!).toBeGreaterThanOrEqual(settings.baseMs / 2);

      const lastError = how === '503' ? /answered 503/ : /could not be reached, or broke off/;
      const open = circuit.filter(({ state }) => state === 'open');
      expect(open).not.toEqual([]);
      for (const each of open) {
        expect(each.lastError).toMatch(lastError);
        // So it goes on within the cap when the partner is back: test/core/circuit.test.ts.
        expect(each.leftMs).toBeLessThanOrEqual(settings.capMs);
      }
      const words = await failuresOf(partner);
      expect(words.filter((each) => /not (been )?answering/.test(each) && lastError.test(each))).not.toEqual([]);
      expect(await circuitOf(partner)).toMatchObject({ state: 'closed' });
    },
  );
});

describe('a partner that stays down', () => {
  scenario('fails the stream after the total time, whatever the attempts, and says why', async () => {
    const partner = await bench.partner({
      simulator: { faults: [{ kind: 'status', status: 502 }] },
      streams: { payments },
      partner: {
        auth: { type: 'bearer', token: 'stays down' },
        retry: { attempts: 1, base: '50ms', cap: '1s', total: '6s' },
      },
    });
    const quick = circuitSettings({ baseMs: 50, capMs: SECOND, timeoutMs: SECOND });
    // With the first call it opens: how many are made in so long depends on the machine.
    const definition = await loadPartner(partner.name, { dir: bench.partnersDir, env: {} });
    const circuit = postgresCircuit(bench.pool, {
      partner: partner.name,
      credential: credentialOf(definition),
      settings: quick,
    });
    for (let strikes = 1; strikes < quick.streak; strikes++) await circuit.failed({ error: 'answered 502' });
    await circuit.close();
    const startedMs = performance.now();
    const report = streamReport(await partner.sync(), 'payments');
    const tookMs = performance.now() - startedMs;
    const { requests } = partner.simulator.stats();
    expect(report).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/not (been )?answering.*502/) });
    // More than the attempts, but one by one.
    expect(requests).toBeGreaterThan(1);
    expect(requests).toBeLessThanOrEqual(mostCallsInOutage(quick, tookMs, 1));
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
  /** From the look to the next probe; null while it is not open. A probe that was given and not sent may be had at once, long after the last failure. */
  readonly leftMs: number | null;
}

async function circuitOf({ name }: BenchPartner): Promise<Row | undefined> {
  const { rows } = await bench.pool.query<Row>(
    `select state, last_error as "lastError", extract(epoch from until - clock_timestamp())::float8 * 1000 as "leftMs"
      from circuits where partner = $1`,
    [name],
  );
  return rows[0];
}

/** How the circuit stood until then, and at last is open. */
async function circuitUntil(partner: BenchPartner, holds: () => boolean): Promise<readonly Row[]> {
  const seen: Row[] = [];
  while (!holds() || seen.at(-1)?.state !== 'open') {
    const row = await circuitOf(partner);
    if (row !== undefined) seen.push(row);
    await sleep(20);
  }
  return seen;
}

/** What the grants of all streams that were tried again said before: their histories keep it. */
async function failuresOf({ name: partner }: BenchPartner): Promise<readonly string[]> {
  const words: string[] = [];
  for (const stream of names) {
    const id = plainNames.streamSyncId({ partner, stream, window: WINDOW, generation: 1 });
    const { events } = await bench.client.workflow.getHandle(id).fetchHistory();
    for (const { activityTaskStartedEventAttributes: started } of events ?? [])
      if (typeof started?.lastFailure?.message === 'string') words.push(started.lastFailure.message);
  }
  return words;
}
