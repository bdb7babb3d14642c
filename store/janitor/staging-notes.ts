import type { Pool } from 'pg';

export interface StagingNote {
  readonly path: string;
  /** ISO: when it was written last. */
  readonly since: string;
}

/**
 * What there is on a machine now. What was noted of it before and is not there any more is forgotten. What another process of the machine has removed since it was
 * seen stays removed: its name is never given again.
 */
export async function noteStaging(
  pool: Pool,
  { host, files }: { readonly host: string; readonly files: readonly StagingNote[] },
): Promise<void> {
  const paths = files.map(({ path }) => path);
  await pool.query('delete from staging_files where host = $1 and removed_at is null and path <> all ($2)', [
    host,
    paths,
  ]);
  await pool.query(
    `insert into staging_files (host, path, since) select $1, n.path, n.since from unnest($2::text[], $3::timestamptz[]) as n(path, since)
      on conflict (host, path) do update set since = excluded.since, seen_at = now()`,
    [host, paths, files.map(({ since }) => since)],
  );
}

export async function noteStagingRemoved(
  pool: Pool,
  { host, path }: { readonly host: string; readonly path: string },
): Promise<void> {
  await pool.query('update staging_files set removed_at = now() where host = $1 and path = $2', [host, path]);
}

/** Workers look once a day: of a machine that none has looked at for longer, nobody knows what is there. */
const KNOWN_DAYS = 3;
const KEPT_DAYS = 30;

export interface NotedFile extends StagingNote {
  readonly host: string;
  readonly removed: boolean;
}

/** What workers have noted: what is there, and what they have removed and no report has said yet, also where one looked while it was being removed. */
export async function notedStaging(pool: Pool): Promise<readonly NotedFile[]> {
  await pool.query(
    'delete from staging_files where greatest(seen_at, removed_at) < now() - make_interval(days => $1)',
    [KEPT_DAYS],
  );
  const { rows } = await pool.query<Omit<NotedFile, 'since'> & { readonly since: Date }>(
    `select host, path, since, removed_at is not null as removed from staging_files
      where case when removed_at is null then seen_at > now() - make_interval(days => $1)
        else not exists (select from janitor_findings f where f.kind = 'staging-file' and f.place = (host || ' ' || path) collate "C" and f.removed > 0) end
      order by host, path`,
    [KNOWN_DAYS],
  );
  return rows.map(({ since, ...file }) => ({ ...file, since: since.toISOString() }));
}
