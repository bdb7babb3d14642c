import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { start, writeCheckpoint } from '../../core/checkpoint.ts';
import { HeldForApproval } from '../../core/errors.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { partner, type StreamInput } from '../../definitions/definition.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { StreamReport, Warehouse } from '../../landing/warehouse.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import { plainNames } from '../../messages/names.ts';
import { decideApproval, readApprovals } from '../../store/approvals.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { aStream, order, rowsOf, runOf, type Run } from './run-of.ts';

let database: TestDatabase;
let pool: Pool;
let warehouse: Warehouse;

beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url);
  warehouse = postgresWarehouse(pool);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

let days = 0;
const begin = (stream: CompiledStream, of: Parameters<typeof runOf>[2] = {}): Promise<Run> =>
  runOf(warehouse, stream, { window: new Date(Date.UTC(2026, 0, (days += 1))).toISOString().slice(0, 10), ...of });

async function read(
  stream: CompiledStream,
  records: readonly unknown[],
  { change = {}, ...of }: Parameters<typeof runOf>[2] & { readonly change?: Parameters<Run['page']>[1] } = {},
): Promise<StreamReport> {
  const run = await begin(stream, of);
  await run.commit(run.page(records, change));
  return run.finish();
}

const idsOf = async (stream: CompiledStream): Promise<unknown[]> =>
  (await rowsOf(pool, stream)).filter((row) => row['_deleted_at'] === null).map(({ id }) => id);

const sweeping = (deletes: StreamInput['deletes'] = {}, rest: Partial<StreamInput> = {}): CompiledStream =>
  aStream({ fullListing: false, ...rest, deletes: { sweep: true, ...deletes } });
const many = (n: number, from = 0): unknown[] => Array.from({ length: n }, (_, i) => order(`k${from + i}`, 1));

const createdOn = (id: string, day: number): unknown => ({
  id,
  v: 1,
  at: `2026-05-${String(day).padStart(2, '0')}T12:00:00Z`,
});

const pageOf = (repo: string, ...ids: string[]): [unknown[], Parameters<Run['page']>[1]] => [
  ids.map((id) => ({ id, repo: Number(repo) })),
  { parents: [repo] },
];

const hold = { count: 2, share: 0.2, for: '1h' };
const open = async (stream: CompiledStream) => readApprovals(pool, { partner: stream.partner.name });
const answer = (id: number, state: 'approved' | 'rejected') =>
  decideApproval(pool, { id, state, by: 'ann', reason: 'looked at it' });

const finish = ({ stream, run }: { readonly stream: CompiledStream; readonly run: Run }): Promise<StreamReport> =>
  warehouse.finishStream({ stream, run: run.opened.run });

const goneRecords = (n: number): unknown[] =>
  Array.from({ length: n }, (_, i) => ({ id: `k${i}`, v: 2, deleted_at: 1 }));
const deleting = (): CompiledStream =>
  aStream({ deletes: { field: 'deleted_at', hold }, errorBudget: { count: 9, share: 1 } });

describe('a complete listing', () => {
  test.each([undefined, 'soft' as const])('takes what it does not have out of a merge: as %s', async (as) => {
    const stream = sweeping(as === undefined ? {} : { as });
    await read(stream, [order('a', 1), order('b', 1), order('c', 1)]);
    expect(await read(stream, [order('b', 1), order('d', 1)])).toMatchObject({
      outcome: 'ok',
      removed: 2,
      counts: { fetched: 2, inserted: 1, unchanged: 1, deleted: 0 },
    });
    expect(await idsOf(stream)).toEqual(['b', 'd']);
    expect(await rowsOf(pool, stream)).toHaveLength(as === 'soft' ? 4 : 2);
    const { rows } = await pool.query(
      `select p.kind, p.fetched, p.deleted from pages p join streams s using (stream_id) where s.partner = $1 and p.kind = 'sweep'`,
      [stream.partner.name],
    );
    expect(rows).toEqual([{ kind: 'sweep', fetched: 2, deleted: 2 }]);
    // The same version is born again; one that is older is late.
    expect(await read(stream, [order('a', 1), order('c', 0), order('b', 1), order('d', 1)])).toMatchObject({
      counts: { inserted: 1, stale: 1, unchanged: 2 },
    });
    expect(await idsOf(stream)).toEqual(['b', 'd', 'a']);
    const { differences } = await rebuildTable(pool, { stream, dryRun: true, acceptUnfit: false, progress: () => {} });
    expect(differences).toMatchObject({ changed: 0, gone: 0, came: 0 });
  });

  test('is ended once, and knows nothing of what came while it went on', async () => {
    const stream = sweeping();
    await read(stream, [order('a', 1), order('b', 1)]);
    const run = await begin(stream);
    await run.commit(run.page([order('a', 1)]));
    await read(stream, [order('a', 1), order('b', 1), order('new', 1)]);
    expect(await run.finish()).toMatchObject({ removed: 1 });
    await warehouse.finishStream({ stream, run: run.opened.run });
    expect(await idsOf(stream)).toEqual(['a', 'new']);
  });

  const bad = { id: 'x', v: 'none' };
  const doubtful: readonly (readonly [
    string,
    Parameters<typeof read>[2] & { readonly records?: readonly unknown[] },
  ])[] = [
    ['was cut off, for the partner says that there is more', { total: 9 }],
    ['was answered with 304 in part', { change: { notModified: true } }],
    ['has a record in quarantine', { records: [order('a', 1), bad] }],
    [
      'had a call that was refused',
      {
        change: {
          refused: true,
          after: writeCheckpoint({ ...start, cursor: 'after 1', refused: { count: 1, first: '403' } }),
        },
      },
    ],
    ['had a call that was skipped', { change: { skipped: true } }],
    ['repeats a page, or is in doubt otherwise', { change: {} }],
    ['was read before the definition said `sweep`', { change: { keys: null } }],
    ['is a replay', { kind: 'replay' }],
  ];
  test.each(doubtful)('that %s deletes nothing', async (what, { records = [order('a', 1)], ...of }) => {
    const stream = sweeping({}, { errorBudget: { count: 9, share: 1 } });
    await read(stream, [order('a', 1), order('b', 1)]);
    const run = await begin(stream, of);
    await run.commit(run.page(records, of.change));
    const doubt = what.startsWith('repeats') ? { doubt: 'page 2 holds the records of page 1' } : {};
    const refused = of.change?.refused === true ? { refused: { count: 1, first: '403' } } : {};
    await run.commit(
      run.page([], {
        after: writeCheckpoint({ ...start, expected: of.total ?? null, done: true, ...doubt, ...refused }),
      }),
    );
    const report = await warehouse.finishStream({ stream, run: run.opened.run });
    expect(report.removed).toBe(0);
    expect(await idsOf(stream)).toEqual(['a', 'b']);
  });

  test('that began anew on its way deletes nothing, and says so', async () => {
    const stream = sweeping();
    await read(stream, [order('a', 1), order('b', 1)]);
    const run = await begin(stream);
    await run.commit(run.page([order('a', 1)]));
    await run.commit(run.page([order('a', 1)], { anew: true }));
    expect(await run.finish()).toMatchObject({ removed: 0, reason: expect.stringContaining('read anew') });
    expect(await idsOf(stream)).toEqual(['a', 'b']);
  });

  test('that nobody ended deletes nothing', async () => {
    const stream = sweeping();
    await read(stream, [order('a', 1), order('b', 1)]);
    const run = await begin(stream);
    await run.commit(run.page([order('a', 1)]));
    await expect(warehouse.finishStream({ stream, run: run.opened.run })).rejects.toThrow('has not read all its pages');
    expect(await idsOf(stream)).toEqual(['a', 'b']);
  });

  test('of a window takes what is of its time', async () => {
    const stream = sweeping(
      { sweep: 'window' },
      {
        incremental: { field: 'at', start: { as: 'since' }, end: { as: 'until' } },
        schema: {
          type: 'object',
          properties: { id: { type: 'string' }, v: { type: 'integer' }, at: { type: 'string', format: 'date-time' } },
        },
      },
    );
    await read(stream, [createdOn('a', 1), createdOn('b', 10), createdOn('c', 11), createdOn('d', 20)], {
      window: '2026-05-01..2026-05-31',
    });
    expect(await read(stream, [createdOn('c', 11)], { window: '2026-05-10..2026-05-15' })).toMatchObject({
      removed: 1,
    });
    expect(await idsOf(stream)).toEqual(['a', 'c', 'd']);
  });

  test('of some parents takes what is theirs', async () => {
    const shapes = { type: 'object', properties: { id: { type: 'string' } } };
    const streams = compilePartner(
      partner.parse({
        name: 'sweptparents',
        baseUrl: 'https://api.acme.example',
        streams: {
          repos: { path: '/repos', primaryKey: ['id'], schema: shapes },
          issues: {
            path: '/repos/{repo}/issues',
            primaryKey: ['id'],
            parent: { stream: 'repos', field: 'id', as: 'repo', include: 'repo' },
            schema: { type: 'object', properties: { id: { type: 'string' }, repo: { type: 'integer' } } },
            fullListing: false,
            deletes: { sweep: 'parent' },
          },
        },
      }),
      plainNames,
    );
    const issues = streams.get('issues') as CompiledStream;
    const first = await begin(issues);
    await first.commit(first.page(...pageOf('1', 'a', 'b')), first.page(...pageOf('2', 'c', 'd')));
    await first.finish();
    const second = await begin(issues);
    await second.commit(second.page(...pageOf('2', 'd')));
    expect(await second.finish()).toMatchObject({ outcome: 'ok', removed: 1 });
    expect(await idsOf(issues)).toEqual(['a', 'b', 'd']);
  });
});

describe('a wave of deletes', () => {
  test('is no wave below its count or its share', async () => {
    const stream = sweeping({ hold });
    await read(stream, many(9));
    expect(await read(stream, many(7))).toMatchObject({ outcome: 'ok', removed: 2 });
    const large = sweeping({ hold });
    await read(large, many(20));
    expect(await read(large, many(16))).toMatchObject({ outcome: 'ok', removed: 4 });
    const without = sweeping({ hold: false });
    await read(without, many(20));
    expect(await read(without, many(2))).toMatchObject({ outcome: 'ok', removed: 18 });
  });

  const kinds: readonly (readonly [string, () => CompiledStream])[] = [
    ['a sweep', () => sweeping({ hold })],
    ['a soft sweep', () => sweeping({ hold, as: 'soft' })],
    ['a replace', () => aStream({ disposition: 'replace', fullListing: false, deletes: { hold } })],
  ];
  describe.each(kinds)('of %s', (_what, streamOf) => {
    /** Ten rows, and a listing of six of them that waits. */
    async function held(): Promise<{ readonly stream: CompiledStream; readonly run: Run; readonly id: number }> {
      const stream = streamOf();
      await read(stream, many(10));
      const run = await begin(stream);
      await run.commit(run.page(many(6)));
      await expect(run.finish()).rejects.toThrow(HeldForApproval);
      await expect(warehouse.finishStream({ stream, run: run.opened.run })).rejects.toThrow(
        '4 of 10 rows would be deleted',
      );
      expect(await idsOf(stream)).toHaveLength(10);
      const [approval, ...others] = await open(stream);
      expect(others).toEqual([]);
      expect(approval).toMatchObject({
        kind: 'sweep',
        gone: 4,
        of: 10,
        state: 'waiting',
        examples: ['k6', 'k7', 'k8', 'k9'],
      });
      return { stream, run, id: approval?.id ?? 0 };
    }
    test('goes once it is approved', async () => {
      const wave = await held();
      expect(await answer(wave.id, 'approved')).toMatchObject({
        state: 'approved',
        decidedBy: 'ann',
        reason: 'looked at it',
      });
      expect(await finish(wave)).toMatchObject({ outcome: 'ok', removed: 4 });
      expect(await idsOf(wave.stream)).toHaveLength(6);
      await expect(answer(wave.id, 'rejected')).rejects.toThrow(/approved by ann at .* already: looked at it/);
    });

    test('leaves no trace where it is rejected', async () => {
      const wave = await held();
      const before = await rowsOf(pool, wave.stream);
      await answer(wave.id, 'rejected');
      expect(await finish(wave)).toMatchObject({
        outcome: 'suspect',
        removed: 0,
        reason: '4 rows were not deleted, which the listing did not have: rejected by ann: looked at it',
      });
      expect(await rowsOf(pool, wave.stream)).toEqual(before);
      const { rows } = await pool.query(
        `select from events join streams using (stream_id) where partner = $1 and operation = 'd'`,
        [wave.stream.partner.name],
      );
      expect(rows).toEqual([]);
    });

    test('is asked anew by the run that has changed the facts, and the old question is refused', async () => {
      const wave = await held();
      const next = await begin(wave.stream);
      await next.commit(next.page(many(6)));
      await expect(answer(wave.id, 'approved')).rejects.toThrow('was changed since approval');
      await expect(next.finish()).rejects.toThrow(HeldForApproval);
      const [asked] = await open(wave.stream);
      await answer(asked?.id ?? 0, 'approved');
      expect(await warehouse.finishStream({ stream: wave.stream, run: next.opened.run })).toMatchObject({
        outcome: 'ok',
        removed: 4,
      });
      expect(await idsOf(wave.stream)).toHaveLength(6);
    });

    test('is not taken away by an approval that something came behind', async () => {
      const wave = await held();
      await answer(wave.id, 'approved');
      const next = await begin(wave.stream);
      await next.commit(next.page(many(10)));
      const [first] = await Promise.allSettled([finish(wave)]);
      // What a replace has gathered is dropped by the next one.
      expect(first?.status === 'fulfilled' ? first.value : { outcome: 'suspect' }).toMatchObject({
        outcome: 'suspect',
      });
      expect(await idsOf(wave.stream)).toHaveLength(10);
    });

    test('stays where nobody answers in time', async () => {
      const wave = await held();
      await pool.query(`update approvals set until = now() where approval_id = $1`, [wave.id]);
      await expect(answer(wave.id, 'approved')).rejects.toThrow('goes on without it');
      expect(await finish(wave)).toMatchObject({
        outcome: 'suspect',
        reason: expect.stringContaining('nobody has approved it in time'),
      });
      expect(await idsOf(wave.stream)).toHaveLength(10);
    });
  });

  describe('that records say', () => {
    test('stops before the page that makes it one, and goes on once it is approved', async () => {
      const wave = deleting();
      await read(wave, many(10));
      const run = await begin(wave);
      await run.commit(run.page(goneRecords(2)));
      const page = run.page(goneRecords(5));
      await expect(run.commit(page)).rejects.toThrow('5 of 8 rows would be deleted: records say that they are gone');
      await expect(run.commit(page)).rejects.toThrow(HeldForApproval);
      expect(await idsOf(wave)).toHaveLength(8);
      const [approval] = await open(wave);
      await answer(approval?.id ?? 0, 'approved');
      expect(await run.commit(page)).toMatchObject({ fetched: 5, deleted: 3, unchanged: 2 });
      await run.commit(run.page(goneRecords(9)));
      expect(await run.finish()).toMatchObject({ outcome: 'ok', counts: { deleted: 9 } });
    });

    test('goes to quarantine where it is rejected, with who and why', async () => {
      const wave = deleting();
      await read(wave, many(10));
      const run = await begin(wave);
      const page = run.page([...goneRecords(5), order('new', 1)]);
      await expect(run.commit(page)).rejects.toThrow(HeldForApproval);
      const [approval] = await open(wave);
      await answer(approval?.id ?? 0, 'rejected');
      expect(await run.commit(page)).toMatchObject({ fetched: 6, inserted: 1, deleted: 0, quarantined: 5 });
      expect(await run.finish()).toMatchObject({ outcome: 'partial' });
      expect(await idsOf(wave)).toHaveLength(11);
      const { rows } = await pool.query(
        'select distinct reason from quarantine join streams using (stream_id) where partner = $1',
        [wave.partner.name],
      );
      expect(rows).toEqual([
        { reason: '5 rows were not deleted, which records say are gone: rejected by ann: looked at it' },
      ]);
    });
  });
});
