import type { Pool, PoolClient } from 'pg';
import { eventually } from './eventually.ts';

const GATE = 4713;

/** Holds up one statement of other processes, before its transaction can commit. */
export interface StatementGate {
  /** From now on the so manieth statement that changes one of the tables waits, from 1. */
  arm(statement: number): Promise<void>;
  /** Somebody waits. */
  reached(): Promise<true>;
  /** Lets it go on. No other statement waits until it is armed again. */
  open(): Promise<void>;
  /** Waits for all who have the tables. */
  remove(): Promise<void>;
}

/** `tables`: of the store, with their schema. One at a time in a database. */
export async function statementGate(pool: Pool, tables: readonly string[]): Promise<StatementGate> {
  const gate: PoolClient = await pool.connect();
  const triggers = (sql: (table: string) => string): Promise<unknown> => gate.query(tables.map(sql).join('; '));
  // It counts down: who comes to 1 waits, and nobody does who begins at 0.
  await gate.query(
    `create sequence public.gate_in increment -1 minvalue -1000000000 maxvalue 1000 start 0;
      create function public.gate() returns trigger language plpgsql as $$ begin
        if nextval('public.gate_in') = 1 then perform pg_advisory_xact_lock(${GATE}); end if; return null; end $$`,
  );
  await triggers(
    (table) => `create trigger gate after insert or update or delete on ${table} execute function public.gate()`,
  );
  return {
    arm: async (statement) => {
      await gate.query(`select pg_advisory_lock(${GATE}), setval('public.gate_in', ${statement}, false)`);
    },
    reached: () =>
      eventually(async () => {
        const { rowCount } = await gate.query(
          `select from pg_locks where locktype = 'advisory' and objid = ${GATE} and not granted
            and database = (select oid from pg_database where datname = current_database())`,
        );
        return rowCount === 1;
      }),
    open: async () => {
      await gate.query(`select setval('public.gate_in', 0, false), pg_advisory_unlock_all()`);
    },
    remove: async () => {
      await triggers((table) => `drop trigger gate on ${table}`);
      await gate.query('drop function public.gate; drop sequence public.gate_in');
      gate.release();
    },
  };
}
