import { afterAll, beforeAll } from '@jest/globals';
import type { Pool } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { rebuildTable, type RebuildInput, type RebuildReport } from '../../landing/rebuild-table.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { ordersSchema } from '../support/define-stream.ts';

export interface RebuildBench {
  readonly pool: Pool;
  readonly warehouse: Warehouse;
  rebuild(stream: CompiledStream, change?: Partial<RebuildInput>): Promise<RebuildReport>;
  /** Changes nothing. */
  compare(stream: CompiledStream): Promise<RebuildReport>;
  /** What somebody does to the stream's table, which is called `orders` here. */
  sql(stream: CompiledStream, text: string): Promise<unknown>;
  /** Names of the tables in the partner's schema; `N`: the number of the stream. */
  tablesOf(stream: CompiledStream): Promise<string[]>;
}

/** A database of the test file's own, whose tables are rebuilt. */
export function useRebuilds(): RebuildBench {
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
  const rebuild: RebuildBench['rebuild'] = (stream, change = {}) =>
    rebuildTable(pool, { stream, dryRun: false, acceptUnfit: false, progress: () => {}, ...change });
  return {
    get pool() {
      return pool;
    },
    get warehouse() {
      return warehouse;
    },
    rebuild,
    compare: (stream) => rebuild(stream, { dryRun: true }),
    sql: (stream, text) => pool.query(text.replaceAll('orders', `${stream.partner.name}.orders`)),
    tablesOf: async (stream) => {
      const { rows } = await pool.query<{ name: string }>(
        `select regexp_replace(tablename, '[0-9]+', 'N') as name from pg_tables where schemaname = $1 order by 1`,
        [stream.partner.name],
      );
      return rows.map(({ name }) => name);
    },
  };
}

export const none = { changed: 0, gone: 0, came: 0, examples: [] };

export const withField = (field: Record<string, unknown>): Partial<StreamInput> => ({
  schema: { ...ordersSchema, properties: { ...ordersSchema.properties, ...field } },
});
