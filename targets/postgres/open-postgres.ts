import type { Pool, PoolClient } from 'pg';
import { openPool } from '../../store/session/open-pool.ts';
import { transaction } from '../../store/session/transaction.ts';
import type { Reached } from '../apply-points.ts';
import type { RowChanges, Target } from '../target.ts';
import { applyChanges } from './apply-changes.ts';
import { bucketSums } from './bucket-sums.ts';
import { readCursors } from './cursors.ts';
import { fitTable } from './fit-table.ts';
import { explained } from './known-error.ts';
import { misfit } from './misfit.ts';
import { OWN_SCHEMA } from './names.ts';
import { readHeads } from './read-heads.ts';
import { readRows, readSome } from './read-rows.ts';
import { saysLoading } from './touched.ts';
import { dropPlaced, makeLive, placedTables } from './swap-tables.ts';

export interface PostgresOptions {
  /** Its name in `targets.yaml`. */
  readonly name: string;
  readonly url: string;
  /** Where its cursors are; left out in another database than the store's. */
  readonly schema?: string;
  /** Whose tables these are, such as the installation's name: two owners never write one table. */
  readonly owner?: string;
  /** The longest that one statement may take. */
  readonly timeoutMs?: number;
  /** Told when `apply` comes to a place where tests end the process. */
  readonly reached?: Reached;
}

export const postgresDefaults = {
  owner: 'syncline',
  schema: OWN_SCHEMA,
  timeoutMs: 600_000,
} as const satisfies Partial<PostgresOptions>;

/** Loads of two streams side by side, and somebody who reads. */
const CONNECTIONS = 3;

/** A PostgreSQL database as a target: another one than the store's, or for histories the store's own. It is connected to when it is first used. */
export function openPostgres(options: PostgresOptions): Target {
  const { name, url, owner, schema, timeoutMs } = { ...postgresDefaults, ...options };
  const reached = options.reached ?? (() => {});
  const pool = openPool(url, CONNECTIONS, schema);
  const within = <T>(work: (client: PoolClient) => Promise<T>): Promise<T> =>
    explained(name, () => inTime(pool, timeoutMs, work));
  return {
    name,
    kind: 'postgres',
    check: () =>
      within(async (client) => {
        const { rows } = await client.query<{ server_version: string }>('show server_version');
        return `PostgreSQL ${rows[0]?.server_version}`;
      }),
    open: (table) => within((client) => fitTable(client, table, owner)),
    heads: (table, keys) => within((client) => readHeads(client, table, keys)),
    apply: async (table, changes) => {
      await within((client) => applyChanges(client, table, { move: changes, parts: () => [changes], reached }));
      await reached('committed');
    },
    applyTogether: async (table, move, parts: AsyncIterable<RowChanges>) => {
      await within((client) => applyChanges(client, table, { move, parts: () => parts, reached }));
      await reached('committed');
    },
    rewrite: async (table, move, parts) => {
      await within((client) => applyChanges(client, table, { move, parts, reached }));
      await reached('committed');
    },
    rows: (table) => rowsOf(pool, (client) => readRows(client, table)),
    misfit: (table) => within((client) => misfit(client, table)),
    sums: (table) =>
      explained(name, () =>
        ofOneMoment(pool, timeoutMs, async (client) => ({
          standing: (await readCursors(client, table)).get(table.place ?? 'live'),
          sums: await bucketSums(client, table),
        })),
      ),
    some: (table, { buckets, stands }) =>
      rowsOf(pool, async function* read(client) {
        stands((await readCursors(client, table)).get(table.place ?? 'live'));
        yield* readSome(client, table, buckets);
      }),
    placed: (table) => within((client) => placedTables(client, table)),
    swap: (table, swap) => within((client) => makeLive(client, table, swap)),
    rollback: (table, id) => within((client) => makeLive(client, table, { id, from: 'old' })),
    drop: (table) => within((client) => dropPlaced(client, table)),
    close: () => pool.end(),
  };
}

const inTime = <T>(pool: Pool, timeoutMs: number, work: (client: PoolClient) => Promise<T>): Promise<T> =>
  transaction(pool, async (client) => {
    await client.query(`set local statement_timeout = ${Math.round(timeoutMs)}; ${saysLoading}`);
    return work(client);
  });

const ofOneMoment = <T>(pool: Pool, timeoutMs: number, work: (client: PoolClient) => Promise<T>): Promise<T> =>
  transaction(pool, async (client) => {
    await client.query(MOMENT);
    await client.query(`set local statement_timeout = ${Math.round(timeoutMs)}`);
    return work(client);
  });

const MOMENT = 'set transaction isolation level repeatable read, read only';

/** In a transaction of its own: all rows are of one moment. */
async function* rowsOf<T>(pool: Pool, read: (client: PoolClient) => AsyncGenerator<T>): AsyncGenerator<T> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(MOMENT);
    yield* read(client);
  } finally {
    await client.query('rollback').catch(() => {});
    client.release();
  }
}
