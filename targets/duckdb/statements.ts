import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBResult } from '@duckdb/node-api';
import { knownError } from './known-error.ts';

const AGAIN_MS = 100;

export type Parameter = string | bigint;
export type ResultRow = readonly (string | bigint | number | boolean | null)[];

/** One connection, each of whose statements ends in time: DuckDB has no setting for that, so a timer interrupts it. */
export class Statements {
  readonly #connection: DuckDBConnection;
  readonly #path: string;
  readonly #timeoutMs: number;

  constructor(connection: DuckDBConnection, input: { readonly path: string; readonly timeoutMs: number }) {
    this.#connection = connection;
    this.#path = input.path;
    this.#timeoutMs = input.timeoutMs;
  }

  /** Returns how many rows were changed. */
  async run(sql: string, parameters: readonly Parameter[] = []): Promise<number> {
    return this.#inTime(async () => (await this.#connection.run(sql, [...parameters])).rowsChanged);
  }

  async rows(sql: string, parameters: readonly Parameter[] = []): Promise<readonly ResultRow[]> {
    return this.#inTime(
      async () => (await this.#connection.runAndReadAll(sql, [...parameters])).getRows() as ResultRow[],
    );
  }

  /** Row by row, in memory that does not grow with their number. */
  async *stream(sql: string): AsyncGenerator<ResultRow> {
    const result: DuckDBResult = await this.#inTime(() => this.#connection.stream(sql));
    for (;;) {
      const chunk = await this.#inTime(() => result.fetchChunk());
      if (chunk === null || chunk.rowCount === 0) return;
      yield* chunk.getRows() as ResultRow[];
    }
  }

  /** Runs the same statement for each of the texts. */
  async runForEach(sql: string, texts: Iterable<string>): Promise<void> {
    const prepared: DuckDBPreparedStatement = await this.#inTime(() => this.#connection.prepare(sql));
    try {
      for (const text of texts) {
        prepared.bindVarchar(1, text);
        await this.#inTime(() => prepared.run());
      }
    } finally {
      prepared.destroySync();
    }
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.run('begin transaction');
    try {
      const done = await work();
      await this.run('commit');
      return done;
    } catch (error) {
      // A failed commit has rolled back already. Without a timer: a rollback that is interrupted leaves the transaction open.
      await this.#connection.run('rollback').catch(() => {});
      throw error;
    }
  }

  async #inTime<T>(work: () => Promise<T>): Promise<T> {
    let again: NodeJS.Timeout | undefined;
    const interrupt = (): void => {
      this.#connection.interrupt();
      // DuckDB forgets an interruption that comes while it still prepares the statement.
      again = setTimeout(interrupt, AGAIN_MS);
    };
    const timer = setTimeout(interrupt, this.#timeoutMs);
    try {
      return await work();
    } catch (error) {
      throw knownError(error, { path: this.#path, ...(again ? { lateAfterMs: this.#timeoutMs } : {}) });
    } finally {
      clearTimeout(timer);
      clearTimeout(again);
    }
  }
}
