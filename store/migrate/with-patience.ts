import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import { formatDuration, MINUTE, SECOND } from '../../core/duration.ts';
import { NeedsAttention } from '../../core/errors.ts';
import { describeBlockade, watchLocks, type Blockade } from './lock-holders.ts';

const AGAIN_MS = 5 * SECOND;

export interface MigratePatience {
  /** While a migration waits for a table's lock, whoever comes after it waits too: no longer than this at a time. */
  readonly lockMs: number;
  /** How long a migration is tried again. */
  readonly wholeMs: number;
  /** Told when a migration has to be tried again. */
  readonly say: (line: string) => void;
}

export const defaultPatience: MigratePatience = { lockMs: 2 * SECOND, wholeMs: 2 * MINUTE, say: () => {} };

export interface MigratingConnections {
  readonly client: Client;
  /** Of `client`. */
  readonly pid: number;
  readonly watcher: Client;
}

export interface MigrationStep<T> {
  /** As it is called in messages: migration 0006_pauses.sql. */
  readonly what: string;
  /** False: its parts stay when it fails, and nobody waits behind it. */
  readonly inTransaction: boolean;
  readonly apply: () => Promise<T>;
}

/** SQLSTATEs: a lock not given in time; a deadlock, which a migrator of an older version makes with an index. */
const passing = new Set(['55P03', '40P01']);

const isPassing = (error: unknown): boolean =>
  error instanceof Error && (('code' in error && passing.has(String(error.code))) || isPassing(error.cause));

/** Applies the step, again and again while a lock is missing, and says who holds it. */
export async function withPatience<T>(
  to: MigratingConnections,
  { what, inTransaction, apply }: MigrationStep<T>,
  patience: MigratePatience,
): Promise<T> {
  const endsAt = performance.now() + patience.wholeMs;
  // Nobody waits behind an index that is made concurrently.
  const lockMs = Math.ceil(inTransaction ? patience.lockMs : patience.wholeMs);
  let blockade: Blockade | undefined;
  for (let tries = 1; ; tries++) {
    const stopped = new AbortController();
    const everyMs = Math.min(500, lockMs / 4);
    const watching = watchLocks(to.watcher, { pid: to.pid, everyMs, signal: stopped.signal });
    try {
      await to.client.query(`set lock_timeout = ${lockMs}`);
      return await apply();
    } catch (error) {
      if (error instanceof NeedsAttention) throw error;
      if (!isPassing(error))
        throw new Error(`${what} failed${inTransaction ? ' and was rolled back' : ''}`, { cause: error });
      stopped.abort();
      blockade = (await watching) ?? blockade;
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) throw gaveUp(what, patience, blockade);
      patience.say(`${what} waits for ${saidOf(blockade)}; trying again for ${formatDuration(leftMs)}`);
      await wait(Math.min(AGAIN_MS, lockMs * tries, leftMs));
    } finally {
      stopped.abort();
      await watching.catch(() => {});
    }
  }
}

const saidOf = (blockade: Blockade | undefined): string =>
  blockade === undefined ? 'a lock whose holder was gone when we looked' : describeBlockade(blockade);

const gaveUp = (what: string, { wholeMs }: MigratePatience, blockade: Blockade | undefined): NeedsAttention => {
  const pids = (blockade?.holders ?? []).map(({ pid }) => pid).filter((pid) => pid !== 0);
  const end = pids.map((pid) => `select pg_terminate_backend(${pid})`).join('; ');
  return new NeedsAttention(
    `${what} was not applied: for ${formatDuration(wholeMs)} it did not get ${saidOf(blockade)}. ` +
      `Workers go on as before. Wait for that transaction${end === '' ? '' : `, or end it (${end})`}, and run \`syncline migrate\` again`,
  );
};
