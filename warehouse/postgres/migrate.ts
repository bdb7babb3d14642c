import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { formatDuration, MINUTE, SECOND } from '../../core/duration.ts';
import { NeedsAttention } from '../../core/errors.ts';
import { plainNames } from '../../core/names.ts';
import { describeBlockade, watchLocks, type Blockade } from './lock-holders.ts';
import { migrations, readMigration, type MigrationSteps } from './migration-files.ts';
import { quoted } from './quote.ts';

export { migrations, pendingMigrations } from './migration-files.ts';

/** Two migrators at once wait for each other on this advisory lock. */
const LOCK = 7_305_112;
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

/** Brings the database up to date: each migration once, in order. Safe to repeat, to race, and under running workers. */
export async function migrate(
  databaseUrl: string,
  { schema = plainNames.controlSchema, ...patience }: Partial<MigratePatience> & { readonly schema?: string } = {},
): Promise<readonly string[]> {
  const [client, watcher] = [clientOf(databaseUrl), clientOf(databaseUrl)];
  try {
    await Promise.all([client.connect(), watcher.connect()]);
    const pid = await takeTurn(client);
    await client.query(`create schema if not exists ${quoted(schema)}`);
    await client.query(`set search_path = ${quoted(schema)}`);
    await client.query(
      'create table if not exists migrations (name text primary key, applied_at timestamptz default now())',
    );
    const { rows } = await client.query<{ name: string }>('select name from migrations');
    const known = new Set(rows.map((row) => row.name));
    const pending = (await migrations()).filter((name) => !known.has(name));
    for (const name of pending)
      await applyWithPatience({ client, pid, watcher }, name, { ...defaultPatience, ...patience });
    return pending;
  } finally {
    await Promise.allSettled([client.end(), watcher.end()]);
  }
}

const clientOf = (connectionString: string): Client =>
  new Client({ connectionString, application_name: 'syncline migrate' });

/** Returns the process id of our own connection. By asking again: an index that is made concurrently waits for every older statement, also for one that waits for us. */
async function takeTurn(client: Client): Promise<number> {
  for (;;) {
    const { rows } = await client.query<{ ours: boolean; pid: number }>(
      'select pg_try_advisory_lock($1) as ours, pg_backend_pid() as pid',
      [LOCK],
    );
    if (rows[0]?.ours === true) return rows[0].pid;
    await wait(100);
  }
}

interface Connections {
  readonly client: Client;
  readonly pid: number;
  readonly watcher: Client;
}

/** SQLSTATEs: a lock not given in time; a deadlock, which a migrator of an older version makes with an index. */
const passing = new Set(['55P03', '40P01']);

async function applyWithPatience(to: Connections, name: string, patience: MigratePatience): Promise<void> {
  const steps = await readMigration(name);
  const endsAt = performance.now() + patience.wholeMs;
  // Nobody waits behind an index that is made concurrently.
  const lockMs = Math.ceil(steps.inTransaction ? patience.lockMs : patience.wholeMs);
  let blockade: Blockade | undefined;
  for (let tries = 1; ; tries++) {
    const stopped = new AbortController();
    const everyMs = Math.min(500, lockMs / 4);
    const watching = watchLocks(to.watcher, { pid: to.pid, everyMs, signal: stopped.signal });
    try {
      return await apply(to.client, name, { steps, lockMs });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && passing.has(String(error.code))))
        throw new Error(`migration ${name} failed${steps.inTransaction ? ' and was rolled back' : ''}`, {
          cause: error,
        });
      stopped.abort();
      blockade = (await watching) ?? blockade;
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) throw gaveUp(name, patience, blockade);
      patience.say(`migration ${name} waits for ${saidOf(blockade)}; trying again for ${formatDuration(leftMs)}`);
      await wait(Math.min(AGAIN_MS, lockMs * tries, leftMs));
    } finally {
      stopped.abort();
      await watching.catch(() => {});
    }
  }
}

const saidOf = (blockade: Blockade | undefined): string =>
  blockade === undefined ? 'a lock whose holder was gone when we looked' : describeBlockade(blockade);

const gaveUp = (name: string, { wholeMs }: MigratePatience, blockade: Blockade | undefined): NeedsAttention => {
  const pids = (blockade?.holders ?? []).map(({ pid }) => pid).filter((pid) => pid !== 0);
  const end = pids.map((pid) => `select pg_terminate_backend(${pid})`).join('; ');
  return new NeedsAttention(
    `migration ${name} was not applied: for ${formatDuration(wholeMs)} it did not get ${saidOf(blockade)}. ` +
      `Workers go on as before. Wait for that transaction${end === '' ? '' : `, or end it (${end})`}, and run \`syncline migrate\` again`,
  );
};

async function apply(
  client: Client,
  name: string,
  { steps, lockMs }: { readonly steps: MigrationSteps; readonly lockMs: number },
): Promise<void> {
  await client.query(`set lock_timeout = ${lockMs}`);
  const note = (): Promise<unknown> => client.query('insert into migrations (name) values ($1)', [name]);
  if (!steps.inTransaction) {
    for (const statement of steps.statements) await client.query(statement);
    await note();
    return;
  }
  await client.query('begin');
  try {
    for (const statement of steps.statements) await client.query(statement);
    await note();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
