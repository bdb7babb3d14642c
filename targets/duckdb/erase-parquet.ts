import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeMicros } from '../../core/micros.ts';
import type { ExportedTable, TableName } from '../target.ts';
import { duckdbDefaults } from './open-duckdb.ts';
import { AS_PARQUET } from './export-parquet.ts';
import { loadDriver } from './load-driver.ts';
import { literal, quoted } from './names.ts';
import { Statements } from './statements.ts';

/** A row of a file, as far as it takes to tell whose it is. */
export interface RowInFile {
  readonly event: number;
  /** As PostgreSQL writes a UUID. */
  readonly hash: string;
  /** Texts of its key's columns; undefined: the file does not have these columns. */
  readonly key: readonly string[] | undefined;
}

export interface EraseInFolder {
  readonly folder: string;
  readonly tables: readonly TableName[];
  /** Names of the key's columns. */
  readonly key: readonly string[];
  readonly isTheirs: (row: RowInFile) => boolean;
  /** Told when a new file stands beside the old one, where tests end the process. */
  readonly reached?: (point: 'beside') => void | Promise<void>;
}

/** Of a file: how many rows went; null: there is no such file. */
export type ErasedInFile = TableName & { readonly rows: number | null };

/**
 * Takes rows out of the files of an export. A file is written anew beside, as the export wrote it, and renamed: a process that dies leaves
 * the old one or the new one, and may be followed by another that does the same again.
 */
export async function eraseInParquet(input: EraseInFolder): Promise<readonly ErasedInFile[]> {
  const { DuckDBInstance } = await loadDriver();
  // Beside the files: what does not fit into memory is as large as they are.
  const spilled = join(input.folder, '.spilled');
  await rm(spilled, { recursive: true, force: true });
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: duckdbDefaults.memoryLimit,
    threads: String(duckdbDefaults.threads),
    preserve_insertion_order: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    temp_directory: spilled,
  });
  const connection = await instance.connect();
  const sql = new Statements(connection, { path: input.folder, timeoutMs: duckdbDefaults.timeoutMs });
  try {
    await sql.run(`set TimeZone = 'UTC'`);
    const erased: ErasedInFile[] = [];
    for (const table of input.tables) erased.push({ ...table, rows: await eraseInFile(sql, input, table) });
    await countAnew(sql, input.folder, erased);
    return erased;
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(spilled, { recursive: true, force: true });
  }
}

const fileOf = (folder: string, { schema, table }: TableName): string => join(folder, schema, `${table}.parquet`);

/** In SQL: the rows of one file, whatever its path looks like to a pattern. */
const rowsOf = (file: string): string =>
  `read_parquet(${literal(file.replaceAll(/[*?[]/g, '[$&]'))}, hive_partitioning = false)`;

async function eraseInFile(sql: Statements, input: EraseInFolder, table: TableName): Promise<number | null> {
  const file = fileOf(input.folder, table);
  if (!(await isThere(file))) return null;
  await sql.run('create or replace temp table theirs (event bigint not null)');
  let found: number[] = [];
  let rows = 0;
  const keep = async (): Promise<void> => {
    if (found.length > 0) await sql.run(`insert into theirs values ${found.map((event) => `(${event})`).join(', ')}`);
    rows += found.length;
    found = [];
  };
  for await (const row of readKeys(sql, file, input.key)) {
    if (!input.isTheirs(row)) continue;
    found.push(row.event);
    if (found.length >= MOST_AT_ONCE) await keep();
  }
  await keep();
  if (rows === 0) return 0;
  // Not `.parquet`: nobody who reads all files of the folder reads a half of it. What a process that died left is written over.
  const beside = join(dirname(file), `.${table.table}.anew`);
  await sql.run(
    `copy (select * from ${rowsOf(file)} where _event not in (select event from theirs)) to ${literal(beside)} (${AS_PARQUET})`,
  );
  await input.reached?.('beside');
  await moveInto(beside, file);
  return rows;
}

const MOST_AT_ONCE = 1000;

async function* readKeys(sql: Statements, file: string, key: readonly string[]): AsyncGenerator<RowInFile> {
  const described = await sql.rows(`describe select * from ${rowsOf(file)}`);
  const types = new Map(described.map(([name, type]) => [String(name), String(type)]));
  const isKeyed = key.length > 0 && key.every((name) => types.has(name));
  const parts = isKeyed ? key.map((name) => partOf(quoted(name), types.get(name) as string)) : [];
  const selected = ['_event', '_hash::varchar', ...parts].join(', ');
  for await (const [event, hash, ...found] of sql.stream(`select ${selected} from ${rowsOf(file)}`))
    yield {
      event: Number(event),
      hash: String(hash),
      key: isKeyed ? found.map((part) => (typeof part === 'bigint' ? writeMicros(part) : String(part))) : undefined,
    };
}

/** As the log writes a part of a key: times as microseconds, which are written here. */
function partOf(column: string, type: string): string {
  return type.startsWith('TIMESTAMP') ? `epoch_us(${column})` : `${column}::varchar`;
}

/** `tables.json` says how many rows there are. */
async function countAnew(sql: Statements, folder: string, erased: readonly ErasedInFile[]): Promise<void> {
  const list = join(folder, 'tables.json');
  const text = await readFile(list, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const counted: ExportedTable[] = [];
  for (const table of JSON.parse(text) as ExportedTable[]) {
    const { schema, table: name } = table;
    const looked = erased.find((each) => each.schema === schema && each.table === name);
    if (looked === undefined || looked.rows === null) counted.push(table);
    else {
      const [row] = await sql.rows(`select count(*) from ${rowsOf(fileOf(folder, table))}`);
      counted.push({ ...table, rows: Number(row?.[0]) });
    }
  }
  const written = `${JSON.stringify(counted, undefined, 2)}\n`;
  if (written === text) return;
  const beside = join(folder, '.tables.anew');
  await writeFile(beside, written);
  await moveInto(beside, list);
}

async function moveInto(beside: string, file: string): Promise<void> {
  await sync(beside);
  await rename(beside, file);
  await sync(dirname(file));
}

async function sync(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
