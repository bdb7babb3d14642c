import { writeMicros } from '../../core/micros.ts';
import type { TargetRow, TargetTable } from '../target.ts';
import type { FileWork } from './duckdb-file.ts';
import { nameOf, quoted } from './names.ts';
import { keyColumns, stageKeys } from './stage-keys.ts';
import type { ResultRow } from './statements.ts';
import { nameColumns, storedColumns } from './stored-columns.ts';
import { isNumberInKey } from './types.ts';

const ASKED = 'asked_keys';

/** All rows of each key, in texts that are written back as the same values. */
export async function readVersions(
  on: FileWork,
  table: TargetTable,
  keys: readonly (readonly string[])[],
): Promise<readonly (readonly TargetRow[])[]> {
  const found: TargetRow[][] = keys.map(() => []);
  if (keys.length === 0 || table.keys === 0) return found;
  const names = nameColumns(
    await storedColumns(on, table),
    table.columns.map(({ name }) => name),
  );
  await stageKeys(on.sql, { table, names, into: ASKED, keys });
  const same = keyColumns(table, names).map((column) => `t.${column} = k.${column}`);
  const values = table.columns.map(({ name, type }, i) => {
    const column = `t.${quoted(names.get(name) ?? name)}`;
    if (type === 'timestamp') return `epoch_us(${column})`;
    return type === 'number' && !isNumberInKey(table, i)
      ? `rtrim(rtrim(${column}::varchar, '0'), '.')`
      : `${column}::varchar`;
  });
  const rows = on.sql.stream(
    `select _place, _event, _page, _ordinal, _run, _version, replace(_hash::varchar, '-', ''), _extra::varchar, _exact::varchar,
        ${values.join(', ')}
      from temp.main.${ASKED} k join ${nameOf(on.catalog, table)} t on ${same.join(' and ')}`,
  );
  for await (const [place, event, page, ordinal, run, version, hash, extra, exactText, ...texts] of rows) {
    const exact = typeof exactText === 'string' ? (JSON.parse(exactText) as Record<string, string>) : undefined;
    found[Number(place)]?.push({
      event: Number(event),
      page: Number(page),
      ordinal: Number(ordinal),
      run: Number(run),
      version: textOf(version),
      hash: String(hash),
      extra: textOf(extra),
      values: table.columns.map(({ name, type }, i) => {
        if (exact !== undefined && Object.hasOwn(exact, name)) return exact[name] as string;
        const value = texts[i];
        return type === 'timestamp' && typeof value === 'bigint' ? writeMicros(value) : textOf(value);
      }),
    });
  }
  return found;
}

const textOf = (value: ResultRow[number] | undefined): string | null =>
  value === null || value === undefined ? null : String(value);
