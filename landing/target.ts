import type { ClientBase } from 'pg';
import { NeedsAttention } from '../core/errors.ts';
import type { Column, CompiledStream } from '../definitions/compiled.ts';
import type { StreamRun } from '../core/staged.ts';
import { createTarget } from './create-target.ts';
import { fillColumns, isInExtra } from './fill-columns.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { quoted } from '../core/sql-text.ts';
import type { MadeAgain } from './made-again.ts';
import { remakeOutdated } from './remake-outdated.ts';
import { saysListing } from './says-listing.ts';
import { rebuildFromLog } from './rebuild-from-log.ts';
import { refillColumns } from './refill-columns.ts';
import { shadowOf } from '../targets/postgres/shadow.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { tableFault } from '../targets/postgres/table-fault.ts';
import { readTable } from '../targets/postgres/table-facts.ts';

export interface Ensured {
  readonly stream: CompiledStream;
  readonly streamId: number;
  /** The definition is another one than when the table was last looked at. */
  readonly changed: boolean;
  /** Columns that were added before, and not filled yet. */
  readonly unfilled: readonly string[];
  /** What the log holds was in the table before: if it is not there now, somebody dropped it. */
  readonly hadRows: boolean;
}

/** Creates the target, makes it again from the log, or adds the columns that it lacks. What else differs needs a person. */
export async function ensureTarget(client: ClientBase, input: Ensured): Promise<MadeAgain | undefined> {
  const { stream, streamId, hadRows } = input;
  const table = targetOf(stream);
  const name = `${stream.schema}.${stream.table}`;
  await ensureSchema(client, stream);
  const remade = await remakeOutdated(client, { stream, streamId });
  if (remade !== undefined) return remade;
  const fitted = await fitTable(client, table, input);
  if (fitted !== undefined) return fitted.madeAgain;
  await client.query(createTarget(stream, table));
  if (!hadRows) return undefined;
  if (stream.definition.disposition === 'replace' && !(await saysListing(client, { stream, streamId })))
    return { remark: `${name} was gone: it is made again by the next complete listing`, unfit: 0, emptied: true };
  const { events, unfit } = await rebuildFromLog(client, { stream, streamId, table });
  // By another definition the log calls rows otherwise than the next listing does.
  await client.query(
    `update streams set swept_rows = case when not $2 then (select count(*) from ${table}) end
      where stream_id = $1 and swept_rows is not null`,
    [streamId, input.changed],
  );
  const held = unfit === 0 ? '' : `; ${unfit} of them no longer fit and are in quarantine`;
  return { remark: `${name} was gone: made again from ${events} events of the log${held}`, unfit, emptied: false };
}

/**
 * A schema that we make says whose it is. Two installations in one database may come to the same name (partner `acme` of the
 * installation `blue`, and a partner `blue_acme`): the second one is refused before a row of it is written.
 */
async function ensureSchema(client: ClientBase, { schema, partner, name }: CompiledStream): Promise<void> {
  const { rows } = await client.query<{ own: string; there: string | null; says: string | null; taken: boolean }>(
    `select current_schema() as own, n.oid::regnamespace as there, obj_description(n.oid, 'pg_namespace') as says,
        exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'stream_runs') as taken
      from (select 1) as always left join pg_namespace n on n.nspname = $1`,
    [schema],
  );
  const { own, there, says, taken } = rows[0] as (typeof rows)[number];
  const mine = `tables of a partner of Syncline, ledger in ${own}`;
  if ((taken && says !== mine) || /^pg_|^information_schema$/.test(schema))
    throw new NeedsAttention(
      `schema ${schema} is ${taken ? 'where a ledger of Syncline is' : 'one of PostgreSQL itself'}: give the partner or the ` +
        'installation another name',
      { at: { partner: partner.name, stream: name } },
    );
  if (there === null) {
    await client.query(`create schema if not exists ${quoted(schema)}`);
    await client.query(`comment on schema ${quoted(schema)} is '${mine}'`);
  } else if (says !== mine && says?.startsWith('tables of a partner of Syncline') === true)
    throw new NeedsAttention(
      `schema ${schema} belongs to another installation of Syncline (${says}): give the partner or the installation another name`,
      { at: { partner: partner.name, stream: name } },
    );
}

interface Fitted {
  readonly madeAgain: MadeAgain | undefined;
}

/** Makes a table that exists fit the definition; undefined when there is none. */
export async function fitTable(
  client: ClientBase,
  table: string,
  { stream, streamId, changed, unfilled }: Omit<Ensured, 'hadRows'>,
): Promise<Fitted | undefined> {
  const facts = await readTable(client, table);
  if (facts === undefined) return undefined;
  const name = table.replaceAll('"', '');
  const fault = tableFault(stream, name, facts);
  if (fault !== undefined)
    throw new NeedsAttention(fault, { at: { partner: stream.partner.name, stream: stream.name } });
  const found = new Set(facts.columns.map((column) => column.name));
  const missing = stream.columns.filter((column) => !found.has(column.name));
  const added = stream.columns.filter((column) => missing.includes(column) || unfilled.includes(column.name));
  if (added.length === 0) return { madeAgain: undefined };
  for (const column of missing)
    await client.query(`alter table ${table} add column ${quoted(column.name)} ${postgresTypes[column.type]}`);
  if (changed) await fillColumns(client, { stream, table, added });
  // What the definition gained is in `_extra`, unless SQL cannot read it. What somebody dropped is only in the log.
  const gained = changed && !facts.lostColumns;
  if (gained && added.every(isInExtra)) return { madeAgain: undefined };
  const { unfit } = await refillColumns(client, { stream, streamId, table, columns: added.map(intoItself) });
  const lost = added.map((column) => column.name).join(', ');
  const empty = unfit === 0 ? '' : `; ${unfit} rows show records that no longer fit, and keep it empty`;
  return { madeAgain: { remark: `${name} lacked ${lost}: filled from the log${empty}`, unfit, emptied: false } };
}

const intoItself = ({ name }: Column): { readonly name: string; readonly into: string } => ({ name, into: name });

export async function createShadow(
  client: ClientBase,
  stream: CompiledStream,
  run: Pick<StreamRun, 'streamId' | 'runNo'>,
): Promise<void> {
  await client.query(createTarget(stream, shadowOf(stream, run)));
}
