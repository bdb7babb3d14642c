import { mkdtemp, mkdir, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { findAll, removeAll } from '../../activities/janitor/look.ts';
import { placeOfFile, removeStagingFiles, stagingLeftovers } from '../../activities/janitor/staging-files.ts';
import { lookAtThisMachine } from '../../activities/janitor/this-machine.ts';
import type { JanitorMode, Leftover } from '../../core/leftover.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import { plainNames } from '../../messages/names.ts';
import { beginPlan, notePlanReady } from '../../store/duplicates/plans.ts';
import { findLeftovers } from '../../store/janitor/leftovers.ts';
import { endReport, listReports, noteReport, readReport } from '../../store/janitor/reports.ts';
import { noteStaging } from '../../store/janitor/staging-notes.ts';
import { transaction } from '../../store/session/transaction.ts';
import { aStream, idAndText, order, runAll, runOf } from '../landing/run-of.ts';
import { long } from '../support/long.ts';
import { usePool } from '../support/use-pool.ts';

const used = usePool();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'janitor-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  await used.pool.query('truncate idempotency, leases, critical_work, duplicate_plans, janitor_reports cascade');
});

let runs = 0;
const report = (found: readonly Leftover[] = [], run = `run ${runs++}`): Promise<number> =>
  noteReport(used.pool, { run, by: 'ann', mode: 'apply', found, troubles: [] });
const depsOf = () => ({
  pool: used.pool,
  names: plainNames,
  partnersDir: folder,
  env: {},
  folders: [folder],
  now: () => Date.now(),
});

async function apply(): Promise<number> {
  const number = await report(await findLeftovers(used.pool));
  expect(await removeAll(depsOf(), number)).toEqual([]);
  const { findings } = await readReport(used.pool, number);
  return findings.reduce((sum, { removed }) => sum + removed, 0);
}

const renew = (n: number): string => `
  update leases set expires_at = now() + interval '1 minute' where lease::text like '%${n}';
  update idempotency set lease_until = now() + interval '1 minute' where key = 'k${n}'`;

test('what is renewed while the janitor looks, or while it removes, stays', async () => {
  const { pool } = used;
  await pool.query(`
    insert into leases select 'acme', ('00000000-0000-4000-8000-00000000000' || n)::uuid, now() - interval '2 days' from generate_series(1, 3) n;
    insert into idempotency (caller, operation, key, fingerprint, lease, lease_until, expires_at)
      select 'shop', 'push', 'k' || n, '', gen_random_uuid(), now() - interval '2 days', now() from generate_series(1, 3) n`);
  const found = await findLeftovers(pool);
  expect(found.map(({ kind, count }) => [kind, count])).toEqual([
    ['locked-key', 3],
    ['expired-lease', 3],
  ]);
  await pool.query(renew(1));
  const number = await report(found, 'looked');
  const other = await pool.connect();
  try {
    await other.query(`begin; ${renew(2)}`);
    // It waits for nobody.
    expect(await removeAll(depsOf(), number)).toEqual([]);
    await other.query('commit');
  } finally {
    other.release();
  }
  const { rows } = await pool.query(
    `select (select array_agg(right(lease::text, 1) order by lease) from leases) as leases, (select array_agg(key order by key) from idempotency) as keys`,
  );
  expect(rows).toEqual([{ leases: ['1', '2'], keys: ['k1', 'k2'] }]);
  await endReport(pool, number);
  // As by a process that was frozen when it had looked.
  expect(await report(found, 'looked')).toBe(number);
  // Whoever has not said yet that it lives may still be dead.
  const { findings } = await readReport(pool, number);
  expect(findings.map(({ count, removed }) => [count, removed])).toEqual([
    [2, 1],
    [2, 1],
  ]);
});

test('a replace that gathers, one that failed, a rebuild and a search go on while the janitor removes', async () => {
  const { pool } = used;
  const warehouse = postgresWarehouse(pool);
  const gathers = aStream({ disposition: 'replace', version: [] });
  await runAll(warehouse, gathers, [[order('old', 1)]]);
  const run = await runOf(warehouse, gathers);
  await run.commit(run.page([order('a', 1)]));
  expect(await apply()).toBe(0);
  await pool.query(`update stream_runs set state = 'failed', outcome = 'failed' where run_no = $1 and stream_id = $2`, [
    run.opened.run.runNo,
    run.opened.run.streamId,
  ]);
  expect(await apply()).toBe(0);
  const again = await runOf(warehouse, gathers);
  await again.commit(again.page([order('b', 2)]));
  expect(await apply()).toBe(0);
  await again.finish();
  expect((await idAndText(pool, gathers)).map(([id]) => id)).toEqual(['a', 'b']);

  const rebuilt = aStream();
  await runAll(warehouse, rebuilt, [[order('a', 1), order('b', 1)]]);
  await pool.query(`update "${rebuilt.schema}".orders set text = 'edited'`);
  let removed = -1;
  const whole = { stream: rebuilt, dryRun: false, acceptUnfit: false, progress: () => {} };
  await rebuildTable(pool, {
    ...whole,
    failpoint: async (name) => {
      if (name === 'rebuild.read') removed = await apply();
    },
  });
  expect(removed).toBe(0);
  expect((await idAndText(pool, rebuilt)).map(([, text]) => text)).toEqual(['a 1', 'b 1']);

  const plan = { name: 'people', workflowId: 'w', settings: {}, follows: null, by: 'ann' };
  await transaction(pool, (client) => beginPlan(client, plan));
  await pool.query(
    `update duplicate_plans set begun_at = now() - interval '2 days', made_at = now() - interval '2 days'`,
  );
  // Its second attempt.
  const begun = await transaction(pool, (client) => beginPlan(client, plan));
  expect(await apply()).toBe(0);
  await notePlanReady(pool, { ...begun, weights: {}, lookedAt: {}, counts: {} });
});

test('what a rebuild left that was killed is removed, and what a person can go back to stays', async () => {
  const { pool } = used;
  const stream = aStream();
  await runAll(postgresWarehouse(pool), stream, [[order('a', 1)], [order('b', 1)]]);
  const { rows } = await pool.query<{ id: number }>('select stream_id as id from streams where partner = $1', [
    stream.partner.name,
  ]);
  const id = rows[0]?.id as number;
  await pool.query(`create table "${stream.schema}"._build_${id} (); create table "${stream.schema}"._before_${id} ()`);
  const holder = await pool.connect();
  try {
    const key = `hashtextextended(current_schema() || ' rebuild ' || ${id}, 0)`;
    await holder.query(`select pg_advisory_lock(${key})`);
    expect(await apply()).toBe(0);
    await holder.query(`select pg_advisory_unlock(${key})`);
    // Somebody reads it: it is left for the next time, and said so.
    await holder.query(`begin; lock table "${stream.schema}"._build_${id} in access share mode`);
    const number = await report(await findLeftovers(pool));
    expect(await removeAll(depsOf(), number)).toEqual([
      expect.stringMatching(/_build_\d+: not removed: .*lock timeout/),
    ]);
    await holder.query('rollback');
  } finally {
    holder.release();
  }
  expect(await apply()).toBe(1);
  const { rows: tables } = await pool.query(
    'select tablename as name from pg_tables where schemaname = $1 order by 1',
    [stream.schema],
  );
  expect(tables.map(({ name }) => String(name))).toEqual([`_before_${id}`, 'orders']);
});

test('applied twice is applied once, and each is removed that is older than a day, and no other', async () => {
  const { pool } = used;
  // Not so near to a day that the time of the test counts.
  const hours = fc.oneof(fc.integer({ min: -48, max: 23 }), fc.integer({ min: 25, max: 200 }));
  const item = fc.record({
    what: fc.constantFrom('key', 'answered', 'lease', 'work', 'search', 'ready'),
    hours,
    place: fc.integer({ min: 1, max: 3 }),
  });
  const insert = {
    key: `insert into idempotency (caller, operation, key, fingerprint, lease, lease_until, expires_at) select 'c' || place, 'push', no::text, '', gen_random_uuid(), now() - hours * interval '1 hour', now()`,
    answered: `insert into idempotency (caller, operation, key, fingerprint, lease_until, status, expires_at) select 'c' || place, 'push', no::text, '', now() - hours * interval '1 hour', 200, now()`,
    lease: `insert into leases select 'c' || place, gen_random_uuid(), now() - hours * interval '1 hour'`,
    work: `insert into critical_work select 'c' || place, no::text, 1, now() - hours * interval '1 hour'`,
    search: `insert into duplicate_plans (name, workflow_id, settings, by, begun_at) select 'p' || place, no::text, '{}', 'x', now() - hours * interval '1 hour'`,
    ready: `insert into duplicate_plans (name, workflow_id, settings, by, begun_at, state) select 'p' || place, no::text, '{}', 'x', now() - hours * interval '1 hour', 'ready'`,
  } as const;
  const world = async (): Promise<unknown> =>
    (
      await pool.query(`select 'key ' || key as line from idempotency union all select 'lease ' || lease from leases union all select 'work ' || work from critical_work
        union all select state || workflow_id from duplicate_plans order by 1`)
    ).rows;
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 30 }), async (items) => {
      await pool.query('truncate idempotency, leases, critical_work, duplicate_plans, janitor_reports cascade');
      for (const what of Object.keys(insert) as (keyof typeof insert)[]) {
        const those = items.flatMap((one, no) => (one.what === what ? [{ ...one, no }] : []));
        await pool.query(
          `${insert[what]} from unnest($1::integer[], $2::integer[], $3::integer[]) n (no, hours, place)`,
          [those.map(({ no }) => no), those.map((one) => one.hours), those.map(({ place }) => place)],
        );
      }
      const dead = items.filter(({ what, hours: age }) => age > 24 && what !== 'answered' && what !== 'ready').length;
      expect(await apply()).toBe(dead);
      const once = await world();
      expect(await apply()).toBe(0);
      expect(await world()).toEqual(once);
      const { rows } = await pool.query('select count(*)::integer as n from idempotency');
      expect(rows[0]).toEqual({
        n: items.filter(({ what, hours: age }) => what === 'answered' || (what === 'key' && age < 24)).length,
      });
    }),
    long ? { numRuns: 500 } : { numRuns: 15, seed: 20 },
  );
});

test('a report that is made again is the same one, with what was removed; old ones are forgotten', async () => {
  const { pool } = used;
  const one: Leftover = { kind: 'locked-key', place: 'shop push', count: 2, since: null };
  const other: Leftover = { kind: 'unused-key', place: 'shop k1', count: 1, since: null };
  const first = await report([one, other], 'same');
  expect(await report([other], 'same')).toBe(first);
  const { firstAt } = (await readReport(pool, first)).findings[0] ?? {};
  await pool.query(`insert into leases values ('acme', gen_random_uuid(), now() - interval '2 days')`);
  await removeAll(depsOf(), first);
  await removeAll(depsOf(), first);
  // The look is done again by another worker.
  await report([other], 'same');
  expect((await readReport(pool, first)).findings).toEqual([
    expect.objectContaining({ kind: 'expired-lease', count: 1, removed: 1 }),
    expect.objectContaining({ kind: 'unused-key', count: 1, removed: 0, firstAt }),
  ]);
  await endReport(pool, first, ['a', 'b']);
  await endReport(pool, first, ['b', 'c']);
  const ended = await readReport(pool, first);
  expect(ended).toMatchObject({ troubles: ['a', 'b', 'c'], endedAt: expect.any(String) });

  await pool.query(`update janitor_reports set at = now() - interval '500 days'`);
  await endReport(pool, first);
  expect(await listReports(pool)).toHaveLength(1);
  const next = await report([other]);
  expect((await readReport(pool, next)).findings).toMatchObject([{ firstAt }]);
  await endReport(pool, next);
  expect((await listReports(pool)).map((each) => each.report)).toEqual([next]);
});

test('a folder that was removed before the process was killed is noted by the next attempt', async () => {
  const dead = join(folder, 'syncline-match-x');
  const at = Date.now() / 1000 - 2 * 86_400;
  await mkdir(dead);
  await utimes(dead, at, at);
  const where = depsOf();
  const found = await stagingLeftovers(where);
  expect(found).toMatchObject([{ kind: 'staging-file', place: placeOfFile(dead) }]);
  const elsewhere: Leftover = {
    kind: 'staging-file',
    place: 'other-host /tmp/syncline-match-y',
    count: 1,
    since: null,
  };
  const number = await report([...found, elsewhere]);
  expect(await removeStagingFiles(where, [])).toEqual([placeOfFile(dead)]);
  await removeAll(where, number);
  await removeAll(where, number);
  const { findings } = await readReport(used.pool, number);
  expect(new Map(findings.map(({ place, removed }) => [place, removed]))).toEqual(
    new Map([
      [placeOfFile(dead), 1],
      [elsewhere.place, 0],
    ]),
  );
});

const away = (): Promise<never> => Promise.reject(new Error('Temporal is away'));

/** As a report of a janitor on this machine has them. */
async function stagingIn(mode: JanitorMode): Promise<readonly (readonly [place: string, removed: number])[]> {
  const { found } = await findAll({ ...depsOf(), folders: [] }, away, { mode });
  const number = await report(found);
  const troubles = mode === 'apply' ? await removeAll({ ...depsOf(), folders: [] }, number) : [];
  expect(troubles).toEqual([]);
  await endReport(used.pool, number);
  const { findings } = await readReport(used.pool, number);
  return findings.flatMap(({ kind, place, removed }) => (kind === 'staging-file' ? [[place, removed] as const] : []));
}

test('workers note the files of their machines, and a report has them by machine; where workers remove them, it says so once', async () => {
  const other = await mkdtemp(join(tmpdir(), 'other-'));
  const here = { pool: used.pool, folders: [other], now: () => Date.now() };
  const at = Date.now() / 1000 - 2 * 86_400;
  const [dead, alive, gone] = ['dead', 'alive', 'gone'].map((name) => join(other, `syncline-match-${name}`)) as [
    string,
    string,
    string,
  ];
  for (const path of [dead, alive, gone]) await mkdir(path);
  for (const path of [dead, gone]) await utimes(path, at, at);
  try {
    for (const host of ['box-a', 'box-b'])
      expect(await lookAtThisMachine(here, { mode: 'report', host })).toEqual({ removed: [], troubles: [] });
    expect(await stagingIn('report')).toEqual([
      [`box-a ${dead}`, 0],
      [`box-a ${gone}`, 0],
      [`box-b ${dead}`, 0],
      [`box-b ${gone}`, 0],
    ]);
    // Nobody can remove what is on another machine.
    expect((await stagingIn('apply')).map(([, removed]) => removed)).toEqual([0, 0, 0, 0]);
    expect((await readdir(other)).toSorted()).toEqual(
      ['alive', 'dead', 'gone'].map((name) => `syncline-match-${name}`),
    );

    // Somebody removed it, or a worker that was killed before it noted that.
    await rm(gone, { recursive: true });
    expect(await lookAtThisMachine(here, { mode: 'apply', host: 'box-b' })).toEqual({ removed: [dead], troubles: [] });
    expect(await lookAtThisMachine(here, { mode: 'report', host: 'box-a' })).toEqual({ removed: [], troubles: [] });
    expect(await readdir(other)).toEqual(['syncline-match-alive']);
    expect(await stagingIn('report')).toEqual([]);
    // Also where another process of the machine saw it before, and a report was made while it was being removed.
    await noteStaging(used.pool, { host: 'box-b', files: [{ path: dead, since: new Date(at * 1000).toISOString() }] });
    await endReport(used.pool, await report());
    expect(await stagingIn('apply')).toEqual([[`box-b ${dead}`, 1]]);
    expect(await stagingIn('apply')).toEqual([]);

    // Of a machine without workers nobody knows.
    await mkdir(gone);
    await utimes(gone, at, at);
    await lookAtThisMachine(here, { mode: 'report', host: 'box-a' });
    expect(await stagingIn('report')).toEqual([[`box-a ${gone}`, 0]]);
    await used.pool.query(`update staging_files set seen_at = now() - interval '4 days'`);
    expect(await stagingIn('report')).toEqual([]);
  } finally {
    await rm(other, { recursive: true });
  }
});
