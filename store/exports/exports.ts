import type { ClientBase, Pool } from 'pg';

/** A file of an export. */
export interface FileOfExport {
  readonly schema: string;
  readonly table: string;
  /** null: no stream has such a table. */
  readonly partner: string | null;
  /** `payments`, also for the file of its history. */
  readonly stream: string | null;
  /** The last event that the file shows; while it is written, where the table stood at the start. */
  readonly event: number;
  /** Left out: it is not complete. */
  readonly rows?: number;
}

export interface KnownExport {
  readonly export: string;
  readonly target: string;
  /** The machine that wrote it. */
  readonly host: string;
  /** Absolute, on that machine. */
  readonly folder: string;
  readonly format: string;
  readonly tables: readonly FileOfExport[];
  readonly by: string;
  /** ISO. */
  readonly at: string;
  readonly state: 'writing' | 'complete' | 'gone';
  readonly goneBy: string | null;
  readonly goneReason: string | null;
}

const columns = 'export, target, host, folder, format, tables, by, at, state, gone_by, gone_reason';

interface Row extends Omit<KnownExport, 'at' | 'goneBy' | 'goneReason'> {
  readonly at: Date;
  readonly gone_by: string | null;
  readonly gone_reason: string | null;
}

const exportOf = ({ at, gone_by: goneBy, gone_reason: goneReason, ...row }: Row): KnownExport => ({
  ...row,
  at: at.toISOString(),
  goneBy,
  goneReason,
});

export async function readExports(pool: Pool): Promise<readonly KnownExport[]> {
  const { rows } = await pool.query<Row>(`select ${columns} from exports order by at, export`);
  return rows.map(exportOf);
}

export async function readExport(pool: Pool, id: string): Promise<KnownExport | undefined> {
  const { rows } = await pool.query<Row>(`select ${columns} from exports where export = $1`, [id]);
  return rows.map(exportOf)[0];
}

export interface PlaceOfStream {
  readonly partner: string;
  readonly stream: string;
}

/** Those that may have a file of a stream, or of its history. `since`: ISO, only those that were begun after it. Call it under the stream's lock. */
export async function exportsOf(
  client: ClientBase,
  { partner, stream }: PlaceOfStream,
  since?: string,
): Promise<readonly KnownExport[]> {
  const { rows } = await client.query<Row>(
    `select ${columns} from exports where tables @> $1 and ($2::timestamptz is null or at > $2)
        and (state <> 'gone' or exists (select from erasures where pending @> array['export:' || export])) order by at, export`,
    [JSON.stringify([{ partner, stream }]), since ?? null],
  );
  return rows.map(exportOf);
}

/** No files of it are left that could be found: a person says so, or it never was complete. Returns whether it was one of these until now. */
export async function noteGone(
  pool: Pool,
  {
    id,
    by,
    reason,
    from,
  }: {
    readonly id: string;
    readonly by: string;
    readonly reason: string;
    readonly from: readonly KnownExport['state'][];
  },
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update exports set state = 'gone', gone_by = $2, gone_reason = $3 where export = $1 and state = any ($4)`,
    [id, by, reason, from],
  );
  return rowCount === 1;
}

/** It is there after all: its process died between the name of its folder and the end. */
export async function noteThere(pool: Pool, id: string): Promise<void> {
  await pool.query(`update exports set state = 'complete', gone_by = null, gone_reason = null where export = $1`, [id]);
}

/** Its folder is elsewhere now. */
export async function noteMoved(
  pool: Pool,
  { id, host, folder }: { readonly id: string; readonly host: string; readonly folder: string },
): Promise<void> {
  await pool.query('update exports set host = $2, folder = $3 where export = $1', [id, host, folder]);
}
