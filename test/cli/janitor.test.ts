import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { janitor } from '../../cli/commands/janitor.ts';
import { janitorList, janitorShow } from '../../cli/commands/janitor-reports.ts';
import { applyChange } from '../../client/schedules.ts';
import { readConfig } from '../../config/config.ts';
import { leftoverKinds, leftoverWords } from '../../core/leftover.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { JoinSchedule } from '../../core/schedule.ts';
import { plainNames } from '../../messages/names.ts';
import type { JanitorReport } from '../../store/janitor/reports.ts';
import { aStream, order, runAll } from '../landing/run-of.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { declaredSchedule } from '../support/declared-schedule.ts';
import { eventually } from '../support/eventually.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { long } from '../support/long.ts';
import { said, type Said } from '../support/said.ts';
import { testTemporal, type TestTemporal } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { leaveBehind, REMOVABLE } from './left-behind.ts';
import { runHere } from './run-here.ts';
import { killSyncline } from './run-syncline.ts';

let database: TestDatabase;
let pool: Pool;
let folder: TemporaryFolder;
let staging: TemporaryFolder;
let temporal: TestTemporal;
let client: Client;
let namespace: string;
beforeAll(async () => {
  [database, folder, staging, temporal, namespace] = await Promise.all([
    freshDatabase(),
    temporaryFolder(),
    temporaryFolder(),
    testTemporal(),
    freshNamespace(),
  ]);
  client = new Client({ connection: temporal.connection, namespace });
  pool = openPool(database.url);
});
afterAll(async () => {
  await temporal?.close();
  await pool?.end();
  await database?.drop();
  await folder?.remove();
  await staging?.remove();
});

const env = (): Record<string, string> => ({
  DATABASE_URL: database.url,
  SYNCLINE_PARTNERS_DIR: folder.path,
  SYNCLINE_HOME: folder.path,
  SYNCLINE_DUPLICATES_DIR: staging.path,
  TMPDIR: staging.path,
  TEMPORAL_ADDRESS: temporal.address,
  TEMPORAL_NAMESPACE: namespace,
});
const config = () => {
  const read = readConfig(env());
  return { ...read, janitor: { ...read.janitor, folders: [staging.path, join(staging.path, 'none')] } };
};
const run = (options: { readonly apply?: boolean } = {}): Promise<Said> =>
  said(config(), options, (context) => janitor(context));
const reportOf = ({ json }: Said): JanitorReport => json as JanitorReport;
const kindsOf = (of: Said): readonly string[] => [...new Set(reportOf(of).findings.map(({ kind }) => kind))];
const removedIn = ({ findings }: JanitorReport): number => findings.reduce((sum, { removed }) => sum + removed, 0);

async function seed(): Promise<{ readonly schema: string; readonly id: number }> {
  const stream = aStream();
  await runAll(postgresWarehouse(pool), stream, [[order('a', 1)]]);
  const { rows } = await pool.query<{ id: number }>('select stream_id as id from streams where partner = $1', [
    stream.partner.name,
  ]);
  const id = rows[0]?.id as number;
  await leaveBehind(pool, { stream, id, folder: staging.path });
  return { schema: stream.schema, id };
}

/** What the janitor may not touch. */
async function kept({ schema, id }: { readonly schema: string; readonly id: number }): Promise<unknown> {
  const { rows: tables } = await pool.query<{ name: string }>(
    'select tablename as name from pg_tables where schemaname = $1 order by 1',
    [schema],
  );
  const { rows } = await pool.query(
    `select (select array_agg(key) from idempotency) as claims, (select count(*)::integer from leases) as leases,
      (select array_agg(work) from critical_work) as permits, (select array_agg(state order by plan_id) from duplicate_plans) as plans`,
  );
  return [tables.map(({ name }) => name.replace(String(id), 'N')), rows[0], (await readdir(staging.path)).toSorted()];
}

const afterwards = [
  ['_before_N', '_shadow_N_100', '_shadow_N_99', 'orders'],
  { claims: ['alive'], leases: 1, permits: ['w2'], plans: ['failed', 'ready', 'finding'] },
  ['somebody-elses', 'syncline-match-alive'],
];

async function clean({ schema }: { readonly schema: string }): Promise<void> {
  await pool.query(`drop schema "${schema}" cascade`);
  await pool.query(
    `truncate idempotency, leases, critical_work, duplicate_plans, duplicate_changes, duplicate_links_written, streams, runs, exports, callers, webhook_work,
      target_states, pauses, janitor_reports cascade`,
  );
}

test('what stays behind is named, removed where nobody needs it, and left to people otherwise', async () => {
  expect(await run()).toMatchObject({ code: 0, text: 'Nothing has stayed behind.' });
  const seeded = await seed();
  // As from another folder than that of the workers.
  expect(reportOf(await run()).troubles).toEqual([expect.stringMatching(/^there is no definition in /)]);
  const streams = {
    things: { path: '/things', primaryKey: ['id'], schema: { type: 'object', properties: { id: { type: 'string' } } } },
  };
  await writeFile(
    join(folder.path, 'other.yaml'),
    JSON.stringify({ name: 'other', baseUrl: 'https://other.example', streams }),
  );
  const stray = plainNames.scheduleId({ partner: 'gone', name: 'nightly' });
  await applyChange(client, plainNames, { kind: 'create', id: stray, to: declaredSchedule('gone') });
  const joins = { id: plainNames.scheduleId({ partner: 'duplicates', name: 'people' }), kind: 'create' } as const;
  await applyChange(client, plainNames, {
    ...joins,
    to: { ...declaredSchedule('duplicates'), name: 'people', kind: 'join' } as JoinSchedule,
  });
  const from = [{ stream: 'acme.orders', fields: { id: 'id' } }];
  const exact = [{ name: 'same', fields: ['id'] }];
  const people = { people: { from, exact, join: { cron: '0 6 * * *' } } };
  // Temporal's list is a little late.
  const areStray = async (): Promise<boolean> =>
    reportOf(await run()).findings.filter(({ kind }) => kind === 'stray-schedule').length === 2;
  expect(await eventually(areStray)).toBe(true);
  // What duplicates.yaml declares is declared.
  await writeFile(join(folder.path, 'duplicates.yaml'), JSON.stringify(people));
  const dry = await run();
  expect(kindsOf(dry)).toEqual(leftoverKinds);
  expect(dry).toMatchObject({ code: 3, text: expect.stringContaining('this was a dry run') });
  const placesOf = (kind: string) => reportOf(dry).findings.filter((one) => one.kind === kind);
  expect(placesOf('unended-export')).toEqual([expect.objectContaining({ place: 'lake /out', count: 2 })]);
  expect(placesOf('stuck-run').map(({ place }) => place.split(' ').at(-1))).toEqual([
    'sync/acme/orders/stuck',
    'sync/acme/lost',
  ]);
  expect(placesOf('unended-reconcile').map(({ place }) => place)).toEqual(['reconcile/acme/orders/old']);
  expect(placesOf('stray-schedule').map(({ place }) => place)).toEqual([stray]);

  const done = await run({ apply: true });
  expect([done.code, removedIn(reportOf(done))]).toEqual([3, REMOVABLE]);
  expect(await kept(seeded)).toEqual(afterwards);
  const again = await run({ apply: true });
  expect(removedIn(reportOf(again))).toBe(0);
  expect(kindsOf(again)).toEqual(leftoverKinds.filter((kind) => leftoverWords[kind].by !== 'janitor'));
  expect(await kept(seeded)).toEqual(afterwards);

  // Since a report named it first; what was removed and comes again begins anew.
  const first = reportOf(dry).findings.find(({ kind }) => kind === 'unused-key')?.firstAt;
  expect(reportOf(again).findings.find(({ kind }) => kind === 'unused-key')?.firstAt).toBe(first);

  const list = await said(config(), { limit: '2' }, (context) => janitorList(context));
  expect(list.json).toMatchObject([
    { report: reportOf(again).report, mode: 'apply', removed: 0 },
    { report: reportOf(done).report, mode: 'apply', removed: REMOVABLE },
  ]);
  const shown = await said(config(), {}, (context) => janitorShow({ ...context, id: String(reportOf(done).report) }));
  expect(shown.text).toMatch(/which removed what nobody needs[^]*idempotency keys .* removed/);

  // Of a definition that does not load nobody knows what it has.
  await writeFile(join(folder.path, 'acme.yaml'), 'name: [');
  await writeFile(join(folder.path, 'duplicates.yaml'), 'people: [');
  const broken = await run();
  expect(reportOf(broken).troubles).toEqual([
    expect.stringMatching(/^the definition of acme does not load/),
    expect.stringMatching(/^the definition of duplicates does not load/),
  ]);
  expect(reportOf(broken).findings.filter(({ kind }) => kind === 'stray-schedule')).toMatchObject([{ place: stray }]);
  await Promise.all(['acme', 'duplicates', 'other'].map((name) => rm(join(folder.path, `${name}.yaml`))));
  await clean(seeded);
});

test('four at once remove and count each once, and nothing that is alive', async () => {
  const streams = {
    orders: { path: '/o', primaryKey: ['id'], schema: { type: 'object', properties: { id: { type: 'string' } } } },
  };
  await writeFile(
    join(folder.path, 'acme.yaml'),
    JSON.stringify({ name: 'acme', baseUrl: 'https://acme.example', streams }),
  );
  const seeded = await seed();
  const reports = (await Promise.all(Array.from({ length: 4 }, () => run({ apply: true })))).map(reportOf);
  expect(reports.map(({ troubles }) => troubles)).toEqual([[], [], [], []]);
  expect(new Set(reports.map(({ report }) => report)).size).toBe(4);
  expect(reports.reduce((sum, report) => sum + removedIn(report), 0)).toBe(REMOVABLE);
  expect(await kept(seeded)).toEqual(afterwards);
  await rm(join(folder.path, 'acme.yaml'));
  await clean(seeded);
});

/** SIGKILL while a removal of this kind is being noted. */
async function killedAt(kind: string): Promise<void> {
  const gate = await pool.connect();
  try {
    await gate.query(
      `create trigger gate before insert on janitor_findings for each row when (new.kind = '${kind}' and new.removed > 0) execute function gate()`,
    );
    await gate.query(`select pg_advisory_lock(${GATE})`);
    const standing = async (): Promise<boolean> =>
      (await gate.query(`select from pg_locks where locktype = 'advisory' and objid = ${GATE} and not granted`))
        .rowCount === 1;
    await killSyncline(['janitor', '--apply'], { env: env(), when: standing });
    await gate.query(`select pg_advisory_unlock(${GATE})`);
    await eventually(async () => !(await standing()));
    await gate.query('drop trigger gate on janitor_findings');
  } finally {
    gate.release();
  }
}
const GATE = 4713;

test('killed in the middle, it has removed and counted each or left it; the next one ends it', async () => {
  await pool.query(
    `create function gate() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(${GATE}); return new; end $$`,
  );
  const seeded = await seed();
  // In the order in which they are removed: what a killed one did not come to is left for the next.
  const kinds = long
    ? (['locked-key', 'expired-lease', 'unended-search', 'shadow-table', 'build-table', 'staging-file'] as const)
    : (['shadow-table', 'staging-file'] as const);
  for (const kind of kinds) await killedAt(kind);
  expect(await runHere(['janitor', '--apply'], env())).toMatchObject({ code: 3 });
  expect(await kept(seeded)).toEqual(afterwards);
  const { rows } = await pool.query<{ removed: number; open: number }>(
    `select sum(f.removed)::integer as removed, count(distinct r.report_id) filter (where r.ended_at is null)::integer as open
      from janitor_findings f join janitor_reports r using (report_id)`,
  );
  // PostgreSQL ends a statement that nobody waits for any more: what it removed, it noted.
  expect(rows).toEqual([{ removed: REMOVABLE, open: kinds.length }]);
  await clean(seeded);
});
