import { mkdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { InvalidInput, RetryLater } from '../../core/errors.ts';
import { knownError } from './known-error.ts';
import type { Driver } from './load-driver.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { removeSpilled } from './remove-spilled.ts';
import { Statements } from './statements.ts';

export interface FileOptions {
  readonly path: string;
  readonly memoryLimit: string;
  readonly threads: number;
  readonly timeoutMs: number;
}

interface Opened {
  readonly instance: DuckDBInstance;
  /** The connection that writes. */
  readonly writer: DuckDBConnection;
  /** The name that DuckDB gives to the file's contents. */
  readonly catalog: string;
  readonly file: string;
}

/** What a piece of work gets. */
export interface FileWork {
  readonly sql: Statements;
  readonly catalog: string;
}

/** One DuckDB file. It is opened when it is first needed, and again where another file was put in its place. */
export class DuckdbFile {
  readonly options: FileOptions;
  readonly #driver: Driver;
  #opened: Promise<Opened> | undefined;
  #closed = false;
  #reads = 0;

  constructor(driver: Driver, options: FileOptions) {
    this.#driver = driver;
    this.options = options;
  }

  /** On the writing connection, one at a time in this process. */
  async write<T>(work: (on: FileWork) => Promise<T>): Promise<T> {
    return oneAtATime(this.options.path, async () => {
      const { writer, catalog } = await this.#current();
      return work({ sql: this.#statements(writer), catalog });
    });
  }

  /** On a connection of its own, which sees one moment of the file per statement or transaction. */
  async read<T>(work: (on: FileWork) => Promise<T>): Promise<T> {
    const { connection, catalog } = await this.#reader();
    try {
      return await work({ sql: this.#statements(connection), catalog });
    } finally {
      this.#endRead(connection);
    }
  }

  async *stream<T>(work: (on: FileWork) => AsyncGenerator<T>): AsyncGenerator<T> {
    const { connection, catalog } = await this.#reader();
    try {
      yield* work({ sql: this.#statements(connection), catalog });
    } finally {
      this.#endRead(connection);
    }
  }

  async close(): Promise<void> {
    await oneAtATime(this.options.path, async () => {
      this.#closed = true;
      await this.#release({ checkpoint: true });
    });
  }

  #statements(connection: DuckDBConnection): Statements {
    return new Statements(connection, this.options);
  }

  async #reader(): Promise<{ connection: DuckDBConnection; catalog: string }> {
    const { instance, catalog } = await oneAtATime(this.options.path, () => this.#current());
    const connection = await this.#connect(instance);
    this.#reads += 1;
    return { connection, catalog };
  }

  #endRead(connection: DuckDBConnection): void {
    this.#reads -= 1;
    connection.closeSync();
  }

  /** The file that stands at the path now: what was deleted or replaced goes on living for those who hold it open. */
  async #current(): Promise<Opened> {
    if (this.#closed) throw new RetryLater(`the target at ${this.options.path} is closed: the next use opens it again`);
    if (this.#opened !== undefined) {
      const opened = await this.#opened;
      if (opened.file === (await identity(this.options.path))) return opened;
      // Without a checkpoint: it would remove the write-ahead log that now stands at that path.
      await this.#release({ checkpoint: false });
    }
    this.#opened = this.#open();
    this.#opened.catch(() => {
      this.#opened = undefined;
    });
    return this.#opened;
  }

  async #open(): Promise<Opened> {
    const { path, memoryLimit, threads } = this.options;
    await mkdir(dirname(path), { recursive: true });
    // The log of a file that was deleted is no part of the new one.
    if ((await identity(path)) === 'none') await rm(`${path}.wal`, { force: true });
    try {
      const instance = await this.#driver.DuckDBInstance.fromCache(path, {
        memory_limit: memoryLimit,
        threads: String(threads),
        preserve_insertion_order: 'false',
        // Otherwise a statement that names an unknown function goes to the network.
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
        // From here on DuckDB knows whether a write-ahead log belongs to the file that it stands beside.
        storage_compatibility_version: 'v1.4.0',
      });
      const writer = await this.#connect(instance);
      await removeSpilled(path);
      const [name] = await this.#statements(writer).rows('select current_database()');
      return { instance, writer, catalog: String(name?.[0]), file: await identity(path) };
    } catch (error) {
      throw knownError(error, { path });
    }
  }

  async #connect(instance: DuckDBInstance): Promise<DuckDBConnection> {
    const connection = await instance.connect();
    await this.#statements(connection).run(`set TimeZone = 'UTC'`);
    return connection;
  }

  async #release({ checkpoint }: { readonly checkpoint: boolean }): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    if (opened === undefined) return;
    const sql = this.#statements(opened.writer);
    // Closing would do the same, but on the event loop.
    if (checkpoint && this.#reads === 0) await sql.run('checkpoint').catch(() => {});
    if (!checkpoint) await sql.run('pragma disable_checkpoint_on_shutdown').catch(() => {});
    opened.writer.closeSync();
    opened.instance.closeSync();
  }
}

/** Which file stands at the path. */
const identity = async (path: string): Promise<string> => {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? 'none' : `${found.dev}:${found.ino}`;
};

/** The same file has the same text, through links of folders too: DuckDB tells files of one process apart by their paths. */
export async function filePath(path: string): Promise<string> {
  const remote = /^([a-z][a-z0-9_+.-]+):/i.exec(path)?.[1];
  if (remote !== undefined && remote.length > 1)
    throw new InvalidInput(
      `path ${path.split('?')[0]}: a DuckDB target is a file on this machine; ${remote}: needs an extension of DuckDB that ` +
        'Syncline does not load',
    );
  if (path === '' || path.startsWith(':') || path.includes('?'))
    throw new InvalidInput(`path "${path}": expected the path of a DuckDB file`);
  await mkdir(dirname(path), { recursive: true });
  return realpath(path).catch(async () => join(await realpath(dirname(path)), basename(path)));
}
