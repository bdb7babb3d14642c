import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { eventually } from '../support/eventually.ts';
import { long } from '../support/long.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { temporalAddress } from '../support/temporal.ts';
import { runHere } from './run-here.ts';
import { killSyncline, type Ended } from './run-syncline.ts';

let own: OwnPartners;
let env: Record<string, string>;
let served: unknown[] = [];
beforeAll(async () => {
  own = await ownPartners();
  writeFileSync(
    join(own.folder, 'targets.yaml'),
    JSON.stringify({ targets: { lake: { type: 'duckdb', path: join(own.folder, 'lake.duckdb') } } }),
  );
  env = {
    DATABASE_URL: own.databaseUrl,
    SYNCLINE_PARTNERS_DIR: own.folder,
    SYNCLINE_HOME: own.folder,
    TEMPORAL_ADDRESS: temporalAddress(),
  };
  await own.pool.query(
    `create function gate() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(${GATE}); return null; end $$`,
  );
});
afterAll(() => own.close());

const GATE = 4711;
const schema: StreamInput['schema'] = {
  type: 'object',
  properties: { id: { type: 'string' }, v: { type: 'integer' }, text: { type: 'string' } },
};
const orders = (more: Partial<StreamInput> = {}) => ({
  orders: { path: '/orders', primaryKey: ['id'], version: ['v'], schema, ...more },
});
const night = (v: number, count: number): unknown[] =>
  Array.from({ length: count }, (_, n) => ({ id: `o${n}`, v, text: `${n} of night ${v}` }));

/** A stream that some nights were read of. */
async function read(nights: readonly number[], count: number, more?: Partial<StreamInput>): Promise<OwnPartner> {
  const partner = await own.partner(() => ({ body: served }), orders(more));
  for (const v of nights) {
    served = night(v, count);
    await partner.read('orders', { window: `2026-11-0${v}` });
  }
  return partner;
}

/** Table and log, as they stand. */
async function worldOf({ name }: OwnPartner): Promise<unknown> {
  const { rows: table } = await own.pool.query(
    `select to_jsonb(t) - '_loaded_at' as row from "${name}".orders t order by id, v`,
  );
  const { rows: log } = await own.pool.query(
    `select concat_ws(' ', e.event, e.operation, e.key, e.payload::text) as line from syncline.events e join syncline.streams s using (stream_id)
      where s.partner = $1 and e.operation <> 'r' order by e.event`,
    [name],
  );
  return { table: table.map(({ row }) => row), log: log.map(({ line }) => line) };
}

const run = (...args: readonly string[]): Promise<Ended> => runHere(args, env);

/** SIGKILL while a statement of the command stands at a trigger on a table. */
async function killedAt(trigger: string, args: readonly string[]): Promise<void> {
  const gate = await own.pool.connect();
  try {
    await gate.query(`create trigger gate ${trigger} execute function gate()`);
    await gate.query(`select pg_advisory_lock(${GATE})`);
    const standing = async (): Promise<boolean> =>
      (await gate.query(`select from pg_locks where locktype = 'advisory' and objid = ${GATE} and not granted`))
        .rowCount === 1;
    await killSyncline(args, { env, when: standing });
    await gate.query(`select pg_advisory_unlock(${GATE})`);
    await eventually(async () => !(await standing()));
    await gate.query(`drop trigger gate on ${/on (\S+)/.exec(trigger)?.[1]}`);
  } finally {
    gate.release();
  }
}

/** SIGKILL at any moment. */
async function killedAfter(ms: number, args: readonly string[]): Promise<void> {
  const until = Date.now() + ms;
  const when = async (): Promise<boolean> => {
    await wait(5);
    return Date.now() >= until;
  };
  await killSyncline(args, { env, when }).catch((error: unknown) => {
    if (!/ended by itself, with [03]$/.test(String(error))) throw error;
  });
}

/** Once the server has noticed that nobody is there any more. */
async function settled(partner: OwnPartner): Promise<unknown> {
  await eventually(async () => {
    const { rows } = await own.pool.query(
      `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' and backend_type = 'client backend'`,
    );
    return rows.length === 0;
  });
  return worldOf(partner);
}

const LONG_MS = 1_800_000;
/** Of each command in the long form. */
const KILLS = Number(process.env['KILLS'] ?? 40);

/** Delays of kills in the long form: one before any work, one beyond its end, and others between. */
const delays = (): readonly number[] => {
  const chosen = [50, 60_000, ...Array.from({ length: KILLS }, () => randomInt(200, 2000))];
  process.stderr.write(`kills after ${chosen.join(', ')} ms\n`);
  return chosen;
};

const apply = (id: string, way = 'run'): string[] => ['undo', way, id, '--apply', '--reason', 'a test'];
const keep = { log: { versionsPerKey: 1, atLeast: '0ms' } } as const;

const undos = async (): Promise<readonly unknown[]> =>
  (await own.pool.query('select pending from syncline.undos')).rows;
const removed = async (): Promise<number> =>
  Number((await own.pool.query('select coalesce(sum(lines), 0) as lines from syncline.removals')).rows[0].lines);

describe('undo run', () => {
  test('that is killed before its end leaves all as it was; killed after it, only other warehouses are left', async () => {
    const partner = await read([1, 2, 3], 60, { disposition: 'append', primaryKey: [], targets: ['lake'] });
    const id = `sync/${partner.name}/orders/2026-11-02`;
    const before = await worldOf(partner);
    await killedAt('before update on syncline.stream_runs for each statement', apply(id));
    expect(await worldOf(partner)).toEqual(before);
    expect(await undos()).toEqual([]);

    // It waits for Temporal, to have the table there made anew.
    const nobody = { ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' };
    await killSyncline(apply(id), { env: nobody, when: async () => (await undos()).length > 0 });
    const undone = (await worldOf(partner)) as { readonly log: readonly string[] };
    expect(undone.log.filter((line) => line.includes('night 2')).map((line) => line.split(' ')[1])).toEqual(
      Array.from({ length: 60 }, () => 'U'),
    );
    expect(await undos()).toEqual([{ pending: ['lake'] }]);
    const again = await run(...apply(id));
    expect([again.code, again.stdout]).toEqual([3, expect.stringMatching(/lake: /)]);
    expect(await worldOf(partner)).toEqual(undone);
    await run(...apply(id, 'back'));
    expect(await worldOf(partner)).toEqual(before);
  });
});

describe('rebuild --window', () => {
  test('that is killed while it corrects rows has corrected none, and the next one does it', async () => {
    const partner = await read([1, 2], 300);
    const right = await worldOf(partner);
    const command = ['rebuild', partner.name, 'orders', '--window', '2026-11-02'];
    await own.pool.query(`update "${partner.name}".orders set text = 'edited' where id like '%7'`);
    const edited = await worldOf(partner);
    await killedAt(`before update on "${partner.name}".orders for each statement`, command);
    expect(await worldOf(partner)).toEqual(edited);
    expect(await run(...command)).toMatchObject({ code: 0 });
    expect(await worldOf(partner)).toEqual(right);
    const { rows } = await own.pool.query('select tablename from pg_tables where schemaname = $1 order by 1', [
      partner.name,
    ]);
    expect(rows.map(({ tablename }) => String(tablename).replace(/\d+/, 'N'))).toEqual(['_before_N', 'orders']);
  });
});

describe('prune', () => {
  test('that is killed between its pieces has removed some and counted them, and the next one removes the rest', async () => {
    const partner = await read([1, 2, 3], 1500);
    await partner.define(orders({ keep }));
    const { table } = (await worldOf(partner)) as { readonly table: unknown };
    const would = await run('prune', partner.name, '--dry-run', '--json');
    const [{ lines }] = JSON.parse(would.stdout) as [{ readonly lines: number }];
    expect(lines).toBeGreaterThan(2900);
    // The second piece comes when something was removed already.
    await killedAt('after update on syncline.removals for each statement', ['prune', partner.name]);
    const some = await removed();
    expect(some).toBeGreaterThan(0);
    expect(await run('prune', partner.name, '--check')).toMatchObject({ code: 0 });
    expect(await run('prune', partner.name)).toMatchObject({ code: 0 });
    expect(await removed()).toBe(lines);
    expect(await run('prune', partner.name, '--check')).toMatchObject({ code: 0 });
    expect(await worldOf(partner)).toMatchObject({ table, log: { length: 4500 - lines } });
  });
});

(long ? describe : describe.skip)('killed at any moment', () => {
  test(
    'an undo, and taken back, leaves one of the two',
    async () => {
      const partner = await read([1, 2, 3], 1500);
      const id = `sync/${partner.name}/orders/2026-11-02`;
      const before = await worldOf(partner);
      expect(await run(...apply(id))).toMatchObject({ code: 0 });
      const after = await worldOf(partner);
      expect(await run(...apply(id, 'back'))).toMatchObject({ code: 0 });
      const seen = new Set<string>();
      for (const ms of delays()) {
        await killedAfter(ms, apply(id));
        const now = await settled(partner);
        const isUndone = JSON.stringify(now) !== JSON.stringify(before);
        expect(now).toEqual(isUndone ? after : before);
        seen.add(isUndone ? 'undone' : 'as it was');
        const back = await run(...apply(id, 'back'));
        expect(back.code === 0).toBe(isUndone);
        expect(await worldOf(partner)).toEqual(before);
      }
      expect(seen.size).toBe(2);
    },
    LONG_MS,
  );

  test(
    'a rebuild of a window has corrected all of its rows or none',
    async () => {
      const partner = await read([1, 2], 1500);
      const right = await worldOf(partner);
      const seen = new Set<string>();
      for (const ms of delays()) {
        await own.pool.query(`update "${partner.name}".orders set text = 'edited' where id like '%7'`);
        const edited = await worldOf(partner);
        await killedAfter(ms, ['rebuild', partner.name, 'orders', '--window', '2026-11-02']);
        const now = await settled(partner);
        const isRight = JSON.stringify(now) === JSON.stringify(right);
        expect(now).toEqual(isRight ? right : edited);
        seen.add(isRight ? 'corrected' : 'as it was');
      }
      expect(seen.size).toBe(2);
      expect(await run('rebuild', partner.name, 'orders', '--window', '2026-11-02')).toMatchObject({ code: 0 });
      expect(await worldOf(partner)).toEqual(right);
    },
    LONG_MS,
  );

  test(
    'a prune, again and again, loses nothing, and comes to its end',
    async () => {
      const partner = await read([1, 2, 3, 4, 5, 6, 7, 8, 9], 3000);
      const { table } = (await worldOf(partner)) as { readonly table: unknown };
      await partner.define(orders({ keep }));
      const left = new Set<number>();
      for (const ms of delays()) {
        await killedAfter(ms, ['prune', partner.name]);
        const now = (await settled(partner)) as { readonly table: unknown; readonly log: readonly unknown[] };
        expect(now.table).toEqual(table);
        left.add(now.log.length);
        expect(await run('prune', partner.name, '--check')).toMatchObject({ code: 0 });
      }
      expect(left.size).toBeGreaterThan(1);
      expect(await run('prune', partner.name)).toMatchObject({ code: 0 });
      const { log, ...rest } = (await worldOf(partner)) as {
        readonly table: unknown;
        readonly log: readonly unknown[];
      };
      expect([rest, log.length < 3010]).toEqual([{ table }, true]);
    },
    LONG_MS,
  );
});
