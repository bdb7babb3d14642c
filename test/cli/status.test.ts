import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { status } from '../../cli/commands/status.ts';
import { readConfig, type Config } from '../../config/config.ts';
import { orderPause } from '../../store/pauses.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { said, type Said } from '../support/said.ts';
import { temporalAddress } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const stream = 'path: /x, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } }';
const acme = `
name: acme
baseUrl: http://127.0.0.1:1
streams:
  payments: { ${stream}, freshness: 26h }
  customers: { ${stream} }
  refunds: { ${stream}, freshness: 1w }
`;

let database: TestDatabase;
let folder: TemporaryFolder;
let config: Config;
beforeAll(async () => {
  [database, folder] = await Promise.all([freshDatabase(), temporaryFolder()]);
  await writeFile(join(folder.path, 'acme.yaml'), acme);
  config = readConfig({
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    SYNCLINE_PARTNERS_DIR: folder.path,
  });
  await query(
    `insert into streams (partner, name, target_schema, target_table, disposition, definition_version)
      select 'acme', name, 'acme', name, 'merge', '' from unnest(array['payments', 'customers']) as name`,
  );
});
afterAll(async () => {
  await database?.drop();
  await folder?.remove();
});

async function query(text: string, values: readonly unknown[] = []): Promise<void> {
  const pool = openPool(database.url, 1);
  try {
    await pool.query(text, [...values]);
  } finally {
    await pool.end();
  }
}

let runs = 0;
const ran = (outcome: string, hoursAgo: number, { kind = 'nightly', window = '2026-11-24' } = {}): Promise<void> =>
  query(
    `insert into stream_runs (stream_id, run_no, sync_id, window_label, kind, lane, definition_version, state, outcome, reason, checkpoint,
        started_at, finished_at)
      select stream_id, $1::integer, 'run ' || $1::integer, $2, $3, 'normal', '', 'done', $4::text, case when $4 = 'failed' then 'answered 401' end, '{}',
          now() - $5::float8 * interval '1 hour', now() - ($5::float8 - 0.5) * interval '1 hour'
        from streams where name = 'payments'`,
    [++runs, window, kind, outcome, hoursAgo],
  );

const shown = (check = true): Promise<Said> => said(config, { check }, (context) => status(context));

test('a stream that never ran is late, loudly', async () => {
  const { code, text, json } = await shown();
  expect(code).toBe(1);
  expect(text).toMatch(/^LATE acme\.payments: no run of it has ended well yet, promised is 26h$/m);
  expect(text).toMatch(/^LATE acme\.refunds: no run of it has ended well yet, promised is 7d$/m);
  expect(text).not.toMatch(/customers.*LATE|LATE acme\.customers/);
  expect(json).toMatchObject([
    { stream: 'customers', freshness: null },
    { stream: 'payments', freshness: { promiseMs: 26 * 3_600_000, freshAt: null, late: true } },
    { stream: 'refunds', freshness: { late: true }, lastOutcome: null },
  ]);
  expect((await shown(false)).code).toBe(0);
});

test('a stream is as old as the beginning of the last run that brought it up to date', async () => {
  await writeFile(join(folder.path, 'acme.yaml'), acme.replace(', freshness: 1w', ''));
  await ran('ok', 20);
  const fresh = await shown();
  expect(fresh).toMatchObject({ code: 0, text: expect.stringMatching(/acme\.payments .* 20h of 26h/) });
  expect(fresh.text).not.toContain('LATE');

  await query(`update stream_runs set started_at = started_at - interval '10 hours'`);
  // None of these makes it younger.
  await ran('failed', 2);
  await ran('suspect', 3);
  await ran('ok', 1, { kind: 'backfill' });
  await ran('ok', 1, { window: '2026-01-01..2026-01-31' });
  const late = await shown();
  expect(late.code).toBe(1);
  const [shownInDocs = 'nothing'] = /^LATE .*$/m.exec(readFileSync('docs/inspect.md', 'utf8')) ?? [];
  expect(late.text.split('\n')[0]).toBe(shownInDocs);
  expect(late.text).toMatch(/acme\.payments .* LATE 30h of 26h/);

  await ran('partial', 5);
  expect((await shown()).code).toBe(0);
});

const wholeRun = (id: string, reason: string | null, outcome: string): Promise<void> =>
  query(
    `insert into runs (run_id, partner, kind, window_label, generation, streams, workflow_run_id, outcome, reason, finished_at)
      values ($1, 'acme', 'nightly', '2026-11-25', 1, '{payments,customers}', 'w', $2, $3, now())`,
    [id, outcome, reason],
  );

test('a stream that failed before it could begin is not shown as it ended before', async () => {
  await wholeRun('sync/acme/2026-11-25', 'payments failed: column acme.payments.v is bigint', 'partial');
  const stopped = await shown(false);
  expect(stopped.text).toMatch(/acme\.payments +failed/);
  expect(stopped.json).toMatchObject([
    { stream: 'customers', lastOutcome: null },
    { stream: 'payments', lastOutcome: 'failed', lastReason: expect.stringContaining('is bigint') },
  ]);
  await wholeRun('sync/acme/2026-11-25/g2', null, 'ok');
  expect((await shown(false)).text).not.toMatch(/acme\.payments +failed/);
});

test('pauses are shown with who, why and what ends them', async () => {
  const pool = openPool(database.url, 1);
  const order = { partner: 'acme', by: 'ann', reason: 'their release', atOnce: false } as const;
  await orderPause(pool, { ...order, scope: 'partner', target: 'acme' });
  await orderPause(pool, { ...order, scope: 'run', target: 'sync/acme/2026-11-24', by: 'bob' });
  await pool.end();
  const { text } = await shown();
  expect(text).toMatch(/^acme: paused by ann since .*: their release; `syncline partners resume acme .*` ends that$/m);
  expect(text).toMatch(
    /^sync\/acme\/2026-11-24: paused by bob .*; `syncline runs resume sync\/acme\/2026-11-24` ends/m,
  );
});

test('a definition that does not load hides no promise', async () => {
  await writeFile(join(folder.path, 'bolt.yaml'), 'name: bolt');
  const { code, text } = await shown();
  expect(code).toBe(1);
  expect(text).toMatch(
    /^bolt: its promises are not known, because its definition does not load: 2 problems.*\n.*baseUrl: missing/m,
  );
  await rm(join(folder.path, 'bolt.yaml'));
});

test('without Temporal it tells all the rest, and says after two seconds what it does not know', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  try {
    const { port } = silent.address() as AddressInfo;
    const { code, text, json } = await said({ ...config, temporalAddress: `127.0.0.1:${port}` }, {}, (context) =>
      status(context),
    );
    expect(code).toBe(0);
    expect(text).toMatch(/^acme\.payments /m);
    expect(text).toMatch(
      /^Temporal did not answer within 2 s: whether somebody has paused a task queue there is not shown$/m,
    );
    expect(json).toContainEqual(expect.objectContaining({ stream: 'payments', queue: null }));
  } finally {
    silent.close();
    for (const socket of sockets) socket.destroy();
  }
});
