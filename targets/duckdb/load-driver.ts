import type * as api from '@duckdb/node-api';
import { InvalidInput } from '../../core/errors.ts';

export type Driver = typeof api;

/** The driver is an optional peer of 70 MB: it is only loaded where a DuckDB target is declared. */
export async function loadDriver(load: () => Promise<Driver> = () => import('@duckdb/node-api')): Promise<Driver> {
  try {
    return await load();
  } catch (cause) {
    throw new InvalidInput('a DuckDB target needs the driver of DuckDB: npm install @duckdb/node-api', { cause });
  }
}
