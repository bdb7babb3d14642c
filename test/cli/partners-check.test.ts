import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { calls } from '../../cli/commands/calls.ts';
import { partnersCheck } from '../../cli/commands/partners-check.ts';
import { readConfig } from '../../config/config.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { readCalls } from '../../store/calls/read-calls.ts';
import { callGroups, failedCalls } from '../../store/partner-report/calls-of-period.ts';
import { serve, type LocalServer } from '../http/support/local-server.ts';
import { runAll } from '../landing/run-of.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { defineStream } from '../support/define-stream.ts';
import { said, type Said } from '../support/said.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { runSyncline } from './run-syncline.ts';

/** Clears the screen, sets the title of the terminal, writes a line of its own, turns what follows around. */
const HOSTILE = 'a\u001b[2J\u009d0;x\u0007b\r\nverified: all is well\u202egp';
const SAFE = String.raw`a\u001b[2J\u009d0;x\u0007b\r\nverified: all is well\u202egp`;

const id = 'primaryKey: [id], schema: { type: object, properties: { id: { type: string } } }';
const partner = (name: string, url: string, rest = ''): string => `
name: ${name}
baseUrl: ${url}
${rest}
streams:
`;

let asked = 0;
let server: LocalServer;
let database: TestDatabase;
let folder: TemporaryFolder;
beforeAll(async () => {
  [server, database, folder] = await Promise.all([
    serve((request, response) => {
      asked += 1;
      const { pathname, searchParams } = new URL(request.url as string, 'http://x');
      const from = Number(searchParams.get('offset') ?? 0);
      const rows = Array.from({ length: 2 }, (_, i) => ({ id: `o${from + i}` }));
      response.setHeader('content-type', 'application/json');
      if (pathname === '/refused') response.writeHead(400).end(JSON.stringify({ error: HOSTILE }));
      else if (pathname === '/hostile') response.end(JSON.stringify([{ id: HOSTILE, [HOSTILE]: 1 }]));
      else if (pathname === '/down') response.writeHead(500).end();
      else if (pathname === '/stuck') response.end(JSON.stringify([{ id: 'a' }, { id: 'b' }]));
      else response.end(JSON.stringify(rows));
    }),
    freshDatabase(),
    temporaryFolder(),
  ]);
  const paged = 'pagination: { type: offset, limit: 2 }';
  const files = {
    acme: `${partner('acme', server.url, 'limits: { windows: [{ name: hourly, limit: 10, per: 1h }] }')}  orders: { path: /orders, ${paged}, ${id} }\n`,
    stuck: `${partner('stuck', server.url)}  orders: { path: /stuck, ${paged}, ${id} }\n`,
    down: `${partner('down', server.url, 'retry: { base: 1m, cap: 1m }\ncircuit: { streak: 2, minCalls: 2 }')}  orders: { path: /down, ${id} }\n`,
    hostile: `${partner('hostile', server.url)}  orders: { path: /hostile, ${id} }\n  refused: { path: /refused, errors: [{ status: 400, action: giveUp, message: no }], ${id} }\n`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, `${name}.yaml`), text);
});
afterAll(async () => {
  await server?.close();
  await database?.drop();
  await folder?.remove();
});
beforeEach(() => {
  asked = 0;
});

const env = (more: Record<string, string> = {}): Record<string, string> => ({
  SYNCLINE_PARTNERS_DIR: folder.path,
  SYNCLINE_HOME: folder.path,
  ...more,
});
const check = (name: string, more: Record<string, string> = {}): Promise<Said> =>
  said(readConfig(env(more)), {}, (context) => partnersCheck({ ...context, name }));

describe('the permits of a check', () => {
  test('are those of all workers where there is a database', async () => {
    const first = await check('acme', { DATABASE_URL: database.url });
    expect(first).toMatchObject({ code: 0, json: { limits: 'fleet', streams: [{ requests: 3, findings: [] }] } });
    expect(first.text).not.toContain('this process alone');
    const all = [first];
    while (all.at(-1)?.code === 0 && all.length < 12) all.push(await check('acme', { DATABASE_URL: database.url }));
    const last = all.at(-1);
    expect(last).toMatchObject({ code: 4, json: { streams: [{ requests: 0, deferred: true }] } });
    expect(last?.text).toMatch(/\n {2}not checked: no permit within 10s \(hourly\); check again in /);
    // A permit that is used too late counts, and its request has not left: the partner may see fewer than it allows, never more.
    const requests = all.map(({ json }) => (json as { streams: { requests: number }[] }).streams[0]?.requests ?? 0);
    expect(asked).toBe(requests.reduce((sum, each) => sum + each, 0));
    expect(asked).toBeLessThanOrEqual(10);
  });

  test('and its requests are in the call log, as those of a check and of no run', async () => {
    const { json } = await check('hostile', { DATABASE_URL: database.url });
    const pool = openPool(database.url);
    try {
      const noted = await readCalls(pool, { partner: 'hostile', limit: 100 });
      const { streams } = json as { streams: { requests: number }[] };
      expect(noted).toHaveLength(streams.reduce((sum, { requests }) => sum + requests, 0));
      expect(noted.map(({ madeBy, workflowId, runId, purpose }) => ({ madeBy, workflowId, runId, purpose }))).toEqual(
        noted.map(() => ({ madeBy: 'check', workflowId: null, runId: null, purpose: 'page' })),
      );
      expect(noted.map(({ stream, status, error }) => [stream, status, error])).toEqual(
        expect.arrayContaining([
          ['orders', 200, null],
          ['refused', 400, 'refused'],
        ]),
      );
      // It is no failure of the partner: what is told to it leaves a person's trials out.
      const period = { partner: 'hostile', before: '2000-01-01', from: '2000-01-02', to: '2999-01-01' };
      expect([await failedCalls(pool, period, 3), await callGroups(pool, period)]).toEqual([[], []]);
    } finally {
      await pool.end();
    }
    const none = { DATABASE_URL: database.url, SYNCLINE_CALLS_KEEP: '0s' };
    const { text } = await said(readConfig(env(none)), { limit: '500' }, (context) =>
      calls({ ...context, partner: 'hostile', stream: undefined }),
    );
    expect(text).toMatch(/check: GET \/refused/);
    const kept = /^(\d+) calls/m.exec(text)?.[1];
    await check('hostile', none);
    const again = await said(readConfig(env(none)), { limit: '500' }, (context) =>
      calls({ ...context, partner: 'hostile', stream: undefined }),
    );
    expect(/^(\d+) calls/m.exec(again.text)?.[1]).toBe(kept);
  });

  test('are given though the call log cannot be written', async () => {
    const other = await freshDatabase();
    const pool = openPool(other.url);
    try {
      await pool.query('alter table calls drop column made_by');
      expect(await check('stuck', { DATABASE_URL: other.url })).toMatchObject({ code: 1, json: { limits: 'fleet' } });
    } finally {
      await pool.end();
      await other.drop();
    }
  });

  test('are none while the partner is down, but for probes', async () => {
    const to = { DATABASE_URL: database.url };
    expect([(await check('down', to)).code, (await check('down', to)).code]).toEqual([1, 1]);
    const { code, text } = await check('down', to);
    expect(code).toBe(4);
    expect(text).toMatch(
      /not checked: no request is sent now, because the partner did not answer lately \(.*500.*\); check again in /,
    );
    expect(asked).toBe(2);
  });

  test.each([
    ['there is none', {}, 'there is no database'],
    ['it does not answer', { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' }, '.*ECONNREFUSED.*'],
  ])('are those of the process where %s', async (_, more, why) => {
    const { code, text, json } = await check('acme', more);
    expect({ code, json }).toMatchObject({ code: 0, json: { limits: 'process', streams: [{ requests: 3 }] } });
    expect(text).toMatch(
      new RegExp(
        `The limits are kept within this process alone: what workers send meanwhile is not counted \\(${why}\\)`,
      ),
    );
  });
});

test('says what the definition changes of a table that is there', async () => {
  const pool = openPool(database.url);
  try {
    const stream = { type: 'object', properties: { id: { type: 'string' }, note: { type: 'integer' } } };
    const old = defineStream({ primaryKey: ['id'], version: [], schema: stream }, { name: 'acme' });
    await runAll(postgresWarehouse(pool), old, [[{ id: 'a', note: 1 }]]);
    const changed =
      partner('acme', server.url) +
      `  orders: { path: /orders, ${id.replace('} } }', '}, note: { type: string }, more: {} } }')} }\n`;
    await writeFile(join(folder.path, 'acme.yaml'), changed);
    const { text, json } = await check('acme', { DATABASE_URL: database.url });
    expect(text).toMatch(
      /\n {2}\+ more jsonb: .*\n {2}~ note bigint → text: runs fail until `syncline plan acme orders --apply`/,
    );
    expect(json).toMatchObject({ plans: [{ stream: 'orders', isChanged: true }] });
  } finally {
    await pool.end();
  }
});

test('a mistake that is sure ends with 1, and has a code', async () => {
  const { code, text, json } = await check('stuck');
  expect(code).toBe(1);
  expect(text).toMatch(/\n {2}error page-parameter-ignored: page 2 has the very records of page 1/);
  expect(json).toMatchObject({
    streams: [{ findings: [{ code: 'page-parameter-ignored', severity: 'error' }], unverified: [] }],
  });
});

describe('what a partner sends steers no terminal', () => {
  test.each([
    ['--json', `"${SAFE}"`],
    ['--suggest-schema', `goes to _extra: ${SAFE}`],
  ])('partners check %s', async (option, shown) => {
    const { stdout, stderr } = await runSyncline(['partners', 'check', 'hostile', option], env());
    const printed = `${stdout}${stderr}`;
    expect(printed.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(printed).not.toMatch(/^verified: all is well/m);
    expect(printed).toContain(shown);
  });
});
