import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Pool } from 'pg';
import { eventually } from './eventually.ts';

const GATE = 4713;

export interface KillAt {
  /** Tables of the store, with their schema. */
  readonly tables: readonly string[];
  /** The so manieth statement that changes one of them, from 1. */
  readonly statement: number;
  /** Of the process. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a Node process and kills it in the middle of a statement, before its transaction can commit; the statement is gone with its session when this
 * returns. false: the process has ended before it came so far.
 */
export async function killedAt(
  pool: Pool,
  args: readonly string[],
  { tables, statement, env = {} }: KillAt,
): Promise<boolean> {
  const gate = await pool.connect();
  const triggers = (sql: (table: string) => string): Promise<unknown> => gate.query(tables.map(sql).join('; '));
  try {
    await gate.query(
      `create sequence public.gate_at; create function public.gate() returns trigger language plpgsql as $$ begin
        if nextval('public.gate_at') = ${statement} then perform pg_advisory_xact_lock(${GATE}); end if; return null; end $$`,
    );
    await triggers(
      (table) => `create trigger gate after insert or update or delete on ${table} execute function public.gate()`,
    );
    await gate.query(`select pg_advisory_lock(${GATE})`);
    const child = spawn(process.execPath, [...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    const waits = eventually(
      async () =>
        (
          await gate.query(
            `select from pg_locks where locktype = 'advisory' and objid = ${GATE} and not granted and database = (select oid from pg_database where datname = current_database())`,
          )
        ).rowCount === 1,
    );
    waits.catch(() => {});
    await Promise.race([waits, ended]);
    child.kill('SIGKILL');
    const [, signal] = await ended;
    return signal === 'SIGKILL';
  } finally {
    await gate.query('select pg_advisory_unlock_all()');
    await eventually(async () => {
      const { rowCount } = await gate.query(
        `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and backend_type = 'client backend'`,
      );
      return rowCount === 0;
    });
    await triggers((table) => `drop trigger gate on ${table}`);
    await gate.query('drop function public.gate; drop sequence public.gate_at');
    gate.release();
  }
}
