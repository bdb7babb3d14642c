import type { Pool } from 'pg';

/** The time that a report about a partner is of, `from` to `to`, and what it is compared with, `before` to `from`. All ISO. */
export interface Period {
  readonly partner: string;
  readonly before: string;
  readonly from: string;
  readonly to: string;
}

/** By what a partner finds in its own logs what we saw. */
export interface Evidence {
  /** ISO. */
  readonly at: string;
  readonly stream: string;
  /** The partner's own id of the request, if its answer named one. */
  readonly requestId: string | null;
  /** Our run of the stream. */
  readonly runId: string | null;
}

/** Rows with their times as ISO text. */
export async function ask<Row extends object>(pool: Pool, sql: string, values: readonly unknown[]): Promise<Row[]> {
  const { rows } = await pool.query<Readonly<Record<string, unknown>>>(sql, [...values]);
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, of]) => [name, iso(of)])) as Row);
}

const iso = (value: unknown): unknown => (value instanceof Date ? value.toISOString() : value);
