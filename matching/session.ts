import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { InvalidInput } from '../core/errors.ts';
import { DAY } from '../core/duration.ts';
import { MATCH_PREFIX } from '../core/staging-names.ts';
import { loadDriver } from '../targets/duckdb/load-driver.ts';
import { literal } from './sql.ts';

export interface SessionOptions {
  /** Where its folder is made; nobody else's files are touched. */
  readonly folder: string;
  /** Bound of DuckDB's buffers, such as `1GB`: what is more goes to the folder. */
  readonly memoryLimit: string;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

export type Cell = string | number | bigint | boolean | null;
export type Row = readonly Cell[];

/** One DuckDB file in a folder of its own, which holds values of rows for as long as it is open. */
export interface Session {
  readonly run: (sql: string) => Promise<void>;
  readonly rows: (sql: string) => Promise<readonly Row[]>;
  /** A chunk at a time, in memory that does not grow with the number of rows. */
  readonly stream: (sql: string) => AsyncGenerator<readonly Row[]>;
  /** Runs a statement once for each text, as its parameter. */
  readonly forEach: (sql: string, texts: AsyncIterable<string>) => Promise<void>;
  /** Removes the file. Twice is once. */
  readonly close: () => Promise<void>;
}

export async function openSession({ folder, memoryLimit, threads, signal }: SessionOptions): Promise<Session> {
  const { DuckDBInstance } = await loadDriver().catch((error: unknown) => {
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidInput('finding duplicates needs the driver of DuckDB: npm install @duckdb/node-api', {
      cause: error,
    });
  });
  signal?.throwIfAborted();
  await mkdir(folder, { recursive: true });
  await removeLeft(folder);
  const own = await mkdtemp(join(folder, MATCH_PREFIX));
  const remove = (): Promise<void> => rm(own, { recursive: true, force: true });
  try {
    const instance = await DuckDBInstance.create(join(own, 'match.duckdb'), {
      memory_limit: memoryLimit,
      threads: String(threads),
      temp_directory: join(own, 'spill'),
      preserve_insertion_order: 'false',
      // Otherwise a statement that names an unknown function goes to the network.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await instance.connect();
    await connection.run(`set TimeZone = ${literal('UTC')}`);
    // What stops in the middle is thrown away: nothing has to be safe on the disk.
    await connection.run(`set checkpoint_threshold = '1TB'`);
    const interrupt = (): void => connection.interrupt();
    signal?.addEventListener('abort', interrupt);
    let closed = false;
    const close = async (): Promise<void> => {
      if (closed) return;
      closed = true;
      signal?.removeEventListener('abort', interrupt);
      await connection.run('pragma disable_checkpoint_on_shutdown').catch(() => {});
      connection.closeSync();
      instance.closeSync();
      await remove();
    };
    return { ...statements(connection, signal), close };
  } catch (error) {
    await remove();
    throw error;
  }
}

function statements(connection: DuckDBConnection, signal: AbortSignal | undefined): Omit<Session, 'close'> {
  // An interrupted statement has an error of its own, which says less than why it was interrupted.
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  };
  return {
    run: (sql) =>
      guarded(async () => {
        await connection.run(sql);
      }),
    rows: (sql) => guarded(async () => (await connection.runAndReadAll(sql)).getRows() as Row[]),
    async *stream(sql) {
      const result = await guarded(() => connection.stream(sql));
      for (;;) {
        const chunk = await guarded(() => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) return;
        yield chunk.getRows() as Row[];
      }
    },
    forEach: (sql, texts) =>
      guarded(async () => {
        const prepared = await connection.prepare(sql);
        try {
          for await (const text of texts) {
            signal?.throwIfAborted();
            prepared.bindVarchar(1, text);
            await prepared.run();
          }
        } finally {
          prepared.destroySync();
        }
      }),
  };
}

/** Of processes that were killed. Nobody works so long on one. */
async function removeLeft(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(MATCH_PREFIX)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > DAY) await rm(path, { recursive: true, force: true });
  }
}
