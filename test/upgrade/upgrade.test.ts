import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { replayQuarantine } from '../../activities/replay-quarantine.ts';
import { reportOfBackfill, startBackfill } from '../../client/start-backfill.ts';
import { compileStream } from '../../definitions/compile.ts';
import { loadPartner } from '../../definitions/load.ts';
import { plainNames } from '../../messages/names.ts';
import type { Row } from '../../simulator/records.ts';
import { migrate, pendingMigrations } from '../../store/migrate/migrate.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { postgresTokenStore } from '../../store/token-store.ts';
import { databaseUrl, inDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, streamReport, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { digestOf, tablePayloads, tableRows } from '../support/table-rows.ts';
import { readFixture, type Fixture } from './fixture-file.ts';
import {
  backfill,
  credentialAt,
  installation,
  lenientPayments,
  malformed,
  partnerNames,
  UNDER_WAY,
  type PartnerName,
} from './installation.ts';
import { loadDatabase } from './load-database.ts';
import { workerOfBefore } from './worker-of-before.ts';

/** An installation that commit 3ef18e3 left (make-fixture.ts), migrated in place and gone on with. The tests follow each other. */

let bench: PullBench;
let fixture: Fixture;
const partners = new Map<PartnerName, BenchPartner>();
const of = (name: PartnerName): BenchPartner => partners.get(name) as BenchPartner;
/** Pages in the ledger when the copy was made. */
let pagesBefore: Readonly<Record<string, number>>;
let functionsBefore: readonly string[];
let copied: Awaited<ReturnType<typeof asCopied>>;
const said: string[] = [];

beforeAll(async () => {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await inDatabase('postgres', `create database ${name}`);
  const url = databaseUrl(name);
  fixture = await readFixture();
  bench = await openPullBench({}, undefined, {
    url,
    drop: () => inDatabase('postgres', `drop database ${name} with (force)`),
  });
  for (const each of partnerNames) {
    partners.set(
      each,
      await bench.partner({ name: each, ...installation[each], uncounted: 'the ledger is older than it' }),
    );
    for (const mutation of fixture.world[each].mutations) of(each).simulator.mutate(mutation);
  }
  await issueTokens();
  await loadDatabase(url, fixture.database, partnerNames.flatMap(renamed));
  await moveTokens();
  functionsBefore = await signatures();
  copied = await asCopied();
  await migrateUnderWork(url);
});
afterAll(() => bench.close());

function renamed(name: PartnerName): readonly (readonly [string, string])[] {
  const [before, now] = [fixture.world[name].url, of(name).simulator.url];
  return [
    [before, now],
    [credentialAt(name, before), credentialAt(name, now)],
  ];
}

/** The partner has given as many tokens as it had when the copy was made: the last one is the one that the copy holds. */
async function issueTokens(): Promise<void> {
  let refreshToken = 'sim-refresh';
  for (let n = 0; n < fixture.world.globex.tokens; n++) {
    const answer = await fetch(`${of('globex').simulator.url}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: 'sim-client',
        client_secret: 'sim-secret',
      }).toString(),
    });
    refreshToken = ((await answer.json()) as { refresh_token: string }).refresh_token;
  }
}

/** They are sealed with a key that is made of the credential's name, which another port has changed. */
async function moveTokens(): Promise<void> {
  const storeAt = (credential: string) => postgresTokenStore(bench.pool, { credential, secret: 'sim-secret' });
  const [before, now] = [fixture.world.globex.url, of('globex').simulator.url].map((url) =>
    credentialAt('globex', url),
  );
  await bench.pool.query('update tokens set credential = $1', [before]);
  const token = await storeAt(before as string).read();
  expect(token).toBeDefined();
  await bench.pool.query('update tokens set credential = $1', [now]);
  await storeAt(now as string).write(token as NonNullable<typeof token>);
}

const one = async <T>(sql: string, values: readonly unknown[] = []): Promise<T[]> =>
  (await bench.pool.query(sql, [...values])).rows as T[];

async function pages(): Promise<Record<string, number>> {
  const rows = await one<{ partner: string; count: number }>(
    `select partner, count(*)::integer as count from pages join streams using (stream_id) where kind = 'page' group by 1`,
  );
  return Object.fromEntries(rows.map(({ partner, count }) => [partner, count]));
}

const signatures = async (): Promise<readonly string[]> =>
  (
    await one<{ signature: string }>(
      `select format('%s(%s) returns %s', proname, pg_get_function_arguments(oid), pg_get_function_result(oid)) as signature
        from pg_proc where pronamespace = 'syncline'::regnamespace order by 1`,
    )
  ).map(({ signature }) => signature);

const watermarks = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (
      await one<{ place: string; watermark: string }>(
        `select partner || '.' || name as place, watermark from streams where watermark is not null`,
      )
    ).map(({ place, watermark }) => [place, watermark]),
  );

/** Requests for records: each of them brought a page that the ledger did not have. */
async function expectNothingTwice(name: PartnerName): Promise<void> {
  const asked = of(name)
    .simulator.requests()
    .filter(({ path }) => !path.startsWith('/oauth'));
  expect(asked.length).toBe(((await pages())[name] ?? 0) - (pagesBefore[name] ?? 0));
}

async function expectSound(): Promise<void> {
  expect(
    await one(
      `select sync_id, 'balance' as wrong from stream_runs
          where fetched <> inserted + updated + unchanged + stale + deleted + waiting + quarantined
        union all select sync_id, state from stream_runs where state <> 'done'
        union all select sync_id, 'pages' from stream_runs r left join lateral (select count(*) as pages,
            coalesce(sum(fetched), 0) as fetched, coalesce(sum(quarantined), 0) as quarantined
            from pages p where p.stream_id = r.stream_id and p.run_no = r.run_no and p.kind <> 'sweep') own on true
          where r.page_no <> own.pages or r.fetched <> own.fetched or r.quarantined <> own.quarantined
        union all select partner || '.' || name, 'event numbers' from streams s where last_event <> (select count(*) from events e
          where e.stream_id = s.stream_id) or last_event <> (select max(event) from events e where e.stream_id = s.stream_id)`,
    ),
  ).toEqual([]);
}

const asCopied = async () => ({
  pending: await pendingMigrations(bench.pool),
  running: (
    await one<{ place: string }>(
      `select s.partner || '.' || s.name || ' ' || r.page_no as place from stream_runs r join streams s using (stream_id)
        where r.state = 'running' order by 1`,
    )
  ).map(({ place }) => place),
  leases: (await one('select from leases')).length,
  held: (await one(`select from quarantine where status = 'held'`)).length,
});

/** A worker of before is in the middle of a page, and writes the next one when all is done. */
async function migrateUnderWork(url: string): Promise<void> {
  const known = await one<{ cursor_in: string; cursor_out: string; fetched: number; bytes: number }>(
    `select cursor_in, cursor_out, fetched, bytes from pages join streams using (stream_id) where partner = 'umbra' order by page_no`,
  );
  const pageOf = (pageNo: number) => {
    const { cursor_in: cursorIn, cursor_out: cursorOut, ...page } = known[pageNo - 1] as (typeof known)[number];
    return { ...page, pageNo, cursorIn, cursorOut };
  };
  const old = await workerOfBefore(url);
  try {
    await old.begin({ partner: 'umbra', stream: 'payments', window: '2024-11-21' });
    await old.write(pageOf(1));
    const migrated = migrate(url, { lockMs: 200, say: (line) => said.push(line) });
    expect(await eventually(() => said.length > 0)).toBe(true);
    await old.commit();
    expect(await migrated).toContain('0021_functions.sql');
    await old.write(pageOf(2));
    await old.commit();
  } finally {
    await old.end();
  }
  pagesBefore = await pages();
}

const without = (rows: readonly Row[], ids: ReadonlySet<unknown>): readonly Row[] =>
  rows.filter(({ id }) => !ids.has(id));
const truth = (name: PartnerName, stream: Parameters<BenchPartner['simulator']['truth']>[0]): readonly Row[] =>
  of(name).simulator.truth(stream);

/** The table `table` of a partner holds these, by its columns and by its payloads. */
async function expectRows(name: PartnerName, table: string, rows: readonly Row[]): Promise<void> {
  expect(digestOf(await tableRows(bench.pool, name, table))).toEqual(digestOf(rows));
  expect(digestOf(await tablePayloads(bench.pool, name, table))).toEqual(digestOf(rows));
}

const held = () => readQuarantine(bench.pool, { partner: 'acme', stream: 'payments', status: 'held', limit: 100 });
const badKeys = async (): Promise<ReadonlySet<unknown>> => new Set((await held()).map(({ key }) => key));

/** What hooli's stream and backfill cover. */
const covered = (): readonly Row[] =>
  truth('hooli', 'payments').filter(({ updated_at: at }) => {
    const day = String(at).slice(0, 10);
    return (day >= '2024-05-01' && day < '2024-05-13') || day >= '2024-05-20';
  });

describe('an installation of commit 3ef18e3', () => {
  test('has runs under way, leases and a quarantine, and lacks migrations', () => {
    expect(fixture.commit).toBe('3ef18e3');
    expect(copied.running).toEqual(
      expect.arrayContaining(['acme.payments_of 9', 'globex.payments 3', 'initech.customers 3', 'initech.visitors 2']),
    );
    expect(copied).toMatchObject({ leases: 2, held: 12 });
    expect(copied.pending).toContain('0015_received_order.sql');
  });

  test('is migrated while a worker of that commit is in the middle of a page, and goes on after it', async () => {
    expect(said[0]).toMatch(/waits for the lock of syncline\.stream_runs, held up by pid \d+ \(syncline worker 7/);
    expect(await pendingMigrations(bench.pool)).toEqual([]);
  });

  test('keeps the functions that its workers call', async () => {
    expect(functionsBefore.length).toBeGreaterThan(10);
    expect(await signatures()).toEqual(expect.arrayContaining([...functionsBefore]));
  });
});

describe('the runs that were under way', () => {
  test('end under their ids; no page of the ledger is asked for again', async () => {
    of('acme').simulator.set({ faults: [malformed] });
    const again = { window: UNDER_WAY, kind: 'nightly' } as const;
    const [acme, globex, initech, hooli, failed] = await Promise.all([
      of('acme').sync(again),
      of('globex').sync(again),
      of('initech').sync(again),
      startBackfill(bench.client, plainNames, { partner: 'hooli', ...backfill }).then(({ handle }) =>
        reportOfBackfill(handle),
      ),
      of('umbra').sync({ window: '2024-11-20', kind: 'nightly' }),
    ]);
    const rows = truth('acme', 'payments').length;
    expect(acme).toMatchObject({ runId: `sync/acme/${UNDER_WAY}`, outcome: 'partial' });
    expect(streamReport(acme, 'payments')).toMatchObject({ counts: { fetched: rows, quarantined: 3 } });
    expect(streamReport(acme, 'payments_of')).toMatchObject({ outcome: 'ok' });
    expect(globex).toMatchObject({ outcome: 'ok', counts: { fetched: 155, inserted: 5, updated: 12 } });
    expect(initech).toMatchObject({ outcome: 'ok' });
    expect(hooli).toMatchObject({ outcome: 'ok', windows: 6, left: 0 });
    expect(failed).toMatchObject({ outcome: 'ok', counts: { fetched: 200, inserted: 200 } });
    for (const name of partnerNames) await expectNothingTwice(name);
  });

  test('as does the one that the worker of before wrote into while the database was migrated', async () => {
    const report = await of('umbra').sync({ window: '2024-11-21', kind: 'nightly' });
    expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: 200, unchanged: 200 } });
    await expectNothingTwice('umbra');
  });

  test('leave what the partners hold, balances that add up and event numbers without gaps', async () => {
    await expectRows('acme', 'payments', without(truth('acme', 'payments'), await badKeys()));
    for (const stream of ['customers', 'refunds', 'events', 'payment_methods'] as const)
      await expectTruth(bench.pool, of('acme'), stream);
    await expectTruth(bench.pool, of('acme'), 'payments', 'payments_of');
    await expectTruth(bench.pool, of('acme'), 'customers', 'snapshot');
    await expectTruth(bench.pool, of('globex'), 'payments');
    await expectTruth(bench.pool, of('initech'), 'customers');
    await expectTruth(bench.pool, of('initech'), 'customers', 'visitors');
    await expectTruth(bench.pool, of('umbra'), 'payments');
    await expectRows('hooli', 'payments', covered());
    await expectSound();
    expect(await one(`select from pg_tables where tablename ~ '__next_|^_shadow_'`)).toEqual([]);
  });

  test('read as of when they began, with the code of before', async () => {
    const late = await one(
      `select sync_id, started_at, began_at from stream_runs where began_at > started_at
        and sync_id = any($1)`,
      [
        [
          ...[`sync/acme/payments_of/${UNDER_WAY}`, `sync/globex/payments/${UNDER_WAY}`],
          ...[
            `sync/initech/customers/${UNDER_WAY}`,
            'sync/umbra/payments/2024-11-20',
            'sync/umbra/payments/2024-11-21',
          ],
        ],
      ],
    );
    expect(late).toEqual([]);
  });

  test('move watermarks only where a night was read by time', async () => {
    expect(await watermarks()).toEqual({
      'acme.payments_of': expect.stringMatching(/^2024-11-23T10:00:00\./),
      'hooli.payments': expect.stringMatching(/^2024-06-01T10:00:00\./),
    });
  });
});

describe('the next nights', () => {
  test('find what has changed, and nothing else', async () => {
    const at = '2024-11-24T10:00:00Z';
    of('acme').simulator.mutate({ change: 8, add: 3, at });
    of('acme').simulator.mutate({ stream: 'refunds', change: 4, remove: 5, add: 2, at });
    of('acme').simulator.mutate({ stream: 'customers', change: 1, add: 1, at });
    of('acme').simulator.mutate({ stream: 'events', add: 7, at });
    of('globex').simulator.mutate({ change: 9, add: 2, at });
    of('initech').simulator.mutate({ stream: 'customers', change: 5, remove: 6, add: 3, at });
    of('hooli').simulator.mutate({ change: 6, add: 4, at: '2024-06-02T10:00:00Z' });
    const night = { window: '2024-11-25', kind: 'nightly' } as const;
    const [acme, globex, initech, hooli] = await Promise.all([
      of('acme').sync(night),
      of('globex').sync(night),
      of('initech').sync(night),
      of('hooli').sync({ window: '2024-06-03', kind: 'nightly' }),
    ]);
    expect(acme).toMatchObject({ outcome: 'partial' });
    expect(streamReport(acme, 'payments').counts).toMatchObject({ inserted: 3, quarantined: 3 });
    expect(streamReport(acme, 'refunds')).toMatchObject({ outcome: 'ok', removed: 5, counts: { inserted: 2 } });
    expect(streamReport(acme, 'payments_of').counts).toMatchObject({ inserted: 3, updated: 8 });
    expect(globex).toMatchObject({ outcome: 'ok', counts: { inserted: 2, updated: 9 } });
    expect(streamReport(initech, 'customers')).toMatchObject({ outcome: 'ok', removed: 6, counts: { inserted: 3 } });
    expect(hooli).toMatchObject({ outcome: 'ok' });

    for (const stream of ['customers', 'refunds', 'events', 'payment_methods'] as const)
      await expectTruth(bench.pool, of('acme'), stream);
    await expectTruth(bench.pool, of('acme'), 'payments', 'payments_of');
    await expectTruth(bench.pool, of('acme'), 'customers', 'snapshot');
    await expectTruth(bench.pool, of('globex'), 'payments');
    await expectTruth(bench.pool, of('initech'), 'customers');
    await expectTruth(bench.pool, of('initech'), 'customers', 'visitors');
    await expectRows('hooli', 'payments', covered());
    await expectSound();
  });

  test('count a bad record on an entry that is there, and a replay takes all that were made of it', async () => {
    const entries = await held();
    expect(entries.map(({ count }) => count).toSorted((a, b) => a - b)).toEqual([
      ...Array.from({ length: 9 }, () => 1),
      ...[2, 2, 2],
    ]);
    const bad = await badKeys();
    expect(bad.size).toBe(3);
    await of('acme').define({ streams: { ...installation.acme.streams, payments: lenientPayments } });
    const definition = await loadPartner('acme', { dir: bench.partnersDir, env: {} });
    const stream = compileStream(definition, 'payments', plainNames);
    const replayed = await replayQuarantine(postgresWarehouse(bench.pool), {
      stream,
      held: entries,
      nowMs: Date.parse('2024-11-26T00:00:00Z'),
    });
    expect(replayed).toMatchObject({
      report: { outcome: 'ok', counts: { fetched: 12, inserted: 3, unchanged: 9 } },
      refused: [],
    });
    expect(await held()).toEqual([]);
    const ids = new Set((await tableRows(bench.pool, 'acme', 'payments')).map(({ id }) => id));
    expect([...bad].filter((id) => !ids.has(id))).toEqual([]);
    expect(
      await one(
        `select r.window_label, r.outcome, r.settled::integer as settled from stream_runs r join streams s using (stream_id)
          where s.partner = 'acme' and s.name = 'payments' and r.kind = 'nightly' order by 1`,
      ),
    ).toEqual(
      ['2024-11-20', '2024-11-21', '2024-11-22', UNDER_WAY, '2024-11-25'].map((window) => ({
        window_label: window,
        outcome: 'ok',
        settled: 3,
      })),
    );
  });

  test('bring the records as they are now', async () => {
    await of('acme').define({ streams: installation.acme.streams });
    of('acme').simulator.set({ faults: [] });
    expect(await of('acme').sync({ window: '2024-11-26', kind: 'nightly' })).toMatchObject({ outcome: 'ok' });
    await expectTruth(bench.pool, of('acme'), 'payments');
    await expectSound();
    expect(await watermarks()).toEqual({
      'acme.payments_of': expect.stringMatching(/^2024-11-24T10:00:00\./),
      'hooli.payments': expect.stringMatching(/^2024-06-02T10:00:00\./),
    });
  });
});
