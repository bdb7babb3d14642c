import type { Pool, PoolClient } from 'pg';
import type { MadeColumn, MadeType } from '../core/made-column.ts';

type Asked = Pick<Pool | PoolClient, 'query'>;

/** Columns that were made of fields that no schema names, by the streams of a partner, each in the order in which they were made. */
export async function readMadeColumns(
  asked: Asked,
  partner: string,
): Promise<ReadonlyMap<string, readonly MadeColumn[]>> {
  const { rows } = await asked.query<{ stream: string; field: string; made_type: MadeType; made_no: number }>(
    `select s.name as stream, f.field, f.made_type, f.made_no from new_fields f join streams s using (stream_id)
      where s.partner = $1 and f.made_no is not null order by s.name, f.made_no`,
    [partner],
  );
  const found = new Map<string, MadeColumn[]>();
  for (const { stream, field, made_type: type, made_no: no } of rows)
    found.set(stream, [...(found.get(stream) ?? []), { field, type, no }]);
  return found;
}

export interface NewField {
  readonly field: string;
  /** In the words of JSON. */
  readonly types: readonly string[];
  readonly isMade: boolean;
}

/** What is known of the new fields of a stream, in the order in which they first came. */
export async function readNewFields(asked: Asked, streamId: number): Promise<readonly NewField[]> {
  const { rows } = await asked.query<NewField>(
    `select field, types, made_no is not null as "isMade" from new_fields where stream_id = $1 order by first_event, field`,
    [streamId],
  );
  return rows;
}

/** So many are looked at, with a column or without: names that are values would be without an end. */
const MOST_FIELDS = 2000;

/** Notes which fields events of the log have, beside those that are known, and of which types. Call it under the stream's lock. */
export async function noteNewFields(
  client: PoolClient,
  {
    streamId,
    after,
    to,
    known,
  }: { readonly streamId: number; readonly after: number; readonly to: number; readonly known: readonly string[] },
): Promise<void> {
  await client.query(
    `insert into new_fields (stream_id, field, types, first_event)
      select $1, field, types, first_event from (
        select e.key as field, array_agg(distinct json_typeof(e.value) order by json_typeof(e.value)) as types, min(v.event) as first_event
          from events_${streamId} v cross join lateral json_each(case when json_typeof(v.payload) = 'object' then v.payload else '{}' end) e
          where v.event > $2 and v.event <= $3 and v.operation in ('u', 's') and e.key <> all ($4::text[])
          group by e.key) seen
        where exists (select from new_fields f where f.stream_id = $1 and f.field = seen.field)
          or (select count(*) from new_fields f where f.stream_id = $1) < ${MOST_FIELDS}
        order by first_event, field limit ${MOST_FIELDS}
      on conflict (stream_id, field) do update set types = array(select distinct unnest(new_fields.types || excluded.types) order by 1)`,
    [streamId, after, to, known],
  );
}

/** Decides once and for all that a field has a column of this type. */
export async function noteMade(
  client: PoolClient,
  { streamId, field, type, no }: MadeColumn & { readonly streamId: number },
): Promise<void> {
  await client.query(
    `update new_fields set made_no = $3, made_type = $4, made_at = now() where stream_id = $1 and field = $2 and made_no is null`,
    [streamId, field, no, type],
  );
}
