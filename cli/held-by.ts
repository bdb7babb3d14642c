import { explain } from '../core/errors.ts';

/** `process 71`: which process has the DuckDB file open; undefined: the error says something else. */
export const heldBy = (error: unknown): string | undefined =>
  /is in use by (process \d+|another process)/.exec(explain(error))?.[1];
