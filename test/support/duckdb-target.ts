import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { join } from 'node:path';
import { openDuckdb, type DuckdbOptions, type DuckdbTarget } from '../../targets/duckdb/open-duckdb.ts';
import type { Target } from '../../targets/target.ts';
import { temporaryFolder, type TemporaryFolder } from './temporary-folder.ts';

export interface UsedDuckdb {
  /** A path of a file that nobody has made yet. */
  newPath(): string;
  /** Closed after the test. */
  open(options: Partial<DuckdbOptions> & { readonly path: string }): Promise<DuckdbTarget>;
  /** As a person would, with the driver alone, while no target holds the file. */
  query(path: string, ...statements: readonly string[]): Promise<unknown[][]>;
}

/** Files in a temporary folder of the test file's own. */
export function useDuckdb(): UsedDuckdb {
  let folder: TemporaryFolder | undefined;
  let files = 0;
  const opened: Target[] = [];
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    for (const target of opened.splice(0)) await target.close();
  });
  afterAll(() => folder?.remove());
  return {
    newPath: () => join(folder?.path ?? '', `${(files += 1)}.duckdb`),
    open: async (options) => {
      const target = await openDuckdb({ name: 'duck', ...options });
      opened.push(target);
      return target;
    },
    query: async (path, ...statements) => {
      const instance = await DuckDBInstance.create(path);
      const connection = await instance.connect();
      try {
        let rows: unknown[][] = [];
        for (const statement of statements) rows = (await connection.runAndReadAll(statement)).getRowsJson();
        return rows;
      } finally {
        connection.closeSync();
        instance.closeSync();
      }
    },
  };
}
