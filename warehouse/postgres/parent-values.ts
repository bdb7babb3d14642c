import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import type { Warehouse } from '../warehouse.ts';
import { postgresTypes, quoted } from './quote.ts';
import { targetOf } from './target.ts';

type Asked = Parameters<Warehouse['parentValues']>[0];

/** Distinct values of a parent's field in its target, in order, after the last one that was read; and which of them are new. */
export async function parentValues(
  pool: Pool,
  { parent, field, after, limit, run }: Asked,
): ReturnType<Warehouse['parentValues']> {
  const column = parent.columns.find((candidate) => candidate.path.join('.') === field);
  if (column === undefined)
    throw new InvalidInput(`stream ${parent.name} has no column for ${JSON.stringify(field)}: add it to its schema`);
  const name = quoted(column.name);
  const type = postgresTypes[column.type];
  // The run itself may have ended already when it is looked at again: what it read then is as new as it was.
  const { rows } = await pool.query<{ value: string; unread: boolean }>(
    `select v.value, $2::integer is not null and not exists (select from read_parents r where r.stream_id = $2 and r.parent = v.value
        and r.run_no = (select max(l.run_no) from read_parents l where l.stream_id = $2 and l.run_no < $3)) as unread
      from (select distinct ${name} as sort, ${name}::text as value from ${targetOf(parent)}
        where ${name} is not null and btrim(${name}::text) <> '' and _deleted_at is null ${after === null ? '' : `and ${name} > $4::${type}`}
        order by 1 limit $1) v order by v.sort`,
    [limit, run?.streamId ?? null, run?.runNo ?? null, ...(after === null ? [] : [after])],
  );
  const unread = rows[0]?.unread ?? false;
  const other = rows.findIndex((row) => row.unread !== unread);
  return { values: rows.slice(0, other < 0 ? rows.length : other).map((row) => row.value), unread };
}
