import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';

/** Who keeps a connection from a lock. Never its query: that may hold values of records. */
export interface LockHolder {
  readonly pid: number;
  readonly application: string;
  /** Null: hidden from our role. */
  readonly user: string | null;
  /** ISO, of its transaction; null: hidden from our role. */
  readonly since: string | null;
  readonly state: string | null;
}

export interface Blockade {
  /** What is waited for; null: no table, but the ends of transactions. */
  readonly table: string | null;
  readonly holders: readonly LockHolder[];
}

/** Looks again and again, by a connection of its own, until told to stop; returns what it saw last. */
export async function watchLocks(
  watcher: Client,
  { pid, everyMs, signal }: { readonly pid: number; readonly everyMs: number; readonly signal: AbortSignal },
): Promise<Blockade | undefined> {
  let seen: Blockade | undefined;
  while (!signal.aborted) {
    await wait(everyMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    seen = (await blockadeOf(watcher, pid)) ?? seen;
  }
  return seen;
}

async function blockadeOf(watcher: Client, pid: number): Promise<Blockade | undefined> {
  const { rows } = await watcher.query<{
    table: string | null;
    pid: number;
    application: string | null;
    user: string | null;
    since: Date | null;
    state: string | null;
  }>(
    // Two looks at the locks, between which it may have given up: only what both show is told.
    `select awaited.relation::regclass::text as table, holder as pid, a.application_name as application, a.usename as user,
        coalesce(a.xact_start, a.backend_start) as since, a.state
      from (select l.relation from pg_locks l where l.pid = $1 and not l.granted limit 1) as awaited
      cross join unnest(pg_blocking_pids($1)) as holder left join pg_stat_activity a on a.pid = holder`,
    [pid],
  );
  if (rows.length === 0) return undefined;
  return {
    table: rows[0]?.table ?? null,
    holders: rows.map(({ since, application, ...row }) => ({
      ...row,
      application: application ?? '',
      since: since?.toISOString() ?? null,
    })),
  };
}

export function describeHolder({ pid, application, user, since, state }: LockHolder): string {
  // pg_blocking_pids tells of prepared transactions, that no process holds, as process 0.
  if (pid === 0) return 'a prepared transaction (pg_prepared_xacts)';
  const facts = [
    application === '' ? 'without an application_name' : application,
    ...(user === null ? [] : [`user ${user}`]),
    ...(state === null ? [] : [state]),
    since === null ? 'since when only pg_read_all_stats may see' : `since ${since}`,
  ];
  return `pid ${pid} (${facts.join(', ')})`;
}

export function describeBlockade({ table, holders }: Blockade): string {
  const what = table === null ? 'the end of older transactions' : `the lock of ${table}`;
  return `${what}, held up by ${holders.map(describeHolder).join(' and ')}`;
}
