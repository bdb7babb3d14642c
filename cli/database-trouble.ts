import { NeedsAttention } from '../core/errors.ts';

/** SQLSTATEs of a table or schema that is not there: the migrations have not run. */
const unmigrated = new Set(['42P01', '3F000']);
const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

/** It may be starting. */
export class DatabaseAway extends NeedsAttention {}

/** What to do about an error of the database that has a cure; other errors as they are. */
export function databaseTrouble(error: unknown, databaseUrl: string): unknown {
  const code = codeOf(error);
  if (unmigrated.has(code))
    return new NeedsAttention('the database lacks our tables: run `syncline migrate` first', { cause: error });
  if (
    unreachable.has(code) ||
    (error instanceof Error && /timeout exceeded when trying to connect/.test(error.message))
  )
    return new DatabaseAway(
      `PostgreSQL does not answer at ${new URL(databaseUrl).host} (${code || 'no answer in time'}): start it, or correct DATABASE_URL`,
    );
  return error;
}

/** With several addresses of one host, Node says what went wrong with each in an AggregateError. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
