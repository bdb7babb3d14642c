import type { Pool, PoolClient } from 'pg';
import { InvalidInput, NeedsAttention } from '../core/errors.ts';
import { quoted } from '../core/sql-text.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { transaction } from '../store/session/transaction.ts';
import { isOutdated } from '../targets/postgres/outdated.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { lockBriefly } from '../targets/postgres/lock-briefly.ts';
import { refillColumns } from './refill-columns.ts';
import { stampedOf } from './remake-outdated.ts';
import { expectSameTransforms } from './same-transforms.ts';
import { tablePlan, type Retyped } from './table-plan.ts';

export interface RetypeOptions {
  /** Columns may stay empty in rows whose records fit the definition no longer. */
  readonly acceptUnfit: boolean;
}

export interface RetypedTable {
  readonly retyped: readonly Retyped[];
  /** Events that were read from the log. */
  readonly events: number;
  /** Rows that keep the columns empty. */
  readonly unfit: number;
}

/**
 * Gives columns of a table the types that the definition makes of them. Their values are read from the log again, into columns beside them, which
 * take their names at the end: people read the table all the while, and the stream's runs wait. Killed anywhere, it begins anew.
 */
export async function retypeColumns(
  pool: Pool,
  { stream, acceptUnfit }: RetypeOptions & { readonly stream: CompiledStream },
): Promise<RetypedTable> {
  const retyped = await transaction(pool, (client) => addBeside(client, stream));
  if (retyped.length === 0) return { retyped, events: 0, unfit: 0 };
  try {
    return await fillAndTake(pool, { stream, acceptUnfit, retyped });
  } catch (error) {
    // Who looks at the table finds nothing of it. The next time makes sure of that as well.
    await transaction(pool, (client) => dropBeside(client, stream, retyped)).catch(() => {});
    throw error;
  }
}

const fillAndTake = (
  pool: Pool,
  {
    stream,
    acceptUnfit,
    retyped,
  }: RetypeOptions & { readonly stream: CompiledStream; readonly retyped: readonly Retyped[] },
): Promise<RetypedTable> =>
  transaction(pool, async (client) => {
    const table = targetOf(stream);
    const { streamId, transforms } = await lockStream(client, stream);
    expectSameTransforms(stream, transforms);
    const columns = retyped.map(({ column }) => ({ name: column, into: besideOf(column) }));
    const { events, unfit } = await refillColumns(client, { stream, streamId, table, columns });
    if (unfit > 0 && !acceptUnfit)
      throw new InvalidInput(
        `${unfit} rows of ${stream.schema}.${stream.table} show records that no longer fit the definition, and would lose ${named(retyped)}: ` +
          'nothing was changed. Correct the definition, or say --accept-unfit',
      );
    await lockBriefly(client, table);
    for (const { column } of retyped) await takeName(client, { stream, table, column });
    return { retyped, events, unfit };
  });

const besideOf = (column: string): string => `_new_${column}`;
const named = (retyped: readonly Retyped[]): string => retyped.map(({ column }) => column).join(', ');

async function addBeside(client: PoolClient, stream: CompiledStream): Promise<readonly Retyped[]> {
  const table = targetOf(stream);
  await lockStream(client, stream);
  const facts = await readTable(client, table);
  // The next run makes all of it anew.
  if (facts !== undefined && (await isOutdated(client, { name: table, facts, wanted: stampedOf(stream) }))) return [];
  const { retyped, fault } = tablePlan(stream, facts);
  if (fault !== undefined)
    throw new NeedsAttention(fault, { at: { partner: stream.partner.name, stream: stream.name } });
  if (retyped.length === 0) return [];
  await lockBriefly(client, table);
  for (const { column, to } of retyped) {
    // One that is there is left over from before.
    await client.query(`alter table ${table} drop column if exists ${quoted(besideOf(column))}`);
    await client.query(`alter table ${table} add column ${quoted(besideOf(column))} ${to}`);
  }
  return retyped;
}

async function dropBeside(client: PoolClient, stream: CompiledStream, retyped: readonly Retyped[]): Promise<void> {
  const table = targetOf(stream);
  await lockBriefly(client, table);
  for (const { column } of retyped)
    await client.query(`alter table ${table} drop column if exists ${quoted(besideOf(column))}`);
}

interface Locked {
  readonly streamId: number;
  /** Stamp of the transforms that made the table's rows. */
  readonly transforms: string | null;
}

/** The stream's writers wait. */
async function lockStream(client: PoolClient, { partner, name, schema, table }: CompiledStream): Promise<Locked> {
  const { rows } = await client.query<{ stream_id: number; transforms: string | null }>(
    'select stream_id, transforms from streams where partner = $1 and name = $2 and target_schema = $3 and target_table = $4 for update',
    [partner.name, name, schema, table],
  );
  if (rows[0] === undefined)
    throw new InvalidInput(
      `nothing of ${partner.name}.${name} was written to ${schema}.${table} yet: the first run makes it`,
    );
  return { streamId: rows[0].stream_id, transforms: rows[0].transforms };
}

interface Taken {
  readonly stream: CompiledStream;
  readonly table: string;
  readonly column: string;
}

async function takeName(client: PoolClient, { stream, table, column }: Taken): Promise<void> {
  try {
    await client.query(`alter table ${table} drop column ${quoted(column)}`);
  } catch (error) {
    const { code, detail } = error as { readonly code?: string; readonly detail?: string };
    if (code !== DEPENDENT) throw error;
    throw new NeedsAttention(
      `column ${stream.schema}.${stream.table}.${column} cannot get another type while something is made of it (${detail?.split('\n')[0] ?? 'a view'}): ` +
        'drop that, run this again, and make it again',
      { cause: error, at: { partner: stream.partner.name, stream: stream.name } },
    );
  }
  await client.query(`alter table ${table} rename column ${quoted(besideOf(column))} to ${quoted(column)}`);
}

/** dependent_objects_still_exist (PostgreSQL, Appendix A). */
const DEPENDENT = '2BP01';
