import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { explain, NeedsAttention, RetryLater } from '../../../core/errors.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import type { StreamInput } from '../../../definitions/definition.ts';
import { openPool, postgresWarehouse } from '../../../landing/postgres-warehouse.ts';
import type { Warehouse } from '../../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';
import { aStream as streamOf, rowsOf, runAll, runOf } from '../../landing/run-of.ts';

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

const aStream = (definition: Partial<StreamInput> = {}): CompiledStream =>
  streamOf({ fullListing: false, ...definition });
/** The text is what no message may hold. */
const order = (id: string, v = 1, text = 'confidential'): unknown => ({ id, v, text });
const day = (n: number): { readonly window: string } => ({ window: `2026-03-${String(n).padStart(2, '0')}` });

/** How the work failed. No message on the way may hold a value of a record. */
async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
  const error = await work().then(
    () => new Error('nothing failed'),
    (failure: unknown) => failure,
  );
  expect(explain(error)).not.toContain('confidential');
  return error;
}

async function waitingForLock(): Promise<void> {
  for (;;) {
    const { rows } = await database.pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
  }
}

const named = (says: RegExp): Record<string, unknown> => ({
  name: NeedsAttention.name,
  message: expect.stringMatching(says),
});

/** `$t`: the table, `$s`: its schema. */
const inSchema = (sql: string, stream: CompiledStream): string =>
  sql.replaceAll('$t', `${stream.partner.name}.orders`).replaceAll('$s', stream.partner.name);

interface Change {
  readonly sql: string;
  readonly says: RegExp;
  /** Takes it away as the message says. */
  readonly cure: string;
  readonly definition?: Partial<StreamInput>;
}

const raising = `create function $s.refuse() returns trigger language plpgsql as
  $f$ begin raise exception 'not %', new.text; end $f$;
  create trigger refuse after insert or update on $t for each row execute function $s.refuse()`;

/** What only shows when rows are written: `b` comes new, `a` changes. */
const whenWritten: readonly (readonly [string, Change])[] = [
  [
    'a unique index',
    {
      sql: 'create unique index one_text on $t (text)',
      says: /^unique index "one_text" on \w+\.orders is not Syncline's.*drop it \(drop index "\w+"\."one_text"\)/,
      cure: 'drop index $s.one_text',
    },
  ],
  [
    'a unique constraint',
    {
      sql: 'alter table $t add constraint one_text unique (text)',
      says: /^unique constraint "one_text" on \w+\.orders.*drop it \(alter table .* drop constraint "one_text"\)/,
      cure: 'alter table $t drop constraint one_text',
    },
  ],
  [
    'a check',
    {
      sql: `alter table $t add constraint short check (length(text) < 5) not valid`,
      says: /^check constraint "short" on \w+\.orders is not Syncline's/,
      cure: 'alter table $t drop constraint short',
    },
  ],
  [
    'a foreign key',
    {
      sql: `create table $s.texts (text text primary key); alter table $t add constraint known foreign key (text) references $s.texts not valid`,
      says: /^foreign key "known" on \w+\.orders is not Syncline's/,
      cure: 'alter table $t drop constraint known',
    },
  ],
  [
    'a foreign key that is looked at when the transaction ends',
    {
      sql: `create table $s.texts (text text primary key); alter table $t add constraint known foreign key (text) references $s.texts
        deferrable initially deferred not valid`,
      says: /^foreign key "known" on \w+\.orders is not Syncline's/,
      cure: 'alter table $t drop constraint known',
    },
  ],
  [
    'a column of its own that must not be null',
    {
      sql: `alter table $t add column note text not null default 'x'; alter table $t alter column note drop default`,
      says: /^not null of column "note" on \w+\.orders is not Syncline's.*alter column "note" drop not null/,
      cure: 'alter table $t alter column note drop not null',
    },
  ],
  [
    'a trigger that raises',
    {
      sql: raising,
      says: /^function \w+\.refuse failed when rows were written to \w+\.orders \(SQLSTATE P0001\): correct it, or drop the trigger/,
      cure: 'drop trigger refuse on $t',
    },
  ],
  [
    'a trigger that fails at the data',
    {
      sql: raising.replace(`raise exception 'not %', new.text`, 'perform new.text::integer; return null'),
      says: /^function \w+\.refuse failed .*\(SQLSTATE 22P02\)/,
      cure: 'drop trigger refuse on $t',
    },
  ],
  [
    'a trigger that writes where it may not',
    {
      sql:
        'create table $s.audit (text text check (length(text) < 5));' +
        raising.replace(`raise exception 'not %', new.text`, 'insert into $s.audit values (new.text); return null'),
      says: /^function \w+\.refuse failed .*\(SQLSTATE 23514\)/,
      cure: 'drop trigger refuse on $t',
    },
  ],
];

/** What is seen when a run begins, before anything is asked of the partner; and in its middle, when rows are written. */
const beforehand: readonly (readonly [string, Change])[] = [
  [
    'a trigger that changes rows',
    {
      sql: raising
        .replace(`raise exception 'not %', new.text`, `new.text := 'x'; return new`)
        .replace('after', 'before'),
      says: /^trigger "refuse" may change or leave out what is written to \w+\.orders: drop it/,
      cure: 'drop trigger refuse on $t',
    },
  ],
  [
    'a rule',
    {
      sql: 'create rule nothing as on update to $t do instead nothing',
      says: /^rule "nothing" changes what is written to \w+\.orders: drop it/,
      cure: 'drop rule nothing on $t',
    },
  ],
  [
    'a generated column',
    {
      sql: `alter table $t drop column text; alter table $t add column text text generated always as (id || v) stored`,
      says: /^column \w+\.orders\.text is generated by the table/,
      cure: 'alter table $t alter column text drop expression',
    },
  ],
  [
    'a column of another type',
    {
      sql: 'alter table $t alter column v type integer',
      says: /^column \w+\.orders\.v is integer, the definition says bigint.*syncline plan/,
      cure: 'alter table $t alter column v type bigint',
    },
  ],
  [
    'no primary key any more',
    {
      sql: 'alter table $t drop constraint orders_pkey',
      says: /^the primary key of \w+\.orders is \(\), the definition makes it \(id\).*or drop the table/,
      cure: 'alter table $t add primary key (id)',
    },
  ],
  [
    'a view in its place',
    {
      sql: 'alter table $t rename to old; create view $t as select * from $s.old',
      says: /^\w+\.orders is a view, not a table: drop or rename it, and the next run makes it again/,
      cure: 'drop view $t; alter table $s.old rename to orders',
    },
  ],
];

describe('a table that somebody changed', () => {
  test.each(whenWritten)(
    '%s is named with its cure, holds no value, and goes on after the cure',
    async (_what, change) => {
      const stream = aStream(change.definition);
      await runAll(warehouse, stream, [[order('a', 1, 'a')]]);
      await pool.query(inSchema(change.sql, stream));
      const run = await runOf(warehouse, stream, day(1));
      const page = run.page([order('b'), order('c')]);
      expect(await failureOf(() => run.commit(page))).toMatchObject(named(change.says));
      const { rows } = await pool.query(
        'select count(*)::integer as held from quarantine q join streams using (stream_id) where partner = $1',
        [stream.partner.name],
      );
      expect(rows).toEqual([{ held: 0 }]);
      await pool.query(inSchema(change.cure, stream));
      expect(await run.commit(page)).toMatchObject({ inserted: 2 });
      expect(await run.finish()).toMatchObject({ outcome: 'ok' });
    },
  );

  test.each(beforehand)('%s is named when a run begins, and goes on after the cure', async (_what, change) => {
    const stream = aStream(change.definition);
    await runAll(warehouse, stream, [[order('a', 1, 'a')]]);
    await pool.query(inSchema(change.sql, stream));
    expect(await failureOf(() => runOf(warehouse, stream, day(1)))).toMatchObject(named(change.says));
    await pool.query(inSchema(change.cure, stream));
    const run = await runOf(warehouse, stream, day(1));
    expect(await run.commit(run.page([order('a', 2), order('b')]))).toMatchObject({ inserted: 1, updated: 1 });
  });

  test('by a trigger or a rule in the middle of a run is noticed by the rows that are not as they were written', async () => {
    for (const [sql, says] of [
      [
        raising.replace(`raise exception 'not %', new.text`, 'return null').replace('after', 'before'),
        /^trigger "refuse" may/,
      ],
      ['create rule nothing as on update to $t do instead nothing', /^rule "nothing" changes/],
    ] as const) {
      const stream = aStream();
      await runAll(warehouse, stream, [[order('a')]]);
      const run = await runOf(warehouse, stream, day(1));
      await pool.query(inSchema(sql, stream));
      const page = run.page([order('a', 2), order('b')]);
      expect(await failureOf(() => run.commit(page))).toMatchObject(named(says));
    }
  });

  test('a row that somebody else wrote under our own key is no fault of the table', async () => {
    const stream = aStream();
    const run = await runOf(warehouse, stream, day(1));
    const other = await pool.connect();
    try {
      await other.query('begin');
      await other.query(
        `insert into ${stream.partner.name}.orders (id, _event, _page, _run, _hash) values ('a', 9, 9, 9, gen_random_uuid())`,
      );
      const failing = failureOf(() => run.commit(run.page([order('a')])));
      await waitingForLock();
      await other.query('commit');
      const error = await failing;
      expect(error).toMatchObject({
        name: RetryLater.name,
        message: expect.stringMatching(/\.orders got a row from somebody else meanwhile/),
      });
    } finally {
      other.release();
    }
  });

  test('a foreign key of another table stops a swap, and is named', async () => {
    const stream = aStream({ disposition: 'replace' });
    await runAll(warehouse, stream, [[order('a'), order('b')]]);
    await pool.query(
      inSchema(
        `create table $s.mine (id text constraint needs references $t); insert into $s.mine values ('a')`,
        stream,
      ),
    );
    const run = await runOf(warehouse, stream, day(1));
    await run.commit(run.page([order('b')]));
    expect(await failureOf(() => run.finish())).toMatchObject(
      named(/^foreign key "needs" on \w+\.mine is not Syncline's/),
    );
  });

  test('does not stop other streams', async () => {
    const stream = aStream();
    await runAll(warehouse, stream, [[order('a')]]);
    await pool.query(inSchema('create unique index one_text on $t (text)', stream));
    const run = await runOf(warehouse, stream, day(1));
    await failureOf(() => run.commit(run.page([order('b')])));
    const other = aStream();
    const [report] = await runAll(warehouse, other, [[order('a'), order('b')]]);
    expect(report).toMatchObject({ outcome: 'ok', counts: { inserted: 2 } });
  });
});

describe('a table that workers may not touch', () => {
  let role: string;
  let own: Pool;
  let asRole: Warehouse;

  beforeAll(async () => {
    role = `worker_${(await pool.query<{ name: string }>('select current_database() as name')).rows[0]!.name}`;
    await pool.query(`create role ${role} login password 'secret'`);
    await pool.query(`grant create on database ${new URL(database.url).pathname.slice(1)} to ${role}`);
    await pool.query(
      `grant usage on schema syncline to ${role}; grant all on all tables in schema syncline to ${role}`,
    );
    await pool.query(`alter default privileges in schema syncline grant all on tables to ${role}`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'secret';
    own = openPool(url.href, 3);
    asRole = postgresWarehouse(own);
  });

  afterAll(async () => {
    await own.end();
    await pool.query(`reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`);
  });

  test.each([
    [
      'has another owner',
      'alter table $t owner to current_user',
      'alter table $t owner to $role',
      /permission denied for table orders/,
    ],
    [
      'is in a schema of another owner',
      'alter schema $s owner to current_user',
      'alter schema $s owner to $role',
      /permission denied for schema/,
    ],
    [
      'has row level security',
      `alter table $t enable row level security; alter table $t force row level security`,
      'alter table $t no force row level security',
      /^row level security on \w+\.orders hides rows from us/,
    ],
  ])('because it %s is named with its cure', async (_what, sql, cure, says) => {
    const stream = aStream();
    await runAll(asRole, stream, [[order('a')]]);
    await pool.query(inSchema(sql, stream));
    const work = async (): Promise<void> => {
      const run = await runOf(asRole, stream, day(1));
      await run.commit(run.page([order('b')]));
    };
    expect(await failureOf(work)).toMatchObject(named(says));
    await pool.query(inSchema(cure, stream).replaceAll('$role', role));
    await work();
    expect(await rowsOf(pool, stream)).toHaveLength(2);
  });
});
