import type { ClientBase } from 'pg';
import { arrayLiteral } from '../../core/sql-text.ts';
import { keyPart } from '../../core/key-text.ts';
import { writeMicros } from '../../core/micros.ts';
import type { TargetRow, TargetTable } from '../target.ts';
import { nameOf, quoted } from './names.ts';
import { typeOf } from './types.ts';

type Row = [string, string, string, number, number, string | null, string, string | null, ...(string | null)[]];

/** All rows of each key, in texts that are written back as the same values. */
export async function readVersions(
  client: ClientBase,
  table: TargetTable,
  keys: readonly (readonly string[])[],
): Promise<readonly (readonly TargetRow[])[]> {
  const found: TargetRow[][] = keys.map(() => []);
  if (keys.length === 0 || table.keys === 0) return found;
  const columns = table.columns.slice(0, table.keys);
  const values = table.columns.map(({ name, type }) =>
    type === 'timestamp'
      ? `(extract(epoch from t.${quoted(name)}) * 1000000)::bigint::text`
      : `t.${quoted(name)}::text`,
  );
  const { rows } = await client.query<Row>({
    rowMode: 'array',
    text: `select ${['k.place', 't._event', 't._page', 't._ordinal', 't._run', 't._version', 't._hash', 't._extra::text', ...values].join(', ')}
      from unnest(${columns.map(({ type }, i) => `$${i + 1}::${typeOf(type)}[]`).join(', ')})
        with ordinality as k(${columns.map((_, i) => `k${i}`).join(', ')}, place)
      join ${nameOf(table)} t on ${columns.map(({ name }, i) => `t.${quoted(name)} = k.k${i}`).join(' and ')}`,
    values: columns.map((_, i) => arrayLiteral(keys.map((key) => key[i] as string))),
  });
  for (const [place, event, page, ordinal, run, version, hash, extra, ...texts] of rows)
    found[Number(place) - 1]?.push({
      event: Number(event),
      page: Number(page),
      ordinal,
      run,
      version,
      hash: hash.replaceAll('-', ''),
      values: texts.map((text, i) =>
        // As keys are written: there is no year 0.
        text !== null && table.columns[i]?.type === 'timestamp'
          ? keyPart('timestamp', writeMicros(BigInt(text)))
          : text,
      ),
      extra,
    });
  return found;
}
