import type { ClientBase } from 'pg';
import type { RowRef } from '../core/duplicates.ts';
import { keyParts } from '../core/key-text.ts';
import { quoted } from '../core/sql-text.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { lockDuplicates, settleMembers } from '../store/duplicates/members.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { rowIdSql } from '../targets/postgres/row-id.ts';
import { rowKeyOf } from '../targets/postgres/target-table.ts';

interface ToErase {
  readonly stream: CompiledStream;
  readonly streamId: number;
  /** As the log has them. */
  readonly keys: readonly string[];
  /** Events of records without a key. */
  readonly events: readonly string[];
}

/**
 * Takes rows out of plans and links: their keys may be personal data. Rows that only they held together part. Call it while the log still knows the keys'
 * events.
 */
export async function eraseFromDuplicates(client: ClientBase, found: ToErase): Promise<void> {
  const stream = `${found.stream.partner.name}.${found.stream.name}`;
  const rows = await rowsOf(client, found);
  const of = [stream, rows];
  const { rows: parted } = await client.query<{ name: string; ls: string; lr: string; rs: string; rr: string }>(
    `delete from duplicate_links where (${isTheirs('left')}) or (${isTheirs('right')})
      returning name, left_stream as ls, left_row as lr, right_stream as rs, right_row as rr`,
    of,
  );
  for (const table of ['duplicate_pairs', 'duplicate_never'])
    await client.query(`delete from ${table} where (${isTheirs('left')}) or (${isTheirs('right')})`, of);
  await client.query('delete from duplicate_removed where stream = $1 and row = any ($2)', of);
  for (const name of new Set(parted.map((link) => link.name))) {
    await lockDuplicates(client, name);
    const touched = parted
      .filter((link) => link.name === name)
      .flatMap(({ ls, lr, rs, rr }): RowRef[] => [
        { stream: ls, row: lr },
        { stream: rs, row: rr },
      ]);
    await settleMembers(client, { name, rows: touched });
  }
}

const isTheirs = (side: 'left' | 'right'): string => `${side}_stream = $1 and ${side}_row = any ($2)`;

/** How plans name the rows: also those whose records are gone from the table. */
async function rowsOf(client: ClientBase, { stream, streamId, keys, events }: ToErase): Promise<readonly string[]> {
  if (rowKeyOf(stream)[0] === '_event') {
    const { rows } = await client.query<{ row: string }>(
      `select event::text as row from events_${streamId} where key = any ($1) or event = any ($2::bigint[])`,
      [keys, events],
    );
    return rows.map(({ row }) => row);
  }
  const { keyColumns } = stream;
  const parts = keys.flatMap((key) => partsOf(key, keyColumns.length));
  const valid = keyColumns.map(({ type }, at) => `pg_input_is_valid(p${at}, '${postgresTypes[type]}')`).join(' and ');
  const { rows } = await client.query<{ row: string }>(
    `with k as materialized (
        select ${keyColumns.map(({ name, type }, at) => `p${at}::${postgresTypes[type]} as ${quoted(name)}`).join(', ')}
        from unnest(${keyColumns.map((_, at) => `$${at + 1}::text[]`).join(', ')}) as p(${keyColumns.map((_, at) => `p${at}`).join(', ')})
        where ${valid})
      select ${rowIdSql(stream, 'k')} as row from k`,
    keyColumns.map((_, at) => parts.map((part) => part[at] as string)),
  );
  return rows.map(({ row }) => row);
}

/** None where the text is no key of so many columns. */
function partsOf(key: string, columns: number): readonly (readonly string[])[] {
  try {
    return [keyParts(key, columns)];
  } catch {
    return [];
  }
}
