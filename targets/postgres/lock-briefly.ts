import { setTimeout as wait } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { RetryLater } from '../../core/errors.ts';

/** Who comes while we wait for the lock waits, too: so long at a time. */
const LOCK_MS = 1000;
const PAUSE_MS = 2000;
const TIMES = 20;

/**
 * Locks a table against everybody, readers as well, for the rest of the transaction: whatever follows has to be short. While somebody reads it, it is
 * tried again and again, and others read on in between.
 */
export async function lockBriefly(
  client: ClientBase,
  table: string,
  { lockMs = LOCK_MS, pauseMs = PAUSE_MS, times = TIMES } = {},
): Promise<void> {
  for (let left = times; ; left--) {
    await client.query('savepoint before_lock');
    try {
      await client.query(`set local lock_timeout = ${lockMs}`);
      await client.query(`lock table ${table} in access exclusive mode`);
      await client.query('set local lock_timeout = 0');
      await client.query('release savepoint before_lock');
      return;
    } catch (error) {
      await client.query('rollback to savepoint before_lock');
      if ((error as { readonly code?: string }).code !== LOCK_NOT_AVAILABLE) throw error;
      if (left <= 1) throw new RetryLater(await heldMessage(client, table));
    }
    await wait(pauseMs);
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

async function heldMessage(client: ClientBase, table: string): Promise<string> {
  const { rows } = await client.query<{ pid: number }>(
    `select distinct pid from pg_locks where relation = to_regclass($1) and granted and pid <> pg_backend_pid() order by pid`,
    [table],
  );
  const pids = rows.map(({ pid }) => pid).join(', ');
  return (
    `${table.replaceAll('"', '')} cannot be changed while transactions that do not end are reading it` +
    `${pids === '' ? '' : ` (process ${pids} of PostgreSQL)`}: end them, or try again later`
  );
}
