import { isPerEvent } from '../../core/is-per-event.ts';
import { writeMicros } from '../../core/micros.ts';
import type { RowHead, TargetTable } from '../target.ts';
import type { FileWork } from './duckdb-file.ts';
import { nameOf } from './names.ts';
import { keyColumns, stageKeys } from './stage-keys.ts';
import { nameColumns, storedColumns } from './stored-columns.ts';

/** What the table shows of each key: where it holds several rows of one, the newest. */
export async function readHeads(
  on: FileWork,
  table: TargetTable,
  keys: readonly (readonly string[])[],
): Promise<readonly (RowHead | undefined)[]> {
  const heads: (RowHead | undefined)[] = keys.map(() => undefined);
  if (keys.length === 0 || table.keys === 0) return heads;
  const names = nameColumns(
    await storedColumns(on, table),
    table.columns.map(({ name }) => name),
  );
  await stageKeys(on.sql, { table, names, into: 'asked_keys', keys });
  const same = keyColumns(table, names).map((column) => `t.${column} = k.${column}`);
  const newest = isPerEvent(table) ? 'qualify row_number() over (partition by _place order by _event desc) = 1' : '';
  const rows = await on.sql.rows(
    `select _place, _event, _page, _ordinal, _version, replace(_hash::varchar, '-', ''), epoch_us(t._deleted_at)
      from temp.main.asked_keys k join ${nameOf(on.catalog, table)} t on ${same.join(' and ')} ${newest}`,
  );
  for (const [place, event, page, ordinal, version, hash, deleted] of rows)
    heads[Number(place)] = {
      event: Number(event),
      page: Number(page),
      ordinal: Number(ordinal),
      version: version === null || version === undefined ? null : String(version),
      hash: String(hash),
      ...(deleted === null || deleted === undefined ? {} : { deletedAt: writeMicros(deleted as bigint) }),
    };
  return heads;
}
