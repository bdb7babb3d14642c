import type { Pool } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import type { CompiledStream } from '../definitions/compiled.ts';

/** What another primary key would have made of all that was received. */
export interface TriedKey {
  readonly stream: string;
  readonly fields: readonly string[];
  /** Received versions of records in the log. */
  readonly records: number;
  /** Rows that the key of the definition makes of them. */
  readonly rowsNow: number;
  /** Rows that this key would make. */
  readonly rowsThen: number;
  /** Records without a value in one of the fields: they would go to quarantine. */
  readonly missing: number;
  /** Rows of then that are several now. */
  readonly merged: number;
  /** Keys of now whose versions would become several rows. */
  readonly split: number;
}

/** Reads the log, asks nobody and changes nothing. Fields are dotted paths of the record. */
export async function tryKey(
  pool: Pool,
  { stream, fields }: { readonly stream: CompiledStream; readonly fields: readonly string[] },
): Promise<TriedKey> {
  const { rows: known } = await pool.query<{ stream_id: number }>(
    'select stream_id from streams where partner = $1 and name = $2',
    [stream.partner.name, stream.name],
  );
  const [first] = known;
  if (first === undefined)
    throw new InvalidInput(
      `nothing of ${stream.partner.name}.${stream.name} was ever read, so there is nothing to try a key on`,
    );
  const values = fields.map((_, at) => `payload #>> $${at + 1}::text[]`);
  const { rows } = await pool.query<Omit<TriedKey, 'stream' | 'fields'>>(
    `with read as materialized (
        select coalesce(key, event::text) as was, case when ${values.map((value) => `${value} is not null`).join(' and ')} then jsonb_build_array(${values.join(', ')})::text end as becomes
        from events_${first.stream_id} where operation in ('u', 's'))
      select (select count(*)::integer from read) as records, (select count(distinct was)::integer from read) as "rowsNow",
        (select count(distinct becomes)::integer from read) as "rowsThen", (select count(*)::integer from read where becomes is null) as missing,
        (select count(*)::integer from (select from read where becomes is not null group by becomes having count(distinct was) > 1) n) as merged,
        (select count(*)::integer from (select from read where becomes is not null group by was having count(distinct becomes) > 1) n) as split`,
    fields.map((field) => field.split('.')),
  );
  return { stream: stream.name, fields, ...(rows[0] as (typeof rows)[number]) };
}
