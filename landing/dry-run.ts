import type { Pool, PoolClient } from 'pg';
import { transaction } from '../store/session/transaction.ts';

/** A dry run does all of it, and takes it back: so it counts what would change, and changes nothing. */
export async function inTransaction<T>(
  pool: Pool,
  dryRun: boolean,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  let done: { readonly result: T } | undefined;
  try {
    return await transaction(pool, async (client) => {
      done = { result: await work(client) };
      if (dryRun) throw new TakenBack();
      return done.result;
    });
  } catch (error) {
    if (error instanceof TakenBack && done !== undefined) return done.result;
    throw error;
  }
}

class TakenBack extends Error {}
