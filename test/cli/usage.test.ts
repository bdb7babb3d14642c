import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { sideBySide } from '../support/side-by-side.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { runFromSources, runSyncline, type Ended } from './run-syncline.ts';

const CANARY = 'canary-4711';
const acme = `
name: acme
baseUrl: https://api.acme.example
auth: { type: bearer, token: '\${ACME_TOKEN}' }
streams:
  orders: { path: /orders, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } }
  sent: { push: {}, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } }
`;

const named = (name: string): string => acme.replace('name: acme', `name: ${name}`);

let database: TestDatabase;
let folder: TemporaryFolder;
let env: Record<string, string>;
beforeAll(async () => {
  [database, folder] = await Promise.all([freshDatabase(), temporaryFolder()]);
  await writeFile(join(folder.path, 'acme.yaml'), acme);
  await writeFile(join(folder.path, 'pushed.yaml'), named('pushed').replace(/^ {2}orders: .*\n/m, ''));
  env = { SYNCLINE_PARTNERS_DIR: folder.path, SYNCLINE_HOME: folder.path, ACME_TOKEN: CANARY };
});
afterAll(async () => {
  await database?.drop();
  await folder?.remove();
});

const run = (args: string, more: Record<string, string> = {}): Promise<Ended> =>
  runSyncline(args === '' ? [] : args.split(' '), { ...env, ...more });

/** Processes that share nothing, and take longer to start than to say it. */
const scenario = sideBySide(4);

const nobody = `postgres://me:${CANARY}@127.0.0.1:1/warehouse`;

describe('a command that is not understood ends with 2 and says why', () => {
  scenario.each([
    ['', {}, /^Usage: syncline .*Commands:/s],
    ['partners chek acme', {}, /^error: unknown command 'chek'\n\(Did you mean check\?\)/],
    ['sync', {}, /^error: missing required argument 'partner'/],
    ['sync acme --windw x', {}, /^error: unknown option '--windw'\n\(Did you mean --window\?\)/],
    ['sync acme --window yesterday', {}, /^syncline: window: expected a day \(2026-11-24 or .*found "yesterday"\n$/],
    ['rebuild acme orders --key a --key b --window 2026-11-24', {}, /^syncline: --window and --key: give one of them/],
    ['sync nobody', {}, /^syncline: there is no partner "nobody" in .*; there are acme, pushed\n$/],
    ['sync acne', {}, /^syncline: there is no partner "acne" in .*; did you mean "acme"\?\n$/],
    ['sync acme order', {}, /^syncline: acme has no stream "order": did you mean "orders"\?\n$/],
    ['sync acme nothing', { ACME_TOKEN: '' }, /^syncline: acme has no stream "nothing": it has orders, sent\n$/],
    ['sync acme orders sent', {}, /^syncline: stream sent of acme has no path: callers push its records/],
    ['sync pushed', {}, /^syncline: no stream of pushed has a path: callers push their records/],
    ['completion csh', {}, /^syncline: shell: expected bash, zsh, fish, found "csh"\n$/],
    ['partners check acne', {}, /^syncline: there is no partner "acne" in .*; did you mean "acme"\?\n$/],
    [
      'partners report acme --since monday',
      {},
      /^syncline: --since: expected 30m, 2h, 7d or a time .*found "monday"\n$/,
    ],
    ['partners check acme --stream x', {}, /^syncline: there is no stream "x": there are orders, sent\n$/],
    [
      'partners check acme --offline',
      { ACME_TOKEN: '' },
      /acme.yaml.* auth.token: environment variable ACME_TOKEN is not set in `syncline partners check`; set it there/s,
    ],
    ['partners check acme --offline --suggest-schema', {}, /^syncline: --suggest-schema needs records/],
    ['runs list', {}, /^syncline: there is no database: set DATABASE_URL, or start one with `syncline dev`/],
    ['runs list --limit 0', { DATABASE_URL: nobody }, /^syncline: --limit: expected a whole number above 0, found "0"/],
    [
      'runs list --outcome bad',
      { DATABASE_URL: nobody },
      /^syncline: --outcome: expected ok, partial, deferred, suspect, failed, running, found "bad"\n$/,
    ],
    [
      'migrate --patience long',
      { DATABASE_URL: nobody },
      /^syncline: --patience: expected a duration such as 30s or 10m, found "long"\n$/,
    ],
    ['quarantine show acme orders 7', { DATABASE_URL: nobody }, /^syncline: id: expected PAGE\.PLACE/],
    [
      'runs list',
      { DATABASE_URL: `mysql://me:${CANARY}@x/y` },
      /^syncline: DATABASE_URL: expected a postgres:\/\/ URL/,
    ],
  ])('syncline %s', async (args, more, says) => {
    const { code, stdout, stderr } = await run(args, more);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(says) });
    expect(stderr).not.toMatch(/canary|^\s+at /m);
  });

  scenario('a role that no worker has', async () => {
    expect(await run('worker --role boss', { DATABASE_URL: database.url })).toEqual({
      code: 2,
      stdout: '',
      stderr: 'syncline: role: expected workflows, partners, partner=<name>, targets or target=<name>, found "boss"\n',
    });
  });
});

scenario('a broken definition is refused before anything starts', async () => {
  const other = await temporaryFolder();
  await writeFile(join(other.path, 'acme.yaml'), `${acme}wrong: 1\n`);
  const { code, stderr } = await run('sync acme', { SYNCLINE_PARTNERS_DIR: other.path, ACME_TOKEN: '' });
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/acme\.yaml:\d+:1 wrong: /) });
  await other.remove();
});

describe('a command that cannot do its work ends with 1 and says what to do', () => {
  scenario('when PostgreSQL does not answer', async () => {
    expect(await run('runs list', { DATABASE_URL: nobody })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'syncline: PostgreSQL does not answer at 127.0.0.1:1 (ECONNREFUSED): start it, or correct DATABASE_URL\n',
    });
  });

  scenario('when the database was never migrated', async () => {
    const url = new URL(database.url);
    url.pathname = '/postgres';
    expect(await run('status --json', { DATABASE_URL: url.href })).toEqual({
      code: 1,
      stdout: expect.stringMatching(
        /^\{\n {2}"error": \{\n {4}"message": "the database lacks our tables[^]*"exitCode": 1\n/,
      ),
      stderr: expect.stringMatching(/^syncline: the database lacks our tables: run `syncline migrate` first/),
    });
  });

  scenario('when nothing at all answers, the doctor names each thing', async () => {
    const { code, stdout, stderr } = await run('doctor --json', {
      DATABASE_URL: nobody,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout)).toEqual([
      { check: 'node', state: 'ok', says: `Node ${process.versions.node}` },
      { check: 'partners', state: 'ok', says: 'acme, pushed: each definition holds' },
      { check: 'database', state: 'problem', says: expect.stringMatching(/^PostgreSQL does not answer at 127/) },
      { check: 'temporal', state: 'problem', says: expect.stringMatching(/^Temporal does not answer at 127/) },
      { check: 'targets', state: 'ok', says: "none but the store's own PostgreSQL" },
      { check: 'workers', state: 'problem', says: 'cannot be checked while Temporal does not answer' },
      { check: 'schedules', state: 'problem', says: 'cannot be checked while Temporal does not answer' },
      { check: 'polling', state: 'problem', says: 'cannot be checked while the database does not answer' },
      { check: 'webhooks', state: 'problem', says: 'cannot be checked while the database does not answer' },
      { check: 'waiting', state: 'problem', says: 'cannot be checked while the database does not answer' },
      { check: 'rules', state: 'problem', says: 'cannot be checked while the database does not answer' },
      { check: 'alerts', state: 'problem', says: 'cannot be checked while the database does not answer' },
      { check: 'erasures', state: 'problem', says: 'cannot be checked while the database does not answer' },
    ]);
  });

  scenario('the doctor shows every definition that does not hold', async () => {
    const other = await temporaryFolder();
    for (const name of ['one', 'two']) await writeFile(join(other.path, `${name}.yaml`), `${named(name)}wrong: 1\n`);
    await writeFile(join(other.path, 'well.yaml'), named('well'));
    const { stdout } = await run('doctor --json', {
      DATABASE_URL: nobody,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      SYNCLINE_PARTNERS_DIR: other.path,
    });
    const findings = JSON.parse(stdout) as { check: string; says: string }[];
    const { says = '' } = findings.find(({ check }) => check === 'partners') ?? {};
    expect(says.split('\n').map((line) => line.split(' ')[1])).toEqual(['wrong:', 'wrong:']);
    await other.remove();
  });
});

scenario.each([
  ['--version', /^\d+\.\d+\.\d+\n$/],
  ['export list --help', /Usage: syncline export list .*--all/s],
  ['sync --help', /--window <window>.*--force.*--no-wait.*--json/s],
  [
    'partners check acme --offline',
    /^The definition of acme holds: orders, sent\.\nsent: its records are only pushed[^\n]*\n$/,
  ],
])('syncline %s ends with 0', async (args, says) => {
  expect(await run(args)).toEqual({ code: 0, stdout: expect.stringMatching(says), stderr: '' });
});

scenario('the sources run as they are, as in a checkout', async () => {
  const { code, stdout } = await runFromSources(['--version'], env);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
});
