import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { InvalidInput } from '../../core/errors.ts';
import { compileStream } from '../../definitions/compile.ts';
import type { Environment } from '../../definitions/interpolate.ts';
import { listPartners, loadPartner } from '../../definitions/load.ts';
import { loadTargets, type LoadedTargets } from '../../definitions/load-targets.ts';
import { checkNamedTargets, placesOf, targetsOf } from '../../definitions/named-targets.ts';
import { plainNames } from '../../messages/names.ts';
import { withFiles } from './partner-files.ts';

const load = (text: string, env: Environment = {}, name = 'targets.yaml'): Promise<LoadedTargets> =>
  withFiles({ [name]: text }, (dir) => loadTargets({ dir, env }));

/** What it is refused with, without the folder's name. */
async function refusal(work: () => Promise<unknown>, dir: string): Promise<readonly string[]> {
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidInput);
  const lines = (error as InvalidInput).message.replaceAll(`${dir}/`, '').split('\n');
  return lines.length === 1 ? lines : lines.slice(1).map((line) => line.trim());
}

const problemsOf = (text: string, env: Environment = {}): Promise<readonly string[]> =>
  withFiles({ 'targets.yaml': text }, (dir) => refusal(() => loadTargets({ dir, env }), dir));

test('a target has the defaults of its kind; durations are ms, paths are those of the folder of the file', async () => {
  await withFiles({ 'targets.yaml': 'targets: { lake: { type: duckdb, path: ../data/lake.duckdb } }' }, async (dir) => {
    const { targets } = await loadTargets({ dir, env: {} });
    expect(Object.fromEntries(targets)).toEqual({
      lake: {
        type: 'duckdb',
        path: join(dir, '../data/lake.duckdb'),
        memoryLimit: '512MB',
        threads: 2,
        timeout: 600_000,
        every: 10_000,
        rows: 50_000,
      },
    });
  });
});

test('${NAME} is filled in, also where a number is wanted; an absolute path stays', async () => {
  const { targets, changeable } = await load(
    'targets:\n  lake: { type: duckdb, path: "${FOLDER}/lake.duckdb", rows: "${ROWS}", every: 1m }\n' +
      '  mart: { type: postgres, url: "postgres://loader:${PASSWORD}@db/mart" }',
    { FOLDER: '/data', ROWS: '2000', PASSWORD: 'secret-word' },
  );
  expect(targets.get('lake')).toMatchObject({ path: '/data/lake.duckdb', rows: 2000, every: 60_000 });
  expect(targets.get('mart')).toMatchObject({ url: 'postgres://loader:secret-word@db/mart' });
  expect(changeable).toEqual({});
});

test('no file: no targets; two files: one too many', async () => {
  await withFiles({}, async (dir) => expect((await loadTargets({ dir, env: {} })).targets.size).toBe(0));
  await withFiles({ 'targets.yaml': 'targets: {}', 'targets.js': '' }, async (dir) =>
    expect(await refusal(() => loadTargets({ dir, env: {} }), dir)).toEqual([
      'targets are declared twice, in targets.yaml and in targets.js; keep one of them',
    ]),
  );
});

describe('what is wrong is told by file, line and field', () => {
  test.each([
    [
      'targets:\n  lake:\n    type: duckbd\n    path: a.duckdb',
      [
        'targets.yaml:3:5 targets.lake.type: expected one of "duckdb", "postgres", found "duckbd"; did you mean "duckdb"?',
      ],
    ],
    [
      'targets:\n  lake:\n    type: duckdb\n    file: a.duckdb',
      [
        'targets.yaml:2:3 targets.lake.path: missing; expected a text: the file, relative to the folder of targets.yaml; its folder is created',
        'targets.yaml:4:5 targets.lake.file: unknown field; known here: type, path, memoryLimit, threads, timeout, every, rows, compare',
      ],
    ],
    [
      'targets:\n  Lake: { type: duckdb, path: a.duckdb }',
      [
        'targets.yaml:2:3 targets.Lake: expected a lower-case name of letters, digits and _ that starts with a letter, up to 40, found "Lake"',
      ],
    ],
    [
      'targets:\n  postgres: { type: duckdb, path: a.duckdb }',
      [
        `targets.yaml:2:3 targets.postgres: expected a name other than "postgres", which is the store's own database, found "postgres"`,
      ],
    ],
    [
      'targets:\n  lake:\n    type: duckdb\n    path: a.duckdb\n    every: often\n    rows: 0\n    memoryLimit: lots',
      [
        'targets.yaml:7:5 targets.lake.memoryLimit: expected an amount of memory such as 512MB, found "lots"',
        'targets.yaml:5:5 targets.lake.every: expected a duration such as 500ms, 30s, 5m, 2h, 1d, found "often"',
        'targets.yaml:6:5 targets.lake.rows: expected at least 1, found 0; rows: the most events in one load, up to 1,000,000',
      ],
    ],
    [
      'targets:\n  mart:\n    type: postgres\n    url: mysql://loader:hush-hush@db/mart',
      ['targets.yaml:4:5 targets.mart.url: expected a postgres:// URL, found a text'],
    ],
    [
      'targets:\n  lake:\n    type: duckdb\n    path: md:lake',
      [
        'targets.yaml:4:5 targets.lake.path: expected the path of a file on this machine; remote databases and :memory: are not supported (docs/duckdb.md)',
      ],
    ],
    [
      'targets:\n  lake: { type: duckdb, path: a.duckdb }\n  pond: { type: duckdb, path: ./a.duckdb }',
      ['targets.yaml:3:25 targets.pond.path: target "lake" has this file already; give each target a file of its own'],
    ],
    [
      'targets:\n  lake: { type: duckdb, path: "${FOLDER}/a.duckdb" }',
      [
        'targets.yaml:2:25 targets.lake.path: environment variable FOLDER is not set in this process; set it there, or give a default: ${FOLDER:-default}',
      ],
    ],
    [
      'lakes: {}',
      [
        'targets.yaml:1:1 targets: missing; expected a mapping: the warehouses that streams can be written to, by name',
        'targets.yaml:1:1 lakes: unknown field; known here: targets',
      ],
    ],
  ])('%j', async (text, problems) => {
    expect(await problemsOf(text)).toEqual(problems);
  });
});

const partner = (more: { readonly top?: string; readonly orders?: string } = {}): string =>
  [
    'name: acme',
    'baseUrl: https://api.acme.example',
    ...(more.top === undefined ? [] : [more.top]),
    'streams:',
    '  orders:',
    '    path: /orders',
    '    primaryKey: [id]',
    '    schema: { type: object, properties: { id: { type: string } } }',
    ...(more.orders === undefined ? [] : [`    ${more.orders}`]),
    '  refunds:',
    '    path: /refunds',
    '    primaryKey: [id]',
    '    schema: { type: object, properties: { id: { type: string } } }',
  ].join('\n');

const lakeAndPond = 'targets: { lake: { type: duckdb, path: "${UNSET}" }, pond: { type: duckdb, path: b.duckdb } }';

test.each([
  [{}, [], []],
  [{ top: 'targets: [lake]' }, ['lake'], ['lake']],
  [{ top: 'targets: [lake]', orders: 'targets: [pond, postgres, pond]' }, ['pond'], ['lake']],
  [{ top: 'targets: [postgres, lake]', orders: 'targets: []' }, [], ['lake']],
  [{ orders: 'targets: [lake, pond]' }, ['lake', 'pond'], []],
])('the list of a stream wins over that of its partner: %j', async (more, orders, refunds) => {
  await withFiles({ 'acme.yaml': partner(more), 'targets.yaml': lakeAndPond }, async (dir) => {
    const acme = await loadPartner('acme', { dir, env: {} });
    expect([targetsOf(acme, 'orders'), targetsOf(acme, 'refunds')]).toEqual([orders, refunds]);
    // What a target takes from the environment is not needed to tell whether it is declared.
    await checkNamedTargets(acme, { dir });
  });
});

test.each([
  [{ top: 'targets: [lake]', orders: 'history: true' }, ['postgres', 'lake']],
  [{ top: 'targets: [lake]', orders: 'history: { targets: [pond] }' }, ['pond']],
  [{ orders: 'history: { targets: [postgres] }' }, ['postgres']],
  [{ top: 'targets: [lake]', orders: 'history: false' }, []],
])('a history is in the store and in the targets of its stream, or in those that it names: %j', async (more, names) => {
  await withFiles({ 'acme.yaml': partner(more), 'targets.yaml': lakeAndPond }, async (dir) => {
    const acme = await loadPartner('acme', { dir, env: {} });
    expect(targetsOf(acme, 'orders.history')).toEqual(names);
    expect(targetsOf(acme, 'orders')).toEqual('top' in more ? ['lake'] : []);
    expect(placesOf([acme]).filter(({ stream }) => stream.startsWith('orders.'))).toHaveLength(names.length);
    await checkNamedTargets(acme, { dir });
  });
});

test.each([
  [
    { orders: 'history: { targets: [lke] }' },
    lakeAndPond,
    ['acme.yaml:8:26 streams.orders.history.targets.0: there is no target "lke"; did you mean "lake"?'],
  ],
  [
    { top: 'targets: [lke]' },
    lakeAndPond,
    ['acme.yaml:3:11 targets.0: there is no target "lke"; did you mean "lake"?'],
  ],
  [
    { top: 'targets: [warehouse]', orders: 'targets: [pond, postgers]' },
    lakeAndPond,
    [
      'acme.yaml:3:11 targets.0: there is no target "warehouse"; there are postgres, lake, pond',
      'acme.yaml:9:21 streams.orders.targets.1: there is no target "postgers"; did you mean "postgres"?',
    ],
  ],
  [
    { top: 'targets: [lake]' },
    'targets: {}',
    ['acme.yaml:3:11 targets.0: there is no target "lake": declare it in targets.yaml (docs/targets.md)'],
  ],
])('a partner that names a target that there is not: %j', async (more, targets, problems) => {
  await withFiles({ 'acme.yaml': partner(more), 'targets.yaml': targets }, async (dir) => {
    const acme = await loadPartner('acme', { dir, env: {} });
    expect(await refusal(() => checkNamedTargets(acme, { dir }), dir)).toEqual(problems);
  });
});

test('targets.yaml is no partner, nor is a folder targets beside it', async () => {
  const files = { 'acme.yaml': partner(), 'targets.yaml': lakeAndPond, 'targets/targets.yaml': '' };
  await withFiles(files, async (dir) => {
    expect(await listPartners(dir)).toEqual(['acme']);
    expect(await refusal(() => loadPartner('targets', { dir, env: {} }), dir)).toEqual([
      'a partner may not be called "targets": targets.yaml declares the targets',
    ]);
  });
});

test('naming a target changes no version of a stream: runs that are half done go on', async () => {
  const versions = await Promise.all(
    [{}, { top: 'targets: [lake]' }, { orders: 'targets: [lake]' }].map((more) =>
      withFiles({ 'acme.yaml': partner(more) }, async (dir) => {
        const acme = await loadPartner('acme', { dir, env: {} });
        return compileStream(acme, 'orders', plainNames).definitionVersion;
      }),
    ),
  );
  expect(new Set(versions).size).toBe(1);
});
