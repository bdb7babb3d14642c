import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { doctor } from '../../cli/commands/doctor.ts';
import { runsShow } from '../../cli/commands/runs-show.ts';
import { status } from '../../cli/commands/status.ts';
import { targetsCheck, targetsList } from '../../cli/commands/targets.ts';
import { targetsCompare } from '../../cli/commands/targets-compare.ts';
import { targetsCompared } from '../../cli/commands/targets-compared.ts';
import { targetsPause, targetsResume } from '../../cli/commands/target-pauses.ts';
import { readConfig, type Config } from '../../config/config.ts';
import { plainNames } from '../../messages/names.ts';
import { noteApplied, noteTroubled } from '../../store/target-states.ts';
import { noUnfit } from '../../core/unfit-events.ts';
import { noteUnfit } from '../../store/target-unfit.ts';
import { openDuckdb } from '../../targets/duckdb/open-duckdb.ts';
import { ownNamespace } from '../durability/durable-bench.ts';
import { eventually } from '../support/eventually.ts';
import { said, type Said } from '../support/said.ts';
import { temporalAddress, testTemporal, type TestTemporal } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testWorkers } from '../support/test-worker.ts';
import { usePool } from '../support/use-pool.ts';
import { runSyncline } from './run-syncline.ts';

const stream = 'path: /x, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } }';
const acme = `
name: acme
baseUrl: http://127.0.0.1:1
targets: [lake]
streams:
  payments: { ${stream} }
  refunds: { ${stream}, targets: [lake, pond] }
  customers: { ${stream}, targets: [] }
`;
const targets = `
targets:
  lake: { type: duckdb, path: data/lake.duckdb }
  pond: { type: duckdb, path: data/pond.duckdb }
  idle: { type: duckdb, path: data/idle.duckdb }
`;

const used = usePool();
let folder: TemporaryFolder;
let temporal: TestTemporal;
let namespace: string;
let client: Client;
let config: Config;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  [folder, temporal] = await Promise.all([temporaryFolder(), testTemporal()]);
  ({ namespace, client } = await ownNamespace(temporal.connection));
  await writeFile(join(folder.path, 'acme.yaml'), acme);
  await writeFile(join(folder.path, 'targets.yaml'), targets);
  env = {
    DATABASE_URL: used.database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
  };
  config = readConfig(env);
  for (const name of ['payments', 'refunds', 'customers'])
    await used.pool.query(
      `insert into streams (partner, name, target_schema, target_table, disposition, definition_version, last_event)
        values ('acme', $1, 'acme', $1, 'merge', '', 5000)`,
      [name],
    );
  const since = new Date(Date.now() - 5 * 3_600_000).toISOString();
  await noteApplied(used.pool, {
    ...at('lake', 'payments'),
    table: 'one',
    cursor: 3800,
    rows: 3800,
    behindSince: since,
  });
  await noteApplied(used.pool, { ...at('lake', 'refunds'), table: 'one', cursor: 5000, rows: 5000, behindSince: null });
  await noteTroubled(used.pool, { ...at('pond', 'refunds'), error: 'the disk is full' });
});
afterAll(async () => {
  await temporal.close();
  await folder.remove();
});

const at = (target: string, name: string) => ({ target, partner: 'acme', stream: name });
const file = (name: string): string => join(folder.path, 'data', `${name}.duckdb`);

const check = (name?: string): Promise<Said> => said(config, {}, (context) => targetsCheck({ ...context, name }));

let holder: ChildProcess | undefined;
afterEach(async () => {
  if (holder === undefined || holder.exitCode !== null) return;
  const gone = once(holder, 'exit');
  holder.kill('SIGKILL');
  await gone;
  holder = undefined;
});

/** Another process that has the file open, as a worker does. */
async function hold(path: string): Promise<ChildProcess> {
  const writer = fileURLToPath(new URL('../support/duckdb-writer.ts', import.meta.url));
  holder = spawn(process.execPath, ['--import', 'tsx', writer, path, 'hold'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout as NodeJS.ReadableStream, 'data');
  return holder;
}

test('list: each target, who named it, how far each stream is behind, and why', async () => {
  const { code, json, text } = await said(config, {}, (context) => targetsList(context));
  expect(code).toBe(0);
  expect(json).toMatchObject([
    { target: 'postgres', kind: 'postgres', paused: null, streams: null },
    {
      target: 'lake',
      kind: 'duckdb',
      where: file('lake'),
      paused: null,
      streams: [
        { partner: 'acme', stream: 'payments', cursor: 3800, lastEvent: 5000, behind: 1200, error: null },
        { partner: 'acme', stream: 'refunds', cursor: 5000, behind: 0, behindSince: null },
      ],
    },
    { target: 'pond', streams: [{ stream: 'refunds', cursor: 0, behind: 5000, error: 'the disk is full' }] },
    { target: 'idle', streams: [] },
  ]);
  expect(text).toContain('lake: acme.payments 1,200 of 5,000 events behind, for 5h');
  expect(text).toContain('lake: acme.refunds has all 5,000 events');
  expect(text).toMatch(/failed at 20\S+: the disk is full/);
  expect(text).toContain('idle: no stream names it');
});

test('list and status name events that are left out, until they are in the table', async () => {
  const first = [4, 9].map((event) => ({ event, path: 'text', reason: 'must be string' }));
  const noted = { ...at('lake', 'refunds'), table: 'one' };
  await noteUnfit(used.pool, { ...noted, unfit: { count: 2, first, events: [4, 9] } });
  const says =
    '2 events that fit the definition no longer are left out, such as event 4: text: must be string; event 9: text: must be string';
  const listed = await said(config, {}, (context) => targetsList(context));
  expect(listed.text).toContain(`lake: acme.refunds has all 5,000 events\n  ${says}`);
  expect(listed.json).toMatchObject([
    {},
    { streams: [{ leftOut: null }, { stream: 'refunds', leftOut: { events: 2, first } }] },
    {},
    {},
  ]);
  const shown = await said(config, { check: false }, (context) => status(context));
  expect(shown.text).toContain(`acme.refunds in lake: has all 5,000 events; ${says}`);
  await noteUnfit(used.pool, { ...noted, unfit: noUnfit });
  expect((await said(config, {}, (context) => targetsList(context))).text).not.toContain('left out');
});

test('as a person runs it: exit codes, and errors that say what to do', async () => {
  const listed = await runSyncline(['targets', 'list', '--json'], env);
  expect([listed.code, listed.stderr]).toEqual([0, '']);
  expect((JSON.parse(listed.stdout) as { target: string }[]).map(({ target }) => target)).toEqual([
    'postgres',
    'lake',
    'pond',
    'idle',
  ]);
  const unknown = await runSyncline(['targets', 'check', 'laek'], env);
  expect([unknown.code, unknown.stderr]).toEqual([2, 'syncline: there is no target "laek"; did you mean "lake"?\n']);
  const unreasoned = await runSyncline(['targets', 'pause', 'lake'], env);
  expect(unreasoned.code).toBe(2);
});

test('check: a file that is there is opened, one that is not is not made', async () => {
  const made = await openDuckdb({ name: 'lake', path: file('lake') });
  await made.check();
  await made.close();
  await writeFile(file('pond'), 'not a database, though long enough to be looked at as one');
  const { code, json } = await check();
  expect(code).toBe(1);
  expect(json).toEqual([
    { target: 'lake', kind: 'duckdb', where: file('lake'), state: 'ok', says: expect.stringMatching(/^DuckDB v1\./) },
    expect.objectContaining({ target: 'pond', state: 'problem', says: expect.stringContaining('move that file away') }),
    expect.objectContaining({
      target: 'idle',
      state: 'ok',
      says: expect.stringMatching(/^DuckDB v1\.\S+; the first load makes the file$/),
    }),
  ]);
  await expect(stat(file('idle'))).rejects.toThrow('ENOENT');
});

test('check: a file that another process has is a problem, unless a worker serves the target', async () => {
  const { pid } = await hold(file('lake'));
  const alone = await check('lake');
  expect(alone.code).toBe(1);
  expect(alone.text).toContain(`is in use by process ${pid}`);
  const workers = await testWorkers();
  const worker = await workers.create({
    workflows: false,
    namespace,
    taskQueue: plainNames.targetQueue('lake'),
    activities: { applyTarget: () => Promise.resolve() },
  });
  await worker.runUntil(async () => {
    await eventually(async () => (await check('lake')).code === 0);
    expect((await check('lake')).json).toMatchObject([{ state: 'ok', says: `a worker has it open (process ${pid})` }]);
  });
  await workers.close();
});

const of = (target: string) => expect.objectContaining({ target });

test('status and runs show tell of targets that do not have everything, and for scripts of all', async () => {
  const { json, text } = await said(config, { check: false }, (context) => status(context));
  expect(json).toMatchObject([
    { stream: 'customers', targets: [] },
    { stream: 'payments', targets: [{ target: 'lake', cursor: 3800, behind: 1200 }] },
    { stream: 'refunds', targets: [of('lake'), of('pond')] },
  ]);
  expect(text).toContain('acme.payments in lake: 1,200 of 5,000 events behind, for 5h');
  expect(text).toMatch(/acme\.refunds in pond: .* the last load failed: the disk is full/);
  expect(text).not.toContain('acme.refunds in lake');

  await used.pool.query(
    `insert into stream_runs (stream_id, run_no, sync_id, window_label, kind, lane, definition_version, state, outcome, checkpoint, finished_at)
      select stream_id, 1, 'sync/acme/refunds/2026-11-24', '2026-11-24', 'manual', 'normal', '', 'done', 'ok', '{}', now()
        from streams where name = 'refunds'`,
  );
  const run = await said(config, {}, (context) => runsShow({ ...context, id: 'sync/acme/refunds/2026-11-24' }));
  expect(run.json).toMatchObject({ streams: [{ stream: 'refunds', targets: [of('lake'), of('pond')] }] });
  expect(run.text).toContain('acme.refunds in lake: has all 5,000 events');
  expect(run.text).not.toContain('payments');
});

test('doctor names targets that do not hold, and those that streams name and nobody serves', async () => {
  const { json } = await said(config, {}, (context) => doctor(context));
  const findings = json as readonly { check: string; state: string; says: string }[];
  const says = (name: string) => findings.find(({ check }) => check === name);
  expect(says('targets')).toMatchObject({
    state: 'problem',
    says: expect.stringMatching(/^pond: .*is not a DuckDB file/),
  });
  expect(says('workers')?.says).toContain(plainNames.targetQueue('pond'));
  expect(says('workers')?.says).not.toContain(plainNames.targetQueue('idle'));
});

test('pause holds until resume, which wakes the streams that are behind', async () => {
  const pause = (name: string) => said(config, { reason: 'a move' }, (context) => targetsPause({ ...context, name }));
  const resume = (name: string) => said(config, {}, (context) => targetsResume({ ...context, name }));
  const paused = await pause('lake');
  expect(paused).toMatchObject({ code: 0, json: { isNew: true, pause: { target: 'lake', reason: 'a move' } } });
  expect(paused.text).toContain('lake: now paused by ');
  expect((await pause('lake')).text).toContain('lake: already paused by ');
  expect((await said(config, {}, (context) => targetsList(context))).text).toMatch(
    /paused by \S+ since\s+.* UTC:\s+a\s+move/,
  );

  const stands = await said(config, { check: false }, (context) => status(context));
  expect(stands.text).toMatch(/^target lake: paused by .*: a move; `syncline targets resume lake` ends that$/m);

  const resumed = await resume('lake');
  expect(resumed).toMatchObject({
    code: 0,
    json: { ended: { reason: 'a move' }, woken: ['acme.payments'], trouble: null },
  });
  const { workflowExecutionInfo } = await client.workflowService.describeWorkflowExecution({
    namespace,
    execution: { workflowId: 'target/lake/acme/payments' },
  });
  expect(workflowExecutionInfo?.type?.name).toBe('applyTarget');
  expect((await resume('lake')).text).toContain('lake was not paused.');
  await expect(pause('postgres')).rejects.toThrow(/postgres is the store's own database/);
  await expect(resume('lakes')).rejects.toThrow('there is no target "lakes"; did you mean "lake"?');
});

test('a partner that names a target that there is not fails the list, by its line', async () => {
  await writeFile(
    join(folder.path, 'globex.yaml'),
    acme.replace('name: acme', 'name: globex').replace('[lake]', '[lakes]'),
  );
  const { code, text } = await said(config, {}, (context) => targetsList(context));
  expect(code).toBe(1);
  const checked = await runSyncline(['partners', 'check', 'globex', '--offline'], env);
  expect([checked.code, checked.stderr]).toEqual([
    2,
    expect.stringContaining('globex.yaml:4:11 targets.0: there is no'),
  ]);
  expect(text).toContain('globex.yaml:4:11 targets.0: there is no target "lakes"; did you mean "lake"?');
});

const compareIn = (name: string, ...tables: readonly string[]) =>
  said(config, {}, (context) => targetsCompare({ ...context, name, tables }));
const comparedAs = (id?: string) => said(config, { limit: '5' }, (context) => targetsCompared({ ...context, id }));

test('a comparison needs a target that is declared, streams that it gets, and somebody who serves it', async () => {
  await expect(compareIn('laek')).rejects.toThrow(/did you mean "lake"/);
  await expect(compareIn('postgres')).rejects.toThrow(/the store is what targets are compared with/);
  await expect(compareIn('pond', 'acme.payments')).rejects.toThrow(
    /acme\.payments is not written to pond: there are acme\.refunds/,
  );
  await expect(compareIn('idle')).rejects.toThrow(/no worker serves the target idle: start/);
  await expect(comparedAs('one')).rejects.toThrow(/expected the number of a comparison/);
  await expect(comparedAs('7')).rejects.toThrow(/there is no comparison 7/);
  expect(await comparedAs()).toMatchObject({
    code: 0,
    json: [],
    text: expect.stringContaining('Nothing was compared yet'),
  });
});

test('a comparison says which definitions it could not look at, and does not end well', async () => {
  await writeFile(
    join(folder.path, 'initech.yaml'),
    acme.replace('name: acme', 'name: initech').replace('path: /x', 'pat: /x'),
  );
  await expect(compareIn('lake', 'initech.payments')).rejects.toThrow(/initech\.yaml:\d+:\d+ .*pat/);
  const workers = await testWorkers();
  const worker = await workers.create({
    workflows: false,
    namespace,
    taskQueue: plainNames.targetQueue('idle'),
    activities: { applyTarget: () => Promise.resolve() },
  });
  await worker.runUntil(async () => {
    await eventually(async () => (await compareIn('idle').catch(() => undefined)) !== undefined);
    const { code, text, json } = await compareIn('idle');
    expect([code, text]).toEqual([1, expect.stringMatching(/Not compared: .*initech\.yaml:\d+:\d+ .*pat/)]);
    expect(json).toMatchObject({
      compared: [],
      problems: expect.arrayContaining([expect.stringContaining('initech')]),
    });
    await Promise.all(['initech', 'globex'].map((name) => rm(join(folder.path, `${name}.yaml`))));
    expect(await compareIn('idle')).toMatchObject({ code: 0, text: expect.stringContaining('no stream names idle') });
  });
  await workers.close();
});

test('comparisons of a target that there is not are an error', async () => {
  const asked = said(config, { limit: '5', target: 'laek' }, (context) =>
    targetsCompared({ ...context, id: undefined }),
  );
  await expect(asked).rejects.toThrow('there is no target "laek"; did you mean "lake"?');
});
