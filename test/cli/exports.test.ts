import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { doctor } from '../../cli/commands/doctor.ts';
import { eraseList, eraseReapply, eraseRecords, type EraseOptions } from '../../cli/commands/erase.ts';
import { exportCommand } from '../../cli/commands/export.ts';
import { exportAdd, exportGone, exportList } from '../../cli/commands/exports.ts';
import { readConfig } from '../../config/config.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { readExport } from '../../store/exports/exports.ts';
import { postgresTargetStore } from '../../store/target-store.ts';
import { useDuckdb } from '../support/duckdb-target.ts';
import { loadTargets } from '../support/load-target.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said, type Said } from '../support/said.ts';
import { temporalAddress } from '../support/temporal.ts';

const duckdb = useDuckdb();
const lake = 'lake';
const schemaOf = (properties: Record<string, unknown>): StreamInput['schema'] => ({ type: 'object', properties });
const text = { type: 'string' };

const streams = (targets: readonly string[]): Record<string, StreamInput> => ({
  people: {
    path: '/people',
    primaryKey: ['id'],
    version: ['v'],
    schema: schemaOf({
      id: text,
      v: { type: 'integer' },
      email: text,
      big: { type: 'number' },
      more: { type: 'object' },
    }),
    targets: [...targets],
    ...(targets.length === 0 ? {} : { history: { targets: [...targets] } }),
  },
  visits: {
    path: '/visits',
    disposition: 'append',
    primaryKey: [],
    schema: schemaOf({ page: text, who: text }),
    targets: [...targets],
  },
  stays: {
    path: '/stays',
    primaryKey: ['room', 'from', 'bed', 'day'],
    schema: schemaOf({
      room: { type: 'number' },
      from: { type: 'string', format: 'date-time' },
      bed: { type: 'integer' },
      day: { type: 'string', format: 'date' },
      who: text,
    }),
    targets: [...targets],
  },
});

const people = (v: number, mark: string): unknown[] =>
  ['canary-1', 'p2', 'p3'].map((id) => ({
    id,
    v,
    email: `${mark} of ${id}`,
    big: 12345678901234.5,
    more: { at: id },
  }));
let served: Readonly<Record<string, unknown[]>> = {};

let own: OwnPartners;
let acme: OwnPartner;
let exports = 0;
const config = () =>
  readConfig({
    DATABASE_URL: own.databaseUrl,
    SYNCLINE_PARTNERS_DIR: own.folder,
    SYNCLINE_HOME: own.folder,
    TEMPORAL_ADDRESS: temporalAddress(),
  });

beforeAll(async () => {
  own = await ownPartners();
  writeFileSync(
    join(own.folder, 'targets.yaml'),
    JSON.stringify({ targets: { [lake]: { type: 'duckdb', path: join(own.folder, 'lake.duckdb') } } }),
  );
  acme = await own.partner((url) => ({ body: served[url.pathname] ?? [] }), streams([lake]));
  served = {
    '/people': people(1, 'first'),
    '/visits': [
      { page: '/', who: 'canary-2' },
      { page: '/', who: 'p2' },
      { page: '/b', who: 'p2' },
    ],
    '/stays': [
      { room: 101.5, from: '2026-11-01T10:00:00.1+02:00', bed: 1, day: '2026-11-01', who: 'canary-3' },
      { room: 101.5, from: '2026-11-01T10:00:00.1+02:00', bed: 2, day: '2026-11-01', who: 'p2' },
      { room: 101, from: '2026-11-01T10:00:00.1+02:00', bed: 1, day: '2026-11-01', who: 'p3' },
    ],
  };
  for (const stream of ['people', 'visits', 'stays']) await acme.read(stream);
  served = { ...served, '/people': people(2, 'second') };
  await acme.read('people', { window: '2026-11-25' });
  await loadTargets(
    own,
    ['people', 'people.history', 'visits', 'stays'].map((stream) => ({ target: lake, partner: acme.name, stream })),
  );
  // What is erased in the target itself is shown in export.test.ts, with a worker of it.
  await acme.define(streams([]));
});
afterAll(() => own.close());

async function exported(...of: readonly string[]): Promise<{ readonly id: string; readonly folder: string }> {
  // As a pattern, this would be other files.
  const folder = join(own.folder, 'out', `it's [${(exports += 1)}]`, 'of=all');
  const [partner, stream] = of;
  await acme.define(streams([lake]));
  const { json } = await said(config(), { to: folder }, (context) =>
    exportCommand({ ...context, target: lake, partner, stream }),
  );
  await acme.define(streams([]));
  return { id: (json as { export: string }).export, folder };
}
const erase = (stream: string, options: EraseOptions, key: readonly string[] = []): Promise<Said> =>
  said(config(), options, (context) => eraseRecords({ ...context, partner: acme.name, stream, key }));
const apply = (stream: string, key: readonly string[], where?: string): Promise<Said> =>
  erase(stream, { apply: true, reason: 'asked', ...(where === undefined ? {} : { where }) }, key);
const again = (): Promise<Said> => said(config(), {}, (context) => eraseReapply(context));
const listed = async (): Promise<
  readonly { readonly export: string; readonly erasuresPending: number; readonly state: string }[]
> => ((await said(config(), {}, (context) => exportList(context))).json as { exports: [] }).exports;
const pendingIn = async (id: string): Promise<number | undefined> =>
  (await listed()).find((known) => known.export === id)?.erasuresPending;

const fileOf = (folder: string, table: string): string => join(folder, acme.name, `${table}.parquet`);
async function rowsOf(folder: string, table: string): Promise<string[]> {
  const file = fileOf(folder, table).replaceAll(/[*?[]/g, '[$&]').replaceAll("'", "''");
  const rows = await duckdb.query(
    ':memory:',
    `select t::varchar from read_parquet('${file}', hive_partitioning = false) t order by _event`,
  );
  return rows.map(([row]) => String(row));
}
const shapeOf = async (folder: string, table: string): Promise<unknown[][]> => {
  const file = fileOf(folder, table).replaceAll(/[*?[]/g, '[$&]').replaceAll("'", "''");
  return duckdb.query(':memory:', `describe select * from read_parquet('${file}', hive_partitioning = false)`);
};
const tables = ['people', 'people_history', 'visits', 'stays'] as const;

/** By which signal it ended. */
async function killed(...args: readonly string[]): Promise<unknown> {
  const program = fileURLToPath(new URL('../../dist/test/support/killed-export.js', import.meta.url));
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return ((await once(child, 'exit')) as unknown[])[1];
}

describe('an export is noted, and whoever is erased is taken out of its files', () => {
  test('in each kind of table, of which all other rows stay as they are', async () => {
    const { id, folder } = await exported();
    expect(await readExport(own.pool, id)).toMatchObject({
      target: lake,
      folder,
      host: hostname(),
      format: 'parquet',
      state: 'complete',
      tables: expect.arrayContaining([
        { schema: acme.name, table: 'people', partner: acme.name, stream: 'people', event: 6, rows: 3 },
        { schema: acme.name, table: 'people_history', partner: acme.name, stream: 'people', event: 6, rows: 6 },
        { schema: acme.name, table: 'visits', partner: acme.name, stream: 'visits', event: 3, rows: 3 },
      ]),
    });
    const before = new Map<string, string[]>();
    const shapes = new Map<string, unknown[][]>();
    for (const table of tables) {
      before.set(table, await rowsOf(folder, table));
      shapes.set(table, await shapeOf(folder, table));
    }

    const dry = await erase('people', {}, ['canary-1']);
    expect(dry.text).toContain(`  files of export ${id.slice(0, 8)}, in ${folder} on ${hostname()}, may hold them`);
    expect(dry.json).toMatchObject({ applied: false, exports: [id], pending: [`export:${id}`] });
    expect(await rowsOf(folder, 'people')).toEqual(before.get('people'));

    const done = await apply('people', ['canary-1']);
    expect(done).toMatchObject({ code: 0, json: { applied: true, pending: [] } });
    expect(done.text).toContain(`export ${id.slice(0, 8)}: 3 rows taken out of its files in ${folder}.`);
    expect(await apply('visits', [], 'who=canary-2')).toMatchObject({ code: 0 });
    expect(
      await apply('stays', ['room=101.50', 'from=2026-11-01T08:00:00.1Z', 'bed=1', 'day=2026-11-01']),
    ).toMatchObject({
      code: 0,
    });
    for (const table of tables) {
      const left = (before.get(table) as string[]).filter((row) => !row.includes('canary'));
      expect([table, left.length]).not.toEqual([table, before.get(table)?.length]);
      expect([table, await rowsOf(folder, table)]).toEqual([table, left]);
      expect([table, await shapeOf(folder, table)]).toEqual([table, shapes.get(table)]);
    }
    // Its files hold it nowhere else, and nothing lies beside them.
    const names = await readdir(folder, { recursive: true });
    expect(names.filter((name) => name.includes('.')).toSorted()).toEqual(
      ['export.json', 'tables.json', ...tables.map((table) => join(acme.name, `${table}.parquet`))].toSorted(),
    );
    const counts = JSON.parse(await readFile(join(folder, 'tables.json'), 'utf8')) as { table: string; rows: number }[];
    expect(Object.fromEntries(counts.map(({ table, rows }) => [table, rows]))).toEqual({
      people: 2,
      people_history: 4,
      visits: 2,
      stays: 2,
    });
    expect(await pendingIn(id)).toBe(0);
  });

  test('also where only the export has them any more', async () => {
    await own.pool.query(`delete from syncline.erasures`);
    const { folder } = await exported(acme.name);
    // The target was left as it was, so the person is in this export, and no longer in the store.
    expect((await rowsOf(folder, 'people')).filter((row) => row.includes('canary'))).toHaveLength(1);
    expect(await apply('people', ['canary-1'])).toMatchObject({ code: 0, json: { keys: 1, erased: { events: 0 } } });
    expect((await rowsOf(folder, 'people')).filter((row) => row.includes('canary'))).toEqual([]);
    expect(await rowsOf(folder, 'people')).toHaveLength(2);
  });

  test('a process that is killed while it does so leaves files as they were, and what it began is done again', async () => {
    const { id, folder } = await exported(acme.name, 'people');
    const before = await rowsOf(folder, 'people');
    for (const point of ['reading', 'beside']) {
      expect([point, await killed('erase', point, folder, acme.name, 'people', 'p2')]).toEqual([point, 'SIGKILL']);
      expect([point, await rowsOf(folder, 'people')]).toEqual([point, before]);
    }
    // Whoever reads all files of the folder reads no half of one.
    expect((await readdir(join(folder, acme.name))).toSorted()).toEqual(['.people.anew', 'people.parquet']);
    expect(await apply('people', ['p2'])).toMatchObject({ code: 0 });
    expect(await rowsOf(folder, 'people')).toEqual(before.filter((row) => row.includes("'id': p3")));
    expect(await readdir(join(folder, acme.name))).toEqual(['people.parquet']);
    expect(await pendingIn(id)).toBe(0);
  });

  test('an export whose process was killed: what it had not completed is removed, what has its name is completed', async () => {
    const place = join(own.folder, 'killed');
    await mkdir(place);
    const [half, whole] = [randomUUID(), randomUUID()];
    const path = join(own.folder, 'lake.duckdb');
    expect(await killed('export', 'written', own.databaseUrl, path, join(place, 'half'), half)).toBe('SIGKILL');
    expect(await killed('export', 'published', own.databaseUrl, path, join(place, 'whole'), whole)).toBe('SIGKILL');
    expect((await readdir(place)).map((name) => name.replace(/[^.]{36}$/, 'ID'))).toEqual([
      `.half.${half}.ID`,
      'whole',
    ]);
    for (const id of [half, whole]) expect(await readExport(own.pool, id)).toMatchObject({ state: 'writing' });

    const done = await apply('people', ['p3']);
    expect(done).toMatchObject({ code: 0, json: { pending: [] } });
    expect(done.text).toContain(`export ${half.slice(0, 8)}: was never complete; what was left of it is removed.`);
    expect(await readdir(place)).toEqual(['whole']);
    expect((await rowsOf(join(place, 'whole'), 'people')).filter((row) => row.includes('p3'))).toEqual([]);
    expect(await readExport(own.pool, half)).toMatchObject({ state: 'gone', goneReason: 'it was not complete' });
    expect(await readExport(own.pool, whole)).toMatchObject({ state: 'complete' });
  });

  test('an export that is being written is stopped, and one that is begun before its target is done is erased in, too', async () => {
    const store = postgresTargetStore(own.pool);
    const folder = join(own.folder, 'stopped');
    const id = randomUUID();
    const begun = [{ schema: acme.name, table: 'people', event: 1 }];
    await store.noteExport({
      export: id,
      target: lake,
      host: hostname(),
      folder,
      format: 'parquet',
      by: 'me',
      tables: begun,
    });
    expect(await apply('people', ['p9'])).toMatchObject({ code: 0 });
    const publish = (): Promise<void> => mkdir(folder);
    await expect(store.completeExport({ id, tables: [], publish })).rejects.toThrow(
      `export ${id.slice(0, 8)} was stopped by an erasure`,
    );
    expect(existsSync(folder)).toBe(false);

    await own.pool.query(`update syncline.erasures set pending = '{lake.history}' where stream = 'people'`);
    const [people, visits] = [await exported(acme.name, 'people'), await exported(acme.name, 'visits')];
    await own.pool.query(`update syncline.erasures set pending = array_remove(pending, 'lake.history')`);
    expect(await pendingIn(people.id)).toBeGreaterThan(0);
    expect(await pendingIn(visits.id)).toBe(0);
    expect(await again()).toMatchObject({ code: 0 });
    expect(await rowsOf(people.folder, 'people')).toEqual([]);
    expect(await pendingIn(people.id)).toBe(0);
  });
});

describe('an export that is not where it was written', () => {
  test('is named until somebody says where it is', async () => {
    const { id, folder } = await exported(acme.name, 'people');
    const name = `export ${id.slice(0, 8)}`;
    await rename(folder, `${folder}-moved`);
    const done = await apply('people', ['p2']);
    expect(done).toMatchObject({ code: 3, json: { applied: true, pending: [`export:${id}`] } });
    expect(done.text).toContain(
      `${name}: is not in ${folder} any more, where it was written. Was it moved: \`syncline export add FOLDER\` on the machine that has it now. ` +
        `Was it deleted: \`syncline export gone ${id.slice(0, 8)} --reason …\`.`,
    );
    expect((await said(config(), {}, (context) => eraseList(context))).text).toMatch(new RegExp(`asked +${name}`));
    const found = await said(config(), {}, (context) => doctor(context));
    expect(found.text).toMatch(new RegExp(`erasures +problem +${acme.name}.people: erasure .* is not done in ${name}`));
    expect(await again()).toMatchObject({ code: 3 });

    const add = (where: string, target?: string): Promise<Said> =>
      said(config(), target === undefined ? {} : { target }, (context) => exportAdd({ ...context, folder: where }));
    expect((await add(`${folder}-moved`)).text).toBe(
      `${name}: is in ${folder}-moved now. \`syncline erase again\` erases there what is left.`,
    );
    expect(await again()).toMatchObject({ code: 0 });
    expect((await rowsOf(`${folder}-moved`, 'people')).filter((row) => row.includes('p2'))).toEqual([]);

    // A copy is another export, and so is one that nothing has noted: each may hold everybody who was erased before.
    await cp(`${folder}-moved`, `${folder}-copy`, { recursive: true });
    const copied = await add(`${folder}-copy`);
    expect(copied.text).toContain(`Export ${id.slice(0, 8)} stays noted beside it`);
    const old = await exported(acme.name, 'people');
    await rm(join(old.folder, 'export.json'));
    await own.pool.query('delete from syncline.exports where export = $1', [old.id]);
    await expect(add(old.folder)).rejects.toThrow('--target: expected the name of the target');
    const noted = (await add(old.folder, lake)).json as { readonly export: string };
    expect(await pendingIn(noted.export)).toBeGreaterThan(2);
    expect(await again()).toMatchObject({ code: 0 });
    expect(await rowsOf(old.folder, 'people')).toEqual([]);
    await expect(add(own.folder)).rejects.toThrow(
      'tables.json cannot be read (ENOENT): expected the folder of an export',
    );
  });

  test('or is on another machine, or was deleted, is named until somebody says that it is gone', async () => {
    const { id, folder } = await exported(acme.name, 'people');
    await rm(folder, { recursive: true });
    await own.pool.query(`update syncline.exports set host = 'far' where export = $1`, [id]);
    const done = await apply('people', ['p3']);
    expect(done).toMatchObject({ code: 3, json: { pending: [`export:${id}`] } });
    expect(done.text).toContain(
      `export ${id.slice(0, 8)}: still has it, in ${folder} on far. Run \`syncline erase again\` there.`,
    );
    const gone = (start: string, reason: string): Promise<Said> =>
      said(config(), { reason }, (context) => exportGone({ ...context, id: start }));
    await expect(gone('zz', 'why')).rejects.toThrow('there is no export "zz"');
    await expect(gone(id, ' ')).rejects.toThrow('--reason: expected why');
    expect((await gone(id.slice(0, 8), 'the disk was wiped')).code).toBe(0);
    expect(await again()).toMatchObject({ code: 0 });
    expect((await listed()).map((known) => known.export)).not.toContain(id);
    const all = await said(config(), { all: true }, (context) => exportList(context));
    expect(all.json).toMatchObject({
      exports: expect.arrayContaining([
        expect.objectContaining({ export: id, state: 'gone', goneReason: 'the disk was wiped' }),
      ]),
    });
  });
});
