import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { useDuckdb } from '../support/duckdb-target.ts';
import { openLandBench, PARTNER, type LandBench } from '../targets/land-bench.ts';

const document = readFileSync(new URL('../../docs/freshness.md', import.meta.url), 'utf8');
const statements = [...document.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, sql]) => sql as string);

const duckdb = useDuckdb();
let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

const strict: Partial<StreamInput> = {
  primaryKey: ['id'],
  version: ['at'],
  errorBudget: { count: 10, share: 1 },
  incremental: { field: 'at', start: { as: 'since' } },
  schema: {
    type: 'object',
    required: ['id', 'text'],
    properties: { id: { type: 'string' }, text: { type: 'string' }, at: { type: 'string', format: 'date-time' } },
  },
};
const say = (id: string, text?: string): string => JSON.stringify({ id, at: '2026-11-20T10:00:00Z', text });

async function freshness(stream: string): Promise<Record<string, unknown>> {
  const { rows } = await bench.pool.query('select * from freshness where partner = $1 and stream = $2', [
    PARTNER,
    stream,
  ]);
  return rows[0] as Record<string, unknown>;
}

describe('syncline.freshness', () => {
  test('is final after a run that was ok, with watermark, run and time', async () => {
    await bench.define({ orders: strict });
    expect(await freshness('orders')).toBeUndefined();
    await bench.pull('orders', [[say('a', 'one')]]);
    const row = await freshness('orders');
    expect(row).toMatchObject({
      table_schema: PARTNER,
      table_name: 'orders',
      state: 'final',
      reasons: [],
      last_outcome: 'ok',
      running: false,
      waiting: '0',
      quarantined: '0',
      held: '0',
      anomalies: '0',
      targets: {},
    });
    expect(row['watermark']).toEqual(new Date('2026-11-20T10:00:00Z'));
    expect(row['last_ok_run']).toBe(row['last_run']);
    expect(row['definition_version']).toMatch(/^[0-9a-f]{16}$/);
  });

  test('is reconciling while something is in quarantine; a replay that takes all makes it final', async () => {
    await bench.define({ bad: strict });
    await bench.pull('bad', [[say('a'), say('b', 'one')]]);
    expect(await freshness('bad')).toMatchObject({
      state: 'reconciling',
      reasons: ['the last run ended as partial', '1 in quarantine'],
      last_outcome: 'partial',
      last_ok_run: null,
      quarantined: '1',
    });
    const schema = { ...(strict.schema as object), required: ['id'] };
    await bench.define({ bad: { ...strict, schema } });
    await bench.replay('bad');
    expect(await freshness('bad')).toMatchObject({ state: 'final', reasons: [], quarantined: '0', last_outcome: 'ok' });
  });

  test('is reconciling while a target is behind; one that the definition names no more does not matter', async () => {
    await bench.define({ far: { ...strict, targets: ['lake'] } });
    await bench.pull('far', [[say('a', 'one'), say('b', 'one')]]);
    expect(await freshness('far')).toMatchObject({
      state: 'reconciling',
      reasons: ['lake is 2 events behind'],
      targets: { lake: { behind: 2, lacks: 0 } },
    });
    const target = await duckdb.open({ path: duckdb.newPath() });
    await bench.apply('far', target);
    expect(await freshness('far')).toMatchObject({ state: 'final', targets: { lake: { behind: 0, lacks: 0 } } });
    await bench.pull('far', [[say('c', 'one')]]);
    expect(await freshness('far')).toMatchObject({ state: 'reconciling', reasons: ['lake is 1 event behind'] });
    await bench.define({ far: { ...strict, targets: [] } });
    await bench.pull('far', [[]]);
    expect(await freshness('far')).toMatchObject({ state: 'final', targets: {} });
  });

  test('is reconciling while a history is behind', async () => {
    await bench.define({ aged: { ...strict, history: { targets: ['lake'] } } });
    await bench.pull('aged', [[say('a', 'one')]]);
    expect(await freshness('aged')).toMatchObject({
      state: 'reconciling',
      reasons: ['lake.history is 1 event behind'],
      targets: { 'lake.history': { behind: 1, lacks: 0 } },
    });
    await bench.apply('aged.history', await duckdb.open({ path: duckdb.newPath() }));
    expect(await freshness('aged')).toMatchObject({ state: 'final', targets: { 'lake.history': { behind: 0 } } });
  });

  test('of a replace, a target that has the last complete listing is caught up', async () => {
    const listed: Partial<StreamInput> = {
      primaryKey: ['id'],
      disposition: 'replace',
      schema: strict.schema!,
      targets: ['lake'],
    };
    await bench.define({ listed });
    const target = await duckdb.open({ path: duckdb.newPath() });
    await bench.pull('listed', [[say('a', 'one')]]);
    await bench.apply('listed', target);
    expect(await freshness('listed')).toMatchObject({ state: 'final' });
  });

  test('counts anomalies, which change no state, and says that a run is under way', async () => {
    await bench.define({ odd: strict });
    await bench.pull('odd', [[say('a', 'one'), say('a', 'two')]]);
    expect(await freshness('odd')).toMatchObject({ state: 'final', anomalies: '1' });
    await bench.pool.query(
      `update stream_runs set state = 'running' where stream_id = (select stream_id from streams where name = 'odd')`,
    );
    expect(await freshness('odd')).toMatchObject({
      state: 'reconciling',
      reasons: ['a run is under way'],
      running: true,
    });
  });

  test('a suspect run, a range and a run that failed before it began', async () => {
    await bench.define({ asked: strict });
    await bench.pull('asked', [[say('a', 'one')]]);
    const again = (kind: string, window: string, outcome: string) =>
      bench.pool.query(
        `insert into stream_runs (stream_id, run_no, sync_id, window_label, kind, lane, definition_version, state, checkpoint, outcome, started_at, finished_at)
          select stream_id, (select max(run_no) + 1 from stream_runs), $1, $2, $3, 'normal', '', 'done', '', $4, now(), now() from streams where name = 'asked'`,
        [randomUUID(), window, kind, outcome],
      );
    await again('backfill', '2026-01-01..2026-01-31', 'failed');
    await again('manual', '2026-01-01..2026-01-31', 'suspect');
    expect(await freshness('asked')).toMatchObject({ state: 'final' });
    await again('nightly', '2026-11-25', 'suspect');
    expect(await freshness('asked')).toMatchObject({
      reasons: ['the last run ended as suspect'],
      state: 'reconciling',
    });
    await again('nightly', '2026-11-26', 'ok');
    expect(await freshness('asked')).toMatchObject({ state: 'final' });
    await bench.pool.query(
      `insert into runs (run_id, partner, kind, window_label, generation, streams, workflow_run_id, finished_at, outcome, reason)
        values ($1, $2, 'nightly', '2026-11-27', 1, '{asked}', 'w', now(), 'failed', 'asked failed: its table does not fit')`,
      [randomUUID(), PARTNER],
    );
    expect(await freshness('asked')).toMatchObject({ reasons: ['the last run failed before it could begin'] });
  });
});

test('the statements of docs/freshness.md do what they say, for a role with no right on what is behind', async () => {
  await bench.define({ plain: strict });
  await bench.pull('plain', [[say('a', 'one')]]);
  const role = `analyst_${randomUUID().slice(0, 8)}`;
  const [shown, grants, guard] = statements as [string, string, string];
  await bench.pool.query(`create role ${role}`);
  try {
    await bench.pool.query(grants.replaceAll('analyst', role));
    const client = await bench.pool.connect();
    try {
      await client.query(`begin; set local role ${role}`);
      const { rows } = await client.query(shown.replace('acme', PARTNER));
      expect(rows).toContainEqual(expect.objectContaining({ stream: 'plain', state: 'final', reasons: [] }));
      expect((await client.query(guard)).rows).toEqual([]);
      await expect(client.query('select * from syncline.anomalies')).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.query('rollback');
      client.release();
    }
  } finally {
    await bench.pool.query(`drop owned by ${role}; drop role ${role}`);
  }
});

test('every column of the view is in docs/freshness.md', async () => {
  const { fields } = await bench.pool.query('select * from freshness limit 0');
  const told = [...document.matchAll(/^\| (`.*?) +\|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)]);
  expect(new Set(told.map(([, name]) => name))).toEqual(new Set(fields.map(({ name }) => name)));
});
