import type { Pool } from 'pg';
import { NeedsAttention, RetryLater } from '../../core/errors.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import { constraintFault } from './constraint-fault.ts';
import { pgError } from './pg-error.ts';
import { quoted } from '../../core/sql-text.ts';
import { targetOf } from './target-table.ts';
import { tableFault } from './table-fault.ts';
import { readTable } from './table-facts.ts';

/** Undefined table, undefined column, unknown schema. */
export const vanished = new Set(['42P01', '42703', '3F000']);
/** The database is away, stops, lacks resources; a deadlock, a lock that did not come, a question that was cut off. */
const passing = /^(08|40|53|55P03|57|58|XX)/;

/**
 * Says what a person did to a stream's table, and the cure, where an error comes from that; all other errors pass as they
 * are. What is gone is made again by the next `openStream`.
 */
export async function atTarget<T>(pool: Pool, stream: LandedStream, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw await explained(pool, stream, error);
  }
}

async function explained(pool: Pool, stream: LandedStream, error: unknown): Promise<unknown> {
  const { code, message, routine, column } = pgError(error);
  // Rows that are not what we wrote: a trigger or a rule may be why.
  const rowsDiffer = error instanceof RetryLater && error.constructor === RetryLater;
  if (!rowsDiffer && (!/^[0-9A-Z]{5}$/.test(code) || passing.test(code))) return error;
  const name = `${stream.schema}.${stream.table}`;
  const at = { partner: stream.partner.name, stream: stream.name };
  if (routine !== undefined && !ours.test(routine))
    return new NeedsAttention(
      `function ${routine} failed when rows were written to ${name} (SQLSTATE ${code}): correct it, or drop the trigger that calls it`,
      { at },
    );
  if (code.startsWith('23')) return (await constraintFault(pool, stream, error)) ?? error;
  if (code === '42501')
    return new NeedsAttention(
      `PostgreSQL refuses us what ${name} needs (${message}): give the table and its schema back to the role that workers ` +
        `use (alter table ${targetOf(stream)} owner to …, as deploy/roles.sql does)`,
      { at },
    );
  const facts = await readTable(pool, targetOf(stream));
  const fault = facts === undefined ? undefined : tableFault(stream, name, facts);
  if (fault !== undefined) return new NeedsAttention(fault, { at });
  if (vanished.has(code))
    return new RetryLater(
      `${name}, or what a replace of it had gathered, is gone${column === undefined ? '' : ` (column ${quoted(column)})`}: looking again`,
      { cause: error, afterMs: 0, at },
    );
  return error;
}

/** Functions of our own: one is called where tables are made, one keeps the tables of children. */
const ours = /(^|\.)(add_event_partition|_children_\d+)$/;
