import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { callerGate } from '../../ingest/caller-gate.ts';
import { Authenticator } from '../../ingest/callers/authenticate.ts';
import { CallerLimiter } from '../../ingest/callers/limiter.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { dumpNight, idOf, senders, type Heard, type Night, type Sender } from '../support/dump-night.ts';
import { long } from '../support/long.ts';
import { openIngestBench, ordersByPush, type IngestBench } from '../support/use-ingest.ts';
import { admissionsOf, mostAtOnce, noteAdmissions } from './support/admissions.ts';

/** In the long form 20,000 requests of each dump, which takes as long as the limit makes it: 400 s. */
const size = long
  ? { requests: 20_000, limits: { rate: 50, burst: 100 }, roundTripMs: 250 }
  : { requests: 200, limits: { rate: 40, burst: 20 }, roundTripMs: 150 };
/** What is sent first is more than the burst, so that some of it is refused also where the machine is slow. */
const connections = { hurried: 40, patient: long ? 4 : 2 };
const dumps = ['hurried', 'patient'] as const;

let bench: IngestBench;
const pools: Pool[] = [];
let heard: readonly Heard[];
let beganAt: Date;
const of = (sender: Sender, status: number): readonly Heard[] =>
  heard.filter((one) => one.sender === sender && one.status === status);

beforeAll(
  async () => {
    const entries = ordersByPush({
      primaryKey: [],
      version: [],
      disposition: 'append',
      schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
    });
    bench = await openIngestBench(Object.fromEntries(senders.map((name) => [name, entries])));
    await noteAdmissions(bench.pool);
    const urls: string[] = [];
    // Each has connections, and a memory of what was refused, of its own, as processes have.
    for (let i = 0; i < 2; i++) {
      const pool = openPool(bench.database.url, 4);
      pools.push(pool);
      const gate = callerGate({ authenticator: new Authenticator(pool), limiter: new CallerLimiter(pool) });
      urls.push((await bench.start({ pool, gate })).url);
    }
    const { rows } = await bench.pool.query<{ now: Date }>('select clock_timestamp() as now');
    beganAt = (rows[0] as { now: Date }).now;
    heard = await dumpNight({ ...size, urls, connections, pool: bench.pool, everyMs: 150 } satisfies Night);
  },
  long ? 1_200_000 : 60_000,
);
afterAll(async () => {
  await bench.close();
  await Promise.all(pools.map((pool) => pool.end()));
});

/** Ids and times of the requests of a stream, as they were committed. */
async function landed(sender: Sender): Promise<readonly { readonly id: string; readonly at: Date }[]> {
  const { rows } = await bench.pool.query<{ id: string; at: Date }>(
    `select t.id, p.committed_at as at
      from acme.${sender} t join streams s on s.name = $1 join pages p on p.stream_id = s.stream_id and p.page_id = t._page
      where p.kind = 'push' order by p.committed_at`,
    [sender],
  );
  return rows;
}

describe('a night on which two partners send all that they have', () => {
  test('ends with every record in the log, once', async () => {
    for (const sender of senders) {
      const sent = sender === 'calm' ? of('calm', 202).length : size.requests;
      const ids = (await landed(sender)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(ids)).toEqual(new Set(Array.from({ length: sent }, (_, n) => idOf(sender, n))));
      const { rows } = await bench.pool.query<{ events: string }>(
        'select count(*) as events from events join streams using (stream_id) where name = $1',
        [sender],
      );
      expect(Number(rows[0]?.events)).toBe(sent);
    }
  });

  test.each(dumps)(
    'lets no more of what is %s through than the limit and its burst, whatever the moment',
    async (sender) => {
      const { rate, burst } = size.limits;
      const admissions = await admissionsOf(bench.pool, sender);
      expect(admissions.reduce((sum, { units }) => sum + units, 0)).toBe(size.requests);
      expect(mostAtOnce(admissions, rate)).toBeLessThanOrEqual(burst + 1e-3);
      // Rows are committed a little after their requests were admitted, so none is there too early.
      const early = (await landed(sender)).filter(
        ({ at }, i) => i + 1 > burst + (rate * (at.getTime() + 1 - beganAt.getTime())) / 1000,
      );
      expect(early).toEqual([]);
    },
  );

  test('refuses who sends again at once over and over, and hardly ever who obeys', () => {
    const elapsedS = Math.max(...heard.map(({ atMs }) => atMs)) / 1000;
    const [hurried, patient] = dumps.map((sender) => of(sender, 429).length) as [number, number];
    expect(hurried).toBeGreaterThan(size.limits.burst);
    // Who waits for a second at least is refused once a second at most on each connection.
    expect(patient).toBeLessThanOrEqual(2 * connections.patient * (1 + elapsedS));
    expect(patient).toBeLessThan(size.requests / 5);
  });

  test('is nothing that a third caller notices: none of its requests is refused', () => {
    expect(of('calm', 202).length).toBeGreaterThan(5);
    expect(heard.filter(({ sender, status }) => sender === 'calm' && status !== 202)).toEqual([]);
  });
});
