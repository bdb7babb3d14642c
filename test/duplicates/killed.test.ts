import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { RetryLater } from '../../core/errors.ts';
import { compareRows, type FoundPair, type RowRef } from '../../core/duplicates.ts';
import { beginDuplicates } from '../../activities/duplicates/change-duplicates.ts';
import { importDecisions } from '../../cli/commands/duplicates-import.ts';
import { readConfig } from '../../config/config.ts';
import { openPool } from '../../landing/postgres-warehouse.ts';
import { beginChange, changePiece } from '../../store/duplicates/changes.ts';
import { decidePairs } from '../../store/duplicates/decide.ts';
import { writePairs } from '../../store/duplicates/pairs.ts';
import { beginPlan, notePlanReady, type BegunPlan } from '../../store/duplicates/plans.ts';
import { transaction } from '../../store/session/transaction.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { long } from '../support/long.ts';
import { said } from '../support/said.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { applyPairs, changePairs, planPairs } from './apply-pairs.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const given = { by: 'tester', reason: 'a test' };
const GATE = 4712;
/** Several pieces of a change. */
const PAIRS = 1600;

const ref = (n: number): RowRef => ({ stream: n % 3 === 0 ? 'shop.customers' : 'crm.contacts', row: `r${n}` });

/** Clusters of four rows; `step`: which of their pairs. */
function pairsOf(step: number): readonly FoundPair[] {
  return Array.from({ length: PAIRS }, (_, n) => {
    const base = Math.floor(n / 3) * 4;
    const rows = [ref(base + (n % 3)), ref(base + ((n % 3) + step > 3 ? 0 : (n % 3) + step))];
    const [left, right] = rows.toSorted(compareRows) as [RowRef, RowRef];
    return { left, right, rule: 'score', weight: (n * 7) % 11, probability: 1, levels: {} };
  }).filter(({ left, right }) => compareRows(left, right) < 0);
}

interface World {
  readonly members: readonly string[];
  readonly links: readonly string[];
  /** What was decided, and by that never merges. */
  readonly decided: readonly string[];
}

const lines = (rows: readonly { readonly line: string }[]): readonly string[] => rows.map(({ line }) => line);

async function worldOf(name: string): Promise<World> {
  const { rows: members } = await pool.query<{ line: string }>(
    `select concat_ws(' ', stream, row, entity) as line from duplicate_members where name = $1 order by 1`,
    [name],
  );
  const { rows: links } = await pool.query<{ line: string }>(
    `select concat_ws(' ', left_stream, left_row, right_stream, right_row, weight, ended_in is null) as line from duplicate_links where name = $1 order by 1`,
    [name],
  );
  const { rows: decided } = await pool.query<{ line: string }>(
    `select concat_ws(' ', p.left_stream, p.left_row, p.right_stream, p.right_row, d.state, p.decision, p.reason) as line
        from duplicate_pairs p join duplicate_plans d using (plan_id) where d.name = $1
      union all select concat_ws(' ', left_stream, left_row, right_stream, right_row, 'never', reason) from duplicate_never where name = $1 order by 1`,
    [name],
  );
  return { members: lines(members), links: lines(links), decided: lines(decided) };
}

/** Names with the same pairs in force, and a plan of each: the first of two is disturbed, and their plans are approved. */
async function twins(count = 2): Promise<readonly { readonly name: string; readonly plan: number }[]> {
  const made: { name: string; plan: number }[] = [];
  for (const side of ['disturbed', 'quiet'].slice(0, count)) {
    const name = `${side}${(made.length + 1) * 1000 + randomInt(100_000)}`;
    await applyPairs(pool, { name, pairs: pairsOf(2) });
    const plan = await planPairs(pool, { name, pairs: pairsOf(1) });
    if (count === 2) await decidePairs(pool, { plan, filter: {}, decision: 'merge', ...given });
    made.push({ name, plan });
  }
  return made;
}

/** A script beside this file, and what it is told behind the database's URL. */
type Work = readonly ['change-process.ts' | 'import-process.ts', ...string[]];

/** Does it in a process that is killed when `when` comes back; whether it was. */
async function killed([file, ...told]: Work, when: (said: () => string) => Promise<void>): Promise<boolean> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, database.url, ...told], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  await Promise.race([when(() => said), ended]);
  child.kill('SIGKILL');
  const [, signal] = await ended;
  return signal === 'SIGKILL';
}

/** Killed in the middle of the so manieth statement that changes one of these tables; false: it has ended before. */
async function killedAt(work: Work, tables: readonly string[], statement: number): Promise<boolean> {
  const gate = await pool.connect();
  const triggers = (sql: (table: string) => string): Promise<unknown> => gate.query(tables.map(sql).join('; '));
  try {
    await gate.query(
      `create sequence gate_at; create function gate() returns trigger language plpgsql as $$ begin
        if nextval('gate_at') = ${statement} then perform pg_advisory_xact_lock(${GATE}); end if; return null; end $$`,
    );
    await triggers(
      (table) => `create trigger gate after insert or update or delete on ${table} execute function gate()`,
    );
    await gate.query(`select pg_advisory_lock(${GATE})`);
    return await killed(work, async () => {
      await eventually(
        async () =>
          (await gate.query(`select from pg_locks where locktype = 'advisory' and objid = ${GATE} and not granted`))
            .rowCount === 1,
      );
    });
  } finally {
    await gate.query(`select pg_advisory_unlock_all()`);
    await eventually(async () => {
      const { rowCount } = await gate.query(
        `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and backend_type = 'client backend'`,
      );
      return rowCount === 0;
    });
    await triggers((table) => `drop trigger gate on ${table}`);
    await gate.query('drop function gate; drop sequence gate_at');
    gate.release();
  }
}

/** A plan that goes on with the rules of another one, approved. */
async function followed({ name, plan }: { readonly name: string; readonly plan: number }): Promise<number> {
  const follower = await planPairs(pool, { name, follows: plan, pairs: pairsOf(3).slice(0, 500) });
  await decidePairs(pool, { plan: follower, filter: {}, decision: 'merge', ...given });
  return follower;
}

async function finish(change: number): Promise<void> {
  while (await changePiece(pool, change)) continue;
}

test('a process that is killed while it applies or undoes leaves what an undisturbed one does', async () => {
  const [disturbed, quiet] = (await twins()) as [{ name: string; plan: number }, { name: string; plan: number }];
  const [follower, quietFollower] = (await Promise.all([disturbed, quiet].map(followed))) as [number, number];
  const same = async (): Promise<void> => expect(await worldOf(disturbed.name)).toEqual(await worldOf(quiet.name));
  const change = await beginChange(pool, { plan: disturbed.plan, action: 'apply', scope: {}, ...given });
  await changePiece(pool, change);
  expect(await killedAt(['change-process.ts', String(change)], ['duplicate_members'], 1)).toBe(true);
  await finish(change);
  await changePairs(pool, quiet.plan, 'apply');
  await same();
  for (const plan of [follower, quietFollower]) await changePairs(pool, plan, 'apply');

  // Rows that came later leave with the plan that they followed: its two pieces are done, and the first of theirs is not.
  const input = { plan: disturbed.plan, action: 'undo', scope: {}, ...given } as const;
  const changes = await beginDuplicates({ pool }, input);
  expect(changes).toHaveLength(2);
  expect(await killedAt(['change-process.ts', ...changes.map(String)], ['duplicate_members'], 6)).toBe(true);
  for (const each of changes) await finish(each);
  for (const plan of [quiet.plan, quietFollower]) await changePairs(pool, plan, 'undo');
  await same();
});

const importFile = (plan: number, file: string): Promise<unknown> =>
  said(readConfig({ DATABASE_URL: database.url }), { file, reason: 'a test' }, (context) =>
    importDecisions({ ...context, plan: String(plan) }),
  );

describe('a file of decisions', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  /** Every third pair says no, and every third nothing. */
  async function fileFor(plan: number): Promise<string> {
    const file = join(folder.path, `${plan}.csv`);
    const { rows } = await pool.query<{ line: string }>(
      `select plan_id || ',' || pair || ',' || (array['merge', 'no', ''])[1 + pair % 3] as line from duplicate_pairs where plan_id = $1 order by pair`,
      [plan],
    );
    await writeFile(file, ['plan,pair,decision', ...rows.map(({ line }) => line), ''].join('\n'));
    return file;
  }
  const tables = ['duplicate_pairs', 'duplicate_never', 'duplicate_members'];
  /** Eight statements: the fifth is the first that says no. */
  const statements = long ? [1, 2, 3, 4, 5, 6, 7, 8] : [5];

  test('a process that is killed while it reads decisions has decided nothing, and the next one decides all', async () => {
    const made: World[] = [];
    for (const kills of [statements, []]) {
      const { name, plan } = (await twins(1))[0] as { name: string; plan: number };
      const file = await fileFor(plan);
      const before = await worldOf(name);
      for (const at of kills) {
        expect(await killedAt(['import-process.ts', String(plan), file], tables, at)).toBe(true);
        expect(await worldOf(name)).toEqual(before);
      }
      await importFile(plan, file);
      made.push(await worldOf(name));
    }
    expect(made[0]).toEqual(made[1]);
    expect(made[0]?.decided.filter((line) => line.includes('never')).length).toBeGreaterThan(100);
  });

  test('a pair that it decides twice is refused', async () => {
    const { plan } = (await twins(1))[0] as { plan: number };
    const file = join(folder.path, 'twice.csv');
    await writeFile(file, `plan,pair,decision\n${plan},1,no\n${plan},2,merge\n${plan},1,merge\n`);
    await expect(importFile(plan, file)).rejects.toThrow('line 4: pair 1 is decided twice in this file');
  });
});

test('four workers that make the same change at once leave what one does', async () => {
  const [disturbed, quiet] = (await twins()) as [{ name: string; plan: number }, { name: string; plan: number }];
  for (const action of ['apply', 'undo'] as const) {
    const change = await beginChange(pool, { plan: disturbed.plan, action, scope: {}, ...given });
    await Promise.all(Array.from({ length: 4 }, () => finish(change)));
    await changePairs(pool, quiet.plan, action);
    expect(await worldOf(disturbed.name)).toEqual(await worldOf(quiet.name));
  }
});

test('a search that was frozen and wakes up beside its second attempt adds nothing to its plan', async () => {
  const begin = () =>
    transaction(pool, (client) =>
      beginPlan(client, {
        name: 'frozen',
        workflowId: 'frozen',
        settings: { largest: 9 },
        follows: null,
        by: 'tester',
      }),
    );
  const write = (of: BegunPlan, first: number, pairs: readonly FoundPair[]): Promise<number> =>
    writePairs(pool, { ...of, name: 'frozen', first, merge: 0.9, pairs });
  const ready = (of: BegunPlan) => notePlanReady(pool, { ...of, weights: {}, lookedAt: {}, counts: {} });
  const pairs = pairsOf(1).slice(0, 4);
  const frozen = await begin();
  expect(await write(frozen, 1, pairs.slice(0, 2))).toBe(2);
  const second = await begin();
  expect(await write(frozen, 3, pairs.slice(2))).toBe(0);
  await expect(ready(frozen)).rejects.toThrow('is being found by another attempt');
  expect(await write(second, 1, pairs)).toBe(4);
  // One that was frozen before it began takes the plan. It is given up by Temporal, so the other one must not be: it is tried again.
  await begin();
  await expect(ready(second)).rejects.toBeInstanceOf(RetryLater);
  const third = await begin();
  expect(await write(third, 1, pairs)).toBe(4);
  await ready(third);
  // Asked for once more, it is there.
  expect(await begin()).toMatchObject({ plan: second.plan, state: 'ready' });
  expect((await pool.query('select from duplicate_pairs where plan_id = $1', [second.plan])).rowCount).toBe(4);
});

(long ? describe : describe.skip)('in full', () => {
  test('at any moment', async () => {
    const [disturbed, quiet] = (await twins()) as [{ name: string; plan: number }, { name: string; plan: number }];
    let kills = 0;
    for (let round = 0; round < 40; round += 1) {
      const action = round % 2 === 0 ? 'apply' : 'undo';
      const change = await beginChange(pool, { plan: disturbed.plan, action, scope: {}, ...given });
      const delay = randomInt(0, 1200);
      const wasKilled = await killed(['change-process.ts', String(change)], async (said) => {
        await eventually(() => Promise.resolve(said().includes('begins')));
        await wait(delay);
      });
      if (wasKilled) kills += 1;
      await finish(change);
      await changePairs(pool, quiet.plan, action);
      expect(await worldOf(disturbed.name)).toEqual(await worldOf(quiet.name));
    }
    process.stderr.write(`${kills} of 40 processes were killed before their end\n`);
    expect(kills).toBeGreaterThan(10);
  }, 1_800_000);
});
