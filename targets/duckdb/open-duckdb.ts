import type { Reached } from '../apply-points.ts';
import type { Changes, ExportsParquet, KeyedRow, SomeRows, Target, TargetTable } from '../target.ts';
import { applyChanges, applyParts } from './apply-changes.ts';
import { bucketSums } from './bucket-sums.ts';
import { readCursors } from './cursors.ts';
import { DuckdbFile, filePath, type FileWork } from './duckdb-file.ts';
import { exportParquet } from './export-parquet.ts';
import { fitTable } from './fit-table.ts';
import { loadDriver } from './load-driver.ts';
import { misfit } from './misfit.ts';
import { readHeads } from './read-heads.ts';
import { readRows, readSome } from './read-rows.ts';
import { dropPlaced, makeLive, placedTables } from './swap-tables.ts';

export interface DuckdbOptions {
  /** Its name in `targets.yaml`. */
  readonly name: string;
  /** The file; its folder is made. */
  readonly path: string;
  /** Whose tables these are, such as the installation's name: two owners never write one table. */
  readonly owner?: string;
  /** Bound of DuckDB's buffers; the process takes up to 400 MB more. */
  readonly memoryLimit?: string;
  readonly threads?: number;
  /** The longest that one statement may take. */
  readonly timeoutMs?: number;
  /** Told when `apply` comes to a place where tests end the process. */
  readonly reached?: Reached;
}

export const duckdbDefaults = {
  owner: 'syncline',
  memoryLimit: '512MB',
  threads: 2,
  timeoutMs: 600_000,
} as const satisfies Partial<DuckdbOptions>;

export type DuckdbTarget = Target & ExportsParquet;

/** A DuckDB file as a target. One process at a time can have it open; the first use opens it. */
export async function openDuckdb(options: DuckdbOptions): Promise<DuckdbTarget> {
  const { name, owner, memoryLimit, threads, timeoutMs } = { ...duckdbDefaults, ...options };
  const reached = options.reached ?? (() => {});
  const path = await filePath(options.path);
  const file = new DuckdbFile(await loadDriver(), { path, memoryLimit, threads, timeoutMs });
  return {
    name,
    kind: 'duckdb',
    check: () => file.write(async ({ sql }) => `DuckDB ${String((await sql.rows('select version()'))[0]?.[0])}`),
    open: (table) => file.write((on) => fitTable(on, table, owner)),
    heads: (table, keys) => file.read((on) => readHeads(on, table, keys)),
    apply: (table, changes: Changes) => file.write((on) => applyChanges(on, table, { changes, reached })),
    applyTogether: (table, move, parts) =>
      file.write((on) => applyParts(on, table, { move, parts: () => parts, reached })),
    rewrite: (table, move, parts) => file.write((on) => applyParts(on, table, { move, parts, reached })),
    rows: (table) => file.stream((on) => readRows(on, table)),
    misfit: (table) => file.read((on) => misfit(on, table)),
    sums: (table) =>
      file.read((on) =>
        on.sql.transaction(async () => ({
          standing: (await readCursors(on, table)).get(table.place ?? 'live'),
          sums: await bucketSums(on, table),
        })),
      ),
    some: (table, asked) => file.stream((on) => someRows(on, table, asked)),
    placed: (table) => file.read((on) => placedTables(on, table)),
    swap: (table, swap) => file.write((on) => makeLive(on, table, swap)),
    rollback: (table, id) => file.write((on) => makeLive(on, table, { id, from: 'old' })),
    drop: (table) => file.write((on) => dropPlaced(on, table)),
    exportParquet: (input) => file.read((on) => exportParquet(on, { ...input, owner })),
    close: () => file.close(),
  };
}

/** In a transaction, which ends with the connection: rows and cursor are of one moment. */
async function* someRows(on: FileWork, table: TargetTable, { buckets, stands }: SomeRows): AsyncGenerator<KeyedRow> {
  await on.sql.run('begin transaction');
  stands((await readCursors(on, table)).get(table.place ?? 'live'));
  yield* readSome(on, table, buckets);
}
