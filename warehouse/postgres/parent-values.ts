import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { postgresTypes, quoted } from './quote.ts';
import { targetOf } from './target.ts';

export interface ParentValues {
  readonly parent: CompiledStream;
  readonly field: string;
  readonly after: string | null;
  readonly limit: number;
}

/** Distinct values of a parent's field in its target, in order, after the last one that was read. */
export async function parentValues(
  pool: Pool,
  { parent, field, after, limit }: ParentValues,
): Promise<readonly string[]> {
  const column = parent.columns.find((candidate) => candidate.path.join('.') === field);
  if (column === undefined)
    throw new InvalidInput(`stream ${parent.name} has no column for ${JSON.stringify(field)}: add it to its schema`);
  const name = quoted(column.name);
  const type = postgresTypes[column.type];
  const { rows } = await pool.query<{ value: string }>(
    `select distinct ${name} as sort, ${name}::text as value from ${targetOf(parent)}
      where ${name} is not null and _deleted_at is null ${after === null ? '' : `and ${name} > $2::${type}`}
      order by 1 limit $1`,
    after === null ? [limit] : [limit, after],
  );
  return rows.map((row) => row.value);
}
