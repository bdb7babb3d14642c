import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, constantFrom, integer, record } from 'fast-check';
import type { Pool } from 'pg';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Ingest } from '../../ingest/start-ingest.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { runOf } from '../landing/run-of.ts';
import { long } from '../support/long.ts';
import { ask, openIngestBench, ordersByPush, type Answered, type IngestBench } from '../support/use-ingest.ts';

let bench: IngestBench;
const servers: Ingest[] = [];
const pools: Pool[] = [];
beforeAll(async () => {
  const both = { ...ordersByPush({ deletes: { field: 'text', equals: 'gone', hold: false } }), path: '/orders' };
  bench = await openIngestBench({
    entries: ordersByPush({ primaryKey: [], version: [], disposition: 'append' }),
    other: ordersByPush({ primaryKey: [], version: [], disposition: 'append' }),
    ...Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`both_${i}`, both])),
  });
  // Each has connections of its own, as processes have.
  for (let i = 0; i < 4; i++) {
    pools.push(openPool(bench.database.url, 3));
    servers.push(await bench.start({ pool: pools.at(-1) as Pool }));
  }
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await Promise.all(pools.map((pool) => pool.end()));
  await bench.close();
});

const send = (
  stream: string,
  value: unknown,
  { at, key }: { readonly at: number; readonly key?: string },
): Promise<Answered> =>
  ask(`${servers[at % servers.length]?.url}/v1/acme/${stream}`, {
    method: 'POST',
    body: JSON.stringify(value),
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer caller',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
  });
const idsOf = async (stream: string): Promise<readonly string[]> => {
  const { rows } = await bench.pool.query<{ id: string }>(`select id from acme.${stream} order by id`);
  return rows.map(({ id }) => id);
};

describe('many requests with one key, at four servers at once', () => {
  test('have one effect and one answer where they are equal', async () => {
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: long ? 1000 : 200 }, (_, at) => send('entries', { id: 'one' }, { at, key })),
    );
    const done = answers.filter(({ status }) => status === 202);
    expect(done.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ status }) => status !== 202 && status !== 409)).toEqual([]);
    for (const { headers } of answers.filter(({ status }) => status === 409))
      expect(headers.get('retry-after')).not.toBeNull();
    const again = await send('entries', { id: 'one' }, { at: 3, key });
    expect([again.status, again.text, again.headers.get('idempotent-replayed')]).toEqual([202, done[0]?.text, 'true']);
    expect(await idsOf('entries')).toEqual(['one']);
  });

  test('have the effect of one of them where they differ', async () => {
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, at) => send('other', { id: `of ${at}` }, { at, key })),
    );
    const winners = answers.flatMap(({ status }, at) => (status === 202 ? [`of ${at}`] : []));
    expect(winners).toHaveLength(1);
    expect(answers.filter(({ status }) => ![202, 409, 422].includes(status))).toEqual([]);
    expect(await idsOf('other')).toEqual(winners);
  });
});

/** A change of one record: who has the greatest version wins, however it came. */
const change = record({
  id: constantFrom('a', 'b', 'c', 'd'),
  v: integer({ min: 1, max: 9 }),
});
const told = ({ id, v }: { readonly id: string; readonly v: number }) => ({
  id,
  v,
  // Two changes of one version are the same one: of two that differ, the later arrival would win, and which that is nobody knows.
  text: v % 3 === 0 ? 'gone' : `${id} ${v}`,
});

describe('the same records, pulled and pushed at once', () => {
  let streams = 0;
  test('end as the model says: the newest version of each key, and counts that balance', async () => {
    const warehouse = postgresWarehouse(bench.pool);
    await assert(
      asyncProperty(
        array(array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 }),
        array(array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
        async (pushes, pages) => {
          const name = `both_${(streams += 1) % 60}`;
          const stream = bench.streams.get(name) as CompiledStream;
          const run = await runOf(warehouse, stream, {
            window: `2026-01-${String(1 + (streams % 28)).padStart(2, '0')}`,
            runId: null,
          });
          const pulled = (async () => {
            for (const page of pages) await run.commit(run.page(page.map(told)));
          })();
          const answers = await Promise.all(pushes.map((push, at) => send(name, push.map(told), { at })));
          await pulled;
          expect(answers.map(({ status }) => status)).toEqual(pushes.map(() => 202));
          const newest = new Map<string, ReturnType<typeof told>>();
          for (const one of [...pushes, ...pages].flat().map(told))
            if ((newest.get(one.id)?.v ?? 0) < one.v) newest.set(one.id, one);
          const { rows } = await bench.pool.query(
            `select id, v::integer, text from acme.${name} where _deleted_at is null order by id`,
          );
          const expected = [...newest.values()]
            .filter(({ text }) => text !== 'gone')
            .toSorted((a, b) => a.id.localeCompare(b.id));
          expect(rows).toEqual(expected);
          const { rows: balance } = await bench.pool.query<{ records: string }>(
            `select sum(fetched) as records from pages join streams using (stream_id) where name = $1`,
            [name],
          );
          expect(Number(balance[0]?.records)).toBe([...pushes, ...pages].flat().length);
        },
      ),
      long ? { numRuns: 59, endOnFailure: true } : { numRuns: 4, seed: 18, endOnFailure: true },
    );
  });
});
