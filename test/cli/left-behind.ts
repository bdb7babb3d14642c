import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';

/** How much `leaveBehind` leaves for the janitor to remove: claims, leases, reserved permits, searches, tables, folders. */
export const REMOVABLE = 8;

const OLD_SECS = Date.now() / 1000 - 3 * 86_400;

/** One of each kind that the store or this machine can have, beside one that is alive. `id`: the number of a stream that was read once. */
export async function leaveBehind(
  pool: Pool,
  { stream, id, folder }: { readonly stream: CompiledStream; readonly id: number; readonly folder: string },
): Promise<void> {
  const schema = `"${stream.schema}"`;
  await pool.query(`
    insert into idempotency (caller, operation, key, fingerprint, lease, lease_until, expires_at) values
      ('shop', 'push', 'dead', '', gen_random_uuid(), now() - interval '2 days', now()), ('shop', 'push', 'dead2', '', gen_random_uuid(), now() - interval '3 days', now()),
      ('shop', 'push', 'alive', '', gen_random_uuid(), now(), now());
    insert into leases values ('acme', gen_random_uuid(), now() - interval '2 days'), ('acme', gen_random_uuid(), now());
    insert into critical_work values ('acme', 'w1', 3, now() - interval '2 days'), ('acme', 'w2', 3, now());
    create table ${schema}._shadow_${id}_1 (); create table ${schema}._shadow_${id}_99 (); create table ${schema}._shadow_${id}_100 ();
    create table ${schema}._build_${id} (); create table ${schema}._before_${id} ();
    insert into stream_runs (stream_id, run_no, sync_id, window_label, kind, lane, definition_version, state, checkpoint, updated_at)
      values (${id}, 99, 'sync/acme/orders/stuck', '2026-01-09', 'nightly', 'normal', '', 'running', '{}', now() - interval '3 days'),
        (${id}, 100, 'sync/acme/orders/failed', '2026-01-10', 'nightly', 'normal', '', 'failed', '{}', now());
    insert into runs (run_id, partner, kind, window_label, generation, streams, workflow_run_id, started_at)
      values ('sync/acme/lost', 'acme', 'nightly', '2026-01-09', 1, '{orders}', 'r', now() - interval '2 days'),
        ('sync/held/paused', 'held', 'nightly', '2026-01-09', 1, '{orders}', 'r', now() - interval '2 days');
    insert into pauses (scope, target, partner, reason, paused_by) values ('partner', 'held', 'held', 'their release', 'ann');
    insert into duplicate_plans (name, workflow_id, settings, by, begun_at, state) values
      ('people', 'w1', '{}', 'x', now() - interval '2 days', 'finding'), ('people', 'w2', '{}', 'x', now() - interval '2 days', 'ready'),
      ('people', 'w3', '{}', 'x', now() - interval '2 hours', 'finding');
    insert into duplicate_changes (plan_id, action, by, reason, begun_at) select plan_id, 'undo', 'x', 'y', now() - interval '2 days' from duplicate_plans where workflow_id = 'w2';
    insert into exports (export, target, host, folder, format, tables, by, at)
      select gen_random_uuid(), 'lake', 'h', '/out', 'parquet', '{}', 'x', now() - interval '2 days' from generate_series(1, 2);
    insert into waiting (stream_id, event, hash, page, ordinal, needs, overdue_at) values (${id}, 1, gen_random_uuid(), 1, 0, '[]', now() - interval '2 days');
    insert into quarantine (stream_id, page, ordinal, path, reason, hash, definition_version, quarantined_at) values
      (${id}, 1, 0, 'v', 'r', gen_random_uuid(), '', now() - interval '40 days'), (${id}, 1, 1, 'v', 'r', gen_random_uuid(), '', now());
    insert into callers (caller, tier, scopes) values ('shop', 'normal', '{acme}');
    insert into caller_keys (key_id, caller, hash, created_at, used_at) select key, 'shop', decode(repeat('00', 32), 'hex'), now() - interval '200 days', used
      from (values ('00000000000000aa', null), ('00000000000000bb', now())) n(key, used);
    insert into webhook_work (partner, kind, stream, key, webhook, due_at) values ('acme', 'hint', 'orders', 'k1', 'news', now() - interval '2 days'), ('acme', 'hint', 'orders', 'k2', 'news', now());
    insert into reconciliations (reconciliation, stream_id, level, definition_version, started_at) values
      ('reconcile/acme/orders/old', ${id}, 'keys', '', now() - interval '2 days'), ('reconcile/acme/orders/slow', ${id}, 'keys', '', now() - interval '2 days');
    insert into reconcile_listings (reconciliation, look, sync_id, checkpoint, deferred_until) values ('reconcile/acme/orders/slow', 1, 'l1', '{}', now() + interval '1 day');
    insert into duplicate_links_written (name, written_at, by, rows, digest) values ('people', now() - interval '2 days', 'ann', 1, '1'), ('others', now(), 'ann', 1, '1');
    insert into target_states (target, partner, stream, applied_at) values ('lake', 'acme', 'orders', now() - interval '2 days');
  `);
  await mkdir(join(folder, 'syncline-match-dead', 'spill'), { recursive: true });
  await writeFile(join(folder, 'syncline-match-dead', 'match.duckdb'), 'values of rows');
  await mkdir(join(folder, 'syncline-match-alive', 'spill'), { recursive: true });
  await writeFile(join(folder, 'syncline-match-alive', 'match.duckdb'), 'values of rows');
  await writeFile(join(folder, 'somebody-elses'), 'other');
  for (const name of [
    'syncline-match-dead/match.duckdb',
    'syncline-match-dead/spill',
    'syncline-match-dead',
    'syncline-match-alive',
    'somebody-elses',
  ])
    await utimes(join(folder, name), OLD_SECS, OLD_SECS);
}
