import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { MATCH_PREFIX, spoolName } from '../../core/staging-names.ts';

/** What a round leaves for the janitor, by kind. */
export const REMOVABLE = {
  'build-table': 1,
  'expired-lease': 3,
  'locked-key': 1,
  'shadow-table': 1,
  'staging-file': 1,
  'unended-search': 1,
} as const;

const OLD_SECS = Date.now() / 1000 - 3 * 86_400;

interface Place {
  readonly pool: Pool;
  /** Where processes have their temporary files. */
  readonly staging: string;
}

const idOf = async (pool: Pool, partner: string, stream: string): Promise<number> => {
  const { rows } = await pool.query<{ id: number }>(
    'select stream_id as id from streams where partner = $1 and name = $2',
    [partner, stream],
  );
  return rows[0]?.id as number;
};

/** One of each kind whose process is gone, beside one of each whose process lives. */
export async function strew({ pool, staging }: Place, round: number): Promise<void> {
  const [payments, customers] = [await idOf(pool, 'acme', 'payments'), await idOf(pool, 'acme', 'customers')];
  await pool.query(`
    insert into idempotency (caller, operation, key, fingerprint, lease, lease_until, expires_at) values
      ('shop', 'push', 'dead-${round}', '', gen_random_uuid(), now() - interval '2 days', now() + interval '1 day'),
      ('shop', 'push', 'alive-${round}', '', gen_random_uuid(), now() + interval '1 hour', now() + interval '1 day');
    insert into leases values ('gone', gen_random_uuid(), now() - interval '2 days'), ('gone', gen_random_uuid(), now() - interval '3 days'),
      ('gone', gen_random_uuid(), now() + interval '1 hour');
    insert into critical_work values ('gone', 'dead-${round}', 3, now() - interval '2 days'), ('gone', 'alive-${round}', 3, now() + interval '1 hour');
    create table acme._shadow_${payments}_${9000 + round} ();
    create table acme._build_${customers} ();
    insert into duplicate_plans (name, workflow_id, settings, by, begun_at, state) values
      ('others', 'dead-${round}', '{}', 'x', now() - interval '2 days', 'finding'), ('others', 'alive-${round}', '{}', 'x', now(), 'finding')`);
  await mkdir(join(staging, `${MATCH_PREFIX}alive-${round}`));
  // A search removes old folders of other searches itself, and says so nowhere.
  for (const [which, life] of ['dead', 'alive'].entries()) {
    const path = join(staging, spoolName(`00000000-0000-4000-800${which}-00000000000${round}`));
    await writeFile(path, 'values of rows');
    if (life === 'dead') await utimes(path, OLD_SECS, OLD_SECS);
  }
}

/** A rebuild that goes on for as long as this is not ended. */
export async function rebuilds(pool: Pool): Promise<() => Promise<void>> {
  const id = await idOf(pool, 'beta', 'payments');
  const client = await pool.connect();
  await client.query(
    `select pg_advisory_lock(hashtextextended(current_schema() || ' rebuild ' || ${id}, 0)); create table beta._build_${id} ()`,
  );
  return async () => {
    await client.query(`drop table beta._build_${id}`);
    client.release(true);
  };
}

/** What has stayed of all that rounds have strewn: what lives. */
export async function stayed({ pool, staging }: Place): Promise<unknown> {
  const { rows } = await pool.query<object>(
    `select (select array_agg(key order by key) from idempotency) as claims, (select count(*)::integer from leases where credential = 'gone') as leases,
        (select array_agg(work order by work) from critical_work where credential = 'gone') as permits,
        (select json_object_agg(workflow_id, state order by workflow_id) from duplicate_plans where name = 'others') as searches,
        (select array_agg(tablename::text order by tablename) from pg_tables where schemaname in ('acme', 'beta') and tablename ~ '^_(shadow|build)_') as tables`,
  );
  const files = (await readdir(staging)).filter((name) => /-(alive-|0{11})\d/.test(name)).toSorted();
  return { ...rows[0], files };
}

/** What all reports together say was removed, by kind; and what they say is left for the janitor, though it is not. */
export async function removedOf(pool: Pool): Promise<{ readonly removed: unknown; readonly said: readonly unknown[] }> {
  const { rows } = await pool.query<{ kind: string; removed: number }>(
    'select kind, sum(removed)::integer as removed from janitor_findings where removed > 0 group by 1 order by 1',
  );
  const { rows: said } = await pool.query<object>(
    `select report_id, kind, place, count::integer, removed::integer from janitor_findings f join janitor_reports r using (report_id)
      where r.mode = 'apply' and count > removed and kind = any ($1) order by 1, 2, 3`,
    [Object.keys(REMOVABLE)],
  );
  return { removed: Object.fromEntries(rows.map(({ kind, removed }) => [kind, removed])), said };
}
