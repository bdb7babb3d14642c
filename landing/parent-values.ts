import type { Pool } from 'pg';
import type { ColumnType } from '../core/column.ts';
import { InvalidInput, NeedsAttention } from '../core/errors.ts';
import { readParent } from '../core/parent-values.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { vanished } from '../targets/postgres/at-target.ts';
import { registerStream } from './open-stream.ts';
import { pgError } from '../targets/postgres/pg-error.ts';
import type { Warehouse } from './warehouse.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { arrayLiteral, quoted } from '../core/sql-text.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { transaction } from '../store/session/transaction.ts';

type Asked = Parameters<Warehouse['parentValues']>[0];
type Batch = Awaited<ReturnType<Warehouse['parentValues']>>;

/**
 * Distinct values of a parent's fields in its target, in order, after the last one that was read, and which of them are new. A target
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

async function read(pool: Pool, { parent, fields, after, limit, run, onlyNew = false }: Asked): Promise<Batch> {
  const columns = fields.map((field) => columnOf(parent, field));
  const names = columns.map(({ text }) => text);
  const afterEach =
    after === null ? [] : fields.map((field) => readParent(fields, after, field) ?? unreadable(parent, field));
  const bounds = columns.map(({ type }, index) => `$${index + 4}::${postgresTypes[type]}`);
  const isGiven = names.map((name) => `${name} is not null and btrim(${name}::text) <> ''`).join(' and ');
  const isNew = `not exists (select from read_parents r where r.stream_id = $2 and r.run_no < $3 and r.parent = ${textOf(fields, names)})`;
  // The run itself may have ended already when it is looked at again: what it read then is as new as it was.
  const { rows } = await pool.query<{ value: string; unread: boolean }>(
    `select v.value, $2::integer is not null and not exists (select from read_parents r where r.stream_id = $2 and r.parent = v.value
        and r.run_no = (select max(l.run_no) from read_parents l where l.stream_id = $2 and l.run_no < $3)) as unread
      from (select distinct ${names.map((name, index) => `${name} as sort${index}`).join(', ')}, ${textOf(fields, names)} as value
        from ${targetOf(parent)} where ${isGiven} and _deleted_at is null
          ${onlyNew && run !== null ? `and ${isNew}` : ''}
          ${after === null ? '' : `and (${names.join(', ')}) > (${bounds.join(', ')})`}
        order by ${names.map((_, index) => index + 1).join(', ')} limit $1) v
      order by ${names.map((_, index) => `v.sort${index}`).join(', ')}`,
    [limit, run?.streamId ?? null, run?.runNo ?? null, ...afterEach],
  );
  const unread = rows[0]?.unread ?? false;
  const other = rows.findIndex((row) => row.unread !== unread);
  return { values: rows.slice(0, other < 0 ? rows.length : other).map((row) => row.value), unread };
}

interface Read {
  readonly text: string;
  readonly type: ColumnType;
}

/** A field that has a column, or stands inside one of type JSON. */
function columnOf(parent: CompiledStream, field: string): Read {
  const own = parent.columns.find(({ path }) => path.join('.') === field);
  if (own !== undefined) return { text: quoted(own.name), type: own.type };
  const around = parent.columns.find(({ path, type }) => type === 'json' && field.startsWith(`${path.join('.')}.`));
  if (around === undefined)
    throw new InvalidInput(`stream ${parent.name} has no column for ${JSON.stringify(field)}: add it to its schema`);
  const inside = arrayLiteral(field.slice(around.path.join('.').length + 1).split('.'));
  return { text: `(${quoted(around.name)} #>> ${literal(inside)})`, type: 'text' };
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** As `writeParent` writes it. */
function textOf(fields: readonly string[], names: readonly string[]): string {
  if (fields.length === 1) return `${names[0]}::text`;
  const parts = fields.map((field, index) => {
    const before = `${index === 0 ? '[' : ','}${JSON.stringify(field)},`;
    return `${literal(before)} || to_json(${names[index]}::text)::text`;
  });
  return `${parts.join(' || ')} || ']'`;
}

const unreadable = (parent: CompiledStream, field: string): never => {
  throw new InvalidInput(`the run goes on after a parent of ${parent.name} without its ${JSON.stringify(field)}`);
};

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
