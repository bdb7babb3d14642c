import type { Pool } from 'pg';
import { InvalidInput, NeedsAttention } from '../core/errors.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { vanished } from '../targets/postgres/at-target.ts';
import { registerStream } from './open-stream.ts';
import { pgError } from '../targets/postgres/pg-error.ts';
import type { Warehouse } from './warehouse.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { quoted } from '../core/sql-text.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { transaction } from '../store/session/transaction.ts';

type Asked = Parameters<Warehouse['parentValues']>[0];
type Batch = Awaited<ReturnType<Warehouse['parentValues']>>;

/**
 * Distinct values of a parent's field in its target, in order, after the last one that was read, and which of them are new. A target
 * that somebody dropped is made again first: without it a child would have nothing to ask for, and call that complete.
 */
export async function parentValues(pool: Pool, input: Asked): Promise<Batch> {
  const batch = await read(pool, input).catch(async (error: unknown) => {
    if (!vanished.has(pgError(error).code)) throw error;
    await makeAgain(pool, input.parent);
    return read(pool, input);
  });
  if (batch.values.length === 0 && input.after === null) await refuseEmptied(pool, input.parent);
  return batch;
}

async function read(pool: Pool, { parent, field, after, limit, run }: Asked): Promise<Batch> {
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

async function makeAgain(pool: Pool, parent: CompiledStream): Promise<void> {
  const { rows } = await pool.query('select from streams where partner = $1 and name = $2 and last_run > 0', [
    parent.partner.name,
    parent.name,
  ]);
  if (rows.length === 0) throw unread(parent, 'was never read');
  await transaction(pool, (client) => registerStream(client, parent));
}

async function refuseEmptied(pool: Pool, parent: CompiledStream): Promise<void> {
  const { rows } = await pool.query('select from streams where partner = $1 and name = $2 and emptied_at is not null', [
    parent.partner.name,
    parent.name,
  ]);
  if (rows.length > 0) throw unread(parent, 'was dropped, and no listing has filled it since');
}

const unread = (parent: CompiledStream, why: string): NeedsAttention =>
  new NeedsAttention(
    `its parents are in ${parent.schema}.${parent.table}, which ${why}: run \`syncline sync ${parent.partner.name} ` +
      `${parent.name}\` first`,
    { at: { partner: parent.partner.name, stream: parent.name } },
  );
