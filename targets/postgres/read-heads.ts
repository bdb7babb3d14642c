import type { ClientBase } from 'pg';
import { writeMicros } from '../../core/micros.ts';
import { arrayLiteral } from '../../core/sql-text.ts';
import type { RowHead, TargetTable } from '../target.ts';
import { nameOf, quoted } from './names.ts';
import { typeOf } from './types.ts';

type Row = [string, string, string, number, string | null, string, string | null];

/** What the table shows of each key: where it holds several rows of one, the newest. */
export async function readHeads(
  client: ClientBase,
  table: TargetTable,
  keys: readonly (readonly string[])[],
): Promise<readonly (RowHead | undefined)[]> {
  const heads: (RowHead | undefined)[] = keys.map(() => undefined);
  if (keys.length === 0 || table.keys === 0) return heads;
  const columns = table.columns.slice(0, table.keys);
  const { rows } = await client.query<Row>({
    rowMode: 'array',
    text: `select distinct on (k.place) k.place, t._event, t._page, t._ordinal, t._version, t._hash, (extract(epoch from t._deleted_at) * 1000000)::bigint
      from unnest(${columns.map(({ type }, i) => `$${i + 1}::${typeOf(type)}[]`).join(', ')})
        with ordinality as k(${columns.map((_, i) => `k${i}`).join(', ')}, place)
      join ${nameOf(table)} t on ${columns.map(({ name }, i) => `t.${quoted(name)} = k.k${i}`).join(' and ')}
      order by k.place, t._event desc`,
    values: columns.map((_, i) => arrayLiteral(keys.map((key) => key[i] as string))),
  });
  for (const [place, event, page, ordinal, version, hash, deleted] of rows)
    heads[Number(place) - 1] = {
      event: Number(event),
      page: Number(page),
      ordinal,
      version,
      hash: hash.replaceAll('-', ''),
      ...(deleted === null ? {} : { deletedAt: writeMicros(BigInt(deleted)) }),
    };
  return heads;
}
