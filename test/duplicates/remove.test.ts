import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { removeDuplicates, type RemoveOptions } from '../../cli/commands/duplicates-remove.ts';
import { undoBack, undoRun } from '../../cli/commands/undo.ts';
import { readConfig, type Config } from '../../config/config.ts';
import { compareRows, type FoundPair, type RowRef } from '../../core/duplicates.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import { decideApproval } from '../../store/approvals.ts';
import { neverMerge } from '../../store/duplicates/decide.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { killedAt } from '../support/killed-at.ts';
import { firstOf } from '../support/long.ts';
import { said, type Said } from '../support/said.ts';
import { reconcileHere, repairHere } from '../reconcile/reconcile-here.ts';
import { applyPairs, changePairs } from './apply-pairs.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let own: OwnPartners;
let crm: OwnPartner;
let config: Config;
let served: Readonly<Record<string, readonly unknown[]>> = {};
let nights = 0;

const schema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    v: { type: 'integer' },
    name: { type: ['string', 'null'] },
    phone: { type: ['string', 'null'] },
  },
} as const;
const at = (hour: number): string => `2026-01-01T${hour}:00:00Z`;
const person = (id: string, v: number, name: string, phone: string | null = null) => ({ id, v, name, phone });
const people = [
  person('1', 1, 'Ada', '111'),
  person('2', 3, 'Ada O.'),
  person('3', 2, 'Ada', '333'),
  person('4', 1, 'Bola'),
  person('5', 1, 'Bola'),
  person('6', 1, 'Cleo'),
];

const streams = ['versioned', 'plain', 'soft', 'silent', 'held', 'left', 'right'];

beforeAll(async () => {
  own = await ownPartners();
  const deletes = { field: 'gone' };
  crm = await own.partner(
    ({ pathname, searchParams }) => ({
      body: (served[pathname.slice(1)] ?? []).filter(
        (each) => String((each as { at?: string }).at) >= (searchParams.get('since') ?? ''),
      ),
    }),
    {
      versioned: { path: '/versioned', primaryKey: ['id'], version: ['v'], deletes, schema },
      plain: { path: '/plain', primaryKey: ['id'], deletes, schema },
      soft: { path: '/soft', primaryKey: ['id'], version: ['v'], deletes: { ...deletes, as: 'soft' }, schema },
      left: { path: '/left', primaryKey: ['id'], deletes, schema },
      right: { path: '/right', primaryKey: ['id'], deletes, schema },
      late: {
        path: '/late',
        primaryKey: ['id'],
        version: ['at'],
        incremental: { field: 'at', start: { as: 'since' } },
        deletes,
        schema: { ...schema, properties: { ...schema.properties, at: { type: 'string', format: 'date-time' } } },
      },
      silent: { path: '/silent', primaryKey: ['id'], schema },
      held: {
        path: '/held',
        primaryKey: ['id'],
        deletes: { ...deletes, hold: { count: 1, share: 0, for: '1h' } },
        schema,
      },
    },
  );
  const from = streams.map((stream) => ({
    stream: `${crm.name}.${stream}`,
    fields: { name: 'name', phone: 'phone' },
    changed: 'v',
  }));
  writeFileSync(
    join(own.folder, 'duplicates.yaml'),
    JSON.stringify({ people: { from, exact: [{ name: 'same-name', fields: ['name'] }] } }),
  );
  config = readConfig({
    DATABASE_URL: own.databaseUrl,
    SYNCLINE_PARTNERS_DIR: own.folder,
    SYNCLINE_HOME: own.folder,
  });
  for (const stream of streams) await read(stream, people);
});
afterAll(() => own?.close());

async function read(stream: string, records: readonly unknown[]): Promise<void> {
  served = { [stream]: records };
  nights += 1;
  await crm.read(stream, { window: `2026-01-${String(nights).padStart(2, '0')}` });
}

/** All that is in a table but when it was written. */
async function tableOf(stream: string): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
  const { rows } = await own.pool.query<Record<string, unknown>>(`select * from "${crm.name}"."${stream}" order by id`);
  return new Map(rows.map((row) => [row['id'] as string, { ...row, _loaded_at: null }]));
}
/** Of rows that are not marked as gone. */
const idsOf = async (stream: string): Promise<readonly string[]> =>
  [...(await tableOf(stream))].flatMap(([id, { _deleted_at: gone }]) => (gone === null ? [id] : []));
async function eventsOf(stream: string): Promise<number> {
  const { rows } = await own.pool.query<{ last: string }>('select last_event as last from streams where name = $1', [
    stream,
  ]);
  return Number(rows[0]?.last);
}

const ref = (stream: string, row: string): RowRef => ({ stream: `${crm.name}.${stream}`, row });
function pair(one: RowRef, other: RowRef): FoundPair {
  const [left, right] = [one, other].toSorted(compareRows) as [RowRef, RowRef];
  return { left, right, rule: 'same-name', weight: 1, probability: 1, levels: {} };
}
const planOf = (stream: string, more: readonly FoundPair[] = [], changed = 'v'): Promise<number> =>
  applyPairs(own.pool, {
    name: 'people',
    from: [stream, 'silent'].map((each) => ({ stream: `${crm.name}.${each}`, fields: {}, changed })),
    pairs: [
      pair(ref(stream, '1'), ref(stream, '2')),
      pair(ref(stream, '2'), ref(stream, '3')),
      pair(ref(stream, '4'), ref(stream, '5')),
      ...more,
    ],
  });

const remove = (plan: number, options: RemoveOptions = {}): Promise<Said> =>
  said(config, options, (context) => removeDuplicates({ ...context, plan: String(plan) }));
const now = { after: '0s' };
const doIt = (expect: number): RemoveOptions => ({ ...now, yes: true, expect: String(expect), reason: 'a test' });
const undo = (id: string): Promise<Said> =>
  said(config, { apply: true, reason: 'a test' }, (context) => undoRun({ ...context, id }));
const runOf = ({ json }: Said): string => (json as { streams: { syncId: string }[] }).streams[0]?.syncId as string;

describe.each(['versioned', 'plain', 'soft'])('a stream that is %s', (stream) => {
  let plan: number;
  let removed: Said;
  const before = new Map<string, Readonly<Record<string, unknown>>>();
  beforeAll(async () => {
    plan = await planOf(stream, [pair(ref(stream, '6'), ref('silent', '6'))]);
    for (const [id, row] of await tableOf(stream)) before.set(id, row);
  });

  test('what would go is said, and nothing goes by itself', async () => {
    const young = await remove(plan);
    expect(young.json).toMatchObject({
      removes: 0,
      streams: [{ young: 3 }, { not: expect.stringContaining('deletes') }],
    });
    const found = await remove(plan, now);
    expect(found.json).toMatchObject({
      removes: 3,
      streams: [
        { rows: 3, survivors: 2, of: 6, lost: [{ column: 'v' }, { column: 'name' }, { column: 'phone', only: 2 }] },
        {},
      ],
    });
    expect(found.text).toContain(`\`syncline duplicates remove ${plan} --yes --expect 3 --reason …\``);
    await expect(remove(plan, { ...now, yes: true })).rejects.toThrow('--yes needs --expect');
    await expect(remove(plan, doIt(4))).rejects.toThrow('expected 4 rows, and there are 3');
    expect(await tableOf(stream)).toEqual(before);
  });

  test('the newest row of each golden record stays, and the others leave as deletes', async () => {
    const events = await eventsOf(stream);
    removed = await remove(plan, doIt(3));
    expect(removed).toMatchObject({ code: 0, json: { removed: 3 } });
    // Of two that are equally new the one that came last.
    expect(await idsOf(stream)).toEqual(['2', '5', '6']);
    expect(await eventsOf(stream)).toBe(events + 3);
    const { rows } = await own.pool.query(
      `select operation, kind, key from events e join pages p on p.stream_id = e.stream_id and p.page_id = e.page
        join streams s on s.stream_id = e.stream_id where s.name = $1 and e.event > $2 order by key`,
      [stream, events],
    );
    expect(rows).toEqual(['1', '3', '4'].map((key) => ({ operation: 'd', kind: 'duplicates', key })));
    expect((await remove(plan, now)).json).toMatchObject({ removes: 0, before: [{ removed: 3, back: 0 }] });
  });

  test('the plan cannot be undone behind its rows', async () => {
    await expect(changePairs(own.pool, plan, 'undo')).rejects.toThrow(`syncline undo run ${runOf(removed)}`);
    const { rows } = await own.pool.query<{ pair: number }>(
      `select pair from duplicate_pairs where plan_id = $1 and left_row = '1'`,
      [plan],
    );
    await expect(changePairs(own.pool, plan, 'undo', { pair: rows[0]?.pair as number })).rejects.toThrow(
      'Bring them back first',
    );
    const apart = (one: string, other: string): Promise<void> =>
      neverMerge(own.pool, {
        name: 'people',
        rows: [ref(stream, one), ref(stream, other)],
        by: 'tester',
        reason: 'a test',
      });
    await expect(apart('1', '2')).rejects.toThrow(`${crm.name}.${stream} 1 was removed`);
    await apart('1', '6');
  });

  test('the log makes the same table', async () => {
    const compiled = (await crm.streams()).get(stream) as CompiledStream;
    const { differences } = await rebuildTable(own.pool, {
      stream: compiled,
      dryRun: true,
      acceptUnfit: false,
      progress: () => {},
    });
    expect(differences).toMatchObject({ changed: 0, gone: 0, came: 0 });
  });

  test('a listing that has them unchanged brings nothing back, and writes nothing', async () => {
    const events = await eventsOf(stream);
    await read(stream, people);
    expect(await idsOf(stream)).toEqual(['2', '5', '6']);
    expect(await eventsOf(stream)).toBe(events);
  });

  test('a reconciliation takes them for removed on purpose, at each level', async () => {
    served = { [stream]: people };
    for (const level of ['counts', 'keys', 'versions', 'content'] as const) {
      const found = await reconcileHere({ own, partner: crm, stream }, { level });
      expect({ level, verdict: found.verdict, each: found.each }).toEqual({ level, verdict: 'clean', each: [] });
    }
    served = { [stream]: people.slice(0, 5) };
    const fewer = await reconcileHere({ own, partner: crm, stream }, { level: 'counts' });
    expect(fewer.reason).toBe('the partner says 5 records, the store has 3, and 3 were removed as duplicates');
  });

  test('a record that changed brings its row back, and that is said', async () => {
    await read(
      stream,
      people.map((each) => (each.id === '3' ? person('3', 9, 'Ada', '999') : each)),
    );
    expect(await idsOf(stream)).toEqual(['2', '3', '5', '6']);
    expect((await remove(plan, { after: '1d' })).text).toContain('3 rows of');
    expect((await remove(plan, now)).json).toMatchObject({ before: [{ removed: 3, back: 1 }] });
  });

  test('an undo of the run brings them back value by value, and the plan can be undone then', async () => {
    await undo(runOf(removed));
    const after = await tableOf(stream);
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const id of ['1', '2', '4', '5', '6']) expect(after.get(id)).toEqual(before.get(id));
    expect(after.get('3')).toMatchObject({ phone: '999' });
    const { rows } = await own.pool.query(
      'select from tombstones t join streams s using (stream_id) where s.name = $1',
      [stream],
    );
    expect(rows).toHaveLength(0);
    await changePairs(own.pool, plan, 'undo');
    await read(
      stream,
      people.map((each) => (each.id === '3' ? person('3', 9, 'Ada', '999') : each)),
    );
    expect(await tableOf(stream)).toEqual(after);
  });
});

const late = (id: string, hour: number, name: string) => ({ ...person(id, 1, name), at: at(hour) });

test('a record that changed behind the watermark is found to be missing, and repaired', async () => {
  const rows = [late('1', 10, 'Ada'), late('2', 12, 'Ada'), late('9', 20, 'Zoe')];
  await read('late', rows);
  const here = { own, partner: crm, stream: 'late' };
  const plan = await planOf('late', [], 'at');
  await remove(plan, doIt(1));
  expect(await idsOf('late')).toEqual(['2', '9']);
  const events = await eventsOf('late');
  const unchanged = await reconcileHere(here);
  expect({ ...unchanged, each: unchanged.each }).toMatchObject({ verdict: 'clean', each: [] });
  expect(await repairHere(here, unchanged.id)).toMatchObject({ repaired: 0 });
  expect(await idsOf('late')).toEqual(['2', '9']);
  served = { late: [late('1', 11, 'Ada'), ...rows.slice(1)] };
  for (const level of ['versions', 'content'] as const)
    expect(await reconcileHere(here, { level })).toMatchObject({
      verdict: 'differs',
      each: [{ key: '1', kind: 'missing', state: 'open' }],
    });
  expect(await eventsOf('late')).toBe(events);
  const { id } = await reconcileHere(here);
  await repairHere(here, id);
  expect(await idsOf('late')).toEqual(['1', '2', '9']);
  expect(await reconcileHere(here)).toMatchObject({ verdict: 'clean', each: [] });
});

const approvalOf = ({ json }: Said): number =>
  (json as { streams: [{ approval: { id: number } }] }).streams[0].approval.id;

test('many at once wait for a person, and not while the plan changes', async () => {
  const plan = await planOf('held');
  const waits = await remove(plan, doIt(3));
  expect(waits).toMatchObject({ code: 4, json: { removed: 0, streams: [{ state: 'waiting' }] } });
  // Nights go on meanwhile.
  await read('held', [...people, person('7', 1, 'Dede')]);
  expect(await idsOf('held')).toHaveLength(7);
  const decide = (id: number): Promise<unknown> =>
    decideApproval(own.pool, { id, state: 'approved', by: 'ann', reason: 'looked at it' });
  await expect(decide(approvalOf(waits))).rejects.toThrow('was changed since approval');
  expect(await remove(plan, doIt(3))).toMatchObject({
    code: 3,
    text: expect.stringContaining('its approval is outdated'),
  });
  const anew = await remove(plan, doIt(3));
  expect(anew).toMatchObject({ code: 4, json: { streams: [{ state: 'waiting' }] } });
  await decide(approvalOf(anew));
  await own.pool.query(
    `insert into duplicate_changes (plan_id, action, by, reason) values ($1, 'apply', 'tester', 'a test')`,
    [plan],
  );
  await expect(remove(plan, doIt(3))).rejects.toThrow('has begun and not ended');
  await own.pool.query('update duplicate_changes set ended_at = now() where plan_id = $1 and ended_at is null', [plan]);
  const removed = await remove(plan, doIt(3));
  expect(removed).toMatchObject({ code: 0, json: { removed: 3 } });
  expect(await idsOf('held')).toEqual(['2', '5', '6', '7']);
  // An undo that is taken back removes them again, and they stay gone.
  await undo(runOf(removed));
  expect(await idsOf('held')).toHaveLength(7);
  const given = { apply: true, reason: 'a test' };
  await said(config, given, (context) => undoBack({ ...context, id: runOf(removed) }));
  await read('held', people);
  expect(await idsOf('held')).toEqual(['2', '5', '6', '7']);
});

const idsOfBoth = async () => [await idsOf('left'), await idsOf('right')];
const without = (ids: readonly string[] | undefined) => ids?.filter((id) => id !== '1');

describe('a process that is killed while it removes rows of two streams', () => {
  const both = ['left', 'right'] as const;
  /** Of each stream it writes the removal twice: when it begins, and with how many rows went. Then two of the second one, and two of the first. */
  const statements = firstOf([3, 2, 4, 1], 2);
  const env = { DATABASE_URL: '', SYNCLINE_PARTNERS_DIR: '', SYNCLINE_HOME: '' };

  test.each(statements)('has done a stream, or nothing of it (statement %i)', async (statement) => {
    const whole = await idsOfBoth();
    const plan = await applyPairs(own.pool, {
      name: 'people',
      from: both.map((each) => ({ stream: `${crm.name}.${each}`, fields: {}, changed: 'v' })),
      pairs: both.map((stream) => pair(ref(stream, '1'), ref(stream, '2'))),
    });
    const args = [
      'duplicates',
      'remove',
      String(plan),
      '--yes',
      '--expect',
      '2',
      '--after',
      '0s',
      '--reason',
      'a test',
    ];
    const given = {
      ...env,
      DATABASE_URL: own.databaseUrl,
      SYNCLINE_PARTNERS_DIR: own.folder,
      SYNCLINE_HOME: own.folder,
    };
    expect(
      await killedAt(own.pool, [program, ...args], {
        ...{ tables: ['syncline.duplicate_removals'], statement, env: given },
      }),
    ).toBe(true);
    const firstIsDone = statement > 2;
    expect(await idsOfBoth()).toEqual([firstIsDone ? without(whole[0]) : whole[0], whole[1]]);
    // Nobody removes more, or less, than was looked at.
    const left = firstIsDone ? 1 : 2;
    expect((await remove(plan, now)).json).toMatchObject({ removes: left });
    const again = [];
    for (const expected of [3 - left, left])
      again.push(await remove(plan, doIt(expected)).catch((error: unknown) => String(error)));
    expect(again).toEqual([
      expect.stringContaining(`expected ${3 - left} rows, and there are ${left}`),
      expect.objectContaining({ code: 0 }),
    ]);
    expect(await idsOfBoth()).toEqual(whole.map(without));
    const { rows } = await own.pool.query<{ stream: string; sync_id: string }>(
      `select s.name as stream, d.sync_id from duplicate_removals d join streams s using (stream_id) where d.plan_id = $1 and d.removed = 1 order by 1`,
      [plan],
    );
    expect(rows.map(({ stream }) => stream)).toEqual(both);
    for (const { sync_id: id } of rows) await undo(id);
    expect(await idsOfBoth()).toEqual(whole);
    await changePairs(own.pool, plan, 'undo');
  });
});
