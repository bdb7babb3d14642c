import type { Pool } from 'pg';
import { quoted } from '../../core/sql-text.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';

/** What people query of a stream: how many rows, and a hash of all their values. */
export interface Content {
  readonly rows: number;
  readonly hash: string;
}

export async function contentOf(pool: Pool, { schema, table, columns }: CompiledStream): Promise<Content> {
  const values = columns.map(({ name }) => quoted(name)).join(', ');
  const { rows } = await pool
    .query<{ rows: number; hash: string }>(
      `select count(*)::integer as rows, md5(coalesce(string_agg(t, e'\\n' order by t collate "C"), '')) as hash
        from (select row(${values})::text as t from ${quoted(schema)}.${quoted(table)} where _deleted_at is null) r`,
    )
    .catch((error: unknown) => {
      if (isMissing(error)) return { rows: [{ rows: 0, hash: '' }] };
      throw error;
    });
  return rows[0] ?? { rows: 0, hash: '' };
}

/** The run failed before it made its table. */
const isMissing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && (error.code === '42P01' || error.code === '3F000');
