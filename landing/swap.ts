import type { ClientBase } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import { sweptWithoutWord } from './says-listing.ts';
import { quoted } from '../core/sql-text.ts';
import { shadowOf } from '../targets/postgres/shadow.ts';
import { goneOf, writeSweep, type Sweep } from './sweep.ts';
import { rowColumns, targetOf } from '../targets/postgres/target-table.ts';

export interface Swap extends Omit<Sweep, 'baseline'> {
  /** Rows that the listing did not have go. */
  readonly removes: boolean;
}

export interface Swapped {
  /** Rows that the listing did not have. */
  readonly removed: number;
  /** The event that says so in the log; 0: nothing was swapped in. */
  readonly sweep: number;
}

/**
 * Makes the target equal to the shadow, touching only rows that differ: readers see the old or the new table, never a half, and views
 * and grants on the target stay. The log learns what went, in the same transaction.
 */
export async function swap(client: ClientBase, input: Swap): Promise<Swapped> {
  const baseline = await isBaseline(client, input);
  const removed = input.stream.keyColumns.length === 0 ? await exchange(client, input) : await merge(client, input);
  return { removed, sweep: await writeSweep(client, { ...input, baseline }) };
}

/** Nobody has compared log and table yet, or the table has other rows than the last sweep left. */
async function isBaseline(client: ClientBase, { stream, run }: Swap): Promise<boolean> {
  const { rows } = await client.query<{ baseline: boolean }>(
    `select ${sweptWithoutWord} or s.swept_rows is distinct from (select count(*) from ${targetOf(stream)}) as baseline
      from streams s where s.stream_id = $1`,
    [run.streamId],
  );
  return rows[0]?.baseline === true;
}

/** Without a key all rows are others. */
async function exchange(client: ClientBase, { stream, run }: Swap): Promise<number> {
  const target = targetOf(stream);
  const shadow = shadowOf(stream, run);
  const columns = columnsOf(stream);
  const { rowCount } = await client.query(`delete from ${target}`);
  await client.query(`insert into ${target} (${columns}) select ${columns} from ${shadow}`);
  await client.query(`drop table ${shadow}`);
  return rowCount ?? 0;
}

async function merge(client: ClientBase, { stream, run, removes }: Swap): Promise<number> {
  const target = targetOf(stream);
  const shadow = shadowOf(stream, run);
  const keys = stream.keyColumns.map((column) => quoted(column.name));
  const columns = columnsOf(stream);
  await client.query(`analyze ${shadow}`);
  const same = keys.map((key) => `t.${key} = n.${key}`).join(' and ');
  const gone = goneOf(run.streamId);
  const goneColumns = [...keys, '_event'].join(', ');
  await client.query(`create temp table ${gone} on commit drop as select ${goneColumns} from ${target} limit 0`);
  // A record in quarantine is not gone: its last good row stays, and which row that is cannot be known for certain.
  const { rowCount } = removes
    ? await client.query(
        `with gone as (delete from ${target} t where not exists (select 1 from ${shadow} n where ${same})
            returning ${[...keys, '_event'].map((column) => `t.${column}`).join(', ')})
          insert into ${gone} (${goneColumns}) select ${goneColumns} from gone`,
      )
    : { rowCount: 0 };
  await client.query(`analyze ${gone}`);
  const set = columns
    .split(', ')
    .map((column) => `${column} = excluded.${column}`)
    .join(', ');
  // The same event may make another row: the definition gained a column.
  const own = (row: string): string =>
    [...stream.columns.map((column) => column.name), '_extra'].map((name) => `${row}.${quoted(name)}`).join(', ');
  await client.query(
    `insert into ${target} as t (${columns}) select ${columns} from ${shadow}
      on conflict (${keys.join(', ')}) do update set ${set}, _deleted_at = null
      where t._event <> excluded._event or t._deleted_at is not null or (${own('t')}) is distinct from (${own('excluded')})`,
  );
  await client.query(`drop table ${shadow}`);
  return rowCount ?? 0;
}

const columnsOf = (stream: CompiledStream): string => `${rowColumns(stream)}, _loaded_at`;
