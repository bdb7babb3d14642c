import type { Pool, PoolClient } from 'pg';
import { GiveUp, InvalidInput } from '../../core/errors.ts';
import { transaction } from '../session/transaction.ts';
import type { FileOfExport, KnownExport, PlaceOfStream } from './exports.ts';
import { pendingExport } from './pending-exports.ts';

/** A table that is about to be written as a file. */
export interface TableToExport {
  readonly schema: string;
  readonly table: string;
  /** Tells it from every other table of the target; undefined: nobody knows it. */
  readonly id?: string;
  readonly event: number;
  readonly rows?: number;
  /** Where it is known already. */
  readonly of?: PlaceOfStream;
}

export interface NewExport extends Pick<KnownExport, 'export' | 'target' | 'host' | 'folder' | 'format' | 'by'> {
  readonly tables: readonly TableToExport[];
  /** ISO, of one that was found. Left out: now, and it is being written. */
  readonly completeSince?: string;
}

/**
 * Notes an export before its first file is written. Erasures that still have to reach its target have to reach it, too; of one that was
 * found, all erasures of its streams. An attempt that comes again notes it again.
 */
export async function noteExport(pool: Pool, noted: NewExport): Promise<void> {
  await transaction(pool, async (client) => {
    const tables = await withStreams(client, noted);
    const [partners, streams] = [tables.map(({ partner }) => partner), tables.map(({ stream }) => stream)];
    // An erasure holds this lock until it is noted: it either finds this export, or is found here.
    await client.query(
      `select from streams where (partner, name) in (select * from unnest($1::text[], $2::text[])) order by stream_id for share`,
      [partners, streams],
    );
    const { export: id, target, host, folder, format, by, completeSince } = noted;
    const { rowCount } = await client.query(
      `insert into exports (export, target, host, folder, format, tables, by, at, state)
          values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, now()), case when $8 is null then 'writing' else 'complete' end)
        on conflict (export) do update set host = excluded.host, folder = excluded.folder, tables = excluded.tables
          where exports.state = 'writing'`,
      [id, target, host, folder, format, JSON.stringify(tables), by, completeSince ?? null],
    );
    if (rowCount === 0) throw stopped(id);
    await client.query(
      `update erasures set pending = array_append(array_remove(pending, $3), $3)
        where (partner, stream) in (select * from unnest($1::text[], $2::text[]))
          and ($5 or pending && array[$4, $4 || '.history'])`,
      [partners, streams, pendingExport(id), target, completeSince !== undefined],
    );
  });
}

export interface CompleteExport {
  readonly id: string;
  readonly tables: readonly TableToExport[];
  readonly publish: () => Promise<void>;
}

/** `publish` gives the folder its name: an erasure finds the export either before that, and stops it, or with all its files. */
export async function completeExport(pool: Pool, { id, tables, publish }: CompleteExport): Promise<void> {
  await transaction(pool, async (client) => {
    const { rows } = await client.query<{ tables: readonly FileOfExport[] }>(
      `select tables from exports where export = $1 and state = 'writing' for update`,
      [id],
    );
    const [noted] = rows;
    if (noted === undefined) throw stopped(id);
    const written = noted.tables.map((file) => {
      const found = tables.find(({ schema, table }) => schema === file.schema && table === file.table);
      return found === undefined
        ? file
        : { ...file, event: found.event, ...(found.rows === undefined ? {} : { rows: found.rows }) };
    });
    await client.query(`update exports set state = 'complete', tables = $2 where export = $1`, [
      id,
      JSON.stringify(written),
    ]);
    await publish();
  });
}

/** It failed, and left no file. */
export async function forgetExport(pool: Pool, id: string): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query(`delete from exports where export = $1 and state = 'writing'`, [id]);
    await client.query('update erasures set pending = array_remove(pending, $1) where pending @> array[$1]', [
      pendingExport(id),
    ]);
  });
}

const stopped = (id: string): Error =>
  new GiveUp(`export ${id.slice(0, 8)} was stopped by an erasure, and would hold who was erased: export anew`);

/** Which streams tables are of: loads note the ids of theirs; a table that was not noted yet is known by its name. */
async function withStreams(client: PoolClient, { target, tables }: NewExport): Promise<readonly FileOfExport[]> {
  const { rows } = await client.query<{ at: number; partner: string; stream: string }>(
    `select w.at::integer as at, coalesce(t.partner, s.partner) as partner, coalesce(split_part(t.stream, '.', 1), s.name) as stream
      from unnest($2::text[], $3::text[], $4::text[]) with ordinality as w(schema, name, id, at)
        left join target_states t on t.target = $1 and t.table_id = w.id
        left join lateral (select partner, name from streams where target_schema = w.schema
          and w.name in (target_table, target_table || '_history') order by target_table = w.name desc limit 1) s on true
      where coalesce(t.partner, s.partner) is not null`,
    [target, tables.map(({ schema }) => schema), tables.map(({ table }) => table), tables.map(({ id }) => id ?? null)],
  );
  if (new Set(rows.map(({ at }) => at)).size < rows.length)
    throw new InvalidInput(`target ${target}: two streams are noted for one of its tables`);
  return tables.map(({ id: _id, of, ...table }, at) => {
    const found = of ?? rows.find((row) => row.at === at + 1);
    return { ...table, partner: found?.partner ?? null, stream: found?.stream ?? null };
  });
}
