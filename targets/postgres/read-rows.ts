import type { ClientBase } from 'pg';
import type { ColumnType } from '../../core/column.ts';
import { writeMicros } from '../../core/micros.ts';
import { jsonText } from '../json-text.ts';
import type { ReadRow, TargetTable } from '../target.ts';
import { rowKeyColumns } from './cursors.ts';
import { nameOf, quoted } from './names.ts';

const CHUNK = 1000;

/** All rows in the order of their row key, as texts that every kind of warehouse gives alike. Call it in a transaction. */
export async function* readRows(client: ClientBase, table: TargetTable): AsyncGenerator<ReadRow> {
  const values = table.columns.map(({ name, type }) => `${sqlText[type]?.(quoted(name)) ?? quoted(name)}::text`);
  const types = new Map(table.columns.map(({ name, type }) => [name, type]));
  // Not the texts that are selected under the same names. Bytes, as others order texts: a database may have any collation.
  const order = rowKeyColumns(table).map(
    (name) => `t.${quoted(name)}${types.get(name) === 'text' ? ' collate "C"' : ''}`,
  );
  await client.query(
    `declare all_rows no scroll cursor for select ${['_event', '_extra::text', '(extract(epoch from _deleted_at) * 1000000)::bigint::text', ...values].join(', ')} from ${nameOf(table)} t order by ${order.join(', ')}`,
  );
  for (;;) {
    const { rows } = await client.query<(string | null)[]>({ rowMode: 'array', text: `fetch ${CHUNK} from all_rows` });
    for (const [event, extra, deleted, ...found] of rows)
      yield {
        event: Number(event),
        extra: extra === null || extra === undefined ? null : jsonText(extra),
        ...(deleted === null || deleted === undefined ? {} : { deletedAt: writeMicros(BigInt(deleted)) }),
        values: found.map((text, i) => (text === null ? null : written(text, table.columns[i]?.type))),
      };
    if (rows.length < CHUNK) return;
  }
}

const sqlText: Readonly<Partial<Record<ColumnType, (name: string) => string>>> = {
  number: (name) => `trim_scale(${name})`,
  timestamp: (name) => `(extract(epoch from ${name}) * 1000000)::bigint`,
};

function written(text: string, type: ColumnType | undefined): string {
  if (type === 'timestamp') return writeMicros(BigInt(text));
  return type === 'json' ? jsonText(text) : text;
}
