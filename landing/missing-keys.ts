import type { ClientBase } from 'pg';
import { keyNumberSql } from '../core/key-number.ts';
import { readParent } from '../core/parent-values.ts';
import { arrayLiteral, quoted } from '../core/sql-text.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { includedNames, parentFields } from '../definitions/mentions.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import type { StreamRun } from '../core/staged.ts';
import { keyIs } from './key-is.ts';

export interface Missing {
  readonly stream: CompiledStream;
  readonly run: Pick<StreamRun, 'streamId' | 'runNo'>;
  /** What the run asked for; null: all there is. */
  readonly range: { readonly from: Date; readonly to: Date } | null;
}

/** A temporary table: keys whose rows a complete listing did not have, with the event, version and hash of each. */
export const missingOf = (streamId: number): string => `missing_${streamId}`;

/**
 * Finds the rows that a complete listing did not have, among those that were there before it began and are of its part of the stream.
 * Returns how many there are. Call it under the stream's lock.
 */
export async function findMissing(client: ClientBase, input: Missing): Promise<number> {
  const { stream, run } = input;
  const { streamId, runNo } = run;
  const scope = await scopeOf(client, input);
  // What somebody else has written since the listing began is nothing that it could have had.
  await client.query(
    `create temp table ${missingOf(streamId)} on commit drop as
      with seen as materialized (select distinct unnest(keys) as key from pages where stream_id = ${streamId} and run_no = ${runNo})
      select e.event, e.key, e.version, e.hash from ${targetOf(stream)} t join events_${streamId} e on e.event = t._event
        where t._deleted_at is null and ${keyIs(stream, 'e.key', 't')}
          and t._page < (select min(page_id) from pages where stream_id = ${streamId} and run_no = ${runNo})
          and ${scope} and not exists (select from seen s where s.key = ${keyNumberSql('e.key')})`,
  );
  await client.query(`analyze ${missingOf(streamId)}`);
  const { rows } = await client.query<{ count: string }>(`select count(*) from ${missingOf(streamId)}`);
  return Number(rows[0]?.count);
}

/** In SQL, for a row `t`: whether the listing was of its part of the stream. */
async function scopeOf(client: ClientBase, { stream, run, range }: Missing): Promise<string> {
  const { incremental, deletes } = stream.definition;
  if (deletes?.sweep === 'parent') return parentsOf(client, { stream, run });
  if (deletes?.sweep !== 'window') return 'true';
  const column = stream.columns.find(({ path }) => path.join('.') === incremental?.field);
  // The very first reading has no bounds, and nothing to miss.
  if (range === null || incremental === undefined || column === undefined) return 'false';
  const from = incremental.startInclusive ? '>=' : '>';
  return `t.${quoted(column.name)} ${from} '${range.from.toISOString()}' and t.${quoted(column.name)} < '${range.to.toISOString()}'`;
}

/** Rows of the parents that were asked for. Their calls were answered, or the run would not be `ok`. */
async function parentsOf(
  client: ClientBase,
  { stream, run: { streamId, runNo } }: Pick<Missing, 'stream' | 'run'>,
): Promise<string> {
  const { rows } = await client.query<{ parent: string }>(
    'select distinct unnest(parents) as parent from pages where stream_id = $1 and run_no = $2',
    [streamId, runNo],
  );
  const fields = parentFields(stream.definition);
  const included = Object.entries(includedNames(stream.definition));
  const asked = `asked_${streamId}`;
  const names = included.map((_, i) => `p${i}`);
  await client.query(
    `create temp table ${asked} on commit drop as select * from unnest(${names.map((_, i) => `$${i + 1}::text[]`).join(', ')}) as p(${names.join(', ')})`,
    included.map(([field]) => arrayLiteral(rows.map(({ parent }) => readParent(fields, parent, field) ?? ''))),
  );
  const same = included.map(([, name], i) => {
    const column = stream.columns.find(({ path }) => path.join('.') === name);
    if (column === undefined) return 'false';
    const kind = postgresTypes[column.type];
    return `case when pg_input_is_valid(p.p${i}, '${kind}') then p.p${i}::${kind} = t.${quoted(column.name)} else false end`;
  });
  return `exists (select from ${asked} p where ${same.join(' and ')})`;
}
