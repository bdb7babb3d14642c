import { quoted } from '../../core/sql-text.ts';

/**
 * What our SQL takes for granted of its session, whatever defaults a role, a database or the server may have: without these,
 * times read as null, numbers lose digits, statements end in the middle. How fast things go and where they lie is left to
 * whoever runs the server.
 */
export const sessionSettings = (schema: string): Readonly<Record<string, string>> => ({
  search_path: quoted(schema),
  // Texts of values, both ways.
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  client_encoding: 'UTF8',
  extra_float_digits: '1',
  bytea_output: 'hex',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  backslash_quote: 'safe_encoding',
  transform_null_equals: 'off',
  // A lost update in the first, an error in the others.
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  // Who needs a limit sets its own; these would end a session, and with it a lock that others rely on.
  statement_timeout: '0',
  lock_timeout: '0',
  transaction_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
});
