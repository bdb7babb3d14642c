import type { ClientBase } from 'pg';
import { NeedsAttention } from '../core/errors.ts';
import { quoted } from '../core/sql-text.ts';
import type { StampedTable } from '../core/stamp.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { beforeOf } from './apply-differences.ts';
import { createTarget } from './create-target.ts';
import { lockBriefly } from '../targets/postgres/lock-briefly.ts';
import type { MadeAgain } from './made-again.ts';
import { rebuildFromLog } from './rebuild-from-log.ts';
import { saysListing } from './says-listing.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { isOutdated } from '../targets/postgres/outdated.ts';
import { pgError } from '../targets/postgres/pg-error.ts';
import { tableFault, typeFaults } from '../targets/postgres/table-fault.ts';
import { readTable, type TableFacts } from '../targets/postgres/table-facts.ts';
import { rowColumns, rowKeyOf, targetOf } from '../targets/postgres/target-table.ts';

export const stampedOf = ({ columns, transform }: CompiledStream): StampedTable => ({
  columns,
  stamp: transform?.stamp,
});

interface Remaking {
  readonly stream: CompiledStream;
  readonly streamId: number;
}

/**
 * Makes the stream's table anew of the log where other transforms made its rows: rows of two definitions never stand side by side. undefined:
 * there is nothing to do. Readers see the old rows until the transaction ends. Call it under the stream's lock.
 */
export async function remakeOutdated(
  client: ClientBase,
  { stream, streamId }: Remaking,
): Promise<MadeAgain | undefined> {
  const table = targetOf(stream);
  const wanted = stampedOf(stream);
  // Most streams have none: their tables are looked at once, by who makes them fit.
  const facts = await readTable(client, table);
  if (facts === undefined || !(await isOutdated(client, { name: table, facts, wanted }))) return undefined;
  const name = `${stream.schema}.${stream.table}`;
  const fault = tableFault(stream, name, fitting(stream, facts));
  if (fault !== undefined) throw new NeedsAttention(fault, { at: placeOf(stream) });
  // What a rebuild has kept was made by other transforms as well.
  await client.query(`drop table if exists ${beforeOf(stream, streamId)}`);
  if (stream.definition.disposition === 'replace' && !(await saysListing(client, { stream, streamId }))) {
    await exchange(client, { stream, facts, made: undefined });
    return {
      remark: `transforms of ${name} have changed: it is made again by the next complete listing`,
      unfit: 0,
      emptied: true,
    };
  }
  const made = `${quoted(stream.schema)}.${quoted(`_made_${streamId}`)}`;
  await client.query(`drop table if exists ${made}`);
  await client.query(createTarget(stream, made));
  const { events, unfit } = await rebuildFromLog(client, { stream, streamId, table: made });
  await exchange(client, { stream, facts, made });
  await client.query(
    `update streams set swept_rows = (select count(*) from ${table}) where stream_id = $1 and swept_rows is not null`,
    [streamId],
  );
  const held = unfit === 0 ? '' : `; ${unfit} of them no longer fit and are in quarantine`;
  return {
    remark: `transforms of ${name} have changed: made again from ${events} events of the log${held}`,
    unfit,
    emptied: false,
  };
}

/** The table, as far as transforms do not change it: names of the key's columns and types of the others may be different. */
export function fitting(stream: CompiledStream, facts: TableFacts): TableFacts {
  const keys = new Set(rowKeyOf(stream));
  const own = new Set(stream.columns.map(({ name }) => name));
  return {
    ...facts,
    key: rowKeyOf(stream),
    columns: facts.columns.filter(({ name }) => keys.has(name) || !own.has(name)),
  };
}

interface Exchange {
  readonly stream: CompiledStream;
  readonly facts: TableFacts;
  /** undefined: there are no rows. */
  readonly made: string | undefined;
}

/** Views and grants of the table stay where the columns of its key have the names that they had. */
async function exchange(client: ClientBase, { stream, facts, made }: Exchange): Promise<void> {
  const live = targetOf(stream);
  if (facts.key.join() !== rowKeyOf(stream).join()) {
    await lockBriefly(client, live);
    await independent(client, stream, `drop table ${live}`);
    await client.query(
      made === undefined ? createTarget(stream, live) : `alter table ${made} rename to ${quoted(stream.table)}`,
    );
    return;
  }
  const retyped = new Set(typeFaults(stream, facts).map(({ column }) => column));
  const changed = stream.columns.filter(
    ({ name }) => retyped.has(name) || !facts.columns.some((column) => column.name === name),
  );
  // From here on readers wait.
  if (changed.length > 0) await lockBriefly(client, live);
  for (const { name, type } of changed) {
    if (retyped.has(name)) await independent(client, stream, `alter table ${live} drop column ${quoted(name)}`);
    await client.query(`alter table ${live} add column ${quoted(name)} ${postgresTypes[type]}`);
  }
  // What a column said that is a column no more goes with its row.
  await client.query(`delete from ${live}`);
  if (made === undefined) return;
  const columns = `${rowColumns(stream)}, _deleted_at`;
  await client.query(`insert into ${live} (${columns}) select ${columns} from ${made}`);
  await client.query(`drop table ${made}`);
}

const DEPENDENT = '2BP01';

async function independent(client: ClientBase, stream: CompiledStream, statement: string): Promise<void> {
  try {
    await client.query(statement);
  } catch (error) {
    if (pgError(error).code !== DEPENDENT) throw error;
    throw new NeedsAttention(
      `transforms of ${stream.schema}.${stream.table} have changed so that a column gets another name or type, and a view needs it as it is: drop the view, ` +
        'and make it again behind the next run',
      { at: placeOf(stream), cause: error },
    );
  }
}

const placeOf = (stream: CompiledStream): { partner: string; stream: string } => ({
  partner: stream.partner.name,
  stream: stream.name,
});
