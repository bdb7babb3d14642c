import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Pool } from 'pg';
import { eventually } from './eventually.ts';
import { statementGate } from './statement-gate.ts';

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
  const gate = await statementGate(pool, tables);
  try {
    await gate.arm(statement);
    const child = spawn(process.execPath, [...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    const waits = gate.reached();
    waits.catch(() => {});
    await Promise.race([waits, ended]);
    child.kill('SIGKILL');
    const [, signal] = await ended;
    return signal === 'SIGKILL';
  } finally {
    await gate.open();
    await eventually(async () => {
      const { rowCount } = await pool.query(
        `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and backend_type = 'client backend'`,
      );
      return rowCount === 0;
    });
    await gate.remove();
  }
}
