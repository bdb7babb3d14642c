import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { janitor } from '../../cli/commands/janitor.ts';
import { readConfig } from '../../config/config.ts';
import { leftoverKinds, leftoverWords } from '../../core/leftover.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { Leftover } from '../../store/janitor/leftovers.ts';
import { aStream, order, runAll } from '../landing/run-of.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { said, type Said } from '../support/said.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let database: TestDatabase;
let pool: Pool;
let folder: TemporaryFolder;
beforeAll(async () => {
  [database, folder] = await Promise.all([freshDatabase(), temporaryFolder()]);
  pool = openPool(database.url);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
  await folder.remove();
});

const run = (options: { readonly apply?: boolean } = {}): Promise<Said> =>
  said(readConfig({ DATABASE_URL: database.url, SYNCLINE_PARTNERS_DIR: folder.path }), options, (context) =>
    janitor(context),
  );
const kindsOf = ({ json }: Said): readonly string[] => (json as { found: Leftover[] }).found.map(({ kind }) => kind);

test('what stays behind is named, removed where nobody needs it, and left to people otherwise', async () => {
  expect(await run()).toMatchObject({ code: 0, text: 'Nothing has stayed behind.' });
  const stream = aStream();
  await runAll(postgresWarehouse(pool), stream, [[order('a', 1)]]);
  const { rows } = await pool.query<{ id: number }>('select stream_id as id from streams');
  const id = rows[0]?.id as number;
  const schema = `"${stream.schema}"`;
  await pool.query(`
    insert into idempotency (caller, operation, key, fingerprint, lease, lease_until, expires_at) values
      ('shop', 'push', 'dead', '', gen_random_uuid(), now() - interval '2 days', now()), ('shop', 'push', 'alive', '', gen_random_uuid(), now(), now());
    insert into leases values ('acme', gen_random_uuid(), now() - interval '2 days'), ('acme', gen_random_uuid(), now());
    create table ${schema}._shadow_${id}_1 (); create table ${schema}._shadow_${id}_99 (); create table ${schema}._shadow_${id}_100 ();
    insert into stream_runs (stream_id, run_no, sync_id, window_label, kind, lane, definition_version, state, checkpoint, updated_at)
      values (${id}, 99, 'sync/acme/orders/stuck', '2026-01-09', 'nightly', 'normal', '', 'running', '{}', now() - interval '3 days'),
        (${id}, 100, 'sync/acme/orders/failed', '2026-01-10', 'nightly', 'normal', '', 'failed', '{}', now());
    insert into duplicate_plans (name, workflow_id, settings, by, made_at, state) values
      ('people', 'w1', '{}', 'x', now() - interval '2 days', 'finding'), ('people', 'w2', '{}', 'x', now() - interval '2 days', 'ready');
    insert into duplicate_changes (plan_id, action, by, reason, begun_at) values (2, 'undo', 'x', 'y', now() - interval '2 days');
    insert into exports (export, target, host, folder, format, tables, by, at) values (gen_random_uuid(), 'lake', 'h', '/out', 'parquet', '{}', 'x', now() - interval '2 days');
    insert into waiting (stream_id, event, hash, page, ordinal, needs, overdue_at) values (${id}, 1, gen_random_uuid(), 1, 0, '[]', now() - interval '2 days');
    insert into quarantine (stream_id, page, ordinal, path, reason, hash, definition_version, quarantined_at) values
      (${id}, 1, 0, 'v', 'r', gen_random_uuid(), '', now() - interval '40 days'), (${id}, 1, 1, 'v', 'r', gen_random_uuid(), '', now());
    insert into callers (caller, tier, scopes) values ('shop', 'normal', '{acme}');
    insert into caller_keys (key_id, caller, hash, created_at, used_at) select key, 'shop', decode(repeat('00', 32), 'hex'), now() - interval '200 days', used
      from (values ('00000000000000aa', null), ('00000000000000bb', now())) n(key, used);
  `);
  const dry = await run();
  expect(kindsOf(dry)).toEqual(leftoverKinds);
  expect(dry).toMatchObject({ code: 3, text: expect.stringContaining('this was a dry run') });
  expect(dry.json).toMatchObject({ forgotten: [`${stream.partner.name}.orders`], removed: 0 });

  const done = await run({ apply: true });
  expect(done).toMatchObject({ code: 3, json: { removed: 4 } });
  expect(kindsOf(await run())).toEqual(leftoverKinds.filter((kind) => leftoverWords[kind].todo !== null));
  const { rows: kept } = await pool.query(
    `select (select count(*)::integer from idempotency) as claims, (select count(*)::integer from leases) as leases,
      to_regclass('${schema}._shadow_${id}_99') is not null as running, to_regclass('${schema}._shadow_${id}_100') is not null as failed`,
  );
  expect(kept).toEqual([{ claims: 1, leases: 1, running: true, failed: true }]);
});
